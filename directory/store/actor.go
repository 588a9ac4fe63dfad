package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const actorColumns = `id, type, handle, name, inbox, shared_inbox, key_id, key_pem, is_directory, fetched, url, icon,
	proof_keys`

type actorRow struct {
	ID          string `db:"id"`
	Type        string `db:"type"`
	Handle      string `db:"handle"`
	Name        string `db:"name"`
	Inbox       string `db:"inbox"`
	SharedInbox string `db:"shared_inbox"`
	KeyID       string `db:"key_id"`
	KeyPEM      string `db:"key_pem"`
	Directory   bool   `db:"is_directory"`
	Fetched     int64  `db:"fetched"`
	URL         string `db:"url"`
	Icon        string `db:"icon"`
	ProofKeys   string `db:"proof_keys"`
}

func (r *actorRow) actor() (*directory.RemoteActor, error) {
	a := &directory.RemoteActor{
		ID: r.ID, Type: r.Type, Handle: r.Handle, Name: r.Name, Inbox: r.Inbox, SharedInbox: r.SharedInbox,
		KeyID: r.KeyID, KeyPEM: r.KeyPEM, Directory: r.Directory, Fetched: fromMicros(r.Fetched),
		URL: r.URL, Icon: r.Icon,
	}
	if err := decode(r.ProofKeys, &a.ProofKeys); err != nil {
		return nil, fmt.Errorf("read proof keys of actor %s: %w", r.ID, err)
	}
	return a, nil
}

// PutActor writes what is known of a remote actor, also where it follows one of
// ours and where it has written something: in the order in which RemoveActor
// forgets these, so that no two wait for each other.
func (s *Store) PutActor(ctx context.Context, a *directory.RemoteActor) error {
	return s.Tx(ctx, func(tx *Store) error {
		if _, err := tx.exec(ctx, "followings of "+a.ID, `UPDATE followers SET inbox = ?, delivery = ?
			WHERE actor_id = ? AND (inbox, delivery) <> (?, ?)`,
			a.Inbox, a.DeliveryInbox(), a.ID, a.Inbox, a.DeliveryInbox()); err != nil {
			return err
		}
		by := a.Author()
		if _, err := tx.exec(ctx, "replies by "+a.ID, `UPDATE replies
			SET author_acct = ?, author_name = ?, author_url = ?, author_icon = ?
			WHERE author_id = ? AND (author_acct, author_name, author_url, author_icon) <> (?, ?, ?, ?)`,
			by.Acct, by.Name, by.URL, by.Icon, by.ID, by.Acct, by.Name, by.URL, by.Icon); err != nil {
			return err
		}
		return tx.putActor(ctx, a)
	})
}

func (s *Store) putActor(ctx context.Context, a *directory.RemoteActor) error {
	keys, err := encode(a.ProofKeys)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "actor "+a.ID, `INSERT INTO actors (`+actorColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, handle = excluded.handle, name = excluded.name,
		inbox = excluded.inbox, shared_inbox = excluded.shared_inbox, key_id = excluded.key_id,
		key_pem = excluded.key_pem, is_directory = excluded.is_directory, fetched = excluded.fetched,
		url = excluded.url, icon = excluded.icon, proof_keys = excluded.proof_keys`,
		a.ID, a.Type, a.Handle, a.Name, a.Inbox, a.SharedInbox, a.KeyID, a.KeyPEM, a.Directory, micros(a.Fetched),
		a.URL, a.Icon, keys)
	return err
}

// Actor returns the remote actor with the id, or directory.ErrNotFound.
func (s *Store) Actor(ctx context.Context, id string) (*directory.RemoteActor, error) {
	row, err := lookup[actorRow](ctx, s, "actor "+id, `SELECT `+actorColumns+` FROM actors WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	return row.actor()
}

