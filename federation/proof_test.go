package federation_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// proven fails the test unless a document has a proof by its actor or author that
// other servers believe, with the key that the actor's document shows.
func (c *city) proven(what string, document []byte) {
	c.w.Helper()
	o := c.decode(string(document))
	actor := cmp.Or(o.String("actor"), o.String("attributedTo"), o.String("id"))
	if err := fedtest.CheckProof(document, c.document(actor)); err != nil {
		c.w.Errorf("%s: %v in %s", what, err, document)
	}
	if got := o.Object("proof").String("verificationMethod"); got != actor+"#ed25519-key" {
		c.w.Errorf("%s: the proof is by %s", what, got)
	}
}

// items returns the items of a page as they stand.
func (c *city) items(path string) []json.RawMessage {
	c.w.Helper()
	var page struct {
		Items []json.RawMessage `json:"orderedItems"`
	}
	if err := json.Unmarshal([]byte(c.get(path, activityJSON).Body), &page); err != nil {
		c.w.Fatal(err)
	}
	return page.Items
}

// Everything that the directory publishes can be believed by itself, and has the
// same bytes each time.
func TestPublishedIsProven(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		gone := c.publish("gone")
		w.clock.Advance(1234567 * time.Microsecond)
		c.publish("new")
		edit := func(i *directory.Initiative) error {
			i.Summary = "We mend bicycles – & <more>\u2028."
			return nil
		}
		if _, err := c.Edit(w.Context(), "rad", edit); err != nil {
			w.Fatal(err)
		}
		if err := c.Withdraw(w.Context(), "gone"); err != nil {
			w.Fatal(err)
		}
		c.post("rad", "Come and *see* on Thursday #bicycles")

		log := c.items("/directory/outbox?before=9007199254740991")
		if len(log) != 3 {
			w.Fatalf("got %d activities, want 3", len(log))
		}
		for _, activity := range log {
			o := c.decode(string(activity))
			c.proven(o.String("type"), activity)
			if got := c.get(o.String("id"), activityJSON).Body; got != string(activity) {
				w.Errorf("in the log stands %s, at its id %s", activity, got)
			}
			if o.String("type") == "Remove" {
				if o.String("object") != gone {
					w.Errorf("got %s", activity)
				}
				continue
			}
			var whole struct {
				Object json.RawMessage `json:"object"`
			}
			if err := json.Unmarshal(activity, &whole); err != nil {
				w.Fatal(err)
			}
			if entry := with(c.document(o.ID("object")), "proof", nil); !gocmp.Equal(c.decode(string(whole.Object)), entry) {
				w.Errorf("embedded is %s, at its id %v", whole.Object, entry)
			}
		}
		posts := c.items("/initiatives/rad/outbox?before=0")
		if len(posts) != 2 {
			w.Fatalf("got %d posts, want 2", len(posts))
		}
		for _, activity := range posts {
			c.proven("a post", activity)
		}
		for _, path := range []string{"/actor", "/directory", id, c.decode(string(posts[0])).ID("object")} {
			c.proven(path, []byte(c.get(path, activityJSON).Body))
		}
		w.clock.Advance(time.Hour)
		for _, path := range []string{"/directory", id, "/directory/outbox?before=9007199254740991", "/initiatives/rad/outbox?before=0"} {
			first := c.get(path, activityJSON).Body
			w.clock.Advance(time.Hour)
			if again := c.get(path, activityJSON).Body; again != first {
				w.Errorf("%s: got %s and %s", path, first, again)
			}
		}
	})(t)
}

