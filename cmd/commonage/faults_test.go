package main_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWrongSettings: a wrong value is named with its source and what is
// accepted, and nothing starts.
func TestWrongSettings(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		env  []string
		args []string
		want []string
	}{
		"none": {want: []string{"host"}},
		"file": {
			file: "host = \"a.example\"\nworkers = \"many\"\n",
			want: []string{"workers (commonage.toml:2): \"many\" is not accepted; use a whole number from 1 to 1024"},
		},
		"unknown": {file: "host = \"a.example\"\nlisten_on = \"x\"\n", want: []string{"listen_on", "commonage.toml:2"}},
		"environment": {
			env:  []string{"COMMONAGE_HOST=a.example", "COMMONAGE_DATABASE=mysql://x"},
			want: []string{"database (COMMONAGE_DATABASE): ", "sqlite:PATH or postgres://"},
		},
		"flag": {args: []string{"--host", "a.example", "--peering", "all"}, want: []string{"peering (--peering): \"all\"", "open, review or allowlist"}},
		"all at once": {
			file: "scheme = \"ftp\"\n", env: []string{"COMMONAGE_COUNTRY=Belgium"}, args: []string{"--workers", "0"},
			want: []string{"scheme (commonage.toml:1)", "country (COMMONAGE_COUNTRY)", "workers (--workers)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if test.file != "" {
				if err := os.WriteFile(filepath.Join(dir, "commonage.toml"), []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := runCommand(t, command{args: append([]string{"serve"}, test.args...), dir: dir, env: test.env})
			r.wants(t, 2, test.want...)
			if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
				t.Error("it made a data folder all the same")
			}
		})
	}
}

// TestSettingsRise: a flag goes before the environment, and that before the
// file.
func TestSettingsRise(t *testing.T) {
	dir := t.TempDir()
	text := "host = \"file.example\"\nname = \"of the file\"\nlocality = \"of the file\"\n"
	if err := os.WriteFile(filepath.Join(dir, "commonage.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, command{
		args: []string{"config", "--name", "of the flag"}, dir: dir,
		env: []string{"COMMONAGE_NAME=of the environment", "COMMONAGE_LOCALITY=of the environment"},
	})
	r.wants(t, 0, "file.example", "of the flag", "--name", "of the environment", "COMMONAGE_LOCALITY")
	if strings.Contains(r.stdout, "of the file") {
		t.Errorf("got\n%s", r.stdout)
	}
}

// TestPortTaken: the server says so and ends.
func TestPortTaken(t *testing.T) {
	c := newCity(t, "a", onSQLite)
	l, err := net.Listen("tcp", c.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c.try("serve").wants(t, 1, c.listen, "address already in use")
}

// TestNoDatabase: what is wrong with the database is said in a line.
func TestNoDatabase(t *testing.T) {
	for name, database := range map[string]string{
		"a folder in the way":    "sqlite:" + t.TempDir(),
		"no such folder":         "sqlite:" + filepath.Join(t.TempDir(), "missing", "commonage.db"),
		"nothing can be written": "sqlite:/proc/commonage.db",
		"no server":              fmt.Sprintf("postgres://commonage:hunter2@127.0.0.1:%d/commonage?sslmode=disable", freePort(t)),
		"no database file":       "sqlite:" + write(t, "notes.txt", strings.Repeat("This is no database. ", 100)),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t, "a", func(testing.TB, string) string { return database })
			r := c.try("serve")
			r.wants(t, 1, "commonage: open database ")
			if path, ok := strings.CutPrefix(database, "sqlite:"); ok && !strings.Contains(r.stderr, path) {
				t.Errorf("it does not name the file: %s", r.stderr)
			}
			if text := strings.TrimSpace(r.stderr); strings.Contains(text, "\n") || strings.Contains(text, "hunter2") {
				t.Errorf("it says\n%s", text)
			}
		})
	}
}

// TestLocked: a command waits while another program writes to the database, and
// says so when that lasts; the server goes on showing pages.
func TestLocked(t *testing.T) {
	t.Parallel() // most of the time is waiting
	c := newCity(t, "a", onSQLite).start()
	c.do("initiative", "add", "--name", "Before", "--form", "tool-library")
	db, err := sql.Open("sqlite", filepath.Join(c.dir, "commonage.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	lock, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ended := make(chan result, 1)
	go func() { ended <- c.try("initiative", "add", "--name", "During", "--form", "tool-library") }()
	for waiting := true; waiting; {
		select {
		case r := <-ended:
			r.wants(t, 1, "locked")
			t.Logf("after %v: %s", time.Since(began), r.stderr)
			waiting = false
		default:
			if err := c.shows("/initiatives/before", "Before"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := lock.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	c.do("initiative", "add", "--name", "After", "--form", "tool-library")
	eventually(t, seconds, func() error { return c.has(2) })
}
