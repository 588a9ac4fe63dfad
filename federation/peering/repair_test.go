package peering_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// A repair of a large directory costs one request if nothing differs, and four
// for an entry that does, whatever is wrong with it. What it found is on the peer.
func TestRepairRequests(t *testing.T) {
	w := twins(t, unlessRace(100_000, 1_000))
	a, b := w.towns[0], w.towns[1]
	id := func(n int) string { return fmt.Sprintf("http://%s/initiatives/i%06d", a.host, n) }
	edit := func(s *store.Store, id string, change func(*directory.Initiative)) {
		t.Helper()
		i, err := s.Initiative(t.Context(), id)
		w.must(err)
		change(i)
		w.must(s.PutInitiative(t.Context(), i, ""))
	}
	later := func(i *directory.Initiative) { i.Name, i.Updated = "Edited", i.Updated.Add(time.Hour) }
	cases := []struct {
		name   string
		change func()
		most   int
	}{
		{"equal", func() {}, 1},
		{"an edit is lost", func() { edit(a.store, id(1), later) }, 4},
		{"an entry is lost", func() { w.must(b.store.RemoveCarried(t.Context(), []string{id(2)})) }, 4},
		{"a removal is lost", func() { edit(a.store, id(3), func(i *directory.Initiative) { i.State = directory.Withdrawn }) }, 3},
		{"an entry was removed by mistake", func() {
			edit(b.store, id(4), func(i *directory.Initiative) { i.State, i.Updated = directory.Withdrawn, i.Updated.Add(time.Hour) })
		}, 4},
		{"the origin went back to an older state", func() { edit(b.store, id(5), later) }, 4},
		{"equal again", func() {}, 1},
	}
	for _, tt := range cases {
		tt.change()
		w.clock.Skip(time.Hour)
		w.net.requests = nil
		again, err := b.Repair(t.Context(), a.host)
		w.must(err)
		if got := len(w.net.requests); got != tt.most {
			t.Errorf("%s: %d requests, want %d: %v", tt.name, got, tt.most, w.net.requests)
		}
		if wait := again.Sub(w.clock.Now()); wait < 50*time.Minute || wait > 70*time.Minute {
			t.Errorf("%s: it is compared again in %v", tt.name, wait)
		}
		w.equal(a, b)
		mended := tt.most > 1
		if p := w.peer(b, a); w.clock.Now().Sub(p.Compared) > time.Minute || !p.AsOf.Equal(p.Compared) ||
			p.MendedAt.Equal(p.Compared) != mended || mended && p.Mended != 1 || p.Lacking != 0 || p.Listed < 900 {
			t.Errorf("%s: noted is %+v", tt.name, p)
		}
	}
	i, err := b.store.Initiative(t.Context(), id(1))
	if err != nil || i.Name != "Edited" {
		t.Errorf("the lost edit: %+v %v", i, err)
	}
}

// peer returns what a town knows of another.
func (w *world) peer(o, other *town) *directory.Peer {
	w.t.Helper()
	p, err := o.store.Peer(w.t.Context(), other.host)
	w.must(err)
	return p
}

// equal checks that b has of a what a has.
func (w *world) equal(a, b *town) {
	w.t.Helper()
	want, err := a.store.Digest(w.t.Context(), a.host)
	w.must(err)
	got, err := b.store.Digest(w.t.Context(), a.host)
	w.must(err)
	if got != want {
		w.t.Errorf("carries %+v, want %+v", got, want)
	}
}

// twinLacking returns twins with 900 entries, of which the second carries so many no
// more.
func twinLacking(t *testing.T, lacking int) (w *world, a, b *town) {
	t.Helper()
	w = twins(t, 900)
	a, b = w.towns[0], w.towns[1]
	var ids []string
	for n := range lacking {
		ids = append(ids, fmt.Sprintf("http://%s/initiatives/i%06d", a.host, n))
	}
	w.must(b.store.RemoveCarried(t.Context(), ids))
	return w, a, b
}

