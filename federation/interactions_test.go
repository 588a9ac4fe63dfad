package federation_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// counts returns what came back to a post.
func (c *city) counts(post string) directory.Counts {
	c.w.Helper()
	counts, err := c.store.Counts(c.w.Context(), []string{post})
	if err != nil {
		c.w.Fatal(err)
	}
	return counts[post]
}

// waiting returns the replies that wait for a moderator.
func (c *city) waiting() []directory.Reply {
	c.w.Helper()
	list, err := c.store.Replies(c.w.Context(), directory.ReplyPending, "", 100)
	if err != nil {
		c.w.Fatal(err)
	}
	return list
}

// decide moderates a reply as it reads now.
func (c *city) decide(idOrKey string, state directory.ReplyState) {
	c.w.Helper()
	r, err := c.store.Reply(c.w.Context(), idOrKey)
	if err == nil {
		_, err = c.Moderate(c.w.Context(), r.Mark(), state)
	}
	if err != nil {
		c.w.Fatal(err)
	}
}

// block makes a decision about a server or an actor.
func (c *city) block(kind directory.BlockKind, subject string) {
	c.w.Helper()
	if err := c.Block(c.w.Context(), directory.Block{Subject: subject, Kind: kind}); err != nil {
		c.w.Fatal(err)
	}
}

// say sends an activity to the shared inbox and waits until it was acted on.
func (c *city) say(a *fedtest.Actor, activity fedtest.Object) {
	c.w.Helper()
	status(c.w, a.Post(c.url("/inbox"), activity), 202)
	c.settle()
}

func po8(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), there.Actor("bob")
		c.publish("rad")
		post := c.post("rad", "Come and mend.")
		want := func(what string, likes, shares int) {
			w.Helper()
			c.settle()
			if diff := cmp.Diff(directory.Counts{Likes: likes, Shares: shares}, c.counts(post)); diff != "" {
				w.Errorf("after %s: %s", what, diff)
			}
		}
		status(w, alice.Like(post), 202)
		status(w, alice.Like(post), 202) // with another id
		want("the same like twice", 1, 0)
		react := bob.Activity("EmojiReact", post)
		react["content"] = "🔧"
		status(w, bob.Post(c.url("/inbox"), react), 202)
		want("a reaction", 2, 0)
		status(w, alice.Boost(post), 202)
		status(w, alice.Boost(post), 202)
		want("the same share twice", 2, 1)
		note := c.document(post)
		if got := note.Object("likes")["totalItems"]; got != 2.0 {
			w.Errorf("the document counts %v likes", got)
		}
		if got := note.Object("shares")["totalItems"]; got != 1.0 {
			w.Errorf("the document counts %v shares", got)
		}
		status(w, alice.Unlike(post), 202) // whose Like has an id never seen
		want("its end", 1, 1)
		c.say(bob, bob.Activity("Undo", react.String("id"))) // a bare id
		want("the reaction's end", 0, 1)
		c.say(bob, bob.Activity("Undo", map[string]any{"type": "Announce", "actor": bob.ID, "object": post}))
		want("somebody else's Undo", 0, 1)
		status(w, alice.Unboost(post), 202)
		want("the share's end", 0, 0)

		late := alice.Activity("Like", post)
		c.say(alice, alice.Activity("Undo", map[string]any(late)))
		c.say(alice, late)
		want("an Undo that overtook its Like", 0, 0)
		status(w, alice.Like(post), 202)
		want("another like", 1, 0)
		status(w, alice.Post(c.url("/inbox"), alice.NewDelete(alice.ID)), 202)
		want("the end of the actor", 0, 0)
	})(t)
}

