package federation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// close tells everyone who follows the directory that it ends. What became of the
// initiatives is sent before, by push.
func (s *Server) close(ctx context.Context, _ *directory.Job) (time.Time, error) {
	root := s.Instance.DirectoryID()
	e := vocab.Envelope{ID: root + "#delete", Actor: root, To: []string{vocab.Public}, Published: s.Now()}
	body, err := s.proven(e)(vocab.DeleteActor(e))
	if err != nil {
		return time.Time{}, err
	}
	return time.Time{}, s.Store.Tx(ctx, func(tx *store.Store) error {
		inboxes, err := tx.FollowerInboxes(ctx, root, store.Everyone)
		if err != nil {
			return err
		}
		out := store.Outgoing{ActivityID: e.ID, ActorID: root, ObjectID: root, Body: body, Inboxes: inboxes}
		return tx.PutDeliveries(ctx, out, s.Now(), s.newID)
	})
}

// closed returns since when our directory is closed for good as an ErrGone, or nil.
func (s *Server) closed(ctx context.Context) error {
	since, err := s.Store.Closed(ctx)
	if err != nil || since.IsZero() {
		return err
	}
	return fmt.Errorf("the directory: %w", directory.ErrGone)
}

// whileOpen serves what an instance has that is not closed for good.
func (s *Server) whileOpen(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.closed(r.Context()); err != nil {
			return err
		}
		return h(w, r)
	}
}

// ifOpen does a job of an instance that is not closed for good, else nothing.
func (s *Server) ifOpen(do job) job {
	return func(ctx context.Context, j *directory.Job) (time.Time, error) {
		err := s.closed(ctx)
		if errors.Is(err, directory.ErrGone) {
			return time.Time{}, nil
		}
		if err != nil {
			return time.Time{}, err
		}
		return do(ctx, j)
	}
}

// maxPartingTries is how often we try to read the end of the log of a peer that
// closed: for about two minutes.
const maxPartingTries = 6

// peerClosed has a peer forgotten whose directory ended.
func (s *Server) peerClosed(ctx context.Context, tx *store.Store, p *directory.Peer) error {
	return tx.PutJob(ctx, &directory.Job{ID: s.newID(), Kind: curation.PartingJob, Key: p.Host, Created: s.Now()}, s.Now())
}

// part reads the log of a peer that closed to its end, as it says where initiatives
// went, and then forgets its other entries and stops following it. What remains of it
// says why.
func (s *Server) part(ctx context.Context, j *directory.Job) (again time.Time, err error) {
	before, err := s.Store.Peer(ctx, j.Key)
	if errors.Is(err, directory.ErrNotFound) {
		return time.Time{}, nil // the operator removed it
	}
	if err != nil {
		return time.Time{}, err
	}
	_, err = s.peering.Sync(ctx, j.Key)
	if ctx.Err() != nil || client.Retryable(err) && j.Tries < maxPartingTries {
		return time.Time{}, err
	}
	failed := err
	err = s.Store.Change(ctx, func(tx *store.Store) error {
		p, err := tx.Peer(ctx, j.Key)
		if err != nil {
			return err
		}
		if failed == nil && (p.Cursor != before.Cursor || p.Backfill != before.Backfill) {
			again = s.Now() // there may be more, or another reading is under way
			return nil
		}
		return s.forgetClosed(ctx, tx, p)
	})
	if errors.Is(err, directory.ErrNotFound) {
		err = nil
	}
	return again, err
}

// forgetClosed forgets the entries of a peer that closed, but for what leads to
// where they are now.
func (s *Server) forgetClosed(ctx context.Context, tx *store.Store, p *directory.Peer) error {
	if err := s.peering.Release(ctx, tx, p.Host, p.ActorID); err != nil {
		return err
	}
	if err := tx.RemoveClosedPeer(ctx, p.Host, curation.MoveJob); err != nil {
		return err
	}
	return tx.PutPeer(ctx, &directory.Peer{
		Host: p.Host, ActorID: p.ActorID, Name: p.Name, Inbox: p.Inbox, Locality: p.Locality, Country: p.Country, Point: p.Point,
		Added: p.Added, LastContact: s.Now(), LastErrorAt: s.Now(),
		LastError: "It closed for good; its initiatives were withdrawn or are elsewhere.",
	})
}
