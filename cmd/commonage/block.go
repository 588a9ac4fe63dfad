package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
)

// newBlockCommand returns 'commonage block' and what it holds.
func newBlockCommand(a *app) *cobra.Command {
	return newGroup("block", "Decide which servers and people this instance has to do with",
		newBlockAdd(a), newBlockList(a), newBlockRemove(a), newBlockImport(a), newBlockExport(a))
}

func newBlockAdd(a *app) *cobra.Command {
	limit, allow, dry, reason := false, false, false, ""
	cmd := &cobra.Command{
		Use:   "add HOST|ACTOR|@USER@HOST",
		Short: "Block a server with its subdomains, or one person or initiative",
		Long: "Block a server with all its subdomains, or one person or initiative by the address of\n" +
			"their actor or profile, or by their handle. Who is blocked is neither asked nor answered; their followings, replies\n" +
			"and entries go, and do not come back when the block is removed. It holds at once.\n\n" +
			"--limit only keeps them out of lists, and their replies waiting. --allow makes an\n" +
			"exception from a wider block, and lets a server follow the directory where peering is\n" +
			"allowlist. The closest decision counts. An initiative's entry comes with its directory,\n" +
			"so that it goes with a blocked server whatever was decided about it. In secure mode, an\n" +
			"exception needs one for the server's own actor too, such as https://spam.example/actor.",
		Example: "  commonage block add spam.example --reason 'Spam since March'\n" +
			"  commonage block add @troll@town.example\n" +
			"  commonage block add https://town.example/users/troll --limit\n" +
			"  commonage block add spam.example --dry-run",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit && allow {
				return usagef("--limit and --allow exclude each other")
			}
			b := directory.Block{Kind: directory.Blocked, Reason: reason}
			switch {
			case limit:
				b.Kind = directory.Limited
			case allow:
				b.Kind = directory.Allowed
			}
			return a.withInstance(cmd.Context(), func(in *instance) (err error) {
				if b.Subject, err = a.subject(cmd.Context(), in, args[0]); err != nil {
					return err
				}
				return a.decide(cmd.Context(), in, []directory.Block{b}, dry)
			})
		},
	}
	cmd.Flags().BoolVar(&limit, "limit", false, "keep it out of lists instead")
	cmd.Flags().BoolVar(&allow, "allow", false, "make an exception for it instead")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would go")
	cmd.Flags().StringVar(&reason, "reason", "", "`TEXT` that says why; it is public where the list is")
	return cmd
}

// subject returns the host or the actor's id that somebody means. An actor who is
// not known here is asked for; one who does not answer is taken by the address, with
// a warning, as a decision about a page or a wrong address would never hold.
func (a *app) subject(ctx context.Context, in *instance, text string) (string, error) {
	subject, err := curation.ParseSubject(text)
	isAddress := strings.Contains(subject, "://")
	if err != nil || !isAddress && !strings.Contains(subject, "@") {
		return subject, err
	}
	for _, decided := range []string{text, subject} { // who is blocked is not known any more
		if _, err := in.store.Block(ctx, decided); !errors.Is(err, directory.ErrNotFound) {
			return decided, err
		}
	}
	id, err := in.store.FindActor(ctx, subject)
	if !errors.Is(err, directory.ErrNotFound) {
		return id, err
	}
	c, err := in.signingClient(ctx, a)
	if err != nil {
		return "", err
	}
	defer c.Close()
	id, err = federation.FindActor(ctx, c, subject)
	if blocked, ok := errors.AsType[*client.BlockedError](err); ok { // it led to somebody
		if _, missing := in.store.Block(ctx, blocked.Address); missing == nil {
			return blocked.Address, nil
		}
	}
	switch {
	case err == nil:
		return id, nil
	case !isAddress:
		return "", fmt.Errorf("%w; nobody of that name is known here, so give the address (id) of their actor", err)
	}
	_, err = fmt.Fprintf(a.stderr, "Nobody with the address %s is known here, and they could not be asked (%v).\n"+
		"The decision holds for who has exactly this address as their id.\n", subject, err)
	return subject, err
}

