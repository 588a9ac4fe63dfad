package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"codeberg.org/commonage/commonage/directory"
)

// The directory's log holds the latest change of each own entry. Positions grow
// in the order in which changes become visible, so that a reader who has seen
// everything up to a position misses nothing after it.

// ChangesAfter returns the changes after a position, oldest first, at most
// limit.
func (s *Store) ChangesAfter(ctx context.Context, position int64, limit int) ([]directory.Change, error) {
	return s.changes(ctx, `position > ? ORDER BY position LIMIT ?`, position, limit)
}

// ChangesBefore returns the changes before a position, newest first, at most
// limit.
func (s *Store) ChangesBefore(ctx context.Context, position int64, limit int) ([]directory.Change, error) {
	return s.changes(ctx, `position < ? ORDER BY position DESC LIMIT ?`, position, limit)
}

// ChangeAt returns the change at a position, or directory.ErrNotFound when a
// later one of the same entry has taken its place.
func (s *Store) ChangeAt(ctx context.Context, position int64) (*directory.Change, error) {
	changes, err := s.changes(ctx, `position = ?`, position)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("change %d: %w", position, directory.ErrNotFound)
	}
	return &changes[0], nil
}

func (s *Store) changes(ctx context.Context, condition string, args ...any) ([]directory.Change, error) {
	rows, err := many[initiativeRow](ctx, s, "changes",
		`SELECT `+initiativeColumns+` FROM initiatives WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Change, len(rows))
	for k := range rows {
		i, err := rows[k].initiative()
		if err != nil {
			return nil, err
		}
		out[k] = directory.Change{Position: *rows[k].Position, Type: directory.ChangeType(rows[k].Change), Initiative: *i}
	}
	return out, nil
}

// CountChanges returns how many changes the log holds.
func (s *Store) CountChanges(ctx context.Context) (int, error) {
	return s.count(ctx, "changes", `SELECT COUNT(*) FROM initiatives WHERE position IS NOT NULL`)
}

func (s *Store) count(ctx context.Context, what, query string, args ...any) (int, error) {
	n, err := one[int](ctx, s, what, query, args...)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// Pushed returns the position up to which changes were sent to peers.
func (s *Store) Pushed(ctx context.Context) (int64, error) {
	return s.counter(ctx, "pushed")
}

// counter returns where a counter stands; one that never moved is at 0.
func (s *Store) counter(ctx context.Context, name string) (int64, error) {
	value, err := lookup[int64](ctx, s, "counter "+name, `SELECT value FROM counters WHERE name = ?`, name)
	if errors.Is(err, directory.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return *value, nil
}

// SetPushed notes that everything up to a position was sent, by who read from;
// it fails with directory.ErrConflict when somebody else was faster.
func (s *Store) SetPushed(ctx context.Context, from, to int64) error {
	if _, err := s.exec(ctx, "pushed position",
		`INSERT INTO counters (name, value) VALUES ('pushed', 0) ON CONFLICT (name) DO NOTHING`); err != nil {
		return err
	}
	n, err := s.exec(ctx, "pushed position",
		`UPDATE counters SET value = ? WHERE name = 'pushed' AND value = ?`, to, from)
	if err == nil && n == 0 {
		return fmt.Errorf("changes after %d were sent by another process: %w", from, directory.ErrConflict)
	}
	return err
}

// PurgeTombstones forgets where withdrawn entries stand in the log when they
// were withdrawn before a time in microseconds; their handles stay taken.
func (s *Store) PurgeTombstones(ctx context.Context, before int64) (int64, error) {
	return s.exec(ctx, "tombstones", `UPDATE initiatives SET position = NULL
		WHERE state IN ('withdrawn', 'moved') AND own AND updated < ? AND position IS NOT NULL`, before)
}

// PublishedIDs returns the ids of the published own entries, a page at a time.
func (s *Store) PublishedIDs(ctx context.Context, origin, after string, limit int) ([]string, error) {
	ids, err := many[string](ctx, s, "published entries", `SELECT id FROM initiatives
		WHERE origin = ? AND state = 'published' AND handle > ? ORDER BY handle LIMIT ?`, origin, after, limit)
	return slices.Clip(ids), err
}
