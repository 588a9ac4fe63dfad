package peering

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// pace is what a process remembers in order to do things less often. It may be
// lost at any time.
type pace struct {
	peers  atomic.Int64 // that we follow
	quiet  atomic.Int64 // rounds of visits in a row that brought nothing new
	passed atomic.Int64 // when something was passed on, in microseconds
	lists  sync.Map     // of list by host
	ends   sync.Map     // of end by host
	relays sync.Map     // of found by host
	waits  sync.Map     // times by waiting
	asked  atomic.Int64 // when a peer told news or all were to be left alone, in microseconds
	doubts doubts
}

// searching reports whether we look for other instances at all.
func (p *Peering) searching() bool {
	return p.Policy == directory.PeersOpen || p.Policy == directory.PeersReview
}

// Visit reads the list of the peer at host, or those of a few random peers if
// host is "", looks at who is new on them and decides about who waits. It
// returns when the next round comes, if this was one.
func (p *Peering) Visit(ctx context.Context, host string) (again time.Time, err error) {
	if !p.searching() {
		return time.Time{}, nil
	}
	peers, err := p.peersThatVouch(ctx)
	if err != nil {
		return time.Time{}, err
	}
	chosen, err := p.toVisit(ctx, peers, host)
	if err != nil {
		return time.Time{}, err
	}
	most := MaxListed
	if host == "" {
		most = ListedAtOnce(int(p.pace.quiet.Load()))
	}
	fresh := 0
	for k := range chosen {
		n, err := p.readList(ctx, &chosen[k], most)
		fresh += n
		if err != nil && (ctx.Err() != nil || host != "") {
			return time.Time{}, errors.Join(err, ctx.Err())
		}
		if err != nil {
			p.Log.InfoContext(ctx, "list of peers not read", "peer", chosen[k].Host, "err", err)
		}
	}
	busy, err := p.consider(ctx, peers)
	if err != nil {
		return time.Time{}, err
	}
	if busy = busy || fresh > 0; busy {
		p.pace.quiet.Store(0)
	}
	if host == "" {
		every := VisitEvery(len(peers), int(p.pace.quiet.Add(1)-1))
		return p.Now().Add(every + rand.N(every/5)), nil //nolint:gosec // no secret
	}
	if busy {
		return time.Time{}, p.VisitSoon(ctx, p.Store, "")
	}
	return time.Time{}, nil
}

// VisitSoon queues a visit to the peer at host, or a round if host is "".
func (p *Peering) VisitSoon(ctx context.Context, s *store.Store, host string) error {
	if !p.searching() {
		return nil
	}
	at := p.Now()
	if host == "" {
		at = at.Add(visitEagerly / 2)
	}
	return p.queue(ctx, s, curation.VisitJob, host, at)
}

// peersThatVouch returns the peers whose lists count.
func (p *Peering) peersThatVouch(ctx context.Context) ([]directory.Peer, error) {
	peers, err := p.Store.FollowedPeers(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := p.Store.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	p.pace.peers.Store(int64(len(peers)))
	strangers, err := p.Store.Strangers(ctx, p.Now().Add(-StrangerSpan))
	if err != nil {
		return nil, err
	}
	peers = slices.DeleteFunc(peers, func(peer directory.Peer) bool { return !mayVouch(&peer, blocks) })
	return Voices(peers, func(peer *directory.Peer) bool { return strangers[peer.Host] }), nil
}

// toVisit returns the peer at host, or a few random ones that answer; one of them, if
// there is one, with a list that was not read to its end.
func (p *Peering) toVisit(ctx context.Context, peers []directory.Peer, host string) ([]directory.Peer, error) {
	if host != "" {
		return slices.DeleteFunc(slices.Clone(peers), func(peer directory.Peer) bool { return peer.Host != host }), nil
	}
	if WaitsForLists(int(p.pace.quiet.Load())) {
		peers = p.mayAsk(peers, listMatter)
	}
	well, err := p.someWell(ctx, peers, len(peers))
	if err != nil {
		return nil, err
	}
	unread := func(peer directory.Peer) bool { return p.pace.list(peer.Host).place.address != "" }
	if k := slices.IndexFunc(well, unread); k >= VisitAtOnce {
		well[0], well[k] = well[k], well[0]
	}
	return well[:min(VisitAtOnce, len(well))], nil
}

// someWell returns n random ones of the peers, none of which is known not to
// answer.
func (p *Peering) someWell(ctx context.Context, peers []directory.Peer, n int) ([]directory.Peer, error) {
	failing, err := p.Store.FailingHosts(ctx)
	if err != nil {
		return nil, err
	}
	well := slices.DeleteFunc(slices.Clone(peers), func(peer directory.Peer) bool { return failing[peer.Host] })
	rand.Shuffle(len(well), func(i, j int) { well[i], well[j] = well[j], well[i] }) //nolint:gosec // no secret
	return well[:min(n, len(well))], nil
}
