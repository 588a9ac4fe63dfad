package peering_test

import (
	"net/http"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/peering"
)

// ask has news asked for, some time after the last time.
func (r *reader) ask(pause time.Duration) {
	r.t.Helper()
	r.clock.Skip(pause)
	if _, err := r.Ask(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// A peer is not asked for news again before it says that that makes sense.
func TestNewsWait(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.after = "14400" // four hours
	for range 11 {
		r.ask(peering.AskEvery)
	}
	if r.news != 1 {
		t.Errorf("within four hours it was asked %d times", r.news)
	}
	r.ask(4 * time.Hour)
	if r.news != 2 {
		t.Errorf("after four hours it was asked %d times", r.news)
	}
	// Nobody can have us wait for ever.
	r.after = "2000000000"
	r.ask(5 * time.Hour)
	before := r.news
	r.ask(peering.LongestWait + time.Hour)
	if r.news != before+1 {
		t.Errorf("after the longest wait it was asked %d times, want %d", r.news, before+1)
	}
}

// A peer that does not tell news is not asked every minute when there is no other.
func TestSilentPeerIsSpared(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.silent = true
	for began := r.clock.Now(); r.clock.Now().Sub(began) < 2*time.Hour; {
		again, err := r.Ask(t.Context())
		r.must(err)
		r.clock.Skip(max(time.Second, again.Sub(r.clock.Now())))
	}
	if r.news < 2 || r.news > 7 {
		t.Errorf("in two hours it was asked %d times", r.news)
	}
}

// In a settled network a list of peers is read again when its server says so; in a
// young one as often as is useful.
func TestListWait(t *testing.T) {
	r := newReader(t, storetest.Open(t))
	r.after = "864000" // ten days
	r.names = []string{"one.example"}
	r.put(r.names...)
	const rounds = 40
	for range rounds {
		again, err := r.Visit(t.Context(), "")
		r.must(err)
		r.clock.Skip(again.Sub(r.clock.Now()))
	}
	last := r.lists
	if last < 5 || last > 30 {
		t.Errorf("in %d rounds the list was asked for %d times", rounds, last)
	}
	r.clock.Skip(11 * 24 * time.Hour)
	r.visit()
	if r.lists != last+1 {
		t.Errorf("ten days later the list was asked for %d times more", r.lists-last)
	}
}

// A peer's log is read again, and what it has compared, when it says that that
// makes sense.
func TestLogAndDigestWait(t *testing.T) {
	s := newScripted(t)
	s.Answer("/initiatives", fedtest.Answer{Status: 200, Always: true, Header: http.Header{
		"Content-Type": {"application/activity+json"}, "Retry-After": {"360000"},
	}, Body: `{"@context":"https://www.w3.org/ns/activitystreams","id":"` + s.URL + `/initiatives","type":"OrderedCollection",
		"totalItems":0,"digest":"` + directory.Digest{}.String() + `"}`})
	s.page("1", fedtest.Object{"prev": s.URL + "/2", "orderedItems": []any{}})
	s.Answer("/2", fedtest.Answer{Status: 200, Always: true, Header: http.Header{
		"Content-Type": {"application/activity+json"}, "Retry-After": {"360000"},
	}, Body: `{"@context":"https://www.w3.org/ns/activitystreams","id":"` + s.URL + `/2","type":"OrderedCollectionPage",
		"partOf":"` + s.URL + `/outbox","prev":"` + s.URL + `/2","orderedItems":[]}`})
	began := s.clock.Now()
	if wait := s.sync(s.Host).Sub(began); wait < 99*time.Hour || wait > 101*time.Hour {
		t.Errorf("the log is read again after %s", wait)
	}
	p, err := s.Store.Peer(t.Context(), s.Host)
	if err != nil {
		t.Fatal(err)
	}
	p.ActorID = s.URL
	if err := s.Store.PutPeer(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	again, err := s.Repair(t.Context(), s.Host)
	if got := again.Sub(began); err != nil || got < 99*time.Hour || got > 101*time.Hour {
		t.Errorf("it is compared again after %s, %v", got, err)
	}
}
