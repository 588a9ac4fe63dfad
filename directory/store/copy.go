package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/lib/pq"

	"codeberg.org/commonage/commonage/directory"
)

// copyFrom is how many entries it takes to send them to PostgreSQL as one
// stream, which is several times as fast as one by one.
const copyFrom = 200

// copyInitiatives writes rows by way of a table that lives as long as the
// transaction. PostgreSQL only.
func (s *Store) copyInitiatives(ctx context.Context, rows []initiativeRow) error {
	columns := rowColumns()
	if _, err := s.exec(ctx, "table of incoming entries",
		`CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE initiatives) ON COMMIT DELETE ROWS`); err != nil {
		return err
	}
	if _, err := s.exec(ctx, "incoming entries", `DELETE FROM incoming`); err != nil {
		return err
	}
	if err := s.send(ctx, `COPY incoming (`+columns+`) FROM STDIN`, rows); err != nil {
		return err
	}
	_, err := s.tx.ExecContext(ctx, `INSERT INTO initiatives (`+columns+`) SELECT `+columns+` FROM incoming`+
		initiativeUpdate+`, words = excluded.words`)
	return s.explainTaken(err, "entries of a batch")
}

// send streams the rows into a COPY.
func (s *Store) send(ctx context.Context, statement string, rows []initiativeRow) error {
	stream, err := s.tx.PrepareContext(ctx, statement)
	if err != nil {
		return fmt.Errorf("prepare entries: %w", err)
	}
	defer stream.Close()
	for k := range rows {
		if _, err := stream.ExecContext(ctx, rows[k].values()...); err != nil {
			return fmt.Errorf("send entry %s: %w", rows[k].ID, err)
		}
	}
	if _, err := stream.ExecContext(ctx); err != nil {
		return fmt.Errorf("send entries: %w", err)
	}
	return nil
}

// explainTaken words the error of writing entries.
func (s *Store) explainTaken(err error, what string) error {
	if err == nil {
		return nil
	}
	if !s.dialect.unique(err) {
		return fmt.Errorf("write %s: %w", what, err)
	}
	var e *pq.Error
	if errors.As(err, &e) && e.Detail != "" {
		what = e.Detail
	}
	return fmt.Errorf("%s: a handle is taken: %w", what, directory.ErrConflict)
}

// rowColumns lists the columns of an initiativeRow in the order of its values.
func rowColumns() string {
	var names []string
	for f := range reflect.TypeFor[initiativeRow]().Fields() {
		names = append(names, `"`+f.Tag.Get("db")+`"`)
	}
	return strings.Join(names, ", ")
}

// values returns the columns' values as the driver takes them.
func (r *initiativeRow) values() []any {
	fields := reflect.ValueOf(r).Elem()
	out := make([]any, 0, fields.NumField())
	for _, f := range fields.Fields() {
		switch {
		case f.Kind() != reflect.Pointer:
			out = append(out, f.Interface())
		case f.IsNil():
			out = append(out, nil)
		default:
			out = append(out, f.Elem().Interface())
		}
	}
	return out
}
