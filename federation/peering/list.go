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

// The bounds on reading a list of peers.
const (
	maxListPages = 100             // in a visit
	maxListTime  = 4 * time.Minute // the same, before another page is asked for
	maxListNames = 20 * MaxListed  // after which a list has no end
)

// list is what we remember of a peer's list of peers.
type list struct {
	address string
	etag    string // of a list of one document of which everything was taken
	place   place
}

// place is how far a list was read that is too long for one visit.
type place struct {
	address string    // of the page to go on with; "" for the beginning
	passed  int       // items before it
	began   time.Time // when the list was begun
}

// list returns what is remembered of the list of the peer at host.
func (p *pace) list(host string) list {
	if value, ok := p.lists.Load(host); ok {
		return value.(list)
	}
	return list{}
}

// readList reads whom a peer lists, up to about most names from where the last visit
// stopped, and notes those that we do not know yet or that wait. It returns how many
// are new to us.
func (p *Peering) readList(ctx context.Context, peer *directory.Peer, most int) (fresh int, err error) {
	known := p.pace.list(peer.Host)
	if known.address == "" {
		if err := p.noteListed(ctx, peer.Host); err != nil {
			return 0, err
		}
		known.address = peer.ActorID + "/peers" // where ours have it
	}
	r, err := p.fetchList(ctx, peer, &known, most)
	if err != nil {
		known.place = place{} // it may be there no more
		p.pace.lists.Store(peer.Host, known)
		return 0, err
	}
	if r.unchanged {
		return 0, nil
	}
	all := false
	err = p.Store.Change(ctx, func(tx *store.Store) error {
		heard, err := p.hearing(ctx, tx, peer.Host)
		if err != nil {
			return err
		}
		vouched, brought := heard.sort(r.hosts)
		all = !heard.full
		for _, host := range brought {
			c := &directory.Candidate{
				Host: host, Domain: RegisteredDomain(host), State: directory.CandidateFound, Found: p.Now(),
			}
			if err := tx.PutCandidate(ctx, c); err != nil {
				return err
			}
		}
		fresh = len(brought)
		return tx.PutVouches(ctx, &store.Vouches{
			Voucher: peer.Host, Hosts: vouched, Brought: brought, Now: p.Now(), Since: r.since(), Counted: p.Now().Add(-BroughtSpan),
		})
	})
	if err != nil {
		return 0, err
	}
	if known.etag = r.etag; !all {
		known.etag = "" // what there was no room for is heard the next time
	}
	known.place = r.place
	p.pace.lists.Store(peer.Host, known)
	return fresh, nil
}

// reading is what a visit reads of a list.
type reading struct {
	place     // where it stands
	hosts     []string
	unchanged bool   // nothing was read, as the list is the same as the last time
	etag      string // of a list that is one document
	skip      int    // items that were read before
	most      int    // names, if pages end there
}

// since returns when a list that was now read to its end was begun, or zero: whom it
// did not name since then it names no more.
func (r *reading) since() time.Time {
	if r.address != "" {
		return time.Time{}
	}
	return r.began
}

// take notes what a page of a list names, and where the list goes on.
func (r *reading) take(p *Peering, c *vocab.Collection, next string) {
	n := max(1, len(c.Items)) // pages without names are not for ever either
	if r.skip > 0 {
		r.skip -= n
	} else {
		r.hosts = append(r.hosts, p.hostsOf(c.Items)...)
	}
	r.passed += n
	if r.address = next; r.passed >= maxListNames {
		r.address = ""
	}
}

// fetchList reads a peer's list from where it was left, or from its beginning.
func (p *Peering) fetchList(ctx context.Context, peer *directory.Peer, known *list, most int) (*reading, error) {
	skip := 0
	if known.place.address != "" {
		r := &reading{place: known.place, most: most}
		err := p.fetchPages(ctx, peer.Host, r)
		if err == nil || client.Retryable(err) || ctx.Err() != nil {
			return r, err
		}
		skip = known.place.passed // its pages can be entered at the first one only
	}
	doc, err := p.fetchListRoot(ctx, peer, known)
	if err != nil || doc.NotModified {
		return &reading{unchanged: true}, err
	}
	root, err := collectionOf(known.address, &doc)
	if err != nil {
		return nil, err
	}
	r := &reading{place: place{began: p.Now()}, skip: skip, most: most}
	switch {
	case root.FirstPage != nil:
		r.take(p, root.FirstPage, root.FirstPage.Next)
	case root.First != "":
		r.address = root.First
	default:
		r.take(p, root, root.Next)
	}
	if r.address == "" {
		r.etag = doc.ETag // that of one of many pages does not tell of the others
	}
	return r, p.fetchPages(ctx, peer.Host, r)
}

