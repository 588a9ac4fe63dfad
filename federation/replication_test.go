package federation_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// listed returns what a city has of an origin, without what is each instance's
// own.
func (c *city) listed(host string) map[string]directory.Initiative {
	c.w.Helper()
	all := map[string]directory.Initiative{}
	for after := ""; ; {
		list, err := c.store.OwnInitiatives(c.w.Context(), host, directory.Published, after, 500)
		if err != nil {
			c.w.Fatal(err)
		}
		for _, i := range list {
			after = i.Handle
			i.Revision = 0
			all[i.ID] = *i
		}
		if len(list) < 500 {
			return all
		}
	}
}

// carries waits until the city carries what another one publishes.
func (c *city) carries(other *city) {
	c.w.Helper()
	want := other.listed(other.instance.Host)
	c.until("what "+other.instance.Name+" publishes", func() bool { return cmp.Equal(want, c.listed(other.instance.Host)) })
}

// pair makes two cities follow each other.
func (w *world) pair(a, b *city) {
	w.Helper()
	a.follow(b.instance.Host)
	b.follow(a.instance.Host)
	for _, c := range []*city{a, b} {
		other := a
		if c == a {
			other = b
		}
		c.untilPeer(other.instance.Host, directory.PeerFollowing)
		c.until("a reading of the log", func() bool { return c.peer(other.instance.Host).Cursor != "" })
	}
}

// edit gives an initiative of the city another name.
func (c *city) edit(handle, name string) {
	c.w.Helper()
	_, err := c.Edit(c.w.Context(), handle, func(i *directory.Initiative) error {
		i.Name = name
		return nil
	})
	if err != nil {
		c.w.Fatal(err)
	}
}

func (c *city) withdraw(handle string) {
	c.w.Helper()
	if err := c.Withdraw(c.w.Context(), handle); err != nil {
		c.w.Fatal(err)
	}
}

func re1(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		early := a.publish("early")
		w.pair(a, b)
		b.carries(a)
		// Pushed: the clock stands still, so no log is read for its time.
		one := a.publish("one")
		b.carries(a)
		a.edit("one", "Another name")
		b.carries(a)
		a.edit("early", "An earlier one")
		b.carries(a)
		a.withdraw("one")
		b.carries(a)
		if got := b.listed(a.instance.Host); len(got) != 1 || got[early].Name != "An earlier one" {
			w.Errorf("b carries %v", got)
		}
		b.publish("back")
		a.carries(b)
		// A third one believes nothing of A's that B or anyone else tells.
		mallory := w.mastodon()
		forger := publisher(mallory)
		b.follow(mallory.Host)
		asked := w.await(mallory, ofType("Follow"))
		b.untilPeer(mallory.Host, directory.PeerRequested)
		status(w, forger.Post(b.url("/directory/inbox"), forger.Activity("Accept", map[string]any(asked.Activity))), 202)
		b.untilPeer(mallory.Host, directory.PeerFollowing)
		document := a.document(early)
		document["name"], document["updated"] = "Forged", "2030-01-01T00:00:00Z"
		added := fedtest.Object{"id": one, "type": "Organization", "preferredUsername": "one", "name": "Forged", "updated": "2030-01-01T00:00:00Z"}
		for _, kind := range []string{"Add", "Update", "Remove", "Delete", "Announce"} {
			for _, object := range []fedtest.Object{document, added, {"id": early, "type": "Tombstone"}} {
				forged := forger.Activity(kind, map[string]any(object))
				forged["published"], forged["target"] = "2030-01-01T00:00:00Z", a.url("/directory/initiatives")
				status(w, forger.Post(b.url("/inbox"), forged), 202)
				forged["actor"] = a.instance.DirectoryID()
				status(w, forger.Post(b.url("/inbox"), forged), 401)
			}
		}
		b.settle()
		b.carries(a)
	})(t)
}

