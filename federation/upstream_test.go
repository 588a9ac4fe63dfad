package federation_test

import (
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
		a.gate.shut() // nobody reads its log now
		w.clock.Advance(time.Second)
		one := a.publish("one")
		b.carries(a)
		if c.named(one) != "" {
			w.Error("A told C itself")
		}
		w.clock.Advance(time.Minute)
		c.until("what B passes on", func() bool { return c.named(one) != "" })

		a.gate.open()
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

// Only directories are taken on, only for whom we follow, and only a few, one under
// each registered domain, which on loopback is a port.
func TestRequests(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, origin := w.city(s), w.mastodon()
		o := c.letIn(origin)
		answers := func(there *fedtest.Server, name, object, want string) {
			w.Helper()
			by := there.Actor(name)
			follow := by.NewFollow(object)
			status(w, by.Post(c.url("/directory/inbox"), follow), http.StatusAccepted)
			c.settle()
			about := func(d fedtest.Delivery) bool { return d.Object == follow.String("id") }
			if want == "" {
				c.sent()
				if slices.ContainsFunc(there.Deliveries(), about) {
					w.Errorf("%s asks for %s, and is answered", name, object)
				}
				return
			}
			if d := w.await(there, about); d.Type != want {
				w.Errorf("%s asks for %s: got %s, want %s", name, object, d.Type, want)
			}
		}
		asker := func() *fedtest.Server {
			there := w.mastodon()
			for _, name := range []string{"one", "two"} {
				there.Actor(name).Edit(asDirectory)
			}
			return there
		}
		first, late := asker(), asker()
		answers(w.mastodon(), "alice", o.ID, "")
		answers(first, "one", first.Actor("directory").ID, "Reject")
		answers(first, "one", o.ID, "Accept")
		answers(first, "two", o.ID, "Reject")
		for range peering.MaxAskers - 1 {
			answers(asker(), "one", o.ID, "Accept")
		}
		answers(late, "one", o.ID, "Reject")
		answers(first, "one", o.ID, "Accept")
		one := first.Actor("one")
		undo := one.Activity("Undo", map[string]any{"type": "Follow", "actor": one.ID, "object": o.ID})
		status(w, one.Post(c.url("/inbox"), undo), http.StatusAccepted)
		c.settle()
		answers(late, "one", o.ID, "Accept")
		if err := c.RemovePeer(w.Context(), origin.Host); err != nil {
			w.Fatal(err)
		}
		c.settle()
		answers(first, "one", o.ID, "Reject")
	})(t)
}
