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

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// pageSize is how many items one page of a collection has.
const pageSize = 100

// collection writes a small collection whole.
func collection(w http.ResponseWriter, id string, items []json.RawMessage) error {
	if items == nil {
		items = []json.RawMessage{}
	}
	document, err := vocab.OrderedCollection(vocab.Collection{ID: id, TotalItems: len(items), Items: items})
	return writeActivity(w, document, err)
}

// nothing serves a collection that has no items.
func nothing(id string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error { return collection(w, id, nil) }
}

// followers serves who follows an actor, in pages.
func (s *Server) followers(actor func(*http.Request) (string, error)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := actor(r)
		if err != nil {
			return err
		}
		root := id + "/followers"
		if !r.URL.Query().Has("after") {
			n, err := s.Store.CountFollowers(r.Context(), id)
			if err != nil {
				return err
			}
			document, err := vocab.OrderedCollection(vocab.Collection{ID: root, TotalItems: n, First: root + "?after="})
			return writeActivity(w, document, err)
		}
		after := r.URL.Query().Get("after")
		list, err := s.Store.Followers(r.Context(), id, after, pageSize)
		if err != nil {
			return err
		}
		page := vocab.Collection{ID: root + "?after=" + url.QueryEscape(after), PartOf: root}
		ids := make([]string, len(list))
		for k, f := range list {
			ids[k] = f.ActorID
		}
		if len(ids) == pageSize {
			page.Next = root + "?after=" + url.QueryEscape(ids[len(ids)-1])
		}
		return writePage(w, page, ids)
	}
}

func writePage(w http.ResponseWriter, page vocab.Collection, ids []string) (err error) {
	if page.Items, err = vocab.IRIs(ids); err != nil {
		return err
	}
	document, err := vocab.OrderedCollectionPage(page)
	return writeActivity(w, document, err)
}

// directoryFollowing serves the directory actors that ours follows.
func (s *Server) directoryFollowing(w http.ResponseWriter, r *http.Request) error {
	return s.peerList(w, r, "/following")
}

// peers serves the directory actors that ours follows, under the name that other
// instances look for when they search for more (PROTOCOL, finding each other).
func (s *Server) peers(w http.ResponseWriter, r *http.Request) error {
	return s.peerList(w, r, "/peers")
}

func (s *Server) peerList(w http.ResponseWriter, r *http.Request, name string) error {
	ids, err := s.listedPeers(r.Context())
	if err != nil {
		return err
	}
	root := s.Instance.DirectoryID() + name
	switch {
	case r.URL.Query().Has("after"):
		after := r.URL.Query().Get("after")
		k, found := slices.BinarySearch(ids, after)
		if found {
			k++
		}
		page := vocab.Collection{ID: root + "?after=" + url.QueryEscape(after), PartOf: root}
		rest := ids[k:]
		if len(rest) > peersPage {
			rest = rest[:peersPage]
			page.Next = root + "?after=" + url.QueryEscape(rest[peersPage-1])
		}
		return writePage(w, page, rest)
	case len(ids) > peersPage:
		document, err := vocab.OrderedCollection(vocab.Collection{ID: root, TotalItems: len(ids), First: root + "?after="})
		return writeActivity(w, document, err)
	}
	items, err := vocab.IRIs(ids)
	if err != nil {
		return err
	}
	return collection(w, root, items)
}

// peersPage is how many peers one page has; a list that is no longer comes whole.
const peersPage = 1000

