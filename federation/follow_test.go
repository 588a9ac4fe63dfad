package federation_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// over returns what an object is once it went over the wire.
func (w *world) over(o fedtest.Object) map[string]any {
	w.Helper()
	return (&city{w: w}).decode(script(activityJSON, o).Body)
}

func fo1(t *testing.T) {
	follow := func(f fedtest.Flavour) func(w *world, s *store.Store) {
		return func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			alice := there.Actor("alice")
			id := c.publish("rad")
			asked := alice.NewFollow(id)
			status(w, alice.Post(id+"/inbox", asked), 202)
			d := w.await(there, ofType("Accept"))
			if alice.Follows(id) != fedtest.Accepted {
				w.Errorf("the follow is %q", alice.Follows(id))
			}
			if d.Inbox != alice || d.Signer != id || !strings.Contains(d.Header.Get("Signature"), `keyId="`+id+`#main-key"`) {
				w.Errorf("to %v, signed by %s: %s", d.Inbox, d.Signer, d.Header.Get("Signature"))
			}
			if !strings.HasPrefix(d.ID, id+"/accepts/") || d.Actor != id {
				w.Errorf("got id %q of %q", d.ID, d.Actor)
			}
			if diff := cmp.Diff(map[string]any{"to": []any{alice.ID}, "object": w.over(asked)},
				map[string]any{"to": d.Activity["to"], "object": d.Activity["object"]}); diff != "" {
				w.Errorf("Accept (-want +got):\n%s", diff)
			}
			c.settle()
			c.sent()
			if got := came(there, "Accept"); len(got) != 1 {
				w.Errorf("got %v, want one Accept", got)
			}
			got := c.followers(id)
			if len(got) != 1 || got[0].ActorID != alice.ID || got[0].FollowID != asked.String("id") || got[0].Inbox != alice.Inbox {
				w.Errorf("got followers %+v", got)
			}
			if n, list, err := there.Collection(w.Context(), id+"/followers"); n != 1 || len(list) != 1 || err != nil {
				w.Errorf("got followers %d %v %v", n, list, err)
			}
		}
	}
	onEach(follow(fedtest.Mastodon47()))(t)
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) { onSQLite(follow(f))(t) })
}

func fo2(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		var ids []string
		for range 2 {
			status(w, alice.Follow(id), 202)
			ids = append(ids, alice.FollowID(id))
			w.await(there, func(d fedtest.Delivery) bool {
				return d.Type == "Accept" && d.Object == alice.FollowID(id)
			})
		}
		got := c.followers(id)
		if len(got) != 1 || got[0].FollowID != ids[1] || ids[0] == ids[1] {
			w.Errorf("got followers %+v, want one by %v", got, ids)
		}
		accepts := came(there, "Accept")
		if len(accepts) != 2 || accepts[0].ID == accepts[1].ID {
			w.Errorf("got %v, want two different Accepts", accepts)
		}
	})(t)
}

func fo3(t *testing.T) {
	ways := map[string]func(undo fedtest.Object, followID string){
		"original id": func(fedtest.Object, string) {},
		"other id": func(undo fedtest.Object, _ string) {
			undo["object"].(map[string]any)["id"] = "https://elsewhere.example/never-seen"
		},
		"bare id": func(undo fedtest.Object, followID string) { undo["object"] = followID },
		"no id":   func(undo fedtest.Object, _ string) { delete(undo["object"].(map[string]any), "id") },
		"id only": func(undo fedtest.Object, followID string) { undo["object"] = map[string]any{"id": followID} },
	}
	for name, change := range ways {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			alice, bob := there.Actor("alice"), there.Actor("bob")
			id := c.publish("rad")
			for _, a := range []*fedtest.Actor{alice, bob} {
				status(w, a.Follow(id), 202)
			}
			c.settle()
			followID := alice.FollowID(id)
			undo := alice.NewUndoFollow(id)
			change(undo, followID)
			status(w, alice.Post(id+"/inbox", undo), 202)
			c.settle()
			if got := c.followers(id); len(got) != 1 || got[0].ActorID != bob.ID {
				w.Errorf("got followers %+v, want bob alone", got)
			}
		}))
	}
	t.Run("of another", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), there.Actor("bob")
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		for k, object := range []any{
			alice.FollowID(id), alice.NewFollow(id), map[string]any{"type": "Follow", "actor": alice.ID, "object": id},
		} {
			undo := bob.Activity("Undo", object)
			status(w, bob.Post(id+"/inbox", undo), 202)
			c.settle()
			if got := c.followers(id); len(got) != 1 {
				w.Errorf("%d: got followers %+v", k, got)
			}
		}
	}))
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			alice := there.Actor("alice")
			id := c.publish("rad")
			status(w, alice.Follow(id), 202)
			w.await(there, ofType("Accept"))
			status(w, alice.Unfollow(id), 202)
			c.settle()
			if got := c.followers(id); len(got) != 0 {
				w.Errorf("got followers %+v", got)
			}
		})(t)
	})
}

