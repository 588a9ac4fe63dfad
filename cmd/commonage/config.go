package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
)

// newConfigCommand returns 'commonage config'.
func newConfigCommand(a *app) *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings that hold, and where each came from",
		Long: "Print the settings that hold, and where each came from: its default, a line of\n" +
			"the settings file, the environment or a flag. Passwords are left out.",
		Example: "  commonage config\n" +
			"  commonage config --config /etc/commonage.toml --format toml\n" +
			"  COMMONAGE_WORKERS=4 commonage config",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.settings()
			if err != nil {
				return err
			}
			switch format {
			case "text":
				return printSettings(a, c)
			case "toml":
				return printTOML(a, c)
			}
			return usagef("--format: %q is not accepted; use text or toml", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "text or toml")
	return cmd
}

// printSettings writes a table for people.
func printSettings(a *app, c *config.Config) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, e := range c.Redacted() {
		value := e.Value
		if strings.ContainsAny(value, "\n\t") {
			value = e.TOML
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", e.Key, value, e.Source); err != nil {
			return fmt.Errorf("print the settings: %w", err)
		}
	}
	return w.Flush()
}

// printTOML writes the form of a settings file.
func printTOML(a *app, c *config.Config) error {
	for _, e := range c.Redacted() {
		if _, err := fmt.Fprintf(a.stdout, "%s = %s # %s\n", e.Key, e.TOML, e.Source); err != nil {
			return fmt.Errorf("print the settings: %w", err)
		}
	}
	return nil
}
