package peering_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/peering"
)

// reader is an instance that looks for others, in a net without sockets in which
// only one peer answers, with a list of names.
type reader struct {
	*peering.Peering
	t     *testing.T
	clock *clock

	mu    sync.Mutex
	names []string          // that the peer lists
	page  int               // names on each page; 0 for all in one document
	chain bool              // a page is found by who just read the one before it
	last  int               // page that was read last
	read  []int             // pages that were read
	asked []string          // hosts that were looked at
	fetch func(host string) // called for each

	onList func() // called when the peer is asked
	after  string // Retry-After of what the peer answers
	news   int    // times that it was asked for news
	lists  int    // times that it was asked for its list
	silent bool   // it does not tell any
}

const lister = "lister.example"

func newReader(t *testing.T, s *store.Store) *reader {
	t.Helper()
	r := &reader{t: t, clock: newClock(), fetch: func(string) {}, onList: func() {}}
	cl := client.New(client.Options{UserAgent: "test", Scheme: "http", Now: r.clock.Now, Transport: r})
	r.Peering = peering.New(peering.Options{
		Instance: directory.Instance{Host: "b.example", Scheme: "http", Name: "B"}, Store: s, Client: cl,
		Log: slog.New(slog.DiscardHandler), Now: r.clock.Now, Policy: directory.PeersReview, Vouches: 2,
	})
	r.must(s.PutPeer(t.Context(), &directory.Peer{
		Host: lister, ActorID: "http://" + lister + "/directory", Wanted: true, State: directory.PeerFollowing, Added: r.clock.Now(),
	}))
	// It was asked whether it wants to be listed.
	r.must(s.PutCandidate(t.Context(), &directory.Candidate{
		Host: lister, Domain: lister, State: directory.CandidateFollowed, Found: r.clock.Now(), Checked: r.clock.Now(),
	}))
	return r
}

func (r *reader) must(err error) {
	if err != nil {
		r.t.Helper()
		r.t.Fatal(err)
	}
}

// RoundTrip answers as the peer; nobody else answers.
func (r *reader) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != lister {
		r.mu.Lock()
		r.asked = append(r.asked, req.URL.Host)
		r.mu.Unlock()
		r.fetch(req.URL.Host)
		return nil, errLost
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := httptest.NewRecorder()
	r.serve(w, req)
	res := w.Result()
	res.Request = req
	r.onList()
	return res, nil
}

func (r *reader) serve(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Retry-After", r.after)
	if strings.HasSuffix(req.URL.Path, "/news") {
		r.serveNews(w, req)
		return
	}
	r.lists++
	root := "http://" + lister + "/directory/peers"
	doc := map[string]any{"@context": "https://www.w3.org/ns/activitystreams", "id": root, "type": "OrderedCollection", "totalItems": len(r.names)}
	rest := r.names
	if n, err := strconv.Atoi(req.URL.Query().Get("n")); r.page > 0 && err != nil {
		doc["first"], r.last, rest = root+"?n=0", -1, nil
	} else if r.page > 0 {
		if r.chain && n != r.last+1 {
			w.WriteHeader(http.StatusGone)
			return
		}
		r.last, r.read = n, append(r.read, n)
		doc["id"], doc["type"], doc["partOf"] = fmt.Sprintf("%s?n=%d", root, n), "OrderedCollectionPage", root
		if rest = rest[n*r.page:]; len(rest) > r.page {
			rest, doc["next"] = rest[:r.page], fmt.Sprintf("%s?n=%d", root, n+1)
		}
	} else {
		r.read = append(r.read, 0)
	}
	ids := make([]string, len(rest))
	for k, name := range rest {
		ids[k] = "http://" + name + "/directory"
	}
	doc["orderedItems"] = ids
	body, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	tag := fmt.Sprintf("%q", fmt.Sprint(crc32.ChecksumIEEE(body)))
	if w.Header().Set("ETag", tag); req.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/activity+json")
	_, _ = w.Write(body)
}

