package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// endOfLog is a position after every other.
const endOfLog = 1<<53 - 1

// maxPageBytes bounds a page; a client refuses documents over 1 MiB.
const maxPageBytes = 960 << 10

// logPlace names a page of the directory's log.
type logPlace struct {
	query     string // as it was asked for
	position  int64  // before or after which it is
	ascending bool   // after, the oldest first
	minimal   bool   // its items have no context and no proof (RFC 7240)
}

// logPage is a page of the directory's log.
type logPage struct {
	document json.RawMessage
	older    int64 // the position before which the next page is; 0 for no such page
}

// directoryOutbox serves the directory's log (PROTOCOL, catching up): the
// latest change of each entry, the newest first. Its pages' links hold positions
// in the log, so that they stay right while it grows: next leads to what is
// older, and prev to what is newer even if nothing is yet.
func (s *Server) directoryOutbox(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept, Prefer")
	if q := r.URL.Query(); !q.Has("before") && !q.Has("after") {
		document, err := s.logRoot(r.Context())
		return writeActivity(w, document, err)
	}
	place, err := placeOf(r)
	if err != nil {
		return err
	}
	if place.minimal {
		w.Header().Set("Preference-Applied", "return=minimal")
	}
	if place.ascending { // who asks may have heard of news
		w.Header().Set("Cache-Control", "no-cache")
	}
	page, err := s.pageSoon(r.Context(), place)
	if err != nil {
		return err
	}
	if place.minimal && !place.ascending && page.older > 0 {
		s.makeAhead(context.WithoutCancel(r.Context()), page.older)
	}
	return writeActivity(w, page.document, nil)
}

func (s *Server) logID() string { return s.Instance.DirectoryID() + "/outbox" }

func before(position int64) string { return "before=" + strconv.FormatInt(position, 10) }

func (s *Server) logRoot(ctx context.Context) (json.RawMessage, error) {
	n, err := s.Store.CountChanges(ctx)
	if err != nil {
		return nil, err
	}
	root := s.logID()
	return vocab.OrderedCollection(vocab.Collection{
		ID: root, TotalItems: n, First: root + "?" + before(endOfLog), Last: root + "?after=0",
	})
}

func placeOf(r *http.Request) (p logPlace, err error) {
	q := r.URL.Query()
	name := "before"
	if !q.Has(name) {
		name, p.ascending = "after", true
	}
	p.query, p.minimal = r.URL.RawQuery, prefersMinimal(r.Header)
	p.position, err = positionOf(q, name)
	return p, err
}

func positionOf(q url.Values, name string) (int64, error) {
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0, directory.Invalidf(name, "%q is not a position of the log", q.Get(name))
	}
	return n, nil
}

// prefersMinimal says whether no more is asked for than what changed: who reads the
// whole log believes it because it is ours, and reads half as much.
func prefersMinimal(h http.Header) bool {
	for preference := range strings.SplitSeq(strings.Join(h.Values("Prefer"), ","), ",") {
		if strings.TrimSpace(preference) == "return=minimal" {
			return true
		}
	}
	return false
}

// makePage makes a page, with fewer items than it may have if they are large.
func (s *Server) makePage(ctx context.Context, p logPlace) (*logPage, error) {
	read, activity, write := s.Store.ChangesBefore, s.changeActivity, vocab.OrderedCollectionPage
	if p.ascending {
		read = s.Store.ChangesAfter
	}
	if p.minimal {
		activity, write = s.changeItem, vocab.LogPage
	}
	changes, err := read(ctx, p.position, pageSize)
	if err != nil {
		return nil, err
	}
	items, err := pageItems(changes, activity)
	if err != nil {
		return nil, err
	}
	more := len(items) == pageSize || len(items) < len(changes)
	changes = changes[:len(items)]
	if p.ascending { // a page is written from the newest to the oldest
		slices.Reverse(changes)
		slices.Reverse(items)
	}
	page, newest := &logPage{}, int64(0)
	if p.ascending {
		newest, page.older = p.position, p.position+1
	}
	if len(items) > 0 {
		newest, page.older = changes[0].Position, changes[len(items)-1].Position
	}
	if !p.ascending && !more || p.ascending && page.older <= 1 {
		page.older = 0
	}
	root := s.logID()
	c := vocab.Collection{ID: root + "?" + p.query, PartOf: root, Items: items, Prev: fmt.Sprintf("%s?after=%d", root, newest)}
	if page.older > 0 {
		c.Next = root + "?" + before(page.older)
	}
	page.document, err = write(c)
	return page, err
}