// Whatever is sent is proven, as the bytes that arrive.
func TestSentIsProven(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		c.letIn(there) // after our Follow
		alice, id, root := there.Actor("alice"), c.publish("rad"), c.instance.DirectoryID()
		for _, target := range []string{id, root} {
			status(w, alice.Follow(target), http.StatusAccepted)
		}
		c.until("followers", func() bool { return len(c.followers(id)) == 1 && len(c.followers(root)) == 1 })
		status(w, alice.Follow(c.instance.ActorID()), http.StatusAccepted)
		w.await(there, ofType("Reject"))
		post := c.post("rad", "Open on Thursday")
		w.await(there, ofType("Announce"))
		w.clock.Advance(time.Minute)
		if err := c.EditPost(w.Context(), post, "Open on Friday"); err != nil {
			w.Fatal(err)
		}
		w.await(there, about(post, "Update"))
		c.edit("rad", "RAD")
		w.await(there, about(id, "Update"))
		c.pin(post, true)
		w.await(there, ofType("Add"))
		c.pin(post, false)
		w.await(there, ofType("Remove"))
		old := c.shownKey("/actor")
		if err := federation.RotateKeys(w.Context(), s, false, w.clock.Now()); err != nil {
			w.Fatal(err)
		}
		c.rotated(old)
		for _, actor := range []string{id, c.instance.ActorID(), root} {
			w.await(there, func(d fedtest.Delivery) bool { return strings.HasPrefix(d.ID, actor+"#keys/") })
		}
		if err := c.DeletePost(w.Context(), post); err != nil {
			w.Fatal(err)
		}
		w.await(there, ofType("Delete"))
		if err := c.RemovePeer(w.Context(), there.Host); err != nil {
			w.Fatal(err)
		}
		w.await(there, ofType("Undo"))
		kinds := map[string]int{}
		for _, d := range there.Deliveries() {
			kinds[d.Type]++
			c.proven(d.Type, d.Body)
		}
		for _, kind := range []string{"Accept", "Add", "Announce", "Create", "Delete", "Follow", "Reject", "Remove", "Undo", "Update"} {
			if kinds[kind] == 0 {
				w.Errorf("no %s came", kind)
			}
		}
	})(t)
}

// forwarding is an activity of alice that a relay on another server passes on.
type forwarding struct {
	*world
	city              *city
	there, elsewhere  *fedtest.Server
	alice, bob, relay *fedtest.Actor
	follow            fedtest.Object // alice asks for target
	target            string
}

func newForwarding(w *world, s *store.Store) *forwarding {
	w.Helper()
	f := &forwarding{world: w, city: w.city(s), there: w.mastodon(), elsewhere: w.mastodon()}
	f.alice, f.bob, f.relay = f.there.Actor("alice"), f.there.Actor("bob"), f.elsewhere.Actor("relay")
	for _, a := range []*fedtest.Actor{f.alice, f.bob, f.relay} {
		a.ShowMultikey()
	}
	f.target = f.city.publish("rad")
	f.follow = f.alice.NewFollow(f.target)
	return f
}

// by returns a change of a proof's method.
func by(a *fedtest.Actor) func(*fedtest.Proof) {
	return func(p *fedtest.Proof) { p.Method = a.ProofKeyID() }
}

func dated(at time.Time) func(*fedtest.Proof) {
	return func(p *fedtest.Proof) { p.Created = at }
}

func bare(p *fedtest.Proof) { p.Bare = true }

// with returns a copy of an object with one value changed, or gone.
func with(o fedtest.Object, key string, value any) fedtest.Object {
	o = maps.Clone(o)
	if o[key] = value; value == nil {
		delete(o, key)
	}
	return o
}