func (r *reader) serveNews(w http.ResponseWriter, req *http.Request) {
	if r.news++; r.silent {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/activity+json")
	_, _ = fmt.Fprintf(w, `{"@context":"https://www.w3.org/ns/activitystreams","id":%q,"type":"OrderedCollectionPage",`+
		`"partOf":"http://%s/directory/news","orderedItems":[]}`, req.URL.String(), lister)
}

// visit makes a round of visits, and returns which pages it read.
func (r *reader) visit() []int {
	r.t.Helper()
	r.read = nil
	_, err := r.Visit(context.Background(), "")
	r.must(err)
	return r.read
}

func (r *reader) vouchers(host string) int {
	r.t.Helper()
	known, err := r.Store.KnownCandidates(r.t.Context())
	r.must(err)
	return known[host].Vouchers
}

// put notes candidates that are fit.
func (r *reader) put(hosts ...string) {
	r.t.Helper()
	for _, h := range hosts {
		r.must(r.Store.PutCandidate(r.t.Context(), &directory.Candidate{
			Host: h, Domain: peering.RegisteredDomain(h), State: directory.CandidateWaiting, Found: r.clock.Now(), Checked: r.clock.Now(),
		}))
	}
}

// found notes candidates that were not looked at.
func (r *reader) found(hosts ...string) {
	r.t.Helper()
	for _, h := range hosts {
		r.must(r.Store.PutCandidate(r.t.Context(), &directory.Candidate{
			Host: h, Domain: peering.RegisteredDomain(h), State: directory.CandidateFound, Found: r.clock.Now(),
		}))
	}
}

func manyNames(n int) []string {
	names := make([]string, n)
	for k := range names {
		names[k] = fmt.Sprintf("d%05d.example", k)
	}
	return names
}

// A list of peers that is too long for one visit is read on in the next, to its end
// and from the beginning again, also one with pages that can be entered at the first
// one only.
func TestLongList(t *testing.T) {
	for name, chain := range map[string]bool{"any page can be entered": false, "only the first page can be entered": true} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, storetest.Open(t))
			r.names, r.page, r.chain = manyNames(8000), 1000, chain
			early, late := r.names[10], r.names[7990]
			r.put(early, late)
			taken := func(read []int) []int {
				if chain { // what was read before is passed over
					return read[max(0, slices.Index(read, 5)):]
				}
				return read
			}
			for k, want := range [][]int{{0, 1, 2, 3, 4}, {5, 6, 7}, {0, 1, 2, 3, 4}, {5, 6, 7}} {
				if k == 2 { // it lists the late one no more
					r.names[7990] = "other.example"
				}
				if got := taken(r.visit()); !slices.Equal(got, want) {
					t.Fatalf("visit %d read the pages %v, want %v", k, got, want)
				}
				if got := r.vouchers(early); got != 1 {
					t.Errorf("after visit %d the early one is listed by %d", k, got)
				}
				if got, want := r.vouchers(late), []int{0, 1, 1, 0}[k]; got != want {
					t.Errorf("after visit %d the late one is listed by %d, want %d", k, got, want)
				}
				r.clock.Skip(25 * time.Hour)
			}
		})
	}
}

// A list of which not everything was taken is read again though it is the same.
func TestListCut(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.names = manyNames(peering.MaxBrought + 100)
	heard := func() (n int) {
		known, err := r.Store.KnownCandidates(t.Context())
		r.must(err)
		for _, name := range r.names {
			if _, ok := known[name]; ok {
				n++
			}
		}
		return n
	}
	r.visit()
	if got := heard(); got != peering.MaxBrought {
		t.Fatalf("%d names were heard on the first day", got)
	}
	r.clock.Skip(25 * time.Hour)
	r.visit()
	if got := heard(); got != len(r.names) {
		t.Errorf("%d names were heard, want all %d", got, len(r.names))
	}
}

// A list that could not be noted is read again though it is the same.
func TestListNotNoted(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.names = manyNames(3)
	ctx, cancel := context.WithCancel(t.Context())
	r.onList = cancel
	if _, err := r.Visit(ctx, ""); err == nil {
		t.Fatal("a visit that was ended went well")
	}
	r.onList = func() {}
	r.visit()
	if known, err := r.Store.KnownCandidates(t.Context()); err != nil || len(known) != 1+len(r.names) {
		t.Errorf("known are %d, %v", len(known), err)
	}
}

// Hosts that take their time to answer do not hold up a round of visits for long:
// some are looked at together, and the others in the next rounds.
func TestSlowCandidates(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	slow := manyNames(100)
	r.found(slow...)
	r.fetch = func(string) { r.clock.Skip(10 * time.Second) }
	for rounds := 0; len(r.asked) < len(slow); rounds++ {
		before, began := len(r.asked), r.clock.Now()
		r.visit()
		if took := r.clock.Now().Sub(began); took > 8*time.Minute || len(r.asked) == before {
			t.Fatalf("a round took %s, and looked at %d", took, len(r.asked)-before)
		}
		if rounds > 20 {
			t.Fatalf("after %d rounds only %d were looked at", rounds, len(r.asked))
		}
	}
}

