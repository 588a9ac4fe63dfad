package federation_test

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// isFinger checks a WebFinger answer: its type, subject and single self link.
func (c *city) isFinger(got answer, handle, id string) {
	c.w.Helper()
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/jrd+json" {
		c.w.Fatalf("got %d, %s: %s", got.Status, got.Header.Get("Content-Type"), got.Body)
	}
	doc := c.decode(got.Body)
	if want := "acct:" + handle + "@" + c.instance.Domain(); doc.String("subject") != want {
		c.w.Errorf("got subject %q, want %q", doc.String("subject"), want)
	}
	var self []any
	for _, v := range doc.List("links") {
		if link := v.(map[string]any); link["rel"] == "self" {
			self = append(self, link)
		}
	}
	want := []any{map[string]any{"rel": "self", "type": activityJSON, "href": id}}
	if diff := cmp.Diff(want, self); diff != "" {
		c.w.Errorf("self links (-want +got):\n%s", diff)
	}
	if got := c.document(id).String("id"); got != id {
		c.w.Errorf("the actor's id is %q, want %q", got, id)
	}
}

func wf1(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.city(s)
		id := c.publish("rad")
		account := "acct:rad@" + c.instance.Host
		c.isFinger(c.finger(account), "rad", id)
		c.isFinger(c.finger(url.QueryEscape(account)), "rad", id)
	})(t)
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onSQLite(func(w *world, s *store.Store) {
			c := w.city(s)
			id := c.publish("rad")
			p, err := w.server(f).Lookup(w.Context(), "@rad@"+c.instance.Host)
			if err != nil {
				w.Fatal(err)
			}
			if p.ID != id || p.Name != "Café Ümit – Rad & Tat" || p.Type != "Organization" || p.Bot {
				w.Errorf("got profile %+v", p)
			}
		})(t)
	})
}

func wf2(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.city(s)
		id := c.publish("rad")
		for _, account := range []string{"acct:RAD@", "acct:@rad@", "acct:Rad@"} {
			c.isFinger(c.finger(account+strings.ToUpper(c.instance.Host)), "rad", id)
		}
	})(t)
}

func wf3(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.city(s)
		id := c.publish("rad")
		byName := c.finger("acct:rad@" + c.instance.Host)
		for _, resource := range []string{id, url.QueryEscape(id), id + "/", id + "@" + c.instance.Host} {
			got := c.finger(resource)
			c.isFinger(got, "rad", id)
			if got.Body != byName.Body {
				w.Errorf("%s: got %s, want %s", resource, got.Body, byName.Body)
			}
		}
	})(t)
}

func wf4(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		c.publish("rad")
		c.publish("gone")
		if err := c.Withdraw(w.Context(), "gone"); err != nil {
			w.Fatal(err)
		}
		draft := rad()
		draft.Handle = "draft"
		if err := c.Draft(w.Context(), draft); err != nil {
			w.Fatal(err)
		}
		host := c.instance.Host
		cases := map[string]int{
			"acct:nobody@" + host:             404,
			"acct:draft@" + host:              404,
			"acct:rad@elsewhere.example":      404,
			"https://elsewhere.example/rad":   404,
			"acct:gone@" + host:               410,
			"":                                400,
			"acct:rad":                        400,
			"rad":                             400,
			"acct:@" + host:                   400,
			"acct:rad%0a@" + host:             404,
			c.instance.URL("/forms/x"):        404,
			c.instance.URL("/initiatives/"):   404,
			"acct:form_repair-cafe@" + host:   404,
			"acct:" + strings.Repeat("a", 31): 400,
		}
		for resource, want := range cases {
			if got := c.finger(resource); got.Status != want {
				w.Errorf("%q: got %d %s, want %d", resource, got.Status, got.Body, want)
			}
		}
		if got := c.get("/.well-known/webfinger", ""); got.Status != 400 {
			w.Errorf("without resource: got %d, want 400", got.Status)
		}
		if err := s.Close(); err != nil {
			w.Fatal(err)
		}
		for _, handle := range []string{"rad", "gone", "nobody"} {
			got := c.finger("acct:" + handle + "@" + host)
			if got.Status != 503 || got.Header.Get("Retry-After") == "" || strings.Contains(got.Body, "sql") {
				w.Errorf("%s, no database: got %d %v %s, want 503", handle, got.Status, got.Header, got.Body)
			}
		}
	})(t)
}