// pageItems returns the activities of the first changes, as many as fit a page, each
// as write returns it. They are made on all processors: who catches up waits for each page.
func pageItems(changes []directory.Change, write func(*directory.Change) (json.RawMessage, error)) ([]json.RawMessage, error) {
	items := make([]json.RawMessage, len(changes))
	var making errgroup.Group
	const each = 25
	for from := 0; from < len(changes); from += each {
		making.Go(func() (err error) {
			for k := from; k < min(from+each, len(changes)) && err == nil; k++ {
				items[k], err = write(&changes[k])
			}
			return err
		})
	}
	if err := making.Wait(); err != nil {
		return nil, err
	}
	for k, size := 0, 0; k < len(items); k++ {
		if size += len(items[k]); size > maxPageBytes && k > 0 {
			return items[:k], nil
		}
	}
	return items, nil
}

const (
	// maxAhead is how many pages are kept for who will ask for them: so many
	// instances can read the log at full speed at a time.
	maxAhead = 4

	// aheadFor is how long they are kept. What changed since is on a newer page as
	// well, which is read after them.
	aheadFor = 10 * time.Second
)

// pagesAhead are minimal pages that nobody asked for yet. Who reads the whole log
// asks for one after the other; each is made while the one before is on its way.
type pagesAhead struct {
	mu     sync.Mutex
	pages  []*pageAhead // the latest last
	making int
}

type pageAhead struct {
	position int64
	until    time.Time
	made     func() (*logPage, error) // waits for it
}

// take returns and forgets the page before a position, or nil.
func (a *pagesAhead) take(position int64, now time.Time) (made func() (*logPage, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pages = slices.DeleteFunc(a.pages, func(p *pageAhead) bool {
		if p.position == position && !now.After(p.until) {
			made = p.made
		}
		return p.position == position || now.After(p.until)
	})
	return made
}

// begin keeps a page that is made from now on, in place of the oldest if there are
// many. It refuses while as many are being made.
func (a *pagesAhead) begin(p *pageAhead) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.making == maxAhead {
		return false
	}
	a.making++
	if len(a.pages) == maxAhead {
		a.pages = slices.Delete(a.pages, 0, 1)
	}
	a.pages = append(a.pages, p)
	return true
}

func (a *pagesAhead) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.making--
}

// pageSoon is makePage for a page that may have been made ahead.
func (s *Server) pageSoon(ctx context.Context, p logPlace) (*logPage, error) {
	if p.minimal && p.query == before(p.position) {
		if made := s.ahead.take(p.position, s.Now()); made != nil {
			if page, err := made(); err == nil {
				return page, nil
			}
		}
	}
	return s.makePage(ctx, p)
}

// makeAhead begins to make the minimal page before a position.
func (s *Server) makeAhead(ctx context.Context, position int64) {
	var page *logPage
	var err error
	done := make(chan struct{})
	soon := &pageAhead{position: position, until: s.Now().Add(aheadFor), made: func() (*logPage, error) {
		<-done
		return page, err
	}}
	if !s.ahead.begin(soon) {
		return
	}
	go func() {
		defer close(done)
		defer s.ahead.end()
		ctx, cancel := context.WithTimeout(ctx, aheadFor)
		defer cancel()
		page, err = s.makePage(ctx, logPlace{query: before(position), position: position, minimal: true})
	}()
}
