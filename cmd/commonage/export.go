package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/search"
)

// newExportCommand returns 'commonage export'.
func newExportCommand(a *app) *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "export FORMAT [FILE]",
		Short: "Write the published initiatives to a file",
		Long: "Write the published initiatives in geojson or csv, to FILE or to standard output.\n" +
			"Only this instance's own, unless --all is given. What 'import' reads comes back\n" +
			"unchanged.",
		Example: "  commonage export csv ours.csv\n" +
			"  commonage export geojson --all > everything.geojson",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				if len(args) == 1 {
					return a.export(cmd.Context(), in, args[0], bufio.NewWriter(a.stdout), all)
				}
				return a.exportFile(cmd.Context(), in, args[0], args[1], all)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what is carried from other instances")
	return cmd
}

// exportFile writes beside the file first, so that a failure leaves an earlier
// one as it was.
func (a *app) exportFile(ctx context.Context, in *instance, format, path string, all bool) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	err = errors.Join(a.export(ctx, in, format, bufio.NewWriter(f), all), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (a *app) export(ctx context.Context, in *instance, format string, w *bufio.Writer, all bool) error {
	c := in.config
	about := exchange.Collection{Name: c.Name, URL: c.Instance().URL("/")}
	if err := exchange.Write(format, w, entries(ctx, in, all), about); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// errEnough ends a reading whose reader wants no more.
var errEnough = errors.New("enough")

// entries streams the published entries.
func entries(ctx context.Context, in *instance, all bool) iter.Seq2[*directory.Initiative, error] {
	q := search.Query{}
	if !all {
		q.Origins = []string{in.config.Host}
	}
	return func(yield func(*directory.Initiative, error) bool) {
		err := in.store.Each(ctx, q, func(i *directory.Initiative) error {
			if !yield(i, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}