// handleDomain is a web server at the domain in a city's handles. All it does is
// what its operator has to set up: it redirects WebFinger to the city.
func (w *world) handleDomain() (domain string, leadsTo func(c *city)) {
	w.Helper()
	var to atomic.Pointer[city]
	there := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if c := to.Load(); c != nil && strings.HasPrefix(r.URL.Path, "/.well-known/webfinger") {
			http.Redirect(rw, r, c.url(r.RequestURI), http.StatusMovedPermanently)
			return
		}
		http.NotFound(rw, r)
	}))
	w.Cleanup(there.Close)
	return strings.TrimPrefix(there.URL, "http://"), to.Store
}

func wf5(t *testing.T) {
	split := func(test func(w *world, c *city, domain string)) func(*testing.T) {
		return onSQLite(func(w *world, s *store.Store) {
			domain, leadsTo := w.handleDomain()
			c := w.city(s, func(o *federation.Options) { o.Instance.HandleDomain = domain })
			leadsTo(c)
			test(w, c, domain)
		})
	}
	t.Run("answers", split(func(w *world, c *city, domain string) {
		id := c.publish("rad")
		for _, host := range []string{c.instance.Host, domain, strings.ToUpper(domain)} {
			c.isFinger(c.finger("acct:rad@"+host), "rad", id)
			c.isFinger(c.finger("acct:directory@"+host), "directory", c.instance.DirectoryID())
			c.isFinger(c.finger("acct:"+host+"@"+host), domain, c.instance.ActorID())
		}
		for _, resource := range []string{id, id + "@" + domain} {
			c.isFinger(c.finger(resource), "rad", id)
		}
		for _, resource := range []string{"acct:rad@elsewhere.example", "http://" + domain + "/initiatives/rad"} {
			if got := c.finger(resource); got.Status != 404 {
				w.Errorf("%s: got %d", resource, got.Status)
			}
		}
		doc := c.document(id)
		if doc.String("webfinger") != "rad@"+domain || doc.String("preferredUsername") != "rad" || doc.String("id") != id {
			w.Errorf("got %v", doc)
		}
		if err := c.AddPeer(w.Context(), domain); err == nil {
			w.Error("the city became its own peer")
		}
		// Somebody who writes of it by the short name means it.
		post := c.post("rad", "Thanks, @rad@"+domain)
		c.until("the mention", func() bool {
			p, err := c.store.Post(w.Context(), post)
			return err == nil && len(p.Mentions) == 1 && p.Mentions[0].ID == id
		})
	}))
	for _, f := range flavours() {
		t.Run(f.Software+f.Version, split(func(w *world, c *city, domain string) {
			id, there := c.publish("rad"), w.server(f)
			handle := "rad@" + domain
			if !f.LoopsBack { // takes the id's host, whatever WebFinger says
				handle = "rad@" + c.instance.Host
			}
			for _, asked := range []string{"@rad@" + domain, "@rad@" + c.instance.Host} {
				if p, err := there.Lookup(w.Context(), asked); err != nil || p.ID != id || p.Handle != handle {
					w.Errorf("%s: got %+v %v, want %s", asked, p, err, handle)
				}
			}
			for _, actor := range []string{c.instance.ActorID(), c.instance.DirectoryID()} {
				if _, err := there.LookupURL(w.Context(), actor); err != nil {
					w.Errorf("%s: %v", actor, err)
				}
			}
			c.fan(there, "alice", id)
		}))
	}
	t.Run("peers", onSQLite(func(w *world, s *store.Store) {
		domain, leadsTo := w.handleDomain()
		c := w.city(s, func(o *federation.Options) { o.Instance.HandleDomain = domain })
		leadsTo(c)
		other := w.city(storetest.Open(w.T))
		id := c.publish("rad")
		other.peers(c)
		other.until("the entry", func() bool { return other.state(id) == directory.Published })
		id = other.publish("tool")
		c.peers(other)
		c.until("the entry", func() bool { return c.state(id) == directory.Published })
	}))
}

