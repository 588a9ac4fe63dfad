package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"codeberg.org/commonage/commonage/directory"
)

// Outgoing is one activity and the inboxes it goes to.
type Outgoing struct {
	ActivityID string
	ActorID    string // who signs
	ObjectID   string // what it is about, if others about the same must not overtake it
	KeyID      string // of the stored key that signs it; "" for the one in use
	Body       []byte
	Inboxes    []string
	Held       bool // until ReleaseDeliveries
}

// never is a time that does not come.
const never = 1 << 62

// PutDeliveries queues an activity for its inboxes, each once; newID makes the
// deliveries' ids, sortable by time. Hosts and inboxes that are unavailable are left
// out.
func (s *Store) PutDeliveries(ctx context.Context, o Outgoing, now time.Time, newID func() string) error {
	if len(o.Inboxes) == 0 {
		return nil
	}
	if o.ObjectID == "" {
		o.ObjectID = o.ActivityID
	}
	return s.Tx(ctx, func(tx *Store) error {
		// One that waits already is locked, lest its last delivery end now.
		if _, err := tx.exec(ctx, "activity "+o.ActivityID, `INSERT INTO activities (id, actor_id, key_id, body, created)
			VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET created = activities.created`,
			o.ActivityID, o.ActorID, o.KeyID, o.Body, micros(now)); err != nil {
			return err
		}
		q, err := tx.newQueuer(ctx, &o, now)
		if err != nil {
			return err
		}
		defer q.Close() //nolint:errcheck // the transaction's end tells of every fault that matters
		if err := tx.unavailableInboxes(ctx, o.Inboxes, q.closed); err != nil {
			return err
		}
		// In order, so that no two wait for each other's hosts.
		inboxes := slices.Clone(o.Inboxes)
		slices.Sort(inboxes)
		for _, inbox := range slices.Compact(inboxes) {
			if err := q.put(ctx, inbox, newID()); err != nil {
				return fmt.Errorf("queue %s for %s: %w", o.ActivityID, inbox, err)
			}
		}
		if q.queued > 0 {
			return nil
		}
		return tx.dropActivities(ctx, []string{o.ActivityID})
	})
}

// queuer queues one activity for many inboxes.
type queuer struct {
	delivery, host *sqlx.Stmt
	out            *Outgoing
	now            int64
	closed         map[string]bool // hosts seen and inboxes in trouble, and whether they are unavailable
	queued         int
}

// unavailableInboxes notes which of some inboxes are unavailable.
func (s *Store) unavailableInboxes(ctx context.Context, inboxes []string, closed map[string]bool) error {
	for chunk := range slices.Chunk(inboxes, maxList) {
		list, err := manyIn[string](ctx, s, "inboxes", `SELECT inbox FROM troubled_inboxes WHERE unavailable AND inbox IN (?)`, chunk)
		if err != nil {
			return err
		}
		for _, inbox := range list {
			closed[inbox] = true
		}
	}
	return nil
}

func (s *Store) newQueuer(ctx context.Context, o *Outgoing, now time.Time) (*queuer, error) {
	q := &queuer{out: o, now: micros(now), closed: map[string]bool{}}
	var err error
	if q.host, err = s.tx.PreparexContext(ctx, s.rebind(`INSERT INTO hosts
		(name, next_at, fails, failing_since, error, due_at) VALUES (?, 0, 0, 0, '', ?)
		ON CONFLICT (name) DO UPDATE SET due_at = CASE
			WHEN hosts.unavailable OR hosts.due_at <= excluded.due_at THEN hosts.due_at
			WHEN hosts.next_at > excluded.due_at THEN hosts.next_at
			ELSE excluded.due_at END
		RETURNING unavailable`)); err != nil {
		return nil, fmt.Errorf("prepare hosts: %w", err)
	}
	if q.delivery, err = s.tx.PreparexContext(ctx, s.rebind(`INSERT INTO deliveries
		(id, activity_id, object_id, host, inbox, tries, run_at, leased, created) VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?)
		ON CONFLICT (activity_id, inbox) DO NOTHING`)); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare deliveries: %w", err), q.host.Close())
	}
	return q, nil
}

// Close frees the statements.
func (q *queuer) Close() error { return errors.Join(q.delivery.Close(), q.host.Close()) }

func (q *queuer) put(ctx context.Context, inbox, id string) error {
	at, host := q.now, directory.HostOf(inbox)
	if q.out.Held {
		at = never
	}
	closed, seen := q.closed[host]
	if !seen {
		if err := q.host.GetContext(ctx, &closed, host, at); err != nil {
			return err
		}
		q.closed[host] = closed
	}
	if closed || q.closed[inbox] {
		return nil
	}
	q.queued++
	_, err := q.delivery.ExecContext(ctx, id, q.out.ActivityID, q.out.ObjectID, host, inbox, at, q.now)
	return err
}

// Settled is what became of a delivery that was claimed.
type Settled struct {
	*directory.Delivery
	Arrived bool // or else it was refused for good
}

