package peering

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// Told takes activities of other instances that a peer passes on. What their
// origins have proved is applied as if it had come from them, and passed on
// further if it was news; what is not proved is dropped, and the origin is asked
// for it, once for however much comes of it, a while later.
func (p *Peering) Told(ctx context.Context, tx *store.Store, from string, list []vocab.Ref) error {
	for k := range list {
		a, err := vocab.ParseActivity(list[k].Raw)
		if err != nil {
			p.Log.InfoContext(ctx, "passed on activity ignored", "peer", from, "err", err)
			continue
		}
		if err := p.hear(ctx, tx, from, a, true); err != nil {
			return err
		}
	}
	return nil
}

// Heard takes an activity that came from its origin itself.
func (p *Peering) Heard(ctx context.Context, tx *store.Store, origin string, a *vocab.Activity) error {
	entry := p.read(ctx, origin, a)
	if entry == nil {
		return nil
	}
	later, err := p.put(ctx, tx, []*directory.Initiative{entry})
	if err != nil || len(later) == 0 || p.Prove == nil || p.Prove(ctx, tx, a) != nil {
		return err // or nobody would believe us
	}
	return p.keep(ctx, tx, a, entry.Updated, false)
}

// hear takes an activity that came by a peer, in a request that the peer signed
// or a document that it served.
func (p *Peering) hear(ctx context.Context, tx *store.Store, from string, a *vocab.Activity, pass bool) error {
	origin := directory.HostOf(a.Actor)
	fresh, err := p.fresh(ctx, tx, origin, a)
	if err != nil || !fresh {
		return err
	}
	unproved := p.Prove(ctx, tx, a)
	if unproved != nil && origin != from { // who announces its own has signed the request
		return p.doubt(ctx, tx, from, origin, unproved)
	}
	entry := p.read(ctx, origin, a)
	if entry == nil {
		return nil
	}
	later, err := p.put(ctx, tx, []*directory.Initiative{entry})
	if err != nil || len(later) == 0 || unproved != nil {
		return err
	}
	return p.keep(ctx, tx, a, entry.Updated, pass)
}

// fresh reports whether an activity is of an origin that we follow, and later
// than what we know of its entry.
func (p *Peering) fresh(ctx context.Context, tx *store.Store, origin string, a *vocab.Activity) (bool, error) {
	if origin == "" || origin == p.Instance.Host || directory.HostOf(a.Object.ID) != origin || p.Prove == nil {
		return false, nil
	}
	if peer, err := tx.Peer(ctx, origin); errors.Is(err, directory.ErrNotFound) ||
		err == nil && (!peer.Wanted || peer.State != directory.PeerFollowing) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if blocks, err := tx.Blocks(ctx); err != nil || blocks.Blocked(origin, a.Actor, a.Object.ID) {
		return false, err
	}
	known, err := tx.LastChanges(ctx, []string{a.Object.ID})
	return err == nil && known[a.Object.ID].Before(a.Published), err
}

// keep remembers a proven activity for those who ask for news, and to pass it on.
// An origin that changes more than many do has the rest read in its log.
func (p *Peering) keep(ctx context.Context, tx *store.Store, a *vocab.Activity, changed time.Time, pass bool) error {
	origin, now := directory.HostOf(a.Actor), p.Now()
	n, err := tx.CountNews(ctx, origin, now.Add(-time.Hour))
	if err != nil || n >= MaxOrigin || a.ID == "" {
		return err
	}
	if err := tx.PutNews(ctx, &directory.News{
		EntryID: a.Object.ID, ActivityID: a.ID, Origin: origin, Type: a.Type, Changed: changed, Came: now, Pass: pass, Body: a.Raw,
	}); err != nil || !pass {
		return err
	}
	at := PassAt(now, time.UnixMicro(p.pace.passed.Load()), rand.Float64()) //nolint:gosec // no secret
	return p.queue(ctx, tx, curation.PassJob, "", at)
}

// Passing is what is to be sent to whom in a round of passing on.
type Passing struct {
	Inbox string
	News  []directory.News
}

// ToPass returns what is to be passed on next: to those who asked for it, and to the
// inboxes what we do not ask others for either. It notes that it was queued. More is
// false when nothing was left.
func (p *Peering) ToPass(ctx context.Context, tx *store.Store, inboxes []string) (list []Passing, more bool, err error) {
	p.pace.passed.Store(p.Now().UnixMicro())
	news, err := tx.NewsToPass(ctx, MaxPassed)
	if err != nil || len(news) == 0 {
		return nil, false, err
	}
	news = Fitting(news)
	ids := make([]string, len(news))
	for k := range news {
		ids[k] = news[k].ActivityID
	}
	if list, err = passings(ctx, tx, news, inboxes); err != nil {
		return nil, false, err
	}
	return list, true, tx.Passed(ctx, ids)
}

