package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

type receivedRow struct {
	ID       string `db:"id"`
	Signer   string `db:"signer"`
	Inbox    string `db:"inbox"`
	Body     []byte `db:"body"`
	Received int64  `db:"received"`
	Tries    int    `db:"tries"`
}

// Arrival is an activity that came in, and what tells it from others.
type Arrival struct {
	*directory.Received
	Digest string
}

// Receive stores activities that came in, unless one with the same digest did
// before, and reports which are new.
func (s *Store) Receive(ctx context.Context, list ...Arrival) (fresh []bool, err error) {
	fresh = make([]bool, len(list))
	err = s.Tx(ctx, func(tx *Store) error {
		statement, err := tx.tx.PreparexContext(ctx, tx.rebind(`INSERT INTO inbox
			(id, digest, signer, inbox, body, received, run_at, leased, tries, done, error)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, FALSE, '') ON CONFLICT (digest) DO NOTHING`))
		if err != nil {
			return fmt.Errorf("prepare received activities: %w", err)
		}
		defer statement.Close()
		for k, r := range list {
			at := micros(r.Received.Received)
			result, err := statement.ExecContext(ctx, legal([]any{r.ID, r.Digest, r.Signer, r.Inbox, r.Body, at, at})...)
			if err != nil {
				return fmt.Errorf("write received activity: %w", err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				return fmt.Errorf("write received activity: %w", err)
			}
			fresh[k] = n > 0
		}
		return nil
	})
	return fresh, err
}

// ClaimReceived leases the activities that are due, oldest first, at most limit,
// until the lease ends.
func (s *Store) ClaimReceived(ctx context.Context, now, lease time.Time, limit int) ([]directory.Received, error) {
	rows, err := returning[receivedRow](ctx, s, "received activities", `UPDATE inbox SET leased = ?, tries = tries + 1
		WHERE id IN (SELECT id FROM inbox WHERE done = FALSE AND run_at <= ? AND leased <= ?
		ORDER BY run_at, id LIMIT ?`+s.dialect.skipLocked+`)
		RETURNING id, signer, inbox, body, received, tries`, micros(lease), micros(now), micros(now), limit)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Received, len(rows))
	for k, r := range rows {
		out[k] = directory.Received{
			ID: r.ID, Signer: r.Signer, Inbox: r.Inbox, Body: r.Body, Received: fromMicros(r.Received), Tries: r.Tries,
		}
	}
	slices.SortFunc(out, func(a, b directory.Received) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// FinishReceived notes that activities were acted on, or given up with an error;
// their bodies go, what makes them known stays.
func (s *Store) FinishReceived(ctx context.Context, failure string, ids ...string) error {
	return s.execIn(ctx, "received activities", `UPDATE inbox SET done = TRUE, body = NULL, leased = 0, error = ? WHERE id IN (?)`, failure, ids)
}

// RetryReceived lets an activity be claimed again at a time.
func (s *Store) RetryReceived(ctx context.Context, id string, at time.Time, failure string) error {
	_, err := s.exec(ctx, "received activity",
		`UPDATE inbox SET leased = 0, run_at = ?, error = ? WHERE id = ?`, micros(at), failure, id)
	return err
}

// PurgeReceived forgets activities that were acted on before a time.
func (s *Store) PurgeReceived(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "received activities", `DELETE FROM inbox WHERE done = TRUE AND received < ?`, micros(before))
}

// CountReceived returns how many activities wait to be acted on.
func (s *Store) CountReceived(ctx context.Context) (int, error) {
	return s.count(ctx, "received activities", `SELECT COUNT(*) FROM inbox WHERE done = FALSE`)
}
