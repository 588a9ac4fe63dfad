package federation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// says has the directory of a city send an activity to another's that Commonage
// itself sends at other occasions, or never.
func (c *city) says(to *city, kind string, object any) {
	c.w.Helper()
	us := c.instance.DirectoryID()
	id := fmt.Sprintf("%s/said/%s/%d", us, kind, c.w.clock.Now().UnixMicro())
	body, err := json.Marshal(map[string]any{
		"@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": kind, "actor": us, "object": object,
	})
	if err != nil {
		c.w.Fatal(err)
	}
	out := store.Outgoing{ActivityID: id, ActorID: us, Body: body, Inboxes: []string{to.instance.DirectoryID() + "/inbox"}}
	if err := c.store.PutDeliveries(c.w.Context(), out, c.w.clock.Now(), func() string { return id }); err != nil {
		c.w.Fatal(err)
	}
	c.sent()
	to.settle()
}

// isGone checks that what is carried of a city is kept, but in no list.
func (c *city) isGone(other *city, ids ...string) {
	c.w.Helper()
	if got := c.listed(other.instance.Host); len(got) != 0 {
		c.w.Errorf("in lists: %v", got)
	}
	for _, id := range ids {
		if i, err := c.store.Initiative(c.w.Context(), id); err != nil || i.State != directory.Unlisted {
			c.w.Errorf("%s is not kept: %v %v", id, i, err)
		}
	}
	p := c.peer(other.instance.Host)
	if !p.Hidden || p.Unconfirmed(c.w.clock.Now()).IsZero() {
		c.w.Errorf("passes for confirmed: %+v", p)
	}
}

// A peer that does not let us follow it any more has its entries leave all lists at
// once, and those that it has then come back when it does again.
func TestRefusedLater(t *testing.T) {
	follow := func(a, b *city) map[string]any {
		return map[string]any{
			"id": b.peer(a.instance.Host).FollowID, "type": "Follow", "actor": b.instance.DirectoryID(), "object": a.instance.DirectoryID(),
		}
	}
	blocked := func(a, b *city) { a.says(b, "Block", b.instance.DirectoryID()) }
	for name, way := range map[string]struct{ refuse, relent func(a, b *city) }{
		"Reject, then Accept": {
			func(a, b *city) { a.says(b, "Reject", follow(a, b)) },
			func(a, b *city) { a.says(b, "Accept", follow(a, b)) },
		},
		"Reject, then it is asked again": {
			func(a, b *city) { a.says(b, "Reject", follow(a, b)) },
			func(a, b *city) { b.follow(a.instance.Host) },
		},
		"Block, then Undo": {blocked, func(a, b *city) {
			a.says(b, "Undo", map[string]any{"type": "Block", "actor": a.instance.DirectoryID(), "object": b.instance.DirectoryID()})
		}},
	} {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			a, b := w.city(storetest.Open(w.T)), w.city(s)
			kept, changed, gone := a.publish("kept"), a.publish("changed"), a.publish("gone")
			w.pair(a, b)
			b.carries(a)
			w.clock.Advance(time.Hour)
			b.jobsDone()
			b.carries(a)
			way.refuse(a, b)
			b.untilPeer(a.instance.Host, directory.PeerRefused)
			b.isGone(a, kept, changed, gone)
			a.edit("changed", "Another name")
			a.withdraw("gone")
			a.publish("new")
			w.clock.Advance(time.Hour)
			for _, c := range []*city{a, b} {
				c.jobsDone()
				c.settle()
			}
			b.isGone(a, kept, changed, gone)
			way.relent(a, b)
			b.untilPeer(a.instance.Host, directory.PeerFollowing)
			b.carries(a)
			if p := b.peer(a.instance.Host); p.Hidden || p.LastError != "" || !p.Unconfirmed(w.clock.Now()).IsZero() {
				w.Errorf("when it is back: %+v", p)
			}
		}))
	}
}

