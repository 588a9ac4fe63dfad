package peering

import (
	"context"
	"errors"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// The pace at which a peer that does not answer is tried: from a day on, each
// pause is a tenth of the time for which it has not.
const (
	patience  = 24 * time.Hour
	maxPause  = 24 * time.Hour
	pausePart = 10
)

// patiently returns when a peer is tried again after an error. In the first day
// the job's own pauses do; then they grow to a day, and the error is on the peer.
func (p *Peering) patiently(peer *directory.Peer, next time.Time, err error) (time.Time, error) {
	if err == nil || peer.FailingSince.IsZero() {
		return next, err
	}
	failing := p.Now().Sub(peer.FailingSince)
	if failing < patience || errors.Is(err, context.Canceled) {
		return next, err
	}
	return p.Now().Add(min(failing/pausePart, maxPause)), nil
}

// well notes in a transaction that an exchange with a peer went well, for the
// caller to write. Entries that were hidden come back into the lists, and are
// compared with the peer's, as nobody knows what was missed.
func (p *Peering) well(ctx context.Context, tx *store.Store, peer *directory.Peer) error {
	outage := !peer.FailingSince.IsZero()
	peer.Well(p.Now())
	var err error
	if peer.LastError, err = p.excess(ctx, tx, peer); err != nil {
		return err
	}
	if peer.Hidden {
		peer.Hidden = false
		if err := curation.List(ctx, tx, peer.Host, true); err != nil {
			return err
		}
	}
	if !outage || peer.State != directory.PeerFollowing {
		return nil
	}
	return p.queue(ctx, tx, curation.RepairJob, peer.Host, p.Now())
}

// Hide takes the entries of peers that have not answered for so long out of
// search and map. They stay in the store, and at their addresses.
func (p *Peering) Hide(ctx context.Context, after time.Duration) error {
	failing, err := p.Store.FailingPeers(ctx)
	if err != nil {
		return err
	}
	for _, peer := range failing {
		if peer.Hidden || peer.FailingSince.IsZero() || p.Now().Sub(peer.FailingSince) < after {
			continue
		}
		err := p.Store.Change(ctx, func(tx *store.Store) error {
			now, err := tx.Peer(ctx, peer.Host)
			if err != nil || now.FailingSince.IsZero() || now.Hidden {
				return err
			}
			now.Hidden = true
			if err := tx.PutPeer(ctx, now); err != nil {
				return err
			}
			return curation.List(ctx, tx, peer.Host, false)
		})
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		p.Log.InfoContext(ctx, "entries hidden", "peer", peer.Host, "since", peer.FailingSince)
	}
	return nil
}
