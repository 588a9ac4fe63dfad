package federation

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// relays serves whom to ask to pass on what changes here.
func (s *Server) relays(w http.ResponseWriter, r *http.Request) error {
	ids, err := s.peering.Relays(r.Context())
	if err != nil {
		return err
	}
	items, err := vocab.IRIs(ids)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store") // others each time
	return collection(w, s.Instance.DirectoryID()+"/relays", items)
}

// onRequest acts on a directory's Follow of another one's that is sent to us: it
// asks us to pass on what changes there.
func (s *Server) onRequest(ctx context.Context, tx *store.Store, in incoming) error {
	from, err := in.actor(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) || err == nil && !from.Directory {
		return nil
	}
	if err != nil {
		return err
	}
	takes, err := s.takesOn(ctx, tx, from, in.Object.ID)
	if err != nil {
		return err
	}
	if !takes {
		return s.rejectFollow(ctx, tx, in, s.Instance.DirectoryID(), from.Inbox)
	}
	if err := tx.PutFollower(ctx, &directory.Follower{
		ActorID: in.from, ObjectID: in.Object.ID, FollowID: in.ID, Inbox: from.Inbox, Delivery: from.DeliveryInbox(),
		Peer: true, Since: s.Now(),
	}); err != nil {
		return err
	}
	return s.acceptFollow(ctx, tx, in, s.Instance.DirectoryID(), from.Inbox)
}

// takesOn reports whether we pass on to a directory what changes in that with the
// id: one that we follow, for a few who ask, one under each registered domain.
func (s *Server) takesOn(ctx context.Context, tx *store.Store, from *directory.RemoteActor, id string) (bool, error) {
	origin, err := s.followed(ctx, tx, id)
	if err != nil || origin == nil || origin.ActorID != id {
		return false, err
	}
	if refused, err := s.refuses(ctx, tx, from, s.Instance.DirectoryID()); err != nil || refused {
		return false, err
	}
	asked, err := tx.PeerFollowers(ctx, id)
	if err != nil || slices.Contains(asked, from.ID) {
		return err == nil, err
	}
	domain := peering.RegisteredDomain(directory.HostOf(from.ID))
	return len(asked) < peering.MaxAskers && !slices.ContainsFunc(asked, func(id string) bool {
		return peering.RegisteredDomain(directory.HostOf(id)) == domain // or one owner could take all places
	}), nil
}

// settleUpstream notes what an instance answers that we asked to pass something on,
// and reports whether it is such an answer.
func settleUpstream(ctx context.Context, tx *store.Store, in incoming, state directory.PeerState) (bool, error) {
	if in.Object.ID == "" {
		return false, nil
	}
	if state == directory.PeerFollowing {
		return tx.AcceptUpstream(ctx, in.from, in.Object.ID)
	}
	return tx.RemoveUpstream(ctx, in.from, in.Object.ID)
}
