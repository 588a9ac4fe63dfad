package main_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// These tests run the program itself, as its operators do: servers are
// processes with settings files and ports of their own, and commands work on
// their databases meanwhile. The program is built when the first of them starts.

// TestMain lets more tests run side by side than there are processors, as most of
// what they do is wait for servers, and removes the program after them.
func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		if err := flag.Set(given.Name, "4"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	if dir := programDir(); dir != "" {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// built is the program, made once for all tests.
var built struct {
	sync.Mutex
	dir string
	err error
}

func programDir() string {
	built.Lock()
	defer built.Unlock()
	return built.dir
}

// program returns the path of the program, built as `make build` does.
func program(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the program itself, which -short leaves out")
	}
	built.Lock()
	defer built.Unlock()
	if built.dir == "" {
		built.dir, built.err = os.MkdirTemp("", "commonage-test-") //nolint:usetesting // it outlives the test
		if built.err == nil {
			built.err = build(filepath.Join(built.dir, "commonage"))
		}
	}
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "commonage")
}

func build(path string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// environment is what the program sees of ours: nothing that sets anything.
func environment() []string {
	var out []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "COMMONAGE_") {
			out = append(out, pair)
		}
	}
	return out
}

// result is what a command leaves.
type result struct {
	code           int
	stdout, stderr string
}

// command is one call of the program.
type command struct {
	args  []string
	dir   string // working directory; "" for the test's own
	stdin string
	env   []string
}

// runCommand calls the program and waits for its end, a minute at most.
func runCommand(t testing.TB, c command) result {
	t.Helper()
	path := program(t) // building it has its own time
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, c.args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.dir, strings.NewReader(c.stdin), &stdout, &stderr
	cmd.Env = append(environment(), c.env...)
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("commonage %s: %v", strings.Join(c.args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// eventually looks again and again until look returns nil. The test fails with
// look's last error when that takes longer than it may.
func eventually(t testing.TB, within time.Duration, look func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, ok := d.Deadline(); ok {
			var stop context.CancelFunc
			ctx, stop = context.WithDeadline(ctx, at.Add(-5*time.Second)) // leaves time to clean up
			defer stop()
		}
	}
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := look()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %v", within, err)
		case <-tick.C:
		}
	}
}