func po10(t *testing.T) {
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			id := c.publish("rad")
			post := c.post("rad", "Buy now.")
			text := "Spam <b>\x1b[31m" + strings.Repeat("ä", 6000)
			status(w, there.Report(text, id, post), 202)
			status(w, there.Report("Not about you", "https://elsewhere.example/a"), 0)
			c.settle()
			list, err := s.Reports(w.Context(), false, "", 10)
			if err != nil || len(list) != 1 {
				w.Fatalf("got %+v %v, want one report", list, err)
			}
			r := list[0]
			if r.Host != there.Host || strings.Contains(r.Host, "actor") {
				w.Errorf("the reporter is %q, want its host alone", r.Host)
			}
			if diff := cmp.Diff([]string{id, post}, r.Objects); diff != "" {
				w.Error(diff)
			}
			if n := len([]rune(r.Text)); n > directory.MaxReport || !strings.HasPrefix(r.Text, "Spam <b>[31m") {
				w.Errorf("%d characters: %.40q", n, r.Text)
			}
			if err := c.CloseReport(w.Context(), r.ID); err != nil {
				w.Error(err)
			}
			if list, err := s.Reports(w.Context(), false, "", 10); err != nil || len(list) != 0 {
				w.Errorf("got %+v %v after it was closed", list, err)
			}
		})(t)
	})
}

func po11(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, there := w.city(s), w.city(storetest.Open(w.T)), w.mastodon()
		alice := there.Actor("alice")
		old := a.publish("rad")
		status(w, alice.Follow(old), 202)
		there.Await(w.Context(), ofType("Accept"))
		b.peers(a)
		b.until("the carried entry", func() bool { return b.state(old) == directory.Published })

		fresh := b.publish("radenrat")
		ctx := w.Context()
		if _, err := federation.MoveTarget(ctx, a.Client, old, fresh); err == nil {
			w.Error("moved to somebody who does not know it")
		}
		if _, err := b.Edit(ctx, "radenrat", func(i *directory.Initiative) error {
			i.AlsoKnownAs = []string{old}
			return nil
		}); err != nil {
			w.Fatal(err)
		}
		target, err := federation.MoveTarget(ctx, a.Client, old, "@radenrat@"+b.instance.Host)
		if err != nil || target != fresh {
			w.Fatalf("got %q %v, want %q", target, err, fresh)
		}
		if err := a.Move(ctx, "rad", target); err != nil {
			w.Fatal(err)
		}
		there.Await(ctx, ofType("Move"))
		b.until("the follower at the new place", func() bool { return len(b.followers(fresh)) == 1 })
		if got := a.document("/initiatives/rad").String("movedTo"); got != fresh {
			w.Errorf("the old actor moved to %q", got)
		}
		if got := a.finger("acct:rad@" + a.instance.Host); got.Status != http.StatusOK {
			w.Errorf("the old handle answers %d", got.Status)
		}
		if got := a.state(old); got != directory.Moved {
			w.Errorf("the old entry is %q", got)
		}
		b.until("the end of the carried entry", func() bool { return b.state(old) == directory.Moved })
		if i, err := b.store.Initiative(ctx, old); err != nil || i.MovedTo != fresh {
			w.Errorf("got %+v %v", i, err)
		}
		a.until("nobody left behind", func() bool { return len(a.followers(old)) == 0 })
		status(w, alice.Follow(old), 202)
		there.Await(ctx, ofType("Reject"))

		if err := a.Move(ctx, "rad", "https://third.example/rad"); err == nil {
			w.Error("it moved twice within a week")
		}
		w.clock.Advance(directory.MoveCooldown + time.Second)
		if err := a.Move(ctx, "rad", "https://third.example/rad"); err != nil {
			w.Errorf("it cannot move a week later: %v", err)
		}
		if got := len(came(there, "Move")); got != 1 {
			w.Errorf("%d Moves came", got)
		}
	})(t)
}

