package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// post serves a post's document, or the tombstone of one that was deleted.
func (s *Server) post(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.initiative(r); err != nil {
		return err
	}
	p, err := s.Store.Post(r.Context(), s.Instance.URL(path.Clean(r.URL.Path)))
	if err != nil {
		return err
	}
	if p.Deleted {
		document, err := vocab.Tombstone(p.ID, typeOf(p), p.Updated)
		return gone(w, document, err)
	}
	documents, err := s.counted(r.Context(), *p)
	if err != nil {
		return err
	}
	document, err := s.provedBy(p.InitiativeID, p.Updated)(documents[0], nil)
	return writeActivity(w, document, err)
}

// featured serves the pinned posts, which are all that a fresh profile shows on
// Mastodon. News is there whole; an event by its address, as Mastodon skips whole
// ones that are no Note (INTEROP C3).
func (s *Server) featured(w http.ResponseWriter, r *http.Request) error {
	i, err := s.initiative(r)
	if err != nil {
		return err
	}
	posts, err := s.Store.PinnedPosts(r.Context(), i.ID)
	if err != nil {
		return err
	}
	items, err := s.counted(r.Context(), posts...)
	if err != nil {
		return err
	}
	for k := range posts {
		if posts[k].Event == nil {
			continue
		}
		if items[k], err = json.Marshal(posts[k].ID); err != nil {
			return fmt.Errorf("write item %s: %w", posts[k].ID, err)
		}
	}
	return collection(w, i.ID+"/featured", items)
}

// featuredTags serves the hashtags of the initiative's seed forms.
func (s *Server) featuredTags(w http.ResponseWriter, r *http.Request) error {
	i, err := s.initiative(r)
	if err != nil {
		return err
	}
	items := make([]json.RawMessage, len(i.Forms))
	for k, slug := range i.Forms {
		if items[k], err = vocab.TagDocument(vocab.FormTag(s.Instance, slug)); err != nil {
			return err
		}
	}
	return collection(w, i.ID+"/tags", items)
}

// initiativeOutbox serves what an initiative posted, the newest first.
func (s *Server) initiativeOutbox(w http.ResponseWriter, r *http.Request) error {
	i, err := s.initiative(r)
	if err != nil {
		return err
	}
	root := i.ID + "/outbox"
	if !r.URL.Query().Has("before") {
		n, err := s.Store.CountPosts(r.Context(), i.ID)
		if err != nil {
			return err
		}
		document, err := vocab.OrderedCollection(vocab.Collection{ID: root, TotalItems: n, First: root + "?before=0"})
		return writeActivity(w, document, err)
	}
	before, err := positionOf(r.URL.Query(), "before")
	if err != nil {
		return err
	}
	const perPage = 20
	posts, err := s.Store.PostsBefore(r.Context(), i.ID, timeOf(before), perPage)
	if err != nil {
		return err
	}
	page := vocab.Collection{ID: root + "?before=" + strconv.FormatInt(before, 10), PartOf: root}
	for k := range posts {
		item, err := s.createActivity(&posts[k])
		if err != nil {
			return err
		}
		page.Items = append(page.Items, item)
	}
	if len(posts) == perPage {
		page.Next = fmt.Sprintf("%s?before=%d", root, posts[perPage-1].Published.UnixMicro())
	}
	document, err := vocab.OrderedCollectionPage(page)
	return writeActivity(w, document, err)
}

func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func (s *Server) createActivity(p *directory.Post) (json.RawMessage, error) {
	at := p.Published
	if p.Updated.After(at) {
		at = p.Updated
	}
	return s.provedBy(p.InitiativeID, at)(
		vocab.Create(vocab.Envelope{ID: p.ID + "#create", Actor: p.InitiativeID}, s.note(p)))
}

