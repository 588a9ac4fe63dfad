package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"codeberg.org/commonage/commonage/directory"
)

type deliveryRow struct {
	ID         string `db:"id"`
	ActivityID string `db:"activity_id"`
	Inbox      string `db:"inbox"`
	Host       string `db:"host"`
	Tries      int    `db:"tries"`
	Created    int64  `db:"created"`
}

func (r *deliveryRow) delivery() directory.Delivery {
	return directory.Delivery{
		ID: r.ID, ActivityID: r.ActivityID, Inbox: r.Inbox, Host: r.Host, Tries: r.Tries, Created: fromMicros(r.Created),
	}
}

// Claim says which deliveries to lease.
type Claim struct {
	Now, Lease time.Time // until Lease they are the claimer's
	PerHost    int       // at most so many for each host
	PerMinute  int       // and for each host without a shared inbox; 0 for any number
	Limit      int       // and in all
	Busy       []string  // hosts to leave alone
	Slow       []string  // hosts that get one at a time
	NoProbes   bool      // leave alone hosts that failed
}

// ClaimDeliveries leases deliveries that are due, to hosts and inboxes that are
// neither in backoff nor busy, the host that has waited longest first, and within
// a host the oldest delivery. A host that failed gets one, to see whether it is
// well, to the inbox that failed longest ago.
// What is about an object waits until all before it to the same inbox is settled.
// Deliveries of one activity share its body.
func (s *Store) ClaimDeliveries(ctx context.Context, c Claim) ([]directory.Delivery, error) {
	if c.Limit <= 0 {
		return nil, nil
	}
	var out []directory.Delivery
	err := s.Tx(ctx, func(tx *Store) error {
		hosts, err := tx.hostsDue(ctx, c)
		if err != nil || len(hosts) == 0 {
			return err
		}
		q, err := tx.newClaimer(ctx, c)
		if err != nil {
			return err
		}
		defer q.Close() //nolint:errcheck // the transaction's end tells of every fault that matters
		for k := range hosts {
			if len(out) >= c.Limit {
				break
			}
			if out, err = q.claim(ctx, &hosts[k], out); err != nil {
				return fmt.Errorf("claim deliveries to %s: %w", hosts[k].Name, err)
			}
		}
		return tx.addActivities(ctx, out)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b directory.Delivery) int { return strings.Compare(a.ID, b.ID) })
	return slices.DeleteFunc(out, func(d directory.Delivery) bool { return d.ActorID == "" && d.Body == nil }), nil
}

// dueHost is a host to look at.
type dueHost struct {
	Name     string `db:"name"`
	Fails    int    `db:"fails"`
	MinuteAt int64  `db:"minute_at"` // when the minute began in which
	Count    int    `db:"minute_count"`
}