// A peer that was away for long is read and listed when it shows that it is back,
// not when it would have been tried for its time.
func TestPeerComesBack(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s, func(o *federation.Options) { o.HideAfter = 30 * 24 * time.Hour })
		known, edited := a.publish("known"), a.publish("edited")
		w.pair(a, b)
		b.carries(a)
		a.stop()
		alive := a.dead()
		for range 2 {
			w.clock.Advance(20 * 24 * time.Hour)
			b.until("a failure", func() bool { return !b.peer(a.instance.Host).LastErrorAt.Before(w.clock.Now()) })
			b.jobsDone()
		}
		w.clock.Advance(20 * 24 * time.Hour)
		b.stop()
		b.run()
		b.until("its entries to leave", func() bool { return b.peer(a.instance.Host).Hidden })
		b.jobsDone()
		b.isGone(a, known, edited)
		for range 2 { // it is not tried so soon
			w.clock.Advance(time.Hour)
			b.jobsDone()
			b.isGone(a, known, edited)
		}
		alive()
		a.edit("edited", "Another name")
		a.run()
		w.clock.Advance(2 * time.Minute) // it is left alone for a moment after the last try
		b.carries(a)
		if p := b.peer(a.instance.Host); p.Hidden || !p.FailingSince.IsZero() || !p.Unconfirmed(w.clock.Now()).IsZero() {
			w.Errorf("when it is back: %+v", p)
		}
	})(t)
}

// What a peer sends does not confirm what is carried of it, and does not have one
// that still does not answer tried without end.
func TestPeerSendsButDoesNotAnswer(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s)
		a.publish("known")
		w.pair(a, b)
		b.carries(a)
		b.jobsDone()
		confirmed := b.peer(a.instance.Host).Confirmed
		a.gate.shut()
		for range 3 {
			w.clock.Advance(24 * time.Hour)
			b.until("a failure", func() bool { return !b.peer(a.instance.Host).FailingSince.IsZero() })
			b.jobsDone()
		}
		w.clock.Advance(time.Hour)
		tries := b.logged("job failed")
		for range 5 {
			a.says(b, "Accept", map[string]any{
				"type": "Follow", "actor": b.instance.DirectoryID(), "object": a.instance.DirectoryID(),
			})
			b.jobsDone()
			w.clock.Advance(time.Microsecond)
		}
		if got := b.peer(a.instance.Host).Unconfirmed(w.clock.Now()); !got.Equal(confirmed) {
			w.Errorf("not confirmed since %v, want %v", got, confirmed)
		}
		if got := b.logged("job failed") - tries; got > 5 {
			w.Errorf("tried %d times", got)
		}
	})(t)
}

// A Follow that was not answered is sent again at each start, and each day.
func TestLostAccept(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		a := publisher(there)
		c.follow(there.Host)
		var ids []string
		asked := func() fedtest.Delivery {
			w.Helper()
			d := w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Follow" && !slices.Contains(ids, d.ID) })
			ids = append(ids, d.ID)
			c.untilPeer(there.Host, directory.PeerRequested)
			c.jobsDone()
			c.sent()
			return d
		}
		asked()
		for range 2 {
			w.clock.Advance(20 * time.Hour)
			c.jobsDone()
			w.clock.Advance(7 * time.Hour)
			asked()
		}
		c.stop()
		c.run()
		last := asked()
		if got := came(there, "Follow"); len(got) != 4 {
			w.Errorf("asked %d times, want 4", len(got))
		}
		status(w, a.Post(c.url("/directory/inbox"), a.Activity("Accept", map[string]any(last.Activity))), 202)
		c.untilPeer(there.Host, directory.PeerFollowing)
	})(t)
}

// A peer that forgot that we follow it is told so when something should have come
// of it and did not.
func TestForgottenFollow(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s)
		a.publish("known")
		w.pair(a, b)
		b.carries(a)
		us := b.instance.DirectoryID()
		if found, err := a.store.RemoveFollower(w.Context(), us, a.instance.DirectoryID()); err != nil || !found {
			w.Fatal(found, err)
		}
		w.clock.Advance(25 * time.Hour)
		for _, c := range []*city{a, b} {
			c.jobsDone()
		}
		if n := len(a.followers(a.instance.DirectoryID())); n != 0 {
			w.Fatalf("%d follow", n)
		}
		a.edit("known", "Another name")
		a.jobsDone()
		w.clock.Advance(3 * time.Hour)
		b.carries(a)
		a.until("the other to follow", func() bool { return len(a.followers(a.instance.DirectoryID())) == 1 })
		a.edit("known", "A third name") // pushed: the clock stands still
		b.carries(a)
	})(t)
}

// Who lets in only those that the operator added is asked again when it shows that
// we were.
func TestAddedLater(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T), func(o *federation.Options) { o.Allowlist = true }), w.city(s)
		a.publish("known")
		b.follow(a.instance.Host)
		b.untilPeer(a.instance.Host, directory.PeerRefused)
		w.clock.Advance(time.Hour)
		a.follow(b.instance.Host)
		b.untilPeer(a.instance.Host, directory.PeerFollowing)
		b.carries(a)
	})(t)
}
