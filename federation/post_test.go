package federation_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// fan returns an actor of a server that follows an initiative of the city.
func (c *city) fan(there *fedtest.Server, name, id string) *fedtest.Actor {
	c.w.Helper()
	a := there.Actor(name)
	status(c.w, a.Follow(id), 202)
	c.w.await(there, func(d fedtest.Delivery) bool {
		return d.Type == "Accept" && d.Actor == id && d.Inbox == a && d.Status == http.StatusAccepted
	})
	return a
}

// of matches taken deliveries of a type about an object.
func of(kind, object string) func(fedtest.Delivery) bool {
	return func(d fedtest.Delivery) bool { return ofType(kind)(d) && d.Object == object }
}

// shown returns a post in an actor's timeline, or nil.
func shown(a *fedtest.Actor, post string) *fedtest.Status {
	for _, s := range a.Timeline() {
		if s.ID == post {
			return &s
		}
	}
	return nil
}

func po1(t *testing.T) {
	take := func(f fedtest.Flavour) func(w *world, s *store.Store) {
		return func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			id := c.publish("rad")
			alice := c.fan(there, "alice", id)
			post := c.post("rad", "Tools <b>are</b> back: #RepairCafe & more\n\nhttps://rad.example/news")
			d := w.await(there, of("Create", post))
			seen := shown(alice, post)
			if seen == nil || d.Err != nil {
				w.Fatalf("alice sees %v: %v", alice.Timeline(), d)
			}
			if s := seen; s.Author != id || s.Visibility != "public" || s.Language != "en" || s.URL != post ||
				!slices.Contains(s.Hashtags, "#RepairCafe") || strings.Contains(s.Content, "<b>") ||
				!strings.Contains(s.Content, `href="https://rad.example/news"`) {
				w.Errorf("alice sees %+v", s)
			}
			note := d.Activity.Object("object")
			for _, o := range []fedtest.Object{d.Activity, note} {
				if !slices.Equal(o.IDs("to"), []string{fedtest.Public}) || !slices.Equal(o.IDs("cc"), []string{id + "/followers"}) {
					w.Errorf("%s is to %v, cc %v", o.String("type"), o["to"], o["cc"])
				}
			}
			if d.ID == post || !strings.HasPrefix(d.ID, post) || d.Signer != id {
				w.Errorf("got activity %q by %s", d.ID, d.Signer)
			}
			if got := note.Object("contentMap"); len(got) != 1 || got["en"] != note["content"] {
				w.Errorf("got contentMap %v", got)
			}
			if note.ID("attributedTo") != id || note.String("published") != "2026-11-23T12:00:00.000000Z" || note.String("url") != post {
				w.Errorf("got note %v", note)
			}
			served := c.document(post)
			for _, name := range []string{"@context", "proof", "replies", "likes", "shares"} { // these only when asked
				delete(served, name)
			}
			if diff := cmp.Diff(served, note); diff != "" {
				w.Errorf("sent otherwise than served (-served +sent):\n%s", diff)
			}
		}
	}
	onEach(take(fedtest.Mastodon47()))(t)
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) { onSQLite(take(f))(t) })
}

// picture returns a small PNG.
func picture(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 6))
	img.Set(1, 1, color.RGBA{shade, shade, 0, 255})
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func po3(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		dir := media.NewDir(w.TempDir())
		c, there := w.city(s, func(o *federation.Options) { o.Media = dir }), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(there, "alice", id)
		var pictures []directory.Attachment
		for k := range 6 {
			a, err := dir.Put(w.Context(), bytes.NewReader(picture(w, uint8(10*k))), fmt.Sprintf("Picture %d", k))
			if err != nil {
				w.Fatal(err)
			}
			pictures = append(pictures, a)
		}
		if err := c.Post(w.Context(), "rad", &directory.Post{Text: "Six", Attachments: pictures}); err == nil {
			w.Error("six pictures were taken, of which two would not be seen")
		}
		post := &directory.Post{Text: "Four", Attachments: pictures[:4]}
		if err := c.Post(w.Context(), "rad", post); err != nil {
			w.Fatal(err)
		}
		d := w.await(there, of("Create", post.ID))
		for k, v := range d.Activity.Object("object").List("attachment") {
			a := fedtest.Object(v.(map[string]any))
			alt := fmt.Sprintf("Picture %d", k)
			if a["width"] != 8.0 || a["height"] != 6.0 || a.String("summary") != alt || a.String("name") != alt {
				w.Errorf("got attachment %v", a)
			}
			got := c.get(a.ID("url"), "image/*")
			if got.Status != 200 || got.Header.Get("Content-Type") != a.String("mediaType") ||
				got.Header.Get("X-Content-Type-Options") != "nosniff" {
				w.Errorf("%s: got %d %v", a["url"], got.Status, got.Header)
			}
		}
		if s := shown(alice, post.ID); s == nil || len(s.Attachments) != 4 || s.Attachments[3].Alt != "Picture 3" {
			w.Errorf("alice sees %+v", s)
		}
	})(t)
}