func sg13(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), there.Actor("bob")
		id := c.publish("rad")
		c.block(directory.Blocked, there.Host)
		status(w, alice.Post(c.url("/inbox"), alice.NewFollow(id)), 403)
		carol := w.mastodon().Actor("carol") // whose server is welcome, with a key of the other
		status(w, carol.Post(c.url("/inbox"), carol.Activity("View", id), fedtest.SignedBy(alice)), 403)
		if got := there.Requests(); len(got) > 0 {
			w.Errorf("it was asked for something: %v", got)
		}
		if len(c.followers(id)) != 0 || c.count(c.store.CountReceived) != 0 {
			w.Error("something was taken from a blocked server")
		}
		if _, err := c.Client.Document(w.Context(), alice.ID); err == nil {
			w.Error("a blocked server was asked")
		}
		if err := c.AddPeer(w.Context(), there.Host); err == nil {
			w.Error("a blocked server became a peer")
		}

		for _, path := range []string{"/initiatives/rad", "/directory", "/directory/outbox"} {
			for _, shape := range []fedtest.Shape{fedtest.AsCavage, fedtest.AsRFC9421} {
				status(w, alice.Get(c.url(path), shape), 403)
				status(w, w.mastodon().Actor("carol").Get(c.url(path), shape), 200)
			}
			status(w, alice.Get(c.url(path), fedtest.NotSigned), 200)
		}

		// A decision counts at once, also when it is taken back.
		if err := c.Unblock(w.Context(), there.Host); err != nil {
			w.Fatal(err)
		}
		status(w, alice.Follow(id), 202)
		status(w, bob.Follow(id), 202)
		c.until("two followers", func() bool { return len(c.followers(id)) == 2 })
		c.sent()
		c.block(directory.Blocked, alice.ID)
		status(w, alice.Like(c.post("rad", "News.")), 403)
		status(w, bob.Post(c.url("/inbox"), bob.Activity("View", id)), 202)
		if got := c.followers(id); len(got) != 1 || got[0].ActorID != bob.ID {
			w.Errorf("got followers %+v, want bob alone", got)
		}
	})(t)
}

// The closest decision counts: whoever is excepted from the block of their server
// is heard and answered, and nobody else there.
func TestAllowedOnBlockedServer(t *testing.T) {
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onEach(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			alice, bob := there.Actor("alice"), there.Actor("bob")
			id := c.publish("rad")
			post := c.post("rad", "News.")
			c.block(directory.Blocked, there.Host)
			c.block(directory.Allowed, alice.ID)
			status(w, alice.Follow(id), 202)
			w.await(there, ofType("Accept"))
			c.say(alice, alice.Activity("Like", post))
			if got := c.counts(post).Likes; got != 1 {
				w.Errorf("%d likes, want hers", got)
			}
			c.post("rad", "More news.")
			w.await(there, ofType("Create"))
			if _, err := c.Client.Document(w.Context(), alice.ID); err != nil {
				w.Errorf("she cannot be asked: %v", err)
			}

			before := len(requests(there, http.MethodGet, ""))
			status(w, bob.Follow(id), 403)
			forged := alice.Activity("Like", post)
			status(w, bob.Post(c.url("/inbox"), forged, func(g *fedtest.Signing) { g.KeyID = bob.KeyID }), 403)
			if _, err := c.Client.Document(w.Context(), bob.ID); err == nil {
				w.Error("somebody else there was asked")
			}
			if got := len(requests(there, http.MethodGet, "")); got != before {
				w.Errorf("%d requests came for somebody else", got-before)
			}

			// A decision about the server that is made later leaves her alone.
			c.block(directory.Blocked, there.Host)
			if got := c.followers(id); len(got) != 1 || got[0].ActorID != alice.ID {
				w.Errorf("got followers %+v, want alice", got)
			}
			c.block(directory.Blocked, alice.ID)
			status(w, alice.Post(c.url("/inbox"), alice.Activity("Like", post)), 403)
		})(t)
	})
}