func fo4(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id, gone := c.publish("rad"), c.publish("gone")
		if err := c.Withdraw(w.Context(), "gone"); err != nil {
			w.Fatal(err)
		}
		nobody := c.instance.InitiativeID("nobody")
		status(w, alice.Post(nobody+"/inbox", alice.NewFollow(nobody)), 404)
		status(w, alice.Post(gone+"/inbox", alice.NewFollow(gone)), 410)
		for _, object := range []string{nobody, gone, c.instance.URL("/forms/repair-cafe"), c.instance.URL(""), "https://elsewhere.example/x"} {
			status(w, alice.Post(c.url("/inbox"), alice.NewFollow(object)), 202)
		}
		status(w, alice.Post(c.url("/inbox"), alice.NewFollow(id)), 202)
		w.await(there, ofType("Accept"))
		c.settle()
		c.sent()
		// It may have heard that the other initiative is gone.
		got := slices.DeleteFunc(there.Deliveries(), of("Delete", gone))
		if len(got) != 1 || got[0].Actor != id {
			w.Errorf("got %v, want one Accept of rad", got)
		}
		// What comes to one's inbox and names another is about the other.
		second := c.publish("second")
		status(w, alice.Post(id+"/inbox", alice.NewFollow(second)), 202)
		w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Accept" && d.Actor == second })
	})(t)
}

func fo5(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob, carol := there.Actor("alice"), there.Actor("bob"), w.mastodon().Actor("carol")
		id := c.publish("rad")
		for _, signer := range []*fedtest.Actor{bob, carol} {
			status(w, alice.Post(id+"/inbox", alice.NewFollow(id), fedtest.SignedBy(signer)), 401)
			status(w, alice.Post(c.url("/inbox"), alice.NewFollow(id), fedtest.SignedBy(signer)), 401)
		}
		status(w, alice.Post(id+"/inbox", alice.NewFollow(id), fedtest.WithKeyOf(there.Instance())), 401)
		ours := alice.NewFollow(id)
		ours["actor"] = c.instance.DirectoryID()
		status(w, alice.Post(id+"/inbox", ours), 401)
		status(w, alice.Post(id+"/inbox", ours, func(g *fedtest.Signing) { g.KeyID = c.instance.DirectoryID() + "#main-key" }), 401)
		if n := c.count(s.CountReceived); n != 0 || len(c.followers(id)) != 0 {
			w.Errorf("%d activities were stored", n)
		}
	})(t)
}

// peer returns what a city knows of a peer.
func (c *city) peer(host string) *directory.Peer {
	c.w.Helper()
	p, err := c.store.Peer(c.w.Context(), host)
	if err != nil {
		c.w.Fatal(err)
	}
	return p
}

func (c *city) untilPeer(host string, state directory.PeerState) {
	c.w.Helper()
	c.until(host+" is "+string(state), func() bool { return c.peer(host).State == state })
}

// publisher is a directory actor on a server of other software, whose answer to
// a Follow is up to the test.
func publisher(there *fedtest.Server) *fedtest.Actor {
	a := there.Actor("directory")
	a.Edit(asDirectory)
	a.Lock()
	return a
}