// When very much differs, the log is read again, and only what that does not mend
// is fetched one by one.
func TestRepairOfMuch(t *testing.T) {
	w, a, b := twinLacking(t, 600)
	w.net.requests = nil
	again, err := b.Repair(t.Context(), a.host)
	w.must(err)
	if len(w.net.requests) != 2 || again.After(w.clock.Now()) {
		t.Errorf("asked for %v, again at %v", w.net.requests, again)
	}
	p, err := b.store.Peer(t.Context(), a.host)
	if err != nil || p.Cursor != "" {
		t.Errorf("its log is not read again: %+v %v", p, err)
	}
	// The twins' entries are in no log: reading it again mends nothing.
	_, err = b.Sync(t.Context(), a.host)
	w.must(err)
	if !b.due(t, curation.RepairJob) {
		t.Error("it is not compared when the log was read again")
	}
	runs := 0
	for again := w.clock.Now(); !again.After(w.clock.Now()); runs++ {
		again, err = b.Repair(t.Context(), a.host)
		w.must(err)
	}
	if w.equal(a, b); runs < 3 || runs > 5 {
		t.Errorf("mended in %d runs", runs)
	}
	if p := w.peer(b, a); p.Mended != 600 || p.Mending != 0 || p.Listed != 900 || p.Lacking != 0 {
		t.Errorf("noted is %+v", p)
	}
}

// What cannot be the same, as an entry that is blocked here, costs requests once
// and not every hour.
func TestRepairRemembersDifferences(t *testing.T) {
	w := twins(t, 30)
	a, b := w.towns[0], w.towns[1]
	w.must(b.Block(t.Context(), directory.Block{Subject: "http://" + a.host + "/initiatives/i000007", Kind: directory.Blocked}))
	for k, want := range []int{3, 1, 1} {
		w.net.requests = nil
		_, err := b.Repair(t.Context(), a.host)
		w.must(err)
		if got := len(w.net.requests); got != want {
			t.Errorf("run %d: %d requests, want %d: %v", k, got, want, w.net.requests)
		}
	}
	if p := w.peer(b, a); p.Listed != 30 || p.Lacking != 1 || p.Mended != 0 {
		t.Errorf("noted is %+v", p)
	}
	w.must(b.Unblock(t.Context(), "http://"+a.host+"/initiatives/i000007"))
	_, err := b.Repair(t.Context(), a.host)
	w.must(err)
	w.equal(a, b)
}

// When more may be carried than before, more is, and what there is no room for is
// not fetched; however much that is, a repair ends.
func TestRepairWithinLimit(t *testing.T) {
	w := twins(t, 900)
	a, b := w.towns[0], w.towns[1]
	for n := range 900 {
		if n%2 == 0 {
			w.must(b.store.RemoveCarried(t.Context(), []string{fmt.Sprintf("http://%s/initiatives/i%06d", a.host, n)}))
		}
	}
	repair := func(most, want int) {
		t.Helper()
		b.MaxEntries, w.net.requests = most, nil
		w.must(b.store.PutRepair(t.Context(), w.reread(b, a.host)))
		for runs, again := 0, w.clock.Now(); !again.After(w.clock.Now()); runs++ {
			if runs > 9 {
				t.Fatal("it does not end")
			}
			var err error
			again, err = b.Repair(t.Context(), a.host)
			w.must(err)
		}
		if d, err := b.store.Digest(t.Context(), a.host); err != nil || d.Entries != want {
			t.Errorf("of at most %d %d are carried: %v", most, d.Entries, err)
		}
		for _, r := range w.net.requests {
			if strings.Contains(r, "/initiatives/i") {
				want--
			}
		}
		if want < 450 {
			t.Errorf("%d more entries are fetched than there are", 450-want)
		}
	}
	repair(450, 450)
	repair(452, 452)
	repair(0, 900)
	w.equal(a, b)
}

// reread returns what is remembered of a repair, as if the log had just been read
// again.
func (w *world) reread(o *town, host string) *store.Repair {
	w.t.Helper()
	r, err := o.store.Repair(w.t.Context(), host)
	w.must(err)
	r.Reread = w.clock.Now()
	return r
}

