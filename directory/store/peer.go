package store

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

const peerColumns = `host, actor_id, name, inbox, locality, country, latitude, longitude, wanted, state, follows_us,
	follow_id, added, last_contact, last_error, last_error_at, backfill, "cursor",
	log_read, log_total, failing_since, hidden, confirmed, asked, trouble, requested, as_of, compared, mended_at, mended, mending, listed, lacking`

type peerRow struct {
	Host        string   `db:"host"`
	ActorID     string   `db:"actor_id"`
	Name        string   `db:"name"`
	Inbox       string   `db:"inbox"`
	Locality    string   `db:"locality"`
	Country     string   `db:"country"`
	Latitude    *float64 `db:"latitude"`
	Longitude   *float64 `db:"longitude"`
	Wanted      bool     `db:"wanted"`
	State       string   `db:"state"`
	FollowsUs   bool     `db:"follows_us"`
	FollowID    string   `db:"follow_id"`
	Added       int64    `db:"added"`
	LastContact int64    `db:"last_contact"`
	LastError   string   `db:"last_error"`
	LastErrorAt int64    `db:"last_error_at"`
	Backfill    string   `db:"backfill"`
	Cursor      string   `db:"cursor"`
	Read        int      `db:"log_read"`
	Total       int      `db:"log_total"`
	Failing     int64    `db:"failing_since"`
	Hidden      bool     `db:"hidden"`
	Confirmed   int64    `db:"confirmed"`
	Asked       int64    `db:"asked"`
	Trouble     string   `db:"trouble"`
	Requested   int64    `db:"requested"`
	AsOf        int64    `db:"as_of"`
	Compared    int64    `db:"compared"`
	MendedAt    int64    `db:"mended_at"`
	Mended      int      `db:"mended"`
	Mending     int      `db:"mending"`
	Listed      int      `db:"listed"`
	Lacking     int      `db:"lacking"`
	Entries     int      `db:"entries"`
}

func (r *peerRow) peer() *directory.Peer {
	p := &directory.Peer{
		Host: r.Host, ActorID: r.ActorID, Name: r.Name, Inbox: r.Inbox, Locality: r.Locality, Country: r.Country,
		Wanted: r.Wanted, State: directory.PeerState(r.State), FollowsUs: r.FollowsUs, FollowID: r.FollowID,
		Added: fromMicros(r.Added), LastContact: fromMicros(r.LastContact), LastError: r.LastError,
		LastErrorAt: fromMicros(r.LastErrorAt), Backfill: r.Backfill, Cursor: r.Cursor, Entries: r.Entries,
		Read: r.Read, Total: r.Total, FailingSince: fromMicros(r.Failing), Hidden: r.Hidden,
		Confirmed: fromMicros(r.Confirmed), Asked: fromMicros(r.Asked),
		Trouble: directory.Trouble(r.Trouble), Requested: fromMicros(r.Requested), AsOf: fromMicros(r.AsOf),
		Compared: fromMicros(r.Compared), MendedAt: fromMicros(r.MendedAt),
		Mended: r.Mended, Mending: r.Mending, Listed: r.Listed, Lacking: r.Lacking,
	}
	if r.Latitude != nil && r.Longitude != nil {
		p.Point = &directory.Point{Latitude: *r.Latitude, Longitude: *r.Longitude}
	}
	return p
}

