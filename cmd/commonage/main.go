// Command commonage runs an instance of Commonage, a federated directory of
// commons initiatives, and does its chores.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
)

// What the program returns to who called it.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // the command line or a setting is wrong; nothing was done
)

// echoes is for how long signals are still the same one.
const echoes = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once; but a terminal, make and timeout
	// may each pass on the first one.
	context.AfterFunc(ctx, func() { time.AfterFunc(echoes, stop) })
	cobra.EnableCommandSorting = false // the list in root.go has its order
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run does what the arguments ask and returns the exit code. It stops early
// when ctx ends. Settings come from the environment and the file too.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr)
	root := newRoot(a)
	wordArguments(root)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	report(stderr, "commonage: "+err.Error())
	var faults config.SettingErrors
	var usage *usageError
	switch {
	case errors.As(err, &faults):
		return exitUsage
	case errors.As(err, &usage), !a.started:
		report(stderr, fmt.Sprintf("Try '%s --help'.", cmd.CommandPath()))
		return exitUsage
	}
	return exitFailure
}

// report writes lines for people. There is nobody to tell when that fails.
func report(w io.Writer, text string) {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printable(r)
	}, text)
	_, _ = fmt.Fprintln(w, text) //nolint:errcheck // as said above
}
