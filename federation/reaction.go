package federation

import (
	"context"
	"encoding/json"
	"errors"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// reactionKind returns what an activity of the type counts as: a reaction with
// an emoji is a like.
func reactionKind(activity string) directory.ReactionKind {
	switch activity {
	case "Like", "EmojiReact":
		return directory.Liked
	case "Announce":
		return directory.Shared
	}
	return ""
}

// onReaction counts a like or a share of a post of ours.
func (s *Server) onReaction(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	if !s.Instance.Owns(in.Object.ID) {
		return nil
	}
	post, err := in.post(ctx, in.Object.ID)
	if errors.Is(err, directory.ErrNotFound) || err == nil && post.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	// permit
	if in.ID != "" {
		undone, err := in.hasDeparted(ctx, in.ID, in.from)
		if err != nil || undone {
			return err
		}
	}
	// change
	if err := in.noteReader(ctx, in.from, post.InitiativeID); err != nil {
		return err
	}
	return tx.PutReaction(ctx, &directory.Reaction{
		ObjectID: post.ID, Kind: reactionKind(in.Type), ActorID: in.from, ActivityID: in.ID, Received: s.Now(),
	})
}

// undoReaction takes back a like or a share: by what it was of, as the id in the
// Undo may be one that we never saw. What did not come yet is not taken when it
// does.
func (s *Server) undoReaction(ctx context.Context, tx *store.Store, in incoming, undone *vocab.Activity) error {
	removed, err := tx.RemoveReaction(ctx, undone.Object.ID, reactionKind(undone.Type), in.from)
	if err != nil || removed || undone.ID == "" {
		return err
	}
	return in.noteDeparted(ctx, undone.ID, in.from)
}

// counted returns the documents of posts with what came back to them.
func (s *Server) counted(ctx context.Context, posts ...directory.Post) ([]json.RawMessage, error) {
	ids := make([]string, len(posts))
	for k := range posts {
		ids[k] = posts[k].ID
	}
	counts, err := s.Store.Counts(ctx, ids)
	if err != nil {
		return nil, err
	}
	documents := make([]json.RawMessage, len(posts))
	for k := range posts {
		c, root := counts[posts[k].ID], posts[k].ID+"/replies"
		n := s.note(&posts[k])
		n.Replies = &vocab.Tally{ID: root, First: root + "?after=", Total: c.Replies}
		n.Likes, n.Shares = &vocab.Tally{Total: c.Likes}, &vocab.Tally{Total: c.Shares}
		if documents[k], err = vocab.NoteDocument(n); err != nil {
			return nil, err
		}
	}
	return documents, nil
}
