package peering

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	// askDaily is how long an answer to a Follow is waited for before it is sent
	// again: it, or its answer, may be lost.
	askDaily = 24 * time.Hour

	// remindedADay is how many peers that we follow are asked again in a day, as
	// they did not tell us what they should have.
	remindedADay = 100
)

// Follow finds the directory actor of the instance at host and asks to follow
// it, also if it said yes before. What went wrong is noted on the peer in plain
// words, and returned if another try may help. It returns when to ask again, the
// zero time for not at all.
func (p *Peering) Follow(ctx context.Context, host string) (again time.Time, err error) {
	peer, err := p.Store.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && !peer.Wanted {
		return time.Time{}, nil // removed since
	}
	if err != nil {
		return time.Time{}, err
	}
	tomorrow := p.Now().Add(askDaily + rand.N(askDaily/10)) //nolint:gosec // no secret
	actor, err := p.find(ctx, host)
	if err != nil {
		if peer.State == directory.PeerRequested {
			again = tomorrow
		}
		return p.patiently(peer, again, p.fail(ctx, host, err))
	}
	err = p.Store.Change(ctx, func(tx *store.Store) error {
		peer, err := tx.Peer(ctx, host)
		if errors.Is(err, directory.ErrNotFound) || err == nil && !peer.Wanted {
			return nil
		}
		if err != nil {
			return err
		}
		e := vocab.Envelope{
			ID:    p.Instance.DirectoryID() + "/follows/" + curation.NewID(p.Now()),
			Actor: p.Instance.DirectoryID(), To: []string{actor.ID},
		}
		body, err := p.proven(vocab.Follow(e, actor.ID))
		describe(peer, actor)
		peer.FollowID, peer.Asked = e.ID, p.Now()
		if peer.State != directory.PeerFollowing {
			peer.Answers(p.Now())
			peer.Asks(p.Now())
			again = tomorrow
		}
		if err := tx.PutPeer(ctx, peer); err != nil {
			return err
		}
		if err := p.Returned(ctx, tx, host); err != nil {
			return err
		}
		return p.send(ctx, tx, e, body, err, actor.Inbox)
	})
	return again, err
}

// remind has a peer that we follow asked again, as it did not tell us of
// something: it may have forgotten that we do. That costs it nothing else, and
// happens once a day at most.
func (p *Peering) remind(ctx context.Context, tx *store.Store, host string) error {
	peer, err := tx.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && !follows(peer) {
		return nil
	}
	wait := max(askDaily, askDaily*time.Duration(p.pace.peers.Load())/remindedADay)
	if err != nil || p.Now().Sub(peer.Asked) < wait {
		return err
	}
	return p.queue(ctx, tx, curation.FollowJob, host, p.Now())
}

// proven adds our directory's proof to an activity that was just written.
func (p *Peering) proven(body json.RawMessage, err error) (json.RawMessage, error) {
	if p.ProvedBy == nil {
		return body, err
	}
	return p.ProvedBy(p.Instance.DirectoryID(), p.Now())(body, err)
}

// describe copies what a directory actor tells of its instance.
func describe(peer *directory.Peer, actor *vocab.Actor) {
	peer.ActorID, peer.Inbox, peer.Name = actor.ID, actor.Inbox, actor.Name
	peer.Locality, peer.Country, peer.Point = actor.Place.Locality, actor.Place.Country, actor.Place.Point
}

// find returns the directory actor of the instance at host.
func (p *Peering) find(ctx context.Context, host string) (*vocab.Actor, error) {
	doc, err := p.Client.ResolveActor(ctx, directory.DirectoryHandle+"@"+host)
	if err != nil {
		return nil, err
	}
	actor, err := vocab.ParseActor(doc.Body)
	if err != nil {
		return nil, notDirectory(host, err)
	}
	if err := actor.Check(); err != nil {
		return nil, notDirectory(host, err)
	}
	if directory.HostOf(actor.ID) != host || !actor.IsDirectory() {
		return nil, notDirectory(host, fmt.Errorf("%s publishes no directory for %s", actor.ID, host))
	}
	return actor, p.remember(ctx, actor)
}

func notDirectory(host string, cause error) error {
	return &client.InvalidError{URL: host, Reason: "it publishes no directory", Detail: cause.Error()}
}

// remember keeps the actor's key, with which all of its instance's initiatives
// sign.
func (p *Peering) remember(ctx context.Context, a *vocab.Actor) error {
	if len(a.Keys) == 0 || a.Keys[0].PEM == "" {
		return notDirectory(directory.HostOf(a.ID), errors.New("its directory actor has no key"))
	}
	if p.Believe != nil {
		if err := p.Believe(ctx, a); err != nil {
			return err
		}
	}
	return p.Store.PutActor(ctx, &directory.RemoteActor{
		ID: a.ID, Type: a.Type, Handle: a.Handle, Name: a.Name, Inbox: a.Inbox, SharedInbox: a.SharedInbox,
		KeyID: a.Keys[0].ID, KeyPEM: a.Keys[0].PEM, ProofKeys: a.ProofKeys, Directory: true, Fetched: p.Now(),
		URL: a.URL, Icon: a.Icon,
	})
}

// fail notes on the peer what went wrong. It returns the error if another try
// may help.
func (p *Peering) fail(ctx context.Context, host string, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err() // we are stopping: nothing went wrong with the peer
	}
	if p.Store.Interrupted(cause) {
		return cause // nor here
	}
	doubted := false
	err := p.Store.UpdatePeer(ctx, host, func(peer *directory.Peer) error {
		if doubted = peer.State == directory.PeerDoubted; doubted {
			return nil // which tells more, and has its own time to try again
		}
		kind, text := plainly(host, cause)
		peer.Fails(p.Now(), text)
		peer.Trouble = kind
		return nil
	})
	if errors.Is(err, directory.ErrNotFound) || doubted {
		return nil // removed since
	}
	if err != nil || client.Retryable(cause) {
		return errors.Join(cause, err)
	}
	p.Log.WarnContext(ctx, "peer not usable", "peer", host, "err", cause)
	return nil
}
