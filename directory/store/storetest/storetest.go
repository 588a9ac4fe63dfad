// Package storetest gives tests a fresh store for each database.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"codeberg.org/commonage/commonage/directory/store"
)

// Each runs the test on a fresh SQLite file and, when TEST_POSTGRES names a
// server by URL, on a fresh PostgreSQL database. Without it the PostgreSQL part
// is skipped, or fails when TEST_ALL is 1.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, OpenPostgres(t)) })
}

// Open returns a fresh, migrated SQLite store that is closed with the test.
func Open(t testing.TB) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "commonage.db")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	return open(t, "sqlite:"+path)
}

// Create makes an empty, migrated SQLite database at a path.
func Create(path string) error {
	file, err := migrated()
	if err != nil {
		return fmt.Errorf("make an empty database: %w", err)
	}
	return os.WriteFile(path, file, 0o600)
}

// migrated is the file of such a database. It is made once, as under the race
// detector that takes longer than most tests.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "commonage-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "commonage.db")
	s, err := store.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	_, err = s.Migrate(context.Background())
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// OpenPostgres returns a fresh, migrated PostgreSQL store that is dropped with
// the test, or skips it, see PostgresAddress.
func OpenPostgres(t testing.TB) *store.Store {
	t.Helper()
	return open(t, PostgresAddress(t))
}

// PostgresAddress returns the URL of a fresh, empty database, dropped with the
// test.
func PostgresAddress(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_POSTGRES")
	if server == "" && os.Getenv("TEST_ALL") == "1" {
		t.Fatal("TEST_ALL is 1 and TEST_POSTGRES names no server")
	}
	if server == "" {
		t.Skip("TEST_POSTGRES names no server")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("TEST_POSTGRES: %v", err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	run(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	return u.String()
}

func run(t testing.TB, server, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatalf("open %s: %v", server, err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func open(t testing.TB, address string) *store.Store {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, address)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatalf("migrate store: %v", err)
	}
	return s
}
