package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/directory"
)

// maxCandidates is how many candidates of a kind are printed.
const maxCandidates = 500

func newPeerCandidates(a *app) *cobra.Command {
	var unfit bool
	cmd := &cobra.Command{
		Use:   "candidates",
		Short: "List the instances that we heard of and do not follow",
		Long: "List the instances that we heard of and do not follow: those that our peers\n" +
			"list, and those that follow us. It shows how far away each is, how many\n" +
			"initiatives it publishes, some of them, and which of our peers list it.",
		Example: "  commonage peer candidates\n  commonage peer candidates --unfit",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				if unfit {
					return a.listUnfit(cmd.Context(), in)
				}
				return a.listCandidates(cmd.Context(), in)
			})
		},
	}
	cmd.Flags().BoolVar(&unfit, "unfit", false, "list those that cannot be followed or do not want to be, and why")
	return cmd
}

func newPeerAccept(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "accept HOST...",
		Short:   "Follow candidates and carry their entries",
		Example: "  commonage peer accept porto.example",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("candidate", func(ctx context.Context, in *instance, host string) (string, error) {
			return "The server will follow " + host + ".", in.curator(a).AcceptCandidate(ctx, host)
		}),
	}
}

func newPeerRefuse(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "refuse HOST...",
		Short: "Never follow instances, whoever lists them",
		Long: "Never follow instances, whoever lists them, until they are accepted or added.\n" +
			"They may still follow us; 'commonage block' keeps a server away altogether.",
		Example: "  commonage peer refuse spam.example",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("candidate", func(ctx context.Context, in *instance, host string) (string, error) {
			return "The server will not follow " + host + ", whoever lists it.", in.curator(a).RefuseCandidate(ctx, host)
		}),
	}
}

func (a *app) listCandidates(ctx context.Context, in *instance) error {
	waiting, err := in.store.Candidates(ctx, directory.CandidateWaiting, maxCandidates)
	if err != nil {
		return err
	}
	fresh, err := in.store.Candidates(ctx, directory.CandidateFound, maxCandidates)
	if err != nil {
		return err
	}
	blocks, err := in.store.Blocks(ctx)
	if err != nil {
		return err
	}
	if len(waiting)+len(fresh) == 0 {
		if in.config.Peering == config.PeeringAllowlist {
			return a.printf("With peering = \"allowlist\" none is looked for.\n")
		}
		return a.printf("There is no candidate. They are found through peers: 'commonage peer add HOST'.\n")
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	lines := []string{"HOST\tNAME\tPLACE\tDISTANCE\tINITIATIVES\tFOLLOWS US\tLISTED BY\tSUCH AS"}
	here := in.config.Instance().Point
	for _, c := range append(waiting, fresh...) {
		if !blocks.Blocked(c.Host) {
			lines = append(lines, candidateLine(&c, here))
		}
	}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("print the candidates: %w", err)
	}
	return w.Flush()
}

// candidateLine returns what is listed of a candidate, in columns.
func candidateLine(c *directory.Candidate, here *directory.Point) string {
	distance := "?"
	if here != nil && c.Point != nil {
		distance = fmt.Sprintf("%.0f km", here.Distance(*c.Point))
	}
	introduced := "no"
	if !c.Introduced.IsZero() {
		introduced = "yes"
	}
	size := fmt.Sprint(c.Initiatives)
	if c.State == directory.CandidateFound {
		size = "?" // not looked at yet
	}
	place := strings.Trim(c.Locality+", "+c.Country, ", ")
	samples := strings.Join(c.Samples, "; ")
	if c.Reason != "" {
		samples = c.Reason
	}
	columns := []string{c.Host, c.Name, place, distance, size, introduced, strings.Join(c.Vouchers, ", "), samples}
	for k := range columns {
		columns[k] = onOneLine(columns[k])
	}
	return strings.Join(columns, "\t")
}

// printable leaves out what would steer a terminal: names are foreign text.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}

func (a *app) listUnfit(ctx context.Context, in *instance) error {
	list, err := in.store.Candidates(ctx, directory.CandidateUnfit, maxCandidates)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range list {
		if err := row(w, c.Host, c.Reason); err != nil {
			return err
		}
	}
	return w.Flush()
}
