package federation_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// signed is a way to sign an activity and the status that it is answered with.
type signed struct {
	shapes []fedtest.Shape
	want   int
}

// trySigned posts an activity in each of the ways.
func trySigned(t *testing.T, f fedtest.Flavour, ways map[string]signed) {
	t.Helper()
	w := newWorld(t)
	onSQLite(func(_ *world, s *store.Store) {
		c, alice := w.city(s), w.server(f).Actor("alice")
		for name, way := range ways {
			// With a shape there is no second try in the other form.
			shapes := append([]fedtest.Shape{func(*fedtest.Signing) {}}, way.shapes...)
			got := alice.Post(c.url("/inbox"), alice.Activity("View", c.url("/"+name)), shapes...)
			if got.Status != way.want {
				w.Errorf("%s: got %d %s, want %d", name, got.Status, got.Body, way.want)
			}
		}
	})(t)
}

func shapes(list ...fedtest.Shape) []fedtest.Shape { return list }

func sg1(t *testing.T) {
	trySigned(t, fedtest.Mastodon47(), map[string]signed{
		"4.7":       {nil, 202},
		"in order":  {shapes(fedtest.Covering("host", "date", "digest", "content-type", "(request-target)")), 202},
		"4.3":       {shapes(fedtest.Covering("(request-target)", "host", "date", "digest", "content-type")), 202},
		"other key": {shapes(func(g *fedtest.Signing) { g.Key = fedtest.Key(t, 3) }), 401},
		"unsigned":  {shapes(fedtest.NotSigned), 401},
		"garbage": {shapes(func(g *fedtest.Signing) {
			g.After = func(r *http.Request) { r.Header.Set("Signature", "keyId=") }
		}), 400},
		"two signatures": {shapes(func(g *fedtest.Signing) {
			g.After = func(r *http.Request) { r.Header.Add("Signature", r.Header.Get("Signature")) }
		}), 400},
		"for another server": {shapes(func(g *fedtest.Signing) { g.Host = "elsewhere.example" }), 401},
		"for another inbox":  {shapes(fedtest.Target("/initiatives/rad/inbox")), 401},
	})
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) { trySigned(t, f, map[string]signed{"as usual": {nil, 202}}) })
}

func sg2(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s, secure), w.server(fedtest.Mastodon43()) // which covers accept
		alice := there.Actor("alice")
		id := c.publish("rad")
		for _, path := range []string{id, id + "/outbox", c.instance.DirectoryID()} {
			status(w, alice.Get(path), 200)
			status(w, alice.Get(path, fedtest.WithKeyOf(there.Instance())), 401)
			status(w, alice.Get(path, func(g *fedtest.Signing) {
				g.After = func(r *http.Request) { r.Header.Set("Accept", "application/activity+json") } // not what was signed
			}), 401)
		}
		covering := fedtest.Covering("(request-target)", "host", "date", "digest", "content-type", "accept")
		accept := func(g *fedtest.Signing) { g.Header.Set("Accept", "*/*") }
		status(w, alice.Post(id+"/inbox", alice.Activity("View", id), accept, covering), 202)
	})(t)
}

func sg3(t *testing.T) {
	hs2019 := func(g *fedtest.Signing) { g.Algorithm = "hs2019" }
	trySigned(t, fedtest.Lemmy(), map[string]signed{
		"created and expires": {nil, 202},
		"no algorithm":        {shapes(func(g *fedtest.Signing) { g.Algorithm = "" }), 202},
		"expired":             {shapes(fedtest.Shifted(-3 * time.Hour)), 401},
		"good for an hour":    {shapes(fedtest.Shifted(-70 * time.Minute)), 202}, // and an hour for the clocks
		"good for a second": {shapes(fedtest.Shifted(-62*time.Minute), func(g *fedtest.Signing) {
			g.Expires = g.Created.Add(time.Second)
		}), 401},
		"from the future":         {shapes(fedtest.Shifted(2 * time.Hour)), 401},
		"created with rsa-sha256": {shapes(func(g *fedtest.Signing) { g.Algorithm = "rsa-sha256" }), 400},
	})
	trySigned(t, fedtest.Mastodon47(), map[string]signed{
		"hs2019":        {shapes(hs2019), 202},
		"no algorithm":  {shapes(func(g *fedtest.Signing) { g.Algorithm = "" }), 202},
		"rsa-sha512":    {shapes(func(g *fedtest.Signing) { g.Algorithm = "rsa-sha512" }), 401},
		"hmac":          {shapes(func(g *fedtest.Signing) { g.Algorithm = "hmac-sha256" }), 401},
		"ed25519 by it": {shapes(func(g *fedtest.Signing) { g.Algorithm = "ed25519" }), 401},
	})
}

