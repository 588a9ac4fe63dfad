package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/config"
)

// commands lists every command, in the order in which help shows them.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		newServeCommand(a),
		newInitCommand(a),
		newDemoCommand(a),
		newBenchCommand(a),
		newImportCommand(a),
		newExportCommand(a),
		newInitiativeCommand(a),
		newPostCommand(a),
		newEventCommand(a),
		newPeerCommand(a),
		newCloseCommand(a),
		newModerationCommand(a),
		newBlockCommand(a),
		newDeliveryCommand(a),
		newUserCommand(a),
		newKeysCommand(a),
		newMigrateCommand(a),
		newConfigCommand(a),
		newVersionCommand(a),
		newHealthCommand(a),
		newSettingsTopic(),
	}
}

// newRoot returns the command that holds all others.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "commonage",
		Short: "A federated directory of commons initiatives",
		Long: "Commonage lists the commons initiatives of a place, puts them on a map, and\n" +
			"exchanges its directory with other places through the fediverse.",
		Version:       readBuild().version,
		SilenceErrors: true, // run reports them
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.PersistentFlags().StringVar(&a.configFile, "config", "",
		"`FILE` with settings (default "+config.DefaultFile+", if it is there)")
	a.flags = root.PersistentFlags()
	addSettingFlags(a.flags)
	root.AddCommand(a.commands()...)
	markStart(a, root)
	return root
}

// addSettingFlags gives every setting a flag. They hold text: package config
// reads it, and its errors name the flag.
func addSettingFlags(flags *pflag.FlagSet) {
	for _, o := range config.Options() {
		flags.String(o.Flag, "", fmt.Sprintf("%s; `VALUE` is %s", o.Help, o.Accepts))
		if o.Boolean {
			flags.Lookup(o.Flag).NoOptDefVal = "true"
		}
	}
}

// markStart notes when the code of any command under cmd begins: an error
// before that is one of usage.
func markStart(a *app, cmd *cobra.Command) {
	if inner := cmd.RunE; inner != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return inner(cmd, args)
		}
	}
	for _, child := range cmd.Commands() {
		markStart(a, child)
	}
}
