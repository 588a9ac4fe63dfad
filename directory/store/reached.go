package store

import (
	"context"
	"time"
)

// maxReached bounds how many inboxes are remembered for an actor, so that nobody
// fills the table by following and leaving under ever new names.
const maxReached = 10_000

// PutReached notes that something public of an actor of ours goes to inboxes.
// They are remembered for when it is taken back: who follows today need not be
// who followed then. There is one row for each actor and inbox, not for each
// post; the inboxes that were reached longest ago are forgotten first.
func (s *Store) PutReached(ctx context.Context, actorID string, inboxes []string, now time.Time) error {
	return s.Tx(ctx, func(tx *Store) error {
		grown := false
		for _, inbox := range inboxes {
			n, err := tx.exec(ctx, "inbox reached", `UPDATE reached SET reached_at = ? WHERE actor_id = ? AND inbox = ?`,
				micros(now), actorID, inbox)
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			grown = true
			if _, err := tx.exec(ctx, "inbox reached", `INSERT INTO reached (actor_id, inbox, reached_at) VALUES (?, ?, ?)
				ON CONFLICT (actor_id, inbox) DO UPDATE SET reached_at = excluded.reached_at`,
				actorID, inbox, micros(now)); err != nil {
				return err
			}
		}
		if !grown {
			return nil
		}
		_, err := tx.exec(ctx, "inboxes reached", `DELETE FROM reached WHERE actor_id = ? AND inbox IN
			(SELECT inbox FROM reached WHERE actor_id = ? ORDER BY reached_at DESC, inbox LIMIT 1000 OFFSET ?)`,
			actorID, actorID, maxReached)
		return err
	})
}

// Readers returns the distinct inboxes of the people who follow an actor, and of
// everyone else who got something of it and did not block it.
func (s *Store) Readers(ctx context.Context, actorID string) ([]string, error) {
	return many[string](ctx, s, "readers of "+actorID, `SELECT delivery AS inbox FROM followers WHERE object_id = ? AND NOT peer
		UNION SELECT inbox FROM reached WHERE actor_id = ? AND inbox NOT IN (SELECT inbox FROM (`+blockersOf+`) own)
		ORDER BY inbox`, actorID, actorID, actorID)
}
