package peering_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// A repair of a large directory costs one request if nothing differs, and four
// for an entry that does, whatever is wrong with it.
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
	}
	i, err := b.store.Initiative(t.Context(), id(1))
	if err != nil || i.Name != "Edited" {
		t.Errorf("the lost edit: %+v %v", i, err)
	}
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

// When very much differs, the log is read again, and only what that does not mend
// is fetched one by one.
func TestRepairOfMuch(t *testing.T) {
	w := twins(t, 900)
	a, b := w.towns[0], w.towns[1]
	var ids []string
	for n := range 600 {
		ids = append(ids, fmt.Sprintf("http://%s/initiatives/i%06d", a.host, n))
	}
	w.must(b.store.RemoveCarried(t.Context(), ids))
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
	p.Cursor = "http://" + a.host + "/directory/outbox?after=0"
	w.must(b.store.PutPeer(t.Context(), p))
	runs := 0
	for again := w.clock.Now(); !again.After(w.clock.Now()); runs++ {
		again, err = b.Repair(t.Context(), a.host)
		w.must(err)
	}
	if w.equal(a, b); runs < 3 || runs > 5 {
		t.Errorf("mended in %d runs", runs)
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
	w.must(b.Unblock(t.Context(), "http://"+a.host+"/initiatives/i000007"))
	w.must(b.store.PutRepair(t.Context(), &store.Repair{Host: a.host}))
	_, err := b.Repair(t.Context(), a.host)
	w.must(err)
	w.equal(a, b)
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
