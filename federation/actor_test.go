package federation_test

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

func ac1(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		note := c.document(id + "/featured").List("orderedItems")[0].(map[string]any)["id"].(string)
		activity := []string{
			"application/activity+json, application/ld+json", // Mastodon
			`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`,
			`application/ld+json; profile="https://www.w3.org/ns/activitystreams",application/activity+json`, // GoToSocial
			`application/ld+json; profile="https://www.w3.org/ns/activitystreams", application/activity+json, text/html;q=0.1`,
			"application/activity+json", "application/ld+json", "Application/Activity+JSON",
		}
		pages := []string{
			"text/html", "", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json", "image/png",
		}
		for _, path := range []string{id, note, c.instance.DirectoryID()} {
			for _, accept := range activity {
				got := c.get(path, accept)
				if got.Status != 200 || got.Header.Get("Content-Type") != activityJSON || got.Header.Get("Vary") != "Accept" {
					w.Errorf("%s as %q: got %d %v", path, accept, got.Status, got.Header)
				}
				if got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Cache-Control") == "" {
					w.Errorf("%s as %q: got %v", path, accept, got.Header)
				}
				if got := c.decode(got.Body).String("id"); got != path {
					w.Errorf("%s as %q: got id %q", path, accept, got)
				}
			}
			for _, accept := range pages {
				got := c.get(path, accept)
				page := got.Status == 200 && strings.HasPrefix(got.Header.Get("Content-Type"), "text/html")
				if path == c.instance.DirectoryID() {
					page = got.Status == 303 // its page is the first one
				}
				if got.Header.Get("Vary") != "Accept" || !page {
					w.Errorf("%s as %q: got %d %v", path, accept, got.Status, got.Header)
				}
			}
		}
	})(t)
}

func ac2(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		doc := c.document(id)
		if context := doc.List("@context"); len(context) == 0 || context[0] != "https://www.w3.org/ns/activitystreams" {
			w.Errorf("got context %v", context)
		}
		want := fedtest.Object{
			"id": id, "type": "Organization", "preferredUsername": "rad", "url": id, "webfinger": "rad@" + c.instance.Host,
			"inbox": id + "/inbox", "outbox": id + "/outbox", "followers": id + "/followers", "following": id + "/following",
			"featured": id + "/featured", "featuredTags": id + "/tags", "discoverable": true, "indexable": true,
			"manuallyApprovesFollowers": false, "published": "2026-11-23T12:00:00.000000Z",
			"endpoints": map[string]any{"sharedInbox": c.instance.URL("/inbox")},
		}
		for name, value := range want {
			if diff := cmp.Diff(value, doc[name]); diff != "" {
				w.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		key := doc.Object("publicKey")
		if key.String("id") != id+"#main-key" || key.String("owner") != id || !strings.HasPrefix(key.String("publicKeyPem"), "-----BEGIN PUBLIC KEY") {
			w.Errorf("got key %v", key)
		}
		// What A5 says that a refresh reads, whatever the flavour, as Lookup does.
		for _, path := range []string{"/outbox", "/followers", "/following", "/featured", "/tags"} {
			if got := c.document(id + path).String("id"); got != id+path {
				w.Errorf("%s has the id %q", path, got)
			}
		}
	})(t)
}

func ac3(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.city(s)
		i := &directory.Initiative{
			Handle: "bare", Name: "Bare", Tags: []string{"bicycles"},
			Links: []directory.Link{{Name: "Website", URL: "https://bare.example"}}, AlsoKnownAs: []string{"https://old.example/bare"},
		}
		if err := c.Publish(w.Context(), i); err != nil {
			w.Fatal(err)
		}
		doc := c.document(i.ID)
		lists := map[string]any{"attachment": doc["attachment"], "tag": doc["tag"], "alsoKnownAs": doc["alsoKnownAs"]}
		lists["/tags"] = c.document(c.publish("rad") + "/tags")["orderedItems"] // of a single form
		for _, path := range []string{"/featured", "/outbox?before=0"} {
			lists[path] = c.document(i.ID + path)["orderedItems"]
		}
		alice := w.mastodon().Actor("alice")
		status(w, alice.Follow(i.ID), 202)
		c.settle()
		lists["/followers"] = c.document(i.ID + "/followers?after=")["orderedItems"]
		for name, value := range lists {
			if list, ok := value.([]any); !ok || len(list) != 1 {
				w.Errorf("%s is %T %v, want a list of one", name, value, value)
			}
		}
		if list, ok := lists["/followers"].([]any); !ok || len(list) != 1 || list[0] != alice.ID {
			w.Errorf("got followers %v", lists["/followers"])
		}
	})(t)
}