func (c *city) follow(host string) {
	c.w.Helper()
	if err := c.AddPeer(c.w.Context(), host); err != nil {
		c.w.Fatal(err)
	}
}

func fo6(t *testing.T) {
	ways := map[string]func(accept fedtest.Object){
		"embedded, wrong id": func(accept fedtest.Object) {
			accept["object"].(map[string]any)["id"] = "https://elsewhere.example/other"
		},
		"our id": func(accept fedtest.Object) { accept["object"] = accept.ID("object") },
		"whole":  func(fedtest.Object) {},
	}
	for name, change := range ways {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			a, mallory := publisher(there), there.Actor("mallory")
			c.follow(there.Host)
			asked := w.await(there, ofType("Follow"))
			if asked.Actor != c.instance.DirectoryID() || asked.Object != a.ID || asked.Inbox != a || asked.Signer != asked.Actor {
				w.Errorf("got %v", asked)
			}
			c.untilPeer(there.Host, directory.PeerRequested)
			accept := a.Activity("Accept", map[string]any(asked.Activity))
			inbox := c.instance.DirectoryID() + "/inbox"
			forged := mallory.Activity("Accept", map[string]any(asked.Activity))
			status(w, mallory.Post(inbox, forged), 202)
			stranger := w.mastodon().Actor("stranger")
			status(w, stranger.Post(inbox, stranger.Activity("Accept", map[string]any(asked.Activity))), 202)
			status(w, a.Post(inbox, a.Activity("Accept", "https://elsewhere.example/what")), 202)
			c.settle()
			if got := c.peer(there.Host).State; got != directory.PeerRequested {
				w.Errorf("by others the follow became %q", got)
			}
			change(accept)
			status(w, a.Post(inbox, accept), 202)
			c.untilPeer(there.Host, directory.PeerFollowing)
		}))
	}
}

func fo7(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		a := publisher(there)
		us := c.instance.DirectoryID()
		var follows, rejects []string
		for range 2 {
			c.follow(there.Host)
			w.await(there, func(d fedtest.Delivery) bool {
				return d.Type == "Follow" && !slices.Contains(follows, d.ID)
			})
			c.untilPeer(there.Host, directory.PeerRequested)
			follows = append(follows, c.peer(there.Host).FollowID)
			status(w, a.AcceptFollow(us), 202) // whose id is the same each time
			c.untilPeer(there.Host, directory.PeerFollowing)
			status(w, a.RejectFollow(us), 202)
			c.untilPeer(there.Host, directory.PeerRefused)
			rejects = append(rejects, a.ID+"#rejects/follows/")
		}
		if follows[0] == follows[1] || rejects[0] != rejects[1] {
			w.Errorf("got follows %v", follows)
		}
		if got := c.peer(there.Host).LastError; !strings.Contains(got, "refused") {
			w.Errorf("the admin reads %q", got)
		}
	})(t)
}

// blockedWhileWaiting: what waits for who blocks an initiative is not sent, unless
// somebody else there still follows it; what waits of others is.
func blockedWhileWaiting(w *world, s *store.Store) {
	c, there := w.city(s), w.mastodon()
	id := c.publish("rad")
	alice, bob := c.fan(there, "alice", id), c.fan(there, "bob", id)
	c.fan(there, "bob", c.publish("other"))
	there.Answer("/inbox", fedtest.Answer{Status: 503, Always: true})
	hers, others := c.post("rad", "Hello"), c.post("other", "Hello")
	c.untilFailed(there.Host)
	c.until("both to wait", func() bool { return c.count(s.CountDeliveries) == 2 })
	for k, a := range []*fedtest.Actor{alice, bob} {
		status(w, a.Block(id), 202)
		c.settle()
		if n := c.count(s.CountDeliveries); n != 2-k {
			w.Fatalf("after %d blocked: %d deliveries wait, want %d", k+1, n, 2-k)
		}
	}
	there.AsUsual("/inbox")
	w.clock.Advance(time.Hour)
	taken := func(post string) func(fedtest.Delivery) bool {
		return func(d fedtest.Delivery) bool { return of("Create", post)(d) && d.Status == 202 }
	}
	w.await(there, taken(others))
	c.sent()
	if list := there.Deliveries(); slices.ContainsFunc(list, taken(hers)) {
		w.Errorf("it was sent to who had blocked it: %v", list)
	}
}

