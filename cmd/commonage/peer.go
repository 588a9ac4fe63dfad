package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
)

// newPeerCommand returns 'commonage peer' and what it holds.
func newPeerCommand(a *app) *cobra.Command {
	return newGroup("peer", "Choose the instances whose directories this one carries",
		newPeerAdd(a), newPeerList(a), newPeerSync(a), newPeerRepair(a), newPeerTrust(a), newPeerRemove(a),
		newPeerCandidates(a), newPeerAccept(a), newPeerRefuse(a))
}

func newPeerAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add HOST...",
		Short: "Follow the directories of other instances and carry their entries",
		Long: "Follow the directories of other instances and carry their entries. The running\n" +
			"server finds and reads them; 'commonage peer list' shows how far it is.",
		Example: "  commonage peer add barcelona.example melbourne.example",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("peer", func(ctx context.Context, in *instance, host string) (string, error) {
			return "The server will follow " + host + ".", in.curator(a).AddPeer(ctx, host)
		}),
	}
}

func newPeerRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove HOST",
		Short:   "Stop following an instance and forget its entries",
		Example: "  commonage peer remove barcelona.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).RemovePeer(cmd.Context(), args[0]), "peer "+args[0])
			})
		},
	}
}

func newPeerTrust(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "trust HOST",
		Short: "Believe the new key of an instance that changed it without announcing it",
		Long: "Believe the new key of an instance that changed it without announcing it. Somebody\n" +
			"else may have got hold of its name: ask those who run it, by another way, first. Until\n" +
			"then nothing more is taken of it, and what is carried stays as it is.",
		Example: "  commonage peer trust barcelona.example",
		Args:    cobra.ExactArgs(1),
		RunE: a.each("peer", func(ctx context.Context, in *instance, host string) (string, error) {
			return "The server will follow " + host + " with its new key.", in.curator(a).TrustPeer(ctx, host)
		}),
	}
}

func newPeerSync(a *app) *cobra.Command {
	return newPeerWork(a, &cobra.Command{
		Use:     "sync [HOST]",
		Short:   "Read what is new at a peer, or at all of them, now",
		Example: "  commonage peer sync\n  commonage peer sync barcelona.example",
	}, (*curation.Curator).SyncPeer, func(p directory.Peer) string { return "read " + p.Host })
}

func newPeerRepair(a *app) *cobra.Command {
	return newPeerWork(a, &cobra.Command{
		Use:   "repair [HOST]",
		Short: "Compare what is carried from a peer, or from all, with what it has, and mend it",
		Long: "Compare what is carried from a peer, or from all, with what it has, and mend what\n" +
			"differs. The server does so by itself every hour, more rarely with many peers, and after\n" +
			"an outage; if nothing differs, it costs one request. 'commonage peer list' shows what\n" +
			"the last comparison came to.",
		Example: "  commonage peer repair\n  commonage peer repair barcelona.example",
	}, (*curation.Curator).RepairPeer, func(p directory.Peer) string {
		if p.Cursor == "" || p.Backfill != "" {
			return "compare what it carries with " + p.Host + " once that is read, which it is not yet"
		}
		return "compare what it carries with " + p.Host
	})
}

// newPeerWork completes a command that leaves work about one peer, or all, which
// does something about those that we follow.
func newPeerWork(a *app, c *cobra.Command, queue func(*curation.Curator, context.Context, string) ([]directory.Peer, error),
	does func(directory.Peer) string,
) *cobra.Command {
	c.Args = cobra.MaximumNArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withInstance(cmd.Context(), func(in *instance) error {
			host := ""
			if len(args) == 1 {
				host = args[0]
			}
			peers, err := queue(in.curator(a), cmd.Context(), host)
			if err != nil {
				return explain(err, "peer "+host)
			}
			if len(peers) == 0 {
				return a.printNoPeer(cmd.Context(), in)
			}
			for _, p := range peers {
				if err := a.printf("The server will %s.\n", workOn(p, does)); err != nil {
					return err
				}
			}
			if !serverAnswers(cmd.Context(), in.config) {
				return a.printf("None answers at %s now: this waits until one runs.\n", reachable(in.config.Listen))
			}
			return nil
		})
	}
	return c
}

