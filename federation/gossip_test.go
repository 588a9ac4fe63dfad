package federation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/peering"
)

// relay is a directory of other software that a city follows, and that passes on
// what the test wants.
func (c *city) relay() *fedtest.Actor {
	c.w.Helper()
	return c.letIn(c.w.mastodon())
}

// letIn makes a city follow a directory of other software.
func (c *city) letIn(there *fedtest.Server) *fedtest.Actor {
	c.w.Helper()
	a := publisher(there)
	c.follow(there.Host)
	c.w.await(there, ofType("Follow"))
	c.untilPeer(there.Host, directory.PeerRequested)
	status(c.w, a.AcceptFollow(c.instance.DirectoryID()), 202)
	c.untilPeer(there.Host, directory.PeerFollowing)
	return a
}

// change returns the activity of the latest change of an own entry.
func (c *city) change(id string) fedtest.Object {
	c.w.Helper()
	for _, item := range c.items("/directory/outbox?before=9007199254740991") {
		if o := c.decode(string(item)); o.ID("object") == id {
			return o
		}
	}
	c.w.Fatalf("the log of %s has nothing of %s", c.instance.Name, id)
	return nil
}

// tell passes activities on to a city.
func tell(c *city, by *fedtest.Actor, activities ...fedtest.Object) {
	c.w.Helper()
	list := make([]any, len(activities))
	for k := range activities {
		list[k] = map[string]any(activities[k])
	}
	status(c.w, by.Post(c.url("/inbox"), by.Activity("Announce", list)), 202)
	c.settle()
}

// named returns the name of an entry that a city shows, or "".
func (c *city) named(id string) string {
	i, err := c.store.Initiative(c.w.Context(), id)
	if err != nil || i.State != directory.Published {
		return ""
	}
	return i.Name
}

// re3: what a peer passes on is believed if its origin proved it, asked for at its
// origin if it did not, and changes nothing if it is forged.
func re3(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s)
		known := a.publish("known")
		w.pair(a, b)
		b.carries(a)
		relay := b.relay()
		a.stop() // nothing comes from A itself; its documents can be read
		const was = "Café Ümit – Rad & Tat"

		w.clock.Advance(time.Second)
		one := a.publish("one")
		w.clock.Advance(time.Second)
		a.edit("known", "Another name")
		add, edited := a.change(one), a.change(known)
		tell(b, relay, add, edited)
		if b.named(one) != was || b.named(known) != "Another name" {
			w.Errorf("proved and passed on: got %q and %q", b.named(one), b.named(known))
		}

		// What has no proof does nothing but have A asked, a while later.
		w.clock.Advance(time.Second)
		a.gate.shut()
		a.edit("one", "Not proved")
		tell(b, relay, with(a.change(one), "proof", nil))
		if b.named(one) != was || b.logged("unproved activity dropped") != 1 {
			w.Errorf("not proved: got %q", b.named(one))
		}
		a.gate.open()
		w.clock.Advance(6 * time.Minute)
		b.until("the change, from A", func() bool { return b.named(one) == "Not proved" })

		w.clock.Advance(time.Second)
		a.gate.shut()
		a.edit("one", "Later")
		later := a.change(one)
		forge := func(change func(o fedtest.Object)) fedtest.Object {
			var o fedtest.Object
			raw, err := json.Marshal(later)
			if err != nil {
				w.Fatal(err)
			}
			o = b.decode(string(raw))
			change(o)
			return o
		}
		// What is forged or old is dropped, also when A, which is asked a while later
		// as its key may be a new one, has nothing to say.
		for _, forged := range []fedtest.Object{
			forge(func(o fedtest.Object) { o["object"].(map[string]any)["name"] = "Forged" }),
			forge(func(o fedtest.Object) { o["published"] = "2030-01-01T00:00:00Z" }),
			relay.Prove(forge(func(o fedtest.Object) { delete(o, "proof") })),
			relay.Prove(forge(func(o fedtest.Object) { delete(o, "proof") }), func(p *fedtest.Proof) { p.Method = a.instance.DirectoryID() + "#ed25519-key" }),
			relay.Prove(forge(func(o fedtest.Object) { delete(o, "proof"); o["actor"] = relay.ID })),
			forge(func(o fedtest.Object) { o["type"] = "Remove" }),
			edited, add,
		} {
			tell(b, relay, forged)
			if b.named(one) != "Not proved" {
				w.Fatalf("got %q by %v", b.named(one), forged)
			}
			w.clock.Advance(6 * time.Minute)
		}
		b.until("A to be asked in vain", func() bool { return b.peer(a.instance.Host).LastError != "" })
		if b.named(one) != "Not proved" {
			w.Errorf("forged: got %q", b.named(one))
		}
		a.gate.open()
		b.inTime("the change, from A", func() bool { return b.named(one) == "Later" })

		w.clock.Advance(time.Second)
		a.withdraw("one")
		tell(b, relay, a.change(one))
		if b.named(one) != "" {
			w.Error("the withdrawn entry is still there")
		}
		tell(b, relay, add, later) // late
		if b.named(one) != "" {
			w.Error("an old Add brought a withdrawn entry back")
		}
	})(t)
}

