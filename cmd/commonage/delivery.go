package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// newDeliveryCommand returns 'commonage delivery' and what it holds.
func newDeliveryCommand(a *app) *cobra.Command {
	return newGroup("delivery", "Look after what waits to be sent to other servers",
		newDeliveryList(a), newDeliveryRetry(a), newDeliveryDrop(a))
}

// maxListed is how many deliveries of a host are listed.
const maxListed = 200

func newDeliveryList(a *app) *cobra.Command {
	host := ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the hosts that something waits for, and how it goes with them",
		Long: "List the hosts that something waits for, how often in a row they did not answer, when\n" +
			"they are tried next, and what they said. With --host, list what waits for that host.\n" +
			"An inbox that fails while its host answers has a line of its own. What fails on seven\n" +
			"days is unavailable: nothing is queued for it until the host sends us something, or\n" +
			"'commonage delivery retry' is given the host's name.",
		Example: "  commonage delivery list\n  commonage delivery list --host mastodon.example",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				if host != "" {
					list, err := in.store.Deliveries(cmd.Context(), strings.ToLower(host), maxListed)
					if err != nil {
						return err
					}
					return a.printDeliveries(list)
				}
				hosts, err := in.store.Hosts(cmd.Context())
				if err != nil {
					return err
				}
				return a.printHosts(hosts)
			})
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "list what waits for `HOST`, with its port if it has one")
	return cmd
}

func (a *app) printHosts(hosts []store.HostState) error {
	if len(hosts) == 0 {
		return a.printf("Nothing waits to be sent.\n")
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	rows := []error{row(w, "HOST", "WAITING", "FAILED", "NEXT TRY", "LAST ERROR")}
	for _, h := range hosts {
		next := a.inTime(h.NextAt)
		switch {
		case h.Unavailable:
			next = "unavailable since " + h.FailedAt.Format(time.DateOnly)
		case h.Waiting == 0:
			next = "-"
		}
		rows = append(rows, row(w, cmp.Or(h.Inbox, h.Name), h.Waiting, h.Fails, next, cmp.Or(oneLine(h.Error), "-")))
	}
	return errors.Join(append(rows, w.Flush())...)
}

func (a *app) printDeliveries(list []store.Waiting) error {
	if len(list) == 0 {
		return a.printf("Nothing waits to be sent there.\n")
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	rows := []error{row(w, "ID", "TRIES", "NEXT TRY", "INBOX", "ACTIVITY")}
	for _, d := range list {
		rows = append(rows, row(w, d.ID, d.Tries, a.inTime(d.NextAt), d.Inbox, d.ActivityID))
	}
	if len(list) == maxListed {
		rows = append(rows, row(w, "and more"))
	}
	return errors.Join(append(rows, w.Flush())...)
}

// row writes the cells of one line of a table.
func row(w *tabwriter.Writer, cells ...any) error {
	for k := range cells {
		cells[k] = onOneLine(fmt.Sprint(cells[k])) // much of it is foreign text
	}
	if _, err := fmt.Fprintln(w, strings.TrimSuffix(fmt.Sprintf(strings.Repeat("%v\t", len(cells)), cells...), "\t")); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// inTime words how far off a time is.
func (a *app) inTime(t time.Time) string {
	if wait := t.Sub(a.now()).Round(time.Second); wait > 0 {
		return "in " + wait.String()
	}
	return "now"
}

// oneLine returns the beginning of foreign text as one line without anything
// that a terminal would act on.
func oneLine(text string) string {
	const longest = 120
	runes := []rune(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)), " "))
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return string(runes)
}

func newDeliveryRetry(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "retry HOST|ID",
		Short: "Send what waits for a host, or one delivery, now",
		Long: "Send what waits for a host, or one delivery, now instead of when the host would be\n" +
			"tried next. What is unavailable is sent to again from now on.",
		Example: "  commonage delivery retry mastodon.example\n  commonage delivery retry 01JDB8Q6X5Y3ZK4T9M2N7P0RSV",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				name := hostOrID(args[0])
				hosts, err := in.store.Hosts(cmd.Context())
				if err != nil {
					return err
				}
				n, err := in.store.RetryDeliveries(cmd.Context(), name, a.now())
				if err != nil {
					return err
				}
				unavailable := func(h store.HostState) bool { return h.Name == name && h.Unavailable }
				if n == 0 && !slices.ContainsFunc(hosts, unavailable) {
					return nothingWaits(args[0])
				}
				if n == 0 {
					return a.printf("%s is sent to again from now on.\n", name)
				}
				return a.printf("The server will send %s now.\n", counted(n))
			})
		},
	}
}

func newDeliveryDrop(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "drop HOST|ID",
		Short: "Forget what waits for a host, or one delivery",
		Example: "  commonage delivery drop mastodon.example\n" +
			"  commonage delivery drop 01JDB8Q6X5Y3ZK4T9M2N7P0RSV",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				n, err := in.store.DropDeliveries(cmd.Context(), hostOrID(args[0]))
				if err != nil {
					return err
				}
				if n == 0 {
					return nothingWaits(args[0])
				}
				return a.printf("Forgot %s.\n", counted(n))
			})
		},
	}
}

// hostOrID returns what was given as it is stored: ids are in upper case, hosts in
// lower.
func hostOrID(arg string) string {
	if strings.ContainsAny(arg, ".:") || arg == "localhost" {
		return strings.ToLower(arg)
	}
	return strings.ToUpper(arg)
}

func nothingWaits(arg string) error {
	return fmt.Errorf("nothing waits for %s; see 'commonage delivery list': %w", arg, directory.ErrNotFound)
}

func counted(n int64) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}