func se3(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there, third := w.city(s), w.mastodon(), w.mastodon()
		alice, carol := there.Actor("alice"), third.Actor("carol")
		id := c.publish("rad")
		post := c.post("rad", "News.")
		before := c.get("/initiatives/rad", activityJSON).Body
		forged := c.document("/initiatives/rad")
		forged["name"] = "Forged"
		c.say(alice, alice.Activity("Update", map[string]any(forged)))
		own := fedtest.Object{"type": "Note", "content": "Forged", "to": []any{fedtest.Public}, "inReplyTo": post, "published": "2026-11-23T12:00:00Z"}
		for _, by := range []string{id, carol.ID, alice.ID} {
			for _, at := range []string{post, c.url("/initiatives/rad/posts/new"), carol.ID + "/statuses/1", alice.ID + "/statuses/1"} {
				if by == alice.ID && strings.HasPrefix(at, alice.ID) {
					continue // its own
				}
				own["id"], own["attributedTo"] = at, by
				c.say(alice, alice.Activity("Create", map[string]any(own)))
				own["updated"] = "2026-11-23T12:00:01Z"
				c.say(alice, alice.Activity("Update", map[string]any(own)))
			}
		}
		for _, o := range []string{post, id, carol.ID} {
			c.say(alice, alice.Activity("Delete", o))
		}
		if got := c.waiting(); len(got) != 0 {
			w.Errorf("got replies %+v", got)
		}
		if after := c.get("/initiatives/rad", activityJSON).Body; after != before {
			w.Errorf("our actor became\n%s", after)
		}
		if got := c.get(strings.TrimPrefix(post, c.instance.URL("")), activityJSON); got.Status != 200 || strings.Contains(got.Body, "Forged") {
			w.Errorf("our post became %d %s", got.Status, got.Body)
		}
		if got := third.Requests(); len(got) != 0 {
			w.Errorf("the third server was asked: %v", got)
		}
	})(t)
}

func se7(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		c.publish("rad")
		post := c.post("rad", "News.")
		_, res := there.Actor("alice").Reply(post, `<p onclick="x()">I <b>come<script>alert(1)</script><style>p{}</style>`+
			`<img src="https://track.example/x.png"> <a href="javascript:x()">so</a> <a href="https://a.example" target="_top">there</a></p>`)
		status(w, res, 202)
		c.settle()
		list := c.waiting()
		if len(list) != 1 {
			w.Fatalf("got %+v, want one reply", list)
		}
		want := `<p>I <b>come so <a href="https://a.example" rel="nofollow noreferrer">there</a></b></p>`
		if got := list[0].Content; got != want {
			w.Errorf("got  %s\nwant %s", got, want)
		}
		c.decide(list[0].Key, directory.ReplyApproved)
		page := c.page(post)
		if page.Code != 200 || !strings.Contains(page.Body.String(), want) {
			w.Errorf("the page, %d, does not show it: %s", page.Code, page.Body)
		}
		for _, bad := range []string{"alert(1)", "onclick", "javascript:", "track.example"} {
			if strings.Contains(page.Body.String(), bad) {
				w.Errorf("the page has %s", bad)
			}
		}
	})(t)
}

func TestReply(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), there.Actor("bob")
		c.publish("rad")
		post := c.post("rad", "Come and mend.")
		first, res := alice.Reply(post, "<p>I do.</p>")
		status(w, res, 202)
		second, err := bob.Note("<p>Me too.</p>", fedtest.Object{"inReplyTo": first})
		if err != nil {
			w.Fatal(err)
		}
		c.settle()
		c.say(bob, bob.NewCreate(second))
		c.say(bob, bob.NewCreate(second)) // once more, with another id
		list := c.waiting()
		if len(list) != 2 {
			w.Fatalf("got %+v, want two replies", list)
		}
		r := list[0]
		got := directory.Reply{ID: r.ID, PostID: r.PostID, InitiativeID: r.InitiativeID, Content: r.Content, Language: r.Language, Author: r.Author}
		want := directory.Reply{
			ID: first, PostID: post, InitiativeID: c.instance.InitiativeID("rad"), Content: "<p>I do.</p>", Language: "en",
			Author: directory.Author{ID: alice.ID, Acct: strings.TrimPrefix(alice.Handle(), "@"), Name: "alice", URL: there.URL + "/@alice"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Error(diff)
		}
		if list[1].PostID != post || list[1].InReplyTo != first {
			w.Errorf("got %+v, want a reply to the reply", list[1])
		}
		if n, ids, err := there.Collection(w.Context(), post+"/replies"); n != 0 || len(ids) != 0 || err != nil {
			w.Errorf("before moderation: %d %v %v", n, ids, err)
		}
		c.decide(list[0].Key, directory.ReplyApproved)
		c.decide(list[1].ID, directory.ReplyRejected)
		if n, ids, err := there.Collection(w.Context(), post+"/replies"); n != 1 || len(ids) != 1 || ids[0] != first || err != nil {
			w.Errorf("after moderation: %d %v %v", n, ids, err)
		}
		if got := c.document(post).Object("replies")["totalItems"]; got != 1.0 {
			w.Errorf("the document counts %v replies", got)
		}
	})(t)
}

