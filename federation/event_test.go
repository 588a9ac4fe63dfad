package federation_test

import (
	"bytes"
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

// sharpening is an event that nobody has published yet.
func sharpening() *directory.Post {
	return &directory.Post{Text: "Bring knives.", Event: &directory.Event{
		Name: "Sharpening day <3", Timezone: "Europe/Brussels",
		Start: time.Date(2026, 12, 5, 13, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 5, 16, 0, 0, 0, time.UTC),
		Place: &directory.Place{Name: "The old dairy", Locality: "Ghent", Country: "BE", Point: &directory.Point{Latitude: 51, Longitude: 3}},
	}}
}

// PO2: an event is shown by its name, when and where it is, and its address; it
// is changed, pinned and taken back like news.
func po2(t *testing.T) {
	take := func(f fedtest.Flavour) func(w *world, s *store.Store) {
		return func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			id := c.publish("rad")
			c.fan(there, "alice", id)
			p := sharpening()
			if err := c.Post(w.Context(), "rad", p); err != nil {
				w.Fatal(err)
			}
			d := there.Await(w.Context(), about(p.ID, "Create"))
			got := there.Status(p.ID)
			if got == nil || d.Err != nil {
				w.Fatalf("alice sees %v: %v", got, d)
			}
			for _, want := range []string{"Sharpening day &lt;3", "2026-12-05, 14:00–17:00 (Europe/Brussels)", "The old dairy, Ghent, BE", p.ID} {
				if !strings.Contains(got.Content, want) {
					w.Errorf("alice does not see %q in %s", want, got.Content)
				}
			}
			if got.Warning != "" || got.Visibility != "public" || got.Language != "en" || !slices.Contains(got.Hashtags, "#RepairCafe") {
				w.Errorf("alice sees %+v", got)
			}
			doc := c.document(p.ID)
			for name, want := range map[string]any{
				"type": "Event", "name": "Sharpening day <3", "timezone": "Europe/Brussels",
				"startTime": "2026-12-05T14:00:00+01:00", "endTime": "2026-12-05T17:00:00+01:00",
				"organizers": map[string]any{"type": "Collection", "totalItems": 1.0, "items": []any{id}},
				"location": map[string]any{
					"type": "Place", "name": "The old dairy", "latitude": 51.0, "longitude": 3.0,
					"address": map[string]any{"type": "PostalAddress", "addressLocality": "Ghent", "addressCountry": "BE"},
				},
			} {
				if diff := cmp.Diff(want, doc[name]); diff != "" {
					w.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			c.callOff(p.ID)
			there.Await(w.Context(), about(p.ID, "Update"))
			if got := there.Status(p.ID); got == nil || !strings.Contains(got.Content, "Cancelled") || got.Edited.IsZero() {
				w.Errorf("alice sees %+v", got)
			}
			if err := c.DeletePost(w.Context(), p.ID); err != nil {
				w.Fatal(err)
			}
			there.Await(w.Context(), about(p.ID, "Delete"))
			tombstone := c.get(p.ID, activityJSON)
			if doc := c.decode(tombstone.Body); tombstone.Status != http.StatusGone || doc.String("formerType") != "Event" || there.Status(p.ID) != nil {
				w.Errorf("got %d %s", tombstone.Status, tombstone.Body)
			}
		}
	}
	onEach(take(fedtest.Mastodon47()))(t)
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) { onSQLite(take(f))(t) })
}

// about matches what was taken of a type about a thing.
func about(object, kind string) func(fedtest.Delivery) bool {
	return func(d fedtest.Delivery) bool { return ofType(kind)(d) && d.Object == object }
}

func (c *city) callOff(id string) {
	c.w.Helper()
	err := c.ChangePost(c.w.Context(), id, func(p *directory.Post) error {
		p.Event.Status = directory.EventCancelled
		return nil
	})
	if err != nil {
		c.w.Fatal(err)
	}
}

// AC6: whatever picture an initiative has, its icon is one that is taken.
func ac6(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		library := media.NewDir(w.TempDir())
		c, there := w.city(s, func(o *federation.Options) { o.Media = library }), w.mastodon()
		id := c.publish("rad")
		svg := `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>`
		drawn, err := library.Put(w.Context(), strings.NewReader(svg), "")
		if err != nil || drawn.MediaType != "image/png" || drawn.Width != 1024 {
			w.Errorf("a drawing: got %+v, %v, want it as PNG", drawn, err)
		}
		a, err := library.Put(w.Context(), bytes.NewReader(picture(w, 200)), "")
		if err != nil {
			w.Fatal(err)
		}
		for address, want := range map[string]string{
			c.url("/media/" + a.File): c.url("/media/" + a.File), c.url("/media/" + drawn.File): c.url("/media/" + drawn.File),
			"https://rad.example/logo.svg": "", "https://rad.example/logo.webp": "https://rad.example/logo.webp",
		} {
			_, err := c.Edit(w.Context(), "rad", func(i *directory.Initiative) error {
				i.Image = &directory.Image{URL: address, Alt: "A wheel"}
				return nil
			})
			if err != nil {
				w.Fatal(err)
			}
			p, err := there.Lookup(w.Context(), "@rad@"+c.instance.Host)
			if err != nil || p.Avatar != want {
				w.Errorf("%s: %s shows %q, %v", id, there.Host, p.Avatar, err)
			}
			if !c.instance.Owns(address) {
				continue
			}
			got := c.get(strings.TrimPrefix(address, c.url("")), activityJSON)
			if got.Status != 200 || got.Header.Get("Content-Type") != a.MediaType || got.Header.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
				w.Errorf("to who asks for a document: %d %v", got.Status, got.Header)
			}
		}
	})(t)
}

