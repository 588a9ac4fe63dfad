package main

import (
	"context"
	"fmt"
	"strings"
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
	}, "The server will read %s.\n", (*curation.Curator).SyncPeer)
}

func newPeerRepair(a *app) *cobra.Command {
	return newPeerWork(a, &cobra.Command{
		Use:   "repair [HOST]",
		Short: "Compare what is carried from a peer, or from all, with what it has, and mend it",
		Long: "Compare what is carried from a peer, or from all, with what it has, and mend what\n" +
			"differs. The server does so by itself every hour; if nothing differs, it costs one request.",
		Example: "  commonage peer repair\n  commonage peer repair barcelona.example",
	}, "The server will compare what it carries with %s.\n", (*curation.Curator).RepairPeer)
}

// newPeerWork completes a command that leaves work about one peer, or all.
func newPeerWork(a *app, c *cobra.Command, done string, queue func(*curation.Curator, context.Context, string) ([]string, error)) *cobra.Command {
	c.Args = cobra.MaximumNArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withInstance(cmd.Context(), func(in *instance) error {
			host := ""
			if len(args) == 1 {
				host = args[0]
			}
			hosts, err := queue(in.curator(a), cmd.Context(), host)
			if err != nil {
				return explain(err, "peer "+host)
			}
			if len(hosts) == 0 {
				return a.printf("There is no peer yet. Add one with 'commonage peer add HOST'.\n")
			}
			return a.printf(done, strings.Join(hosts, ", "))
		})
	}
	return c
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
					return a.printf("There is no peer yet. Add one with 'commonage peer add HOST'.\n")
				}
				return a.printPeers(peers)
			})
		},
	}
}

func (a *app) printPeers(peers []directory.Peer) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, "HOST\tNAME\tENTRIES\tWE FOLLOW\tFOLLOWS US\tLAST CONTACT\tTROUBLE"); err != nil {
		return fmt.Errorf("print the peers: %w", err)
	}
	for _, p := range peers {
		state := string(p.State)
		switch {
		case p.Backfill != "" && p.Total > 0:
			state = fmt.Sprintf("%d of %d read", min(p.Read, p.Total), p.Total)
		case p.Backfill != "":
			state = "reading"
		case p.State == directory.PeerNone:
			state = "no"
		case p.State == directory.PeerDoubted:
			state = "key changed"
		case p.State == directory.PeerFollowing:
			state = "yes"
		}
		follows := "no"
		if p.FollowsUs {
			follows = "yes"
		}
		contact := "never"
		if !p.LastContact.IsZero() {
			contact = a.now().Sub(p.LastContact).Round(time.Second).String() + " ago"
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n",
			p.Host, p.Name, p.Entries, state, follows, contact, p.LastError); err != nil {
			return fmt.Errorf("print the peers: %w", err)
		}
	}
	return w.Flush()
}