func TestReplyChanges(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, mallory := there.Actor("alice"), there.Actor("mallory")
		c.publish("rad")
		post := c.post("rad", "Come and mend.")
		id, res := alice.Reply(post, "<p>I do.</p>")
		status(w, res, 202)
		c.settle()
		c.decide(id, directory.ReplyApproved)
		edit := func(words, updated string) map[string]any {
			return map[string]any{
				"id": id, "type": "Note", "attributedTo": alice.ID, "content": words, "inReplyTo": post,
				"to": []any{fedtest.Public}, "published": "2026-11-23T12:00:00Z", "updated": updated,
			}
		}
		reply := func() directory.Reply {
			w.Helper()
			r, err := s.Reply(w.Context(), id)
			if err != nil {
				w.Fatal(err)
			}
			return *r
		}
		c.say(mallory, mallory.Activity("Update", edit("<p>Buy now.</p>", "2026-11-23T12:00:05Z")))
		c.say(mallory, mallory.NewDelete(id))
		c.say(alice, alice.Activity("Update", edit("<p>Older.</p>", "2026-11-23T11:00:00Z")))
		if got := reply(); got.Content != "<p>I do.</p>" || got.State != directory.ReplyApproved {
			w.Errorf("got %+v", got)
		}
		c.say(alice, alice.Activity("Update", edit("<p>I do, on Friday.</p>", "2026-11-23T12:00:10Z")))
		if got := reply(); got.Content != "<p>I do, on Friday.</p>" || got.State != directory.ReplyPending {
			w.Errorf("after the edit: %+v, which was approved for its old words", got)
		}
		// Nobody decides about words that they did not read.
		read := reply()
		c.say(alice, alice.Activity("Update", edit("<p>Buy now.</p>", "2026-11-23T12:00:15Z")))
		for _, name := range []string{read.Key, read.Mark(), id} {
			if _, err := c.Moderate(w.Context(), name, directory.ReplyApproved); !errors.Is(err, directory.ErrConflict) {
				w.Errorf("approved by %s: %v", name, err)
			}
		}
		if _, err := c.Moderate(w.Context(), read.Mark(), directory.ReplyRejected); !errors.Is(err, directory.ErrConflict) {
			w.Errorf("rejected for its old words: %v", err)
		}
		if got := reply(); got.State != directory.ReplyPending || got.Key != read.Key {
			w.Errorf("got %+v", got)
		}
		c.decide(id, directory.ReplyApproved)
		if _, err := c.Moderate(w.Context(), id, directory.ReplyRejected); err != nil {
			w.Errorf("rejected by its address: %v", err)
		}
		if got := reply(); got.State != directory.ReplyRejected {
			w.Errorf("got %+v", got)
		}
		c.say(alice, alice.NewDelete(id))
		if _, err := s.Reply(w.Context(), id); err == nil {
			w.Error("it was not deleted")
		}
		c.say(alice, alice.Activity("Create", edit("<p>Back.</p>", "2026-11-23T12:00:20Z")))
		if got := c.waiting(); len(got) != 1 {
			w.Fatalf("a deleted reply may be written anew; got %+v", got)
		}

		early, err := alice.Note("<p>Gone.</p>", fedtest.Object{"inReplyTo": post})
		if err != nil {
			w.Fatal(err)
		}
		c.say(alice, alice.NewDelete(early.String("id")))
		c.say(alice, alice.NewCreate(early))
		if got := c.waiting(); len(got) != 1 {
			w.Errorf("got %+v, want nothing of what was deleted before it came", got)
		}
		c.say(alice, alice.NewDelete(alice.ID))
		if got := c.waiting(); len(got) != 0 {
			w.Errorf("got %+v of an actor that is gone", got)
		}
	})(t)
}