// sendPost queues a post, its edit or its deletion for the followers of its
// initiative and the people it names. People who follow the directory hear of
// new ones; who got a post also gets what becomes of it, follower or not (PO5).
func (s *Server) sendPost(ctx context.Context, j *directory.Job) (time.Time, error) {
	p, err := s.Store.Post(ctx, j.Payload)
	if errors.Is(err, directory.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	change, _, _ := strings.Cut(j.Key, " ")
	if p.Deleted {
		change = curation.PostDeleted
	}
	out, err := s.postActivity(p, change, j.ID)
	if err != nil {
		return time.Time{}, err
	}
	return time.Time{}, s.Store.Tx(ctx, func(tx *store.Store) error {
		if p.Deleted {
			if _, err := tx.DropObject(ctx, p.ID, s.Now()); err != nil {
				return err
			}
		}
		if out.Inboxes, err = s.audience(ctx, tx, p, change); err != nil {
			return err
		}
		if err := tx.PutDeliveries(ctx, out, s.Now(), s.newID); err != nil {
			return err
		}
		switch change {
		case curation.PostCreated:
			if err := s.announce(ctx, tx, p); err != nil {
				return err
			}
		case curation.PostEdited:
		default:
			return nil
		}
		return tx.PutReached(ctx, p.InitiativeID, out.Inboxes, s.Now())
	})
}

// audience returns the distinct inboxes that a change of a post goes to: none of
// who blocked its initiative.
func (s *Server) audience(ctx context.Context, tx *store.Store, p *directory.Post, change string) ([]string, error) {
	inboxes, err := tx.FollowerInboxes(ctx, p.InitiativeID, store.Everyone)
	if err != nil || change == curation.PostPinned {
		return inboxes, err
	}
	blockers, err := tx.Blockers(ctx, p.InitiativeID)
	if err != nil {
		return nil, err
	}
	for _, m := range p.Mentions {
		if m.Inbox != "" && !blocked(blockers, m) {
			inboxes = append(inboxes, m.Inbox)
		}
	}
	if change != curation.PostCreated {
		for _, actor := range []string{p.InitiativeID, s.Instance.DirectoryID()} {
			readers, err := tx.Readers(ctx, actor)
			if err != nil {
				return nil, err
			}
			inboxes = append(inboxes, readers...)
		}
	}
	closed := slices.Sorted(maps.Values(blockers))
	inboxes = slices.DeleteFunc(inboxes, func(inbox string) bool {
		_, found := slices.BinarySearch(closed, inbox)
		return found
	})
	slices.Sort(inboxes)
	return slices.Compact(inboxes), nil
}

// postActivity returns the activity that tells of a change of a post. The job's
// id tells apart what has no other name.
func (s *Server) postActivity(p *directory.Post, change, job string) (store.Outgoing, error) {
	out := store.Outgoing{ActorID: p.InitiativeID, ObjectID: p.ID}
	e := vocab.Envelope{Actor: p.InitiativeID, To: []string{vocab.Public}, Published: p.Updated}
	var err error
	switch change {
	case curation.PostDeleted:
		e.ID = p.ID + "#delete"
		out.Body, err = s.provedBy(e.Actor, e.Published)(vocab.DeleteNote(e, p.ID))
	case curation.PostEdited:
		e.ID = fmt.Sprintf("%s#updates/%d", p.ID, p.Updated.UnixMicro())
		out.Body, err = s.provedBy(e.Actor, e.Published)(vocab.UpdateNote(e, s.note(p)))
	case curation.PostPinned:
		e.ID, e.Published = p.ID+"#pins/"+job, s.Now()
		e.CC = []string{p.InitiativeID + "/followers"}
		out.Body, err = s.provedBy(e.Actor, e.Published)(pinActivity(e, p))
	default:
		e.ID = p.ID + "#create"
		out.Body, err = s.createActivity(p)
	}
	out.ActivityID = e.ID
	return out, err
}

// pinActivity returns the Add or Remove that says whether a post is featured now.
func pinActivity(e vocab.Envelope, p *directory.Post) (json.RawMessage, error) {
	target := p.InitiativeID + "/featured"
	if !p.Pinned {
		return vocab.Remove(e, p.ID, target)
	}
	ids, err := vocab.IRIs([]string{p.ID})
	if err != nil {
		return nil, err
	}
	return vocab.Add(e, ids[0], target)
}

// announce boosts a post to the people who follow the directory.
func (s *Server) announce(ctx context.Context, tx *store.Store, p *directory.Post) error {
	root := s.Instance.DirectoryID()
	inboxes, err := tx.FollowerInboxes(ctx, root, store.People)
	if err != nil || len(inboxes) == 0 {
		return err
	}
	e := vocab.Envelope{
		ID: root + "/announces/" + path.Base(p.ID), Actor: root, To: []string{vocab.Public},
		CC: []string{p.InitiativeID, root + "/followers"}, Published: p.Published,
	}
	body, err := s.provedBy(root, e.Published)(vocab.Announce(e, p.ID))
	if err != nil {
		return err
	}
	out := store.Outgoing{ActivityID: e.ID, ActorID: root, ObjectID: p.ID, Body: body, Inboxes: inboxes}
	if err := tx.PutDeliveries(ctx, out, s.Now(), s.newID); err != nil {
		return err
	}
	return tx.PutReached(ctx, root, inboxes, s.Now())
}

func (s *Server) newID() string { return curation.NewID(s.Now()) }