// TestMentions: who is named in a post is told of it, follower or not, and gets
// its deletion; who is not found is a word like others.
func TestMentions(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		bob := there.Actor("bob")
		post := c.post("rad", "Thanks to "+bob.Handle()+" and @nobody@"+there.Host+", says @rad@"+c.instance.Host+" #repaircafe")
		d := there.Await(w.Context(), about(post, "Create"))
		got := there.Status(post)
		if got == nil || d.Err != nil || !slices.Contains(got.Mentions, bob.ID) {
			w.Fatalf("got %+v, %v", got, d)
		}
		note := d.Activity.Object("object")
		if cc := note.IDs("cc"); !slices.Equal(cc, []string{id + "/followers", bob.ID, id}) {
			w.Errorf("cc %v", cc)
		}
		for _, want := range []string{
			`class="u-url mention">@<span>bob</span></a>`, "@nobody@" + there.Host + ",", `<span class="h-card" translate="no"><a href="` + id + `"`,
		} {
			if !strings.Contains(note.String("content"), want) {
				w.Errorf("no %s in %s", want, note.String("content"))
			}
		}
		if n := strings.Count(strings.ToLower(note.String("content")), "<span>repaircafe"); n != 1 {
			w.Errorf("the hashtag is there %d times", n)
		}
		if err := c.EditPost(w.Context(), post, "Thanks."); err != nil {
			w.Fatal(err)
		}
		if d := there.Await(w.Context(), about(post, "Update")); len(d.Activity.Object("object").List("tag")) != 1 {
			w.Errorf("got %s, want the hashtag alone", d.Body)
		}
		if err := c.DeletePost(w.Context(), post); err != nil {
			w.Fatal(err)
		}
		there.Await(w.Context(), about(post, "Delete"))
		if got := there.Status(post); got != nil {
			w.Errorf("there is still %+v", got)
		}
	})(t)
}

// deletionReachesReaders: PO5 for who got a post and follows no more, followed
// the directory, or liked it.
func deletionReachesReaders(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, former, reader, stranger := w.city(s), w.mastodon(), w.mastodon(), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(former, "alice", id)
		c.fan(reader, "rita", c.instance.DirectoryID())
		post := c.post("rad", "Oops")
		former.Await(w.Context(), about(post, "Create"))
		reader.Await(w.Context(), about(post, "Announce"))
		liker := w.mastodon()
		status(w, liker.Actor("lea").Like(post), 202)
		status(w, alice.Unfollow(id), 202)
		c.settle()
		c.fan(stranger, "sam", c.publish("other"))
		if err := c.DeletePost(w.Context(), post); err != nil {
			w.Fatal(err)
		}
		for _, there := range []*fedtest.Server{former, reader, liker} {
			if d := there.Await(w.Context(), about(post, "Delete")); d.Err != nil || there.Status(post) != nil {
				w.Errorf("%s: %v", there.Host, d)
			}
		}
		c.sent()
		if list := came(stranger, "Delete"); len(list) != 0 {
			w.Errorf("who never got it is told: %v", list)
		}
	})(t)
}

// TestPins: what is pinned is featured, and followers are told.
func TestPins(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		c.fan(there, "alice", id)
		post := c.post("rad", "First")
		there.Await(w.Context(), about(post, "Create"))
		c.pin(post, true)
		d := there.Await(w.Context(), about(post, "Add"))
		if d.Err != nil || d.Object != post || d.Activity.ID("target") != id+"/featured" || d.Signer != id {
			w.Errorf("got %v %s", d, d.Body)
		}
		if n, list, err := there.Collection(w.Context(), id+"/featured"); err != nil || n != 2 || len(list) != 2 {
			w.Errorf("featured: %d %v %v", n, list, err)
		}
		c.pin(post, false)
		if d := there.Await(w.Context(), about(post, "Remove")); d.Err != nil || d.Object != post {
			w.Errorf("got %v %s", d, d.Body)
		}
		if n, _, err := there.Collection(w.Context(), id+"/featured"); err != nil || n != 1 {
			w.Errorf("featured: %d %v", n, err)
		}
	})(t)
}

func (c *city) pin(post string, pinned bool) {
	c.w.Helper()
	if err := c.PinPost(c.w.Context(), post, pinned); err != nil {
		c.w.Fatal(err)
	}
}

// CO2: what is pinned is there for whoever looks at a profile for the first time,
// an event too.
func co2(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		post, event := c.post("rad", "First"), sharpening()
		w.clock.Advance(time.Second) // so that the event is the later one
		if err := c.Post(w.Context(), "rad", event); err != nil {
			w.Fatal(err)
		}
		c.pin(post, true)
		c.pin(event.ID, true)
		doc := c.document(id + "/featured")
		if doc.String("type") != "OrderedCollection" || doc.String("id") != id+"/featured" || doc["totalItems"] != 3.0 {
			w.Errorf("got %v", doc)
		}
		p, err := there.Lookup(w.Context(), "@rad@"+c.instance.Host)
		if err != nil || len(p.Pinned) != 3 || p.Pinned[0].ID != event.ID || p.Pinned[1].ID != post || !slices.Equal(p.FeaturedTags, []string{"#RepairCafe"}) {
			w.Errorf("got %+v, %v", p, err)
		}
	})(t)
}
