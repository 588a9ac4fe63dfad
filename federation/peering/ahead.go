package peering

import (
	"context"
	"sync/atomic"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	// together is how many pages are stored in one transaction: most of its cost is
	// the same for one and for many. They are what is lost when the server is killed.
	together = 8

	// gather is how long the first of them waits for the others.
	gather = time.Second
)

// ahead fetches the pages on the way back through a log, one after the other, and
// reads each while the next is fetched, while those before are stored. What it has at
// any time does not depend on how long the log is.
type ahead struct {
	pages  chan fetched
	cancel context.CancelFunc
	limit  atomic.Int64 // pages that may be read, with those of the run before
	failed error        // what went wrong after the pages that were taken
}

type fetched struct {
	page <-chan page // nil with an error
	err  error
}

// fetchAhead begins to fetch from where the way back has come to, up to so many pages
// in all. Pages that were read in this run are not fetched again.
func (p *Peering) fetchAhead(ctx context.Context, peer *directory.Peer, read map[string]bool, limit int) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{pages: make(chan fetched, together-1), cancel: cancel}
	a.extend(limit)
	host, address := peer.Host, peer.Backfill
	go func() {
		defer close(a.pages)
		for address != "" && !read[address] && int64(len(read)) < a.limit.Load() {
			next, err := p.fetchPage(ctx, host, address)
			f := fetched{err: err}
			if err == nil {
				f.page = p.pageSoon(ctx, host, address, next)
			}
			select {
			case a.pages <- f:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
			read[address] = true
			address = next.Next
		}
	}()
	return a
}

// extend lets so many pages be read in all.
func (a *ahead) extend(limit int) {
	if a != nil {
		a.limit.Store(int64(limit))
	}
}

// pageSoon is pageOf in the background.
func (p *Peering) pageSoon(ctx context.Context, host, address string, c *vocab.Collection) <-chan page {
	done := make(chan page, 1)
	go func() { done <- p.pageOf(ctx, host, address, c) }()
	return done
}

// take returns at least one page, and those that follow it soon; none where the
// fetching has come to its limit. What goes wrong after the first page is told the
// next time.
func (a *ahead) take() ([]page, error) {
	if a.failed != nil {
		return nil, a.failed
	}
	first, ok := <-a.pages
	if !ok {
		return nil, nil
	}
	if first.err != nil {
		return nil, first.err
	}
	pages := []page{<-first.page}
	soon := time.NewTimer(gather)
	defer soon.Stop()
	for len(pages) < together {
		select {
		case next, ok := <-a.pages:
			if a.failed = next.err; !ok || next.err != nil {
				return pages, nil
			}
			pages = append(pages, <-next.page)
		case <-soon.C:
			return pages, nil
		}
	}
	return pages, nil
}

// drop ends the fetching, if there is any.
func (a *ahead) drop() {
	if a == nil {
		return
	}
	a.cancel()
	for range a.pages { // until it has ended
	}
}
