package federation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// followedBy stores followers of an actor as if they had asked.
func (c *city) followedBy(id string, n int, inbox func(k int) (personal, delivery string)) []string {
	c.w.Helper()
	var ids []string
	for k := range n {
		personal, delivery := inbox(k)
		f := &directory.Follower{
			ActorID: strings.TrimSuffix(personal, "/inbox"), ObjectID: id, FollowID: personal + "#follow",
			Inbox: personal, Delivery: delivery, Since: c.w.clock.Now(),
		}
		if err := c.store.PutFollower(c.w.Context(), f); err != nil {
			c.w.Fatal(err)
		}
		ids = append(ids, f.ActorID)
	}
	return ids
}

func co1(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.dormant(s), w.mastodon()
		id := c.publish("rad")
		const n = 317
		want := c.followedBy(id, n, func(k int) (string, string) {
			personal := fmt.Sprintf("https://m.example/users/%d+é?x=%d/inbox", k%7, k)
			return personal, "https://m.example/inbox"
		})
		slices.Sort(want)
		total, list, err := there.Collection(w.Context(), id+"/followers")
		if err != nil || total != n {
			w.Fatalf("got %d %v", total, err)
		}
		var got []string
		for _, v := range list {
			got = append(got, v.(string))
		}
		if !slices.Equal(got, want) {
			w.Errorf("got %d followers in pages, want %d", len(got), len(want))
		}
		root := c.document(id + "/followers")
		if root["type"] != "OrderedCollection" || root["totalItems"] != float64(n) || root["first"] == nil || root["orderedItems"] != nil {
			w.Errorf("got the root %v", root)
		}
		for next, pages := root.ID("first"), 1; next != ""; pages++ {
			page := c.document(next)
			if page["type"] != "OrderedCollectionPage" || page["partOf"] != id+"/followers" || page["id"] != next || pages > 5 {
				w.Fatalf("got page %d: %v", pages, page)
			}
			if list, ok := page["orderedItems"].([]any); !ok || len(list) == 0 {
				w.Errorf("page %d has %T %v", pages, page["orderedItems"], page["orderedItems"])
			}
			next = page.ID("next")
		}
		for _, path := range []string{"/directory/followers", "/directory/following", "/directory/peers", "/actor/outbox", "/actor/followers", "/actor/following", "/initiatives/rad/following"} {
			if total, list, err := there.Collection(w.Context(), c.url(path)); total != 0 || len(list) != 0 || err != nil {
				w.Errorf("%s: got %d %v %v", path, total, list, err)
			}
		}
	})(t)
}

// The log and the list of entries are ordinary collections, whose pages say
// where they belong and hold each entry once.
func TestDirectoryPages(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.dormant(s), w.mastodon()
		var rows strings.Builder
		rows.WriteString("name,external_id\n")
		const n = 310
		for k := range n {
			fmt.Fprintf(&rows, "Initiative %d,%d\n", k, k)
		}
		importCSV(c, rows.String())
		for _, path := range []string{"/directory/initiatives", "/directory/outbox"} {
			total, list, err := there.Collection(w.Context(), c.url(path))
			seen := map[string]bool{}
			for _, v := range list {
				id, ok := v.(string)
				if o, embedded := v.(map[string]any); embedded {
					id, ok = fedtest.Object(o).ID("object"), true
				}
				if seen[id] || !ok {
					w.Errorf("%s: %v stands twice", path, v)
				}
				seen[id] = true
			}
			if total != n || len(seen) != n || err != nil {
				w.Errorf("%s: got %d, %d in pages, %v", path, total, len(seen), err)
			}
		}
		// The other way round, from the end, page by page.
		next, count := c.url("/directory/outbox?after=0"), 0
		for pages := 0; next != "" && pages < 10; pages++ {
			page := c.document(next)
			items := page.List("orderedItems")
			if count += len(items); len(items) == 0 {
				break
			}
			if next = page.String("prev"); page.String("partOf") != c.url("/directory/outbox") {
				w.Errorf("part of %q", page.String("partOf"))
			}
		}
		if count != n {
			w.Errorf("got %d going towards the newest, want %d", count, n)
		}
		for _, bad := range []string{"?before=x", "?after=-1", "?before=", "?after=99999999999999999999"} {
			if got := c.get("/directory/outbox"+bad, activityJSON).Status; got != 400 {
				w.Errorf("%s: got %d, want 400", bad, got)
			}
		}
		if got := c.get("/directory/log/1", activityJSON).Status; got != 200 {
			w.Errorf("the first change: got %d", got)
		}
		for _, none := range []string{"/directory/log/100000", "/directory/log/x"} {
			if got := c.get(none, activityJSON).Status; got != 404 {
				w.Errorf("%s: got %d, want 404", none, got)
			}
		}
	})(t)
}
