package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the database's tables up to this program's. It is safe to run
// from several processes at once, and does nothing when nothing is to do. It
// returns how many migrations it ran.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	provider, err := s.migrator()
	if err != nil {
		return 0, err
	}
	ran := 0
	for {
		before := version(ctx, provider)
		results, err := provider.Up(ctx)
		ran += len(results)
		if err == nil {
			if err := s.completeDigests(ctx); err != nil {
				return ran, err
			}
			return ran, s.refreshText(ctx)
		}
		// Another process may have run the same migration a moment before.
		if ctx.Err() != nil || version(ctx, provider) <= before {
			return ran, fmt.Errorf("migrate: %w", err)
		}
	}
}

// version returns the last migration that ran, or -1 when that cannot be told.
func version(ctx context.Context, provider *goose.Provider) int64 {
	v, err := provider.GetDBVersion(ctx)
	if err != nil {
		return -1
	}
	return v
}

// Pending reports whether Migrate has something to do.
func (s *Store) Pending(ctx context.Context) (bool, error) {
	provider, err := s.migrator()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return false, fmt.Errorf("read schema version: %w", err)
	}
	return pending, nil
}

// migrator gives goose the embedded texts as functions, because type words are
// put in before they run.
func (s *Store) migrator() (*goose.Provider, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var list []*goose.Migration
	for _, name := range names {
		version, ours, err := s.migrationVersion(name)
		if err != nil {
			return nil, err
		}
		if ours {
			list = append(list, goose.NewGoMigration(version, &goose.GoFunc{RunTx: s.runMigration(name)}, nil))
		}
	}
	dialect := database.DialectSQLite3
	options := []goose.ProviderOption{goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true)}
	if s.dialect.name == "postgres" {
		dialect = database.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120)) // looks every second
		if err != nil {
			return nil, fmt.Errorf("make migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, s.write.DB, nil, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// migrationVersion reads "migrations/0007_name.sql"; a file that names a
// database, "0007_name.postgres.sql", is only for that one.
func (s *Store) migrationVersion(name string) (version int64, ours bool, err error) {
	base := strings.TrimPrefix(name, "migrations/")
	number, rest, _ := strings.Cut(base, "_")
	version, err = strconv.ParseInt(number, 10, 32)
	if err != nil {
		return 0, false, fmt.Errorf("migration %s does not start with its number: %w", name, err)
	}
	parts := strings.Split(rest, ".")
	return version, len(parts) == 2 || parts[1] == s.dialect.name, nil
}

func (s *Store) runMigration(name string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, s.dialect.words.Replace(string(text))); err != nil {
			return fmt.Errorf("run %s: %w", name, err)
		}
		return nil
	}
}
