package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
)

// newModerationCommand returns 'commonage moderation' and what it holds.
func newModerationCommand(a *app) *cobra.Command {
	return newGroup("moderation", "Decide about replies and reports from elsewhere",
		newModerationList(a),
		newModerationShow(a),
		newModerationDecision(a, "approve", "Show replies on the page of their post, or of the initiative that they name",
			"ID is\nwhat 'commonage moderation list' shows. When its author edits a reply, it waits again and\n"+
				"has another ID.", directory.ReplyApproved),
		newModerationDecision(a, "reject", "Keep replies from being shown, for good",
			"ID is what 'commonage moderation list' shows,\n"+
				"or the reply's address.", directory.ReplyRejected),
		newReportClose(a))
}

func newModerationList(a *app) *cobra.Command {
	all, after := false, ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the replies and reports that wait for a decision",
		Long: "List the replies and reports that wait for a decision, the oldest first. After each link\n" +
			"stands where it leads. A report tells the server it came from and not the person. What\n" +
			"ends in \u2026 goes on: 'commonage moderation show ID' has all of it.",
		Example: "  commonage moderation list\n  commonage moderation list --all\n" +
			"  commonage moderation list --after 01JDJ2E3H8T2Q9V6K7Z4M5N6P7",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				q, err := in.moderationQueue(cmd.Context(), all, directory.ReplyKey(after))
				if err != nil {
					return err
				}
				return a.printModeration(q)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what was decided already")
	cmd.Flags().StringVar(&after, "after", "", "only what came after the one with the `ID`")
	return cmd
}

// moderationPage is how much is listed at once.
const moderationPage = 200

// moderationQueue is replies and reports in the order in which they came.
type moderationQueue struct {
	replies []directory.Reply
	reports []directory.Report
	last    string // the id of the last one, if more came after it
	more    int
}

// moderationQueue returns what waits for a decision, or with all also what was
// decided, after an id.
func (in *instance) moderationQueue(ctx context.Context, all bool, after string) (*moderationQueue, error) {
	states, closed := []directory.ReplyState{directory.ReplyPending}, []bool{false}
	if all {
		states, closed = directory.ReplyStates(), []bool{false, true}
	}
	q := &moderationQueue{}
	var ids []string
	for _, state := range states {
		list, err := in.store.Replies(ctx, state, after, moderationPage+1)
		if err != nil {
			return nil, err
		}
		for k := range list {
			ids = append(ids, list[k].Key)
		}
		q.replies = append(q.replies, list...)
	}
	for _, done := range closed {
		list, err := in.store.Reports(ctx, done, after, moderationPage+1)
		if err != nil {
			return nil, err
		}
		for k := range list {
			ids = append(ids, list[k].ID)
		}
		q.reports = append(q.reports, list...)
	}
	slices.SortFunc(q.replies, func(a, b directory.Reply) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(q.reports, func(a, b directory.Report) int { return strings.Compare(a.ID, b.ID) })
	if len(ids) <= moderationPage {
		return q, nil
	}
	slices.Sort(ids)
	q.last = ids[moderationPage-1]
	q.replies = slices.DeleteFunc(q.replies, func(r directory.Reply) bool { return r.Key > q.last })
	q.reports = slices.DeleteFunc(q.reports, func(r directory.Report) bool { return r.ID > q.last })
	var err error
	q.more, err = in.store.CountModeration(ctx, states, closed, q.last)
	return q, err
}

func (a *app) printModeration(q *moderationQueue) error {
	if len(q.replies)+len(q.reports) == 0 {
		return a.printf("Nothing waits for a decision.\n")
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	var rows []error
	if len(q.replies) > 0 {
		rows = append(rows, row(w, "REPLY", "STATE", "CAME", "BY", "ABOUT", "WORDS"))
	}
	for k := range q.replies {
		r := &q.replies[k]
		rows = append(rows, row(w, r.Mark(), r.State, r.Received.Format(whenCame), "@"+plain(r.Author.Acct), aboutOf(r),
			plain(prose.Spelled(r.Content))))
	}
	if len(q.reports) > 0 {
		rows = append(rows, row(w, "REPORT", "STATE", "CAME", "FROM", "ABOUT", "WORDS"))
	}
	for k := range q.reports {
		r := &q.reports[k]
		rows = append(rows, row(w, r.ID, stateOf(r), r.Received.Format(whenCame), r.Host, plain(strings.Join(r.Objects, " ")), plain(r.Text)))
	}
	rows = append(rows, w.Flush())
	if q.more > 0 {
		rows = append(rows, a.printf("%d more came after these; add --after %s to list them.\n", q.more, q.last))
	}
	return errors.Join(rows...)
}

const whenCame = "2006-01-02 15:04"

// aboutOf returns the post that a reply belongs to, or the initiative that it names.
func aboutOf(r *directory.Reply) string { return cmp.Or(r.PostID, r.InitiativeID) }

func stateOf(r *directory.Report) string {
	if r.Closed.IsZero() {
		return "open"
	}
	return "closed"
}

func newModerationShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID...",
		Short: "Show all that is known of replies and reports, with every word",
		Long: "Show all that is known of replies and reports, with every word, and where links lead. ID is\n" +
			"what 'commonage moderation list' shows, or a reply's address.",
		Example: "  commonage moderation show 01JDJ2E3H8T2Q9V6K7Z4M5N6P7",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("reply or report", func(ctx context.Context, in *instance, id string) (string, error) {
			reply, err := in.store.Reply(ctx, directory.ReplyKey(id))
			if err == nil {
				return describeReply(reply)
			}
			if !errors.Is(err, directory.ErrNotFound) {
				return "", err
			}
			report, err := in.store.Report(ctx, id)
			if err != nil {
				return "", err
			}
			return describeReport(report)
		}),
	}
}

