package peering

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// An instance that many follow tells few of them of a change. Who follows it asks
// two of the others to pass on what they learn of it, by a Follow of its directory
// that is sent to them. So everybody gets everything about twice, whoever else they
// follow, and nobody sends anything to who did not ask for it.

// maxRelays is how many instances to ask an origin names at once.
const maxRelays = 8

// tend sees that enough others pass on to us what changes at a peer, once its log
// was read; missed says that it told of something that should have been passed on.
func (p *Peering) tend(ctx context.Context, host string, missed bool) error {
	peer, err := p.Store.Peer(ctx, host)
	if err != nil {
		return err
	}
	list, err := p.Store.Upstreams(ctx, host)
	if err != nil {
		return err
	}
	now := p.Now()
	keeps := func(u directory.Upstream) bool { return KeepsUpstream(&u, now, missed, int(p.pace.peers.Load())) }
	bad := slices.DeleteFunc(slices.Clone(list), keeps)
	needed := Upstreams - (len(list) - len(bad))
	if needed <= 0 && len(bad) == 0 || !p.pace.mayFindRelays(host, now, missed) {
		return nil
	}
	fresh, err := p.findRelays(ctx, peer, list, needed)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		p.pace.relays.Store(host, found{now, true})
	}
	return p.Store.Change(ctx, func(tx *store.Store) error {
		for k := range bad {
			if err := p.release(ctx, tx, peer.ActorID, &bad[k]); err != nil {
				return err
			}
		}
		for _, actor := range fresh {
			if err := p.request(ctx, tx, peer, actor); err != nil {
				return err
			}
		}
		return nil
	})
}

// found is when an origin was asked whom to ask, and whether that was for nothing.
type found struct {
	at   time.Time
	none bool
}

// mayFindRelays reports whether an origin is asked now whom to ask, and notes that.
func (p *pace) mayFindRelays(host string, now time.Time, missed bool) bool {
	if last, ok := p.relays.Load(host); ok {
		wait := upstreamWait
		if f := last.(found); f.none && !missed {
			wait = relaysAgain
		}
		if now.Before(last.(found).at.Add(wait)) {
			return false
		}
	}
	p.relays.Store(host, found{at: now})
	return true
}

// findRelays returns so many of the instances that a peer names to be asked, that
// are not asked already.
func (p *Peering) findRelays(ctx context.Context, peer *directory.Peer, asked []directory.Upstream, needed int) ([]*vocab.Actor, error) {
	page, err := p.fetchPage(ctx, peer.Host, peer.ActorID+"/relays")
	if status, ok := errors.AsType[*client.StatusError](err); ok && status.Status == http.StatusNotFound {
		return nil, nil // it tells all itself, or does not know how
	}
	if err != nil {
		return nil, err
	}
	blocks, err := p.Store.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	hosts := p.hostsOf(page.Items[:min(len(page.Items), maxRelays)])
	if mine, err := p.countFollowed(ctx, hosts); err != nil || !NeedsUpstreams(int(p.pace.peers.Load()), len(hosts), mine) {
		return nil, err
	}
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] }) //nolint:gosec // no secret
	var found []*vocab.Actor
	for _, host := range hosts {
		if len(found) == needed {
			break
		}
		known := slices.ContainsFunc(asked, func(u directory.Upstream) bool { return directory.HostOf(u.ActorID) == host })
		if known || host == peer.Host || host == p.Instance.Host || blocks.Blocked(host) {
			continue
		}
		actor, err := p.find(ctx, host)
		if err != nil {
			p.Log.InfoContext(ctx, "instance not asked to pass on", "peer", peer.Host, "host", host, "err", err)
			continue
		}
		found = append(found, actor)
	}
	return found, nil
}

// countFollowed returns how many of the hosts we follow.
func (p *Peering) countFollowed(ctx context.Context, hosts []string) (n int, err error) {
	peers, err := p.Store.FollowedPeers(ctx)
	for k := range peers {
		if slices.Contains(hosts, peers[k].Host) {
			n++
		}
	}
	return n, err
}

// request asks an instance to pass on to us what changes at a peer.
func (p *Peering) request(ctx context.Context, tx *store.Store, peer *directory.Peer, actor *vocab.Actor) error {
	u := &directory.Upstream{
		Origin: peer.Host, ActorID: actor.ID, Inbox: actor.Inbox, Since: p.Now(),
		FollowID: p.Instance.DirectoryID() + "/follows/" + curation.NewID(p.Now()),
	}
	if err := tx.PutUpstream(ctx, u); err != nil {
		return err
	}
	e := vocab.Envelope{ID: u.FollowID, Actor: p.Instance.DirectoryID(), To: []string{u.ActorID}}
	body, err := p.proven(vocab.Follow(e, peer.ActorID))
	return p.send(ctx, tx, e, body, err, u.Inbox)
}

// release takes back what was asked of an instance about an origin's directory.
func (p *Peering) release(ctx context.Context, tx *store.Store, origin string, u *directory.Upstream) error {
	if _, err := tx.RemoveUpstream(ctx, u.ActorID, u.FollowID); err != nil {
		return err
	}
	return p.Undo(ctx, tx, u.FollowID, origin, u.ActorID, u.Inbox)
}

// Undo takes back our Follow with the id, of the directory actor object, where it was
// sent.
func (p *Peering) Undo(ctx context.Context, tx *store.Store, followID, object, to, inbox string) error {
	us := p.Instance.DirectoryID()
	follow, err := vocab.Follow(vocab.Envelope{ID: followID, Actor: us}, object)
	if err != nil {
		return err
	}
	e := vocab.Envelope{ID: followID + "/undo", Actor: us, To: []string{to}}
	body, err := p.proven(vocab.Undo(e, follow))
	return p.send(ctx, tx, e, body, err, inbox)
}

// Release takes back everything about an origin that is followed no more: what we
// asked of others, and what others asked of us.
func (p *Peering) Release(ctx context.Context, tx *store.Store, host, actorID string) error {
	list, err := tx.Upstreams(ctx, host)
	if err != nil {
		return err
	}
	for k := range list {
		if err := p.release(ctx, tx, actorID, &list[k]); err != nil {
			return err
		}
	}
	return tx.RemoveFollowers(ctx, actorID)
}

// send queues an activity that was just written for one inbox.
func (p *Peering) send(ctx context.Context, tx *store.Store, e vocab.Envelope, body json.RawMessage, err error, inbox string) error {
	if err != nil {
		return err
	}
	out := store.Outgoing{ActivityID: e.ID, ActorID: e.Actor, Body: body, Inboxes: []string{inbox}}
	return tx.PutDeliveries(ctx, out, p.Now(), func() string { return curation.NewID(p.Now()) })
}

// Relays returns whom those who follow us may ask to pass on what changes here: a
// few random ones of the peers that follow us and answer, or none where we tell
// all of them ourselves.
func (p *Peering) Relays(ctx context.Context) ([]string, error) {
	peers, err := p.Store.PeerFollowers(ctx, p.Instance.DirectoryID())
	if err != nil || len(peers) <= MaxDirect {
		return nil, err
	}
	unlisted, err := p.Store.UnlistedHosts(ctx)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] }) //nolint:gosec // no secret
	seen := map[string]bool{}                                                            // domains: one owner shall not crowd out the others
	peers = slices.DeleteFunc(peers, func(id string) bool {
		host := directory.HostOf(id)
		domain := RegisteredDomain(host)
		again := seen[domain] || slices.Contains(unlisted, host)
		seen[domain] = true
		return again
	})
	return p.SomeInboxes(ctx, p.Store, peers, maxRelays)
}
