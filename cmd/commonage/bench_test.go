package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
)

// BenchmarkInstance measures a whole instance from outside, once: its process,
// its commands and its answers over HTTP, on each database. It prints a table.
//
//	go test -run '^$' -bench Instance -benchtime 1x ./cmd/commonage
//
// Everything runs on this machine, so what measures takes its share of the
// processors, which the figures of throughput include.
func BenchmarkInstance(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { measure(b, "SQLite", onSQLite) })
	b.Run("PostgreSQL", func(b *testing.B) { measure(b, "PostgreSQL", onPostgres) })
}

func measure(b *testing.B, name string, db database) {
	m := &measuring{b: b, database: name}
	defer m.print() // also what was measured before a failure
	m.run(db)
}

// measuring is one run, and the lines it will print.
type measuring struct {
	b        *testing.B
	database string
	address  string
	city     *city
	lines    [][2]string
}

func (m *measuring) note(what, format string, args ...any) {
	m.lines = append(m.lines, [2]string{what, fmt.Sprintf(format, args...)})
}

func (m *measuring) print() {
	var out strings.Builder
	fmt.Fprintf(&out, "\ncommonage on %s, %d cores of %s/%s, %s\n", m.database, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, l := range m.lines {
		fmt.Fprintf(&out, "  %-46s %s\n", l[0], l[1])
	}
	fmt.Fprintln(os.Stdout, out.String())
}

func (m *measuring) run(db database) {
	program(m.b) // so that building it is not measured
	c := newCity(m.b, "bench", func(t testing.TB, dir string) string {
		m.address = db(t, dir)
		return m.address
	})
	m.city = c
	m.note("first start, new database and keys", "%v", startTime(c))
	c.stop()
	m.coldStart("cold start, nothing in it")
	m.memory("memory when idle, nothing in it")

	m.imports()
	m.memory("memory after the imports")
	m.fill()
	c.stop()
	m.coldStart(fmt.Sprintf("cold start, %d entries", entriesMeasured))
	m.memory(fmt.Sprintf("memory when idle, %d entries", entriesMeasured))

	m.searches()
	m.throughput()
	m.federation()
	m.memory("memory after all this")
	c.stop()
}

// startTime starts the server and returns how long it took to answer.
func startTime(c *city) time.Duration {
	began := time.Now()
	c.launch()
	client := web()
	defer client.CloseIdleConnections()
	for {
		resp, err := client.Get("http://" + c.listen + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began).Round(time.Millisecond)
			}
		}
		if time.Since(began) > time.Minute {
			c.t.Fatalf("the server does not answer: %v\n%s", err, c.journal(20))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// coldStart leaves the server running.
func (m *measuring) coldStart(what string) {
	const starts = 5
	var all []time.Duration
	for k := range starts {
		all = append(all, startTime(m.city))
		if k < starts-1 {
			m.city.stop()
		}
	}
	slices.Sort(all)
	m.note(what, "%v (%v to %v, %d starts)", all[starts/2], all[0], all[starts-1], starts)
}

// memory notes the server's resident memory once it has stayed within one per
// cent for three seconds, or after fifteen.
func (m *measuring) memory(what string) {
	if _, err := m.city.get("/", ""); err != nil {
		m.b.Fatal(err)
	}
	last, since := 0, time.Now()
	for began := time.Now(); time.Since(began) < 15*time.Second && time.Since(since) < 3*time.Second; {
		time.Sleep(250 * time.Millisecond)
		now := resident(m.b, m.city.server.cmd.Process.Pid, "VmRSS")
		if now < last*99/100 || now > last*101/100 {
			last, since = now, time.Now()
		}
	}
	pid := m.city.server.cmd.Process.Pid
	m.note(what, "%d MB (%d MB of it the program's file), at most %d MB",
		resident(m.b, pid, "VmRSS")>>10, resident(m.b, pid, "RssFile")>>10, resident(m.b, pid, "VmHWM")>>10)
}

// resident reads a line of /proc/PID/status in kB, 0 where there is none.
func resident(b testing.TB, pid int, name string) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name+":" {
			n, _ := strconv.Atoi(fields[1])
			return n
		}
	}
	return 0
}

func (m *measuring) imports() {
	shared(m.b, ukFile)
	for _, file := range []struct {
		name string
		rows int
		run  func() string
	}{{"GeoJSON of SUSY", susyRows, m.city.importSUSY}, {"Mykomap of Co-ops UK", ukRows, m.city.importUK}} {
		began := time.Now()
		file.run()
		took := time.Since(began)
		m.note("import, "+file.name, "%.0f entries a second (%d in %.2f s, the whole command)",
			float64(file.rows)/took.Seconds(), file.rows, took.Seconds())
	}
}

