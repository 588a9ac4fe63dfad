package store

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

type userRow struct {
	Name    string `db:"name"`
	Display string `db:"display"`
	Contact string `db:"contact"`
	Role    string `db:"role"`
	Created int64  `db:"created"`
}

// PutUser writes a user, new or changed.
func (s *Store) PutUser(ctx context.Context, u *directory.User) error {
	_, err := s.exec(ctx, "user "+u.Name, `INSERT INTO users (name, display, contact, role, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET display = excluded.display, contact = excluded.contact, role = excluded.role`,
		u.Name, u.Display, u.Contact, string(u.Role), micros(u.Created))
	return err
}

// Users returns every user, by name.
func (s *Store) Users(ctx context.Context) ([]directory.User, error) {
	rows, err := many[userRow](ctx, s, "users", `SELECT name, display, contact, role, created FROM users ORDER BY name`)
	if err != nil {
		return nil, err
	}
	out := make([]directory.User, len(rows))
	for k, r := range rows {
		out[k] = directory.User{
			Name: r.Name, Display: r.Display, Contact: r.Contact,
			Role: directory.UserRole(r.Role), Created: fromMicros(r.Created),
		}
	}
	return out, nil
}

// RemoveUser forgets a user, or returns directory.ErrNotFound.
func (s *Store) RemoveUser(ctx context.Context, name string) error {
	n, err := s.exec(ctx, "user "+name, `DELETE FROM users WHERE name = ?`, name)
	if err == nil && n == 0 {
		return fmt.Errorf("user %s: %w", name, directory.ErrNotFound)
	}
	return err
}