// S2, RE3: an activity that its actor did not send is the actor's if it has
// their proof, and nobody's else.
func TestForwarded(t *testing.T) {
	once := func(*fedtest.Signing) {}
	cases := []struct {
		name     string
		activity func(f *forwarding) any
		accepted bool
	}{
		{"proven", func(f *forwarding) any { return f.alice.Prove(f.follow) }, true},
		{"proven as Fedify does", func(f *forwarding) any { return f.alice.Prove(f.follow, bare) }, true},
		{"with a linked data signature besides", func(f *forwarding) any {
			return with(f.alice.Prove(f.follow), "signature", map[string]any{"type": "RsaSignature2017", "creator": f.alice.KeyID})
		}, true},
		{"with the proof in a list", func(f *forwarding) any {
			o := f.alice.Prove(f.follow)
			other := f.relay.Prove(f.follow)
			return with(o, "proof", []any{other["proof"], o["proof"]})
		}, true},
		{"an hour old", func(f *forwarding) any {
			return f.alice.Prove(f.follow, dated(f.clock.Now().Add(-time.Hour)))
		}, true},
		{"stripped", func(f *forwarding) any { return f.follow }, false},
		{"forged", func(f *forwarding) any {
			return with(f.alice.Prove(f.follow), "object", f.city.instance.DirectoryID())
		}, false},
		{"proven for another activity", func(f *forwarding) any {
			return with(f.follow, "proof", f.alice.Prove(f.alice.Activity("Like", f.target))["proof"])
		}, false},
		{"proven by the relay", func(f *forwarding) any { return f.relay.Prove(f.follow) }, false},
		{"proven by the relay in the actor's name", func(f *forwarding) any { return f.relay.Prove(f.follow, by(f.alice)) }, false},
		{"proven by a neighbour", func(f *forwarding) any { return f.bob.Prove(f.follow) }, false},
		{"proven by a neighbour in the actor's name", func(f *forwarding) any { return f.bob.Prove(f.follow, by(f.alice)) }, false},
		{"proven long ago", func(f *forwarding) any {
			return f.alice.Prove(f.follow, dated(f.clock.Now().Add(-71*time.Hour)))
		}, false},
		{"proven tomorrow", func(f *forwarding) any {
			return f.alice.Prove(f.follow, dated(f.clock.Now().Add(2*time.Hour)))
		}, false},
		{"by an actor without such a key", func(f *forwarding) any {
			f.alice.Edit(func(fedtest.Object) {})
			return f.alice.Prove(f.follow)
		}, false},
		{"by an actor who shows another's key", func(f *forwarding) any {
			f.alice.Edit(func(doc fedtest.Object) {
				key := f.relay.Multikey()
				key["id"] = f.alice.ProofKeyID()
				doc["assertionMethod"] = key
			})
			return f.relay.Prove(f.follow, by(f.alice))
		}, false},
		{"with a key that the actor does not show", func(f *forwarding) any {
			return f.alice.Prove(f.follow, func(p *fedtest.Proof) { p.Method = f.alice.ID + "#old" })
		}, false},
		{"by an actor at whose address is a neighbour", func(f *forwarding) any {
			f.bob.Edit(func(doc fedtest.Object) {
				key := f.bob.Multikey()
				key["id"] = f.alice.ProofKeyID()
				doc["assertionMethod"] = key
			})
			update, err := f.bob.NewUpdate()
			if err != nil {
				f.Fatal(err)
			}
			f.there.Answer(f.alice.ID, script(activityJSON, update["object"]))
			return f.bob.Prove(f.follow, by(f.alice))
		}, false},
		{"in our name", func(f *forwarding) any {
			o := with(f.follow, "actor", f.target)
			return f.relay.Prove(o, func(p *fedtest.Proof) { p.Method = f.target + "#ed25519-key" })
		}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onSQLite(func(w *world, s *store.Store) {
				f := newForwarding(w, s)
				want := http.StatusUnauthorized
				if c.accepted {
					want = http.StatusAccepted
				}
				status(w, f.relay.Post(f.city.url("/inbox"), c.activity(f), once), want)
				f.city.settle()
				followers := f.city.followers(f.target)
				if c.accepted != (len(followers) == 1) {
					w.Errorf("got followers %v", followers)
				}
				if c.accepted && followers[0].ActorID != f.alice.ID {
					w.Errorf("got follower %s, want %s", followers[0].ActorID, f.alice.ID)
				}
			})(t)
		})
	}
}