// TestPicturesGo: a picture is there as long as anything has it, and no longer.
func TestPicturesGo(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		library := media.NewDir(w.TempDir())
		c := w.city(s, func(o *federation.Options) { o.Media = library })
		c.publish("rad")
		var files, posts []string
		for k := range 3 {
			a, err := library.Put(w.Context(), bytes.NewReader(picture(w, uint8(10*k))), "")
			if err != nil {
				w.Fatal(err)
			}
			files = append(files, a.File)
			if k == 2 {
				break // the logo
			}
			for range 2 {
				p := &directory.Post{Text: "Look", Attachments: []directory.Attachment{a}}
				if err := c.Post(w.Context(), "rad", p); err != nil {
					w.Fatal(err)
				}
				posts = append(posts, p.ID)
			}
		}
		_, err := c.Edit(w.Context(), "rad", func(i *directory.Initiative) error {
			i.Image = &directory.Image{URL: c.url("/media/" + files[2])}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
		becomes := func(want ...int) {
			w.Helper()
			c.until("pictures to go", func() bool {
				var got []int
				for _, file := range files {
					got = append(got, c.get("/media/"+file, "image/*").Status)
				}
				return slices.Equal(got, want)
			})
		}
		// The jobs are done in order: once the first picture is gone, the second,
		// which another post has, was looked at.
		for _, post := range []string{posts[2], posts[0], posts[1]} {
			if err := c.DeletePost(w.Context(), post); err != nil {
				w.Fatal(err)
			}
		}
		becomes(404, 200, 200)
		if err := c.Withdraw(w.Context(), "rad"); err != nil {
			w.Fatal(err)
		}
		becomes(404, 404, 404)
	})(t)
}

func po4(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(there, "alice", id)
		post := c.post("rad", "First")
		created := w.await(there, of("Create", post))
		var ids []string
		var edited time.Time
		for _, text := range []string{"Second", "Third"} { // within one moment
			if err := c.EditPost(w.Context(), post, text); err != nil {
				w.Fatal(err)
			}
			d := w.await(there, func(d fedtest.Delivery) bool {
				return d.Type == "Update" && d.Object == post && !slices.Contains(ids, d.ID)
			})
			ids = append(ids, d.ID)
			if d.Err != nil || !strings.HasPrefix(d.ID, post+"#updates/") {
				w.Errorf("got %v with id %s", d, d.ID)
			}
			for _, o := range []fedtest.Object{d.Activity, d.Activity.Object("object")} {
				if !cmp.Equal(o["to"], created.Activity["to"]) || !cmp.Equal(o["cc"], created.Activity["cc"]) {
					w.Errorf("%s is to %v, cc %v, unlike the Create", o.String("type"), o["to"], o["cc"])
				}
			}
			s := shown(alice, post)
			if s == nil || !strings.Contains(s.Content, text) || !s.Edited.After(edited) || !s.Edited.After(s.Published) {
				w.Fatalf("alice sees %+v", s)
			}
			edited = s.Edited
		}
	})(t)
}