// fetchListRoot fetches the document with which a peer's list begins, unless that
// is as it was. It corrects the address.
func (p *Peering) fetchListRoot(ctx context.Context, peer *directory.Peer, known *list) (client.Document, error) {
	doc, err := p.Client.DocumentIfChanged(ctx, known.address, known.etag)
	if status, ok := errors.AsType[*client.StatusError](err); ok && status.Status == http.StatusNotFound {
		if known.address, err = p.listAddress(ctx, peer); err == nil {
			doc, err = p.Client.Document(ctx, known.address)
		}
	}
	if err == nil {
		p.told(peer.Host, listMatter, &doc)
	}
	return doc, err
}

// fetchPages reads pages of a list until there are names enough, or pages.
func (p *Peering) fetchPages(ctx context.Context, host string, r *reading) error {
	seen, began := map[string]bool{}, p.Now()
	for r.address != "" && len(r.hosts) < r.most && len(seen) < maxListPages && p.Now().Sub(began) < maxListTime {
		seen[r.address] = true
		page, err := p.fetchPageOf(ctx, host, r.address, listMatter)
		if err != nil && len(r.hosts) > 0 && client.Retryable(err) {
			return ctx.Err() // what came is taken, the rest waits
		}
		if err != nil {
			return err
		}
		if r.take(p, page, page.Next); seen[r.address] {
			r.address = "" // it goes in a circle
		}
	}
	return nil
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
		if err == nil && host != p.Instance.Host && p.speaksFor(host, ref.ID) {
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
	peer     func(host string) bool // and not blocked
	room     int                    // for hosts that are new to us
	full     bool                   // there was not room for all
}

func (p *Peering) hearing(ctx context.Context, tx *store.Store, voucher string) (*hearing, error) {
	h := &hearing{}
	dayAgo := p.Now().Add(-BroughtSpan)
	if err := tx.ForgetBrought(ctx, voucher, dayAgo, MaxInVain); err != nil {
		return nil, err
	}
	if err := tx.ForgetAbandoned(ctx, dayAgo); err != nil {
		return nil, err
	}
	brought, err := tx.CountBrought(ctx, voucher, dayAgo)
	if err != nil {
		return nil, err
	}
	count, err := p.makeRoom(ctx, tx, MaxBrought-brought)
	if err != nil {
		return nil, err
	}
	if h.known, err = tx.KnownCandidates(ctx); err != nil {
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
	h.room = min(MaxBrought-brought, MaxCandidates-count.Undecided)
	h.skip = func(host string) bool { return wanted[host] || blocks.Blocked(host) }
	h.peer = func(host string) bool { return wanted[host] && !blocks.Blocked(host) }
	return h, nil
}

// makeRoom returns how many candidates there are, after some that were looked at in
// vain gave way if there was no room for n more. Those of the last day stay, so that
// nobody can have the same ones looked at all the time.
func (p *Peering) makeRoom(ctx context.Context, tx *store.Store, n int) (*store.CandidateCount, error) {
	count, err := tx.CountCandidates(ctx, p.Now(), p.Now())
	if err != nil || count.Undecided+n <= MaxCandidates {
		return count, err
	}
	if err := tx.ForgetWorst(ctx, p.Now().Add(-BroughtSpan), count.Undecided+n-MaxCandidates); err != nil {
		return nil, err
	}
	return tx.CountCandidates(ctx, p.Now(), p.Now())
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
		case ok && h.peer(host) && known.Vouchers < MaxShown: // for people to see
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
		domain := RegisteredDomain(host)
		if len(brought) >= h.room || h.ofDomain[domain] >= MaxOfDomain {
			h.full = true
			continue
		}
		h.ofDomain[domain]++
		brought = append(brought, host)
	}
	return append(vouched, brought...), brought
}

func decided(state string) bool {
	s := directory.CandidateState(state)
	return s == directory.CandidateFollowed || s == directory.CandidateRefused
}