// Actors returns those of the remote actors with the ids that are known.
func (s *Store) Actors(ctx context.Context, ids []string) (map[string]*directory.RemoteActor, error) {
	if len(ids) == 0 {
		return map[string]*directory.RemoteActor{}, nil
	}
	rows, err := manyIn[actorRow](ctx, s, "actors", `SELECT `+actorColumns+` FROM actors WHERE id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*directory.RemoteActor, len(rows))
	for k := range rows {
		if out[rows[k].ID], err = rows[k].actor(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FindActor returns the id of the actor or carried entry that goes by an address,
// which is the id or their page, or by user@host; or directory.ErrNotFound where
// none is known, or more than one.
func (s *Store) FindActor(ctx context.Context, address string) (string, error) {
	user, host, isName := strings.Cut(address, "@")
	var ids []string
	var err error
	if strings.Contains(address, "://") {
		isName, host = false, directory.HostOf(address)
	}
	if isName {
		ids, err = many[string](ctx, s, "actor "+address, `SELECT id FROM actors WHERE LOWER(handle) = ?
			UNION SELECT id FROM initiatives WHERE origin = ? AND handle = ?`, strings.ToLower(user), host, user)
	} else {
		ids, err = many[string](ctx, s, "actor "+address, `SELECT id FROM actors WHERE id = ? OR url = ?
			UNION SELECT id FROM initiatives WHERE id = ?`, address, address, address)
	}
	// Anybody may call a page theirs, or an entry what another is called.
	ids = slices.DeleteFunc(ids, func(id string) bool { return directory.HostOf(id) != host })
	if err == nil && len(ids) != 1 {
		err = fmt.Errorf("actor %s: %w", address, directory.ErrNotFound)
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// KeyOwner is what is known of who has a key.
type KeyOwner struct {
	ID, PEM string
	Fetched time.Time
}

// KeyOwner returns who has the key with the id, or nil where nobody is known to,
// and what is blocked. Whatever other servers send needs both first, so that it is
// one query.
func (s *Store) KeyOwner(ctx context.Context, keyID string) (*KeyOwner, *directory.Blocks, error) {
	row, err := lookup[struct {
		Version int64  `db:"version"`
		ID      string `db:"id"`
		PEM     string `db:"key_pem"`
		Fetched int64  `db:"fetched"`
	}](ctx, s, "owner of key "+keyID, `SELECT id, key_pem, fetched,
		COALESCE((SELECT value FROM counters WHERE name = ?), 0) AS version
		FROM actors WHERE key_id = ? ORDER BY fetched DESC LIMIT 1`, blocksCounter, keyID)
	if errors.Is(err, directory.ErrNotFound) {
		blocks, err := s.Blocks(ctx)
		return nil, blocks, err
	}
	if err != nil {
		return nil, nil, err
	}
	blocks, err := s.blocksAt(ctx, row.Version)
	if err != nil {
		return nil, nil, err
	}
	return &KeyOwner{ID: row.ID, PEM: row.PEM, Fetched: fromMicros(row.Fetched)}, blocks, nil
}

// ForgetKeys forgets the keys of the actors whose ids begin with the address of a
// server, so that those that it shows next are taken.
func (s *Store) ForgetKeys(ctx context.Context, server string) error {
	_, err := s.exec(ctx, "keys of "+server, `UPDATE actors SET key_pem = '', proof_keys = '', fetched = 0
		WHERE id >= ? AND id < ?`, server+"/", server+"0") // the character after the slash
	return err
}

// RemoveActor forgets a remote actor, whom it followed here, and what it wrote
// and liked.
func (s *Store) RemoveActor(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *Store) error {
		for _, statement := range []string{
			`DELETE FROM followers WHERE actor_id = ?`, `DELETE FROM replies WHERE author_id = ?`,
			`DELETE FROM reactions WHERE actor_id = ?`, `DELETE FROM upstreams WHERE actor_id = ?`, `DELETE FROM departed WHERE actor_id = ?`,
			`DELETE FROM blockers WHERE actor_id = ?`,
			`DELETE FROM actors WHERE id = ?`,
		} {
			if _, err := tx.exec(ctx, "actor "+id, statement, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// PurgeActors forgets the remote actors that were read before a time and that
// nothing here is of: who follows, wrote, liked, is a peer, or has sent what is not
// acted on yet, stays.
func (s *Store) PurgeActors(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "actors", `DELETE FROM actors WHERE fetched < ?
		AND NOT EXISTS (SELECT 1 FROM followers WHERE actor_id = actors.id)
		AND NOT EXISTS (SELECT 1 FROM replies WHERE author_id = actors.id)
		AND NOT EXISTS (SELECT 1 FROM reactions WHERE actor_id = actors.id)
		AND id NOT IN (SELECT actor_id FROM peers)
		AND NOT EXISTS (SELECT 1 FROM blockers WHERE actor_id = actors.id)
		AND id NOT IN (SELECT actor_id FROM upstreams)
		AND id NOT IN (SELECT signer FROM inbox WHERE NOT done)`, micros(before))
}
