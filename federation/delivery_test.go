package federation_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

func de1(t *testing.T) {
	t.Run("at a time", onEach(func(w *world, s *store.Store) { inTurn(w, s, 0) }))
	t.Run("slowly", onEach(func(w *world, s *store.Store) { inTurn(w, s, 4) }))
	onEach(func(w *world, s *store.Store) {
		c, m, g := w.city(s), w.mastodon(), w.server(fedtest.GoToSocial())
		id := c.publish("rad")
		c.fan(m, "alice", id)
		c.followedBy(id, 500, func(k int) (string, string) {
			return fmt.Sprintf("%s/users/%d/inbox", m.URL, k), m.URL + "/inbox"
		})
		for _, name := range []string{"bob", "carol", "dave"} {
			c.fan(g, name, id)
		}
		post := c.post("rad", "Hello")
		w.await(m, of("Create", post))
		for _, name := range []string{"bob", "carol", "dave"} {
			w.await(g, func(d fedtest.Delivery) bool { return of("Create", post)(d) && d.Inbox == g.Actor(name) })
		}
		c.sent()
		if n := len(came(m, "Create")); n != 1 {
			w.Errorf("%d POSTs for 501 followers behind one shared inbox, want 1", n)
		}
		if n := len(came(g, "Create")); n != 3 {
			w.Errorf("%d POSTs for 3 inboxes, want 3", n)
		}
	})(t)
}

// inTurn: a host without a shared inbox gets 50 a minute, until all have it. The
// first few take so long that what else was claimed for the host is given back.
func inTurn(w *world, s *store.Store, slow int64) {
	c, g := w.city(s), w.server(fedtest.GoToSocial())
	id := c.publish("rad")
	const followers, limit = 120, 50
	began := w.clock.Now()
	minutes := func() int64 { return int64(w.clock.Now().Sub(began)/time.Minute) + 1 }
	var came, most, held atomic.Int64 // so far, more than what was allowed by then, and not answered
	release := make(chan struct{})
	c.followedBy(id, followers, func(k int) (string, string) {
		inbox := fmt.Sprintf("%s/users/%d/inbox", g.URL, k)
		g.Handle(inbox, func(w http.ResponseWriter, _ *http.Request) {
			n := came.Add(1)
			if n > limit*minutes() {
				most.Store(n)
			}
			if n <= slow {
				held.Add(1)
				<-release
			}
			w.WriteHeader(http.StatusAccepted)
		})
		return inbox, inbox
	})
	claimed := func() (n int64) {
		list, err := s.Deliveries(w.Context(), g.Host, followers)
		if err != nil {
			w.Fatal(err)
		}
		for _, d := range list {
			if d.NextAt.After(w.clock.Now()) {
				n++
			}
		}
		return n
	}
	c.post("rad", "Hello")
	for range slow {
		c.until("one to be slow", func() bool { return held.Load() > 0 && claimed() == held.Load() })
		held.Add(-1)
		release <- struct{}{}
	}
	c.until("the first to come", func() bool { return came.Load() > 0 })
	for c.count(s.CountDeliveries) > 0 {
		c.until("nothing more in this minute", func() bool {
			due, err := s.Due(w.Context(), w.clock.Now())
			return err == nil && !due.Deliveries && claimed() == 0
		})
		if got, want := came.Load(), min(followers, limit*minutes()); got != want {
			w.Errorf("%d POSTs after %d minutes, want %d", got, minutes(), want)
		}
		w.clock.Advance(time.Minute)
	}
	if came.Load() != followers || most.Load() > 0 {
		w.Errorf("%d POSTs, want %d; once %d had come too early", came.Load(), followers, most.Load())
	}
}

// answered posts news to one follower, whose inbox answers with a status first,
// and returns the requests that came by and by.
func answered(w *world, s *store.Store, first fedtest.Answer) []fedtest.Request {
	w.Helper()
	c, there := w.city(s), w.mastodon()
	id := c.publish("rad")
	c.fan(there, "alice", id)
	there.Answer("/inbox", first)
	if first.Status == 400 || first.Status == 401 {
		there.Answer("/inbox", first) // to the same in the other form
	}
	before := len(requests(there, "POST", "/inbox"))
	post := c.post("rad", "Hello")
	w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Create" && d.Object == post })
	c.until("the answer to be settled", func() bool {
		return c.trouble(there.Host).Fails > 0 || c.count(s.CountDeliveries) == 0
	})
	c.until("it to be left alone for a while", func() bool {
		due, err := s.Due(w.Context(), w.clock.Now().Add(5*time.Second))
		return err == nil && !due.Deliveries
	})
	w.clock.Advance(13 * time.Hour)
	second := c.post("rad", "And again")
	w.await(there, of("Create", second))
	c.sent()
	return requests(there, "POST", "/inbox")[before:]
}