func describeReply(r *directory.Reply) (string, error) {
	lines := [][2]string{
		{"Reply", r.Mark()},
		{"State", string(r.State)},
		{"Came", r.Received.Format(whenCame)},
		{"By", strings.TrimSpace(r.Author.Name + " @" + r.Author.Acct)},
		{"Profile", r.Author.URL},
		{"Address", r.ID},
	}
	if r.URL != r.ID {
		lines = append(lines, [2]string{"Page", r.URL})
	}
	if r.PostID == "" {
		lines = append(lines, [2]string{"Names", r.InitiativeID})
	} else {
		lines = append(lines, [2]string{"Under", r.PostID})
	}
	if r.Edits > 0 {
		lines = append(lines, [2]string{"Edited", r.Updated.Format(whenCame)})
	}
	return described(lines, prose.Spelled(r.Content))
}

func describeReport(r *directory.Report) (string, error) {
	lines := [][2]string{{"Report", r.ID}, {"State", stateOf(r)}, {"Came", r.Received.Format(whenCame)}, {"From", r.Host}}
	for _, object := range r.Objects {
		lines = append(lines, [2]string{"About", object})
	}
	return described(lines, r.Text)
}

// described returns what is known of something, line by line, above its words.
func described(lines [][2]string, words string) (string, error) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var rows []error
	for _, l := range lines {
		rows = append(rows, row(w, l[0], onOneLine(l[1])))
	}
	rows = append(rows, w.Flush())
	b.WriteString("\n")
	for line := range strings.Lines(words) {
		b.WriteString(onOneLine(line) + "\n")
	}
	return b.String(), errors.Join(rows...)
}

// onOneLine returns foreign text on one line of a terminal, on which it can do
// nothing but be read.
func onOneLine(s string) string { return strings.Map(printable, strings.Join(strings.Fields(s), " ")) }

// plain is onOneLine for the line of a list, in which there is little room.
func plain(s string) string {
	const longest = 300
	s = onOneLine(s)
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
				return "", fmt.Errorf("reply %s may have been edited since you read it: see 'commonage moderation show %s', "+
					"and give the ID that it has there", id, id)
			}
			if errors.Is(err, directory.ErrNotFound) {
				if _, err := in.store.Report(ctx, id); err == nil {
					return "", fmt.Errorf("%s is a report: 'commonage moderation report-close %s' closes it", id, id)
				}
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
			err := in.curator(a).CloseReport(ctx, id)
			if errors.Is(err, directory.ErrNotFound) {
				if _, err := in.store.Reply(ctx, directory.ReplyKey(id)); err == nil {
					return "", fmt.Errorf("%s is a reply: 'commonage moderation approve %s' shows it, 'reject' does not", id, id)
				}
			}
			return "Report " + id + " is closed.", err
		}),
	}
}
