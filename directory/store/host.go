package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// HostState is how a host has answered our deliveries of late.
type HostState struct {
	Name         string
	Fails        int // in a row
	FailDays     int // distinct days on which it failed, with no success between
	FailingSince time.Time
	FailedAt     time.Time // the last time
	NextAt       time.Time // nothing is sent before
	Unavailable  bool      // nothing is queued until it sends us something
	Error        string
	Waiting      int // deliveries; counted when listed
}

// MaxFailDays is on how many distinct days a host fails until it is taken as
// unavailable.
const MaxFailDays = 7

const hostColumns = `name, next_at, fails, fail_days, failing_since, failed_at, unavailable, error`

type hostRow struct {
	Name        string `db:"name"`
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
		Name: r.Name, Fails: r.Fails, FailDays: r.FailDays, FailingSince: fromMicros(r.Since), FailedAt: fromMicros(r.FailedAt),
		NextAt: fromMicros(r.NextAt), Unavailable: r.Unavailable, Error: r.Error, Waiting: r.Waiting,
	}
}

// Host returns how a host has answered; one never heard of is all zero.
func (s *Store) Host(ctx context.Context, name string) (HostState, error) {
	row, err := one[hostRow](ctx, s, "host "+name, `SELECT `+hostColumns+` FROM hosts WHERE name = ?`, name)
	if errors.Is(err, directory.ErrNotFound) {
		return HostState{Name: name}, nil
	}
	if err != nil {
		return HostState{}, err
	}
	return row.state(), nil
}