func wf6(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.dormant(s)
		got := c.get("/.well-known/host-meta", "application/xrd+xml, application/xml, text/xml")
		if got.Status != 200 || got.Header.Get("Content-Type") != "application/xrd+xml" {
			w.Fatalf("got %d %v", got.Status, got.Header)
		}
		var xrd struct {
			XMLName xml.Name `xml:"http://docs.oasis-open.org/ns/xri/xrd-1.0 XRD"`
			Link    struct {
				Rel      string `xml:"rel,attr"`
				Template string `xml:"template,attr"`
			}
		}
		if err := xml.Unmarshal([]byte(got.Body), &xrd); err != nil {
			w.Fatal(err)
		}
		want := c.instance.URL("/.well-known/webfinger?resource={uri}")
		if xrd.Link.Rel != "lrdd" || xrd.Link.Template != want {
			w.Errorf("got %+v, want lrdd %s", xrd.Link, want)
		}
		got = c.get("/.well-known/host-meta.json", "")
		if got.Status != 200 || got.Header.Get("Content-Type") != "application/jrd+json" || !strings.Contains(got.Body, want) {
			w.Errorf("JSON: got %d %v %s", got.Status, got.Header, got.Body)
		}
	})(t)
}

func wf7(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.city(s)
		id := c.instance.ActorID()
		for _, resource := range []string{c.instance.URL("/"), c.instance.URL(""), id, "acct:" + c.instance.Host + "@" + c.instance.Host} {
			got := c.finger(resource)
			c.isFinger(got, c.instance.Host, id)
			if service := link(c.decode(got.Body), "https://www.w3.org/ns/activitystreams#Service"); service["href"] != id || service["type"] != activityJSON {
				w.Errorf("%s: got Service link %v in %s", resource, service, got.Body)
			}
		}
		links := c.decode(c.get("/.well-known/nodeinfo", "").Body).List("links")
		last, _ := links[len(links)-1].(map[string]any)
		if last["rel"] != "https://www.w3.org/ns/activitystreams#Application" || last["href"] != id {
			w.Errorf("got link %v, want the Application %s", last, id)
		}
		actor := c.document(id)
		if actor["type"] != "Application" {
			w.Errorf("got type %v", actor["type"])
		}
		for _, actor := range []string{id, c.instance.DirectoryID()} {
			for _, f := range flavours() {
				if _, err := w.server(f).LookupURL(w.Context(), actor); err != nil {
					w.Errorf("%s%s: %s: %v", f.Software, f.Version, actor, err)
				}
			}
		}
		if _, err := w.mastodon().Lookup(w.Context(), "@directory@"+c.instance.Host); err != nil {
			w.Error(err)
		}
	})(t)
}

// peerTrouble returns what the admin of c reads of a peer, once something.
func (c *city) peerTrouble(host string) string {
	c.w.Helper()
	var trouble string
	c.until("trouble with "+host, func() bool {
		p, err := c.store.Peer(c.w.Context(), host)
		if err == nil {
			trouble = p.LastError
		}
		return trouble != ""
	})
	return trouble
}