func re2(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s)
		for k := range 3 {
			a.publish(fmt.Sprintf("first%d", k))
		}
		w.pair(a, b)
		b.carries(a)
		b.stop() // and its inbox is dead to the world
		down := b.dead()
		for k := range 5 {
			a.publish(fmt.Sprintf("second%d", k))
		}
		a.edit("first0", "Another name")
		a.withdraw("first1")
		a.untilFailed(b.instance.Host)
		w.clock.Advance(time.Hour)
		down()
		// What A still has to say is lost for good: only A's log tells of it.
		a.stop()
		b.run()
		b.carries(a)
		if got := b.listed(a.instance.Host); len(got) != 7 {
			w.Errorf("%d entries are carried, want 7", len(got))
		}
	})(t)
}

// dead makes the city answer 503 to everybody until the function is called.
func (c *city) dead() (alive func()) {
	c.gate.shut()
	return c.gate.open
}

// Three cities that follow each other carry the same, each change once.
func TestThreeCities(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		cities := []*city{w.city(s), w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))}
		for k, c := range cities {
			c.publish(fmt.Sprintf("old%d", k))
		}
		w.pair(cities[0], cities[1])
		w.pair(cities[1], cities[2])
		w.pair(cities[2], cities[0])
		for k, c := range cities {
			c.publish(fmt.Sprintf("new%d", k))
			c.edit(fmt.Sprintf("old%d", k), "Another name")
		}
		for _, c := range cities {
			for _, other := range cities {
				c.carries(other)
			}
		}
		// A city that leaves takes its entries with it, and is told no more.
		leaver, stayer := cities[0], cities[1]
		if err := leaver.RemovePeer(w.Context(), stayer.instance.Host); err != nil {
			w.Fatal(err)
		}
		if got := leaver.listed(stayer.instance.Host); len(got) != 0 {
			w.Errorf("still carried: %v", got)
		}
		stayer.until("the other to leave", func() bool { return len(stayer.followers(stayer.instance.DirectoryID())) == 1 })
		stayer.publish("later")
		cities[2].carries(stayer)
		if got := leaver.listed(stayer.instance.Host); len(got) != 0 {
			w.Errorf("carried again: %v", got)
		}
		if stayer.peer(leaver.instance.Host).FollowsUs {
			w.Error("the one that left is said to follow")
		}
	})(t)
}

// After an import peers are told once, and read the log.
func TestManyChanges(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		w.pair(a, b)
		watcher := w.mastodon()
		fan := publisher(watcher) // another directory, that counts what it is told
		status(w, fan.Follow(a.instance.DirectoryID()), 202)
		w.await(watcher, ofType("Accept"))
		var rows strings.Builder
		rows.WriteString("name,external_id\n")
		for k := range 250 {
			fmt.Fprintf(&rows, "Initiative %d,%d\n", k, k)
		}
		importCSV(a, rows.String())
		b.carries(a)
		if got := b.listed(a.instance.Host); len(got) != 250 {
			w.Errorf("%d entries are carried, want 250", len(got))
		}
		w.await(watcher, ofType("Update"))
		if got := watcher.Deliveries(); len(got) > 4 {
			w.Errorf("%d deliveries tell of one import", len(got))
		}
	})(t)
}

// Somebody who follows a directory hears of what initiatives post.
func TestDirectoryFollower(t *testing.T) {
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			c.publish("rad")
			alice := c.fan(there, "alice", c.instance.DirectoryID())
			post := c.post("rad", "Hello")
			d := w.await(there, ofType("Announce"))
			seen := shown(alice, post)
			if seen == nil || seen.BoostedBy != c.instance.DirectoryID() || d.Err != nil {
				w.Errorf("alice sees %v: %v", alice.Timeline(), d)
			}
			c.edit("rad", "Another name") // which is for peers, and means nothing to her
			c.withdraw("rad")
			c.sent()
			for _, d := range there.Deliveries() {
				if d.Status != http.StatusAccepted {
					w.Errorf("got %v", d)
				}
			}
		})(t)
	})
}