func de2(t *testing.T) {
	cases := map[int]int{ // POSTs of the first and the second post
		400: 3, 403: 2, 404: 2, 410: 2, 413: 2, 501: 2,
		401: 4, 408: 3, 429: 3, 500: 3, 502: 3, 503: 3,
	}
	for code, want := range cases {
		t.Run(fmt.Sprint(code), onSQLite(func(w *world, s *store.Store) {
			got := answered(w, s, fedtest.Answer{Status: code})
			if len(got) != want {
				w.Errorf("%d POSTs, want %d", len(got), want)
			}
			signed := map[string]bool{}
			for _, r := range got {
				signed[r.Header.Get("Signature")] = true
			}
			if last := got[len(got)-1]; want > 2 && last.Header.Get("Date") == got[0].Header.Get("Date") || len(signed) != len(got) {
				w.Errorf("sent again with the old date or signature: %d signatures in %d POSTs", len(signed), len(got))
			}
		}))
	}
	t.Run("timeout", onEach(noAnswer))
	t.Run("Retry-After", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		c.fan(there, "alice", c.publish("rad"))
		there.Answer("/inbox", fedtest.Answer{Status: 503, Header: http.Header{"Retry-After": {"3600"}}})
		post := c.post("rad", "Hello")
		c.untilFailed(there.Host)
		next := c.trouble(there.Host).NextAt
		if next.Before(w.clock.Now().Add(time.Hour)) || next.After(w.clock.Now().Add(2*time.Hour)) {
			w.Errorf("the next try is at %v", next)
		}
		w.clock.Advance(2 * time.Hour)
		w.await(there, of("Create", post))
	}))
}

// noAnswer: who does not answer in time is tried again, with a signature that is
// new and holds.
func noAnswer(w *world, s *store.Store) {
	c, there := w.city(s, func(o *federation.Options) {
		o.Client = client.New(client.Options{
			UserAgent: "test", Scheme: "http", AllowPrivate: true, Now: o.Now, Limits: client.Limits{Header: 500 * time.Millisecond},
		})
	}), w.mastodon()
	c.fan(there, "alice", c.publish("rad"))
	gate := make(chan struct{})
	defer close(gate)
	there.Answer("/inbox", fedtest.Answer{Status: 202, Before: gate})
	before := len(requests(there, "POST", "/inbox"))
	post := c.post("rad", "Hello")
	c.untilFailed(there.Host)
	if h := c.trouble(there.Host); h.Fails != 1 || c.count(s.CountDeliveries) != 1 {
		w.Errorf("got %+v, want one failure and one delivery that waits", h)
	}
	w.clock.Advance(time.Hour)
	if d := w.await(there, func(d fedtest.Delivery) bool { return of("Create", post)(d) && d.Status == 202 }); d.Err != nil {
		w.Errorf("tried again: %v", d)
	}
	c.sent()
	got := requests(there, "POST", "/inbox")[before:]
	if len(got) != 2 || got[0].Header.Get("Date") == got[1].Header.Get("Date") || got[0].Header.Get("Signature") == got[1].Header.Get("Signature") {
		w.Errorf("got %d POSTs, want two with a date and a signature of their own", len(got))
	}
}

func de4(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(code), onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			c.fan(there, "alice", c.publish("rad"))
			there.Answer("/inbox", fedtest.Answer{Status: code, Header: http.Header{"Location": {there.URL + "/elsewhere"}}})
			post := c.post("rad", "Hello")
			c.untilFailed(there.Host)
			if h := c.trouble(there.Host); h.Error == "" || h.Inbox == "" {
				w.Errorf("got %+v", h)
			}
			for _, r := range there.Requests() {
				if r.Target == "/elsewhere" {
					w.Errorf("followed by %s", r.Method)
				}
			}
			w.clock.Advance(time.Hour)
			w.await(there, of("Create", post))
		}))
	}
}

// An inbox that is broken delays no other of its host by more than a try.
func TestBrokenInbox(t *testing.T) {
	for name, broken := range map[string]http.HandlerFunc{
		"500":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"401":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(fedtest.GoToSocial())
			id := c.publish("rad")
			alice, bob := c.fan(there, "alice", id), c.fan(there, "bob", id)
			there.Handle(alice.Inbox, broken)
			for round := range 8 {
				post := c.post("rad", fmt.Sprintf("Post %d", round))
				c.jobsDone()
				tries := 0
				c.until("bob to have the post", func() bool {
					for _, d := range there.Deliveries() {
						if d.Inbox == bob && of("Create", post)(d) && d.Status == http.StatusAccepted {
							return true
						}
					}
					if h, err := s.Host(w.Context(), there.Host); err == nil && h.NextAt.After(w.clock.Now()) {
						w.clock.Advance(h.NextAt.Sub(w.clock.Now()))
						tries++
					}
					return false
				})
				if tries > 2 || name != "hangs up" && tries > 0 {
					w.Errorf("post %d: the host was left alone %d times", round, tries)
				}
				c.until("alice's to have failed", func() bool { return c.trouble(there.Host).Fails > 0 })
				w.clock.Advance(24 * time.Hour)
			}
		}))
	}
}

// What was sent when the server stopped is not sent again, and what was not is.
func TestDeliveryAfterStop(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there, dead := w.city(s), w.mastodon(), w.mastodon()
		id := c.publish("rad")
		c.fan(there, "alice", id)
		c.fan(dead, "bob", id)
		gate := make(chan struct{})
		dead.Answer("/inbox", fedtest.Answer{Before: gate})
		first := c.post("rad", "Hello")
		w.await(there, of("Create", first)) // and does not wait for the other
		c.until("bob's alone to wait", func() bool { return c.count(s.CountDeliveries) == 1 })
		c.stop()
		close(gate)
		w.clock.Advance(10 * time.Minute)
		c.run()
		w.await(dead, of("Create", first))
		second := c.post("rad", "And again")
		w.await(there, of("Create", second))
		w.await(dead, of("Create", second))
		c.sent()
		if n := len(came(there, "Create")); n != 2 {
			w.Errorf("alice got %d, want 2", n)
		}
	})(t)
}
