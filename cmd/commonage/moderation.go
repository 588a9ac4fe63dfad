package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
)

// newModerationCommand returns 'commonage moderation' and what it holds.
func newModerationCommand(a *app) *cobra.Command {
	return newGroup("moderation", "Decide about replies and reports from elsewhere",
		newModerationList(a),
		newModerationDecision(a, "approve", "Show replies on the page of their post",
			"ID is what 'commonage moderation list' shows. When its\n"+
				"author edits a reply, it waits again and has another ID.", directory.ReplyApproved),
		newModerationDecision(a, "reject", "Keep replies from being shown, for good",
			"ID is what 'commonage moderation list' shows,\n"+
				"or the reply's address.", directory.ReplyRejected),
		newReportClose(a))
}

func newModerationList(a *app) *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the replies and reports that wait for a decision",
		Long: "List the replies and reports that wait for a decision, the oldest first. A report\n" +
			"tells the server it came from and not the person.",
		Example: "  commonage moderation list\n  commonage moderation list --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error { return a.listModeration(cmd.Context(), in, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what was decided already")
	return cmd
}

// moderationPage is how many of a kind are listed.
const moderationPage = 500

func (a *app) listModeration(ctx context.Context, in *instance, all bool) error {
	states := []directory.ReplyState{directory.ReplyPending}
	closed := []bool{false}
	if all {
		states, closed = directory.ReplyStates(), []bool{false, true}
	}
	var replies []directory.Reply
	for _, state := range states {
		list, err := in.store.Replies(ctx, state, "", moderationPage)
		if err != nil {
			return err
		}
		replies = append(replies, list...)
	}
	var reports []directory.Report
	for _, done := range closed {
		list, err := in.store.Reports(ctx, done, "", moderationPage)
		if err != nil {
			return err
		}
		reports = append(reports, list...)
	}
	if len(replies)+len(reports) == 0 {
		return a.printf("Nothing waits for a decision.\n")
	}
	return a.printModeration(replies, reports)
}

func (a *app) printModeration(replies []directory.Reply, reports []directory.Report) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	line := func(cells ...string) error {
		for k := range cells {
			cells[k] = plain(cells[k])
		}
		if _, err := fmt.Fprintln(w, strings.Join(cells, "\t")); err != nil {
			return fmt.Errorf("print the list: %w", err)
		}
		return nil
	}
	const when = "2006-01-02 15:04"
	if len(replies) > 0 {
		if err := line("REPLY", "STATE", "CAME", "BY", "ABOUT", "WORDS"); err != nil {
			return err
		}
	}
	for _, r := range replies {
		about := r.PostID
		if about == "" {
			about = r.InitiativeID
		}
		if err := line(r.Mark(), string(r.State), r.Received.Format(when), "@"+r.Author.Acct, about, prose.Text(r.Content)); err != nil {
			return err
		}
	}
	if len(reports) > 0 {
		if err := line("REPORT", "STATE", "CAME", "FROM", "ABOUT", "WORDS"); err != nil {
			return err
		}
	}
	for _, r := range reports {
		state := "open"
		if !r.Closed.IsZero() {
			state = "closed"
		}
		if err := line(r.ID, state, r.Received.Format(when), r.Host, strings.Join(r.Objects, " "), r.Text); err != nil {
			return err
		}
	}
	return w.Flush()
}

// plain returns foreign text on one line of a terminal, on which it can do
// nothing but be read.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	const longest = 300
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return s
}

func newModerationDecision(a *app, verb, short, long string, state directory.ReplyState) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " ID...",
		Short:   short,
		Long:    short + ". " + long,
		Example: "  commonage moderation " + verb + " 01JDJ2E3H8T2Q9V6K7Z4M5N6P7",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("reply", func(ctx context.Context, in *instance, id string) (string, error) {
			_, err := in.curator(a).Moderate(ctx, id, state)
			if errors.Is(err, directory.ErrConflict) {
				return "", fmt.Errorf("reply %s may have been edited since you read it: read it again in 'commonage moderation list', "+
					"and decide about the ID that it has there", id)
			}
			return "Reply " + id + " is " + string(state) + ".", err
		}),
	}
}

func newReportClose(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "report-close ID...",
		Short:   "Take reports off the list",
		Example: "  commonage moderation report-close 01JDJ2E3H8T2Q9V6K7Z4M5N6P7",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("open report", func(ctx context.Context, in *instance, id string) (string, error) {
			return "Report " + id + " is closed.", in.curator(a).CloseReport(ctx, id)
		}),
	}
}