// Nobody passes anything on of whom we do not follow, of whom the operator
// blocked, or who is not followed themselves; nobody has it fetched, either.
func TestPassedOnInVain(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		w.pair(a, b)
		relay, stranger := b.relay(), w.mastodon().Actor("directory")
		other := w.dormant(storetest.Open(w.T)) // whom B does not follow
		foreign := other.publish("foreign")
		a.stop()
		w.clock.Advance(time.Second)
		one := a.publish("one")

		tell(b, stranger, a.change(one))
		tell(b, relay, other.change(foreign))
		b.block(directory.Blocked, a.instance.Host)
		tell(b, relay, a.change(one))
		unproved := maps.Clone(other.change(foreign))
		delete(unproved, "proof")
		tell(b, relay, unproved)
		w.clock.Advance(time.Hour)
		if b.named(one) != "" || b.named(foreign) != "" {
			w.Errorf("got %q and %q", b.named(one), b.named(foreign))
		}
		if n := b.logged("unproved activity dropped"); n > 0 {
			w.Errorf("%d times an origin is to be asked", n)
		}
	})(t)
}

// crowd has a city followed by so many peers that it does not send its changes to
// all of them. They do not answer.
func (c *city) crowd(n int) {
	c.w.Helper()
	gone := httptest.NewServer(http.NotFoundHandler())
	c.w.Cleanup(gone.Close)
	for k := range n {
		id := fmt.Sprintf("%s/%d", gone.URL, k)
		f := &directory.Follower{
			ActorID: id, ObjectID: c.instance.DirectoryID(), FollowID: id + "#follow", Inbox: id + "/inbox", Delivery: id + "/inbox",
			Peer: true, Since: c.w.clock.Now(),
		}
		if err := c.store.PutFollower(c.w.Context(), f); err != nil {
			c.w.Fatal(err)
		}
	}
	h := store.HostState{Name: strings.TrimPrefix(gone.URL, "http://"), Fails: 1, NextAt: c.w.clock.Now().Add(1000 * time.Hour)}
	if err := c.store.PutHost(c.w.Context(), h); err != nil {
		c.w.Fatal(err)
	}
}

// deaf has a city send nothing to another one by itself.
func (c *city) deaf(to *city) {
	c.w.Helper()
	if _, err := c.store.RemoveFollower(c.w.Context(), to.instance.DirectoryID(), c.instance.DirectoryID()); err != nil {
		c.w.Fatal(err)
	}
}

// asks waits, while time passes, until a city has asked others to pass on what changes
// at an origin, and they have taken that on.
func (c *city) asks(origin *city, others ...*city) {
	c.w.Helper()
	c.until("somebody to pass on "+origin.instance.Name, func() bool {
		c.w.clock.Advance(time.Minute)
		list, err := c.store.Upstreams(c.w.Context(), origin.instance.Host)
		if err != nil {
			c.w.Fatal(err)
		}
		asked := map[string]bool{}
		for _, u := range list {
			asked[u.ActorID] = u.Accepted
		}
		for _, other := range others {
			if !asked[other.instance.DirectoryID()] {
				return false
			}
		}
		return len(list) == len(others)
	})
}

// With many peers a city sends a change to some, who pass it on to those who asked
// them to; whoever nobody passed it on to asks for it.
func TestPassesOn(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, c := w.city(storetest.Open(w.T)), w.city(s), w.city(storetest.Open(w.T))
		old := a.publish("old")
		w.pair(a, b)
		w.pair(b, c)
		w.pair(c, a)
		b.carries(a)
		c.carries(a)
		c.jobsDone()
		a.crowd(peering.MaxDirect)
		w.clock.Advance(25 * time.Hour) // C reads the log of A, and is told of B
		c.asks(a, b)
		a.deaf(c)

		a.gate.shut() // whatever C reads just now, it cannot have it from A's log
		w.clock.Advance(time.Second)
		one := a.publish("one")
		a.edit("old", "Another name")
		b.carries(a)
		if c.named(one) != "" {
			w.Error("A told C itself")
		}
		w.clock.Advance(time.Minute)
		c.until("what B passes on", func() bool { return c.named(one) != "" && c.named(old) == "Another name" })

		// What B missed as well comes from C, which is asked.
		b.deaf(c)
		c.deaf(b)
		a.gate.open()
		a.deaf(b)
		status(w, relayOf(c, a, "two"), 202)
		c.settle()
		a.gate.shut()
		two := a.instance.InitiativeID("two")
		b.until("the news that C tells", func() bool {
			w.clock.Advance(time.Minute)
			return b.named(two) != ""
		})
		w.clock.Advance(time.Second)
	})(t)
}

