package federation_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/peering"
)

// Cities that follow one that many follow, and nobody else, still hear from each
// other what changes there; who leaves it takes that back, and who misses something
// asks others.
func TestUpstreams(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, c := w.city(s), w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		a.publish("old")
		if got := a.document("/directory/relays").List("orderedItems"); len(got) != 0 {
			w.Errorf("who tells all names %v", got)
		}
		b.follow(a.instance.Host)
		c.follow(a.instance.Host)
		b.carries(a)
		c.carries(a)
		a.crowd(peering.MaxDirect)
		w.clock.Advance(25 * time.Hour) // to be told of each other, where A named nobody before
		b.asks(a, c)
		c.asks(a, b)

		a.deaf(c)
		a.gate.Store(true) // nobody reads its log now
		w.clock.Advance(time.Second)
		one := a.publish("one")
		b.carries(a)
		if c.named(one) != "" {
			w.Error("A told C itself")
		}
		w.clock.Advance(time.Minute)
		c.until("what B passes on", func() bool { return c.named(one) != "" })

		a.gate.Store(false)
		if err := c.RemovePeer(w.Context(), a.instance.Host); err != nil {
			w.Fatal(err)
		}
		b.until("C to take back what it asked", func() bool {
			got, err := b.store.PeerFollowers(w.Context(), a.instance.DirectoryID())
			return err == nil && len(got) == 0
		})
		if list, err := c.store.Upstreams(w.Context(), a.instance.Host); len(list) != 0 || err != nil {
			w.Errorf("C still asks %v, %v", list, err)
		}
	})(t)
}

// Only directories are taken on, only for whom we follow, and only a few.
func TestRequests(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, origin, stranger := w.city(s), w.mastodon(), w.mastodon()
		o := c.letIn(origin)
		answers := func(by *fedtest.Actor, object, want string) {
			w.Helper()
			follow := by.NewFollow(object)
			status(w, by.Post(c.url("/directory/inbox"), follow), http.StatusAccepted)
			c.settle()
			about := func(d fedtest.Delivery) bool { return d.Object == follow.String("id") }
			if want == "" {
				c.sent()
				if slices.ContainsFunc(stranger.Deliveries(), about) {
					w.Errorf("%s asks for %s, and is answered", by.Name, object)
				}
				return
			}
			if d := w.await(stranger, about); d.Type != want {
				w.Errorf("%s asks for %s: got %s, want %s", by.Name, object, d.Type, want)
			}
		}
		asker := func(name string) *fedtest.Actor {
			a := stranger.Actor(name)
			a.Edit(asDirectory)
			return a
		}
		answers(stranger.Actor("alice"), o.ID, "")
		answers(asker("other"), stranger.Actor("directory").ID, "Reject")
		for k := range peering.MaxAskers {
			answers(asker(fmt.Sprintf("asker%d", k)), o.ID, "Accept")
		}
		first := stranger.Actor("asker0")
		answers(asker("late"), o.ID, "Reject")
		answers(first, o.ID, "Accept")
		undo := first.Activity("Undo", map[string]any{"type": "Follow", "actor": first.ID, "object": o.ID})
		status(w, first.Post(c.url("/inbox"), undo), http.StatusAccepted)
		c.settle()
		answers(stranger.Actor("late"), o.ID, "Accept")
		if err := c.RemovePeer(w.Context(), origin.Host); err != nil {
			w.Fatal(err)
		}
		c.settle()
		answers(first, o.ID, "Reject")
	})(t)
}
