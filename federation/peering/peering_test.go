package peering_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// testing.T and rapid.T have this in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// clock goes on a second each time that it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// Skip lets time pass.
func (c *clock) Skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// origin is an instance whose directory is mirrored. Its workers do not run:
// nothing is pushed but by the test.
type origin struct {
	*curation.Curator
	t        tester
	store    *store.Store
	instance directory.Instance
	http     *httptest.Server

	mu    sync.Mutex
	pages []string                   // of the outbox, as asked for
	on    func(page int, url string) // called before a page is served

	unchanged int // answers without a document
}

// keyPairs are made once for all.
var keyPairs = sync.OnceValues(func() ([]directory.Key, error) {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys.db")
	if err := storetest.Create(path); err != nil {
		return nil, err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if _, err := federation.EnsureKeys(ctx, s, newClock().Now()); err != nil {
		return nil, err
	}
	return s.Keys(ctx)
})

// newOrigin starts an instance on a store. It ends with close.
func newOrigin(t tester, s *store.Store, now func() time.Time) *origin {
	t.Helper()
	ctx := context.Background()
	list, err := keyPairs()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		if err := s.PutKey(ctx, &k); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := federation.LoadKeys(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{t: t, store: s, http: httptest.NewUnstartedServer(nil)}
	o.instance = directory.Instance{Host: o.http.Listener.Addr().String(), Scheme: "http", Name: "A"}
	o.Curator = curation.New(s, o.instance, now)
	server := federation.New(federation.Options{
		Instance: o.instance, Store: s, Client: newClient(now), Keys: keys, Version: "0.1.0", Media: media.NewDir(""),
		Workers: 1, Log: slog.New(slog.DiscardHandler), Now: now,
	})
	handler := server.Handler(http.NotFoundHandler())
	o.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/directory/outbox" && r.URL.RawQuery != "" {
			o.mu.Lock()
			o.pages = append(o.pages, r.URL.RawQuery)
			n, on := len(o.pages), o.on
			o.mu.Unlock()
			if on != nil {
				on(n, r.URL.RawQuery)
			}
		}
		handler.ServeHTTP(&statusWriter{w, o}, r)
	})
	o.http.Start()
	return o
}

// statusWriter counts answers without a document.
type statusWriter struct {
	http.ResponseWriter
	o *origin
}

func (w *statusWriter) WriteHeader(status int) {
	if status == http.StatusNotModified {
		w.o.mu.Lock()
		w.o.unchanged++
		w.o.mu.Unlock()
	}
	w.ResponseWriter.WriteHeader(status)
}

func newClient(now func() time.Time) *client.Client {
	return client.New(client.Options{UserAgent: "test", Scheme: "http", AllowPrivate: true, Now: now})
}

func (o *origin) read() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.pages)
}

// mirror is an instance that follows an origin.
type mirror struct {
	*peering.Peering
	t tester
}