func fo8(t *testing.T) {
	t.Run("a person", onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), there.Actor("bob")
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		status(w, bob.Follow(id), 202)
		c.settle()
		status(w, alice.Block(id), 202)
		c.settle()
		if got := c.followers(id); len(got) != 1 || got[0].ActorID != bob.ID {
			w.Errorf("got followers %+v, want bob alone", got)
		}
	}))
	t.Run("what waits", onEach(blockedWhileWaiting))
	t.Run("a peer", onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		a := publisher(there)
		us := c.instance.DirectoryID()
		c.follow(there.Host)
		w.await(there, ofType("Follow"))
		c.untilPeer(there.Host, directory.PeerRequested)
		status(w, a.AcceptFollow(us), 202)
		status(w, a.Follow(us), 202)
		w.await(there, ofType("Accept"))
		if p := c.peer(there.Host); p.State != directory.PeerFollowing || !p.FollowsUs {
			w.Fatalf("got peer %+v", p)
		}
		status(w, a.Block(us), 202)
		c.settle()
		if p := c.peer(there.Host); p.State != directory.PeerRefused || p.FollowsUs {
			w.Errorf("after Block: %q, follows us: %v", p.State, p.FollowsUs)
		}
		if got := c.followers(us); len(got) != 0 {
			w.Errorf("got followers %+v", got)
		}
	}))
	t.Run("the instance", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		status(w, there.Instance().Follow(c.instance.ActorID()), 202)
		d := w.await(there, ofType("Reject"))
		if d.Signer != c.instance.ActorID() || len(c.followers(c.instance.ActorID())) != 0 {
			w.Errorf("got %v", d)
		}
	}))
}

// An actor that tells of its own change is known anew, with no document around
// the actor that says what it is written in: Mastodon says it once, outside.
func TestUpdateOfFollower(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		w.await(there, ofType("Accept"))
		// Announced with the old key, the new one counts at once (H9).
		newKey := w.mastodon().Actor("spare")
		alice.Edit(func(doc fedtest.Object) {
			doc["name"] = "Alice the Second"
			doc["publicKey"].(map[string]any)["publicKeyPem"] = w.keyOf(newKey)
		})
		update, err := alice.NewUpdate()
		if err != nil {
			w.Fatal(err)
		}
		delete(update["object"].(map[string]any), "@context")
		status(w, alice.Post(c.url("/inbox"), update), 202)
		c.settle()
		a, err := s.Actor(w.Context(), alice.ID)
		if err != nil || a.Name != "Alice the Second" {
			w.Fatalf("got %+v %v", a, err)
		}
		before := len(there.Requests())
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x"), fedtest.WithKeyOf(newKey)), 202)
		if got := there.Requests()[before:]; len(got) != 0 {
			w.Errorf("the key was fetched: %v", got)
		}
	})(t)
}

