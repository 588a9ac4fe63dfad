package federation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// close closes the city for good in favour of others, who are asked.
func (c *city) close(heirs ...*city) (moved, withdrawn int) {
	c.w.Helper()
	var all []directory.Heir
	for _, h := range heirs {
		all = append(all, c.heirs(h.instance.Host)...)
	}
	plan, err := c.PlanClosing(c.w.Context(), all)
	if err == nil {
		err = c.Close(c.w.Context(), plan)
	}
	if err != nil {
		c.w.Fatalf("close: %v", err)
	}
	return len(plan.Moves), len(plan.Withdrawn)
}

// heirs asks the instance at host what it adopted of the city.
func (c *city) heirs(host string, known ...directory.Heir) []directory.Heir {
	c.w.Helper()
	list, err := federation.FindHeirs(c.w.Context(), c.Client, c.instance, host, known)
	if err != nil {
		c.w.Fatalf("find heirs: %v", err)
	}
	return list
}

// adopts publishes an initiative of another city here.
func (c *city) adopts(id string) *directory.Initiative {
	c.w.Helper()
	i, err := c.Adopt(c.w.Context(), id)
	if err != nil {
		c.w.Fatal(err)
	}
	return i
}

func (c *city) entry(id string) directory.Initiative {
	c.w.Helper()
	i, err := c.store.Initiative(c.w.Context(), id)
	if errors.Is(err, directory.ErrNotFound) {
		return directory.Initiative{}
	}
	if err != nil {
		c.w.Fatal(err)
	}
	return *i
}

// An instance closes for good: what another one adopted, whom it does not follow,
// moves there, the rest is withdrawn, and who carried its directory carries only
// where things went.
func TestClose(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, c := w.city(s), w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		kept, lost := a.publish("kept"), a.publish("lost")
		for _, other := range []*city{b, c} {
			other.follows(a)
			other.carries(a)
		}
		a.follows(c)
		c.follows(b)
		adopted := b.adopts(kept)
		if adopted.AlsoKnownAs[0] != kept || adopted.Origin != b.instance.Host {
			w.Fatalf("adopted %+v", adopted)
		}
		if moved, withdrawn := a.close(b); moved != 1 || withdrawn != 1 {
			w.Fatalf("%d moved, %d withdrawn", moved, withdrawn)
		}
		for id, want := range map[string]directory.State{kept: directory.Moved, lost: directory.Withdrawn} {
			if i := a.entry(id); i.State != want {
				w.Errorf("%s is %+v, want %s", id, i, want)
			}
		}
		if i := a.entry(kept); i.MovedTo != adopted.ID {
			w.Errorf("moved to %s", i.MovedTo)
		}
		for _, other := range []*city{b, c} {
			other.until("the goodbye", func() bool { return strings.Contains(other.peer(a.instance.Host).LastError, "closed for good") })
			if p := other.peer(a.instance.Host); p.Wanted || p.State != directory.PeerNone {
				w.Errorf("it is still followed: %+v", p)
			}
			other.until("where it went", func() bool { return other.entry(kept).MovedTo == adopted.ID })
			other.settle()
			if got := other.listed(a.instance.Host); len(got) != 0 {
				w.Errorf("still carried: %v", got)
			}
			if i := other.entry(lost); i.State == directory.Published {
				w.Errorf("still there: %+v", i)
			}
		}
		if got := b.listed(b.instance.Host); len(got) != 1 {
			w.Errorf("adopted: %v", got)
		}
		c.until("that we are followed no more", func() bool { return len(c.followers(c.instance.DirectoryID())) == 0 })
	})(t)
}

// What moved is known to neighbours also when so much did that they read it in the
// log.
func TestCloseWithMany(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, b, c := w.city(s), w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		const many = 130 // more than a page
		var ids []string
		for k := range many {
			ids = append(ids, a.publish(fmt.Sprintf("i%d", k)))
		}
		b.follows(a)
		c.follows(a)
		b.carries(a)
		c.carries(a)
		for _, id := range ids {
			b.adopts(id)
		}
		if moved, withdrawn := a.close(b); moved != many || withdrawn != 0 {
			w.Fatalf("%d moved, %d withdrawn", moved, withdrawn)
		}
		c.until("the goodbye", func() bool { return strings.Contains(c.peer(a.instance.Host).LastError, "closed for good") })
		for _, id := range ids {
			c.until("where it went", func() bool { return c.entry(id).State == directory.Moved })
		}
	})(t)
}