// hostsDue returns the hosts to look at, the one that has waited longest first.
func (s *Store) hostsDue(ctx context.Context, c Claim) ([]dueHost, error) {
	rows, err := many[dueHost](ctx, s, "hosts due", `SELECT name, fails, minute_at, minute_count FROM hosts
		WHERE due_at <= ? AND (fails = 0 OR ?) ORDER BY due_at, name LIMIT ?`+s.dialect.skipLocked,
		micros(c.Now), !c.NoProbes, c.Limit+len(c.Busy))
	if err != nil || len(c.Busy) == 0 {
		return rows, err
	}
	busy := setOf(c.Busy)
	return slices.DeleteFunc(rows, func(h dueHost) bool { return busy[h.Name] }), nil
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// claimer leases the deliveries of one host after the other.
type claimer struct {
	Claim
	store                    *Store
	slow                     map[string]bool
	lease, probe, next, host *sqlx.Stmt
}

// notTroubled is the condition that the inbox of a delivery to a host is not in
// backoff.
const notTroubled = `inbox NOT IN (SELECT inbox FROM troubled_inboxes WHERE host = ? AND next_at > ?)`

func (s *Store) newClaimer(ctx context.Context, c Claim) (*claimer, error) {
	q := &claimer{Claim: c, store: s, slow: setOf(c.Slow)}
	lease := func(order string) string {
		return `UPDATE deliveries SET leased = ?, run_at = ? WHERE id IN (SELECT id FROM deliveries d
			WHERE host = ? AND run_at <= ? AND ` + notTroubled + ` AND NOT EXISTS (SELECT 1 FROM deliveries e
				WHERE e.object_id = d.object_id AND e.inbox = d.inbox AND e.id < d.id)
			ORDER BY ` + order + ` LIMIT ?` + s.dialect.skipLocked + `)
			RETURNING id, activity_id, inbox, host, tries, created`
	}
	for _, p := range []struct {
		statement **sqlx.Stmt
		text      string
	}{
		{&q.lease, lease(`run_at, id`)},
		{&q.probe, lease(`COALESCE((SELECT failed_at FROM troubled_inboxes t WHERE t.inbox = d.inbox), 0), run_at, id`)},
		{&q.next, `SELECT COALESCE(MIN(next_at), 0) FROM
			(SELECT MIN(run_at) AS next_at FROM deliveries WHERE host = ? AND ` + notTroubled + `
			UNION ALL SELECT MIN(next_at) FROM troubled_inboxes t WHERE host = ? AND next_at > ? AND EXISTS
				(SELECT 1 FROM deliveries d WHERE d.host = t.host AND d.inbox = t.inbox)) AS times`},
		{&q.host, `UPDATE hosts SET due_at = ?, minute_at = ?, minute_count = ? WHERE name = ?`},
	} {
		var err error
		if *p.statement, err = s.tx.PreparexContext(ctx, s.rebind(p.text)); err != nil { //nolint:sqlclosecheck // claimer.Close does
			return nil, errors.Join(fmt.Errorf("prepare claim: %w", err), q.Close())
		}
	}
	return q, nil
}

// Close frees the statements.
func (q *claimer) Close() error {
	var all []error
	for _, statement := range []*sqlx.Stmt{q.lease, q.probe, q.next, q.host} {
		if statement != nil {
			all = append(all, statement.Close())
		}
	}
	return errors.Join(all...)
}

// claim adds what it leases of a host to a list, and notes when to look at the
// host again.
func (q *claimer) claim(ctx context.Context, h *dueHost, list []directory.Delivery) ([]directory.Delivery, error) {
	if micros(q.Now)-h.MinuteAt >= time.Minute.Microseconds() {
		h.MinuteAt, h.Count = micros(q.Now), 0
	}
	h.Count = max(0, h.Count) // what was given back may have been claimed in a minute before
	lease, limit := q.lease, min(q.PerHost, q.Limit-len(list))
	if q.slow[h.Name] {
		limit = 1
	}
	if h.Fails > 0 {
		lease, limit = q.probe, 1
	}
	left, err := q.left(ctx, h)
	if err != nil {
		return list, err
	}
	var rows []deliveryRow
	if limit = min(limit, left); limit > 0 {
		if err := lease.SelectContext(ctx, &rows, micros(q.Lease), micros(q.Lease), h.Name, micros(q.Now),
			h.Name, micros(q.Now), limit); err != nil {
			return list, err
		}
	}
	for k := range rows {
		d := rows[k].delivery()
		d.Probe = h.Fails > 0
		list = append(list, d)
	}
	h.Count += len(rows)
	return list, q.lookAgain(ctx, h, len(rows), left)
}

// left returns how many more may be sent to a host in this minute. Hosts with a
// shared inbox get one delivery where others get one for each follower, and have
// no such limit (INTEROP D8).
func (q *claimer) left(ctx context.Context, h *dueHost) (int, error) {
	if q.PerMinute == 0 || h.Count+q.PerHost <= q.PerMinute {
		return q.PerHost, nil
	}
	for _, scheme := range []string{"https://", "http://"} {
		shared, err := one[bool](ctx, q.store, "shared inbox of "+h.Name, `SELECT EXISTS
			(SELECT 1 FROM actors WHERE shared_inbox > ? AND shared_inbox < ?)`, scheme+h.Name+"/", scheme+h.Name+"0")
		if err != nil || *shared {
			return q.PerHost, err
		}
	}
	return max(0, q.PerMinute-h.Count), nil
}

// lookAgain notes when to look at a host after something was leased. A host that
// nothing waits for is forgotten, unless it failed.
func (q *claimer) lookAgain(ctx context.Context, h *dueHost, leased, left int) error {
	var next int64
	if err := q.next.GetContext(ctx, &next, h.Name, h.Name, micros(q.Now), h.Name, micros(q.Now)); err != nil {
		return err
	}
	minute := h.MinuteAt + time.Minute.Microseconds()
	switch {
	case next == 0 && h.Fails == 0 && h.Count == 0:
		_, err := q.store.exec(ctx, "host "+h.Name, `DELETE FROM hosts WHERE name = ? AND NOT unavailable`, h.Name)
		return err
	case next == 0 && h.Fails == 0:
		next = minute
	case next == 0:
		next = never
	case h.Fails > 0 && leased > 0:
		next = micros(q.Lease)
	case left < q.PerHost && leased >= left:
		next = max(next, minute)
	default:
		next = max(next, micros(q.Now)) // behind the others that are due
	}
	_, err := q.host.ExecContext(ctx, next, h.MinuteAt, h.Count, h.Name)
	return err
}

// addActivities fills in what deliveries have from their activities.
func (s *Store) addActivities(ctx context.Context, list []directory.Delivery) error {
	type activityRow struct {
		ID      string `db:"id"`
		ActorID string `db:"actor_id"`
		KeyID   string `db:"key_id"`
		Body    []byte `db:"body"`
	}
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for k := range list {
		ids[k] = list[k].ActivityID
	}
	slices.Sort(ids)
	rows, err := manyIn[activityRow](ctx, s, "activities", `SELECT id, actor_id, key_id, body FROM activities WHERE id IN (?)`, slices.Compact(ids))
	if err != nil {
		return err
	}
	byID := make(map[string]*activityRow, len(rows))
	for k := range rows {
		byID[rows[k].ID] = &rows[k]
	}
	keys, err := s.keysOfHosts(ctx, list)
	if err != nil {
		return err
	}
	for k := range list {
		if a, ok := byID[list[k].ActivityID]; ok {
			list[k].ActorID, list[k].Body = a.ActorID, a.Body
			list[k].KeyID = cmp.Or(a.KeyID, keys[list[k].Host])
		}
	}
	return nil
}

// keysOfHosts returns which key still signs for those of the deliveries' hosts that
// were not told of a newer one.
func (s *Store) keysOfHosts(ctx context.Context, list []directory.Delivery) (map[string]string, error) {
	changing, err := one[bool](ctx, s, "keys of activities", `SELECT EXISTS (SELECT 1 FROM activities WHERE key_id > '')`)
	if err != nil || !*changing {
		return nil, err
	}
	hosts := make([]string, len(list))
	for k := range list {
		hosts[k] = list[k].Host
	}
	slices.Sort(hosts)
	rows, err := manyIn[struct {
		Host  string `db:"host"`
		KeyID string `db:"key_id"`
	}](ctx, s, "keys of hosts", `SELECT host, MIN(key_id) AS key_id FROM activities JOIN deliveries ON activity_id = activities.id
		WHERE key_id > '' AND host IN (?) GROUP BY host`, slices.Compact(hosts))
	keys := make(map[string]string, len(rows))
	for _, r := range rows {
		keys[r.Host] = r.KeyID
	}
	return keys, err
}