// Several candidates are looked at together, but not any number.
func TestCandidatesTogether(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.found(manyNames(40)...)
	var mu sync.Mutex
	now, most := 0, 0
	together := make(chan struct{})
	meet := sync.OnceFunc(func() { close(together) })
	r.fetch = func(string) {
		mu.Lock()
		now++
		if most = max(most, now); now == 4 {
			meet()
		}
		mu.Unlock()
		select {
		case <-together:
		case <-time.After(10 * time.Second): // they come one after the other
			t.Error("a candidate waited for the others in vain")
			meet()
		}
		mu.Lock()
		now--
		mu.Unlock()
	}
	r.visit()
	if most > 16 {
		t.Errorf("%d were looked at together", most)
	}
}

// known returns how many candidates are known.
func (r *reader) known() int {
	r.t.Helper()
	known, err := r.Store.KnownCandidates(r.t.Context())
	r.must(err)
	return len(known)
}

func (r *reader) introduce(host string) {
	r.t.Helper()
	r.must(r.Store.Change(r.t.Context(), func(tx *store.Store) error { return r.Introduce(r.t.Context(), tx, host) }))
}

// A peer that lists other made up names each day does not fill the memory with them.
func TestMadeUpNames(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.put("waits.example")
	for day := range 7 {
		r.names = []string{"waits.example"}
		for k := range peering.MaxBrought {
			r.names = append(r.names, fmt.Sprintf("d%d-%d.example", day, k))
		}
		for range 3 { // in which all are looked at
			r.visit()
		}
		r.clock.Skip(25 * time.Hour)
	}
	if got, most := r.known(), 3*peering.MaxBrought; got > most {
		t.Errorf("%d are known, want at most %d", got, most)
	}
	if got := r.vouchers("waits.example"); got != 1 {
		t.Errorf("the one that waits is listed by %d", got)
	}
}

// A peer that lists other made up names each time brings no more of them in a day.
func TestNamesOfADay(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	for k := range 4 {
		r.names = nil
		for n := range 300 {
			r.names = append(r.names, fmt.Sprintf("d%d-%d.example", k, n))
		}
		r.visit()
		r.clock.Skip(time.Hour)
	}
	if got := r.known(); got != 1+peering.MaxBrought {
		t.Errorf("%d are known, want %d", got, 1+peering.MaxBrought)
	}
}

// When there are as many candidates as are kept, those that were looked at in vain
// give way to who is new.
func TestRoomForNewcomers(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.must(r.Store.Change(t.Context(), func(tx *store.Store) error {
		for k := range peering.MaxCandidates {
			c := directory.Candidate{State: directory.CandidateUnfit, Tries: 5, Found: r.clock.now, Checked: r.clock.now}
			c.Host = fmt.Sprintf("d%d.example", k)
			c.Domain = c.Host
			if err := tx.PutCandidate(t.Context(), &c); err != nil {
				return err
			}
		}
		return tx.PutVouches(t.Context(), &store.Vouches{Voucher: lister, Hosts: []string{"d1.example"}, Brought: []string{"d1.example"}, Now: r.clock.now})
	}))
	r.clock.Skip(25 * time.Hour)
	r.introduce("introduced.example")
	r.names = []string{"listed.example"}
	r.visit()
	known, err := r.Store.KnownCandidates(t.Context())
	r.must(err)
	for _, host := range []string{"introduced.example", "listed.example"} {
		if _, ok := known[host]; !ok {
			t.Errorf("%s is not known", host)
		}
	}
	if len(known) > peering.MaxCandidates+1 {
		t.Errorf("%d are known", len(known))
	}
}

// So many that nobody told of may introduce themselves in a day.
func TestIntroductionsOfADay(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	for k := range peering.MaxIntroduced + 10 {
		r.introduce(fmt.Sprintf("d%d.example", k))
	}
	if got := r.known(); got != 1+peering.MaxIntroduced {
		t.Errorf("%d are known, want %d", got, 1+peering.MaxIntroduced)
	}
	r.put("listed.example")
	r.introduce("listed.example") // costs no room
	if c, err := r.Store.Candidate(t.Context(), "listed.example"); err != nil || c.Introduced.IsZero() {
		t.Errorf("got %+v, %v", c, err)
	}
	r.clock.Skip(25 * time.Hour)
	r.introduce("tomorrow.example")
	if _, err := r.Store.Candidate(t.Context(), "tomorrow.example"); err != nil {
		t.Error(err)
	}
}
