package store

import (
	"context"
	"errors"

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