func wf8(t *testing.T) {
	cases := map[string]struct {
		change func(jrd fedtest.Object, host string)
		reads  string // what the admin reads
	}{
		"no subject": {func(jrd fedtest.Object, _ string) { delete(jrd, "subject") }, "subject"},
		"type":       {func(jrd fedtest.Object, _ string) { link(jrd, "self")["type"] = "application/json" }, "self link"},
		"other actor": {func(jrd fedtest.Object, host string) {
			link(jrd, "self")["href"] = "http://" + host + "/other"
		}, "calls itself"},
		"two hops": {func(jrd fedtest.Object, host string) { jrd["subject"] = "acct:second@" + host }, "in turn calls itself"},
	}
	for name, tt := range cases {
		t.Run(name, onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.mastodon()
			publisher := there.Actor("directory")
			publisher.Edit(asDirectory)
			jrd := publisher.JRD()
			tt.change(jrd, there.Host)
			first := script("application/jrd+json", jrd)
			first.Always = false
			there.Answer("/.well-known/webfinger", first)
			second := publisher.JRD() // of another subject again
			second["subject"] = "acct:third@" + there.Host
			if name == "two hops" {
				there.Answer("/.well-known/webfinger", script("application/jrd+json", second))
			}
			other := fedtest.Object{}
			maps.Copy(other, mustDocument(c, publisher.ID))
			there.Answer("/other", script(activityJSON, other))
			if err := c.AddPeer(w.Context(), there.Host); err != nil {
				w.Fatal(err)
			}
			if got := c.peerTrouble(there.Host); !strings.Contains(got, tt.reads) {
				w.Errorf("the admin reads %q, want %q", got, tt.reads)
			}
			if _, err := s.Actor(w.Context(), publisher.ID); err == nil {
				w.Error("the actor was stored")
			}
			if p, err := s.Peer(w.Context(), there.Host); err != nil || p.State != directory.PeerSearching || p.ActorID != "" {
				w.Errorf("got peer %+v %v", p, err)
			}
		}))
	}
}

func wf9(t *testing.T) {
	t.Run("second endpoint", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		publisher := there.Actor("directory")
		publisher.Edit(asDirectory)
		there.Answer("/.well-known/webfinger", fedtest.Answer{Status: 404, Always: true})
		there.Answer("/.well-known/host-meta", fedtest.Answer{
			Status: 200, Header: http.Header{"Content-Type": {"application/xrd+xml"}}, Always: true,
			Body: `<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" template="` +
				there.URL + `/finger?about={uri}"/></XRD>`,
		})
		there.Answer("/finger", script("application/jrd+json", publisher.JRD()))
		if err := c.AddPeer(w.Context(), there.Host); err != nil {
			w.Fatal(err)
		}
		w.await(there, ofType("Follow"))
		if got := requests(there, "GET", "/finger?about=acct%3Adirectory%40"); len(got) != 1 {
			w.Errorf("the second endpoint was asked %d times, want once: %v", len(got), there.Requests())
		}
	}))
	t.Run("404 there too", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon() // whose host-meta leads to the same place
		there.Answer("/.well-known/webfinger", fedtest.Answer{Status: 404, Always: true})
		if err := c.AddPeer(w.Context(), there.Host); err != nil {
			w.Fatal(err)
		}
		if got := c.peerTrouble(there.Host); !strings.Contains(got, "knows no @directory") {
			w.Errorf("the admin reads %q", got)
		}
		if got := len(requests(there, "GET", "/.well-known/webfinger")); got != 2 {
			w.Errorf("WebFinger was asked %d times, want 2", got)
		}
	}))
}

// asDirectory makes an actor's document that of an instance's directory.
func asDirectory(doc fedtest.Object) {
	doc["type"], doc["initiatives"] = "Service", doc.String("id")+"/initiatives"
}

// link returns the link of a JRD with the relation.
func link(jrd fedtest.Object, rel string) map[string]any {
	for _, v := range jrd.List("links") {
		if l := v.(map[string]any); l["rel"] == rel {
			return l
		}
	}
	return nil
}