func po5(t *testing.T) {
	t.Run("everyone who got it", deletionReachesReaders)
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(there, "alice", id)
		post := c.post("rad", "Oops")
		w.await(there, of("Create", post))
		if err := c.DeletePost(w.Context(), post); err != nil {
			w.Fatal(err)
		}
		d := w.await(there, of("Delete", post))
		object := d.Activity.Object("object")
		if object.String("type") != "Tombstone" || object.String("id") != post || !slices.Contains(d.Activity.IDs("to"), fedtest.Public) {
			w.Errorf("got %s", d.Body)
		}
		if s := shown(alice, post); s != nil || d.Err != nil {
			w.Errorf("alice sees %+v %v", s, d.Err)
		}
		got := c.get(post, activityJSON)
		if doc := c.decode(got.Body); got.Status != 410 || doc.String("type") != "Tombstone" || doc.String("id") != post {
			w.Errorf("got %d %s", got.Status, got.Body)
		}
		if n, list, err := there.Collection(w.Context(), id+"/outbox"); err != nil || n != 1 || len(list) != 1 {
			w.Errorf("the outbox has %d %v %v, want the introduction alone", n, list, err)
		}
	})(t)
}

// withdrawalReachesAll: who never got anything of an initiative has looked it up.
// Every shared inbox is told that is known, once.
func withdrawalReachesAll(w *world, s *store.Store) {
	c, reader, stranger, caller := w.city(s), w.mastodon(), w.mastodon(), w.mastodon()
	id := c.publish("rad")
	c.fan(reader, "alice", id)
	other := c.publish("other")
	c.fan(stranger, "sam", other)
	status(w, caller.Actor("lea").Like(c.post("other", "Hello")), 202) // follows nobody
	c.settle()
	c.sent()
	for _, there := range []*fedtest.Server{stranger, caller} {
		if _, err := there.Lookup(w.Context(), "@rad@"+c.instance.Host); err != nil {
			w.Fatal(err)
		}
	}
	if err := c.Withdraw(w.Context(), "rad"); err != nil {
		w.Fatal(err)
	}
	for _, there := range []*fedtest.Server{reader, stranger, caller} {
		if d := w.await(there, of("Delete", id)); d.Err != nil || d.Signer != id || d.Inbox != nil || there.Account(id) != nil {
			w.Errorf("%s got %v, want it in its shared inbox", there.Host, d)
		}
	}
	c.sent()
	for _, there := range []*fedtest.Server{reader, stranger, caller} {
		if n := len(came(there, "Delete")); n != 1 {
			w.Errorf("%s got %d, want 1", there.Host, n)
		}
	}
}

func po6(t *testing.T) {
	take := func(f fedtest.Flavour) func(w *world, s *store.Store) {
		return func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			id := c.publish("rad")
			alice := c.fan(there, "alice", id)
			w.await(there, of("Create", c.post("rad", "Hello")))
			if err := c.Withdraw(w.Context(), "rad"); err != nil {
				w.Fatal(err)
			}
			d := w.await(there, of("Delete", id))
			if d.Signer != id || d.Object != id || d.Err != nil || !slices.Contains(d.Activity.IDs("to"), fedtest.Public) {
				w.Errorf("got %v: %s", d, d.Body)
			}
			if got := c.get(id, activityJSON).Status; got != 410 {
				w.Errorf("the actor answers %d", got)
			}
			if len(alice.Timeline()) != 0 || alice.Follows(id) != fedtest.NotFollowing {
				w.Errorf("alice still sees %v", alice.Timeline())
			}
		}
	}
	onEach(take(fedtest.Mastodon47()))(t)
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) { onSQLite(take(f))(t) })
	t.Run("everyone known", onEach(withdrawalReachesAll))
	// A server that was away hears of it days later, signed as ever.
	t.Run("later", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(there, "alice", id)
		there.Answer("/inbox", fedtest.Answer{Status: 503, Always: true})
		if err := c.Withdraw(w.Context(), "rad"); err != nil {
			w.Fatal(err)
		}
		c.untilFailed(there.Host)
		w.clock.Advance(72 * time.Hour)
		there.AsUsual("/inbox")
		d := w.await(there, of("Delete", id))
		if d.Err != nil || alice.Follows(id) != fedtest.NotFollowing {
			w.Errorf("got %v", d)
		}
	}))
}

