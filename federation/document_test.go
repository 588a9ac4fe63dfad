package federation_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// documents returns addresses of everything that other servers ask for.
func (c *city) documents() []string {
	id := c.publish("rad")
	post := c.document(id + "/featured").List("orderedItems")[0].(map[string]any)["id"].(string)
	list := []string{
		"/.well-known/webfinger?resource=acct:rad@" + c.instance.Host, "/.well-known/host-meta", "/.well-known/host-meta.json",
		"/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/ns/commons", "/directory/outbox?before=9", "/directory/outbox?after=0",
		"/directory/log/1", "/directory/initiatives", "/directory/peers", id, post, id + "/tags",
	}
	for _, actor := range []string{c.instance.ActorID(), c.instance.DirectoryID(), id} {
		list = append(list, actor)
		for _, name := range []string{"/outbox", "/followers", "/followers?after=", "/following", "/featured"} {
			list = append(list, actor+name)
		}
	}
	return list
}

// HEAD answers as GET does, without the body.
func TestHead(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		for _, path := range append(c.documents(), "/initiatives/nobody", "/directory/log/77", "/nodeinfo/9") {
			get, head := c.get(path, activityJSON), c.ask(http.MethodHead, path, activityJSON)
			if head.Status != get.Status || head.Body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
				w.Errorf("HEAD %s: got %d %v, want %d %v", path, head.Status, head.Header, get.Status, get.Header)
			}
		}
	})(t)
}

// Who has a document is not sent it again until it changes.
func TestUnchanged(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		with := func(path, tag string) answer {
			r := httptest.NewRequestWithContext(w.Context(), http.MethodGet, c.url(path), http.NoBody)
			r.Header.Set("Accept", activityJSON)
			r.Header.Set("If-None-Match", tag)
			return c.send(r)
		}
		tags := map[string]string{}
		for _, path := range append(c.documents(), "/directory/outbox", "/directory/outbox?before=9007199254740991", "/directory/initiatives/digests") {
			first := c.get(path, activityJSON)
			if first.Header.Get("Content-Type") != activityJSON {
				continue
			}
			tags[path] = first.Header.Get("ETag")
			for tag, want := range map[string]int{tags[path]: 304, `"x", W/` + tags[path]: 304, `"x"`: 200, "": 200} {
				if got := with(path, tag); got.Status != want || (got.Body == "") != (want == 304) || got.Header.Get("ETag") != tags[path] {
					w.Errorf("%s, who has %s: got %d %v, want %d", path, tag, got.Status, got.Header, want)
				}
			}
		}
		c.publish("more")
		for _, path := range []string{"/directory/outbox", "/directory/outbox?after=0", "/directory/outbox?before=9007199254740991", "/directory/initiatives"} {
			if got := with(path, tags[path]); got.Status != 200 || got.Header.Get("ETag") == tags[path] {
				w.Errorf("%s, which has changed: got %d", path, got.Status)
			}
		}
	})(t)
}

// Every document says what it is, how long it is good for and that it is nothing
// else; its own address is its id.
func TestDocumentHeaders(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		for _, path := range c.documents() {
			got := c.get(path, activityJSON)
			if got.Status != 200 || got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Cache-Control") == "" ||
				!strings.Contains(got.Header.Get("Content-Type"), "json") && !strings.Contains(got.Header.Get("Content-Type"), "xrd") {
				w.Errorf("%s: got %d %v", path, got.Status, got.Header)
			}
			if got.Header.Get("Content-Type") != activityJSON {
				continue
			}
			doc := c.decode(got.Body)
			if strings.HasPrefix(path, "/directory/log/") {
				continue // an activity, whose id is the address as well
			}
			if doc.String("id") != c.url(path) {
				w.Errorf("%s has the id %q", path, doc.String("id"))
			}
		}
		// What is newer is looked for now, not in a cache.
		if got := c.get("/directory/outbox?after=0", activityJSON).Header.Get("Cache-Control"); got != "no-cache" {
			w.Errorf("news may be cached: %q", got)
		}
	})(t)
}

// An id with a slash, in other letters or with a wrong method is not the id, and
// nothing redirects to it.
func TestOtherAddresses(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		id := c.publish("rad")
		for _, path := range []string{
			id + "/", "/actor/", "/inbox/", id + "/outbox/", "/initiatives/RAD", "/initiatives/rad%2f", "/initiatives//rad",
			"/initiatives/%2e%2e/actor", "/nodeinfo/2.0/", "/.well-known/webfinger/",
		} {
			got := c.get(path, activityJSON)
			if got.Status/100 == 3 || got.Header.Get("Content-Type") == activityJSON {
				w.Errorf("%s: got %d %v", path, got.Status, got.Header)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "PROPFIND"} {
			got := c.ask(method, id, activityJSON)
			if got.Header.Get("Content-Type") == activityJSON || got.Status >= 500 {
				w.Errorf("%s: got %d %v", method, got.Status, got.Header)
			}
		}
		for _, origin := range []string{"/.well-known/webfinger?resource=" + id, "/nodeinfo/2.1", "/ns/commons"} {
			if got := c.get(origin, ""); got.Header.Get("Access-Control-Allow-Origin") != "*" {
				w.Errorf("%s: pages elsewhere may not read it: %v", origin, got.Header)
			}
		}
	})(t)
}

// What goes wrong here is never told as missing or gone: a server that asks then
// would forget us (P13, W7).
func TestOutage(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.dormant(s), w.mastodon()
		alice := there.Actor("alice")
		paths := c.documents()
		if err := s.Close(); err != nil {
			w.Fatal(err)
		}
		for _, path := range paths {
			got := c.get(path, activityJSON)
			if got.Status != 200 && got.Status != 503 || strings.Contains(strings.ToLower(got.Body), "database") {
				w.Errorf("%s: got %d %s", path, got.Status, got.Body)
			}
		}
		for _, inbox := range []string{"/inbox", "/initiatives/rad/inbox"} {
			status(w, alice.Post(c.url(inbox), alice.Activity("View", "x")), 503)
		}
	})(t)
}

// Who asks for the same again and again learns when that makes sense: the later the
// more peers follow us.
func TestAskAgainLater(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		paths := []string{"/directory/outbox?after=0", "/directory/initiatives", "/directory/peers", "/directory/news?since=2026-11-23T12:00:00Z"}
		after := func(path string) string { return c.get(path, activityJSON).Header.Get("Retry-After") }
		for _, path := range paths {
			if got := after(path); got != "" {
				w.Errorf("%s, nobody follows: %s", path, got)
			}
		}
		for k := range 10 {
			id := fmt.Sprintf("https://f%d.example/directory", k)
			f := directory.Follower{ActorID: id, ObjectID: c.instance.DirectoryID(), FollowID: id + "/1", Inbox: id + "/inbox", Peer: k < 5, Since: w.clock.Now()}
			if err := s.PutFollower(w.Context(), &f); err != nil {
				w.Fatal(err)
			}
		}
		for k, path := range paths {
			if got, want := after(path), []string{"10800", "3600", "10800", "10800"}[k]; got != want {
				w.Errorf("%s, five peers follow: %q, want %s", path, got, want)
			}
		}
		if got := after("/directory/news?since=never"); got != "" {
			w.Errorf("a mistake is to be repeated after %s", got)
		}
	})(t)
}