// A closed instance says so to everyone who asks, does nothing any more, also after
// a restart, and leads on.
func TestClosed(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		kept := a.publish("kept")
		w.pair(a, b)
		b.carries(a)
		adopted := b.adopts(kept)
		a.close(b)
		root := a.instance.DirectoryID()
		got := a.get(root, activityJSON)
		if doc := a.decode(got.Body); got.Status != 410 || doc.String("type") != "Tombstone" || doc.String("formerType") != "Service" || doc.String("deleted") == "" {
			w.Errorf("the directory: %d %s", got.Status, got.Body)
		}
		for path, want := range map[string]int{
			"/peers": 410, "/followers": 410, "/following": 410, "/relays": 410, "/featured": 410,
			"/outbox?after=0": 200, "/initiatives": 200, // for who was away
		} {
			if got := a.get(root+path, activityJSON); got.Status != want {
				w.Errorf("%s: got %d, want %d", path, got.Status, want)
			}
		}
		if got := a.finger("acct:directory@" + a.instance.Host); got.Status != 410 {
			w.Errorf("WebFinger: %d", got.Status)
		}
		node := a.decode(a.get("/nodeinfo/2.1", "application/json").Body)
		about := node.Object("metadata").Object("commonage")
		if node["openRegistrations"] != false || about["listed"] != false || about.String("closed") == "" || about["peering"] != nil ||
			node.Object("metadata").Object("federation")["enabled"] != false {
			w.Errorf("NodeInfo: %v", node)
		}
		if doc := a.document(kept); doc.String("movedTo") != adopted.ID {
			w.Errorf("what moved: %v", doc)
		}
		alice := w.mastodon().Actor("alice")
		status(w, alice.Post(root+"/inbox", alice.NewFollow(root)), 410)
		status(w, alice.Post(a.url("/inbox"), alice.NewFollow(root)), 202)
		a.settle()
		if got := len(a.followers(root)); got > 1 { // b may not have taken its leave
			w.Errorf("%d follow it", got)
		}
		if _, closed := errors.AsType[*directory.ClosedError](a.Publish(w.Context(), rad())); !closed {
			w.Error("it publishes")
		}
		if _, closed := errors.AsType[*directory.ClosedError](a.AddPeer(w.Context(), b.instance.Host)); !closed {
			w.Error("it follows")
		}
		b.until("that we are followed no more", func() bool { return len(b.followers(b.instance.DirectoryID())) == 0 })
		a.jobsDone()
		a.sent()
		b.jobsDone()
		b.sent()
		a.settle()

		a.stop()
		// As if a server had left it that ended in the midst of it.
		if err := s.Tx(w.Context(), func(tx *store.Store) error {
			return curation.WantPeer(w.Context(), tx, b.instance.Host, w.clock.Now())
		}); err != nil {
			w.Fatal(err)
		}
		a.run()
		status(w, alice.Post(a.url("/inbox"), alice.Activity("View", kept)), 202)
		a.settle() // so the workers have begun
		a.until("nothing left to follow", func() bool {
			now := w.clock.Now() // what somebody works on counts, and goes on
			list, err := s.ClaimJobs(w.Context(), []string{curation.FollowJob}, now.Add(time.Hour), now, 1)
			return err == nil && len(list) == 0
		})
		if p := a.peer(b.instance.Host); p.State != directory.PeerSearching || p.FollowID != "" {
			w.Errorf("it follows again: %+v", p)
		}
		b.follow(a.instance.Host)
		if got := b.peerTrouble(a.instance.Host); !strings.Contains(got, "gone for good") && !strings.Contains(got, "closed for good") {
			w.Errorf("got %q", got)
		}
	})(t)
}

// Who is asked what they adopted tells of what they publish, wherever it says that it
// was before, and nothing else.
func TestFindHeirs(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		mill, library := a.publish("mill"), a.publish("library")
		b.follows(a)
		b.carries(a)
		adopted := b.adopts(mill)
		b.publish("other")
		b.adopts(library)
		if err := b.Withdraw(w.Context(), "library"); err != nil {
			w.Fatal(err)
		}
		// That the log was read to its end shows that what else was known is not so.
		stale := directory.Heir{Old: library, ID: b.instance.InitiativeID("library")}
		got := a.heirs(b.instance.Host, stale)
		if len(got) != 1 || got[0] != (directory.Heir{Old: mill, ID: adopted.ID}) {
			w.Errorf("got %+v", got)
		}
		there := w.mastodon()
		if list, err := federation.FindHeirs(w.Context(), a.Client, a.instance, there.Host, nil); err == nil || len(list) > 0 {
			w.Errorf("of other software: %v %v", list, err)
		}
	})(t)
}

// A log without an end is left, and of what is known of its host only that counts
// which says so itself.
func TestFindHeirsInAnEndlessLog(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, there := w.city(s), w.mastodon()
		mill := a.publish("mill")
		root := publisher(there)
		page := root.ID + "/log?page=1"
		there.Answer(root.ID+"/outbox", script(activityJSON, fedtest.Object{
			"@context": "https://www.w3.org/ns/activitystreams", "id": root.ID + "/outbox", "type": "OrderedCollection", "first": page,
		}))
		foreign := fedtest.Object{
			"id": "https://elsewhere.example/x", "type": "Organization", "name": "X", "alsoKnownAs": mill, "discoverable": true,
			"preferredUsername": "x", "updated": "2026-11-23T12:00:00Z",
		}
		there.Answer(root.ID+"/log", script(activityJSON, fedtest.Object{
			"@context": "https://www.w3.org/ns/activitystreams", "id": page, "type": "OrderedCollectionPage", "next": page,
			"orderedItems": []any{fedtest.Object{"id": root.ID + "/1", "type": "Add", "actor": root.ID, "object": foreign}},
		}))
		honest, liar := there.Actor("honest"), there.Actor("liar")
		honest.Edit(func(doc fedtest.Object) { doc["alsoKnownAs"] = []any{mill} })
		got := a.heirs(there.Host, directory.Heir{Old: mill, ID: honest.ID}, directory.Heir{Old: mill, ID: liar.ID})
		if len(got) != 1 || got[0].ID != honest.ID {
			w.Errorf("got %+v", got)
		}
	})(t)
}
