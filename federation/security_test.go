package federation_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// wire is a signed request as it was sent, to be sent again.
type wire struct {
	url, host string
	header    http.Header
	body      []byte
}

// capture keeps what is sent.
func (x *wire) capture(g *fedtest.Signing) {
	g.After = func(r *http.Request) {
		*x = wire{r.URL.String(), r.Host, r.Header.Clone(), g.Body}
	}
}

// again sends it once more, with its length unknown if chunked.
func (x *wire) again(c *city, chunked bool) answer {
	c.w.Helper()
	var body io.Reader = bytes.NewReader(x.body)
	if chunked {
		body = io.MultiReader(body)
	}
	r, err := http.NewRequestWithContext(c.w.Context(), http.MethodPost, x.url, body)
	if err != nil {
		c.w.Fatal(err)
	}
	r.Header, r.Host = x.header.Clone(), x.host
	return c.send(r)
}

func se1(t *testing.T) {
	cases := map[string]int{
		"text/plain":       401,
		"text/html":        401,
		"application/json": 401,
		"":                 401,
		"application/ld+json; profile=\"https://elsewhere.example\"": 401,
		"application/ld+json":                      401,
		"application/activity+json":                202,
		"application/activity+json; charset=utf-8": 202,
		"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"":                202,
		"application/ld+json; charset=utf-8; profile=\"https://www.w3.org/ns/activitystreams\"": 202,
	}
	for contentType, want := range cases {
		t.Run(contentType, onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			alice := there.Actor("alice")
			update, err := alice.NewUpdate()
			if err != nil {
				w.Fatal(err)
			}
			there.Answer(alice.ID, script(contentType, update["object"]))
			one := func(*fedtest.Signing) {}
			status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x"), one), want)
		}))
	}
}

// discoveryInside: neither redirects nor links of the documents that say where
// things are lead inside. Pictures of others are never fetched.
func discoveryInside(w *world, _ *store.Store) {
	c := client.New(client.Options{UserAgent: "test", Scheme: "http", AllowPrivate: true, Now: w.clock.Now})
	w.Cleanup(c.Close)
	there := w.mastodon()
	resolve := func() error { _, err := c.Resolve(w.Context(), "alice@"+there.Host); return err }
	nodeInfo := func() error { _, err := c.NodeInfo(w.Context(), there.Host); return err }
	for _, inside := range []string{"http://169.254.169.254", "http://[fe80::1]", "http://[fd00:ec2::254]", "http://[64:ff9b::7f00:1]"} {
		away := fedtest.Answer{Status: 302, Header: http.Header{"Location": {inside + "/x"}}, Always: true}
		meta := fedtest.Answer{Status: 200, Header: http.Header{"Content-Type": {"application/xrd+xml"}}, Always: true, Body: `<XRD
			xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" template="` + inside + `/finger?resource={uri}"/></XRD>`}
		links := script("application/json", fedtest.Object{"links": []any{fedtest.Object{
			"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": inside + "/nodeinfo/2.0",
		}}})
		for _, tt := range []struct {
			name    string
			answers map[string]fedtest.Answer
			call    func() error
		}{
			{"WebFinger, redirected", map[string]fedtest.Answer{"/.well-known/webfinger": away}, resolve},
			{"host-meta, redirected", map[string]fedtest.Answer{"/.well-known/webfinger": {Status: 404, Always: true}, "/.well-known/host-meta": away}, resolve},
			{"host-meta, linked", map[string]fedtest.Answer{"/.well-known/webfinger": {Status: 404, Always: true}, "/.well-known/host-meta": meta}, resolve},
			{"NodeInfo, redirected", map[string]fedtest.Answer{"/.well-known/nodeinfo": away}, nodeInfo},
			{"NodeInfo, linked", map[string]fedtest.Answer{"/.well-known/nodeinfo": links}, nodeInfo},
		} {
			for path, answer := range tt.answers {
				there.Answer(path, answer)
			}
			err := tt.call()
			if _, refused := errors.AsType[*client.AddressError](err); !refused || client.Retryable(err) {
				w.Errorf("%s to %s: got %v, want a lasting AddressError", tt.name, inside, err)
			}
			for path := range tt.answers {
				there.AsUsual(path)
			}
		}
	}
}

