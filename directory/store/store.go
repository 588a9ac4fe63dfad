// Package store keeps the directory in SQLite or PostgreSQL. All SQL of the
// program is here: one text per query serves both databases, written with ? and
// rebound; what differs is in dialect.go.
//
// Times are UTC in whole microseconds and are made by the caller, as ids are.
// What is missing is directory.ErrNotFound, never nil without an error.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jmoiron/sqlx"

	"codeberg.org/commonage/commonage/directory"
)

// Store is an open database, or one transaction of it. It is safe for
// concurrent use outside of a transaction.
type Store struct {
	dialect dialect
	write   *sqlx.DB // for SQLite a single connection, as it has a single writer
	read    *sqlx.DB // for PostgreSQL the same pool as write
	tx      *sqlx.Tx // not nil within Tx
	written *written // by the transaction
	used    usedStatements
	kept    *keptStatements
	blocks  *atomic.Pointer[blockMemory]
	memory  *memory
}

// Open opens the database that the address names: "sqlite:PATH" or a
// "postgres://" URL. It does not migrate it.
func Open(ctx context.Context, address string) (*Store, error) {
	d, dsn, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dialect: d, blocks: new(atomic.Pointer[blockMemory]), memory: new(memory),
		kept: &keptStatements{list: map[string]*sqlx.Stmt{}},
	}
	if s.write, err = sqlx.ConnectContext(ctx, d.driver, dsn); err != nil {
		return nil, fmt.Errorf("open database %s: %w", named(address), explainFile(address, err))
	}
	s.read = s.write
	if d.separateReaders {
		s.write.SetMaxOpenConns(1)
		if s.read, err = sqlx.ConnectContext(ctx, d.driver, readerDSN(dsn)); err != nil {
			return nil, errors.Join(fmt.Errorf("open database for reading: %w", err), s.write.Close())
		}
	}
	s.read.SetMaxOpenConns(maxConnections)
	s.read.SetMaxIdleConns(maxConnections)
	return s, nil
}

// named returns a database's address without what may be secret in it.
func named(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "as set"
	}
	u.RawQuery = ""
	return u.Redacted()
}

// explainFile adds to why a SQLite file cannot be opened what SQLite does not say.
func explainFile(address string, err error) error {
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return err
	}
	if _, missing := os.Stat(filepath.Dir(path)); missing != nil {
		return fmt.Errorf("its folder cannot be used: %w", missing)
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fmt.Errorf("it is a folder: %w", err)
	}
	return err
}

// maxConnections is enough for a machine of few cores and leaves a PostgreSQL
// server of 100 connections room for several processes.
const maxConnections = 12

// Close closes the database.
func (s *Store) Close() error {
	if s.read != s.write {
		return errors.Join(s.read.Close(), s.write.Close())
	}
	return s.write.Close()
}

// Ping returns an error when the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Tx runs f with a store inside one transaction, which commits if f returns
// nil. Within f, only that store may be used.
func (s *Store) Tx(ctx context.Context, f func(tx *Store) error) error {
	if s.tx != nil {
		return f(s)
	}
	tx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	inner := &Store{
		dialect: s.dialect, write: s.write, read: s.read, tx: tx, written: new(written), blocks: s.blocks, memory: s.memory,
		used: usedStatements{},
	}
	if err := f(inner); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.memory.follow(inner.written)
	return nil
}

// Interrupted reports whether the database ended a transaction because it and
// another waited for each other. Nothing of it was written; run again, it can
// succeed.
func (s *Store) Interrupted(err error) bool { return s.dialect.interrupted(err) }

// Change is Tx for what reads entries in order to write them: only one Change
// runs at a time, of all processes, so that what it has read stays true. Within a
// transaction that has written nothing else yet, it waits for its turn there.
func (s *Store) Change(ctx context.Context, f func(tx *Store) error) error {
	return s.Tx(ctx, func(tx *Store) error {
		if err := tx.lockEntries(ctx); err != nil {
			return err
		}
		return f(tx)
	})
}