// listedPeers returns the ids of the directory actors that we follow and that do
// not mind being listed, in order.
func (s *Server) listedPeers(ctx context.Context) ([]string, error) {
	peers, err := s.Store.FollowedPeers(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := s.Store.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	unlisted, err := s.Store.UnlistedHosts(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range peers {
		if kind := blocks.Of(p.Host); kind == directory.Limited || kind == directory.Blocked || slices.Contains(unlisted, p.Host) {
			continue
		}
		ids = append(ids, p.ActorID)
	}
	slices.Sort(ids)
	return ids, nil
}

// initiatives serves the ids of the own published entries, in pages.
func (s *Server) initiatives(w http.ResponseWriter, r *http.Request) error {
	root := s.Instance.DirectoryID() + "/initiatives"
	if !r.URL.Query().Has("after") {
		all, err := s.Store.Digest(r.Context(), s.Instance.Host)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "private, no-cache") // who asks compares the digest with its own
		document, err := vocab.OrderedCollection(vocab.Collection{
			ID: root, TotalItems: all.Entries, First: root + "?after=", Digest: all.Digest.String(),
		})
		return writeActivity(w, document, err)
	}
	after := r.URL.Query().Get("after")
	ids, err := s.Store.PublishedIDs(r.Context(), s.Instance.Host, after, pageSize)
	if err != nil {
		return err
	}
	page := vocab.Collection{ID: root + "?after=" + url.QueryEscape(after), PartOf: root}
	if len(ids) == pageSize {
		page.Next = root + "?after=" + url.QueryEscape(s.Instance.Handle(ids[len(ids)-1]))
	}
	return writePage(w, page, ids)
}

// directoryOutbox serves the directory's log (PROTOCOL, catching up): the
// latest change of each entry, the newest first. Its pages' links hold positions
// in the log, so that they stay right while it grows: next leads to what is
// older, and prev to what is newer even if nothing is yet.
func (s *Server) directoryOutbox(w http.ResponseWriter, r *http.Request) error {
	root := s.Instance.DirectoryID() + "/outbox"
	q := r.URL.Query()
	switch {
	case q.Has("before"):
		position, err := positionOf(q, "before")
		if err != nil {
			return err
		}
		changes, err := s.Store.ChangesBefore(r.Context(), position, pageSize)
		if err != nil {
			return err
		}
		return s.writeLog(w, r, logPage{root: root, changes: changes})
	case q.Has("after"):
		position, err := positionOf(q, "after")
		if err != nil {
			return err
		}
		changes, err := s.Store.ChangesAfter(r.Context(), position, pageSize)
		if err != nil {
			return err
		}
		return s.writeLog(w, r, logPage{root: root, changes: changes, from: position, ascending: true})
	}
	n, err := s.Store.CountChanges(r.Context())
	if err != nil {
		return err
	}
	document, err := vocab.OrderedCollection(vocab.Collection{
		ID: root, TotalItems: n, First: root + "?before=" + strconv.FormatInt(endOfLog, 10), Last: root + "?after=0",
	})
	return writeActivity(w, document, err)
}

// endOfLog is a position after every other.
const endOfLog = 1<<53 - 1

func positionOf(q url.Values, name string) (int64, error) {
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0, directory.Invalidf(name, "%q is not a position of the log", q.Get(name))
	}
	return n, nil
}

// logPage is one page of the directory's log.
type logPage struct {
	root      string
	changes   []directory.Change
	from      int64 // what an empty page has nothing after
	ascending bool  // changes are oldest first
}

// maxPageBytes bounds a page; a client refuses documents over 1 MiB.
const maxPageBytes = 960 << 10

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

func prefersMinimal(h http.Header) bool {
	for preference := range strings.SplitSeq(strings.Join(h.Values("Prefer"), ","), ",") {
		if strings.TrimSpace(preference) == "return=minimal" {
			return true
		}
	}
	return false
}

// writeLog writes a page, with fewer items than were read if they are large. Who
// prefers a minimal one (RFC 7240) gets items without a context and a proof: instances
// that read the whole log have a page from whom they believe.
func (s *Server) writeLog(w http.ResponseWriter, r *http.Request, p logPage) error {
	w.Header().Add("Vary", "Accept, Prefer")
	activity, document := s.changeActivity, vocab.OrderedCollectionPage
	if prefersMinimal(r.Header) {
		w.Header().Set("Preference-Applied", "return=minimal")
		activity, document = s.changeItem, vocab.LogPage
	}
	items, err := pageItems(p.changes, activity)
	if err != nil {
		return err
	}
	taken := len(items)
	changes := p.changes[:taken]
	newest, oldest := p.from, p.from+1
	if taken > 0 {
		newest, oldest = changes[0].Position, changes[taken-1].Position
	}
	if p.ascending {
		for a, b := 0, taken-1; a < b; a, b = a+1, b-1 {
			items[a], items[b] = items[b], items[a]
		}
		if taken > 0 {
			newest, oldest = oldest, newest
		}
	}
	page := vocab.Collection{
		ID: p.root + "?" + r.URL.RawQuery, PartOf: p.root, Items: items,
		Prev: fmt.Sprintf("%s?after=%d", p.root, newest),
	}
	if older := taken == pageSize || taken < len(p.changes); p.ascending && oldest > 1 || !p.ascending && older {
		page.Next = fmt.Sprintf("%s?before=%d", p.root, oldest)
	}
	if p.ascending { // who asks may have heard of news
		w.Header().Set("Cache-Control", "no-cache")
	}
	body, err := document(page)
	return writeActivity(w, body, err)
}