func newMirror(t tester, s *store.Store, now func() time.Time, hosts ...string) *mirror {
	t.Helper()
	m := &mirror{t: t, Peering: peering.New(peering.Options{
		Instance: directory.Instance{Host: "b.example", Scheme: "http", Name: "B"}, Store: s, Client: newClient(now),
		Log: slog.New(slog.DiscardHandler), Now: now,
	})}
	for _, host := range hosts {
		p := &directory.Peer{
			Host: host, ActorID: "http://" + host + "/directory", Wanted: true, State: directory.PeerFollowing, Added: now(),
		}
		if err := s.PutPeer(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// sync reads the log once, and fails the test unless that goes well.
func (m *mirror) sync(host string) time.Time {
	m.t.Helper()
	again, err := m.Sync(context.Background(), host)
	if err != nil {
		m.t.Fatalf("sync with %s: %v", host, err)
	}
	return again
}

// deliver applies an activity as if the origin's server had pushed it.
func (m *mirror) deliver(host string, raw json.RawMessage) {
	m.t.Helper()
	a, err := vocab.ParseActivity(raw)
	if err != nil {
		m.t.Fatal(err)
	}
	ctx := context.Background()
	if err := m.Store.Tx(ctx, func(tx *store.Store) error { return m.Apply(ctx, tx, host, a) }); err != nil {
		m.t.Fatalf("apply %s: %v", raw, err)
	}
}

// published returns what a store has of an origin, without what is each
// instance's own.
func published(t tester, s *store.Store, host string) []directory.Initiative {
	t.Helper()
	var all []directory.Initiative
	for after := ""; ; {
		list, err := s.OwnInitiatives(context.Background(), host, directory.Published, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			after = i.Handle
			i.Revision = 0
			all = append(all, *i)
		}
		if len(list) < 500 {
			return all
		}
	}
}

// same checks that the mirror carries exactly what the origin publishes.
func (m *mirror) same(o *origin) {
	m.t.Helper()
	want, got := published(m.t, o.store, o.instance.Host), published(m.t, m.Store, o.instance.Host)
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Errorf("of %d entries %d are carried (-published +carried):\n%.3000s", len(want), len(got), diff)
	}
}

func initiative(handle string) *directory.Initiative {
	return &directory.Initiative{
		Handle: handle, Name: "Initiative " + handle, Summary: "We mend <things> & more.", Description: "Every *day*.",
		Languages: []string{"en"}, Forms: []string{"repair-cafe"}, Tags: []string{"tools"},
		Place: directory.Place{Locality: "Ghent", Country: "BE", Point: &directory.Point{Latitude: 51.05, Longitude: 3.72}},
		Links: []directory.Link{{Name: "Website", URL: "https://" + handle + ".example"}},
	}
}

// publishMany publishes n initiatives that have nothing but a name.
func (o *origin) publishMany(n int) {
	o.t.Helper()
	entries := make([]store.PutEntry, n)
	for k := range entries {
		at := time.Date(2026, 1, 1, 0, 0, k, 0, time.UTC)
		i := &directory.Initiative{
			Handle: fmt.Sprintf("i%04d", k), Name: "Initiative", Origin: o.instance.Host, State: directory.Published,
			Published: at, Updated: at, Revision: 1,
		}
		i.ID = o.instance.InitiativeID(i.Handle)
		entries[k] = store.PutEntry{Initiative: i, Change: directory.Added}
	}
	if err := o.store.PutInitiatives(context.Background(), entries); err != nil {
		o.t.Fatal(err)
	}
}

// latest returns the activity of the newest change in the log.
func (o *origin) latest() json.RawMessage {
	o.t.Helper()
	changes, err := o.store.ChangesBefore(context.Background(), 1<<60, 1)
	if err != nil || len(changes) == 0 {
		o.t.Fatalf("no change: %v", err)
	}
	res, err := http.Get(fmt.Sprintf("%s/directory/log/%d", o.http.URL, changes[0].Position))
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&raw); err != nil {
		o.t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	return raw
}

// Whatever happens on A, and whatever of it is lost, repeated, comes late or is
// forged on its way to B: after one look at A's log B carries what A publishes.
func TestMirrorConverges(t *testing.T) {
	// Each round is a server and two databases.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := flag.Set("rapid.checks", "40"); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		now := newClock().Now
		a, b := openStore(t, filepath.Join(dir, fmt.Sprintf("a%d.db", round))), openStore(t, filepath.Join(dir, fmt.Sprintf("b%d.db", round)))
		defer a.Close()
		defer b.Close()
		o := newOrigin(t, a, now)
		defer o.http.Close()
		const mallory = "mallory.example"
		m := newMirror(t, b, now, o.instance.Host, mallory)
		var sent []json.RawMessage
		changed := func(err error) {
			if err == nil {
				sent = append(sent, o.latest())
			}
		}
		handle := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		ctx := context.Background()
		pick := func(t *rapid.T) json.RawMessage {
			if len(sent) == 0 {
				t.Skip("nothing was sent yet")
			}
			return sent[rapid.IntRange(0, len(sent)-1).Draw(t, "which")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish":  func(t *rapid.T) { changed(o.Publish(ctx, initiative(handle.Draw(t, "handle")))) },
			"withdraw": func(t *rapid.T) { changed(o.Withdraw(ctx, handle.Draw(t, "handle"))) },
			"edit": func(t *rapid.T) {
				_, err := o.Edit(ctx, handle.Draw(t, "handle"), func(i *directory.Initiative) error {
					i.Name = rapid.SampledFrom([]string{"One", "Two", "Three"}).Draw(t, "name")
					return nil
				})
				changed(err)
			},
			"deliver": func(t *rapid.T) { m.deliver(o.instance.Host, pick(t)) },
			"forge": func(t *rapid.T) {
				body := string(pick(t))
				// What is signed by another, and what names another as its actor.
				m.deliver(mallory, json.RawMessage(body))
				m.deliver(mallory, json.RawMessage(strings.Replace(body, `"actor":"http://`+o.instance.Host, `"actor":"http://`+mallory, 1)))
				m.deliver(o.instance.Host, json.RawMessage(strings.ReplaceAll(body, o.instance.Host, mallory)))
				m.deliver(o.instance.Host, json.RawMessage(strings.ReplaceAll(body, "http://"+o.instance.Host+"/initiatives", "https://"+o.instance.Host+"/initiatives")))
			},
			"sync": func(*rapid.T) { m.sync(o.instance.Host) },
		})
		m.sync(o.instance.Host)
		m.same(o)
		if got := published(t, b, mallory); len(got) != 0 {
			t.Errorf("carried of %s: %v", mallory, got)
		}
		before := len(o.read())
		m.sync(o.instance.Host)
		m.same(o)
		if got := o.read()[before:]; len(got) != 1 {
			t.Errorf("with nothing new, %v was read", got)
		}
	})
}