// relayOf publishes an entry at a city and passes it on to another one alone.
func relayOf(to, origin *city, handle string) fedtest.Response {
	relay := to.relay()
	origin.stop()
	to.w.clock.Advance(time.Second)
	id := origin.publish(handle)
	return relay.Post(to.url("/inbox"), relay.Activity("Announce", []any{map[string]any(origin.change(id))}))
}

// A peer that passes on forgeries without end has an origin asked only so often.
func TestDoubtIsBounded(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		known := a.publish("known")
		w.pair(a, b)
		b.carries(a)
		relay := b.relay()
		a.stop()
		w.clock.Advance(time.Second)
		a.edit("known", "Another name")
		forged := a.change(known)
		delete(forged, "proof")
		list := make([]fedtest.Object, 60)
		for k := range list {
			list[k] = maps.Clone(forged)
			list[k]["id"] = fmt.Sprintf("%s/x%d", forged.String("id"), k)
		}
		tell(b, relay, list...)
		if n := b.logged("unproved activity dropped"); n != 20 {
			w.Errorf("%d doubts were raised, want 20", n)
		}
	})(t)
}

// News are told since a time, in pages, and whole by their ids.
func TestNews(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.city(s)
		c.crowd(1)
		began := w.clock.Now().Add(-time.Second).Format(time.RFC3339)
		ids := []string{c.publish("one"), c.publish("two")}
		c.until("news", func() bool { return len(c.items("/directory/news?since="+began)) == 2 })
		for k, item := range c.items("/directory/news?since=" + began) {
			o := c.decode(string(item))
			if o.String("type") != "Add" || o.String("object") != ids[k] || o.String("published") == "" {
				w.Errorf("got %s", item)
			}
			whole := c.items("/directory/news?activity=" + o.String("id"))
			if len(whole) != 1 {
				w.Fatalf("got %d activities with the id %s", len(whole), o.String("id"))
			}
			c.proven("news", whole[0])
		}
		if got := c.items("/directory/news?since=2100-01-01T00:00:00Z"); len(got) != 0 {
			w.Errorf("news of the future: %s", got)
		}
		for _, query := range []string{"", "?since=yesterday", "?" + strings.Repeat("activity=x&", 51)} {
			if got := c.get("/directory/news"+query, activityJSON); got.Status != http.StatusBadRequest {
				w.Errorf("%s: got %d %s", query, got.Status, got.Body)
			}
		}
	})(t)
}

// A move is passed on like every other change: who only hears of it by a peer asks
// the new place, and believes it if that agrees; else the entry is just gone.
func TestMovePassedOn(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, c := w.city(storetest.Open(w.T)), w.city(s), w.city(storetest.Open(w.T))
		agreed, alleged, unheard := a.publish("agreed"), a.publish("alleged"), a.publish("unheard")
		w.pair(a, b)
		b.carries(a)
		relay := b.relay()
		a.stop() // nothing comes from A itself
		fresh, other := c.publish("agreed"), c.publish("other")
		if _, err := c.Edit(w.Context(), "agreed", func(i *directory.Initiative) error {
			i.AlsoKnownAs = []string{agreed}
			return nil
		}); err != nil {
			w.Fatal(err)
		}
		w.clock.Advance(time.Second)
		for handle, target := range map[string]string{"agreed": fresh, "alleged": other} {
			if err := a.Move(w.Context(), handle, target); err != nil {
				w.Fatal(err)
			}
		}
		tell(b, relay, a.change(agreed), a.change(alleged))
		b.until("the move that both places agree on", func() bool { return b.state(agreed) == directory.Moved })
		if i, err := b.store.Initiative(w.Context(), agreed); err != nil || i.MovedTo != fresh {
			w.Errorf("got %+v %v, want it moved to %s", i, err, fresh)
		}
		b.until("the end of the other", func() bool { return b.state(alleged) == directory.Withdrawn })
		b.settle()
		if i, err := b.store.Initiative(w.Context(), alleged); err != nil || i.MovedTo != "" || i.State != directory.Withdrawn {
			w.Errorf("got %+v %v", i, err)
		}
		if b.state(unheard) != directory.Published {
			w.Errorf("what did not move is %s", b.state(unheard))
		}
	})(t)
}