// TestUpdateOfActor: what is kept of who follows or wrote something here changes
// with the actor: where news goes, and whom a page names.
func TestUpdateOfActor(t *testing.T) {
	tell := func(c *city, alice *fedtest.Actor) {
		update, err := alice.NewUpdate()
		if err != nil {
			c.w.Fatal(err)
		}
		c.say(alice, update)
	}
	find := func(c *city, alice *fedtest.Actor) { // by its new key, which nobody announced
		alice.Rekey()
		c.w.clock.Advance(time.Hour)
		c.say(alice, alice.Activity("View", "x"))
	}
	for name, learn := range map[string]func(*city, *fedtest.Actor){"told": tell, "found": find} {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			id := c.publish("rad")
			alice, bob := c.fan(there, "alice", id), c.fan(there, "bob", id)
			post := c.post("rad", "Come and mend.")
			reply, res := alice.Reply(post, "<p>I do.</p>")
			status(w, res, 202)
			c.settle()
			c.sent()
			moved, page := there.URL+"/inboxes/alice", there.URL+"/@alice2"
			alice.Edit(func(doc fedtest.Object) {
				doc["name"], doc["url"], doc["inbox"], doc["endpoints"] = "Alice the Second", page, moved, map[string]any{}
				doc["icon"] = map[string]any{"type": "Image", "url": there.URL + "/alice.png"}
			})
			learn(c, alice)
			r, err := s.Reply(w.Context(), reply)
			if err != nil {
				w.Fatal(err)
			}
			want := directory.Author{
				ID: alice.ID, Acct: "alice@" + there.Host, Name: "Alice the Second", URL: page, Icon: there.URL + "/alice.png",
			}
			if diff := cmp.Diff(want, r.Author); diff != "" {
				w.Error(diff)
			}
			got := map[string]string{}
			for _, f := range c.followers(id) {
				got[f.ActorID] = f.Inbox + " " + f.Delivery
			}
			if diff := cmp.Diff(map[string]string{alice.ID: moved + " " + moved, bob.ID: bob.Inbox + " " + there.URL + "/inbox"}, got); diff != "" {
				w.Error(diff)
			}
			c.post("rad", "More news.")
			c.until("news at the new inbox", func() bool { return len(requests(there, http.MethodPost, "/inboxes/alice")) > 0 })
		}))
	}
}

// keyOf returns the public key that an actor's document shows.
func (w *world) keyOf(a *fedtest.Actor) any {
	w.Helper()
	update, err := a.NewUpdate()
	if err != nil {
		w.Fatal(err)
	}
	return update["object"].(map[string]any)["publicKey"].(map[string]any)["publicKeyPem"]
}

// Misskey names a Follow by who follows whom: who comes back has the same id, and
// so has the Undo. A replay of one changes nothing.
func TestFollowAgain(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, id := there.Actor("alice"), c.publish("rad")
		follow := alice.NewFollow(id)
		follow["id"] = there.URL + "/follows/9abc/8def"
		undo := alice.Activity("Undo", follow)
		undo["id"] = follow.String("id") + "/undo"
		for round := range 2 {
			status(w, alice.Post(id+"/inbox", follow), 202)
			c.settle()
			if n := len(c.followers(id)); n != 1 {
				w.Fatalf("time %d: %d followers", round+1, n)
			}
			c.sent()
			w.clock.Advance(time.Hour)
			status(w, alice.Post(id+"/inbox", undo), 202)
			c.settle()
			if n := len(c.followers(id)); n != 0 {
				w.Fatalf("time %d: %d followers after Undo", round+1, n)
			}
			w.clock.Advance(time.Hour)
		}
		if n := len(came(there, "Accept")); n != 2 {
			w.Errorf("%d Accepts, want 2", n)
		}
	})(t)
}

// An Undo may overtake its Follow (INTEROP D10).
func TestUndoBeforeFollow(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, id := there.Actor("alice"), c.publish("rad")
		for name, undone := range map[string]func(follow fedtest.Object) any{
			"whole": func(follow fedtest.Object) any { return follow },
			"id":    func(follow fedtest.Object) any { return follow.String("id") },
		} {
			follow := alice.NewFollow(id)
			status(w, alice.Post(id+"/inbox", alice.Activity("Undo", undone(follow))), 202)
			c.settle()
			status(w, alice.Post(id+"/inbox", follow), 202)
			c.settle()
			if n := len(c.followers(id)); n != 0 {
				w.Errorf("%s: %d followers after Undo and Follow", name, n)
			}
			w.clock.Advance(time.Minute)
			status(w, alice.Post(id+"/inbox", follow), 202) // with the same id, as Misskey has it
			c.settle()
			if n := len(c.followers(id)); n != 1 {
				w.Errorf("%s: %d followers after another Follow", name, n)
			}
			status(w, alice.Post(id+"/inbox", alice.Activity("Undo", follow)), 202)
			c.settle()
			c.sent()
		}
		status(w, alice.Follow(id), 202) // another time
		c.settle()
		if n := len(c.followers(id)); n != 1 {
			w.Errorf("%d followers after another Follow", n)
		}
	})(t)
}
