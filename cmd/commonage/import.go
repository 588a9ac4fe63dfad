package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// importFlags is what 'commonage import' is asked besides the file.
type importFlags struct {
	curation.ImportOptions
	exchange.Options
	mapping string
	quiet   bool
}

// newImportCommand returns 'commonage import'.
func newImportCommand(a *app) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FORMAT FILE",
		Short: "Bring in the initiatives of a file",
		Long: "Bring in the initiatives of a file: " + strings.Join(exchange.Formats(), ", ") + ". FILE is a path, or - for\n" +
			"standard input. New entries are drafts unless --publish is given.\n\n" +
			"An entry that was imported before, by its source and its id there, is updated, and\n" +
			"left alone if it says the same. A row that cannot be used is reported with its line,\n" +
			"and the others go on. --mapping FILE says in TOML what the file's own words mean.",
		Example: "  commonage import geojson initiatives.geojson --dry-run\n" +
			"  commonage import csv ours.csv --publish\n" +
			"  commonage import mykomap standard.csv --publish --source-name 'Co-operatives UK' --licence ODC-By-1.0",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(exchange.Formats(), args[0]) {
				return usagef("%q is not a format; use one of %s", args[0], strings.Join(exchange.Formats(), ", "))
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return a.importFile(cmd.Context(), in, args[0], args[1], f)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.Publish, "publish", false, "make new entries public at once")
	flags.BoolVar(&f.DryRun, "dry-run", false, "read and compare everything, change nothing")
	flags.StringVar(&f.mapping, "mapping", "", "TOML `FILE` that says what the file's words mean")
	flags.StringVar(&f.Source.Name, "source-name", "", "`NAME` of the collection that the file comes from")
	flags.StringVar(&f.Source.URL, "source-url", "", "`URL` of entries that have none of their own there")
	flags.StringVar(&f.Source.Licence, "licence", "", "`LICENCE` of the file, such as CC0-1.0")
	flags.StringVar(&f.Source.Attribution, "attribution", "", "whom the licence wants named, a `NAME`")
	flags.StringVar(&f.Language, "language", "", "`LANGUAGE` of texts that do not say theirs, such as de")
	flags.BoolVar(&f.quiet, "quiet", false, "do not show progress and warnings")
	return cmd
}

func (a *app) importFile(ctx context.Context, in *instance, format, path string, f importFlags) (err error) {
	if f.mapping != "" {
		if f.Mapping, err = readMapping(f.mapping); err != nil {
			return err
		}
	}
	file := a.stdin
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open the file to import: %w", err)
		}
		defer opened.Close()
		file = opened
	}
	bar := a.progress(f.quiet)
	f.Progress = func(rows int) { bar.Set(rows) } //nolint:errcheck // it only shows
	f.Problem = func(line int, err error) {
		if bad := new(exchange.RowError); errors.As(err, &bad) {
			report(a.stderr, bad.Error())
		} else if !f.quiet {
			report(a.stderr, fmt.Sprintf("line %d: %v", line, err))
		}
	}
	began := a.now()
	summary, err := in.curator(a).Import(ctx, exchange.Read(format, file, f.Options), f.ImportOptions)
	bar.Finish() //nolint:errcheck // it only shows
	return errors.Join(err, a.printSummary(summary, a.now().Sub(began), f.ImportOptions))
}

func readMapping(path string) (*exchange.Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the mapping: %w", err)
	}
	defer f.Close()
	m, err := exchange.ReadMapping(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// progress returns a counter of rows on standard error, if that is a terminal.
func (a *app) progress(quiet bool) *progressbar.ProgressBar {
	w := a.stderr
	if f, ok := w.(*os.File); quiet || !ok || !isTerminal(f) {
		w = io.Discard
	}
	return progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("importing"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("entries"),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (a *app) printSummary(s curation.ImportSummary, took time.Duration, o curation.ImportOptions) error {
	what := "Imported"
	if o.DryRun {
		what = "Would import"
	}
	state := "as drafts"
	if o.Publish {
		state = "and published"
	}
	rate := ""
	if took > 0 && s.Rows > 0 {
		rate = fmt.Sprintf(", %.0f a second", float64(s.Rows)/took.Seconds())
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d rows in %.1f s%s\n  %6d new %s\n  %6d changed\n  %6d the same as before\n",
		what, s.Rows, took.Seconds(), rate, s.Added, state, s.Updated, s.Unchanged)
	for _, line := range []struct {
		n    int
		text string
	}{
		{s.Withdrawn, "withdrawn here before, left alone"},
		{s.Repeated, "with the id of an earlier row, left out"},
		{s.Bad, "with errors, left out"},
		{s.Warnings, "warnings"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&text, "  %6d %s\n", line.n, line.text)
		}
	}
	return a.printf("%s", text.String())
}