func sg4(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.server(fedtest.GoToSocial())
		alice := there.Actor("alice")
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		w.await(there, ofType("Accept"))
		a, err := s.Actor(w.Context(), alice.ID)
		if err != nil || a.KeyID != alice.ID+"/main-key" {
			w.Errorf("got actor %+v %v", a, err)
		}
	})(t)
	t.Run("bare key", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.server(fedtest.GoToSocial())
		alice, bob := there.Actor("alice"), there.Actor("bob")
		var key map[string]any
		alice.Edit(func(doc fedtest.Object) { key = doc["publicKey"].(map[string]any) })
		if _, err := alice.NewUpdate(); err != nil {
			w.Fatal(err)
		}
		there.Answer(alice.KeyID, script(activityJSON, key))
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 202)
		// One that the named owner does not list.
		foreign := fedtest.Object{"id": bob.ID + "/main-key", "owner": alice.ID, "publicKeyPem": key["publicKeyPem"]}
		there.Answer(bob.KeyID, script(activityJSON, foreign))
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "y"), func(g *fedtest.Signing) { g.KeyID = bob.KeyID }), 401)
		// One that another host's actor shall own.
		carol := w.mastodon().Actor("carol")
		there.Answer("/stray-key", script(activityJSON, fedtest.Object{
			"id": there.URL + "/stray-key", "owner": carol.ID, "publicKeyPem": key["publicKeyPem"],
		}))
		forged := carol.Activity("View", "z")
		status(w, alice.Post(c.url("/inbox"), forged, func(g *fedtest.Signing) { g.KeyID = there.URL + "/stray-key" }), 401)
	}))
}

func sg5(t *testing.T) {
	trySigned(t, fedtest.Mastodon47(), map[string]signed{
		"missing":    {shapes(fedtest.NoDigest), 401},
		"uncovered":  {shapes(fedtest.NotCovering("digest")), 401},
		"other body": {shapes(fedtest.Sending(`{"type":"Follow"}`)), 401},
		"not parsed": {shapes(fedtest.Sending(`}`)), 401},
		"SHA-512":    {shapes(fedtest.OnlySHA512), 401},
		"both": {shapes(func(g *fedtest.Signing) {
			first := g.Digest
			fedtest.OnlySHA512(g)
			g.Digest = first + "," + g.Digest
		}), 202},
		"two of a kind": {shapes(func(g *fedtest.Signing) { g.Digest += "," + fedtest.SHA256Digest([]byte("{}")) }), 401},
	})
}

func sg6(t *testing.T) {
	trySigned(t, fedtest.Mastodon47(), map[string]signed{
		"2 h late":     {shapes(fedtest.Shifted(-2 * time.Hour)), 401},
		"2 h early":    {shapes(fedtest.Shifted(2 * time.Hour)), 401},
		"50 min late":  {shapes(fedtest.Shifted(-50 * time.Minute)), 202},
		"50 min early": {shapes(fedtest.Shifted(50 * time.Minute)), 202},
		"no date":      {shapes(func(g *fedtest.Signing) { g.Date = time.Time{} }, fedtest.NotCovering("date")), 401},
	})
}

func sg7(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c := w.city(s, secure)
		alice, bob := w.mastodon().Actor("alice"), w.server(fedtest.GoToSocial()).Actor("bob")
		id := c.publish("rad")
		page := id + "/outbox?before=0"
		for _, a := range []*fedtest.Actor{alice, bob} {
			status(w, a.Get(page), 200)
			status(w, a.Get(page, fedtest.Target("/initiatives/rad/outbox")), 200)
			status(w, a.Get(page, fedtest.Target("/initiatives/rad/outbox?before=1")), 401)
		}
		// An inbox with a query, where the signature does count.
		inbox := id + "/inbox?from=there"
		for k, target := range []string{"/initiatives/rad/inbox?from=there", "/initiatives/rad/inbox"} {
			status(w, alice.Post(inbox, alice.Activity("View", fmt.Sprint(k)), fedtest.Target(target)), 202)
		}
		status(w, alice.Post(inbox, alice.Activity("View", "x"), fedtest.Target("/initiatives/rad/inbox?from=here")), 401)
	})(t)
}

