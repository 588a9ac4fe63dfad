package peering_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// scripted is a directory whose log is what a test says.
type scripted struct {
	*fedtest.Server
	*mirror
	t     *testing.T
	clock *clock
	actor *fedtest.Actor
}

func newScripted(t *testing.T, others ...string) *scripted {
	t.Helper()
	s := &scripted{Server: fedtest.NewServer(t), t: t, clock: newClock()}
	s.actor = s.Actor("directory")
	s.actor.Edit(func(doc fedtest.Object) {
		doc["type"], doc["initiatives"], doc["outbox"] = "Service", s.URL+"/initiatives", s.URL+"/outbox"
	})
	s.mirror = newMirror(t, storetest.Open(t), s.clock.Now, append(others, s.Host)...)
	s.page("outbox", fedtest.Object{"type": "OrderedCollection", "totalItems": 1, "first": s.URL + "/1"})
	return s
}

// page serves a document at a path, under its own id if it names no other.
func (s *scripted) page(path string, doc fedtest.Object) {
	s.t.Helper()
	if doc["@context"] = "https://www.w3.org/ns/activitystreams"; doc["id"] == nil {
		doc["id"] = s.URL + "/" + path
	}
	if doc["type"] == nil {
		doc["type"], doc["partOf"] = "OrderedCollectionPage", s.URL+"/outbox"
	}
	body, err := json.Marshal(doc)
	if err != nil {
		s.t.Fatal(err)
	}
	s.AsUsual("/" + path)
	s.Answer("/"+path, fedtest.Answer{
		Status: 200, Header: http.Header{"Content-Type": {"application/activity+json"}}, Body: string(body), Always: true,
	})
}

// add returns the Add of an entry with an id and a handle, changed n times.
func (s *scripted) add(id, handle string, n int) fedtest.Object {
	at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
	return fedtest.Object{
		"id": fmt.Sprintf("%s/log/%s/%d", s.URL, handle, n), "type": "Add", "actor": s.actor.ID, "published": at,
		"target": s.URL + "/initiatives", "object": fedtest.Object{
			"id": id, "type": "Organization", "preferredUsername": handle, "name": "Entry " + handle,
			"published": at, "updated": at, "discoverable": true, "inbox": s.URL + "/inbox",
		},
	}
}

// object returns what an activity embeds.
func object(activity fedtest.Object) fedtest.Object { return activity["object"].(fedtest.Object) }

// carries checks which handles of a host are carried.
func (s *scripted) carries(host string, want ...string) {
	s.t.Helper()
	var got []string
	for _, i := range published(s.t, s.Store, host) {
		got = append(got, i.Handle)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("of %s %v are carried, want %v", host, got, want)
	}
}

// got returns the paths that were asked for, without those of finding.
func (s *scripted) got() []string {
	var paths []string
	for _, r := range s.Requests() {
		if path := strings.TrimPrefix(r.Target, "/"); len(path) < 4 {
			paths = append(paths, path)
		}
	}
	return paths
}

