package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

type jobRow struct {
	ID      string `db:"id"`
	Kind    string `db:"kind"`
	Key     string `db:"job_key"`
	Payload string `db:"payload"`
	Tries   int    `db:"tries"`
	Created int64  `db:"created"`
}

// PutJob queues a job for a time. One that waits already with the same kind and
// key takes the new payload and, if it is earlier, the new time. One that is
// being worked on is worked on once more when that ends.
func (s *Store) PutJob(ctx context.Context, j *directory.Job, at time.Time) error {
	_, err := s.exec(ctx, "job "+j.Kind, `INSERT INTO jobs
		(id, kind, job_key, payload, run_at, leased, tries, created, error) VALUES (?, ?, ?, ?, ?, 0, 0, ?, '')
		ON CONFLICT (kind, job_key) DO UPDATE SET id = excluded.id, payload = excluded.payload, tries = 0,
		run_at = CASE WHEN excluded.run_at < jobs.run_at OR jobs.leased > 0 THEN excluded.run_at ELSE jobs.run_at END`,
		j.ID, j.Kind, j.Key, j.Payload, micros(at), micros(j.Created))
	return err
}

// ClaimJobs leases the jobs of the kinds that are due, at most limit, until the
// lease ends.
func (s *Store) ClaimJobs(ctx context.Context, kinds []string, now, lease time.Time, limit int) ([]directory.Job, error) {
	query, args, err := in(`UPDATE jobs SET leased = ?, tries = tries + 1
		WHERE id IN (SELECT id FROM jobs WHERE kind IN (?) AND run_at <= ? AND leased <= ? ORDER BY run_at, id LIMIT ?`+
		s.dialect.skipLocked+`) RETURNING id, kind, job_key, payload, tries, created`,
		micros(lease), kinds, micros(now), micros(now), limit)
	if err != nil {
		return nil, err
	}
	rows, err := returning[jobRow](ctx, s, "jobs", query, args...)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Job, len(rows))
	for k, r := range rows {
		out[k] = directory.Job{
			ID: r.ID, Kind: r.Kind, Key: r.Key, Payload: r.Payload, Tries: r.Tries, Created: fromMicros(r.Created),
		}
	}
	slices.SortFunc(out, func(a, b directory.Job) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Due says what waits to be done.
type Due struct {
	Jobs       bool `db:"jobs"`
	Working    bool `db:"working"` // a job is worked on, or its lease has not ended yet
	Received   bool `db:"received"`
	Deliveries bool `db:"deliveries"`
}

// Due returns what waits to be done now. It is cheap enough to be asked several
// times a second.
func (s *Store) Due(ctx context.Context, now time.Time) (Due, error) {
	at := micros(now)
	due, err := one[Due](ctx, s, "what is due", `SELECT
		EXISTS (SELECT 1 FROM jobs WHERE run_at <= ? AND leased <= ?) AS jobs,
		EXISTS (SELECT 1 FROM jobs WHERE leased > ?) AS working,
		EXISTS (SELECT 1 FROM inbox WHERE done = FALSE AND run_at <= ? AND leased <= ?) AS received,
		EXISTS (SELECT 1 FROM hosts WHERE due_at <= ?) AS deliveries`,
		at, at, at, at, at, at)
	if err != nil {
		return Due{}, err
	}
	return *due, nil
}

// LeaseJob sets until when a job that is being worked on stays its worker's; the
// zero time frees it at once.
func (s *Store) LeaseJob(ctx context.Context, j *directory.Job, until time.Time) error {
	_, err := s.exec(ctx, "lease of job "+j.Kind,
		`UPDATE jobs SET leased = ? WHERE kind = ? AND job_key = ? AND leased > 0`, micros(until), j.Kind, j.Key)
	return err
}

// FreeLeases frees whatever a server that is gone was working on, where no other
// server can be at work: an SQLite file has one. With PostgreSQL it does nothing,
// and what is left ends with its lease.
func (s *Store) FreeLeases(ctx context.Context) error {
	if !s.dialect.singleServer {
		return nil
	}
	return s.Tx(ctx, func(tx *Store) error {
		for what, statement := range map[string]string{
			"jobs":                `UPDATE jobs SET leased = 0 WHERE leased > 0`,
			"received activities": `UPDATE inbox SET leased = 0 WHERE leased > 0`,
			"deliveries":          `UPDATE deliveries SET leased = 0, run_at = created WHERE leased > 0`,
			"hosts":               `UPDATE hosts SET due_at = next_at WHERE name IN (SELECT host FROM deliveries) AND NOT unavailable`,
		} {
			if _, err := tx.exec(ctx, what, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropJob forgets a job that waits, if there is one. It leaves one that is being
// worked on.
func (s *Store) DropJob(ctx context.Context, kind, key string) error {
	_, err := s.exec(ctx, "job "+kind, `DELETE FROM jobs WHERE kind = ? AND job_key = ? AND leased = 0`, kind, key)
	return err
}

// FinishJob forgets a job that was claimed, or frees it to be claimed at once if
// it was queued again since.
func (s *Store) FinishJob(ctx context.Context, j *directory.Job) error {
	return s.settleJob(ctx, j, `DELETE FROM jobs WHERE id = ?`, j.ID)
}

// RepeatJob lets a job that was claimed and done be claimed again at a time, or
// when it was queued for since.
func (s *Store) RepeatJob(ctx context.Context, j *directory.Job, at time.Time) error {
	return s.settleJob(ctx, j, `UPDATE jobs SET leased = 0, tries = 0, run_at = ?, error = '' WHERE id = ?`, micros(at), j.ID)
}

// RetryJob lets a job that was claimed and failed be claimed again at a time, or
// when it was queued for since.
func (s *Store) RetryJob(ctx context.Context, j *directory.Job, at time.Time, failure string) error {
	return s.settleJob(ctx, j, `UPDATE jobs SET leased = 0, run_at = ?, error = ? WHERE id = ?`, micros(at), failure, j.ID)
}

// settleJob runs the statement, which changes the job unless it was queued again
// and so has another id; that one is only set free.
func (s *Store) settleJob(ctx context.Context, j *directory.Job, statement string, args ...any) error {
	return s.Tx(ctx, func(tx *Store) error {
		n, err := tx.exec(ctx, "job "+j.Kind, statement, args...)
		if err != nil || n > 0 {
			return err
		}
		_, err = tx.exec(ctx, "job "+j.Kind, `UPDATE jobs SET leased = 0 WHERE kind = ? AND job_key = ?`, j.Kind, j.Key)
		return err
	})
}
