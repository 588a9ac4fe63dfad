package federation

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

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