// One bad item does not keep the others from being read, and nothing is taken
// that its directory cannot tell of.
func TestHostileItems(t *testing.T) {
	const third = "third.example"
	s := newScripted(t, third)
	id := func(name string) string { return s.URL + "/o/" + name }
	foreign := s.add("http://"+third+"/o/x", "x", 1)
	foreignActor := s.add(id("fa"), "fa", 1)
	foreignActor["actor"] = "http://" + third + "/directory"
	otherScheme := s.add(strings.Replace(id("os"), "http:", "https:", 1), "os", 1)
	note := s.add(id("note"), "note", 1)
	object(note)["type"] = "Note"
	nameless := s.add(id("nn"), "nn", 1)
	delete(object(nameless), "name")
	hidden := s.add(id("hidden"), "hidden", 1)
	object(hidden)["discoverable"] = false
	ours := s.add("http://b.example/initiatives/mine", "mine", 1)
	reference := s.add(id("ref"), "ref", 1)
	reference["object"] = id("ref")
	broad := s.add(id("broad"), "broad", 1)
	for k := range 300 {
		object(broad)[fmt.Sprint(k)] = k
	}
	s.page("1", fedtest.Object{"prev": s.URL + "/2", "orderedItems": []any{
		s.add(id("first"), "first", 1), foreign, foreignActor, otherScheme, note, nameless, hidden, ours, reference, broad,
		nil, 7, "text",
		[]any{},
		fedtest.Object{},
		fedtest.Object{"type": "Add"},
		fedtest.Object{"type": "Remove", "actor": s.actor.ID, "object": "http://" + third + "/o/y", "published": "2027-01-01T00:00:00Z"},
		fedtest.Object{"type": "Block", "actor": s.actor.ID, "object": id("first")},
		fedtest.Object{"type": "Delete", "actor": s.actor.ID, "object": "not an address", "published": "2027-01-01T00:00:00Z"},
		s.add(id("last"), "last", 1),
	}})
	s.page("2", fedtest.Object{"orderedItems": []any{}, "prev": s.URL + "/2"})
	s.sync(s.Host)
	s.carries(s.Host, "first", "last")
	s.carries(third)
	s.carries("b.example")
}

// Two entries of one name: the first stays, whatever the second does.
func TestHandleClash(t *testing.T) {
	s := newScripted(t)
	s.page("1", fedtest.Object{"prev": s.URL + "/2", "orderedItems": []any{s.add(s.URL+"/o/1", "rad", 1), s.add(s.URL+"/o/2", "rad", 2)}})
	s.page("2", fedtest.Object{"prev": s.URL + "/3", "orderedItems": []any{s.add(s.URL+"/o/2", "rad", 3), s.add(s.URL+"/o/3", "other", 1)}})
	s.page("3", fedtest.Object{"prev": s.URL + "/3", "orderedItems": []any{}})
	s.sync(s.Host)
	s.carries(s.Host, "other", "rad")
	if i, err := s.Store.InitiativeByHandle(t.Context(), s.Host, "rad"); err != nil || i.ID != s.URL+"/o/1" {
		t.Errorf("got %+v %v, want the first", i, err)
	}
}