func ac4(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		names := []string{"Café Ümit", "Cafe Umit", "Ремонт кафе", "修理カフェ", strings.Repeat("Ö", 60), "!!!", "Ünal’s Werkstatt & Söhne e. V. in Köln"}
		var csv strings.Builder
		csv.WriteString("name,external_id\n")
		for k, name := range names {
			fmt.Fprintf(&csv, "%q,%d\n", name, k)
		}
		summary := importCSV(c, csv.String())
		if summary.Added != len(names) {
			w.Fatalf("got %+v, want %d added", summary, len(names))
		}
		ids, err := s.PublishedIDs(w.Context(), c.instance.Host, "", 100)
		if err != nil {
			w.Fatal(err)
		}
		pattern := regexp.MustCompile(`^[a-z0-9_]+([-.][a-z0-9_]+)*$`)
		seen := map[string]bool{}
		for _, id := range ids {
			doc := c.document(id)
			handle := doc.String("preferredUsername")
			if !pattern.MatchString(handle) || len(handle) > 30 || seen[handle] {
				w.Errorf("%s: got handle %q", doc.String("name"), handle)
			}
			seen[handle], seen[doc.String("name")] = true, true
		}
		for _, name := range names {
			if !seen[name] {
				w.Errorf("no actor is called %q", name)
			}
		}
	})(t)
}

// importCSV publishes the rows of a table.
func importCSV(c *city, text string) curation.ImportSummary {
	c.w.Helper()
	rows := exchange.Read(exchange.CSV, strings.NewReader(text), exchange.Options{Source: directory.Source{Name: "a test"}})
	summary, err := c.Import(c.w.Context(), rows, curation.ImportOptions{
		Publish: true, Problem: func(line int, err error) { c.w.Logf("line %d: %v", line, err) },
	})
	if err != nil {
		c.w.Fatal(err)
	}
	return summary
}

func ac5(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		i := rad()
		i.Links = append(i.Links, directory.Link{Name: "Shop", URL: "https://shop.example/?a=1&b=2"})
		if err := c.Publish(w.Context(), i); err != nil {
			w.Fatal(err)
		}
		p, err := w.mastodon().LookupURL(w.Context(), i.ID)
		if err != nil {
			w.Fatal(err)
		}
		if p.Fields[0].Name != "Website" || p.Fields[0].Link != "https://rad.example" {
			w.Errorf("got first field %+v", p.Fields[0])
		}
		want := `<a href="https://rad.example" rel="me nofollow noopener">https://rad.example</a>`
		field, _ := c.document(i.ID).List("attachment")[0].(map[string]any)
		if field["value"] != want {
			w.Errorf("got %v, want %s", field["value"], want)
		}
		// Nobody verified the site, and so the page vouches for none.
		if got := c.page(i.ID); got.Code != 200 || !strings.Contains(got.Body.String(), "https://rad.example") ||
			strings.Contains(got.Body.String(), `rel="me`) {
			w.Errorf("the page: %d %s", got.Code, got.Body)
		}
		shop := p.Fields[len(p.Fields)-1]
		if shop.Name != "Shop" || !strings.Contains(shop.Value, "https://shop.example/?a=1&amp;b=2") {
			w.Errorf("got last field %+v", shop)
		}
	})(t)
}

func ac7(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		note := c.document(id + "/featured").List("orderedItems")[0].(map[string]any)["id"].(string)
		for _, address := range []string{id, note} {
			got := c.page(address)
			link := "<" + address + `>; rel="alternate"; type="application/activity+json"`
			tag := `<link rel="alternate" type="application/activity+json" href="` + address + `">`
			if got.Code != 200 || got.Header().Get("Link") != link || !strings.Contains(got.Body.String(), tag) {
				w.Errorf("%s: got %d %q, and the tag is there: %v", address, got.Code, got.Header()["Link"], strings.Contains(got.Body.String(), tag))
			}
			if got.Header().Get("Vary") != "Accept" {
				w.Errorf("%s: got Vary %q", address, got.Header()["Vary"])
			}
		}
	})(t)
}