// Asked to, a repair tries again what it could not mend before.
func TestRepairWhenAsked(t *testing.T) {
	w := twins(t, 30)
	a, b := w.towns[0], w.towns[1]
	const hidden = "/initiatives/i000007"
	w.must(b.store.RemoveCarried(t.Context(), []string{"http://" + a.host + hidden}))
	served := w.net.hosts[a.host]
	w.net.hosts[a.host] = http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		if r.URL.Path == hidden {
			http.NotFound(res, r)
			return
		}
		served.ServeHTTP(res, r)
	})
	repair := func(want int) {
		t.Helper()
		_, err := b.Repair(t.Context(), a.host)
		w.must(err)
		if d, err := b.store.Digest(t.Context(), a.host); err != nil || d.Entries != want {
			t.Errorf("carries %d, want %d: %v", d.Entries, want, err)
		}
	}
	repair(29)
	w.net.hosts[a.host] = served
	repair(29)
	_, err := b.RepairPeer(t.Context(), a.host)
	w.must(err)
	repair(30)
}

// What cannot be had does not keep a repair from what comes after it, nor from its
// end.
func TestRepairOfWhatCannotBeHad(t *testing.T) {
	w, a, b := twinLacking(t, 600)
	w.must(b.store.PutRepair(t.Context(), w.reread(b, a.host)))
	served, had := w.net.hosts[a.host], "0"
	w.net.hosts[a.host] = http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/initiatives/i") && !strings.HasSuffix(r.URL.Path, had) {
			http.NotFound(res, r)
			return
		}
		served.ServeHTTP(res, r)
	})
	for runs, again := 0, w.clock.Now(); !again.After(w.clock.Now()); runs++ {
		if runs > 5 {
			t.Fatal("it does not end")
		}
		var err error
		again, err = b.Repair(t.Context(), a.host)
		w.must(err)
	}
	if d, err := b.store.Digest(t.Context(), a.host); err != nil || d.Entries != 360 {
		t.Errorf("carries %d, want the 300 it had and a tenth of the others: %v", d.Entries, err)
	}
}

// A peer that did not tell what it should have is asked once more to let us follow
// it, once a day.
func TestRemind(t *testing.T) {
	w := twins(t, 30)
	a, b := w.towns[0], w.towns[1]
	for k, missed := range map[string]func(){
		"a comparison": func() {
			w.must(b.store.RemoveCarried(t.Context(), []string{"http://" + a.host + "/initiatives/i000003"}))
			_, err := b.Repair(t.Context(), a.host)
			w.must(err)
		},
		"the log": func() {
			w.changed(a, a.Publish(t.Context(), &directory.Initiative{Handle: fmt.Sprint("late", w.clock.Now().Unix()), Name: "Late"}))
			w.clock.Skip(time.Hour)
			_, err := b.Sync(t.Context(), a.host)
			w.must(err)
		},
	} {
		w.clock.Skip(25 * time.Hour)
		for _, want := range []bool{true, false} {
			missed()
			if got := b.due(t, curation.FollowJob); got != want {
				t.Errorf("%s: asked again %v, want %v", k, got, want)
			}
			if want {
				_, err := b.Follow(t.Context(), a.host)
				w.must(err)
			}
		}
	}
}