func se2(t *testing.T) {
	public := func(o *federation.Options) {
		o.Client = client.New(client.Options{UserAgent: "test", Scheme: "http", Now: o.Now})
	}
	one := func(*fedtest.Signing) {}
	t.Run("inside", onSQLite(func(w *world, s *store.Store) {
		c, alice := w.city(s, public), w.mastodon().Actor("alice")
		hosts := []string{
			"127.0.0.1:8080", "10.0.0.1", "192.168.1.1", "172.16.0.1", "[::1]:8080", "[::127.0.0.1]", "[::ffff:10.0.0.1]",
			"[64:ff9b::7f00:1]", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[fd00:ec2::254]", "[fe80::1]", "localhost:8080",
			"city.localhost", "127.1", "2130706433", "user@10.0.0.1", "93.184.216.34:25",
		}
		for _, host := range hosts {
			began := time.Now()
			forged := alice.Activity("View", "x")
			forged["actor"] = "http://" + host + "/users/a"
			got := alice.Post(c.url("/inbox"), forged, one, func(g *fedtest.Signing) { g.KeyID = "http://" + host + "/users/a#main-key" })
			if got.Status != 401 && got.Status != 503 || time.Since(began) > time.Minute {
				w.Errorf("%s: got %d %s after %v", host, got.Status, got.Body, time.Since(began))
			}
			// 503 only where a name was looked for in vain.
			if got.Status == 503 && !strings.ContainsAny(host, "127.1 2130706433") {
				w.Errorf("%s: got %d %s, want 401 once and for all", host, got.Status, got.Body)
			}
		}
	}))
	t.Run("redirected inside", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		for k, to := range []string{"http://169.254.169.254/latest", "http://[fe80::1]/", "ftp://there.example/", "file:///etc/passwd"} {
			there.Answer(alice.ID, fedtest.Answer{Status: 302, Header: http.Header{"Location": {to}}})
			w.clock.Advance(10 * time.Minute)
			if got := alice.Post(c.url("/inbox"), alice.Activity("View", fmt.Sprint(k)), one); got.Status != 401 {
				w.Errorf("to %s: got %d %s", to, got.Status, got.Body)
			}
		}
	}))
	t.Run("WebFinger, host-meta and NodeInfo", onSQLite(discoveryInside))
	t.Run("delivery", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		alice.Edit(func(doc fedtest.Object) {
			doc["endpoints"] = map[string]any{"sharedInbox": "http://169.254.169.254/inbox"}
		})
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		w.await(there, ofType("Accept"))
		if got := c.followers(id); len(got) != 1 || got[0].Delivery != alice.Inbox {
			w.Errorf("got followers %+v", got)
		}
	}))
}

func se4(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := c.fan(there, "alice", c.publish("rad"))
		id := c.instance.InitiativeID("rad")
		before := len(there.Requests())
		for _, kind := range []string{"Create", "Update", "Announce", "Like", "Follow", "Undo", "Add", "Move"} {
			object := map[string]any{
				"id": alice.ID + "/statuses/1", "type": "Note", "attributedTo": alice.ID, "content": "x",
				"to": []string{id + "/followers"}, "cc": []string{id + "/followers", fedtest.Public},
				"tag":        []any{map[string]any{"type": "Hashtag", "name": "#x"}, map[string]any{"type": "Strange"}, "text", nil},
				"attachment": map[string]any{"type": "Link"}, "replies": map[string]any{"first": there.URL + "/trap"},
			}
			activity := alice.Activity(kind, []any{object, there.URL + "/trap"})
			activity["to"], activity["cc"] = []string{id + "/followers"}, []string{id + "/followers"}
			activity["target"], activity["instrument"] = there.URL+"/trap", there.URL+"/trap"
			for _, inbox := range []string{id + "/inbox", c.url("/inbox")} {
				status(w, alice.Post(inbox, activity), 202)
			}
		}
		c.settle()
		for _, r := range there.Requests()[before:] {
			if r.Method == http.MethodGet && strings.HasPrefix(r.Target, "/trap") {
				w.Errorf("fetched %s", r.Target)
			}
		}
		if _, log := c.events.next(); strings.Contains(log, "level=ERROR") {
			w.Errorf("the log says %s", log)
		}
	})(t)
}