// An entry goes by its id, whatever its address looks like: the name of one is
// the end of another's, and some end in no name.
func TestForeignAddresses(t *testing.T) {
	s := newScripted(t)
	remove := func(id string) fedtest.Object {
		return fedtest.Object{"type": "Remove", "actor": s.actor.ID, "object": id, "published": "2026-06-01T00:00:00Z"}
	}
	s.page("1", fedtest.Object{"prev": s.URL + "/2", "orderedItems": []any{
		s.add(s.URL+"/o/17", "rad", 1), s.add(s.URL+"/o/18", "17", 1), s.add(s.URL+"/o/K%C3%A4se", "kaese", 1), s.add(s.URL+"/?o=5", "five", 1),
	}})
	s.page("2", fedtest.Object{"prev": s.URL + "/3", "orderedItems": []any{}})
	s.sync(s.Host)
	s.carries(s.Host, "17", "five", "kaese", "rad")
	s.page("2", fedtest.Object{"prev": s.URL + "/3", "orderedItems": []any{remove(s.URL + "/o/17"), remove(s.URL + "/o/K%C3%A4se"), remove(s.URL + "/?o=5")}})
	s.page("3", fedtest.Object{"prev": s.URL + "/3", "orderedItems": []any{}})
	p, err := s.Store.Peer(t.Context(), s.Host)
	if err != nil || p.Cursor != s.URL+"/3" {
		t.Fatalf("got %+v %v", p, err)
	}
	p.Cursor = s.URL + "/2"
	if err := s.Store.PutPeer(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	s.sync(s.Host)
	s.carries(s.Host, "17")
}

// What does not want to be listed any more is forgotten, and comes back when it
// wants to.
func TestDiscoverable(t *testing.T) {
	s := newScripted(t)
	id := s.URL + "/o/rad"
	hidden, again := s.add(id, "rad", 2), s.add(id, "rad", 3)
	object(hidden)["discoverable"] = false
	late, err := json.Marshal(s.add(id, "rad", 1))
	if err != nil {
		t.Fatal(err)
	}
	for k, activity := range []fedtest.Object{s.add(id, "rad", 1), hidden, again} {
		raw, err := json.Marshal(activity)
		if err != nil {
			t.Fatal(err)
		}
		s.deliver(s.Host, raw)
		s.deliver(s.Host, late) // comes again, and changes nothing
		if k == 1 {
			s.carries(s.Host)
			if i, err := s.Store.Initiative(t.Context(), id); err != nil || i.Name != "" || i.State != directory.Withdrawn {
				t.Errorf("kept %+v %v", i, err)
			}
			continue
		}
		s.carries(s.Host, "rad")
	}
}

// Where the links of a log lead nowhere, elsewhere or round and round, reading
// ends, and what is newer is still read the next time.
func TestHostileLinks(t *testing.T) {
	type pages map[string]fedtest.Object
	cases := map[string]struct {
		script func(s *scripted) pages
		want   []string // what is asked for by two runs
	}{
		"no links": {func(*scripted) pages { return pages{"1": {}} }, []string{"1", "1"}},
		"next to itself": {func(s *scripted) pages {
			return pages{"1": {"next": s.URL + "/1", "prev": s.URL + "/p"}, "p": {"prev": s.URL + "/p"}}
		}, []string{"1", "p", "p"}},
		"next in a circle": {func(s *scripted) pages {
			return pages{
				"1": {"next": s.URL + "/2", "prev": s.URL + "/p"}, "2": {"next": s.URL + "/3"}, "3": {"next": s.URL + "/2"},
				"p": {"prev": s.URL + "/p"},
			}
		}, []string{"1", "2", "3", "p", "p"}},
		"prev in a circle": {func(s *scripted) pages {
			item := []any{s.add(s.URL+"/o/a", "a", 1)}
			return pages{
				"1": {"prev": s.URL + "/p"},
				"p": {"prev": s.URL + "/q", "orderedItems": item}, "q": {"prev": s.URL + "/p", "orderedItems": item},
			}
		}, []string{"1", "p", "q", "p", "q"}},
		"next on another host": {func(s *scripted) pages {
			return pages{"1": {"next": "http://third.example/2", "prev": s.URL + "/p"}}
		}, []string{"1", "1"}},
		"prev on another host": {func(*scripted) pages {
			return pages{"1": {"prev": "http://third.example/2"}}
		}, []string{"1", "1"}},
		"page is missing": {func(s *scripted) pages {
			return pages{"1": {"next": s.URL + "/2", "prev": s.URL + "/p"}}
		}, []string{"1", "2", "1", "2"}},
		"page is no page": {func(s *scripted) pages {
			return pages{"1": {"next": s.URL + "/2", "prev": s.URL + "/p"}, "2": {"type": "Note"}}
		}, []string{"1", "2", "1", "2"}},
		"page of another name": {func(s *scripted) pages {
			return pages{"1": {"next": s.URL + "/2"}, "2": {"id": "http://third.example/2"}}
		}, []string{"1", "2", "1", "2"}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t)
			for path, doc := range tt.script(s) {
				if path == "1" {
					doc["orderedItems"] = []any{s.add(s.URL+"/o/one", "one", 1)}
				}
				s.page(path, doc)
			}
			for range 2 {
				if again := s.sync(s.Host); again.Before(s.clock.Now().Add(9 * time.Minute)) {
					t.Errorf("it is read again at %v", again)
				}
			}
			if got := s.got(); !slices.Equal(got, tt.want) {
				t.Errorf("asked for %v, want %v", got, tt.want)
			}
			if i, err := s.Store.InitiativeByHandle(t.Context(), s.Host, "one"); err != nil || i.Name != "Entry one" {
				t.Errorf("got %+v %v", i, err)
			}
		})
	}
}

