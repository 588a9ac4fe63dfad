package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// TestMigrateAtOnce: processes that start together on a new database bring it up
// together.
func TestMigrateAtOnce(t *testing.T) {
	for name, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "commonage.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at := address(t)
			var all errgroup.Group
			for range 4 {
				s, err := store.Open(t.Context(), at)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				all.Go(func() error {
					_, err := s.Migrate(t.Context())
					return err
				})
			}
			if err := all.Wait(); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if pending, err := s.Pending(t.Context()); err != nil || pending {
				t.Errorf("something is left to do: %v %v", pending, err)
			}
		})
	}
}

// TestMigrateWritesTheTextIndexAgain: what an earlier program made of entries is
// made anew, once.
func TestMigrateWritesTheTextIndexAgain(t *testing.T) {
	for driver, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "commonage.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(driver, func(t *testing.T) {
			at := address(t)
			open := map[string]string{"sqlite": "sqlite:" + at, "postgres": at}[driver]
			s, err := store.Open(t.Context(), open)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			i := initiative("gardeners")
			i.Summary, i.Languages = "We tend gardens.", []string{"en"}
			put(t, s, directory.Added, i)
			old, err := sql.Open(driver, at)
			if err != nil {
				t.Fatal(err)
			}
			defer old.Close()
			wipe := []string{`UPDATE initiatives SET terms = ''`, `UPDATE counters SET value = 1 WHERE name = 'document version'`}
			if driver == "sqlite" {
				wipe = append(wipe, `DELETE FROM initiative_text`)
			} else {
				wipe = append(wipe, `UPDATE initiatives SET words = NULL`)
			}
			for _, statement := range wipe {
				if _, err := old.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			q := search.Query{Text: "garden ", Languages: []string{"en"}}
			count := func() (n int) {
				err := s.Tx(t.Context(), func(tx *store.Store) (err error) { // in which the tables answer
					n, err = tx.Count(t.Context(), q)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			if n := count(); n != 0 {
				t.Fatalf("%d entries before, want none", n)
			}
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := count(); n != 1 {
				t.Errorf("%d entries, want 1", n)
			}
		})
	}
}