// SettleDeliveries forgets deliveries that arrived or were refused, and
// activities with their last one. Hosts and inboxes that took one are well again.
func (s *Store) SettleDeliveries(ctx context.Context, list []Settled, now time.Time) error {
	var ids, activities, hosts, inboxes []string
	for _, d := range list {
		ids, activities = append(ids, d.ID), append(activities, d.ActivityID)
		if d.Arrived {
			hosts, inboxes = append(hosts, d.Host), append(inboxes, d.Inbox)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := s.Tx(ctx, func(tx *Store) error {
		if err := tx.lockActivities(ctx, activities); err != nil {
			return err
		}
		if err := tx.execIn(ctx, "deliveries", `DELETE FROM deliveries WHERE id IN (?)`, ids); err != nil {
			return err
		}
		return tx.dropActivities(ctx, activities)
	})
	if err != nil {
		return err
	}
	// By itself, because who queues has locked the hosts before it drops anything.
	return s.forgetFailures(ctx, hosts, inboxes, now)
}

// lockActivities has others who end deliveries of the activities wait for this
// transaction, where there can be others: of several deliveries that end at once,
// one must see that it is the last. Whoever ends deliveries asks for this lock
// first, so that no two wait for each other.
func (s *Store) lockActivities(ctx context.Context, ids []string) error {
	if s.dialect.skipLocked == "" {
		return nil
	}
	_, err := manyIn[string](ctx, s, "activities", `SELECT id FROM activities WHERE id IN (?) ORDER BY id FOR UPDATE`, ids)
	return err
}

// dropActivities forgets those of the activities that wait for no inbox.
func (s *Store) dropActivities(ctx context.Context, ids []string) error {
	slices.Sort(ids)
	return s.execIn(ctx, "activities", `DELETE FROM activities WHERE id IN (?)
		AND NOT EXISTS (SELECT 1 FROM deliveries WHERE activity_id = activities.id)`, slices.Compact(ids))
}

// DropObject forgets what is queued about an object that is gone, or about
// things that are part of it, such as an initiative's posts. Deliveries under
// way end by themselves.
func (s *Store) DropObject(ctx context.Context, objectID string, now time.Time) (int64, error) {
	return s.dropDeliveries(ctx, `(object_id = ? OR (object_id > ? AND object_id < ?)) AND leased <= ?`,
		objectID, objectID+"/", objectID+"0", micros(now)) // "0" comes right after "/"
}

// DropDeliveries forgets what is queued for a host, or the one delivery with the
// id, and returns how many there were.
func (s *Store) DropDeliveries(ctx context.Context, hostOrID string) (int64, error) {
	return s.dropDeliveries(ctx, `id = ? OR host = ?`, hostOrID, hostOrID)
}

func (s *Store) dropDeliveries(ctx context.Context, condition string, args ...any) (dropped int64, err error) {
	err = s.Tx(ctx, func(tx *Store) error {
		activities, err := many[string](ctx, tx, "deliveries", `SELECT DISTINCT activity_id FROM deliveries
			WHERE `+condition+` ORDER BY activity_id`, args...)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(activities, maxList) {
			if err := tx.lockActivities(ctx, chunk); err != nil {
				return err
			}
			query, list, err := in(`DELETE FROM deliveries WHERE (`+condition+`) AND activity_id IN (?)`, append(slices.Clone(args), chunk)...)
			if err != nil {
				return err
			}
			n, err := tx.exec(ctx, "deliveries", query, list...)
			if err != nil {
				return err
			}
			dropped += n
			if err := tx.dropActivities(ctx, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	return dropped, err
}

// maxList is how many arguments a statement may have on both databases.
const maxList = 5000

// ReleaseDeliveries lets go what was held for a key.
func (s *Store) ReleaseDeliveries(ctx context.Context, keyID string, now time.Time) error {
	return s.Tx(ctx, func(tx *Store) error {
		const held = ` FROM deliveries WHERE run_at = ? AND activity_id IN (SELECT id FROM activities WHERE key_id = ?)`
		if err := tx.dueBy(ctx, now, `name IN (SELECT host`+held+`)`, int64(never), keyID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "deliveries", `UPDATE deliveries SET run_at = ? WHERE id IN (SELECT id`+held+`)`,
			micros(now), int64(never), keyID)
		return err
	})
}

// CountDeliveries returns how many deliveries wait.
func (s *Store) CountDeliveries(ctx context.Context) (int, error) {
	return s.count(ctx, "deliveries", `SELECT COUNT(*) FROM deliveries`)
}

// CountKeyDeliveries returns how many deliveries wait that a key is to sign.
func (s *Store) CountKeyDeliveries(ctx context.Context, keyID string) (int, error) {
	return s.count(ctx, "deliveries", `SELECT COUNT(*) FROM activities a JOIN deliveries d ON d.activity_id = a.id
		WHERE a.key_id = ?`, keyID)
}

// Waiting is a delivery as an operator sees it.
type Waiting struct {
	directory.Delivery
	NextAt time.Time
}

// Deliveries lists what waits for a host, the oldest first.
func (s *Store) Deliveries(ctx context.Context, host string, limit int) ([]Waiting, error) {
	rows, err := many[struct {
		deliveryRow
		RunAt   int64 `db:"run_at"`
		HostAt  int64 `db:"host_at"`
		InboxAt int64 `db:"inbox_at"`
	}](ctx, s, "deliveries", `SELECT d.id, d.activity_id, d.inbox, d.host, d.tries, d.created,
		d.run_at, h.next_at AS host_at, COALESCE(t.next_at, 0) AS inbox_at
		FROM deliveries d JOIN hosts h ON h.name = d.host LEFT JOIN troubled_inboxes t ON t.inbox = d.inbox
		WHERE d.host = ? ORDER BY d.id LIMIT ?`, host, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Waiting, len(rows))
	for k, r := range rows {
		out[k] = Waiting{Delivery: r.delivery(), NextAt: fromMicros(max(r.RunAt, r.HostAt, r.InboxAt))}
	}
	return out, nil
}

// PurgeActivities forgets activities that lost their deliveries in some crash.
func (s *Store) PurgeActivities(ctx context.Context) (int64, error) {
	return s.exec(ctx, "activities", `DELETE FROM activities
		WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE activity_id = activities.id)`)
}