// The relay must sign, too, and is asked for its key; a neighbour may be one.
func TestForwarderSigns(t *testing.T) {
	once := func(*fedtest.Signing) {}
	onSQLite(func(w *world, s *store.Store) {
		f := newForwarding(w, s)
		inbox, activity := f.city.url("/inbox"), f.alice.Prove(f.follow)
		status(w, f.relay.Post(inbox, activity, fedtest.NotSigned), http.StatusUnauthorized)
		status(w, f.relay.Post(inbox, activity, func(g *fedtest.Signing) { g.Key = fedtest.Key(w, 3) }), http.StatusUnauthorized)
		if n := len(requests(f.there, http.MethodGet, "/")); n != 0 {
			w.Errorf("%d requests for the sake of nobody", n)
		}
		status(w, f.bob.Post(inbox, f.bob.Prove(f.follow), once), http.StatusUnauthorized)
		status(w, f.bob.Post(inbox, f.follow, once), http.StatusUnauthorized)
		status(w, f.bob.Post(inbox, activity, once), http.StatusAccepted)
		f.city.until("a follower", func() bool { return len(f.city.followers(f.target)) == 1 })
	})(t)
}

// Proofs do not have us fetch at will: what is known is used, what does not fit
// is looked for once, and what has no chance not at all (SG10, S10).
func TestForwardedFetches(t *testing.T) {
	once := func(*fedtest.Signing) {}
	onSQLite(func(w *world, s *store.Store) {
		f := newForwarding(w, s)
		inbox := f.city.url("/inbox")
		path := strings.TrimPrefix(f.alice.ID, f.there.URL)
		fetches := func() int { return len(requests(f.there, http.MethodGet, path)) }
		check := func(what string, want int) {
			if got := fetches(); got != want {
				w.Errorf("%s: %d fetches of the actor, want %d", what, got, want)
			}
		}
		status(w, f.relay.Post(inbox, f.relay.Prove(f.follow), once), http.StatusUnauthorized)
		check("a proof by another host", 0)
		status(w, f.relay.Post(inbox, f.alice.Prove(f.alice.Activity("View", "x")), once), http.StatusAccepted)
		check("the first proof", 1)
		status(w, f.relay.Post(inbox, f.alice.Prove(f.follow), once), http.StatusAccepted)
		for range 3 {
			status(w, f.relay.Post(inbox, f.bob.Prove(f.follow, by(f.alice)), once), http.StatusUnauthorized)
		}
		check("a known key", 1)
		w.clock.Advance(6 * time.Minute)
		for range 3 {
			status(w, f.relay.Post(inbox, f.bob.Prove(f.follow, by(f.alice)), once), http.StatusUnauthorized)
		}
		check("a key that may have changed", 2)
	})(t)
}

// What came once does nothing again, whoever brings it.
func TestForwardedAgain(t *testing.T) {
	once := func(*fedtest.Signing) {}
	onEach(func(w *world, s *store.Store) {
		f := newForwarding(w, s)
		activity := f.alice.Prove(with(f.follow, "id", nil))
		for range 2 {
			status(w, f.relay.Post(f.city.url("/inbox"), activity, once), http.StatusAccepted)
			f.city.settle()
			w.clock.Advance(time.Minute)
		}
		if got := len(f.city.followers(f.target)); got != 1 {
			w.Fatalf("got %d followers", got)
		}
		status(w, f.alice.Unfollow(f.target), http.StatusAccepted)
		f.city.until("no follower", func() bool { return len(f.city.followers(f.target)) == 0 })
		status(w, f.relay.Post(f.city.url("/inbox"), activity, once), http.StatusAccepted)
		f.city.settle()
		if got := len(f.city.followers(f.target)); got != 0 {
			w.Errorf("an activity that came again made %d followers", got)
		}
	})(t)
}

// Who signs the request needs no proof: one that does not hold is not looked at.
func TestOwnProofIsNotNeeded(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		f := newForwarding(w, s)
		broken := with(f.alice.Prove(f.alice.Activity("Like", f.target)), "type", "Follow")
		status(w, f.alice.Post(f.city.url("/inbox"), broken, func(*fedtest.Signing) {}), http.StatusAccepted)
		f.city.until("a follower", func() bool { return len(f.city.followers(f.target)) == 1 })
	})(t)
}
