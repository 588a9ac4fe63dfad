package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// onAnnounce takes changes of other directories that a peer passes on, or counts
// a share.
func (s *Server) onAnnounce(ctx context.Context, tx *store.Store, in incoming) error {
	if !passesOn(in.Activity) {
		return s.onReaction(ctx, tx, in)
	}
	p, err := s.followed(ctx, tx, in.from)
	known := p != nil && p.ActorID == in.from
	if err == nil && !known {
		known, err = tx.IsUpstream(ctx, in.from)
	}
	if err != nil || !known {
		return err
	}
	return s.peering.Told(ctx, tx, directory.HostOf(in.from), in.Objects)
}

// passesOn reports whether an Announce is of embedded activities about entries.
func passesOn(a *vocab.Activity) bool {
	return a.Type == "Announce" && len(a.Objects) > 0 && !slices.ContainsFunc(a.Objects, func(r vocab.Ref) bool {
		return r.Raw == nil || r.Type != "Add" && r.Type != "Update" && r.Type != "Remove"
	})
}

// errUnproved says that an activity is not proved with the keys that we know.
var errUnproved = errors.New("not proved with a known key of its origin")

// prove verifies the proof of an activity with what is known of its origin: the
// key of its directory actor, which is that of all its actors, or the actor's own
// where it is known. Nothing is fetched.
func (s *Server) prove(ctx context.Context, tx *store.Store, a *vocab.Activity) error {
	proof, err := s.forwarded(a)
	if err != nil {
		return err
	}
	p, err := tx.Peer(ctx, directory.HostOf(a.Actor))
	if err != nil {
		return err
	}
	for _, id := range slices.Compact([]string{p.ActorID, a.Actor}) {
		known, err := tx.Actor(ctx, id)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		keys := slices.Clone(known.ProofKeys)
		for k := range keys {
			if proof.VerificationMethod == vocab.ProofKeyID(a.Actor) && keys[k].ID == vocab.ProofKeyID(p.ActorID) {
				keys[k].ID = proof.VerificationMethod
			}
		}
		if verifyProof(proof, keys, s.Now()) == nil {
			return nil
		}
	}
	return errUnproved
}

// passOn queues what came from others for those who asked for it, and, with very
// many peers, for a few random ones, as much in each delivery as fits.
func (s *Server) passOn(ctx context.Context, _ *directory.Job) (time.Time, error) {
	inboxes, err := s.peering.Anybody(ctx)
	if err != nil {
		return time.Time{}, err
	}
	const mostAtOnce = 10 // deliveries to each
	for range mostAtOnce {
		left := false
		err := s.Store.Tx(ctx, func(tx *store.Store) error {
			list, more, err := s.peering.ToPass(ctx, tx, inboxes)
			if err != nil {
				return err
			}
			left = more
			for k := range list {
				if err := s.announceNews(ctx, tx, list[k].News, list[k].Inbox); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || !left {
			return time.Time{}, err
		}
	}
	return s.Now().Add(time.Second), nil // there may be more
}

// announceNews queues activities, ours or others', in one delivery for inboxes.
func (s *Server) announceNews(ctx context.Context, tx *store.Store, news []directory.News, inboxes ...string) error {
	activities := make([]json.RawMessage, len(news))
	for k := range news {
		activities[k] = news[k].Body
	}
	root := s.Instance.DirectoryID()
	e := vocab.Envelope{ID: root + "/announces/" + s.newID(), Actor: root, To: []string{root + "/followers"}, Published: s.Now()}
	body, err := s.proven(e)(vocab.AnnounceAll(e, activities))
	if err != nil {
		return err
	}
	return tx.PutDeliveries(ctx, store.Outgoing{ActivityID: e.ID, ActorID: root, Body: body, Inboxes: inboxes}, s.Now(), s.newID)
}

// ask asks a peer for news.
func (s *Server) ask(ctx context.Context, _ *directory.Job) (time.Time, error) {
	return s.peering.Ask(ctx)
}

// doubt asks an origin about what others could not prove.
func (s *Server) doubt(ctx context.Context, j *directory.Job) (time.Time, error) {
	return time.Time{}, s.peering.Doubt(ctx, j.Key)
}

const (
	newsPage  = 500 // names of activities in a page
	askedPage = 50  // whole activities
)

// news serves what came to this directory of late, its own changes and those of
// others: since a time, as a list that names only what changed and when; or, for
// the ids of activities, these as their origins wrote them, with their proofs.
func (s *Server) news(w http.ResponseWriter, r *http.Request) error {
	root, q := s.Instance.DirectoryID()+"/news", r.URL.Query()
	w.Header().Set("Cache-Control", "no-cache")
	page := vocab.Collection{ID: root + "?" + r.URL.RawQuery, PartOf: root}
	var err error
	switch {
	case len(q["activity"]) > askedPage:
		return directory.Invalidf("activity", "is given %d times; at most %d are answered", len(q["activity"]), askedPage)
	case q.Has("activity"):
		page.Items, err = s.newsOf(r.Context(), q["activity"])
	case q.Has("since"):
		err = s.newsSince(r.Context(), q, &page)
	default:
		return directory.Invalidf("since", "is missing: a time such as 2026-11-23T12:00:00Z")
	}
	if err != nil {
		return err
	}
	document, err := vocab.OrderedCollectionPage(page)
	return writeActivity(w, document, err)
}

// newsOf returns the activities with the ids that may be shown, as many as fit.
func (s *Server) newsOf(ctx context.Context, ids []string) ([]json.RawMessage, error) {
	list, err := s.Store.NewsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	blocks, err := s.Store.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	size := 0
	for k := range list {
		if size += len(list[k].Body); size > maxPageBytes {
			break
		}
		if peering.Public(blocks, &list[k]) {
			items = append(items, list[k].Body)
		}
	}
	return items, nil
}

// newsSince fills a page with the names of what came since a time.
func (s *Server) newsSince(ctx context.Context, q url.Values, page *vocab.Collection) error {
	since, err := time.Parse(time.RFC3339Nano, q.Get("since"))
	if err != nil {
		return directory.Invalidf("since", "%q is not a time such as 2026-11-23T12:00:00Z", q.Get("since"))
	}
	list, err := s.Store.NewsSince(ctx, since, q.Get("after"), newsPage)
	if err != nil {
		return err
	}
	blocks, err := s.Store.Blocks(ctx)
	if err != nil {
		return err
	}
	for k := range list {
		n := &list[k]
		if !peering.Public(blocks, n) {
			continue
		}
		// Who did it matters no more than its host here: the activity itself says it.
		e := vocab.Envelope{ID: n.ActivityID, Actor: s.Instance.Scheme + "://" + n.Origin + "/directory", Published: n.Changed}
		item, err := vocab.Brief(n.Type, e, n.EntryID)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, item)
	}
	if len(list) == newsPage {
		last := list[newsPage-1]
		page.Next = fmt.Sprintf("%s?%s", page.PartOf, url.Values{
			"since": {last.Came.UTC().Format(time.RFC3339Nano)}, "after": {last.EntryID},
		}.Encode())
	}
	return nil
}
