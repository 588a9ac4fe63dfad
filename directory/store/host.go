package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// HostState is how a host, or one inbox of it, has answered our deliveries of late.
type HostState struct {
	Name         string
	Inbox        string // of the host, if this is about it alone
	Fails        int    // in a row
	FailDays     int    // distinct days on which it failed, with no success between
	FailingSince time.Time
	FailedAt     time.Time // the last time
	NextAt       time.Time // nothing is sent before
	Unavailable  bool      // nothing is queued until the host sends us something
	Error        string
	Waiting      int // deliveries; counted when listed
}

const (
	failureColumns = `next_at, fails, fail_days, failing_since, failed_at, unavailable, error`
	hostColumns    = `name, ` + failureColumns
	inboxColumns   = `host, inbox, ` + failureColumns

	// failureAnew is what is written over an older state.
	failureAnew = `next_at = excluded.next_at, fails = excluded.fails, fail_days = excluded.fail_days,
		failing_since = excluded.failing_since, failed_at = excluded.failed_at, unavailable = excluded.unavailable,
		error = excluded.error`
)

type hostRow struct {
	Name        string `db:"name"`
	Inbox       string `db:"inbox"`
	NextAt      int64  `db:"next_at"`
	Fails       int    `db:"fails"`
	FailDays    int    `db:"fail_days"`
	Since       int64  `db:"failing_since"`
	FailedAt    int64  `db:"failed_at"`
	Unavailable bool   `db:"unavailable"`
	Error       string `db:"error"`
	Waiting     int    `db:"waiting"`
}

func (r *hostRow) state() HostState {
	return HostState{
		Name: r.Name, Inbox: r.Inbox,
		Fails: r.Fails, FailDays: r.FailDays, FailingSince: fromMicros(r.Since), FailedAt: fromMicros(r.FailedAt),
		NextAt: fromMicros(r.NextAt), Unavailable: r.Unavailable, Error: r.Error, Waiting: r.Waiting,
	}
}

// Host returns how a host has answered; one never heard of is all zero.
func (s *Store) Host(ctx context.Context, name string) (HostState, error) {
	return s.hostState(ctx, HostState{Name: name}, `SELECT `+hostColumns+` FROM hosts WHERE name = ?`, name)
}

// troubledInbox returns how the inbox of a delivery has answered; one that never
// failed is all zero.
func (s *Store) troubledInbox(ctx context.Context, d *directory.Delivery) (HostState, error) {
	return s.hostState(ctx, HostState{Name: d.Host, Inbox: d.Inbox},
		`SELECT host AS name, inbox, `+failureColumns+` FROM troubled_inboxes WHERE inbox = ?`, d.Inbox)
}

// hostState returns what a query finds, or what is so of who was never heard of.
func (s *Store) hostState(ctx context.Context, unknown HostState, query, name string) (HostState, error) {
	row, err := one[hostRow](ctx, s, "state of "+name, query, name)
	if errors.Is(err, directory.ErrNotFound) {
		return unknown, nil
	}
	if err != nil {
		return HostState{}, err
	}
	return row.state(), nil
}

// Hosts lists the hosts that something waits for or that are in trouble, and after
// each those of its inboxes that are.
func (s *Store) Hosts(ctx context.Context) ([]HostState, error) {
	rows, err := many[hostRow](ctx, s, "hosts", `SELECT name, inbox, `+failureColumns+`, waiting FROM
		(SELECT name, '' AS inbox, `+failureColumns+`, (SELECT COUNT(*) FROM deliveries d WHERE d.host = h.name) AS waiting
			FROM hosts h
		UNION ALL SELECT host, inbox, `+failureColumns+`,
			(SELECT COUNT(*) FROM deliveries d WHERE d.host = t.host AND d.inbox = t.inbox) FROM troubled_inboxes t) AS listed
		WHERE (inbox = '' AND waiting > 0) OR fails > 0 OR unavailable ORDER BY name, inbox`)
	if err != nil {
		return nil, err
	}
	out := make([]HostState, len(rows))
	for k := range rows {
		out[k] = rows[k].state()
	}
	return out, nil
}

// PutHost notes how a host has failed.
func (s *Store) PutHost(ctx context.Context, h HostState) error {
	due := micros(h.NextAt)
	if h.Unavailable {
		due = never
	}
	_, err := s.exec(ctx, "host "+h.Name, `INSERT INTO hosts (`+hostColumns+`, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, `+failureAnew,
		h.Name, micros(h.NextAt), h.Fails, h.FailDays, micros(h.FailingSince), micros(h.FailedAt), h.Unavailable, h.Error, due)
	return err
}