func sg8(t *testing.T) {
	form := fedtest.AsRFC9421
	trySigned(t, fedtest.Mastodon47(), map[string]signed{
		"as Mastodon":       {shapes(form), 202},
		"no content-digest": {shapes(form, fedtest.NoDigest), 401},
		"not covered":       {shapes(form, fedtest.NotCovering("content-digest")), 401},
		"no created":        {shapes(form, func(g *fedtest.Signing) { g.Created = time.Time{} }), 401},
		"wrong target":      {shapes(form, fedtest.Target("http://elsewhere.example/inbox")), 401},
		"no method":         {shapes(form, fedtest.NotCovering("@method")), 401},
		"no target":         {shapes(form, fedtest.NotCovering("@target-uri")), 401},
		"other body":        {shapes(form, fedtest.Sending("{}")), 401},
		"old":               {shapes(form, fedtest.Shifted(-2*time.Hour)), 401},
		"SHA-512":           {shapes(form, fedtest.OnlySHA512), 401},
		"as Fedify":         {shapes(form, fedtest.Covering("@method", "@target-uri", "@authority", "content-digest", "date")), 202},
		"algorithm named":   {shapes(form, func(g *fedtest.Signing) { g.Algorithm = "rsa-v1_5-sha256" }), 202},
		"wrong algorithm":   {shapes(form, func(g *fedtest.Signing) { g.Algorithm = "hmac-sha256" }), 401},
	})
	fedify := fedtest.Mastodon47()
	fedify.Software, fedify.SignsFirst = "fedify", fedtest.RFC9421
	trySigned(t, fedify, map[string]signed{"first": {nil, 202}})
}

func sg9(t *testing.T) {
	only := fedtest.Mastodon47()
	only.OnlyRFC9421 = true
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.server(only)
		alice := there.Actor("alice")
		id := c.publish("rad")
		status(w, alice.Follow(id, fedtest.AsRFC9421), 202)
		w.await(there, ofType("Accept"))
		tries := came(there, "Accept")
		if len(tries) != 2 || tries[0].Status != 401 || tries[1].Status != 202 || tries[1].Form != fedtest.RFC9421 {
			w.Fatalf("got %v, want one refusal and then RFC 9421", tries)
		}
		w.await(there, of("Create", c.post("rad", "Hello")))
		for _, d := range came(there, "Create") {
			if d.Form != fedtest.RFC9421 || d.Status != 202 {
				w.Errorf("got %v, want RFC 9421 at once", d)
			}
		}
	})(t)
}

func sg10(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		view := func(shapes ...fedtest.Shape) fedtest.Response {
			// With a shape there is one try, and an id for each.
			return alice.Post(c.url("/inbox"), alice.Activity("View", "x"), append(shapes, func(*fedtest.Signing) {})...)
		}
		fetches := func() int { return len(requests(there, "GET", strings.TrimPrefix(alice.ID, there.URL))) }
		status(w, view(), 202)
		if got := fetches(); got != 1 {
			w.Fatalf("%d fetches of the key, want 1", got)
		}
		bad := fedtest.WithKeyOf(there.Instance())
		w.clock.Advance(4 * time.Minute)
		status(w, view(bad), 401) // known too well to be fetched again
		if got := fetches(); got != 1 {
			w.Errorf("%d fetches after a bad signature, want 1", got)
		}
		w.clock.Advance(2 * time.Minute)
		alice.Rekey()
		status(w, view(), 202)
		if got := fetches(); got != 2 {
			w.Errorf("%d fetches after the rotation, want 2", got)
		}
		for range 3 {
			status(w, view(bad), 401)
		}
		if got := fetches(); got != 2 {
			w.Errorf("%d fetches after more bad signatures, want 2", got)
		}
		// Nor over and over again while the refetch fails.
		w.clock.Advance(6 * time.Minute)
		there.Answer(alice.ID, fedtest.Answer{Status: 404, Always: true})
		for range 3 {
			status(w, view(bad), 401)
		}
		if got := fetches(); got != 3 {
			w.Errorf("%d fetches while the key is missing, want 3", got)
		}
		status(w, view(), 202) // what is known still counts
	})(t)
}

