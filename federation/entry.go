package federation

import (
	"context"
	"errors"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// followed returns the peer whose directory actor or initiative the actor is, if
// we follow it; nil otherwise.
func (s *Server) followed(ctx context.Context, tx *store.Store, actor string) (*directory.Peer, error) {
	p, err := peerOf(ctx, tx, actor)
	if err != nil || p == nil || p.State != directory.PeerFollowing {
		return nil, err
	}
	return p, nil
}

// peerOf returns the peer on whose host an actor is, nil if there is none.
func peerOf(ctx context.Context, tx *store.Store, actor string) (*directory.Peer, error) {
	p, err := tx.Peer(ctx, directory.HostOf(actor))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil //nolint:nilnil // the callers ask for nil
	}
	return p, err
}

// onAdd carries an entry that a peer published.
func (s *Server) onAdd(ctx context.Context, tx *store.Store, in incoming) error {
	p, err := s.followed(ctx, tx, in.from)
	if err != nil || p == nil || p.ActorID != in.from {
		return err
	}
	return s.peering.Heard(ctx, tx, p.Host, in.Activity)
}

// onRemove forgets an entry that a peer withdrew.
func (s *Server) onRemove(ctx context.Context, tx *store.Store, in incoming) error {
	return s.onAdd(ctx, tx, in)
}

// onUpdate renews what we know of an actor, carries the change of an entry, and
// reads a directory that says it has news. One in doubt is looked at again: its
// documents can show a new key before the Update that announces it has come.
func (s *Server) onUpdate(ctx context.Context, tx *store.Store, in incoming) error {
	if in.Object.ID != in.from || in.Object.Raw == nil {
		return s.editReply(ctx, tx, in) // or an actor that is not the signer
	}
	if err := s.renew(ctx, tx, in); err != nil {
		return err
	}
	p, err := peerOf(ctx, tx, in.from)
	if err != nil || p == nil {
		return err
	}
	itself := p.ActorID == in.from
	switch {
	case p.State == directory.PeerDoubted && itself:
		return curation.WantPeer(ctx, tx, p.Host, s.Now())
	case p.State != directory.PeerFollowing:
		return nil
	case itself:
		return tx.PutJob(ctx, &directory.Job{ID: s.newID(), Kind: curation.SyncJob, Key: p.Host, Created: s.Now()}, s.Now())
	}
	return s.peering.Heard(ctx, tx, p.Host, in.Activity)
}

// renew stores an actor's own new document, if we know the actor at all.
func (s *Server) renew(ctx context.Context, tx *store.Store, in incoming) error {
	known, err := tx.Actor(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := vocab.ParseActor(in.Object.Raw)
	if err != nil {
		return nil //nolint:nilerr // as if it had not come
	}
	a.ActivityStreams = true // Mastodon names the context once, around it
	if a.Check() != nil || len(a.Keys) == 0 {
		return nil //nolint:nilerr // a document that we would not have believed
	}
	key, ok := a.Key(known.KeyID)
	if !ok {
		key = a.Keys[0]
	}
	if key.PEM == "" {
		return nil
	}
	return tx.PutActor(ctx, remoteActor(a, key, s.Now()))
}

// onDelete forgets an actor that deletes itself, as a follower, as an author and
// as an entry, or a reply.
func (s *Server) onDelete(ctx context.Context, tx *store.Store, in incoming) error {
	if in.Object.ID != in.from {
		return s.removeReply(ctx, tx, in)
	}
	if err := tx.RemoveActor(ctx, in.from); err != nil {
		return err
	}
	if err := s.peerLeft(ctx, tx, in.from); err != nil {
		return err
	}
	p, err := s.followed(ctx, tx, in.from)
	if err != nil || p == nil {
		return err
	}
	if p.ActorID == in.from {
		return s.peerClosed(ctx, tx, p)
	}
	return s.peering.Apply(ctx, tx, p.Host, in.Activity)
}