// putInbox notes how an inbox has failed.
func (s *Store) putInbox(ctx context.Context, h HostState) error {
	_, err := s.exec(ctx, "inbox "+h.Inbox, `INSERT INTO troubled_inboxes (`+inboxColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (inbox) DO UPDATE SET `+failureAnew,
		h.Name, h.Inbox, micros(h.NextAt), h.Fails, h.FailDays, micros(h.FailingSince), micros(h.FailedAt), h.Unavailable, h.Error)
	return err
}

// dueBy has some hosts looked at by a time, unless they are to be left alone for
// longer.
func (s *Store) dueBy(ctx context.Context, at time.Time, which string, args ...any) error {
	args = append([]any{micros(at), micros(at), micros(at)}, args...)
	return s.execIn(ctx, "hosts", `UPDATE hosts SET due_at = CASE WHEN next_at > ? THEN next_at ELSE ? END
		WHERE NOT unavailable AND due_at > ? AND `+which, args...)
}

// FreeDeliveries gives claimed deliveries back, untried, for a time. They do not
// count as sent in this minute.
func (s *Store) FreeDeliveries(ctx context.Context, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	return s.Tx(ctx, func(tx *Store) error {
		if err := tx.dueBy(ctx, at, `name IN (SELECT host FROM deliveries WHERE id IN (?))`, ids); err != nil {
			return err
		}
		if err := tx.execIn(ctx, "hosts", `UPDATE hosts SET minute_count = minute_count -
			(SELECT COUNT(*) FROM deliveries WHERE host = hosts.name AND leased > 0 AND id IN (?))
			WHERE name IN (SELECT host FROM deliveries WHERE id IN (?))`, ids, ids); err != nil {
			return err
		}
		return tx.execIn(ctx, "deliveries", `UPDATE deliveries SET leased = 0, run_at = ? WHERE id IN (?)`, micros(at), ids)
	})
}

// forgetFailures forgets the failures of hosts and inboxes that took something.
func (s *Store) forgetFailures(ctx context.Context, hosts, inboxes []string, now time.Time) error {
	if err := s.execIn(ctx, "hosts", `UPDATE hosts SET due_at = ?,
		fails = 0, fail_days = 0, failing_since = 0, failed_at = 0, next_at = 0, unavailable = FALSE, error = ''
		WHERE name IN (?) AND (fails > 0 OR unavailable OR name IN (SELECT host FROM troubled_inboxes WHERE inbox IN (?)))`,
		micros(now), hosts, inboxes); err != nil {
		return err
	}
	return s.execIn(ctx, "inboxes", `DELETE FROM troubled_inboxes WHERE inbox IN (?)`, inboxes)
}

// HostsWell notes that hosts have shown that they are there: what waits for one is
// due at once, or a little later when it failed a moment ago, lest a broken one have
// us try without end. What was unavailable is not any more. An inbox that fails alone
// goes on to wait: that its host is there is no news.
func (s *Store) HostsWell(ctx context.Context, names []string, now time.Time) error {
	const patience, again = 10 * time.Second, `unavailable = FALSE, fail_days = 0,
		next_at = CASE WHEN failed_at + ? > ? THEN failed_at + ? ELSE ? END`
	wait, at := patience.Microseconds(), micros(now)
	if err := s.execIn(ctx, "hosts", `UPDATE hosts SET due_at = CASE WHEN failed_at + ? > ? THEN failed_at + ? ELSE ? END, `+again+`
		WHERE name IN (?) AND (unavailable OR next_at > ?)`, wait, at, wait, at, wait, at, wait, at, names, at); err != nil {
		return err
	}
	if err := s.dueBy(ctx, now, `name IN (SELECT host FROM troubled_inboxes WHERE unavailable AND host IN (?))`, names); err != nil {
		return err
	}
	return s.execIn(ctx, "inboxes", `UPDATE troubled_inboxes SET `+again+` WHERE unavailable AND host IN (?)`, wait, at, wait, at, names)
}

// RetryDeliveries lets what waits for a host, or the one delivery with the id, be
// sent now, also when the host or an inbox of it is unavailable, and returns how
// many there are.
func (s *Store) RetryDeliveries(ctx context.Context, hostOrID string, now time.Time) (n int64, err error) {
	at := micros(now)
	err = s.Tx(ctx, func(tx *Store) error {
		if n, err = tx.exec(ctx, "deliveries", `UPDATE deliveries SET run_at = ? WHERE (id = ? OR host = ?) AND leased <= ?
			AND run_at < ?`, at, hostOrID, hostOrID, at, int64(never)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "hosts", `UPDATE hosts SET unavailable = FALSE, fail_days = 0, next_at = ?, due_at = ?
			WHERE name = ? OR name IN (SELECT host FROM deliveries WHERE id = ?)`, at, at, hostOrID, hostOrID); err != nil {
			return err
		}
		_, err = tx.exec(ctx, "inboxes", `UPDATE troubled_inboxes SET unavailable = FALSE, fail_days = 0, next_at = ?
			WHERE host = ? OR inbox IN (SELECT inbox FROM deliveries WHERE id = ?)`, at, hostOrID, hostOrID)
		return err
	})
	return n, err
}
