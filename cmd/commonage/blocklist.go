package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

func newBlockImport(a *app) *cobra.Command {
	dry, stricter := false, false
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take over a list of blocked servers, such as Mastodon exports",
		Long: "Take over a list of blocked servers in the CSV form that Mastodon and others export, or\n" +
			"with nothing but a domain on each line; - is standard input. What it suspends is\n" +
			"blocked, what it silences is limited. Decisions made here before stay as they are,\n" +
			"unless --stricter lets the list's count where it is stricter.",
		Example: "  commonage block import blocklist.csv --dry-run\n  commonage block import blocklist.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := a.readBlocklist(args[0])
			if err != nil {
				return err
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return a.importBlocks(cmd.Context(), in, list, stricter, dry)
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would go")
	cmd.Flags().BoolVar(&stricter, "stricter", false, "where the list is stricter than a decision made here, take the list's")
	return cmd
}

func (a *app) readBlocklist(path string) (*exchange.Blocklist, error) {
	in := a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open the list: %w", err)
		}
		defer f.Close()
		in = f
	}
	const longest = 64 << 20
	return exchange.ReadBlocklist(io.LimitReader(in, longest))
}

func (a *app) importBlocks(ctx context.Context, in *instance, list *exchange.Blocklist, stricter, dry bool) error {
	known, err := in.store.BlockList(ctx)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(list.Blocks), func(b directory.Block) bool { return in.curator(a).Covers(&b) })
	if err := a.printSkipped(list.Skipped); err != nil {
		return err
	}
	if len(list.Blocks) == 0 {
		return errors.New("nothing was taken over: no line of the list names a server to block or limit")
	}
	if len(others) < len(list.Blocks) {
		if _, err := fmt.Fprintf(a.stderr, "left out: %s, which is this instance\n", in.config.Host); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	fresh, stays := directory.NewBlocks(known).Compare(others)
	if err := a.printf("Decisions in the list: %d. New: %d. Stricter than what was decided here: %d.\n",
		len(list.Blocks), len(fresh), len(stays)); err != nil {
		return err
	}
	switch {
	case stricter:
		fresh = append(fresh, stays...)
	case len(stays) > 0:
		if err := a.printf("What was decided here stays. With --stricter it becomes: %s\n", few(worded(stays))); err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return a.decide(ctx, in, fresh, dry)
}

// printSkipped says what was left out; of a file that is something else, no more
// than shows it.
func (a *app) printSkipped(skipped []error) error {
	const shown = 20
	lines := make([]string, 0, shown+1)
	for _, one := range skipped[:min(len(skipped), shown)] {
		lines = append(lines, fmt.Sprintf("left out: %s\n", plain(one.Error())))
	}
	if more := len(skipped) - shown; more > 0 {
		lines = append(lines, fmt.Sprintf("left out: %d more lines\n", more))
	}
	if _, err := fmt.Fprint(a.stderr, strings.Join(lines, "")); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// worded returns decisions in words, each with its subject.
func worded(list []directory.Block) []string {
	words := make([]string, len(list))
	for k, b := range list {
		words[k] = b.Subject + ": " + string(b.Kind)
	}
	return words
}

func newBlockExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "export",
		Short:   "Write the list of blocked servers as Mastodon reads it",
		Example: "  commonage block export > blocklist.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				list, err := in.store.BlockList(cmd.Context())
				if err != nil {
					return err
				}
				left, err := exchange.WriteBlocklist(a.stdout, list)
				if err != nil {
					return err
				}
				for _, b := range left {
					if _, err := fmt.Fprintf(a.stderr, "left out: %s (%s)\n", b.Subject, b.Kind); err != nil {
						return fmt.Errorf("print: %w", err)
					}
				}
				return nil
			})
		},
	}
}