func sg12(t *testing.T) {
	strict := fedtest.Mastodon47()
	strict.Secure = true
	for _, f := range []fedtest.Flavour{strict, fedtest.GoToSocial()} {
		t.Run(f.Software, onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s, secure), w.server(f)
			alice := there.Actor("alice")
			id, path := c.publish("rad"), strings.TrimPrefix(alice.ID, there.URL)
			fetched := func() []fedtest.Request {
				return slices.DeleteFunc(requests(there, "GET", path), func(r fedtest.Request) bool { return r.Target != path })
			}
			gate, done := make(chan struct{}), make(chan fedtest.Response, 1)
			there.Answer(alice.ID, fedtest.Answer{Before: gate})
			go func() { done <- alice.Follow(id) }()
			c.until("our question for alice", func() bool { return len(fetched()) > 0 })
			if got := c.get("/actor", activityJSON); got.Status != 200 { // while ours is open, and unsigned
				w.Errorf("our actor: got %d %s", got.Status, got.Body)
			}
			close(gate)
			status(w, <-done, 202) // 503 if both waited for each other
			w.await(there, ofType("Accept"))
			list := fetched()
			if len(list) != 1 {
				w.Errorf("asked %d times, want once", len(list))
			}
			sig := list[0].Header.Get("Signature")
			if !strings.Contains(sig, `keyId="`+c.instance.ActorID()+`#main-key"`) {
				w.Errorf("signed with %s", sig)
			}
			_, covered, _ := strings.Cut(sig, `headers="`)
			covered, _, _ = strings.Cut(covered, `"`)
			for _, name := range []string{"host", "date", "(request-target)"} {
				if !slices.Contains(strings.Fields(covered), name) {
					w.Errorf("%s is not covered in %q", name, covered)
				}
			}
		}))
	}
}

func sg14(t *testing.T) {
	quick := func(o *federation.Options) {
		o.Client = client.New(client.Options{
			UserAgent: "test", Scheme: "http", AllowPrivate: true, Now: o.Now,
			Limits: client.Limits{Header: 100 * time.Millisecond, Total: time.Second},
		})
	}
	t.Run("410", onSQLite(func(w *world, s *store.Store) {
		c, alice := w.city(s), w.mastodon().Actor("alice")
		alice.Vanish()
		status(w, alice.Post(c.url("/inbox"), alice.NewDelete(alice.ID)), 202)
		status(w, alice.Post(c.url("/inbox"), alice.Activity("Follow", c.publish("rad"))), 202)
		c.knowsNobody(alice.ID)
	}))
	t.Run("410 of one who is known", onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		id := c.publish("rad")
		status(w, alice.Follow(id), 202)
		w.await(there, ofType("Accept"))
		alice.Vanish()
		status(w, alice.Post(c.url("/inbox"), alice.NewDelete(alice.ID)), 202)
		c.settle()
		if got := c.followers(id); len(got) != 0 {
			w.Errorf("still followed by %v", got)
		}
		if _, err := s.Actor(w.Context(), alice.ID); err == nil {
			w.Error("the actor is still known")
		}
	}))
	t.Run("500", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		there.Answer(alice.ID, fedtest.Answer{Status: 500, Always: true})
		for range 3 {
			status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 503)
		}
		if got := len(requests(there, "GET", "/ap/")); got != 1 {
			w.Errorf("%d fetches, want 1", got)
		}
		status(w, alice.Post(c.url("/inbox"), alice.NewDelete(alice.ID)), 202)
		there.AsUsual(alice.ID)
		w.clock.Advance(time.Minute)
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 202)
	}))
	t.Run("no answer", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s, quick), w.mastodon()
		alice := there.Actor("alice")
		never := make(chan struct{})
		there.Answer(alice.ID, fedtest.Answer{Before: never, Always: true})
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x")), 503)
		close(never)
	}))
	t.Run("404", onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		alice := there.Actor("alice")
		there.Answer(alice.ID, fedtest.Answer{Status: 404, Always: true})
		one := func(*fedtest.Signing) {}
		for range 3 {
			status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x"), one), 401)
		}
		if got := len(requests(there, "GET", "/ap/")); got != 1 {
			w.Errorf("%d fetches, want 1", got)
		}
		there.AsUsual(alice.ID)
		w.clock.Advance(6 * time.Minute)
		status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "x"), one), 202)
	}))
}
