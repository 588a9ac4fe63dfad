package store

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const reportColumns = `id, host, objects, body, received, closed`

type reportRow struct {
	ID       string `db:"id"`
	Host     string `db:"host"`
	Objects  string `db:"objects"`
	Body     string `db:"body"`
	Received int64  `db:"received"`
	Closed   int64  `db:"closed"`
}

func (r *reportRow) report() (directory.Report, error) {
	out := directory.Report{
		ID: r.ID, Host: r.Host, Text: r.Body, Received: fromMicros(r.Received), Closed: fromMicros(r.Closed),
	}
	if err := decode(r.Objects, &out.Objects); err != nil {
		return out, fmt.Errorf("read report %s: %w", r.ID, err)
	}
	return out, nil
}

// AddReport stores a report.
func (s *Store) AddReport(ctx context.Context, r *directory.Report) error {
	objects, err := encode(r.Objects)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "report", `INSERT INTO reports (`+reportColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
		r.ID, r.Host, objects, r.Text, micros(r.Received), micros(r.Closed))
	return err
}

// Report returns the report with the id, or directory.ErrNotFound.
func (s *Store) Report(ctx context.Context, id string) (*directory.Report, error) {
	row, err := one[reportRow](ctx, s, "report "+id, `SELECT `+reportColumns+` FROM reports WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	r, err := row.report()
	return &r, err
}

// Reports returns reports, the oldest first, after an id, at most limit: those
// that wait, or those that were closed.
func (s *Store) Reports(ctx context.Context, closed bool, after string, limit int) ([]directory.Report, error) {
	rows, err := many[reportRow](ctx, s, "reports", `SELECT `+reportColumns+` FROM reports
		WHERE (closed > 0) = ? AND id > ? ORDER BY id LIMIT ?`, closed, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Report, len(rows))
	for k := range rows {
		if out[k], err = rows[k].report(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CountModeration returns how many replies in the states, and how many reports
// that are closed or not, came after the one with the key or id.
func (s *Store) CountModeration(ctx context.Context, states []directory.ReplyState, closed []bool, after string) (int, error) {
	total := 0
	for _, state := range states {
		n, err := s.count(ctx, "replies", `SELECT COUNT(*) FROM replies WHERE state = ? AND reply_key > ?`, string(state), after)
		if err != nil {
			return 0, err
		}
		total += n
	}
	for _, done := range closed {
		n, err := s.count(ctx, "reports", `SELECT COUNT(*) FROM reports WHERE (closed > 0) = ? AND id > ?`, done, after)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// CloseReport closes an open report, or fails with directory.ErrNotFound.
func (s *Store) CloseReport(ctx context.Context, id string, at time.Time) error {
	n, err := s.exec(ctx, "report "+id, `UPDATE reports SET closed = ? WHERE id = ? AND closed = 0`, micros(at), id)
	if err == nil && n == 0 {
		return fmt.Errorf("report %s: %w", id, directory.ErrNotFound)
	}
	return err
}

// CountReportsSince returns how many reports a host sent since a time.
func (s *Store) CountReportsSince(ctx context.Context, host string, since time.Time) (int, error) {
	return s.count(ctx, "reports of "+host,
		`SELECT COUNT(*) FROM reports WHERE host = ? AND received >= ?`, host, micros(since))
}