// Hosts lists the hosts that something waits for or that are in trouble.
func (s *Store) Hosts(ctx context.Context) ([]HostState, error) {
	rows, err := many[hostRow](ctx, s, "hosts", `SELECT `+hostColumns+`, waiting FROM
		(SELECT `+hostColumns+`, (SELECT COUNT(*) FROM deliveries d WHERE d.host = h.name) AS waiting FROM hosts h) AS listed
		WHERE waiting > 0 OR fails > 0 OR unavailable ORDER BY name`)
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
		ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at, fails = excluded.fails, fail_days = excluded.fail_days,
		failing_since = excluded.failing_since, failed_at = excluded.failed_at, unavailable = excluded.unavailable,
		error = excluded.error, due_at = excluded.due_at`,
		h.Name, micros(h.NextAt), h.Fails, h.FailDays, micros(h.FailingSince), micros(h.FailedAt), h.Unavailable, h.Error, due)
	return err
}

// Failure is a delivery that did not arrive, for now.
type Failure struct {
	Delivery *directory.Delivery
	Release  []string  // ids of deliveries to the host that were claimed and not tried
	Began    time.Time // when it was sent
	Now      time.Time
	Error    string
	GiveUp   bool                          // it is not tried again
	Wait     func(fails int) time.Duration // how long the host is left alone
}

// FailDelivery lets a delivery be claimed again later, and leaves its host alone
// until then: what one delivery found out, others need not. Failures of several
// that were under way together count as one. A host that failed on MaxFailDays
// days loses its deliveries. It returns the new state of the host.
func (s *Store) FailDelivery(ctx context.Context, f Failure) (h HostState, err error) {
	err = s.Tx(ctx, func(tx *Store) error {
		if h, err = tx.Host(ctx, f.Delivery.Host); err != nil {
			return err
		}
		h.fail(f)
		if h.Unavailable {
			if _, err := tx.dropDeliveries(ctx, `host = ?`, h.Name); err != nil {
				return err
			}
			return tx.PutHost(ctx, h)
		}
		if f.GiveUp {
			if _, err := tx.DropDeliveries(ctx, f.Delivery.ID); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, "delivery", `UPDATE deliveries SET leased = 0, run_at = ?, tries = tries + 1
			WHERE id = ?`, micros(f.Now), f.Delivery.ID); err != nil {
			return err
		}
		if err := tx.FreeDeliveries(ctx, f.Release, f.Now); err != nil {
			return err
		}
		return tx.PutHost(ctx, h)
	})
	return h, err
}

// fail counts a failure.
func (h *HostState) fail(f Failure) {
	const day = 24 * time.Hour
	if h.Fails == 0 {
		h.FailingSince = f.Now
	}
	if !h.NextAt.After(f.Began) { // or else it began before the host was found failing
		if h.Fails == 0 || !f.Now.Truncate(day).Equal(h.FailedAt.Truncate(day)) {
			h.FailDays++
		}
		h.Fails++
		h.FailedAt = f.Now
		h.NextAt = f.Now.Add(f.Wait(h.Fails))
	}
	h.Error = f.Error
	h.Unavailable = h.Unavailable || h.FailDays >= MaxFailDays
}

// FreeDeliveries gives claimed deliveries back, untried, for a time.
func (s *Store) FreeDeliveries(ctx context.Context, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	return s.Tx(ctx, func(tx *Store) error {
		now := micros(at)
		if err := tx.execIn(ctx, "hosts", `UPDATE hosts SET due_at = CASE WHEN next_at > ? THEN next_at ELSE ? END
			WHERE NOT unavailable AND due_at > ? AND name IN (SELECT host FROM deliveries WHERE id IN (?))`, now, now, now, ids); err != nil {
			return err
		}
		return tx.execIn(ctx, "deliveries", `UPDATE deliveries SET leased = 0, run_at = ? WHERE id IN (?)`, now, ids)
	})
}

// forgetFailures forgets the failures of hosts that took something.
func (s *Store) forgetFailures(ctx context.Context, names []string, now time.Time) error {
	return s.execIn(ctx, "hosts", `UPDATE hosts SET due_at = ?,
		fails = 0, fail_days = 0, failing_since = 0, failed_at = 0, next_at = 0, unavailable = FALSE, error = ''
		WHERE name IN (?) AND (fails > 0 OR unavailable)`, micros(now), names)
}

// HostsWell notes that hosts have shown that they are there: what waits for one is
// due at once, or a little later when it failed a moment ago, lest one whose inbox
// is broken have us try without end. One that was unavailable is not any more.
func (s *Store) HostsWell(ctx context.Context, names []string, now time.Time) error {
	const patience = 10 * time.Second
	return s.execIn(ctx, "hosts", `UPDATE hosts SET unavailable = FALSE, fail_days = 0,
		next_at = CASE WHEN failed_at + ? > ? THEN failed_at + ? ELSE ? END,
		due_at = CASE WHEN failed_at + ? > ? THEN failed_at + ? ELSE ? END
		WHERE name IN (?) AND (unavailable OR next_at > ?)`,
		patience.Microseconds(), micros(now), patience.Microseconds(), micros(now),
		patience.Microseconds(), micros(now), patience.Microseconds(), micros(now), names, micros(now))
}

// RetryDeliveries lets what waits for a host, or the one delivery with the id, be
// sent now, also when the host is unavailable, and returns how many there are.
func (s *Store) RetryDeliveries(ctx context.Context, hostOrID string, now time.Time) (n int64, err error) {
	err = s.Tx(ctx, func(tx *Store) error {
		if n, err = tx.exec(ctx, "deliveries", `UPDATE deliveries SET run_at = ? WHERE (id = ? OR host = ?) AND leased <= ?
			AND run_at < ?`, micros(now), hostOrID, hostOrID, micros(now), int64(never)); err != nil {
			return err
		}
		_, err = tx.exec(ctx, "hosts", `UPDATE hosts SET unavailable = FALSE, fail_days = 0, next_at = ?, due_at = ?
			WHERE name = ? OR name IN (SELECT host FROM deliveries WHERE id = ?)`, micros(now), micros(now), hostOrID, hostOrID)
		return err
	})
	return n, err
}
