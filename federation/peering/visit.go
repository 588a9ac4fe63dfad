package peering

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// pace is what a process remembers in order to do things less often. It may be
// lost at any time.
type pace struct {
	peers  atomic.Int64 // that we follow
	quiet  atomic.Int64 // rounds of visits in a row that brought nothing new
	passed atomic.Int64 // when something was passed on, in microseconds
	lists  sync.Map     // of *list by host
	ends   sync.Map     // of end by host
	relays sync.Map     // of found by host
	doubts doubts
}

// list is what we remember of a peer's list of peers.
type list struct{ address, etag string }

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
	fresh := 0
	for k := range chosen {
		n, err := p.readList(ctx, &chosen[k])
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

// toVisit returns the peer at host, or a few random ones that answer.
func (p *Peering) toVisit(ctx context.Context, peers []directory.Peer, host string) ([]directory.Peer, error) {
	if host != "" {
		return slices.DeleteFunc(slices.Clone(peers), func(peer directory.Peer) bool { return peer.Host != host }), nil
	}
	return p.someWell(ctx, peers, VisitAtOnce)
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

// readList reads whom a peer lists, and notes those that we do not know yet or
// that wait. It returns how many are new to us.
func (p *Peering) readList(ctx context.Context, peer *directory.Peer) (fresh int, err error) {
	listed, changed, err := p.fetchList(ctx, peer)
	if err != nil || !changed {
		return 0, err
	}
	err = p.Store.Change(ctx, func(tx *store.Store) error {
		heard, err := p.hearing(ctx, tx, peer.Host)
		if err != nil {
			return err
		}
		vouched, brought := heard.sort(listed)
		for _, host := range brought {
			c := &directory.Candidate{
				Host: host, Domain: RegisteredDomain(host), State: directory.CandidateFound, Found: p.Now(),
			}
			if err := tx.PutCandidate(ctx, c); err != nil {
				return err
			}
		}
		fresh = len(brought)
		return tx.PutVouches(ctx, peer.Host, vouched, brought, p.Now())
	})
	return fresh, err
}

// maxListPages is how many pages of a list of peers are read: those of MaxListed
// names, with some to spare.
const maxListPages = 100

// fetchList returns the hosts that a peer lists, or that they are the same as
// the last time.
func (p *Peering) fetchList(ctx context.Context, peer *directory.Peer) (hosts []string, changed bool, err error) {
	known := &list{}
	if value, ok := p.pace.lists.Load(peer.Host); ok {
		known = value.(*list)
	}
	if known.address == "" {
		if err := p.noteListed(ctx, peer.Host); err != nil {
			return nil, false, err
		}
		known.address = peer.ActorID + "/peers" // where ours have it
	}
	doc, err := p.Client.DocumentIfChanged(ctx, known.address, known.etag)
	if status, ok := errors.AsType[*client.StatusError](err); ok && status.Status == http.StatusNotFound {
		if known.address, err = p.listAddress(ctx, peer); err == nil {
			doc, err = p.Client.Document(ctx, known.address)
		}
	}
	if err != nil || doc.NotModified {
		return nil, false, err
	}
	root, err := vocab.ParseCollection(doc.Body)
	if err != nil {
		return nil, false, invalid(known.address, err)
	}
	pages := root
	if root.FirstPage != nil {
		pages = root.FirstPage
	}
	next := pages.Next
	if root.First != "" && root.FirstPage == nil {
		next = root.First
	}
	hosts = p.hostsOf(root.Items)
	if root.FirstPage != nil {
		hosts = append(hosts, p.hostsOf(root.FirstPage.Items)...)
	}
	for seen := map[string]bool{}; next != "" && !seen[next] && len(seen) < maxListPages && len(hosts) < MaxListed; {
		seen[next] = true
		page, err := p.fetchPage(ctx, peer.Host, next)
		if err != nil {
			return nil, false, err
		}
		hosts, next = append(hosts, p.hostsOf(page.Items)...), page.Next
	}
	p.pace.lists.Store(peer.Host, &list{known.address, doc.ETag})
	return hosts[:min(len(hosts), MaxListed)], true, nil
}

// listAddress returns where a peer's list of peers is.
func (p *Peering) listAddress(ctx context.Context, peer *directory.Peer) (string, error) {
	doc, err := p.Client.Document(ctx, peer.ActorID)
	if err != nil {
		return "", err
	}
	actor, err := vocab.ParseActor(doc.Body)
	if err != nil {
		return "", invalid(peer.ActorID, err)
	}
	if actor.Peers == "" || directory.HostOf(actor.Peers) != peer.Host {
		return "", invalid(peer.ActorID, errors.New("it has no list of peers on its own host"))
	}
	return actor.Peers, nil
}

// hostsOf returns the hosts of directory actors, without what could not be one.
func (p *Peering) hostsOf(items []json.RawMessage) []string {
	var hosts []string
	for _, item := range items {
		ref, err := vocab.ParseRef(item)
		if err != nil {
			continue
		}
		host, err := curation.ParseHost(directory.HostOf(ref.ID))
		if err == nil && host != p.Instance.Host && client.SameOrigin(ref.ID, p.Instance.Scheme+"://"+host) {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// hearing is what we know when a peer tells of others, and how much it may still
// tell.
type hearing struct {
	known    map[string]store.KnownCandidate
	ofDomain map[string]int
	skip     func(host string) bool // blocked, or a peer
	room     int                    // for hosts that are new to us
}

func (p *Peering) hearing(ctx context.Context, tx *store.Store, voucher string) (*hearing, error) {
	h := &hearing{}
	var err error
	if h.known, err = tx.KnownCandidates(ctx); err != nil {
		return nil, err
	}
	count, err := tx.CountCandidates(ctx, p.Now(), p.Now())
	if err != nil {
		return nil, err
	}
	brought, err := tx.CountBrought(ctx, voucher, p.Now().Add(-BroughtSpan))
	if err != nil {
		return nil, err
	}
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := tx.WantedHosts(ctx)
	if err != nil {
		return nil, err
	}
	h.ofDomain = count.Of
	h.room = min(MaxBrought-brought, MaxCandidates-count.Known)
	h.skip = func(host string) bool { return wanted[host] || blocks.Blocked(host) }
	return h, nil
}

// sort returns, of the hosts that a peer lists, those that it vouches for, and of
// these the ones that are new. When there is no room for all that is new, chance
// decides, so that nobody can choose what we never hear of.
func (h *hearing) sort(listed []string) (vouched, brought []string) {
	var unknown []string
	for _, host := range listed {
		switch known, ok := h.known[host]; {
		case ok && known.Stranger && known.Vouchers < MaxVouchers:
			vouched = append(vouched, host)
		case h.skip(host):
		case !ok:
			unknown = append(unknown, host)
		case decided(known.State) || known.Vouchers >= MaxVouchers:
		default:
			vouched = append(vouched, host)
		}
	}
	rand.Shuffle(len(unknown), func(i, j int) { unknown[i], unknown[j] = unknown[j], unknown[i] }) //nolint:gosec // no secret
	for _, host := range unknown {
		if domain := RegisteredDomain(host); len(brought) < h.room && h.ofDomain[domain] < MaxOfDomain {
			h.ofDomain[domain]++
			brought = append(brought, host)
		}
	}
	return append(vouched, brought...), brought
}

func decided(state string) bool {
	s := directory.CandidateState(state)
	return s == directory.CandidateFollowed || s == directory.CandidateRefused
}
