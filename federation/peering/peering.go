// Package peering mirrors the directories of other instances: it finds and
// follows their directory actors, reads their logs and applies what they tell.
package peering

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// Options are what a Peering is made with.
type Options struct {
	Instance directory.Instance
	Store    *store.Store
	Client   *client.Client
	Log      *slog.Logger
	Now      func() time.Time
	Policy   directory.PeerPolicy // what becomes of instances we hear of; "" looks for none
	Vouches  int                  // peers that must list an instance before it is followed

	// MaxEntries is how many entries are carried from one peer at most, tombstones
	// among them; 0 for any number.
	MaxEntries int

	// Prove returns nil if an activity's proof is by its actor, as far as is
	// known without asking anybody. Without it nothing is passed on.
	Prove func(ctx context.Context, tx *store.Store, a *vocab.Activity) error

	// ProvedBy returns what adds a proof of an actor of ours to what was just
	// written. Without it our activities have none.
	ProvedBy func(actor string, at time.Time) func(json.RawMessage, error) (json.RawMessage, error)

	// Believe returns nil unless a directory actor that was fetched shows a key
	// that was changed without being announced. Without it every key is believed.
	Believe func(ctx context.Context, a *vocab.Actor) error
}

// Peering mirrors the peers of one instance. It is safe for concurrent use.
type Peering struct {
	Options
	pace pace
}

// New returns a peering.
func New(o Options) *Peering { return &Peering{Options: o} }

// Start has every peer read now, as this server may have been away, and finds
// those that were not found yet or have not answered. Those we follow are asked
// once more to let us: it tells them that we are back, and restores what they may
// have forgotten. With more than a few peers, one of them is asked for the news of
// all instead, unless we were away for so long that nobody remembers; then they
// are read bit by bit.
func (p *Peering) Start(ctx context.Context) error {
	if err := p.startRepairs(ctx); err != nil {
		return err
	}
	if err := p.VisitSoon(ctx, p.Store, ""); err != nil {
		return err
	}
	wanted, err := p.Store.WantedPeers(ctx)
	if err != nil {
		return err
	}
	asked, err := p.Store.Asked(ctx)
	if err != nil {
		return err
	}
	now := p.Now()
	p.pace.peers.Store(int64(len(wanted)))
	_, complete := AskSince(now, asked)
	few := len(wanted) <= MaxDirect
	ask := now
	if few { // reading them tells as much
		ask = now.Add(AskEvery)
	}
	if err := p.queue(ctx, p.Store, curation.AskJob, "", ask); err != nil {
		return err
	}
	for k := range wanted {
		at := now
		if !few && wanted[k].State == directory.PeerFollowing {
			if complete {
				continue
			}
			at = at.Add(time.Duration(k) * catchUpEvery)
		}
		if err := p.startPeer(ctx, &wanted[k], at); err != nil {
			return err
		}
	}
	return nil
}

// startPeer has what is due at a peer after a start done at a time.
func (p *Peering) startPeer(ctx context.Context, peer *directory.Peer, at time.Time) error {
	var kinds []string
	switch peer.State {
	case directory.PeerSearching, directory.PeerRequested, directory.PeerDoubted:
		kinds = []string{curation.FollowJob}
	case directory.PeerFollowing:
		kinds = []string{curation.SyncJob, curation.FollowJob}
	case directory.PeerRefused: // a program before this one may have left its entries in the lists
		return p.Store.Change(ctx, func(tx *store.Store) error {
			now, err := tx.Peer(ctx, peer.Host)
			if err != nil || now.State != directory.PeerRefused || now.Hidden {
				return err
			}
			return p.disown(ctx, tx, now)
		})
	case directory.PeerNone:
	}
	for _, kind := range kinds {
		if err := p.queue(ctx, p.Store, kind, peer.Host, at); err != nil {
			return err
		}
	}
	return nil
}

func (p *Peering) queue(ctx context.Context, s *store.Store, kind, host string, at time.Time) error {
	now := p.Now()
	return s.PutJob(ctx, &directory.Job{ID: curation.NewID(now), Kind: kind, Key: host, Created: now}, at)
}

// next returns when a peer is read again, not all of them at once.
func (p *Peering) next() time.Time {
	every := ReadEvery(int(p.pace.peers.Load()))
	return p.Now().Add(every + rand.N(every/5)) //nolint:gosec // no secret
}
