package federation_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

func de5(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		alice := c.fan(there, "alice", id)
		sized := func(n int) string {
			body := `{"type":"View","actor":"` + alice.ID + `","object":"x","content":"`
			return body + strings.Repeat("x", n-len(body)-2) + `"}`
		}
		one := func(*fedtest.Signing) {}
		status(w, alice.Post(c.url("/inbox"), sized(1<<20), one), 202)
		status(w, alice.Post(c.url("/inbox"), sized(1<<20+1), one), 413)
		var x wire
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "y"), x.capture), 202)
		if got := x.again(c, true); got.Status != 202 {
			w.Errorf("chunked: got %d %s", got.Status, got.Body)
		}
		x.body = append(x.body, ' ')
		if got := x.again(c, true); got.Status != 401 {
			w.Errorf("chunked, other than signed: got %d", got.Status)
		}
		x.body = []byte(sized(2 << 20))
		if got := x.again(c, true); got.Status != 413 {
			w.Errorf("chunked, too large: got %d", got.Status)
		}
		for _, d := range there.Deliveries() {
			if d.Header.Get("User-Agent") == "" || d.Header.Get("Content-Length") == "" {
				w.Errorf("%v was sent with %v", d, d.Header)
			}
		}
		for _, r := range there.Requests() {
			if r.Header.Get("User-Agent") == "" {
				w.Errorf("%s %s without User-Agent", r.Method, r.Target)
			}
		}
	})(t)
}

func de6(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.dormant(s), w.mastodon() // the slowest of handlers: it does not run
		alice := there.Actor("alice")
		id := c.publish("rad")
		note, err := alice.Note("<p>See you.</p>", fedtest.Object{"cc": []any{id}})
		if err != nil {
			w.Fatal(err)
		}
		for k, activity := range []fedtest.Object{
			alice.NewFollow(id), alice.Activity("Like", id), alice.NewCreate(note), alice.Activity("Announce", there.URL+"/far"),
		} {
			status(w, alice.Post(id+"/inbox", activity), 202)
			if n := c.count(s.CountReceived); n != k+1 {
				w.Errorf("%d activities wait, want %d", n, k+1)
			}
			// Of a clock nothing can be said here; what could take long is asking others.
			if got := there.Requests(); len(got) != 1 {
				w.Errorf("the answer waited for %v, want one request, for the key", got)
			}
		}
		c.run()
		w.await(there, ofType("Accept"))
	})(t)
}

// What an inbox takes, and what it says of the rest.
func TestInboxRequests(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		typed := func(contentType string) fedtest.Shape {
			return func(g *fedtest.Signing) { g.Header.Set("Content-Type", contentType) }
		}
		cases := map[string]struct {
			inbox  string
			shapes []fedtest.Shape
			want   int
		}{
			"activity+json":         {"/inbox", shapes(typed(activityJSON)), 202},
			"with charset":          {"/inbox", shapes(typed(activityJSON + "; charset=utf-8")), 202},
			"ld+json":               {"/inbox", shapes(typed(`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`)), 202},
			"ld+json, bare profile": {"/inbox", shapes(typed(`application/ld+json;profile="https://www.w3.org/ns/activitystreams#"`)), 202},
			"ld+json, no profile":   {"/inbox", shapes(typed("application/ld+json")), 415},
			"json":                  {"/inbox", shapes(typed("application/json")), 415},
			"form":                  {"/inbox", shapes(typed("application/x-www-form-urlencoded")), 415},
			"none":                  {"/inbox", shapes(typed("")), 415},
			"garbage":               {"/inbox", shapes(typed(";;;")), 415},
			"personal":              {"/initiatives/rad/inbox", nil, 202},
			"directory":             {"/directory/inbox", nil, 202},
			"instance":              {"/actor/inbox", nil, 202},
			"nobody":                {"/initiatives/nobody/inbox", nil, 404},
			"no handle":             {"/initiatives/R%C3%A4d/inbox", nil, 404},
		}
		for name, tt := range cases {
			one := append(slices.Clone(tt.shapes), func(*fedtest.Signing) {})
			if got := alice.Post(c.url(tt.inbox), alice.Activity("View", id+"#"+name), one...); got.Status != tt.want {
				w.Errorf("%s: got %d %s, want %d", name, got.Status, got.Body, tt.want)
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			if got := c.ask(method, "/inbox", activityJSON); got.Header.Get("Content-Type") == activityJSON {
				w.Errorf("%s /inbox: got %d %v", method, got.Status, got.Header)
			}
		}
	})(t)
}

// The same activity is acted on once, whichever inboxes it comes to; what only
// looks the same is acted on each time (F6).
func TestDeduplication(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id, second := c.publish("rad"), c.publish("second")
		follow := alice.NewFollow(id)
		for _, inbox := range []string{id + "/inbox", c.url("/inbox"), id + "/inbox"} {
			status(w, alice.Post(inbox, follow), 202)
		}
		other := alice.Activity("Follow", second)
		other["id"] = follow["id"] // of another object
		status(w, alice.Post(c.url("/inbox"), other), 202)
		w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Accept" && d.Actor == second })
		c.settle()
		c.sent()
		if got := came(there, "Accept"); len(got) != 2 {
			w.Errorf("got %v, want two Accepts", got)
		}
		// Mastodon numbers its Updates by the second.
		for _, name := range []string{"Alice I", "Alice II"} {
			alice.Edit(func(doc fedtest.Object) { doc["name"] = name })
			update, err := alice.NewUpdate()
			if err != nil {
				w.Fatal(err)
			}
			status(w, alice.Post(c.url("/inbox"), update), 202)
			c.settle()
		}
		if a, err := s.Actor(w.Context(), alice.ID); err != nil || a.Name != "Alice II" {
			w.Errorf("got %q %v, want the last name", a.Name, err)
		}
	})(t)
}
