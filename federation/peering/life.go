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

// breath is how long a peer is left alone after an error, whatever it sends: its
// workers may run while it does not answer.
const breath = time.Minute

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

// Returned has those of the hosts that are peers which do not answer tried at once:
// they have shown that they are there.
func (p *Peering) Returned(ctx context.Context, tx *store.Store, hosts ...string) error {
	failing, err := tx.FailingAmong(ctx, hosts)
	if err != nil {
		return err
	}
	for k := range failing {
		peer, at := &failing[k], p.Now()
		if next := peer.LastErrorAt.Add(breath); next.After(at) {
			at = next
		}
		kind := curation.FollowJob
		switch peer.State {
		case directory.PeerFollowing:
			kind = curation.SyncJob
		case directory.PeerSearching, directory.PeerRequested:
		default: // it has its own time
			continue
		}
		if err := p.queue(ctx, tx, kind, peer.Host, at); err != nil {
			return err
		}
	}
	return nil
}

// well notes in a transaction that a peer has told what it has, for the caller to
// write. Entries that were hidden come back into the lists, and are compared with
// the peer's, as nobody knows what was missed.
func (p *Peering) well(ctx context.Context, tx *store.Store, peer *directory.Peer) error {
	outage := !peer.FailingSince.IsZero() || peer.Hidden
	peer.Confirms(p.Now())
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
	if !outage {
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
			return p.hide(ctx, tx, now)
		})
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		p.Log.InfoContext(ctx, "entries hidden", "peer", peer.Host, "since", peer.FailingSince)
	}
	return nil
}

// hide writes a peer, and takes its entries out of search and map until it tells
// again what it has.
func (p *Peering) hide(ctx context.Context, tx *store.Store, peer *directory.Peer) error {
	peer.Hidden = true
	if err := tx.PutPeer(ctx, peer); err != nil {
		return err
	}
	return curation.List(ctx, tx, peer.Host, false)
}

// Refused notes in a Change that a peer does not let us follow it, now or any
// more, and why. What is carried of it is nobody's word any more: it leaves search
// and map at once, and is passed on to nobody. It stays in the store, and is listed
// and repaired when the peer lets us follow it again.
func (p *Peering) Refused(ctx context.Context, tx *store.Store, peer *directory.Peer, why string) error {
	peer.State, peer.LastError, peer.LastErrorAt = directory.PeerRefused, why, p.Now()
	return p.disown(ctx, tx, peer)
}

// disown writes a peer that refuses us, and ends what is done about its entries.
func (p *Peering) disown(ctx context.Context, tx *store.Store, peer *directory.Peer) error {
	if err := p.Release(ctx, tx, peer.Host, peer.ActorID); err != nil {
		return err
	}
	if err := tx.RemoveNews(ctx, peer.Host); err != nil {
		return err
	}
	n, err := tx.CountOf(ctx, peer.Host)
	if err != nil {
		return err
	}
	if n > 0 && !peer.Hidden {
		return p.hide(ctx, tx, peer)
	}
	return tx.PutPeer(ctx, peer)
}

// AskAgain has the peer with the directory actor asked again to let us follow it if
// it refused that, as it seems to have changed its mind.
func (p *Peering) AskAgain(ctx context.Context, tx *store.Store, actor string) error {
	host := directory.HostOf(actor)
	peer, err := tx.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil || !peer.Wanted || peer.State != directory.PeerRefused || peer.ActorID != actor {
		return err
	}
	at := p.Now()
	if next := peer.Asked.Add(breath); next.After(at) {
		at = next
	}
	return p.queue(ctx, tx, curation.FollowJob, host, at)
}
