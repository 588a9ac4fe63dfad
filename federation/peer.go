package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// follow finds the directory of a peer and asks to follow it.
func (s *Server) follow(ctx context.Context, j *directory.Job) (time.Time, error) {
	return s.peering.Follow(ctx, j.Key)
}

// sync reads what is new at a peer.
func (s *Server) sync(ctx context.Context, j *directory.Job) (time.Time, error) {
	return s.peering.Sync(ctx, j.Key)
}

// visit finds more instances through those that we know.
func (s *Server) visit(ctx context.Context, j *directory.Job) (time.Time, error) {
	return s.peering.Visit(ctx, j.Key)
}

// repair compares what is carried from a peer with what it has.
func (s *Server) repair(ctx context.Context, j *directory.Job) (time.Time, error) {
	return s.peering.Repair(ctx, j.Key)
}

// hide takes entries out of the lists whose instances have long not answered.
func (s *Server) hide(ctx context.Context) error {
	if s.HideAfter == 0 {
		return nil
	}
	return s.peering.Hide(ctx, s.HideAfter)
}

// unfollow takes back our Follow of a peer that the operator removed.
func (s *Server) unfollow(ctx context.Context, j *directory.Job) (time.Time, error) {
	var p curation.PeerFarewell
	if err := json.Unmarshal([]byte(j.Payload), &p); err != nil {
		return time.Time{}, fmt.Errorf("read farewell to %s: %w", j.Key, err)
	}
	return time.Time{}, s.Store.Change(ctx, func(tx *store.Store) error {
		if err := s.peering.Release(ctx, tx, j.Key, p.ActorID); err != nil {
			return err
		}
		return s.peering.Undo(ctx, tx, p.FollowID, p.ActorID, p.ActorID, p.Inbox)
	})
}
