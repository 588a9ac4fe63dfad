package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/templates"
)

// usageTemplate leaves out the settings, which are flags of every command: they
// would hide the command's own.
const usageTemplate = `Usage:
{{- if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasParent}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{else}}

Flags:
{{.LocalNonPersistentFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}

Settings are flags too, such as --host; 'commonage help settings' lists them.
--config FILE names the file that holds them.
{{if .HasAvailableSubCommands}}
'{{.CommandPath}} COMMAND --help' says more about a command.
{{end}}`

// newGroup returns a command that only holds others, and refuses what is none
// of them.
func newGroup(use, short string, children ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: use, Short: short,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				text += "; did you mean " + near[0] + "?"
			}
			return usagef("%s", text)
		},
	}
	group.SuggestionsMinimumDistance = 2
	group.AddCommand(children...)
	return group
}

// wordArguments has every command say in its own words which arguments it takes,
// and read flags as settings are written elsewhere, such as --data_dir.
func wordArguments(c *cobra.Command) {
	c.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	if check := c.Args; check != nil && c.HasParent() {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) == nil {
				return nil
			}
			_, takes, _ := strings.Cut(cmd.Use, " ")
			if takes == "" {
				return fmt.Errorf("'%s' takes no arguments, and %q was given; a flag that is on or off is --flag or --flag=false", cmd.CommandPath(), args[0])
			}
			return fmt.Errorf("'%s' takes %s, and %s given", cmd.CommandPath(), takes, templates.Plural(len(args), "argument was", "arguments were"))
		}
	}
	for _, child := range c.Commands() {
		wordArguments(child)
	}
}

// newSettingsTopic returns what 'commonage help settings' prints.
func newSettingsTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("Every setting can stand in the file " + config.DefaultFile + " under its name, in the environment\n" +
		"and on the command line. The command line goes before the environment, and that\n" +
		"before the file. 'commonage config' prints what holds and where it came from.\n")
	for _, o := range config.Options() {
		fmt.Fprintf(&b, "\n%s\n    %s%s.\n    Use %s.\n", o.Key, strings.ToUpper(o.Help[:1]), o.Help[1:], o.Accepts)
		if o.Default != "" {
			fmt.Fprintf(&b, "    Without it: %s\n", o.Default)
		}
		fmt.Fprintf(&b, "    --%s, %s\n", o.Flag, o.Env)
		if o.Secret {
			fmt.Fprintf(&b, "    %s_FILE names a file that holds it.\n", o.Env)
		}
	}
	topic := &cobra.Command{Use: "settings", Short: "What can be set, and how", Long: strings.TrimSpace(b.String())}
	topic.SetUsageTemplate("")
	return topic
}