// TestRepliesGoWithTheirPost: no reply outlives its post, and none comes after it,
// whomever else it names.
func TestRepliesGoWithTheirPost(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		post := c.post("rad", "Come and mend.")
		_, res := alice.Reply(post, "<p>I do.</p>")
		status(w, res, 202)
		c.settle()
		if err := c.DeletePost(w.Context(), post); err != nil {
			w.Fatal(err)
		}
		late, err := alice.Note("<p>Me too.</p>", fedtest.Object{
			"inReplyTo": post, "cc": []any{id}, "tag": []any{map[string]any{"type": "Mention", "href": id, "name": "@rad"}},
		})
		if err != nil {
			w.Fatal(err)
		}
		c.say(alice, alice.NewCreate(late))
		if got := c.waiting(); len(got) != 0 {
			w.Errorf("there wait %+v", got)
		}
	})(t)
}

func TestReplyPolicies(t *testing.T) {
	for policy, want := range map[directory.ReplyPolicy]map[string]directory.ReplyState{
		directory.ReplyReview: {"alice": directory.ReplyPending, "limited": directory.ReplyPending},
		directory.ReplyShow:   {"alice": directory.ReplyApproved, "limited": directory.ReplyPending},
		directory.ReplyOff:    {},
	} {
		t.Run(string(policy), onSQLite(func(w *world, s *store.Store) {
			c := w.city(s, func(o *federation.Options) { o.Replies = policy })
			there := w.mastodon()
			c.publish("rad")
			post := c.post("rad", "Come and mend.")
			c.block(directory.Limited, there.Actor("limited").ID)
			got := map[string]directory.ReplyState{}
			for _, name := range []string{"alice", "limited"} {
				id, res := there.Actor(name).Reply(post, "<p>I do.</p>")
				status(w, res, 202)
				c.settle()
				if r, err := s.Reply(w.Context(), id); err == nil {
					got[name] = r.State
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				w.Error(diff)
			}
		}))
	}
}

func TestReplyFlood(t *testing.T) {
	flood := func(w *world, s *store.Store, together bool) {
		c, there := w.dormant(s), w.mastodon()
		if !together {
			c.run()
		}
		c.publish("rad")
		post := c.post("rad", "Come and mend.")
		for range directory.RepliesPerAuthor + 5 {
			_, res := there.Actor("alice").Reply(post, "<p>Buy now.</p>")
			status(w, res, 202)
		}
		_, res := there.Actor("bob").Reply(post, "<p>I come.</p>")
		status(w, res, 202)
		if together {
			c.run()
		}
		c.settle()
		if got := len(c.waiting()); got != directory.RepliesPerAuthor+1 {
			w.Errorf("%d replies wait, want %d of one and one of the other", got, directory.RepliesPerAuthor)
		}
	}
	t.Run("as they come", onSQLite(func(w *world, s *store.Store) { flood(w, s, false) }))
	t.Run("together", onEach(func(w *world, s *store.Store) { flood(w, s, true) }))
}

// TestTogether: what is acted on in one transaction sees what came before it there.
func TestTogether(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.dormant(s), w.mastodon()
		id := c.publish("rad")
		post := c.post("rad", "Come and mend.")
		alice, bob, carol := there.Actor("alice"), there.Actor("bob"), there.Actor("carol")
		like := alice.Activity("Like", post)
		status(w, bob.Like(post), 202)
		status(w, alice.Post(c.url("/inbox"), alice.Activity("Undo", like["id"])), 202) // overtakes what it undoes
		status(w, alice.Post(c.url("/inbox"), like), 202)
		note, res := alice.Reply(post, "<p>I come.</p>")
		status(w, res, 202)
		answer, err := carol.Note("<p>So do I.</p>", fedtest.Object{"inReplyTo": note}) // which is not stored yet
		if err != nil {
			w.Fatal(err)
		}
		status(w, carol.Post(c.url("/inbox"), carol.NewCreate(answer)), 202)
		status(w, carol.Follow(id), 202)
		status(w, carol.Block(id), 202)
		c.run()
		c.settle()
		if counts, err := s.Counts(w.Context(), []string{post}); err != nil || counts[post].Likes != 1 {
			w.Errorf("got %+v, %v, want bob's like alone", counts[post], err)
		}
		if got := c.waiting(); len(got) != 2 || got[0].PostID != post || got[1].PostID != post {
			w.Errorf("got %+v, want both replies under the post", got)
		}
		if got := c.followers(id); len(got) != 0 {
			w.Errorf("got followers %+v", got)
		}
		if got, err := s.Readers(w.Context(), id); err != nil || len(got) != 1 {
			w.Errorf("got %v, %v, want the shared inbox of all, once", got, err)
		}
	})(t)
}

