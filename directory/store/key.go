package store

import (
	"context"

	"codeberg.org/commonage/commonage/directory"
)

type keyRow struct {
	ID      string `db:"id"`
	Kind    string `db:"kind"`
	Private string `db:"private"`
	Public  string `db:"public"`
	Created int64  `db:"created"`
	Pending bool   `db:"pending"`
	Retired int64  `db:"retired"`
}

// PutKey stores a key pair, or brings one into use, or retires one.
func (s *Store) PutKey(ctx context.Context, k *directory.Key) error {
	_, err := s.exec(ctx, "key", `INSERT INTO keys (id, kind, private, public, created, pending, retired) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET pending = excluded.pending, retired = excluded.retired`,
		k.ID, string(k.Kind), k.Private, k.Public, micros(k.Created), k.Pending, micros(k.Retired))
	return err
}

// Keys returns every key pair, the newest first, those in use before retired
// ones.
func (s *Store) Keys(ctx context.Context) ([]directory.Key, error) {
	rows, err := many[keyRow](ctx, s, "keys",
		`SELECT id, kind, private, public, created, pending, retired FROM keys ORDER BY retired, id DESC`)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Key, len(rows))
	for k, r := range rows {
		out[k] = directory.Key{
			ID: r.ID, Kind: directory.KeyKind(r.Kind), Private: r.Private, Public: r.Public,
			Created: fromMicros(r.Created), Pending: r.Pending, Retired: fromMicros(r.Retired),
		}
	}
	return out, nil
}
