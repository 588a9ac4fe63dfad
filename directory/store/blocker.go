package store

import (
	"context"
	"time"
)

// blockersOf are those who blocked an actor of ours, each with its inbox if
// nobody else is known to read that.
const blockersOf = `SELECT b.actor_id, CASE WHEN a.shared_inbox = ''
	AND NOT EXISTS (SELECT 1 FROM actors other WHERE other.inbox = a.inbox AND other.id <> a.id)
	THEN a.inbox ELSE '' END AS inbox
	FROM blockers b LEFT JOIN actors a ON a.id = b.actor_id WHERE b.object_id = ?`

// PutBlocker notes that somebody blocked one of our actors, by the activity with
// the id.
func (s *Store) PutBlocker(ctx context.Context, actorID, objectID, blockID string, now time.Time) error {
	_, err := s.exec(ctx, "blocker "+actorID, `INSERT INTO blockers (object_id, actor_id, block_id, since) VALUES (?, ?, ?, ?)
		ON CONFLICT (object_id, actor_id) DO UPDATE SET block_id = excluded.block_id`,
		objectID, actorID, blockID, micros(now))
	return err
}

// RemoveBlocker ends that actor blocks object, and reports whether it did.
func (s *Store) RemoveBlocker(ctx context.Context, actorID, objectID string) (bool, error) {
	n, err := s.exec(ctx, "blocker "+actorID, `DELETE FROM blockers WHERE actor_id = ? AND object_id = ?`, actorID, objectID)
	return n > 0, err
}

// RemoveBlockID ends what the actor's Block with the id began, and reports
// whether there was something.
func (s *Store) RemoveBlockID(ctx context.Context, actorID, blockID string) (bool, error) {
	n, err := s.exec(ctx, "block "+blockID,
		`DELETE FROM blockers WHERE actor_id = ? AND block_id = ? AND block_id <> ''`, actorID, blockID)
	return n > 0, err
}

// Blockers returns the ids of those who blocked one of our actors, each with its
// inbox, or "" if others may read that.
func (s *Store) Blockers(ctx context.Context, objectID string) (map[string]string, error) {
	rows, err := many[struct {
		ID    string `db:"actor_id"`
		Inbox string `db:"inbox"`
	}](ctx, s, "blockers of "+objectID, blockersOf, objectID)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Inbox
	}
	return out, nil
}