// decide shows what goes with decisions, and makes them unless it is a dry run.
func (a *app) decide(ctx context.Context, in *instance, list []directory.Block, dry bool) error {
	reach, err := in.curator(a).Preview(ctx, list)
	if err != nil {
		return err
	}
	if dry {
		err = a.printDecisions(list)
	}
	if err == nil {
		err = a.printReach(reach, dry)
	}
	if err != nil || dry {
		return err
	}
	if err := in.curator(a).Block(ctx, list...); err != nil {
		return err
	}
	if len(list) > 1 {
		return a.printf("%d decisions were made.\n", len(list))
	}
	return a.printf("%s: %s\n", list[0].Subject, list[0].Kind)
}

// printReach prints what goes, leaving out of what there is nothing.
func (a *app) printReach(r *directory.Reach, dry bool) error {
	head, nothing := "What goes:", "Nothing that is here goes."
	if dry {
		head, nothing = "What would go:", "Nothing that is here would go."
	}
	if r.Empty() {
		return a.printf("%s\n", nothing)
	}
	entries, origins := byOrigin(r.Entries)
	unlisted, unlistedOrigins := byOrigin(r.Unlisted)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, head)
	for _, row := range []struct {
		what  string
		n     int
		names []string
	}{
		{"followers", len(r.Followers), r.Followers},
		{"peers", len(r.Peers), r.Peers},
		{"entries", entries, origins},
		{"entries, from lists only", unlisted, unlistedOrigins},
		{"replies", r.Replies, nil},
		{"likes and shares", r.Reactions, nil},
		{"deliveries that wait", r.Deliveries, nil},
	} {
		if row.n > 0 && err == nil {
			_, err = fmt.Fprintf(w, "%s\t%d\t%s\n", row.what, row.n, few(row.names))
		}
	}
	if err != nil {
		return fmt.Errorf("print what goes: %w", err)
	}
	return w.Flush()
}

// byOrigin returns how many there are of all origins, and each origin with its own.
func byOrigin(counts map[string]int) (total int, origins []string) {
	for host, n := range counts {
		total += n
		origins = append(origins, fmt.Sprintf("%s (%d)", host, n))
	}
	slices.Sort(origins)
	return total, origins
}

// few names the first of a list.
func few(list []string) string {
	const shown = 5
	if len(list) <= shown {
		return plain(strings.Join(list, ", "))
	}
	return plain(strings.Join(list[:shown], ", ")) + ", ..."
}

func newBlockList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List what was decided",
		Example: "  commonage block list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				list, err := in.store.BlockList(cmd.Context())
				if err != nil {
					return err
				}
				if len(list) == 0 {
					return a.printf("Nobody is blocked.\n")
				}
				return a.printDecisions(list)
			})
		},
	}
}

// printDecisions prints decisions as a table, with their dates if they were made.
func (a *app) printDecisions(list []directory.Block) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, "SUBJECT\tDECISION\tSINCE\tREASON"); err != nil {
		return fmt.Errorf("print the list: %w", err)
	}
	for _, b := range list {
		since := "not made"
		if !b.Created.IsZero() {
			since = b.Created.Format("2006-01-02")
		}
		if err := row(w, b.Subject, b.Kind, since, plain(b.Reason)); err != nil {
			return err
		}
	}
	return w.Flush()
}

func newBlockRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove HOST|ACTOR|@USER@HOST",
		Short: "Take a decision back",
		Long: "Take a decision back. What went does not come back by itself: people follow again,\n" +
			"and peers are added again with 'commonage peer add'.",
		Example: "  commonage block remove spam.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				subject, err := a.subject(cmd.Context(), in, args[0])
				if err != nil {
					return err
				}
				if err := in.curator(a).Unblock(cmd.Context(), subject); err != nil {
					return explain(err, "decision about "+subject)
				}
				return a.printf("The decision about %s is taken back.\n", subject)
			})
		},
	}
}