// PutPeer writes what is known of a peer, new or changed.
func (s *Store) PutPeer(ctx context.Context, p *directory.Peer) error {
	latitude, longitude := coordinates(p.Point)
	_, err := s.exec(ctx, "peer "+p.Host, `INSERT INTO peers (`+peerColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (host) DO UPDATE SET actor_id = excluded.actor_id, name = excluded.name, inbox = excluded.inbox,
		locality = excluded.locality, country = excluded.country, latitude = excluded.latitude,
		longitude = excluded.longitude, wanted = excluded.wanted, state = excluded.state,
		follows_us = excluded.follows_us, follow_id = excluded.follow_id, last_contact = excluded.last_contact,
		last_error = excluded.last_error, last_error_at = excluded.last_error_at, backfill = excluded.backfill,
		"cursor" = excluded."cursor", log_read = excluded.log_read, log_total = excluded.log_total,
		failing_since = excluded.failing_since, hidden = excluded.hidden, confirmed = excluded.confirmed, asked = excluded.asked,
		trouble = excluded.trouble, requested = excluded.requested, as_of = excluded.as_of, compared = excluded.compared,
		mended_at = excluded.mended_at, mended = excluded.mended, mending = excluded.mending, listed = excluded.listed, lacking = excluded.lacking`,
		p.Host, p.ActorID, p.Name, p.Inbox, p.Locality, p.Country, latitude, longitude, p.Wanted, string(p.State),
		p.FollowsUs, p.FollowID, micros(p.Added), micros(p.LastContact), p.LastError, micros(p.LastErrorAt),
		p.Backfill, p.Cursor, p.Read, p.Total, micros(p.FailingSince), p.Hidden, micros(p.Confirmed), micros(p.Asked),
		string(p.Trouble), micros(p.Requested),
		micros(p.AsOf), micros(p.Compared), micros(p.MendedAt), p.Mended, p.Mending, p.Listed, p.Lacking)
	return err
}

// Peer returns the peer with the host, or directory.ErrNotFound. Entries is not
// counted. In a transaction nobody else writes the peer until that ends, so that
// what is changed of it and written back takes nothing back.
func (s *Store) Peer(ctx context.Context, host string) (*directory.Peer, error) {
	query := `SELECT ` + peerColumns + ` FROM peers WHERE host = ?`
	if s.tx != nil {
		query += s.dialect.forUpdate
	}
	row, err := one[peerRow](ctx, s, "peer "+host, query, host)
	if err != nil {
		return nil, err
	}
	return row.peer(), nil
}

// UpdatePeer reads a peer, lets change alter it and writes it back, in one
// transaction and alone, so that of two changes at once none is lost.
func (s *Store) UpdatePeer(ctx context.Context, host string, change func(*directory.Peer) error) error {
	return s.Change(ctx, func(tx *Store) error {
		p, err := tx.Peer(ctx, host)
		if err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		return tx.PutPeer(ctx, p)
	})
}

// Peers returns every peer by host, with how many of its entries are carried.
func (s *Store) Peers(ctx context.Context) ([]directory.Peer, error) {
	rows, err := many[peerRow](ctx, s, "peers", `SELECT `+peerColumns+`,
		(SELECT COUNT(*) FROM initiatives WHERE origin = peers.host AND state IN ('published', 'unlisted')) AS entries
		FROM peers ORDER BY host`)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Peer, len(rows))
	for k := range rows {
		out[k] = *rows[k].peer()
	}
	return out, nil
}

// FailingPeers returns the peers that do not answer, by host, and those whose
// entries are hidden. Entries are not counted.
func (s *Store) FailingPeers(ctx context.Context) ([]directory.Peer, error) {
	rows, err := many[peerRow](ctx, s, "failing peers",
		`SELECT `+peerColumns+` FROM peers WHERE failing_since > 0 OR hidden ORDER BY host`)
	out := make([]directory.Peer, len(rows))
	for k := range rows {
		out[k] = *rows[k].peer()
	}
	return out, err
}

// FailingAmong returns those of the hosts that are wanted peers which do not
// answer. Entries are not counted.
func (s *Store) FailingAmong(ctx context.Context, hosts []string) ([]directory.Peer, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	rows, err := manyIn[peerRow](ctx, s, "failing peers",
		`SELECT `+peerColumns+` FROM peers WHERE wanted AND failing_since > 0 AND host IN (?) ORDER BY host`, hosts)
	out := make([]directory.Peer, len(rows))
	for k := range rows {
		out[k] = *rows[k].peer()
	}
	return out, err
}

// HiddenPeers returns the hosts of peers whose entries are in no list.
func (s *Store) HiddenPeers(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "hidden peers", `SELECT host FROM peers WHERE hidden ORDER BY host`)
}

// CountOf returns how many entries of an origin there are, in any state.
func (s *Store) CountOf(ctx context.Context, origin string) (int, error) {
	return s.count(ctx, "entries of "+origin, `SELECT COUNT(*) FROM initiatives WHERE origin = ?`, origin)
}

// everyCarried is the condition for what RemovePeer and a block take away.
const everyCarried = `origin = ?`

// RemovePeer forgets a peer and every entry carried from it.
func (s *Store) RemovePeer(ctx context.Context, host string) error {
	return s.removePeer(ctx, host, everyCarried, host)
}

// RemoveClosedPeer is RemovePeer for a peer that closed for good. What is known of
// entries that moved stays, so that their pages lead on, and so does what is left of
// entries that a job of the kind looks after.
func (s *Store) RemoveClosedPeer(ctx context.Context, host, kind string) error {
	return s.removePeer(ctx, host, `origin = ? AND state <> 'moved'
		AND NOT (state = 'withdrawn' AND id IN (SELECT job_key FROM jobs WHERE kind = ?))`, host, kind)
}

// removePeer forgets a peer and those of its entries that meet a condition.
func (s *Store) removePeer(ctx context.Context, host, condition string, args ...any) error {
	return s.Change(ctx, func(tx *Store) error {
		n, err := tx.exec(ctx, "peer "+host, `DELETE FROM peers WHERE host = ?`, host)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("peer %s: %w", host, directory.ErrNotFound)
		}
		return tx.removeCarried(ctx, host, condition, args...)
	})
}

// removeCarried forgets the entries carried from an origin that meet a condition,
// every published one among them.
func (s *Store) removeCarried(ctx context.Context, origin, condition string, args ...any) error {
	if err := s.depart(ctx, condition, args...); err != nil {
		return err
	}
	if s.dialect.name == "sqlite" {
		if _, err := s.exec(ctx, "search text", `DELETE FROM initiative_text WHERE rowid IN
			(SELECT num FROM initiatives WHERE NOT own AND `+condition+`)`, args...); err != nil {
			return err
		}
	}
	if _, err := s.exec(ctx, "carried entries", `DELETE FROM initiatives WHERE NOT own AND `+condition, args...); err != nil {
		return err
	}
	return s.forgetDigests(ctx, origin)
}