// openStore opens the database at a path, which is made if there is none.
func openStore(t tester, path string) *store.Store {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := storetest.Create(path); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A directory of several pages is read back to its beginning, and what comes
// meanwhile is read after that.
func TestSyncPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, b *store.Store) {
		now := newClock().Now
		o := newOrigin(t, storetest.Open(t), now)
		defer o.http.Close()
		o.publishMany(330)
		m := newMirror(t, b, now, o.instance.Host)
		o.on = func(page int, _ string) { // things go on while B reads
			switch page {
			case 2:
				if err := o.Publish(t.Context(), initiative("late")); err != nil {
					t.Error(err)
				}
			case 3:
				if err := o.Withdraw(t.Context(), "i0001"); err != nil {
					t.Error(err)
				}
				_, err := o.Edit(t.Context(), "i0329", func(i *directory.Initiative) error {
					i.Name = "Another name"
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		}
		m.sync(o.instance.Host)
		m.same(o)
		if got := len(o.read()); got != 6 { // four back, one of news, one that is empty
			t.Errorf("read %d pages: %v", got, o.read())
		}
		p, err := b.Peer(t.Context(), o.instance.Host)
		if err != nil || p.Backfill != "" || p.Cursor == "" || p.LastContact.IsZero() || p.LastError != "" || p.Name != "A" {
			t.Errorf("got peer %+v %v", p, err)
		}
	})
}

// TestNoNews: a peer without news says so in an answer without a document, and the
// next news is read all the same.
func TestNoNews(t *testing.T) {
	o := newOrigin(t, storetest.Open(t), newClock().Now)
	defer o.http.Close()
	m := newMirror(t, storetest.Open(t), newClock().Now, o.instance.Host)
	for k, want := range []int{0, 1, 2} { // the first time, the end is new
		m.sync(o.instance.Host)
		if o.unchanged != want {
			t.Errorf("after %d readings %d answers had no document, want %d", k+1, o.unchanged, want)
		}
	}
	if err := o.Publish(t.Context(), initiative("rad")); err != nil {
		t.Fatal(err)
	}
	m.sync(o.instance.Host)
	if n := len(published(t, m.Store, o.instance.Host)); n != 1 {
		t.Errorf("%d entries are carried, want the one that is new", n)
	}
	m.sync(o.instance.Host)
	if o.unchanged != 3 {
		t.Errorf("%d answers had no document, want 3", o.unchanged)
	}
}

// B is killed while it catches up, at any page, before or after that came: it
// goes on where it was, and loses and doubles nothing.
func TestSyncAfterCrash(t *testing.T) {
	now := newClock().Now
	o := newOrigin(t, storetest.Open(t), now)
	defer o.http.Close()
	o.publishMany(210) // three pages, and an empty one of news
	for _, crashes := range [][]int{{1}, {2}, {3}, {4}, {1, 2, 3, 4, 5, 6, 7, 8}} {
		for _, when := range []string{"before", "while"} {
			t.Run(fmt.Sprintf("%s %v", when, crashes), func(t *testing.T) {
				crash(t, o, now, when == "while", crashes)
			})
		}
	}
}

// crash reads the log of o; the reader's database is gone when the pages come.
func crash(t *testing.T, o *origin, now func() time.Time, meanwhile bool, crashes []int) {
	path := filepath.Join(t.TempDir(), "b.db")
	m := newMirror(t, openStore(t, path), now, o.instance.Host)
	o.mu.Lock()
	o.pages = nil
	o.mu.Unlock()
	for again := true; again; {
		s := m.Store
		o.mu.Lock()
		o.on = func(page int, _ string) {
			switch {
			case !slices.Contains(crashes, page):
			case meanwhile:
				go s.Close()
			default:
				s.Close()
			}
		}
		o.mu.Unlock()
		_, err := m.Sync(t.Context(), o.instance.Host)
		again = err != nil
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		m = newMirror(t, openStore(t, path), now)
	}
	m.same(o)
	if got, most := len(o.read()), 4+2*len(crashes); got > most {
		t.Errorf("read %d pages, want at most %d: %v", got, most, o.read())
	}
	if err := m.Store.Close(); err != nil {
		t.Error(err)
	}
}
