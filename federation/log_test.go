package federation_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// prefer asks for a document with preferences.
func (c *city) prefer(path string, preferences ...string) answer {
	c.w.Helper()
	r, err := http.NewRequestWithContext(c.w.Context(), http.MethodGet, c.url(path), http.NoBody)
	if err != nil {
		c.w.Fatal(err)
	}
	r.Header = http.Header{"User-Agent": {tester}, "Accept": {activityJSON}, "Prefer": preferences}
	return c.send(r)
}

// minimal returns a minimal page and the names of the entries that it tells of, by
// their ids.
func (c *city) minimal(path string) (page fedtest.Object, names map[string]string) {
	c.w.Helper()
	page, names = c.decode(c.prefer(path, "return=minimal").Body), map[string]string{}
	for _, item := range page.List("orderedItems") {
		object := fedtest.Object(item.(map[string]any)).Object("object")
		names[object.String("id")] = object.String("name")
	}
	return page, names
}

// A minimal page of the log says the same without proofs, and once what all its items
// have in common.
func TestMinimalPage(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		c.publish("rad")
		c.publish("gone")
		c.publish("edited")
		w.clock.Advance(time.Second)
		c.edit("edited", "Another name")
		if err := c.Withdraw(w.Context(), "gone"); err != nil {
			w.Fatal(err)
		}
		const path = "/directory/outbox?before=9007199254740991"
		whole, minimal := c.get(path, activityJSON), c.prefer(path, "handling=lenient", "wait=10, return=minimal")
		if got := minimal.Header.Get("Preference-Applied"); got != "return=minimal" {
			w.Errorf("got Preference-Applied %q", got)
		}
		if !strings.Contains(minimal.Header.Get("Vary"), "Prefer") || minimal.Header.Get("ETag") == whole.Header.Get("ETag") {
			w.Errorf("got headers %v", minimal.Header)
		}
		if other := c.prefer(path, "return=representation"); other.Body != whole.Body || other.Header.Get("Preference-Applied") != "" {
			w.Errorf("a page with all that there is: got %s", other.Body)
		}
		want, got := c.decode(whole.Body), c.decode(minimal.Body)
		if len(want.List("orderedItems")) != 3 || !slices.ContainsFunc(got.List("@context"), func(part any) bool {
			terms, ok := part.(map[string]any)
			return ok && terms["makesOffer"] != nil && terms["movedTo"] != nil && terms["commons"] != nil
		}) {
			w.Errorf("got context %v", got["@context"])
		}
		for _, item := range want.List("orderedItems") {
			o := item.(map[string]any)
			delete(o, "@context")
			delete(o, "proof")
			if object, ok := o["object"].(map[string]any); ok {
				delete(object, "@context")
			}
		}
		delete(want, "@context")
		delete(got, "@context")
		if diff := gocmp.Diff(want, got); diff != "" {
			w.Error(diff)
		}
	})(t)
}

// Pages that are made before they are asked for make no difference to who reads the
// whole log: what changes meanwhile is on what is newer, and soon on the page itself.
func TestLogReadWhileItChanges(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		const entries = 205
		for k := range entries {
			c.publish(fmt.Sprintf("entry_%d", k))
		}
		newest, got := c.minimal("/directory/outbox?before=9007199254740991")
		next, pages := newest.String("next"), 1
		for ; next != ""; pages++ {
			c.edit("entry_3", fmt.Sprintf("Edited %d", pages)) // it was on the last page
			page, names := c.minimal(next)
			maps.Copy(got, names)
			next = page.String("next")
		}
		if pages != 3 {
			w.Errorf("got %d pages, want 3", pages)
		}
		_, news := c.minimal(newest.String("prev"))
		if id := c.instance.InitiativeID("entry_3"); len(news) != 1 || news[id] != "Edited 2" {
			w.Errorf("got news %v", news)
		}
		if maps.Copy(got, news); len(got) != entries {
			w.Errorf("got %d entries, want %d", len(got), entries)
		}

		// Once more, when what was made ahead is too old.
		newest, _ = c.minimal("/directory/outbox?before=9007199254740991")
		w.clock.Advance(11 * time.Second)
		c.edit("entry_50", "Edited late")
		if _, names := c.minimal(newest.String("next")); len(names) != 100 || names[c.instance.InitiativeID("entry_50")] != "" {
			w.Error("a page made long ago is served")
		}
	})(t)
}