// entriesMeasured is how many entries there are when searches are measured.
const entriesMeasured = 10_000

// fill adds entries of no meaning up to entriesMeasured.
func (m *measuring) fill() {
	var text strings.Builder
	text.WriteString("handle,name,summary,forms,locality,country,latitude,longitude\n")
	random := rand.New(rand.NewPCG(1, 2))
	for k := range entriesMeasured - ukRows - susyRows {
		fmt.Fprintf(&text, "filler%d,%s %s %d,%s for the whole street.,tool-library,Leeds,GB,%.4f,%.4f\n", k,
			benchWords[random.IntN(len(benchWords))], benchWords[random.IntN(len(benchWords))], k,
			benchWords[random.IntN(len(benchWords))], 53.7+random.Float64()/5, -1.6+random.Float64()/5)
	}
	file := filepath.Join(m.b.TempDir(), "filler.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		m.b.Fatal(err)
	}
	m.city.do("import", "csv", file, "--publish", "--quiet")
	if err := m.city.has(entriesMeasured); err != nil {
		m.b.Fatal(err)
	}
}

var benchWords = []string{
	"housing", "energy", "food", "farm", "bicycle", "repair", "garden", "school", "care", "football", "solar", "credit",
	"community", "art", "media", "forest", "water", "bakery", "library", "wood", "music", "child", "green", "workers",
}

// kindOfSearch makes the k-th of many different queries of a kind, so that no
// answer is one that was kept.
type kindOfSearch struct {
	name  string
	query func(k int, random *rand.Rand) string
}

func kindsOfSearch() []kindOfSearch {
	word := func(r *rand.Rand) string { return benchWords[r.IntN(len(benchWords))] }
	return []kindOfSearch{
		{"nothing asked", func(k int, _ *rand.Rand) string { return fmt.Sprintf("limit=%d", 20+k%100) }},
		{"one word", func(k int, r *rand.Rand) string { return fmt.Sprintf("q=%s&limit=%d", word(r), 20+k%20) }},
		{"two words", func(k int, r *rand.Rand) string { return fmt.Sprintf("q=%s+%s&limit=%d", word(r), word(r), 20+k%20) }},
		{"the first three letters", func(k int, r *rand.Rand) string { return fmt.Sprintf("q=%s&limit=%d", word(r)[:3], 20+k%20) }},
		{"a word and a kind", func(k int, r *rand.Rand) string {
			return fmt.Sprintf("q=%s&kind=productive&limit=%d", word(r), 20+k%20)
		}},
		{"a box of one degree", func(_ int, r *rand.Rand) string {
			w, s := -4+4*r.Float64(), 51+3*r.Float64()
			return fmt.Sprintf("bbox=%.3f,%.3f,%.3f,%.3f", w, s, w+1, s+1)
		}},
		{"near a point", func(_ int, r *rand.Rand) string {
			return fmt.Sprintf("near=%.3f,%.3f", 50+5*r.Float64(), -4+20*r.Float64())
		}},
		{"a word near a point, 50 km", func(_ int, r *rand.Rand) string {
			return fmt.Sprintf("q=%s&near=%.3f,%.3f&radius=50", word(r), 51+3*r.Float64(), -3+3*r.Float64())
		}},
	}
}

// searches times each kind through the API, on one connection, and in the store.
func (m *measuring) searches() {
	const times = 150
	s, err := store.Open(context.Background(), m.address)
	if err != nil {
		m.b.Fatal(err)
	}
	defer s.Close()
	client := web()
	defer client.CloseIdleConnections()
	for _, kind := range kindsOfSearch() {
		random := rand.New(rand.NewPCG(3, 4))
		var api, inStore []time.Duration
		for k := range times {
			query := kind.query(k, random)
			began := time.Now()
			if err := fetch(client, "http://"+m.city.listen+"/api/v1/initiatives?"+query, m.city.host, ""); err != nil {
				m.b.Fatal(err)
			}
			api = append(api, time.Since(began))
			values, err := url.ParseQuery(query)
			if err != nil {
				m.b.Fatal(err)
			}
			q, err := search.Parse(values)
			if err != nil {
				m.b.Fatal(err)
			}
			began = time.Now()
			if _, err := s.Search(context.Background(), q); err != nil {
				m.b.Fatal(err)
			}
			inStore = append(inStore, time.Since(began))
		}
		m.note("search, "+kind.name, "API p50 %s, p99 %s; store p50 %s, p99 %s",
			quantile(api, 50), quantile(api, 99), quantile(inStore, 50), quantile(inStore, 99))
	}
}

func quantile(all []time.Duration, percent int) string {
	slices.Sort(all)
	return fmt.Sprintf("%5.1f ms", all[(len(all)-1)*percent/100].Seconds()*1000)
}
