package federation

import (
	"context"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
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

// peerClosed forgets the entries of a peer whose directory ended, and stops
// following it. What remains says so.
func (s *Server) peerClosed(ctx context.Context, tx *store.Store, p *directory.Peer) error {
	if err := s.peering.Release(ctx, tx, p.Host, p.ActorID); err != nil {
		return err
	}
	if err := tx.RemovePeer(ctx, p.Host); err != nil {
		return err
	}
	return tx.PutPeer(ctx, &directory.Peer{
		Host: p.Host, ActorID: p.ActorID, Name: p.Name, Inbox: p.Inbox, Locality: p.Locality, Country: p.Country, Point: p.Point,
		Added: p.Added, LastContact: s.Now(), LastErrorAt: s.Now(),
		LastError: "It closed for good; its initiatives were withdrawn or are elsewhere.",
	})
}
