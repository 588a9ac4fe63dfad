package store

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

type reportRow struct {
	ID       string `db:"id"`
	Host     string `db:"host"`
	Objects  string `db:"objects"`
	Body     string `db:"body"`
	Received int64  `db:"received"`
	Closed   int64  `db:"closed"`
}

// AddReport stores a report.
func (s *Store) AddReport(ctx context.Context, r *directory.Report) error {
	objects, err := encode(r.Objects)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "report", `INSERT INTO reports (id, host, objects, body, received, closed) VALUES (?, ?, ?, ?, ?, ?)`,
		r.ID, r.Host, objects, r.Text, micros(r.Received), micros(r.Closed))
	return err
}

// Reports returns reports, the oldest first, after an id, at most limit: those
// that wait, or those that were closed.
func (s *Store) Reports(ctx context.Context, closed bool, after string, limit int) ([]directory.Report, error) {
	condition := map[bool]string{false: "closed = 0", true: "closed > 0"}[closed]
	rows, err := many[reportRow](ctx, s, "reports", `SELECT id, host, objects, body, received, closed FROM reports
		WHERE `+condition+` AND id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Report, len(rows))
	for k, r := range rows {
		out[k] = directory.Report{
			ID: r.ID, Host: r.Host, Text: r.Body, Received: fromMicros(r.Received), Closed: fromMicros(r.Closed),
		}
		if err := decode(r.Objects, &out[k].Objects); err != nil {
			return nil, fmt.Errorf("read report %s: %w", r.ID, err)
		}
	}
	return out, nil
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