// passings returns who gets which of the news.
func passings(ctx context.Context, tx *store.Store, news []directory.News, inboxes []string) (list []Passing, err error) {
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	origins := make([]string, len(news))
	for k := range news {
		origins[k] = news[k].Origin
	}
	below, err := tx.Downstreams(ctx, slices.Compact(slices.Sorted(slices.Values(origins))))
	if err != nil {
		return nil, err
	}
	asked, err := tx.OriginsAsked(ctx)
	if err != nil {
		return nil, err
	}
	to := map[string][]directory.News{}
	for k := range news {
		n := &news[k]
		if !Public(blocks, n) {
			continue
		}
		receivers := below[n.Origin]
		if !slices.Contains(asked, n.Origin) {
			receivers = slices.Concat(receivers, inboxes)
		}
		for _, inbox := range slices.Compact(slices.Sorted(slices.Values(receivers))) {
			if host := directory.HostOf(inbox); host != n.Origin && !blocks.Blocked(host) {
				to[inbox] = append(to[inbox], *n)
			}
		}
	}
	for _, inbox := range slices.Sorted(maps.Keys(to)) {
		list = append(list, Passing{inbox, to[inbox]})
	}
	return list, nil
}

// Anybody returns the inboxes of a few random peers that follow us, for all that
// came, where nearly everybody follows the same; else none.
func (p *Peering) Anybody(ctx context.Context) ([]string, error) {
	if p.pace.peers.Load() <= ManyPeers {
		return nil, nil
	}
	all, err := p.Store.FollowerInboxes(ctx, p.Instance.DirectoryID(), store.Peers)
	if err != nil {
		return nil, err
	}
	return p.SomeInboxes(ctx, p.Store, all, Fanout)
}

// Public reports whether news may be shown to others: not those of servers that
// the operator keeps out of all lists.
func Public(blocks *directory.Blocks, n *directory.News) bool {
	kind := blocks.Of(n.Origin)
	return kind != directory.Blocked && kind != directory.Limited && !blocks.Blocked(n.EntryID)
}

// maxPassedBytes is what fits into one delivery with its envelope.
const maxPassedBytes = 900 << 10

// Fitting returns as many of the news as fit into one delivery, at least one.
func Fitting(news []directory.News) []directory.News {
	size := 0
	for k := range news {
		if size += len(news[k].Body); size > maxPassedBytes && k > 0 {
			return news[:k]
		}
	}
	return news
}

// SomeInboxes returns n random ones of the inboxes whose hosts answer and are not
// blocked.
func (p *Peering) SomeInboxes(ctx context.Context, tx *store.Store, inboxes []string, n int) ([]string, error) {
	failing, err := tx.FailingHosts(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	var well []string
	for _, inbox := range inboxes {
		if !failing[directory.HostOf(inbox)] && !blocks.Blocked(inbox) {
			well = append(well, inbox)
		}
	}
	rand.Shuffle(len(well), func(i, j int) { well[i], well[j] = well[j], well[i] }) //nolint:gosec // no secret
	return well[:min(n, len(well))], nil
}

// doubts counts, for each peer, how often what it passed on was not proved, so
// that none can have us ask others without end.
type doubts struct {
	mu    sync.Mutex
	since time.Time
	of    map[string]int
}

// maxDoubts is how often in an hour what one peer passes on without proof makes
// us ask its origin.
const maxDoubts = 20

func (d *doubts) another(peer string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil || now.Sub(d.since) > time.Hour {
		d.of, d.since = map[string]int{}, now
	}
	d.of[peer]++
	return d.of[peer] <= maxDoubts
}

// doubt has the origin asked later about what was not proved.
func (p *Peering) doubt(ctx context.Context, tx *store.Store, from, origin string, cause error) error {
	if !p.pace.doubts.another(from, p.Now()) {
		return nil
	}
	p.Log.WarnContext(ctx, "unproved activity dropped", "peer", from, "origin", origin, "err", cause)
	return p.queue(ctx, tx, curation.DoubtJob, origin, p.Now().Add(rand.N(doubtJitter))) //nolint:gosec // no secret
}

// keyAge is how old what we know of an origin's keys may be when something was
// not proved with them.
const keyAge = time.Hour

// Doubt asks an origin for what somebody else could not prove: for its keys, if
// they are not known since a moment ago, and for its log.
func (p *Peering) Doubt(ctx context.Context, origin string) error {
	peer, err := p.Store.Peer(ctx, origin)
	if errors.Is(err, directory.ErrNotFound) || err == nil && (!peer.Wanted || peer.State != directory.PeerFollowing) {
		return nil
	}
	if err != nil {
		return err
	}
	actor, err := p.Store.Actor(ctx, peer.ActorID)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	if err != nil || p.Now().Sub(actor.Fetched) > keyAge {
		if _, err := p.find(ctx, origin); err != nil {
			return p.fail(ctx, origin, err)
		}
	}
	return p.queue(ctx, p.Store, curation.SyncJob, origin, p.Now())
}
