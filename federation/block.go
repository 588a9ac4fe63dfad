package federation

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// refuseBlocked refuses whoever the operator blocked, before anything is fetched
// for them (SG13).
func (s *Server) refuseBlocked(ctx context.Context, ids ...string) error {
	blocks, err := s.Store.Blocks(ctx)
	if err != nil {
		return err
	}
	return refuseAmong(blocks, ids...)
}

// refuseAmong is refuseBlocked for who has read what is blocked.
func refuseAmong(blocks *directory.Blocks, ids ...string) error {
	if blocks.Blocked(ids...) {
		return refusef(http.StatusForbidden, "blocked by the operator of this instance")
	}
	return nil
}

// Gate keeps every request of ours from servers that are blocked, but for those to
// the inboxes of actors who are excepted: they may share one with their server.
func Gate(s *store.Store) client.Gate {
	return func(ctx context.Context, address string) error {
		blocks, err := s.Blocks(ctx)
		if err != nil || !blocks.Blocked(address) {
			return err
		}
		actors, err := s.Actors(ctx, blocks.Excepted(directory.HostOf(address)))
		if err != nil {
			return err
		}
		for _, a := range actors {
			if address == a.Inbox || address == a.SharedInbox {
				return nil
			}
		}
		return &client.BlockedError{Address: address}
	}
}

// onBlock ends all following between one of our actors and somebody who wants to
// hear nothing more of it: nothing that waits is sent either (INTEROP P16), and
// nothing that comes, until the block is taken back.
func (s *Server) onBlock(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	ours, err := s.followable(ctx, tx, in.Object.ID)
	if err != nil || !ours {
		return err
	}
	from, err := tx.Actor(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	undone, err := in.hasDeparted(ctx, in.ID, in.from)
	if err != nil {
		return err
	}
	// change
	if !undone {
		if err := tx.PutBlocker(ctx, in.from, in.Object.ID, in.ID, s.Now()); err != nil {
			return err
		}
	}
	if _, err := tx.RemoveFollower(ctx, in.from, in.Object.ID); err != nil {
		return err
	}
	others, err := tx.FollowerInboxes(ctx, in.Object.ID, store.Everyone)
	if err != nil {
		return err
	}
	for _, inbox := range []string{from.Inbox, from.DeliveryInbox()} {
		if slices.Contains(others, inbox) {
			continue // somebody else there still listens
		}
		if _, err := tx.DropDeliveriesTo(ctx, in.Object.ID, inbox); err != nil {
			return err
		}
	}
	if in.Object.ID != s.Instance.DirectoryID() {
		return nil
	}
	return tx.Change(ctx, func(tx *store.Store) error { return s.peerBlockedUs(ctx, tx, in.from) })
}

// undoBlock lets somebody hear again of an actor of ours. What did not come yet is
// not taken when it does.
func (s *Server) undoBlock(ctx context.Context, tx *store.Store, in incoming, undone *vocab.Activity) error {
	removed, err := tx.RemoveBlocker(ctx, in.from, undone.Object.ID)
	if err == nil && removed && undone.Object.ID == s.Instance.DirectoryID() {
		return s.peering.AskAgain(ctx, tx, in.from)
	}
	if err != nil || removed || undone.ID == "" {
		return err
	}
	return in.noteDeparted(ctx, undone.ID, in.from)
}

// peerBlockedUs notes that neither directory follows the other any more.
func (s *Server) peerBlockedUs(ctx context.Context, tx *store.Store, actor string) error {
	p, err := tx.Peer(ctx, directory.HostOf(actor))
	if errors.Is(err, directory.ErrNotFound) || err == nil && p.ActorID != actor {
		return nil
	}
	if err != nil {
		return err
	}
	const why = "It has blocked this instance. Ask its operator why."
	p.FollowsUs = false
	if p.State != directory.PeerNone {
		return s.peering.Refused(ctx, tx, p, why)
	}
	p.LastError, p.LastErrorAt = why, s.Now()
	return tx.PutPeer(ctx, p)
}