// printNoPeer says that no peer is followed, though some may follow us.
func (a *app) printNoPeer(ctx context.Context, in *instance) error {
	peers, err := in.store.Peers(ctx)
	if err != nil {
		return err
	}
	if len(peers) == 0 {
		return a.printf("There is no peer yet. Add one with 'commonage peer add HOST'.\n")
	}
	return a.printf("No peer is followed; 'commonage peer list' shows who follows us. Add one with 'commonage peer add HOST'.\n")
}

// workOn words what the server does next about a peer: it has to follow it before
// it can do more.
func workOn(p directory.Peer, does func(directory.Peer) string) string {
	switch p.State {
	case directory.PeerFollowing:
		return does(p)
	case directory.PeerRequested:
		return "ask " + p.Host + " again, which has not let us follow it yet"
	case directory.PeerRefused:
		return "ask " + p.Host + " again, which refused us"
	case directory.PeerDoubted:
		return "look whether " + p.Host + " shows its old key again, and read nothing of it until then"
	}
	return "look for " + p.Host + " again, which it has not found yet"
}

func newPeerList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the instances we know, and how it goes with them",
		Example: "  commonage peer list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				peers, err := in.store.Peers(cmd.Context())
				if err != nil {
					return err
				}
				if len(peers) == 0 {
					return a.printNoPeer(cmd.Context(), in)
				}
				return a.printPeers(peers)
			})
		},
	}
}

func (a *app) printPeers(peers []directory.Peer) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	rows := []error{row(w, "HOST", "NAME", "ENTRIES", "WE FOLLOW", "FOLLOWS US", "LAST CONTACT", "COMPARED", "TROUBLE")}
	for k := range peers {
		p := &peers[k]
		follows, contact, trouble := "no", "never", ""
		if p.FollowsUs {
			follows = "yes"
		}
		if !p.LastContact.IsZero() {
			contact = a.since(p.LastContact)
		}
		if problem := p.Problem(a.now()); problem != nil {
			trouble = problem.Text + " " + problem.Mend
		}
		rows = append(rows, row(w, p.Host, p.Name, p.Entries, following(p), follows, contact, a.compared(p), trouble))
	}
	return errors.Join(append(rows, w.Flush())...)
}

// following words how far our following of a peer is.
func following(p *directory.Peer) string {
	switch {
	case p.Backfill != "" && p.Total > 0:
		return fmt.Sprintf("%d of %d read", min(p.Read, p.Total), p.Total)
	case p.Backfill != "":
		return "reading"
	case p.State == directory.PeerNone:
		return "no"
	case p.State == directory.PeerDoubted:
		return "key changed"
	case p.State == directory.PeerFollowing:
		return "yes"
	}
	return string(p.State)
}

// compared words what the last comparison with a peer came to.
func (a *app) compared(p *directory.Peer) string {
	if p.Compared.IsZero() {
		return "never"
	}
	text := a.since(p.Compared)
	switch {
	case p.MendedAt.IsZero():
		text += ", nothing to mend"
	case p.MendedAt.Equal(p.Compared):
		text += fmt.Sprintf(", %d mended", p.Mended)
	default:
		text += fmt.Sprintf(", nothing to mend; %d mended %s", p.Mended, a.since(p.MendedAt))
	}
	if p.Lacking > 0 {
		text += fmt.Sprintf("; %d of its %d not carried", p.Lacking, p.Listed)
	}
	return text
}

// since words how long ago a time was.
func (a *app) since(t time.Time) string { return a.now().Sub(t).Round(time.Second).String() + " ago" }