func TestPrivateReplyIsNotKept(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		post := c.post("rad", "Come and mend.")
		for name, to := range map[string][]any{"direct": {id}, "followers": {alice.ID + "/followers", id}} {
			note, err := alice.Note("<p>My secret.</p>", fedtest.Object{"inReplyTo": post, "to": to, "cc": []any{}})
			if err != nil {
				w.Fatal(err)
			}
			c.say(alice, alice.NewCreate(note))
			if got := c.waiting(); len(got) != 0 {
				w.Errorf("%s: got %+v", name, got)
			}
		}
	})(t)
}

// A reply may be no more than pictures, or be a question: what it shows are links
// with what the pictures are said to be.
func TestReplyOfOtherShape(t *testing.T) {
	picture := func(kind, media, path, alt string) map[string]any {
		return map[string]any{"type": kind, "mediaType": media, "url": "https://files.example/" + path, "name": alt}
	}
	link := func(path, words string) string {
		return `<p><a href="https://files.example/` + path + `" rel="nofollow noreferrer">` + words + `</a></p>`
	}
	for name, c := range map[string]struct {
		words string
		more  fedtest.Object
		want  string
	}{
		"only a picture": {
			"",
			fedtest.Object{"attachment": []any{picture("Document", "image/png", "a.png", "A <b>bike</b>"), picture("Image", "", "b", "")}},
			link("a.png", "Picture: A &lt;b&gt;bike&lt;/b&gt;") + link("b", "Picture"),
		},
		"words and a film": {
			"<p>Look!</p>",
			fedtest.Object{"attachment": []any{picture("Document", "video/mp4", "f.mp4", "")}},
			"<p>Look!</p>" + link("f.mp4", "Attachment"),
		},
		"a bad address": {"", fedtest.Object{"attachment": []any{map[string]any{"type": "Image", "url": "javascript:x()"}}}, ""},
		"a question": {"<p>Which day?</p>", fedtest.Object{
			"type": "Question", "oneOf": []any{map[string]any{"type": "Note", "name": "Friday"}},
		}, "<p>Which day?</p>"},
		"full": {
			strings.Repeat("&", directory.MaxReply),
			fedtest.Object{"attachment": []any{picture("Image", "", "c", "")}},
			strings.Repeat("&amp;", directory.MaxReply),
		},
		"nothing": {"", nil, ""},
	} {
		t.Run(name, onSQLite(func(w *world, s *store.Store) {
			there, city := w.mastodon(), w.city(s)
			alice := there.Actor("alice")
			city.publish("rad")
			more := fedtest.Object{"inReplyTo": city.post("rad", "Come and mend.")}
			maps.Copy(more, c.more)
			note, err := alice.Note(c.words, more)
			if err != nil {
				w.Fatal(err)
			}
			city.say(alice, alice.NewCreate(note))
			got := ""
			for _, r := range city.waiting() {
				got += r.Content
			}
			if got != c.want {
				w.Errorf("got  %s\nwant %s", got, c.want)
			}
		}))
	}
}

