package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// manyHosts is how many hosts of this machine something is queued for.
const manyHosts = 100

// sink is a hundred hosts that take everything and count.
type sink struct {
	*httptest.Server
	port string
	mu   sync.Mutex
	came map[string]int // by activity and host
}

func newSink(t testing.TB) *sink {
	t.Helper()
	s := &sink{came: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var activity struct {
			ID string `json:"id"`
		}
		if body, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(body, &activity) != nil {
			return // cut off
		}
		s.mu.Lock()
		s.came[activity.ID+" "+r.Host]++
		s.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(s.Close)
	_, s.port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return s
}

func (s *sink) host(k int) string { return fmt.Sprintf("h%d.localhost:%s", k, s.port) }

// count returns how many different deliveries came, and how many came again.
func (s *sink) count() (different, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.came {
		again += n - 1
	}
	return len(s.came), again
}

// queueMany fills the queue of a city that is not running: each host gets all of the
// activities.
func (c *city) queueMany(to *sink, activities int) {
	c.t.Helper()
	s := c.open()
	defer s.Close()
	ctx, now := c.t.Context(), time.Now().UTC()
	actor := "http://" + c.host + "/directory"
	news := strings.Repeat("News of the commons. ", 150)
	err := s.Tx(ctx, func(tx *store.Store) error {
		var inboxes []string
		for k := range manyHosts {
			inboxes = append(inboxes, "http://"+to.host(k)+"/inbox")
			a := &directory.RemoteActor{ID: "http://" + to.host(k) + "/ada", SharedInbox: inboxes[k]}
			if err := tx.PutActor(ctx, a); err != nil {
				return err
			}
		}
		for k := range activities {
			id := actor + "#" + strconv.Itoa(k)
			out := store.Outgoing{
				ActivityID: id, ActorID: actor, Inboxes: inboxes,
				Body: fmt.Appendf(nil, `{"id":%q,"type":"Update","actor":%q,"content":%q}`, id, actor, news),
			}
			if err := tx.PutDeliveries(ctx, out, now, func() string { return curation.NewID(now) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// open opens the database of a city.
func (c *city) open() *store.Store {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// queued returns what waits, named as a sink names it.
func (c *city) queued(to *sink) map[string]bool {
	c.t.Helper()
	s := c.open()
	defer s.Close()
	left := map[string]bool{}
	for k := range manyHosts {
		list, err := s.Deliveries(c.t.Context(), to.host(k), math.MaxInt32)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, d := range list {
			left[d.ActivityID+" "+d.Host] = true
		}
	}
	return left
}

// peak returns the most memory that the server had at once, in MB.
func (s *server) peak(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no memory is told here: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return kb / 1024
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// TestKilledDelivering: with 100,000 deliveries queued, on PostgreSQL fewer, a server
// that is killed again and again loses none, repeats at most one for each worker, and
// needs little memory.
func TestKilledDelivering(t *testing.T) {
	t.Parallel() // most of the time is waiting
	t.Run("sqlite", func(t *testing.T) { killDelivering(t, onSQLite, 1000) })
	t.Run("postgres", func(t *testing.T) { killDelivering(t, onPostgres, 100) })
}

func killDelivering(t *testing.T, db database, activities int) {
	const workers, limit = 16, 150
	many := activities * manyHosts
	c, to := newCity(t, "ghent", db), newSink(t)
	c.do("migrate")
	c.queueMany(to, activities)
	if got := c.do("delivery", "list"); strings.Count(got, "\n") != 1+manyHosts {
		t.Fatalf("listed:\n%s", got)
	}
	for round := range 3 {
		before, _ := to.count()
		c.start()
		eventually(t, patience, func() error {
			if n, _ := to.count(); n < before+400 {
				return fmt.Errorf("%d deliveries came", n-before)
			}
			return nil
		})
		memory := c.server.peak(t)
		c.kill()
		left := c.queued(to)
		came, repeated := to.count()
		unsettled := 0
		for name := range left {
			if to.came[name] > 0 {
				unsettled++
			}
		}
		if came+len(left)-unsettled != many {
			t.Errorf("%d came, %d wait, %d both: %d are lost", came, len(left), unsettled, many-came-len(left)+unsettled)
		}
		if unsettled+repeated > (round+1)*workers {
			t.Errorf("%d would be repeated, %d were, with %d workers and %d kills", unsettled, repeated, workers, round+1)
		}
		if memory > limit {
			t.Errorf("it needed %d MB, want at most %d", memory, limit)
		}
		t.Logf("killed after %d deliveries, %d not settled, %d repeated so far, %d MB", came, unsettled, repeated, memory)
	}
	// What is queued can be forgotten, of one host or all.
	if got := c.do("delivery", "drop", to.host(0)); !strings.Contains(got, "deliveries") {
		t.Error(got)
	}
	if got := c.do("delivery", "list", "--host", to.host(0)); got != "Nothing waits to be sent there.\n" {
		t.Error(got)
	}
	id := strings.Fields(strings.Split(c.do("delivery", "list", "--host", to.host(1)), "\n")[1])[0]
	if got := c.do("delivery", "retry", id); got != "The server will send 1 delivery now.\n" {
		t.Error(got)
	}
	if r := c.try("delivery", "drop", "nobody.example"); r.code == 0 {
		t.Errorf("dropped what is not there: %s", r.stdout)
	}
	c.claimable()
}

// claimable checks that all that waits can be sent, also what a killed server had
// claimed, when that lease is over.
func (c *city) claimable() {
	c.t.Helper()
	s := c.open()
	defer s.Close()
	want, err := s.CountDeliveries(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	later, got := time.Now().Add(time.Hour), 0
	for more := true; more; {
		list, err := s.ClaimDeliveries(c.t.Context(), store.Claim{Now: later, Lease: later.Add(time.Hour), PerHost: want, Limit: 1000})
		if err != nil {
			c.t.Fatal(err)
		}
		got, more = got+len(list), len(list) > 0
	}
	if got != want {
		c.t.Errorf("%d of %d deliveries that wait can be sent", got, want)
	}
}