// lockEntries lets no other transaction write entries until this one ends. Who
// writes them asks for this lock before any other, so that no two wait for each
// other.
func (s *Store) lockEntries(ctx context.Context) error {
	_, err := s.exec(ctx, "lock on entries", `INSERT INTO counters (name, value) VALUES ('version', 0)
		ON CONFLICT (name) DO UPDATE SET value = counters.value`)
	return err
}

// queryer is what a pool and a transaction have in common.
func (s *Store) queryer() sqlx.QueryerContext {
	if s.tx != nil {
		return s.tx
	}
	return s.read
}

// one returns the only row of a query, scanned into T; no row is
// directory.ErrNotFound, worded with what.
func one[T any](ctx context.Context, s *Store, what, query string, args ...any) (*T, error) {
	var row T
	var err error
	if statement := s.prepared(ctx, query); statement != nil { //nolint:sqlclosecheck // closed with the transaction
		err = statement.GetContext(ctx, &row, legal(args)...)
	} else {
		err = sqlx.GetContext(ctx, s.queryer(), &row, s.rebind(query), legal(args)...)
	}
	if err := found(what, err); err != nil {
		return nil, err
	}
	return &row, nil
}

// found words the error of reading one row.
func found(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, directory.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

// many returns all rows of a query, scanned into T.
func many[T any](ctx context.Context, s *Store, what, query string, args ...any) ([]T, error) {
	var rows []T
	var err error
	if statement := s.prepared(ctx, query); statement != nil { //nolint:sqlclosecheck // closed with the transaction
		err = statement.SelectContext(ctx, &rows, legal(args)...)
	} else {
		err = sqlx.SelectContext(ctx, s.queryer(), &rows, s.rebind(query), legal(args)...)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return rows, nil
}

// manyIn is many for a query that has a list among its arguments.
func manyIn[T any](ctx context.Context, s *Store, what, query string, args ...any) ([]T, error) {
	query, args, err := in(query, args...)
	if err != nil {
		return nil, err
	}
	return many[T](ctx, s, what, query, args...)
}

// exec runs a statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	var db sqlx.ExecerContext = s.write
	if s.tx != nil {
		db = s.tx
	}
	var result sql.Result
	var err error
	if statement := s.prepared(ctx, query); statement != nil {
		result, err = statement.ExecContext(ctx, legal(args)...)
	} else {
		result, err = db.ExecContext(ctx, s.rebind(query), legal(args)...)
	}
	if err != nil {
		if s.dialect.unique(err) {
			return 0, fmt.Errorf("write %s: %w", what, directory.ErrConflict)
		}
		return 0, fmt.Errorf("write %s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", what, err)
	}
	return n, nil
}

// execIn runs a statement that has a list among its arguments, unless that is
// empty.
func (s *Store) execIn(ctx context.Context, what, query string, args ...any) error {
	if slices.ContainsFunc(args, func(arg any) bool { list, ok := arg.([]string); return ok && len(list) == 0 }) {
		return nil
	}
	query, args, err := in(query, args...)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, what, query, args...)
	return err
}

// returning runs a statement that changes rows and returns them. Outside of a
// transaction it opens one, because reading pools do not write.
func returning[T any](ctx context.Context, s *Store, what, query string, args ...any) (rows []T, err error) {
	err = s.Tx(ctx, func(tx *Store) error {
		rows, err = many[T](ctx, tx, what, query, args...)
		return err
	})
	return rows, err
}

func (s *Store) rebind(query string) string { return sqlx.Rebind(s.dialect.bind, query) }

// in expands each slice among the arguments to as many placeholders.
func in(query string, args ...any) (string, []any, error) {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return "", nil, fmt.Errorf("expand a list: %w", err)
	}
	return query, args, nil
}

// legal returns arguments with every text as both databases take it, see
// legalText.
func legal(args []any) []any {
	for k, arg := range args {
		if text, ok := arg.(string); ok && legalText(text) != text {
			args = slices.Clone(args)
			args[k] = legalText(text)
		}
	}
	return args
}

// legalText returns a text without what PostgreSQL refuses: the zero character,
// and bytes that are no UTF-8, which become U+FFFD. Foreign documents have both.
func legalText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
}
