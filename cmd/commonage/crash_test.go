package main_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	ukFile   = "coops-uk-standard-2022Q2.csv"
	susyFile = "susy-transformap-europe.nocontact.geojson"
	ukRows   = 7272
	susyRows = 1794
)

func (c *city) importUK() string {
	c.t.Helper()
	return c.do("import", "mykomap", shared(c.t, ukFile), "--publish", "--quiet",
		"--source-name", "Co-operatives UK", "--licence", "ODC-By-1.0", "--attribution", "Co-operatives UK")
}

func (c *city) importSUSY() string {
	c.t.Helper()
	return c.do("import", "geojson", shared(c.t, susyFile), "--publish", "--quiet")
}

// TestKilledCatchingUp: a server that is killed again and again while it reads
// the log of a large peer ends up with the same entries, each once.
func TestKilledCatchingUp(t *testing.T) {
	t.Parallel() // most of the time is waiting
	shared(t, ukFile)
	for name, on := range map[string]struct {
		database database
		kills    int // on PostgreSQL each costs the rest of a lease
	}{"sqlite": {onSQLite, 6}, "postgres": {onPostgres, 2}} {
		t.Run(name, func(t *testing.T) { killCatchingUp(t, on.database, on.kills) })
	}
}

func killCatchingUp(t *testing.T, db database, kills int) {
	a, b := newCity(t, "a", db), newCity(t, "b", db)
	a.importUK()
	a.start()
	b.do("peer", "add", a.host)
	var counts []int
	for range kills {
		b.start()
		before := b.ask("limit=1").Total
		// The reading takes a few seconds; kill it somewhere on its way.
		enough := before + 1 + rand.N(ukRows/5)
		eventually(t, patience, func() error {
			n := b.ask("limit=1").Total
			if n < min(enough, ukRows) {
				return fmt.Errorf("%s has read %d entries", b.host, n)
			}
			return nil
		})
		b.kill()
		counts = append(counts, enough)
	}
	t.Logf("killed after more than %v entries", counts)
	b.start()
	eventually(t, patience, func() error { return b.has(ukRows) })
	same(t, a, b)
	caughtUp(t, b, a)
	same(t, a, b)
}

// caughtUp waits until b says that it has read all of a's log.
func caughtUp(t testing.TB, b, a *city) {
	t.Helper()
	eventually(t, patience, func() error {
		if line := peerLine(b, a.host); !strings.Contains(line, "  yes  ") {
			return fmt.Errorf("%s still reads: %q", b.host, line)
		}
		return nil
	})
}

// TestKilledImport: an import that is killed half-way is completed by the next,
// and so is what peers carry.
func TestKilledImport(t *testing.T) {
	t.Parallel() // most of the time is waiting
	path := shared(t, ukFile)
	onEach(t, func(t *testing.T, db database) {
		a, b := newCity(t, "a", db).start(), newCity(t, "b", db).start()
		befriend(b, a)

		cmd := exec.Command(program(t), "import", "mykomap", path, "--publish", "--quiet", "--config", a.settings,
			"--source-name", "Co-operatives UK", "--licence", "ODC-By-1.0", "--attribution", "Co-operatives UK")
		cmd.Env = environment()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, func() error {
			if n := a.ask("limit=1").Total; n < 1000 {
				return fmt.Errorf("%d entries are imported", n)
			}
			return nil
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			a.kill() // and the server with it
			a.start()
		}
		half := a.everything()
		t.Logf("killed after %d entries", len(half))
		if len(half)%250 != 0 {
			t.Errorf("%d entries are there: a batch is not whole", len(half))
		}
		want := fmt.Sprintf("%6d new and published\n  %6d changed\n  %6d the same as before\n", ukRows-len(half), 0, len(half))
		if got := a.importUK(); !strings.Contains(got, want) {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		whole := a.everything()
		if len(whole) != ukRows {
			t.Errorf("%d entries are there, want %d", len(whole), ukRows)
		}
		for id, e := range half {
			if !whole[id].Updated.Equal(e.Updated) {
				t.Errorf("%s changed though it is the same", id)
			}
		}
		eventually(t, patience, func() error { return b.has(ukRows) })
		same(t, a, b)
	})
}

// TestBothFiles: two cities with a large import each, following each other, both
// carry everything and find the same.
func TestBothFiles(t *testing.T) {
	t.Parallel() // most of the time is waiting
	shared(t, susyFile)
	shared(t, ukFile)
	onEach(t, func(t *testing.T, db database) {
		susy, uk := newCity(t, "susy", db).start(), newCity(t, "uk", db).start()
		began := time.Now()
		susy.importSUSY()
		uk.importUK()
		befriend(susy, uk)
		befriend(uk, susy)
		const all = susyRows + ukRows
		for _, c := range []*city{susy, uk} {
			eventually(t, 2*time.Minute, func() error { return c.has(all) })
		}
		t.Logf("both carry %d entries after %v", all, time.Since(began).Round(100*time.Millisecond))
		same(t, susy, uk)
		sameAnswers(t, susy, uk)
	})
}