// A long log is read in several runs, each at once after the other.
func TestLongLog(t *testing.T) {
	const pages = 60
	s := newScripted(t)
	for k := 1; k <= pages; k++ {
		page := fedtest.Object{"prev": s.URL + "/p", "orderedItems": []any{s.add(fmt.Sprintf("%s/o/%d", s.URL, k), fmt.Sprintf("e%d", k), k)}}
		if k < pages {
			page["next"] = fmt.Sprintf("%s/%d", s.URL, k+1)
		}
		s.page(fmt.Sprint(k), page)
	}
	s.page("p", fedtest.Object{"prev": s.URL + "/p"})
	if again := s.sync(s.Host); again.After(s.clock.Now()) {
		t.Errorf("the rest is read at %v only", again)
	}
	if got := len(s.got()); got != 50 {
		t.Errorf("one run read %d pages, want 50", got)
	}
	if again := s.sync(s.Host); again.Before(s.clock.Now().Add(9 * time.Minute)) {
		t.Errorf("with all read, it is read again at %v", again)
	}
	if got := len(published(t, s.Store, s.Host)); got != pages || len(s.got()) != pages+1 {
		t.Errorf("%d entries of %d pages are carried, want %d", got, len(s.got()), pages)
	}
}

// A log that never ends is read at a bounded pace.
func TestEndlessLog(t *testing.T) {
	s := newScripted(t)
	for k := 1; k <= 200; k++ { // a circle too long to be seen in one run
		s.page(fmt.Sprint(k), fedtest.Object{"next": fmt.Sprintf("%s/%d", s.URL, k%200+1), "orderedItems": []any{s.add(s.URL+"/o/one", "one", k)}})
	}
	busy := 0
	for range 10 {
		if again := s.sync(s.Host); again.Before(s.clock.Now()) {
			busy++
		}
	}
	if got := len(s.got()); got > 500 || busy > 4 {
		t.Errorf("ten runs read %d pages, %d times with no pause", got, busy)
	}
}

// A log that brings a new entry with each page and never ends is read as far as
// its peer said that it goes.
func TestEndlessNewEntries(t *testing.T) {
	const claimed, most = 40, 60
	for name, c := range map[string]struct {
		total, most int // said by the peer, allowed by the operator
		want        int // entries at most
		says        string
	}{
		"more than it claims":          {claimed, 0, claimed + claimed/10 + 1000 + 8*30, "told of more"},
		"more than the operator wants": {1_000_000, most, most, "peer_entries"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t)
			s.MaxEntries = c.most
			s.page("outbox", fedtest.Object{"type": "OrderedCollection", "totalItems": c.total, "first": s.URL + "/n1"})
			for k := 1; k <= 250; k++ {
				handle := fmt.Sprintf("n%d", k)
				s.page(handle, fedtest.Object{
					"next": fmt.Sprintf("%s/n%d", s.URL, k+1), "prev": s.URL + "/p1", "orderedItems": s.manyAdds(handle, 30),
				})
			}
			s.page("p1", fedtest.Object{"prev": s.URL + "/p1", "orderedItems": []any{}})
			for range 4 {
				s.sync(s.Host)
			}
			n, err := s.Store.CountOf(t.Context(), s.Host)
			if err != nil || n > c.want || n < c.most || n == 0 {
				t.Errorf("%d entries are stored, %v, want at most %d", n, err, c.want)
			}
			if p := s.peer(); !strings.Contains(p.LastError, c.says) || !p.FailingSince.IsZero() {
				t.Errorf("the operator is told %q, failing since %s", p.LastError, p.FailingSince)
			}
		})
	}
}

