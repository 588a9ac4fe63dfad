package peering

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// maxPages is how many pages one run reads, and so many more while they bring at
// least mostlyNew entries each; a longer log is read in several runs, so that one
// large peer does not hold up the others.
const (
	maxPages  = 50
	mostlyNew = 50
	longest   = 1000
)

// leastNew is how much each page must bring on average towards what is newer, or
// the rest waits for its turn: one entry a page for ever would else keep us busy.
const leastNew = 5

// maxRun is after how long a run leaves the rest to the next one: a peer that
// answers each request at the last moment shall not keep a place for hours.
const maxRun = 2 * time.Minute

// Sync reads what is new in the log of the peer at host: the first time from
// the newest page to the end, then, from the link that the newest page gave,
// towards what is newer still. Each page and the link to the next are stored in
// one transaction, so that a crash repeats nothing and skips nothing. It returns
// when to read again.
func (p *Peering) Sync(ctx context.Context, host string) (again time.Time, err error) {
	peer, err := p.Store.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && (!peer.Wanted || peer.State != directory.PeerFollowing) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	r := &run{peer: peer, read: map[string]bool{}, limit: maxPages}
	defer func() { r.ahead.drop() }()
	for began := p.Now(); len(r.read) < r.limit && p.Now().Sub(began) < maxRun; {
		done, err := p.readOn(ctx, r)
		if err != nil {
			return p.patiently(peer, p.next(), errors.Join(p.fail(ctx, host, err), p.startOver(ctx, host, err)))
		}
		if done {
			if err := p.tend(ctx, host, r.missed); err != nil && ctx.Err() == nil {
				p.Log.InfoContext(ctx, "nobody asked to pass on", "peer", host, "err", err)
			}
			return p.notBefore(p.next(), host, logMatter), nil
		}
	}
	if r.changed == 0 || r.peer.Backfill == "" && r.changed < len(r.read)*leastNew {
		return p.next(), nil // hardly anything new in so many pages: it may have no end
	}
	return p.Now(), nil // there is more; others first
}

// startOver has the log read from its beginning the next time if what went wrong
// will not get better: the place we had reached may be there no more.
func (p *Peering) startOver(ctx context.Context, host string, cause error) error {
	if ctx.Err() != nil || client.Retryable(cause) {
		return nil //nolint:nilerr // there is nothing to change
	}
	err := p.Store.Change(ctx, func(tx *store.Store) error {
		peer, err := tx.Peer(ctx, host)
		if err != nil {
			return err
		}
		peer.Cursor, peer.Backfill = "", ""
		return errors.Join(tx.PutPeer(ctx, peer), tx.ForgetRepair(ctx, host))
	})
	if errors.Is(err, directory.ErrNotFound) {
		return nil // removed since
	}
	return err
}

// run is one reading of a peer's log.
type run struct {
	peer    *directory.Peer // kept up to date
	read    map[string]bool // addresses of pages
	changed int             // entries
	missed  bool            // one of them should have been passed on
	limit   int             // pages that may be read
	ahead   *ahead          // fetches pages while those before them are stored
}

// page is a page of a log.
type page struct {
	address    string
	prev, next string // addresses
	items      int
	entries    []*directory.Initiative // the states that it brings them into
}

// readOn reads the pages that there are to read next and reports whether they
// were the last for now.
func (p *Peering) readOn(ctx context.Context, r *run) (done bool, err error) {
	pages, err := p.nextPages(ctx, r)
	if err != nil {
		return false, err
	}
	next := *r.peer
	for k := range pages {
		r.read[pages[k].address] = true
		done = r.after(&next, &pages[k])
	}
	changed, overtaken, err := p.storePages(ctx, r, &next, pages, done)
	if err != nil || overtaken {
		return overtaken, err
	}
	p.Log.DebugContext(ctx, "log read", "peer", next.Host, "pages", len(pages), "entries", changed, "page", pages[0].address)
	r.peer, r.changed = &next, r.changed+changed
	if r.changed >= len(r.read)*mostlyNew {
		r.limit = min(len(r.read)+maxPages, longest)
		r.ahead.extend(r.limit)
	}
	return done, nil
}

// storePages applies pages and notes where to read on, together. It returns how
// many entries changed, or that the run was overtaken by another.
func (p *Peering) storePages(ctx context.Context, r *run, next *directory.Peer, pages []page, done bool) (changed int, overtaken bool, err error) {
	entries := latest(pages)
	err = p.Store.Change(ctx, func(tx *store.Store) error {
		stored, err := tx.Peer(ctx, next.Host)
		if errors.Is(err, directory.ErrNotFound) || err == nil && !r.goesOn(stored) {
			overtaken = true
			return nil
		}
		if err != nil {
			return err
		}
		later, err := p.put(ctx, tx, entries)
		if err != nil {
			return err
		}
		changed = len(later)
		if stored.Cursor != "" && stored.Backfill == "" {
			r.missed = r.missed || slices.ContainsFunc(later, p.overdue)
		}
		if done {
			if err := p.afterReading(ctx, tx, stored, r.missed); err != nil {
				return err
			}
		}
		p.noteRead(stored, next, changed, done)
		if err := p.well(ctx, tx, stored); err != nil {
			return err
		}
		return tx.PutPeer(ctx, stored)
	})
	return changed, overtaken, err
}

// noteRead notes on a peer how far its log was read, by which so many entries
// changed.
func (p *Peering) noteRead(stored, next *directory.Peer, changed int, done bool) {
	if !stored.Compared.IsZero() && (stored.Cursor == "" || stored.Backfill != "") {
		stored.Mending += changed // it is read again, as much differed
	}
	if done {
		stored.AsOf = p.Now()
	}
	stored.Cursor, stored.Backfill = next.Cursor, next.Backfill
	stored.Read, stored.Total = next.Read, next.Total
}