func po7(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there, elsewhere := w.city(s), w.mastodon(), w.mastodon()
		alice, bob, carol := there.Actor("alice"), there.Actor("bob"), elsewhere.Actor("carol")
		id := c.publish("rad")
		for _, a := range []*fedtest.Actor{alice, bob, carol} {
			status(w, a.Follow(id), 202)
		}
		c.settle()
		before := c.everything()
		objects := []map[string]any{
			{"type": "Note", "id": carol.ID + "/statuses/1", "attributedTo": alice.ID, "content": "x"},
			{"type": "Note", "id": alice.ID + "/statuses/1", "attributedTo": carol.ID, "content": "x"},
			{"type": "Organization", "id": id, "name": "Taken over", "preferredUsername": "rad"},
			{"type": "Person", "id": bob.ID, "name": "Taken over", "preferredUsername": "bob", "inbox": alice.Inbox},
			{"type": "Person", "id": carol.ID, "name": "Taken over", "preferredUsername": "carol", "inbox": alice.Inbox},
			{"type": "Tombstone", "id": id},
			{"type": "Tombstone", "id": carol.ID},
		}
		for _, kind := range []string{"Create", "Update", "Delete", "Add", "Remove"} {
			for _, object := range objects {
				for _, form := range []any{object, object["id"], []any{object}} {
					got := alice.Post(c.url("/inbox"), alice.Activity(kind, form))
					if got.Status != 202 && got.Status != 401 {
						w.Errorf("%s of %v: got %d", kind, form, got.Status)
					}
				}
			}
		}
		c.settle()
		if diff := cmp.Diff(before, c.everything()); diff != "" {
			w.Errorf("the store changed (-before +after):\n%s", diff)
		}
		if got := len(requests(elsewhere, "GET", strings.TrimPrefix(carol.ID, elsewhere.URL))); got != 1 {
			w.Errorf("carol was fetched %d times", got)
		}
	})(t)
}

// everything returns what a foreign activity could change.
func (c *city) everything() map[string]any {
	c.w.Helper()
	all := map[string]any{}
	ids, err := c.store.PublishedIDs(c.w.Context(), c.instance.Host, "", 1000)
	if err != nil {
		c.w.Fatal(err)
	}
	for _, id := range ids {
		i, err := c.store.Initiative(c.w.Context(), id)
		if err != nil {
			c.w.Fatal(err)
		}
		all[id] = *i
		for _, f := range c.followers(id) {
			all[id+" "+f.ActorID] = f
			a, err := c.store.Actor(c.w.Context(), f.ActorID)
			if err != nil {
				c.w.Fatal(err)
			}
			all[f.ActorID] = *a
		}
	}
	peers, err := c.store.Peers(c.w.Context())
	if err != nil {
		c.w.Fatal(err)
	}
	for _, p := range peers {
		all[p.Host] = p
	}
	return all
}

func po9(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		post := c.post("rad", "Hello")
		no := func(name string) func(fedtest.Object) { return func(o fedtest.Object) { delete(o, name) } }
		cases := map[string]struct {
			object any
			change func(fedtest.Object)
		}{
			"EmojiReact":     {post, func(o fedtest.Object) { o["content"] = "🔧" }},
			"Dislike":        {post, func(fedtest.Object) {}},
			"QuoteRequest":   {post, func(o fedtest.Object) { o["instrument"] = alice.ID + "/statuses/9" }},
			"FeatureRequest": {id, no("actor")},
			"Add":            {post, no("id")},
			"Remove":         {post, no("id")},
			"View":           {id, func(fedtest.Object) {}},
			"Join":           {[]any{id, post}, func(fedtest.Object) {}},
			"Offer":          {nil, func(fedtest.Object) {}},
			"Question":       {nil, no("object")},
			"Arrive":         {map[string]any{}, no("@context")},
		}
		for kind, tt := range cases {
			activity := alice.Activity(kind, tt.object)
			tt.change(activity)
			for _, inbox := range []string{id + "/inbox", c.url("/inbox"), c.instance.DirectoryID() + "/inbox", c.instance.ActorID() + "/inbox"} {
				if got := alice.Post(inbox, activity); got.Status != 202 {
					w.Errorf("%s to %s: got %d %s, want 202", kind, inbox, got.Status, got.Body)
				}
			}
		}
		c.settle()
		for kind := range cases {
			if c.logged("type="+kind) == 0 {
				w.Errorf("nothing is logged of %s", kind)
			}
		}
		if n := c.logged("level=ERROR"); n > 0 {
			w.Errorf("%d errors in the log", n)
		}
	})(t)
}
