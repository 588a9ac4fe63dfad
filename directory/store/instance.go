package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Belong makes the database that of the instance at host, for good. If it is
// another's, the error is directory.Invalid for the host.
func (s *Store) Belong(ctx context.Context, host string) error {
	const asked = `SELECT host FROM instance`
	owner, err := one[string](ctx, s, "instance", asked)
	if errors.Is(err, directory.ErrNotFound) {
		if _, err := s.exec(ctx, "instance", `INSERT INTO instance (one, host) VALUES (1, ?) ON CONFLICT (one) DO NOTHING`, host); err != nil {
			return err
		}
		owner, err = one[string](ctx, s, "instance", asked)
	}
	if err != nil {
		return err
	}
	if *owner != host {
		return directory.Invalidf("host", "%q is not that of this database, %q, which can never change: it is part of every address. "+
			"Set it back, or take another database", host, *owner)
	}
	return nil
}

// Closed returns since when the instance's directory is closed for good; the zero
// time while it is not.
func (s *Store) Closed(ctx context.Context) (time.Time, error) {
	since, err := one[int64](ctx, s, "instance", `SELECT closed FROM instance`)
	if errors.Is(err, directory.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return fromMicros(*since), nil
}

// PutClosed notes since when the directory of the instance at host is closed for
// good. The first time counts.
func (s *Store) PutClosed(ctx context.Context, host string, since time.Time) error {
	_, err := s.exec(ctx, "instance", `INSERT INTO instance (one, host, closed) VALUES (1, ?, ?)
		ON CONFLICT (one) DO UPDATE SET closed = CASE WHEN instance.closed > 0 THEN instance.closed ELSE excluded.closed END`,
		host, micros(since))
	return err
}