// due takes a kind of job out of a town's queue, and reports whether it was to be
// done by now.
func (o *town) due(t *testing.T, kind string) bool {
	t.Helper()
	now := o.Now()
	jobs, err := o.store.ClaimJobs(t.Context(), []string{kind}, now, now.Add(time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	for k := range jobs {
		if err := o.store.FinishJob(t.Context(), &jobs[k]); err != nil {
			t.Fatal(err)
		}
	}
	return len(jobs) > 0
}

// A log that was read from its beginning is compared at once, be it for the first
// time or again, and then when it is time.
func TestRepairAfterFirstReading(t *testing.T) {
	w := twins(t, 30)
	a, b := w.towns[0], w.towns[1]
	for _, reread := range []bool{false, true} {
		if reread {
			w.must(b.store.PutRepair(t.Context(), w.reread(b, a.host)))
		}
		w.must(b.store.UpdatePeer(t.Context(), a.host, func(p *directory.Peer) error {
			p.Cursor = ""
			return nil
		}))
		_, err := b.Sync(t.Context(), a.host)
		w.must(err)
		if !b.due(t, curation.RepairJob) {
			t.Errorf("read again %v: not compared at once", reread)
		}
		_, err = b.Repair(t.Context(), a.host)
		w.must(err)
		_, err = b.Sync(t.Context(), a.host)
		w.must(err)
		if b.due(t, curation.RepairJob) {
			t.Errorf("read again %v: compared twice at once", reread)
		}
	}
}

// What a peer says of its digests is believed of its own entries only, and a list
// that cannot be read to its end removes nothing.
func TestHostileDigests(t *testing.T) {
	s := newScripted(t)
	s.page("1", map[string]any{"orderedItems": []any{s.add(s.URL+"/o/one", "one", 1)}, "prev": s.URL + "/2"})
	s.page("2", map[string]any{"orderedItems": []any{}, "prev": s.URL + "/2"})
	s.sync(s.Host)
	s.carries(s.Host, "one")
	root := strings.TrimPrefix(s.peer().ActorID, s.URL+"/") + "/initiatives"
	digest := directory.EntryDigest("x", "y").String()
	buckets := func(address string) []any {
		items := make([]any, directory.Buckets)
		for k := range items {
			items[k] = map[string]any{"id": address, "type": "OrderedCollection", "totalItems": 1, "digest": digest}
		}
		return items
	}
	collection := func(items []any, digest any) map[string]any {
		return map[string]any{"type": "OrderedCollection", "orderedItems": items, "digest": digest}
	}
	good := collection(nil, digest)
	for name, pages := range map[string]map[string]map[string]any{
		"no digest":           {root: collection(nil, nil)},
		"no hexadecimal":      {root: collection(nil, "zz")},
		"a root of no kind":   {root: {"type": "Note"}},
		"too few buckets":     {root: good, root + "/digests": collection(buckets("")[:9], digest)},
		"buckets elsewhere":   {root: good, root + "/digests": collection(buckets("http://third.example/b"), digest)},
		"a bucket is missing": {root: good, root + "/digests": collection(buckets(s.URL+"/none"), digest)},
		"a bucket has no end": {root: good, root + "/digests": collection(buckets(s.URL+"/b"), digest), "b": {"next": s.URL + "/b"}},
		"a bucket is no page": {root: good, root + "/digests": collection(buckets(s.URL+"/c"), digest), "c": {"type": "Note"}},
	} {
		t.Run(name, func(t *testing.T) {
			for path, doc := range pages {
				s.page(path, doc)
			}
			// So that it is not the log that is read again.
			if err := s.Store.PutRepair(t.Context(), &store.Repair{Host: s.Host, Reread: s.clock.Now()}); err != nil {
				t.Fatal(err)
			}
			if err := s.Store.UpdatePeer(t.Context(), s.Host, func(p *directory.Peer) error {
				p.LastError = ""
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Repair(t.Context(), s.Host); err != nil {
				t.Errorf("repair: %v", err)
			}
			s.carries(s.Host, "one")
			if s.peer().LastError == "" {
				t.Errorf("nobody is told: %+v", s.peer())
			}
		})
	}
}

func (s *scripted) peer() *directory.Peer {
	s.t.Helper()
	p, err := s.Store.Peer(s.t.Context(), s.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// twins returns a world in which the second instance carries n entries of the
// first, whose database is a copy of the second's.
func twins(t *testing.T, n int) *world {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "0.db")
	const host = "a0.example"
	s := openStore(t, path)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var entries []store.PutEntry
	for k := range n {
		handle := fmt.Sprintf("i%06d", k)
		entries = append(entries, store.PutEntry{Initiative: &directory.Initiative{
			ID: "http://" + host + "/initiatives/" + handle, Handle: handle, Origin: host, Name: "Entry",
			State: directory.Published, Published: at, Updated: at.Add(time.Duration(k) * time.Second), Revision: 1,
		}})
	}
	for part := range slices.Chunk(entries, 5000) {
		if err := s.PutInitiatives(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "1.db"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	stores, keys := openStores(t, dir)
	t.Cleanup(func() {
		for _, s := range stores {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return newWorld(t, stores, keys, newClock(), 0)
}
