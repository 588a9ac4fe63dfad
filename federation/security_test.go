package federation_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// trap is a server inside, and how many connections were made to it.
func (w *world) trap(ip string) (address string, came *atomic.Int64) {
	w.Helper()
	l, err := net.Listen("tcp4", ip+":0")
	if err != nil {
		w.Skipf("no address %s here: %v", ip, err)
	}
	came = new(atomic.Int64)
	inside := httptest.NewUnstartedServer(http.NotFoundHandler())
	inside.Listener.Close()
	inside.Listener = l
	inside.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			came.Add(1)
		}
	}
	inside.Start()
	w.Cleanup(inside.Close)
	return l.Addr().String(), came
}

// guarded has a city reach the servers of the test as if they were public, and
// nothing else on this machine.
func guarded(o *federation.Options) {
	o.Client = client.New(client.Options{
		UserAgent: "test", Scheme: "http", Now: o.Now, Public: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
}

// deliveryInside: what is addressed to an inbox inside is not sent, and not kept.
func deliveryInside(w *world, s *store.Store) {
	address, came := w.trap("127.0.0.2")
	c, there := w.city(s, guarded), w.mastodon()
	id := c.publish("rad")
	c.fan(there, "alice", id) // which can be reached
	inside := insideAt(address)
	c.followedBy(id, len(inside), func(k int) (string, string) { return inside[k] + "/a/inbox", inside[k] + "/inbox" })
	w.await(there, of("Create", c.post("rad", "Hello")))
	c.sent() // nothing waits for another try
	if n := came.Load(); n > 0 {
		w.Errorf("%d connections were made inside", n)
	}
}

// insideAt returns addresses that all lead to the server, or to a place like it.
func insideAt(address string) []string {
	_, port, _ := strings.Cut(address, ":")
	return []string{
		"http://" + address, "http://localhost:" + port, "http://city.localhost:" + port, "http://[::1]:" + port,
		"http://[::ffff:127.0.0.2]:" + port, "http://10.0.0.1", "http://169.254.169.254",
	}
}

// redirectedInside: a server that can be reached redirects inside what is asked of
// it: for a key, for a peer and for somebody named in a post. Nothing follows it,
// and nothing comes of it.
func redirectedInside(w *world, s *store.Store) {
	address, came := w.trap("127.0.0.2")
	c, there, enemy := w.city(s, guarded), w.mastodon(), w.mastodon()
	id := c.publish("rad")
	alice, mallory, directory := c.fan(there, "alice", id), enemy.Actor("mallory"), publisher(enemy)
	before := c.everything()
	for _, to := range insideAt(address)[:2] {
		away := fedtest.Answer{Status: 302, Header: http.Header{"Location": {to + "/x"}}, Always: true}
		for _, path := range []string{mallory.ID, "/.well-known/webfinger", directory.ID} {
			enemy.Answer(path, away)
			if path == mallory.ID {
				status(w, mallory.Post(id+"/inbox", mallory.NewFollow(id), func(*fedtest.Signing) {}), 401)
				continue
			}
			c.follow(enemy.Host)
			if got := c.peerTrouble(enemy.Host); !strings.Contains(got, "is not on the public internet") && !strings.Contains(got, "is this machine") {
				w.Errorf("%s leads to %s: the admin reads %q", path, to, got)
			}
			if err := c.RemovePeer(w.Context(), enemy.Host); err != nil {
				w.Fatal(err)
			}
			w.await(there, of("Create", c.post("rad", "Ask "+mallory.Handle()+" and "+directory.Handle())))
			enemy.AsUsual(path)
		}
		enemy.AsUsual(mallory.ID)
		w.clock.Advance(time.Hour) // what was in vain is not tried at once
	}
	c.settle()
	if n := came.Load(); n > 0 {
		w.Errorf("%d connections were made inside", n)
	}
	if diff := cmp.Diff(before, c.everything()); diff != "" {
		w.Errorf("the store changed (-before +after):\n%s", diff)
	}
	if got := enemy.Deliveries(); len(got) > 0 {
		w.Errorf("the enemy was sent %v", got)
	}
	status(w, alice.Unfollow(id), 202) // and the city goes on
	c.until("alice to leave", func() bool { return len(c.followers(id)) == 0 })
}

func se2(t *testing.T) {
	public := func(o *federation.Options) {
		o.Client = client.New(client.Options{UserAgent: "test", Scheme: "http", Now: o.Now})
	}
	one := func(*fedtest.Signing) {}
	t.Run("inside", onSQLite(func(w *world, s *store.Store) {
		c, alice := w.city(s, public), w.mastodon().Actor("alice")
		address, came := w.trap("127.0.0.1")
		_, port, _ := strings.Cut(address, ":")
		hosts := []string{
			"127.0.0.1:" + port, "10.0.0.1", "192.168.1.1", "172.16.0.1", "[::1]:" + port, "[::127.0.0.1]:" + port, "[::ffff:127.0.0.1]:" + port,
			"[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[fd00:ec2::254]", "[fe80::1]", "localhost:" + port,
			"city.localhost:" + port, "127.1:" + port, "2130706433:" + port, "user@10.0.0.1", "93.184.216.34:25",
		}
		for _, host := range hosts {
			forged := alice.Activity("View", "x")
			forged["actor"] = "http://" + host + "/users/a"
			got := alice.Post(c.url("/inbox"), forged, one, func(g *fedtest.Signing) { g.KeyID = "http://" + host + "/users/a#main-key" })
			name, _, _ := strings.Cut(host, ":")
			looked := name == "127.1" || name == "2130706433" // for, as a name, and perhaps in vain
			if got.Status != 401 && (got.Status != 503 || !looked) {
				w.Errorf("%s: got %d %s, want 401 once and for all", host, got.Status, got.Body)
			}
		}
		if n := came.Load(); n > 0 {
			w.Errorf("%d connections were made inside", n)
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
	t.Run("redirected to this machine", onEach(redirectedInside))
	t.Run("WebFinger, host-meta and NodeInfo", onSQLite(discoveryInside))
	t.Run("delivery", onEach(deliveryInside))
	t.Run("a shared inbox elsewhere", onSQLite(func(w *world, s *store.Store) {
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
			for _, inbox := range []string{id + "/inbox", c.url("/inbox")} {
				activity := alice.Activity(kind, []any{object, there.URL + "/trap"}) // with an id for each inbox
				activity["to"], activity["cc"] = []string{id + "/followers"}, []string{id + "/followers"}
				activity["target"], activity["instrument"] = there.URL+"/trap", there.URL+"/trap"
				status(w, alice.Post(inbox, activity), 202)
			}
		}
		c.settle()
		c.until("alice's first Follow and all of these to be acted on", func() bool { return c.logged("activity="+there.URL) == 1+2*8 })
		if got := there.Requests()[before:]; len(got) > 0 {
			w.Errorf("asked for %v", got)
		}
		if n := c.logged("level=ERROR"); n > 0 {
			w.Errorf("%d errors in the log", n)
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
