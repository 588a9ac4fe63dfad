package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker: go build -ldflags "-X main.version=... -X main.commit=...".
var version, commit string

// build says which program this is.
type build struct {
	version string // "1.2.0", or "dev"
	commit  string // may be empty
	golang  string // "go1.26.8 linux/amd64"
}

// readBuild returns what the linker was told and else what Go noted itself.
func readBuild() build {
	b := build{version: version, commit: commit, golang: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok && b.version == "" && info.Main.Version != "(devel)" {
		b.version = info.Main.Version
	}
	if ok && b.commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.commit = s.Value
			}
		}
	}
	b.version = cmp.Or(b.version, "dev")
	return b
}

// newVersionCommand returns 'commonage version'.
func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  commonage version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			_, err := fmt.Fprintf(a.stdout, "commonage %s\ncommit %s\n%s\n", b.version, cmp.Or(b.commit, "unknown"), b.golang)
			return err
		},
	}
}