func TestMentionIsKept(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		note, err := alice.Note("<p>Thanks to @rad</p>", fedtest.Object{
			"cc": []any{id}, "tag": []any{map[string]any{"type": "Mention", "href": id, "name": "@rad"}},
		})
		if err != nil {
			w.Fatal(err)
		}
		c.say(alice, alice.NewCreate(note))
		if got := c.waiting(); len(got) != 1 || got[0].InitiativeID != id || got[0].PostID != "" {
			w.Errorf("got %+v", got)
		}
	})(t)
}

// Whoever is blocked is cut off: nothing of theirs stays, and nothing is sent.
func TestBlockCutsOff(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b, there := w.city(s), w.city(storetest.Open(w.T)), w.mastodon()
		alice := there.Actor("alice")
		id := a.publish("rad")
		foreign := b.publish("tool")
		a.peers(b)
		a.until("the carried entry", func() bool { return a.state(foreign) == directory.Published })
		status(w, alice.Follow(id), 202)
		a.settle()
		post := a.post("rad", "News.")
		_, res := alice.Reply(post, "<p>I do.</p>")
		status(w, res, 202)
		status(w, alice.Like(post), 202)
		a.settle()
		a.until("the post", func() bool { return len(came(there, "Create")) > 0 })
		a.sent()
		list := []directory.Block{{Subject: there.Host, Kind: directory.Blocked}, {Subject: b.instance.Host, Kind: directory.Blocked}}
		reach, err := a.Preview(w.Context(), list)
		if err != nil {
			w.Fatal(err)
		}
		want := &directory.Reach{
			Followers: []string{alice.ID}, Peers: []string{b.instance.Host}, Entries: map[string]int{b.instance.Host: 1},
			Unlisted: map[string]int{}, Replies: 1, Reactions: 1,
		}
		if diff := cmp.Diff(want, reach); diff != "" {
			w.Error(diff)
		}
		if err := a.Block(w.Context(), list...); err != nil {
			w.Fatal(err)
		}
		if reach, err := a.Preview(w.Context(), list); err != nil || !reach.Empty() {
			w.Errorf("still there: %+v %v", reach, err)
		}
		before := len(there.Deliveries())
		a.post("rad", "More news.")
		a.sent()
		if got := len(there.Deliveries()); got != before {
			w.Errorf("%d deliveries came after the block", got-before)
		}
	})(t)
}

func TestLimitUnlists(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		foreign := b.publish("tool")
		a.peers(b)
		a.until("the carried entry", func() bool { return a.state(foreign) == directory.Published })
		a.block(directory.Limited, b.instance.Host)
		if got := a.state(foreign); got != directory.Unlisted {
			w.Errorf("the entry is %q", got)
		}
		if _, err := b.Edit(w.Context(), "tool", func(i *directory.Initiative) error {
			i.Summary = "New words."
			return nil
		}); err != nil {
			w.Fatal(err)
		}
		a.until("the edit", func() bool {
			i, err := s.Initiative(w.Context(), foreign)
			return err == nil && i.Summary == "New words."
		})
		if got := a.state(foreign); got != directory.Unlisted {
			w.Errorf("after an edit it is %q", got)
		}
		if err := a.Unblock(w.Context(), b.instance.Host); err != nil {
			w.Fatal(err)
		}
		if got := a.state(foreign); got != directory.Published {
			w.Errorf("afterwards it is %q", got)
		}
	})(t)
}

// state returns the state of an entry, "" if there is none.
func (c *city) state(id string) directory.State {
	i, err := c.store.Initiative(c.w.Context(), id)
	if err != nil {
		return ""
	}
	return i.State
}

// peers has the city follow the directory of another one.
func (c *city) peers(other *city) {
	c.w.Helper()
	c.follow(other.instance.Host)
	c.until("following "+other.instance.Host, func() bool {
		p, err := c.store.Peer(c.w.Context(), other.instance.Host)
		return err == nil && p.State == directory.PeerFollowing
	})
}
