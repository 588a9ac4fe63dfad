package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// newBenchCommand returns 'commonage bench' and what it holds.
func newBenchCommand(a *app) *cobra.Command {
	return newGroup("bench", "Try out how an instance of any size behaves", newBenchLoadCommand(a))
}

// benchFlags is what 'commonage bench load' is asked.
type benchFlags struct {
	count int
	seed  uint64
	quiet bool
}

// mostSynthetic bounds how many entries are made up.
const mostSynthetic = 10_000_000

func newBenchLoadCommand(a *app) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Fill the instance with made-up entries",
		Long: "Fill the instance with made-up entries in twelve languages and five scripts, spread\n" +
			"over words and cities as real ones are. A quarter are its own, the rest is as if\n" +
			"carried from forty others. The same seed gives the same entries; loading again\n" +
			"writes them again. Do not do this to an instance that is in use.",
		Example: "  commonage bench load --count 1000000 --host bench.example --data-dir /tmp/bench\n" +
			"  commonage serve --host bench.example --data-dir /tmp/bench",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.count < 1 || f.count > mostSynthetic {
				return usagef("--count %d is not from 1 to %d", f.count, mostSynthetic)
			}
			return a.withInstance(cmd.Context(), func(in *instance) error { return a.benchLoad(cmd.Context(), in, f) })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.count, "count", 10_000, "how many entries, a `NUMBER`")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the entries are made from")
	flags.BoolVar(&f.quiet, "quiet", false, "do not show progress")
	return cmd
}

// benchBatch is how many entries are written at once.
const benchBatch = 5000

func (a *app) benchLoad(ctx context.Context, in *instance, f benchFlags) error {
	made := synthetic.New(f.seed, in.config.Host)
	bar := a.progress(f.quiet)
	bar.Describe("loading")
	began := a.now()
	for first := 0; first < f.count; first += benchBatch {
		entries := make([]store.PutEntry, 0, benchBatch)
		for k := first; k < min(first+benchBatch, f.count); k++ {
			e := store.PutEntry{Initiative: made.Entry(k)}
			if e.Initiative.Origin == in.config.Host {
				e.Change, e.Initiative.ID = directory.Added, in.config.Instance().InitiativeID(e.Initiative.Handle)
			}
			entries = append(entries, e)
		}
		if err := in.store.PutInitiatives(ctx, entries); err != nil {
			return fmt.Errorf("load from entry %d: %w", first, err)
		}
		bar.Set(first + len(entries)) //nolint:errcheck // it only shows
	}
	bar.Finish() //nolint:errcheck // as above
	took := a.now().Sub(began)
	return a.printf("Loaded %d entries in %s, %.0f a second.\n", f.count, took.Round(time.Millisecond),
		float64(f.count)/max(took.Seconds(), 1e-6))
}