// manyAdds returns the Adds of n entries.
func (s *scripted) manyAdds(prefix string, n int) []any {
	items := make([]any, n)
	for k := range items {
		handle := fmt.Sprintf("%s_%d", prefix, k)
		items[k] = s.add(s.URL+"/o/"+handle, handle, k)
	}
	return items
}

// A log that goes on with one new entry a page for ever does not keep us busy.
func TestDrip(t *testing.T) {
	s := newScripted(t)
	s.page("1", fedtest.Object{"prev": s.URL + "/p1", "orderedItems": []any{s.add(s.URL+"/o/one", "one", 1)}})
	for k := 1; k <= 300; k++ {
		handle := fmt.Sprintf("drip%d", k)
		s.page(fmt.Sprintf("p%d", k), fedtest.Object{"prev": fmt.Sprintf("%s/p%d", s.URL, k+1), "orderedItems": []any{s.add(s.URL+"/o/"+handle, handle, k)}})
	}
	if again := s.sync(s.Host); !again.After(s.clock.Now().Add(time.Minute)) {
		t.Errorf("read again at %s", again)
	}
	if n, err := s.Store.CountOf(t.Context(), s.Host); err != nil || n > 51 || n < 10 {
		t.Errorf("%d entries are stored, %v", n, err)
	}
}

// What fails for now is tried again from where it was.
func TestTroubleForNow(t *testing.T) {
	s := newScripted(t)
	s.page("1", fedtest.Object{"next": s.URL + "/2", "prev": s.URL + "/p", "orderedItems": []any{s.add(s.URL+"/o/one", "one", 1)}})
	s.page("p", fedtest.Object{"prev": s.URL + "/p"})
	s.Answer("/2", fedtest.Answer{Status: 503})
	if _, err := s.Sync(t.Context(), s.Host); err == nil {
		t.Fatal("a page was not read and nobody was told")
	}
	p, err := s.Store.Peer(t.Context(), s.Host)
	if err != nil || p.Backfill != s.URL+"/2" || !strings.Contains(p.LastError, "503") {
		t.Errorf("got %+v %v", p, err)
	}
	s.page("2", fedtest.Object{"orderedItems": []any{s.add(s.URL+"/o/two", "two", 1)}})
	s.sync(s.Host)
	s.carries(s.Host, "one", "two")
	if got, want := s.got(), []string{"1", "2", "2", "p"}; !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	if p, err = s.Store.Peer(t.Context(), s.Host); err != nil || p.LastError != "" {
		t.Errorf("got %+v %v", p, err)
	}
}

// Lists that never end, or go in a circle, are read to a bound.
func TestHostileLists(t *testing.T) {
	for name, next := range map[string]struct {
		leads func(n int) int
		most  int
	}{
		"without end": {func(n int) int { return n + 1 }, 101},
		"in a circle": {func(n int) int { return n%3 + 1 }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t)
			var read atomic.Int64
			list := func(w http.ResponseWriter, r *http.Request) {
				n, _ := strconv.Atoi(r.URL.Query().Get("n")) // the first has none
				read.Add(1)
				w.Header().Set("Content-Type", "application/activity+json")
				fmt.Fprintf(w, `{"@context":"https://www.w3.org/ns/activitystreams","id":"%s","type":"OrderedCollectionPage",`+
					`"partOf":"%s/x","orderedItems":[],"next":"%s%s?n=%d"}`, s.URL+r.RequestURI, s.URL, s.URL, r.URL.Path, next.leads(n))
			}
			s.Handle("/directory/peers", list)
			s.Policy = directory.PeersOpen
			if _, err := s.Visit(t.Context(), s.Host); err != nil {
				t.Fatal(err)
			}
			if got := int(read.Swap(0)); got != next.most {
				t.Errorf("%d pages of the list of peers were read, want %d", got, next.most)
			}
			s.Handle("/directory/news", list)
			if _, err := s.Ask(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := int(read.Load()); got != min(next.most, 40) {
				t.Errorf("%d pages of news were read, want %d", got, min(next.most, 40))
			}
		})
	}
}