func ac8(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		note := c.document(id + "/featured").List("orderedItems")[0].(map[string]any)["id"].(string)
		if err := c.Withdraw(w.Context(), "rad"); err != nil {
			w.Fatal(err)
		}
		got := c.get(id, activityJSON)
		if got.Status != 410 || got.Header.Get("Content-Type") != activityJSON || got.Header.Get("Vary") != "Accept" {
			w.Errorf("got %d %v", got.Status, got.Header)
		}
		if doc := c.decode(got.Body); doc.String("type") != "Tombstone" || doc.String("id") != id || doc.String("formerType") != "Organization" {
			w.Errorf("got %v", doc)
		}
		for _, path := range []string{note, id + "/outbox", id + "/followers", id + "/following", id + "/featured", id + "/tags"} {
			if got := c.get(path, activityJSON); got.Status != 410 {
				w.Errorf("%s: got %d, want 410", path, got.Status)
			}
		}
		if got := c.finger("acct:rad@" + c.instance.Host); got.Status != 410 {
			w.Errorf("WebFinger: got %d, want 410", got.Status)
		}
		alice := w.mastodon().Actor("alice")
		status(w, alice.Post(id+"/inbox", alice.Activity("Follow", id)), 410)
		if err := c.Publish(w.Context(), rad()); err == nil {
			w.Error("the handle was given to another initiative")
		}
		if importCSV(c, "name,external_id\nRad,1\n"); c.get(id, activityJSON).Status != 410 {
			w.Error("an import brought the actor back")
		}
	})(t)
}

func ac9(t *testing.T) {
	t.Run("other host", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice, bob := there.Actor("alice"), w.mastodon().Actor("bob")
		alice.Edit(func(doc fedtest.Object) { doc["id"] = bob.ID })
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 401)
		c.knowsNobody(alice.ID, bob.ID)
	}))
	t.Run("same host", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		alias := there.URL + "/alias#main-key"
		alice.Edit(func(doc fedtest.Object) {
			first := doc["publicKey"].(map[string]any)
			second := maps.Clone(first)
			second["id"] = alias
			doc["publicKey"] = []any{first, second}
		})
		there.Answer("/alias", script(activityJSON, fedtest.Object{"id": alice.ID}))
		byAlias := func(g *fedtest.Signing) { g.KeyID = alias }
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x"), byAlias), 202)
		if got := len(requests(there, "GET", "/")); got != 2 {
			w.Errorf("%d fetches, want 2: %v", got, there.Requests())
		}
	}))
	t.Run("and again", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		alice.Edit(func(doc fedtest.Object) { doc["id"] = there.URL + "/second" })
		there.Answer("/second", script(activityJSON, fedtest.Object{"id": there.URL + "/third"}))
		there.Answer("/third", script(activityJSON, fedtest.Object{"id": there.URL + "/third"}))
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 401)
		if got := requests(there, "GET", "/third"); len(got) != 0 {
			w.Errorf("the third was fetched: %v", there.Requests())
		}
	}))
}

func ac10(t *testing.T) {
	cases := map[string]func(doc fedtest.Object, other *fedtest.Actor){
		"inbox":  func(doc fedtest.Object, other *fedtest.Actor) { doc["inbox"] = other.Inbox },
		"outbox": func(doc fedtest.Object, other *fedtest.Actor) { doc["outbox"] = other.ID + "/outbox" },
		"owner": func(doc fedtest.Object, other *fedtest.Actor) {
			doc["publicKey"].(map[string]any)["owner"] = other.ID
		},
		"no key":     func(doc fedtest.Object, _ *fedtest.Actor) { delete(doc, "publicKey") },
		"no context": func(doc fedtest.Object, _ *fedtest.Actor) { doc["@context"] = "https://schema.org" },
		"no inbox":   func(doc fedtest.Object, _ *fedtest.Actor) { delete(doc, "inbox") },
		"no actor":   func(doc fedtest.Object, _ *fedtest.Actor) { doc["type"] = "Note" },
		"short key": func(doc fedtest.Object, _ *fedtest.Actor) {
			doc["publicKey"].(map[string]any)["publicKeyPem"] = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"
		},
	}
	for name, change := range cases {
		t.Run(name, onSQLite(func(w *world, s *store.Store) {
			c, alice, bob := w.city(s), w.mastodon().Actor("alice"), w.mastodon().Actor("bob")
			alice.Edit(func(doc fedtest.Object) { change(doc, bob) })
			id := c.publish("rad")
			status(w, alice.Post(id+"/inbox", alice.NewFollow(id)), 401)
			c.knowsNobody(alice.ID, bob.ID)
		}))
	}
}

// knowsNobody checks that none of the actors was stored.
func (c *city) knowsNobody(ids ...string) {
	c.w.Helper()
	for _, id := range ids {
		if a, err := c.store.Actor(c.w.Context(), id); err == nil {
			c.w.Errorf("stored %+v", a)
		}
	}
	if n := c.count(c.store.CountReceived); n != 0 {
		c.w.Errorf("%d activities were stored", n)
	}
}
