package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/federation"
)

// newInitCommand returns 'commonage init'.
func newInitCommand(a *app) *cobra.Command {
	yes, force := false, false
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set up an instance: its settings file, its database and its keys",
		Long: "Set up an instance: asks for what it needs, writes " + config.DefaultFile + ", makes the\n" +
			"database and the keys, and says what to do next. With --yes it asks nothing and\n" +
			"takes what is given by flags and the environment.",
		Example: "  commonage init\n" +
			"  commonage init --yes --host ghent.example --name 'Commons of Ghent' --locality Ghent --country BE",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd.Context(), yes, force) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "ask nothing")
	cmd.Flags().BoolVar(&force, "force", false, "replace a settings file that is there")
	return cmd
}

// initQuestions are asked in this order; only the first needs an answer.
func initQuestions() []struct{ key, question string } {
	return []struct{ key, question string }{
		{"host", "Public host name, such as ghent.example. It can never change"},
		{"name", "Name of the instance, such as Commons of Ghent"},
		{"description", "What it is for, in a sentence or two"},
		{"language", "Language of its people, such as nl"},
		{"locality", "Town or region it is about"},
		{"country", "Country, two letters, such as BE"},
		{"latitude", "Latitude of its middle, such as 51.05 (with longitude; empty for none)"},
		{"longitude", "Longitude of its middle, such as 3.72"},
		{"data_dir", "Folder for database and pictures"},
		{"database", "Database"},
	}
}

func (a *app) init(ctx context.Context, yes, force bool) error {
	path := a.configFile
	if path == "" {
		path = config.DefaultFile
	}
	if _, err := os.Stat(path); err == nil && !force {
		return usagef("%s is there already; edit it, or give --force to replace it", path)
	}
	sources := a.sources()
	sources.File = os.DevNull // what is replaced does not count
	if !yes {
		if err := a.ask(sources); err != nil {
			return err
		}
	}
	c, err := config.Load(sources)
	if err != nil {
		return err
	}
	if err := c.Require("host"); err != nil {
		return err
	}
	in, err := openInstance(ctx, c)
	if err != nil {
		return err
	}
	_, err = federation.EnsureKeys(ctx, in.store, a.now())
	if err := errors.Join(err, in.store.Close()); err != nil {
		return err
	}
	if err := writeSettings(path, c); err != nil {
		return err
	}
	command := "commonage"
	if path != config.DefaultFile {
		command += " --config " + path
	}
	return a.printf(initDone, path, reachStep(c), command)
}

// ask puts the answers of a person among the flags.
func (a *app) ask(sources config.Sources) error {
	in := bufio.NewReader(a.stdin)
	for _, q := range initQuestions() {
		if _, given := sources.Flags[q.key]; given {
			continue
		}
		answer, err := a.askOne(in, q.key, q.question)
		if err != nil {
			return err
		}
		if answer != "" {
			sources.Flags[q.key] = answer
		}
	}
	return nil
}

// askOne asks until the answer is one that the setting takes.
func (a *app) askOne(in *bufio.Reader, key, question string) (string, error) {
	fallback := ""
	for _, o := range config.Options() {
		if o.Key == key && o.Default != "" {
			fallback = " [" + o.Default + "]"
		}
	}
	for {
		if err := a.printf("%s%s: ", question, fallback); err != nil {
			return "", err
		}
		line, err := in.ReadString('\n')
		answer := strings.TrimSpace(line)
		if err != nil && (!errors.Is(err, io.EOF) || answer == "") {
			return "", usagef("the questions ended at %s without an answer; use --yes and flags to be asked nothing", key)
		}
		if answer == "" && key != "host" {
			return "", nil
		}
		wrong := config.Check(key, answer)
		if answer == "" {
			wrong = errors.New("an instance needs a host")
		}
		if wrong == nil {
			return answer, nil
		}
		if err := a.printf("  %v\n", wrong); err != nil {
			return "", err
		}
	}
}

// writeSettings writes the file for its owner's eyes only: it may hold a
// password.
func writeSettings(path string, c *config.Config) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if err := errors.Join(c.WriteTOML(f), f.Close()); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// reachStep says how the instance comes to be reached by its name.
func reachStep(c *config.Config) string {
	if c.Scheme == "http" {
		return fmt.Sprintf("See that http://%s/ leads to %s on this machine.", c.Host, reachable(c.Listen))
	}
	return fmt.Sprintf(`Point the name %[1]s at this machine, and let a web server speak https for it
     and pass every request on to http://%[2]s with its Host. With Caddy that is:
       %[1]s {
         reverse_proxy %[2]s
       }`, c.Host, reachable(c.Listen))
}

const initDone = `
The settings are in %[1]s. Database and keys are made.

Next:
  1. %[2]s
  2. %[3]s serve
  3. %[3]s import csv FILE --publish      bring in what you have
  4. %[3]s peer add HOST                  exchange directories with others
  5. %[3]s user add NAME --contact ...    say who runs this

Keep a backup of the database: it holds the keys, and without them other servers
take you for an impostor.
`
