package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// maxPush is how many changes are sent to peers one by one. When more wait, as
// after an import, peers are told once that there is news and read the log, a
// hundred changes a request.
const maxPush = 20

// push sends what changed in the directory since the last time: to peers, and
// changes of an initiative to its followers.
func (s *Server) push(ctx context.Context, _ *directory.Job) (time.Time, error) {
	err := s.pushAll(ctx)
	if errors.Is(err, directory.ErrConflict) {
		err = nil // another process sends the same
	}
	return time.Time{}, err
}

func (s *Server) pushAll(ctx context.Context) error {
	position, err := s.Store.Pushed(ctx)
	if err != nil {
		return err
	}
	changes, err := s.Store.ChangesAfter(ctx, position, maxPush+1)
	if err != nil {
		return err
	}
	many := len(changes) > maxPush
	for len(changes) > 0 {
		last := changes[len(changes)-1].Position
		if err := s.pushChanges(ctx, changes, position, !many); err != nil {
			return err
		}
		position = last
		if changes, err = s.Store.ChangesAfter(ctx, position, pageSize); err != nil {
			return err
		}
	}
	if many {
		return s.pushNews(ctx, position)
	}
	return nil
}

// pushChanges queues the deliveries of changes and notes that they were, in one
// transaction: killed at any point, nothing is lost. Few is true when the changes
// are sent one by one to peers. When there are more peers than an instance sends
// to, some get all changes in an Announce, which asks them to pass these on.
func (s *Server) pushChanges(ctx context.Context, changes []directory.Change, from int64, few bool) error {
	return s.Store.Tx(ctx, func(tx *store.Store) error {
		if err := tx.SetPushed(ctx, from, changes[len(changes)-1].Position); err != nil {
			return err
		}
		peers, err := tx.FollowerInboxes(ctx, s.Instance.DirectoryID(), store.Peers)
		if err != nil {
			return err
		}
		n, all := peering.Targets(len(peers), len(changes))
		r := round{few: few, news: len(peers) > 0 && (few || !all)}
		if all && few {
			r.peers = peers
		}
		for k := range changes {
			if err := s.pushChange(ctx, tx, &changes[k], &r); err != nil {
				return err
			}
		}
		if all {
			return nil
		}
		return s.pushTogether(ctx, tx, r.sent, peers, n)
	})
}

// round is one round of sending changes.
type round struct {
	few   bool     // not as many as after an import
	peers []string // inboxes to which each change is sent by itself
	news  bool     // changes are kept for who asks, and to be sent together
	sent  []directory.News
}

// pushTogether queues changes for n random ones of the peers, as many in each
// delivery as fit.
func (s *Server) pushTogether(ctx context.Context, tx *store.Store, news []directory.News, peers []string, n int) error {
	targets, err := s.peering.SomeInboxes(ctx, tx, peers, n)
	if err != nil || len(targets) == 0 {
		return err
	}
	for len(news) > 0 {
		batch := peering.Fitting(news[:min(len(news), peering.MaxPassed)])
		if err := s.announceNews(ctx, tx, batch, targets...); err != nil {
			return err
		}
		news = news[len(batch):]
	}
	return nil
}

// noteChange keeps a change for peers that ask for news. It returns the activity
// that tells of it, or nil if nobody would ask.
func (s *Server) noteChange(ctx context.Context, tx *store.Store, c *directory.Change, r *round) (json.RawMessage, error) {
	if !r.news {
		return nil, nil
	}
	body, err := s.changeActivity(c)
	if err != nil {
		return nil, err
	}
	n := directory.News{
		EntryID: c.Initiative.ID, ActivityID: s.changeID(c.Position), Origin: s.Instance.Host, Type: activityOf(c.Type),
		Changed: c.Initiative.Updated, Came: s.Now(), Body: body,
	}
	r.sent = append(r.sent, n)
	return body, tx.PutNews(ctx, &n)
}

// activityOf returns the type of the activity that tells of a change.
func activityOf(t directory.ChangeType) string {
	switch t {
	case directory.Removed:
		return "Remove"
	case directory.Edited:
		return "Update"
	}
	return "Add"
}

func (s *Server) pushChange(ctx context.Context, tx *store.Store, c *directory.Change, r *round) error {
	body, err := s.noteChange(ctx, tx, c, r)
	if err != nil {
		return err
	}
	followers, err := tx.FollowerInboxes(ctx, c.Initiative.ID, store.Everyone)
	if err != nil {
		return err
	}
	if c.Type == directory.Removed {
		// What is still queued of it is of no use to anybody now.
		if _, err := tx.DropObject(ctx, c.Initiative.ID, s.Now()); err != nil {
			return err
		}
		if c.Initiative.State == directory.Moved {
			return s.pushMove(ctx, tx, c, r.peers)
		}
		if err := s.pushWithdrawal(ctx, tx, &c.Initiative, r.few); err != nil {
			return err
		}
	}
	out := store.Outgoing{
		ActivityID: s.changeID(c.Position), ActorID: s.Instance.DirectoryID(), ObjectID: c.Initiative.ID, Body: body,
		Inboxes: r.peers,
	}
	if c.Type == directory.Edited {
		out.ActorID = c.Initiative.ID
		out.Inboxes = append(slices.Clone(r.peers), followers...)
	}
	if len(out.Inboxes) == 0 {
		return nil
	}
	if out.Body == nil {
		if out.Body, err = s.changeActivity(c); err != nil {
			return err
		}
	}
	return tx.PutDeliveries(ctx, out, s.Now(), s.newID)
}

// pushWithdrawal queues the Delete of a withdrawn initiative for everyone who has
// something of it: followers of today are not all. Others may have looked it up, so
// that every shared inbox is told that is known (PO6), unless much is withdrawn at
// once: then these look it up in vain.
func (s *Server) pushWithdrawal(ctx context.Context, tx *store.Store, i *directory.Initiative, all bool) error {
	body, err := s.withdrawal(i)
	if err != nil {
		return err
	}
	readers, err := tx.Readers(ctx, i.ID)
	if err != nil {
		return err
	}
	if all {
		known, err := tx.SharedInboxes(ctx)
		if err != nil {
			return err
		}
		readers = append(readers, known...)
	}
	out := store.Outgoing{ActivityID: i.ID + "#delete", ActorID: i.ID, ObjectID: i.ID, Body: body, Inboxes: readers}
	return tx.PutDeliveries(ctx, out, s.Now(), s.newID)
}

// pushNews tells peers that the log has much that is new, up to a position, by an
// Update of the directory actor.
func (s *Server) pushNews(ctx context.Context, position int64) error {
	root := s.Instance.DirectoryID()
	document, err := vocab.DirectoryActor(s.Instance, s.profile())
	if err != nil {
		return err
	}
	e := vocab.Envelope{
		ID: fmt.Sprintf("%s#updates/%d", root, position), Actor: root, To: []string{vocab.Public}, Published: s.Now(),
	}
	body, err := s.proven(e)(vocab.UpdateActor(e, document))
	if err != nil {
		return err
	}
	return s.Store.Tx(ctx, func(tx *store.Store) error {
		inboxes, err := tx.FollowerInboxes(ctx, root, store.Peers)
		if err != nil || len(inboxes) > peering.MaxDirect { // they got the changes together
			return err
		}
		out := store.Outgoing{ActivityID: e.ID, ActorID: root, Body: body, Inboxes: inboxes}
		return tx.PutDeliveries(ctx, out, s.Now(), s.newID)
	})
}
