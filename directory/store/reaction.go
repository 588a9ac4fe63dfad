package store

import (
	"context"

	"codeberg.org/commonage/commonage/directory"
)

// PutReaction counts a reaction, once for each actor, post and kind.
func (s *Store) PutReaction(ctx context.Context, r *directory.Reaction) error {
	_, err := s.exec(ctx, "reaction of "+r.ActorID, `INSERT INTO reactions (object_id, kind, actor_id, activity_id, received)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT (object_id, kind, actor_id) DO UPDATE SET activity_id = excluded.activity_id`,
		r.ObjectID, string(r.Kind), r.ActorID, r.ActivityID, micros(r.Received))
	return err
}

// RemoveReaction takes an actor's reaction back, and reports whether there was
// one.
func (s *Store) RemoveReaction(ctx context.Context, objectID string, kind directory.ReactionKind, actorID string) (bool, error) {
	n, err := s.exec(ctx, "reaction of "+actorID,
		`DELETE FROM reactions WHERE object_id = ? AND kind = ? AND actor_id = ?`, objectID, string(kind), actorID)
	return n > 0, err
}

// RemoveReactionID takes back what an actor's activity with the id counted, and
// reports whether there was something.
func (s *Store) RemoveReactionID(ctx context.Context, actorID, activityID string) (bool, error) {
	n, err := s.exec(ctx, "reaction "+activityID,
		`DELETE FROM reactions WHERE actor_id = ? AND activity_id = ? AND activity_id <> ''`, actorID, activityID)
	return n > 0, err
}

// Counts returns what came back to each of the posts; one that nobody reacted to
// is all zero.
func (s *Store) Counts(ctx context.Context, postIDs []string) (map[string]directory.Counts, error) {
	counts := make(map[string]directory.Counts, len(postIDs))
	if len(postIDs) == 0 {
		return counts, nil
	}
	rows, err := manyIn[struct {
		ID   string `db:"id"`
		Kind string `db:"kind"`
		N    int    `db:"n"`
	}](ctx, s, "counts", `SELECT object_id AS id, kind, COUNT(*) AS n FROM reactions WHERE object_id IN (?)
		GROUP BY object_id, kind UNION ALL SELECT post_id AS id, 'reply' AS kind, COUNT(*) AS n FROM replies
		WHERE post_id IN (?) AND state = 'approved' GROUP BY post_id`, postIDs, postIDs)
	for _, r := range rows {
		c := counts[r.ID]
		switch r.Kind {
		case string(directory.Liked):
			c.Likes = r.N
		case string(directory.Shared):
			c.Shares = r.N
		default:
			c.Replies = r.N
		}
		counts[r.ID] = c
	}
	return counts, err
}
