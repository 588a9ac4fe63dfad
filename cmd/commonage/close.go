package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/federation"
)

// closing is what is asked of 'commonage close'.
type closing struct {
	forGood  bool
	to       []string
	toNobody bool
}

// newCloseCommand returns 'commonage close'.
func newCloseCommand(a *app) *cobra.Command {
	var o closing
	c := &cobra.Command{
		Use:   "close",
		Short: "End this instance's directory: move or withdraw every initiative and say goodbye",
		Long: "End this instance's directory. Without --for-good it only lists what would become of\n" +
			"each initiative. Those that an instance named with --to has adopted move there, with\n" +
			"their followers; all others are withdrawn. The instances named are asked what they\n" +
			"adopted, whether or not they are followed; of a very large one, the newest 10,000\n" +
			"changes are looked at. Anybody can say that an entry of theirs is one of yours: name\n" +
			"only whom you agreed with.\n\n" +
			"In this order:\n" +
			"  1. Announce it: post news, and tell the operators of your neighbours.\n" +
			"  2. Export: 'commonage export geojson ours.geojson --all', and back up the database.\n" +
			"  3. Let others adopt: they run 'commonage initiative adopt ADDRESS...'. After the end\n" +
			"     nobody can.\n" +
			"  4. See what would happen: 'commonage close --to THEIR-HOST'.\n" +
			"  5. Close: the same with --for-good. This cannot be taken back. Nothing can be\n" +
			"     published or followed here after that.\n" +
			"  6. Leave the server running until 'commonage delivery list' is empty, which takes a\n" +
			"     week at most, and then for as long as you can: pages of what moved lead on while\n" +
			"     it runs.",
		Example: "  commonage close --to antwerp.example\n" +
			"  commonage close --to antwerp.example --to bruges.example --for-good\n" +
			"  commonage close --to-nobody --for-good",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.toNobody && len(o.to) > 0:
				return usagef("--to-nobody withdraws everything, and --to does not")
			case o.forGood && !o.toNobody && len(o.to) == 0:
				return usagef("--for-good cannot be taken back; say to whom initiatives go with --to HOST, or withdraw them all with --to-nobody")
			}
			return a.withInstance(cmd.Context(), func(in *instance) error { return a.close(cmd.Context(), in, o) })
		},
	}
	c.Flags().BoolVar(&o.forGood, "for-good", false, "do it")
	c.Flags().StringSliceVar(&o.to, "to", nil, "`HOST` of an instance to which initiatives move that it has adopted; may be repeated")
	c.Flags().BoolVar(&o.toNobody, "to-nobody", false, "withdraw every initiative, whoever has adopted it")
	return c
}

// close shows what becomes of each initiative, and does it if that is asked for.
func (a *app) close(ctx context.Context, in *instance, o closing) error {
	known, err := in.store.Heirs(ctx, in.config.Instance().InitiativeID(""))
	if err != nil {
		return err
	}
	heirs, err := a.findHeirs(ctx, in, o, known)
	if err != nil {
		return err
	}
	plan, err := in.curator(a).PlanClosing(ctx, heirs)
	if err != nil {
		return err
	}
	since, err := in.store.Closed(ctx)
	if err != nil {
		return err
	}
	if !since.IsZero() {
		if err := a.printf("This instance closed for good on %s.\n", since.Format(time.DateOnly)); err != nil {
			return err
		}
	}
	if !o.forGood {
		if err := a.printClosing(plan, elsewhere(plan, known)); err != nil || !since.IsZero() {
			return err
		}
		return a.printf("Nothing was done. --for-good does it, with --to or --to-nobody, and cannot be taken back.\n")
	}
	if err := in.curator(a).Close(ctx, plan); err != nil {
		return err
	}
	return a.printf("%d moved, %d withdrawn. The server will tell everyone. Leave it running until 'commonage delivery list' is empty,\n"+
		"and longer if you can: pages of what moved lead on while it runs.\n", len(plan.Moves), len(plan.Withdrawn))
}

// findHeirs asks the instances named what they have adopted.
func (a *app) findHeirs(ctx context.Context, in *instance, o closing, known []directory.Heir) ([]directory.Heir, error) {
	if len(o.to) == 0 {
		return nil, nil
	}
	c, err := in.signingClient(ctx, a)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var heirs []directory.Heir
	for _, name := range o.to {
		host, err := curation.ParseHost(name)
		if err != nil {
			return nil, fmt.Errorf("--to: %w", err)
		}
		if in.config.Instance().IsCalled(host) {
			return nil, directory.Invalidf("--to", "%s is this instance", host)
		}
		theirs := slices.DeleteFunc(slices.Clone(known), func(h directory.Heir) bool { return directory.HostOf(h.ID) != host })
		found, err := federation.FindHeirs(ctx, c, in.config.Instance(), host, theirs)
		if err != nil {
			return nil, fmt.Errorf("--to: %w", err)
		}
		heirs = append(heirs, found...)
	}
	return heirs, nil
}

// elsewhere returns what others than those named say that they have adopted of what
// would be withdrawn.
func elsewhere(plan *curation.Closing, known []directory.Heir) []curation.Handover {
	withdrawn := map[string]curation.Handover{}
	for _, h := range plan.Withdrawn {
		withdrawn[h.ID] = h
	}
	var list []curation.Handover
	for _, heir := range known {
		if h, ok := withdrawn[heir.Old]; ok {
			h.To = heir.ID
			list = append(list, h)
		}
	}
	return list
}

func (a *app) printClosing(plan *curation.Closing, others []curation.Handover) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	var lines []string
	list := func(title string, of []curation.Handover, more func(curation.Handover) string) {
		if len(of) == 0 {
			return
		}
		lines = append(lines, fmt.Sprintf("%s: %d", title, len(of)))
		for _, h := range of {
			columns := []string{"  " + h.Handle, onOneLine(h.Name)}
			if text := more(h); text != "" {
				columns = append(columns, text)
			}
			lines = append(lines, strings.Join(columns, "\t"))
		}
	}
	address := func(h curation.Handover) string { return onOneLine(h.To) }
	list("To move, with its followers", plan.Moves, address)
	list("To be withdrawn", plan.Withdrawn, address)
	list("Of these, others say that they have adopted some, which counts if you name their host", others, func(h curation.Handover) string {
		return address(h) + "\t--to " + directory.HostOf(h.To)
	})
	if len(lines) == 0 {
		lines = []string{"No initiative is published here."}
	}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("print what becomes of initiatives: %w", err)
	}
	return w.Flush()
}

func newInitiativeAdopt(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "adopt ADDRESS...",
		Short: "Publish here initiatives that are carried from another instance, as when that one closes",
		Long: "Publish here initiatives that are carried from another instance, as when that one closes.\n" +
			"The new entry says that it was the old one. Over there, 'commonage close --to' this host\n" +
			"or 'commonage initiative move' then brings its followers here; until that both exist.\n" +
			"Once the other instance has closed, it is too late.",
		Example: "  commonage initiative adopt https://antwerp.example/initiatives/instrumentheek",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("initiative", func(ctx context.Context, in *instance, id string) (string, error) {
			i, err := in.curator(a).Adopt(ctx, id)
			if err != nil {
				return "", err
			}
			return id + " is adopted as " + i.ID, nil
		}),
	}
}