func se5(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		one := func(*fedtest.Signing) {}
		follow := func(extra string) string {
			return `{"id":"` + alice.ID + `#f","type":"Follow","actor":"` + alice.ID + `","object":"` + id + `"` + extra + `}`
		}
		refused := map[string]string{
			"deep list":      follow(`,"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000)),
			"deep object":    follow(`,"x":` + strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000)),
			"not closed":     follow(`,"x":` + strings.Repeat("[", 100000)),
			"twice":          follow(`,"actor":"https://elsewhere.example/x"`),
			"twice, escaped": follow(`,"\u0061ctor":"https://elsewhere.example/x"`),
			"twice within":   follow(`,"x":{"a":1,"a":2}`),
			"two values":     follow("") + "{}",
			"a list":         "[" + follow("") + "]",
			"a text":         `"Follow"`,
			"nothing":        "",
			"not UTF-8":      follow(",\"x\":\"\xff\""),
			"a graph":        `{"@context":"https://www.w3.org/ns/activitystreams","@graph":[` + follow("") + `]}`,
			"too many members": follow(strings.Join(func() (many []string) {
				for k := range 400 {
					many = append(many, fmt.Sprintf(`,"x%d":1`, k))
				}
				return many
			}(), "")),
		}
		for name, body := range refused {
			if got := alice.Post(c.url("/inbox"), body, one); got.Status != 400 {
				w.Errorf("%s: got %d %.200s, want 400", name, got.Status, got.Body)
			}
		}
		status(w, alice.Post(c.url("/inbox"), follow(`,"x":"`+strings.Repeat("a", 10<<20)+`"`), one), 413)
		if got := requests(there, "GET", "/"); len(got) != 0 {
			w.Errorf("fetched for what could never be taken: %v", got)
		}
		c.knowsNobody(alice.ID)
		// An LD signature is neither trusted nor in the way.
		ld := follow(`,"signature":{"type":"RsaSignature2017","creator":"https://elsewhere.example/x#key","signatureValue":"x"},` +
			`"@included":[{"id":"https://elsewhere.example/"}],"@reverse":{}`)
		status(w, alice.Post(c.url("/inbox"), ld, one), 202)
		w.await(there, ofType("Accept"))
	})(t)
}

func se6(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		var followed, noID wire
		status(w, alice.Post(id+"/inbox", alice.NewFollow(id), followed.capture), 202)
		w.await(there, ofType("Accept"))
		add := alice.Activity("Add", id)
		delete(add, "id")
		status(w, alice.Post(id+"/inbox", add, noID.capture), 202)
		c.settle()
		c.sent()
		status(w, alice.Unfollow(id), 202)
		c.settle()

		w.clock.Advance(10 * time.Minute)
		for _, x := range []wire{followed, noID} {
			if got := x.again(c, false); got.Status != 202 {
				w.Errorf("after 10 minutes: got %d %s", got.Status, got.Body)
			}
		}
		if n := c.count(s.CountReceived); n != 0 {
			w.Errorf("%d are to be acted on once more", n)
		}
		if got := c.followers(id); len(got) != 0 {
			w.Errorf("followed again: %+v", got)
		}
		elsewhere := followed
		elsewhere.url = c.url("/inbox")
		if got := elsewhere.again(c, false); got.Status != 401 {
			w.Errorf("at another inbox: got %d", got.Status)
		}
		w.clock.Advance(2 * time.Hour)
		if got := followed.again(c, false); got.Status != 401 {
			w.Errorf("after two hours: got %d", got.Status)
		}
		if got := came(there, "Accept"); len(got) != 1 {
			w.Errorf("got %v, want one Accept", got)
		}
	})(t)
}