// overdue reports whether an entry changed so long ago that we should know from
// others.
func (p *Peering) overdue(e store.PutEntry) bool {
	return p.Now().Sub(e.Initiative.Updated) > missedAfter
}

// goesOn reports whether the peer as stored now is where this run left it. It may
// have been removed, or removed and added again: then what this run read is
// not the beginning of what the new one needs.
func (r *run) goesOn(stored *directory.Peer) bool {
	return follows(stored) && stored.Added.Equal(r.peer.Added) &&
		stored.Cursor == r.peer.Cursor && stored.Backfill == r.peer.Backfill
}

// after moves the links to read on from behind a page, and reports whether that
// is all for now. The way back ends where the log does, or where its links lead
// to a page that was read in this run.
func (r *run) after(next *directory.Peer, p *page) (done bool) {
	if next.Cursor == "" || next.Backfill != "" {
		next.Read += p.items
	}
	older := p.next
	if r.read[older] || overrun(next) {
		older = ""
	}
	switch {
	case next.Cursor == "":
		next.Cursor, next.Backfill = p.prev, older
	case next.Backfill != "":
		next.Backfill = older
	default: // towards what is newer
		if p.prev != "" {
			next.Cursor = p.prev
		}
		return p.items == 0 || r.read[next.Cursor]
	}
	return next.Cursor == "" && next.Backfill == ""
}

// nextPages returns the pages to read: on the way back through the log, the older
// ones, several at once; else the newer one; the first of all from the outbox.
func (p *Peering) nextPages(ctx context.Context, r *run) ([]page, error) {
	if r.peer.Backfill != "" {
		if r.ahead != nil {
			if pages, err := r.ahead.take(); len(pages) > 0 || err != nil {
				return pages, err
			} // it came to a limit that was extended since
		}
		r.ahead = p.fetchAhead(ctx, r.peer, maps.Clone(r.read), r.limit)
		pages, err := r.ahead.take()
		if len(pages) == 0 && err == nil {
			err = context.Canceled
		}
		return pages, err
	}
	read, address := p.readNewest, r.peer.Cursor
	if address == "" {
		var err error
		if address, err = p.firstAddress(ctx, r.peer); err != nil {
			return nil, err
		}
		read = p.readPage
	}
	next, err := read(ctx, r.peer.Host, address)
	return []page{next}, err
}

// firstAddress returns the address of the newest page, from the outbox.
func (p *Peering) firstAddress(ctx context.Context, peer *directory.Peer) (string, error) {
	actor, err := p.find(ctx, peer.Host)
	if err != nil {
		return "", err
	}
	doc, err := p.Client.Document(ctx, actor.Outbox)
	if err != nil {
		return "", err
	}
	outbox, err := collectionOf(actor.Outbox, &doc)
	if err != nil {
		return "", err
	}
	if outbox.First == "" {
		return "", invalid(actor.Outbox, errors.New("it has no first page"))
	}
	peer.Read, peer.Total = 0, max(outbox.TotalItems, 0)
	return outbox.First, p.Store.UpdatePeer(ctx, peer.Host, func(stored *directory.Peer) error {
		describe(stored, actor)
		return nil
	})
}

// readPage fetches a page of the log of the peer at host and reads what it tells.
func (p *Peering) readPage(ctx context.Context, host, address string) (page, error) {
	c, err := p.fetchPage(ctx, host, address)
	if err != nil {
		return page{}, err
	}
	return p.pageOf(ctx, host, address, c), nil
}

func (p *Peering) pageOf(ctx context.Context, host, address string, c *vocab.Collection) page {
	return page{address: address, prev: c.Prev, next: c.Next, items: len(c.Items), entries: p.readAll(ctx, host, c)}
}

// end is where a log ends: the address of the page that goes on from there, and
// its tag while it was empty.
type end struct{ address, etag string }

// readNewest is readPage for where a log goes on. Mostly there is nothing yet, and
// a peer need not say that again to who has the tag of its last answer.
func (p *Peering) readNewest(ctx context.Context, host, address string) (page, error) {
	known := end{}
	if value, ok := p.pace.ends.Load(host); ok && value.(end).address == address {
		known = value.(end)
	}
	doc, err := p.fetchOf(ctx, host, address, known.etag)
	if err == nil {
		p.told(host, logMatter, &doc)
	}
	if err != nil || doc.NotModified {
		return page{address: address}, err
	}
	c, err := collectionOf(address, &doc)
	if err != nil {
		return page{}, err
	}
	if len(c.Items) == 0 {
		p.pace.ends.Store(host, end{address, doc.ETag})
	}
	return p.pageOf(ctx, host, address, c), nil
}

func (p *Peering) fetchPage(ctx context.Context, host, address string) (*vocab.Collection, error) {
	doc, err := p.fetchOf(ctx, host, address, "")
	if err != nil {
		return nil, err
	}
	return collectionOf(address, &doc)
}

// collectionOf reads the collection, or the page of one, that a peer has at an address.
func collectionOf(address string, doc *client.Document) (*vocab.Collection, error) {
	c, err := vocab.ParseCollection(doc.Body)
	if err != nil {
		return nil, invalid(address, err)
	}
	return c, nil
}

// fetchOf fetches a page that must be on the host of the peer.
func (p *Peering) fetchOf(ctx context.Context, host, address, etag string) (client.Document, error) {
	if directory.HostOf(address) != host {
		return client.Document{}, invalid(address, fmt.Errorf("a page of the log of %s is on another host", host))
	}
	return p.Client.LeanPage(ctx, address, etag)
}

func invalid(address string, cause error) error {
	return &client.InvalidError{URL: address, Reason: "what it sent is no part of a directory", Detail: cause.Error()}
}
