package fedtest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func start(t testing.TB, f fedtest.Flavour) *fedtest.Server {
	t.Helper()
	return fedtest.NewServer(t, fedtest.WithFlavour(f), fedtest.WithClock(noon))
}

func status(t *testing.T, got fedtest.Response, want int) {
	t.Helper()
	if got.Status != want {
		t.Fatalf("got %d %s %v, want %d", got.Status, got.Body, got.Err, want)
	}
}

func ofType(kind string) func(fedtest.Delivery) bool {
	return func(d fedtest.Delivery) bool { return d.Type == kind && d.Status == 202 }
}

func note(t *testing.T, a *fedtest.Actor, content string, more fedtest.Object) fedtest.Object {
	t.Helper()
	n, err := a.Note(content, more)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pair returns actors of two servers, the first of which follows the second.
func pair(t *testing.T) (here, there *fedtest.Server, alice, bob *fedtest.Actor) {
	t.Helper()
	here, there = start(t, fedtest.Mastodon47()), start(t, fedtest.Mastodon47())
	alice, bob = here.Actor("alice"), there.Actor("bob")
	status(t, alice.Follow(bob.ID), 202)
	here.Await(t.Context(), ofType("Accept"))
	return here, there, alice, bob
}

func flavours() []fedtest.Flavour {
	fedify := fedtest.Mastodon47()
	fedify.Software, fedify.SignsFirst = "fedify", fedtest.RFC9421
	secure := fedtest.Mastodon43()
	secure.Secure = true
	return []fedtest.Flavour{fedtest.Mastodon47(), secure, fedtest.GoToSocial(), fedtest.Lemmy(), fedify}
}

// Every flavour meets every other: it looks an actor up, follows it, is
// accepted, gets a post, its edit and its end, and leaves.
func TestFlavoursMeet(t *testing.T) {
	for _, f := range flavours() {
		for _, g := range flavours() {
			if f.Software == "lemmy" && g.Secure {
				continue // Lemmy fetches unsigned and cannot read a secure server
			}
			if f.Secure && g.Software == "lemmy" {
				continue
			}
			t.Run(f.Software+f.Version+" and "+g.Software+g.Version, func(t *testing.T) { meet(t, f, g) })
		}
	}
}

func meet(t *testing.T, f, g fedtest.Flavour) {
	here, there := start(t, f), start(t, g)
	alice, bob := here.Actor("alice"), there.Actor("bob")
	pinned := note(t, bob, "<p>Who I am</p>", nil).String("id")
	bob.Pin(pinned)

	p, err := here.Lookup(t.Context(), bob.Handle())
	if err != nil {
		t.Fatalf("look up %s: %v", bob.Handle(), err)
	}
	if p.ID != bob.ID || p.Name != "bob" || p.Note != "<p>I test things.</p>" || len(p.Fields) != 1 || p.Posts != 1 ||
		len(p.Pinned) != 1 || p.Pinned[0].ID != pinned {
		t.Errorf("got profile %+v", p)
	}

	status(t, alice.Follow(bob.ID), 202)
	here.Await(t.Context(), ofType("Accept"))
	if got := alice.Follows(bob.ID); got != fedtest.Accepted {
		t.Fatalf("follow is %q", got)
	}
	if got := bob.FollowedBy(alice.ID); got != fedtest.Accepted {
		t.Fatalf("follower is %q", got)
	}

	post := note(t, bob, "<p>Hello</p>", fedtest.Object{"tag": []any{map[string]any{"type": "Hashtag", "name": "#repair"}}})
	for inbox, res := range bob.Publish(bob.NewCreate(post)) {
		if res.Status != 202 {
			t.Errorf("%s: %d %s", inbox, res.Status, res.Body)
		}
	}
	here.Await(t.Context(), ofType("Create"))
	got := alice.Timeline()
	if len(got) != 1 || got[0].Content != "<p>Hello</p>" || got[0].Visibility != "public" || !slices.Equal(got[0].Hashtags, []string{"#repair"}) {
		t.Fatalf("got timeline %+v", got)
	}

	bob.Publish(bob.NewDelete(post.String("id")))
	here.Await(t.Context(), ofType("Delete"))
	if got := alice.Timeline(); len(got) != 0 {
		t.Errorf("after Delete: %+v", got)
	}

	status(t, alice.Unfollow(bob.ID), 202)
	there.Await(t.Context(), ofType("Undo"))
	if got := bob.FollowedBy(alice.ID); got != fedtest.NotFollowing {
		t.Errorf("follower is %q after Undo", got)
	}
}

func TestInboxKinds(t *testing.T) {
	for _, f := range flavours() {
		here, there := start(t, fedtest.Mastodon47()), start(t, f)
		alice, bob := here.Actor("alice"), there.Actor("bob")
		if f.Software == "lemmy" {
			continue
		}
		status(t, bob.Follow(alice.ID), 202)
		there.Await(t.Context(), ofType("Accept"))
		answers := alice.Publish(alice.NewCreate(note(t, alice, "<p>Hi</p>", nil)))
		want := there.URL + "/inbox"
		if !f.SharedInbox {
			want = bob.Inbox
		}
		if _, ok := answers[want]; !ok || len(answers) != 1 {
			t.Errorf("%s: posted to %v, want %s", f.Software, answers, want)
		}
	}
}

func TestSecondKnock(t *testing.T) {
	only := fedtest.Mastodon47()
	only.OnlyRFC9421 = true
	here, there := start(t, fedtest.Mastodon47()), start(t, only)
	alice, bob := here.Actor("alice"), there.Actor("bob")
	status(t, alice.Follow(bob.ID), 202)
	list := there.Deliveries()
	there.Until(t.Context(), func() bool { list = there.Deliveries(); return len(list) == 2 })
	if list[0].Status != 401 || list[1].Status != 202 || list[1].Form != fedtest.RFC9421 {
		t.Errorf("got %v", list)
	}
	old := start(t, fedtest.Mastodon43()).Actor("carol")
	status(t, old.Follow(bob.ID), 401)
	status(t, alice.Post(old.Inbox, alice.Activity("Follow", old.ID), fedtest.AsRFC9421), 400)
}

// What breaks a signature, and what Mastodon answers (H2, H3, H4, H8).
func TestSignatures(t *testing.T) {
	there := start(t, fedtest.Mastodon47())
	here, bob := start(t, fedtest.Mastodon47()), there.Actor("bob")
	alice, other := here.Actor("alice"), here.Actor("carol")
	shapes := func(list ...fedtest.Shape) []fedtest.Shape { return list }
	new9421 := fedtest.AsRFC9421
	cases := map[string]struct {
		shapes []fedtest.Shape
		want   int
	}{
		"as usual":          {nil, 202},
		"other order":       {shapes(fedtest.Covering("(request-target)", "host", "date", "digest", "content-type")), 202},
		"not signed":        {shapes(fedtest.NotSigned), 401},
		"no digest":         {shapes(fedtest.NoDigest), 401},
		"digest uncovered":  {shapes(fedtest.NotCovering("digest")), 401},
		"other body":        {shapes(fedtest.Sending(`{"type":"Follow"}`)), 401},
		"only SHA-512":      {shapes(fedtest.OnlySHA512), 401},
		"date uncovered":    {shapes(fedtest.NotCovering("date")), 401},
		"50 minutes old":    {shapes(fedtest.Shifted(-50 * time.Minute)), 202},
		"2 hours old":       {shapes(fedtest.Shifted(-2 * time.Hour)), 401},
		"2 hours early":     {shapes(fedtest.Shifted(2 * time.Hour)), 401},
		"other key":         {shapes(fedtest.WithKeyOf(other)), 401},
		"other target":      {shapes(fedtest.Target("/elsewhere")), 401},
		"few covered":       {shapes(fedtest.Covering("digest", "date")), 202},
		"no algorithm":      {shapes(func(g *fedtest.Signing) { g.Algorithm = "" }), 202},
		"ecdsa":             {shapes(func(g *fedtest.Signing) { g.Algorithm = "ecdsa-sha256" }), 401},
		"9421":              {shapes(new9421), 202},
		"9421, no digest":   {shapes(new9421, fedtest.NoDigest), 401},
		"9421, SHA-512":     {shapes(new9421, fedtest.OnlySHA512), 401},
		"9421, other body":  {shapes(new9421, fedtest.Sending("{}")), 401},
		"9421, no created":  {shapes(new9421, func(g *fedtest.Signing) { g.Created = time.Time{} }), 401},
		"9421, 2 hours old": {shapes(new9421, fedtest.Shifted(-2*time.Hour)), 401},
		"9421, target":      {shapes(new9421, fedtest.Target("http://elsewhere.example/inbox")), 401},
		"9421, no target":   {shapes(new9421, fedtest.NotCovering("@target-uri")), 401},
		"9421, no method":   {shapes(new9421, fedtest.NotCovering("@method")), 401},
		"created":           {shapes(created), 202},
		"created, old":      {shapes(created, fedtest.Shifted(-4*time.Hour)), 401},
		"created with rsa":  {shapes(created, func(g *fedtest.Signing) { g.Algorithm = "rsa-sha256" }), 401},
		"garbage": {shapes(func(g *fedtest.Signing) {
			g.Form, g.Header = fedtest.Unsigned, map[string][]string{"Signature": {"keyId="}}
		}), 400},
		"twice": {shapes(func(g *fedtest.Signing) {
			g.Form, g.Header = fedtest.Unsigned, map[string][]string{"Signature": {`keyId="a",keyId="b"`}}
		}), 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			there.Forget()
			status(t, alice.Post(bob.Inbox, alice.Activity("View", bob.ID), c.shapes...), c.want)
		})
	}
}

// created signs as Lemmy does.
func created(g *fedtest.Signing) {
	g.Algorithm, g.Covered = "hs2019", fedtest.Lemmy().PostCovered
	g.Created, g.Expires = noon(), noon().Add(time.Hour)
}

func TestSignedGet(t *testing.T) {
	f := fedtest.Mastodon47()
	f.Secure = true
	there := start(t, f)
	bob := there.Actor("bob")
	for _, flavour := range []fedtest.Flavour{fedtest.Mastodon47(), fedtest.Mastodon43(), fedtest.GoToSocial()} {
		alice := start(t, flavour).Actor("alice")
		status(t, alice.Get(bob.ID), 200)
		status(t, alice.Get(bob.ID+"/outbox?page=1"), 200)
		status(t, alice.Get(bob.ID+"/outbox?page=1", fedtest.Target(strings.TrimPrefix(bob.ID, there.URL)+"/outbox")), 200)
		status(t, alice.Get(bob.ID, fedtest.NotSigned), 401)
		status(t, alice.Get(bob.ID, fedtest.NotCovering("host")), 401)
		status(t, alice.Get(there.Instance().ID, fedtest.NotSigned), 200)
	}
}

func TestInboxAnswers(t *testing.T) {
	there := start(t, fedtest.Mastodon47())
	here := start(t, fedtest.Mastodon47())
	alice, bob, gone := here.Actor("alice"), there.Actor("bob"), there.Actor("gone")
	gone.Vanish()
	view := alice.Activity("View", bob.ID)
	status(t, alice.Post(bob.Inbox, view), 202)
	status(t, alice.Post(there.URL+"/inbox", view), 202)
	status(t, alice.Post(gone.Inbox, view), 410)
	status(t, alice.Post(there.URL+"/nobody/inbox", view), 404)
	status(t, alice.Post(bob.Inbox, strings.Repeat("x", 1<<20+1)), 413)
	status(t, alice.Post(bob.Inbox, "hello"), 400)
	here.Actor("new") // whose key cannot be had
	here.Answer(here.Actor("new").ID, fedtest.Answer{Status: 500, Always: true})
	status(t, here.Actor("new").Post(bob.Inbox, view), 503)
	here.Answer(here.Actor("old").ID, fedtest.Answer{Status: 410, Always: true})
	status(t, here.Actor("old").Post(bob.Inbox, view), 401)
	status(t, here.Actor("old").Post(bob.Inbox, here.Actor("old").NewDelete(here.Actor("old").ID)), 202)
	there.Block(here.Host)
	status(t, alice.Post(bob.Inbox, view), 403)

	strict := start(t, fedtest.GoToSocial())
	carol := strict.Actor("carol")
	status(t, carol.Post(bob.Inbox, carol.Activity("View", bob.ID)), 202)
	status(t, alice.Post(carol.Inbox, view, func(g *fedtest.Signing) {
		g.After = func(r *requestT) { r.Header.Set("User-Agent", "") }
	}), 418)
	status(t, alice.Post(carol.Inbox, view, func(g *fedtest.Signing) {
		g.After = func(r *requestT) { r.Header.Set("Content-Type", "application/json") }
	}), 406)
	status(t, alice.Post(carol.Inbox, alice.Activity("Accept", fedtest.Object{"type": "Follow"})), 422)
	status(t, alice.Post(carol.Inbox, alice.Activity("Accept", carol.NewFollow(bob.ID))), 403)
}

func TestScriptedAnswers(t *testing.T) {
	there := start(t, fedtest.Mastodon47())
	alice, bob := start(t, fedtest.Mastodon43()).Actor("alice"), there.Actor("bob")
	gate := make(chan struct{})
	there.Answer(
		bob.Inbox, fedtest.Answer{Status: 401}, fedtest.Answer{},
		fedtest.Answer{Status: 429, Header: map[string][]string{"Retry-After": {"7"}}},
		fedtest.Answer{Status: 307, Header: map[string][]string{"Location": {there.URL + "/inbox"}}},
		fedtest.Answer{Status: 200, Body: "slow", Within: gate},
	)
	view := alice.Activity("View", bob.ID)
	status(t, alice.Post(bob.Inbox, view), 401)
	status(t, alice.Post(bob.Inbox, view), 202)
	limited := alice.Post(bob.Inbox, view)
	status(t, limited, 429)
	if got := limited.Header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After %q", got)
	}
	status(t, alice.Post(bob.Inbox, view), 307)
	done := make(chan fedtest.Response)
	go func() { done <- alice.Post(bob.Inbox, view) }()
	there.Until(t.Context(), func() bool { return len(there.Deliveries()) == 5 })
	select {
	case res := <-done:
		t.Fatalf("answered before the gate: %+v", res)
	default:
	}
	close(gate)
	if res := <-done; res.Body != "slow" {
		t.Errorf("got %+v", res)
	}
	there.Answer(bob.Inbox, fedtest.Answer{Status: 410, Always: true})
	status(t, alice.Post(bob.Inbox, view), 410)
	status(t, alice.Post(bob.Inbox, view), 410)
	there.AsUsual(bob.Inbox)
	status(t, alice.Post(bob.Inbox, view), 202)
}

// The rules that a looked-up actor can break, and that each is told.
func TestLookupRules(t *testing.T) {
	set := func(key string, value any) func(*fedtest.Server, *fedtest.Actor) {
		return func(_ *fedtest.Server, a *fedtest.Actor) {
			a.Edit(func(doc fedtest.Object) { doc[key] = value })
		}
	}
	jrd := func(change func(fedtest.Object)) func(*fedtest.Server, *fedtest.Actor) {
		return func(s *fedtest.Server, a *fedtest.Actor) {
			doc := a.JRD()
			change(doc)
			s.Answer("/.well-known/webfinger", fedtest.Answer{Status: 200, Body: jsonOf(t, doc), Always: true})
		}
	}
	self := func(kind string) fedtest.Object {
		return fedtest.Object{"rel": "self", "type": kind, "href": "x"}
	}
	answer := func(suffix string, a fedtest.Answer) func(*fedtest.Server, *fedtest.Actor) {
		return func(s *fedtest.Server, b *fedtest.Actor) {
			a.Always = true
			s.Answer(b.ID+suffix, a)
		}
	}
	served := func(contentType, body string) fedtest.Answer {
		return fedtest.Answer{Status: 200, Header: map[string][]string{"Content-Type": {contentType}}, Body: body}
	}
	ap := "application/activity+json"
	cases := map[string]struct {
		breaks func(*fedtest.Server, *fedtest.Actor)
		want   []string
		shown  bool
	}{
		"nothing":        {func(*fedtest.Server, *fedtest.Actor) {}, nil, true},
		"no subject":     {jrd(func(o fedtest.Object) { delete(o, "subject") }), []string{"W2"}, false},
		"self of JSON":   {jrd(func(o fedtest.Object) { o["links"] = []any{self("application/json")} }), []string{"W2"}, false},
		"self elsewhere": {jrd(func(o fedtest.Object) { o["links"] = []any{self(ap)} }), []string{"S4"}, false},
		"other subject":  {jrd(func(o fedtest.Object) { o["subject"] = "acct:eve@nowhere.localhost:1" }), []string{"W2"}, false},
		"other name": {func(s *fedtest.Server, a *fedtest.Actor) {
			s.Actor("eve")
			a.Edit(func(doc fedtest.Object) { doc["preferredUsername"], doc["webfinger"] = "eve", nil })
		}, []string{"W4"}, false},
		"two hops": {func(s *fedtest.Server, a *fedtest.Actor) {
			for _, name := range []string{"carol", "dave"} {
				doc := a.JRD()
				doc["subject"] = name + "@" + s.Host
				s.Answer("/.well-known/webfinger", fedtest.Answer{Status: 200, Body: jsonOf(t, doc)})
			}
		}, []string{"W3"}, false},
		"no context":         {set("@context", []any{"https://w3id.org/security/v1"}), []string{"A2"}, false},
		"other id":           {set("id", "http://elsewhere.example/bob"), []string{"W3"}, false},
		"no inbox":           {set("inbox", ""), []string{"A2"}, false},
		"foreign inbox":      {set("inbox", "http://elsewhere.example/inbox"), []string{"A2"}, false},
		"type":               {set("type", "Place"), []string{"A1"}, false},
		"type list":          {set("type", []any{"Person", "x:Y"}), nil, true},
		"lone field":         {set("attachment", map[string]any{"type": "PropertyValue"}), []string{"A4"}, true},
		"SVG":                {set("icon", map[string]any{"type": "Image", "mediaType": "image/svg+xml", "url": "http://x/y.svg"}), []string{"A4"}, true},
		"no key":             {set("publicKey", nil), []string{"A4"}, true},
		"foreign key":        {set("publicKey", map[string]any{"owner": "http://x/", "publicKeyPem": ""}), []string{"A4", "A4"}, true},
		"plain JSON":         {answer("", served("application/json", "{}")), []string{"S4"}, false},
		"LD without profile": {answer("", served("application/ld+json", "{}")), []string{"S4"}, false},
		"no JSON":            {answer("", served(ap, "<html>")), []string{"A2"}, false},
		"outbox of nothing":  {answer("/outbox", fedtest.Answer{Status: 404}), []string{"A5"}, true},
		"outbox as text":     {answer("/outbox", served("text/plain", "{}")), []string{"S4"}, true},
		"total as text": {func(s *fedtest.Server, a *fedtest.Actor) {
			id := a.ID + "/followers"
			s.Answer(id, served(ap, `{"id":"`+id+`","type":"OrderedCollection","totalItems":"3"}`))
		}, []string{"C2"}, true},
		"wrong items": {func(s *fedtest.Server, a *fedtest.Actor) {
			id := a.ID + "/featured"
			s.Answer(id, served(ap, `{"id":"`+id+`","type":"OrderedCollection","totalItems":1,"items":[]}`))
		}, []string{"C2"}, true},
		"lone item": {func(s *fedtest.Server, a *fedtest.Actor) {
			id := a.ID + "/featured"
			s.Answer(id, served(ap, `{"id":"`+id+`","type":"OrderedCollection","totalItems":1,"orderedItems":"x"}`))
		}, []string{"C2"}, true},
		"foreign pin": {func(_ *fedtest.Server, a *fedtest.Actor) { a.Pin("http://elsewhere.example/1") }, []string{"C3"}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			here, there := start(t, fedtest.Mastodon47()), start(t, fedtest.Mastodon47())
			bob := there.Actor("bob")
			c.breaks(there, bob)
			p, err := here.Lookup(t.Context(), bob.Handle())
			if (p != nil) != c.shown {
				t.Errorf("shown %v, want %v (%v)", p != nil, c.shown, err)
			}
			if diff := cmp.Diff(c.want, fedtest.Rules(err)); diff != "" {
				t.Errorf("rules (-want +got): %s\n%v", diff, err)
			}
			if name != "nothing" && name != "type list" && err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestHostMeta(t *testing.T) {
	here, there := start(t, fedtest.Mastodon47()), start(t, fedtest.Mastodon47())
	bob := there.Actor("bob")
	there.Answer("/finger", fedtest.Answer{Status: 200, Body: jsonOf(t, bob.JRD()), Always: true})
	there.Answer("/.well-known/webfinger", fedtest.Answer{Status: 404, Always: true})
	there.Answer("/.well-known/host-meta", fedtest.Answer{
		Status: 200, Always: true,
		Body: `<XRD><Link rel="lrdd" template="` + there.URL + `/finger?r={uri}"/></XRD>`,
	})
	if _, err := here.Lookup(t.Context(), bob.Handle()); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(there.Requests(), func(r fedtest.Request) bool {
		return r.Target == "/finger?r=acct:"+strings.TrimPrefix(bob.Handle(), "@") && r.Header.Get("Signature") == ""
	}) {
		t.Errorf("requests: %+v", there.Requests())
	}
}

// Which Accepts are believed (F2, F3, S2).
func TestAccept(t *testing.T) {
	here, there := start(t, fedtest.Mastodon47()), start(t, fedtest.Mastodon47())
	alice, bob, eve := here.Actor("alice"), there.Actor("bob"), there.Actor("eve")
	bob.Lock()
	cases := map[string]struct {
		by     *fedtest.Actor
		object func(id string) any
		shapes []fedtest.Shape
		want   fedtest.FollowState
	}{
		"own id":         {bob, func(id string) any { return id }, nil, fedtest.Accepted},
		"other id":       {bob, func(id string) any { return id + "x" }, nil, fedtest.Requested},
		"embedded":       {bob, func(id string) any { return follow(id, alice.ID, bob.ID) }, nil, fedtest.Accepted},
		"embedded wrong": {bob, func(string) any { return follow("http://x/", alice.ID, bob.ID) }, nil, fedtest.Accepted},
		"of another":     {eve, func(id string) any { return id }, nil, fedtest.Requested},
		"forged":         {bob, func(id string) any { return id }, []fedtest.Shape{fedtest.SignedBy(eve)}, fedtest.Requested},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status(t, alice.Follow(bob.ID), 202)
			accept := c.by.Activity("Accept", c.object(alice.FollowID(bob.ID)))
			status(t, c.by.Post(alice.Inbox, accept, c.shapes...), 202)
			d := here.Await(t.Context(), func(d fedtest.Delivery) bool { return d.ID == accept.String("id") })
			if got := alice.Follows(bob.ID); got != c.want || (d.Err == nil) != (c.want == fedtest.Accepted) {
				t.Errorf("got %q, %v; want %q", got, d.Err, c.want)
			}
		})
	}
}

func follow(id, actor, object string) fedtest.Object {
	return fedtest.Object{"id": id, "type": "Follow", "actor": actor, "object": object}
}

func TestPosts(t *testing.T) {
	here, _, alice, bob := pair(t)
	n := 0
	send := func(activity fedtest.Object) fedtest.Delivery {
		t.Helper()
		n++
		activity["id"] = strings.Repeat("i", n) // ids need not be unique; here they find the delivery
		status(t, bob.Post(alice.Inbox, activity), 202)
		return here.Await(t.Context(), func(d fedtest.Delivery) bool { return d.ID == activity["id"] })
	}
	rule := func(d fedtest.Delivery, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, fedtest.Rules(d.Err)); diff != "" {
			t.Errorf("rules of %v (-want +got): %s", d, diff)
		}
	}
	post := note(t, bob, `<p onclick="x">Hello <script>x</script><a href="javascript:x">a</a></p>`, nil)
	rule(send(bob.NewCreate(post)))
	rule(send(bob.NewCreate(post)), "P2")
	if got := alice.Timeline()[0].Content; got != "<p>Hello a</p>" {
		t.Errorf("shown: %s", got)
	}

	edit := func(content, at string) fedtest.Object {
		return fedtest.Object{
			"id": post["id"], "type": "Note", "attributedTo": bob.ID, "content": content,
			"published": post["published"], "updated": at,
		}
	}
	rule(send(bob.Activity("Update", edit("one", "2026-11-23T13:00:00Z"))))
	rule(send(bob.Activity("Update", edit("two", "2026-11-23T13:00:00Z"))), "P11")
	rule(send(bob.Activity("Update", edit("three", "2026-11-23T11:00:00Z"))), "P11")
	rule(send(bob.Activity("Update", edit("four", "2026-11-23T13:00:01Z"))))
	if got := alice.Timeline(); len(got) != 1 || got[0].Content != "four" {
		t.Errorf("after the updates: %+v", got)
	}
	rule(send(bob.NewDelete(post.String("id"))))
	rule(send(bob.NewCreate(post)), "P2")
	late := note(t, bob, "late", nil)
	rule(send(bob.NewDelete(late.String("id"))), "D10")
	rule(send(bob.NewCreate(late)), "P2")
	rule(send(bob.Activity("Create", fedtest.Object{"id": "http://x.example/1", "type": "Note"})), "S3")
	rule(send(bob.NewCreate(note(t, bob, "x", fedtest.Object{"type": "Event", "name": "Fair", "summary": "Noon"}))))
	if got := alice.Timeline(); len(got) != 1 || !strings.HasPrefix(got[0].Content, "<p><strong>Fair</strong></p>Noon<p><a href=") {
		t.Errorf("event: %+v", got)
	}
	rule(send(bob.Activity("Announce", bob.ID)), "P14")
	rule(send(bob.Activity("Add", "x")), "P17")
	rule(send(bob.Activity("EmojiReact", "x")), "P14")

	status(t, alice.Unfollow(bob.ID), 202)
	rule(send(bob.NewCreate(note(t, bob, "unasked", nil))), "P1")
	if got := alice.Timeline(); len(got) != 0 {
		t.Errorf("after Undo: %+v", got)
	}
}

func TestReplyBoostLikeBlock(t *testing.T) {
	here, there, alice, bob := pair(t)
	post := note(t, bob, "<p>Hello</p>", nil).String("id")
	await := func(kind string, count int) {
		t.Helper()
		there.Until(t.Context(), func() bool {
			return count == len(slices.DeleteFunc(there.Deliveries(), func(d fedtest.Delivery) bool { return d.Type != kind }))
		})
	}
	status(t, alice.Like(post), 202)
	await("Like", 1)
	if got := bob.Likes(post); got != 1 {
		t.Errorf("%d likes", got)
	}
	status(t, alice.Unlike(post), 202)
	await("Undo", 1)
	if got := bob.Likes(post); got != 0 {
		t.Errorf("%d likes after Undo", got)
	}
	status(t, bob.Follow(alice.ID), 202)
	there.Await(t.Context(), ofType("Accept"))
	status(t, alice.Boost(post), 202)
	await("Announce", 1)
	if got := bob.Timeline(); len(got) != 1 || got[0].BoostedBy != alice.ID || got[0].ID != post {
		t.Errorf("timeline: %+v", got)
	}
	status(t, alice.Unboost(post), 202)
	await("Undo", 2)
	if got := bob.Timeline(); len(got) != 0 {
		t.Errorf("timeline after Undo: %+v", got)
	}
	reply, res := alice.Reply(post, "<p>Hi</p>")
	status(t, res, 202)
	await("Create", 1)
	if got := there.Status(reply); got == nil || got.InReplyTo != post || !slices.Equal(got.Mentions, []string{bob.ID}) {
		t.Errorf("reply: %+v", got)
	}
	status(t, here.Report("rude", bob.ID, post), 202)
	if d := there.Await(t.Context(), ofType("Flag")); d.Signer != here.Instance().ID {
		t.Errorf("flag: %v", d)
	}
	status(t, alice.Block(bob.ID), 202)
	await("Block", 1)
	if alice.Follows(bob.ID) != fedtest.NotFollowing || bob.Follows(alice.ID) != fedtest.NotFollowing || bob.FollowedBy(alice.ID) != fedtest.NotFollowing {
		t.Error("follows outlive the block")
	}
}

// A key that changed is fetched once, then not for five minutes (H7); a key
// announced with the old one is believed at once (H9).
func TestRotation(t *testing.T) {
	for _, f := range []fedtest.Flavour{fedtest.Mastodon47(), fedtest.GoToSocial()} {
		now := noon()
		there := fedtest.NewServer(t, fedtest.WithFlavour(f), fedtest.WithClock(func() time.Time { return now }))
		here := start(t, fedtest.Mastodon47())
		alice, mallory, bob := here.Actor("alice"), here.Actor("mallory"), there.Actor("bob")
		view := alice.Activity("View", bob.ID)
		fetched := func() int {
			return len(slices.DeleteFunc(here.Requests(), func(r fedtest.Request) bool { return here.URL+r.Target != alice.ID }))
		}
		status(t, alice.Post(bob.Inbox, view), 202)
		before := fetched()
		alice.Rekey()
		want := 202
		if f.PinsKeys {
			want = 401
		}
		status(t, alice.Post(bob.Inbox, view, fedtest.AsCavage), want)
		if got := fetched() - before; got != 1 {
			t.Errorf("%s: fetched %d times", f.Software, got)
		}
		now = now.Add(6 * time.Minute)
		for range 2 {
			status(t, alice.Post(bob.Inbox, view, fedtest.WithKeyOf(mallory)), 401)
		}
		if got := fetched() - before; got != 2 {
			t.Errorf("%s: fetched %d times after two bad signatures", f.Software, got)
		}
	}
	here, _, alice, bob := pair(t)
	withOld := func(key *fedtest.Signing) func(*fedtest.Signing) {
		return func(g *fedtest.Signing) { g.Key = key.Key }
	}
	var old fedtest.Signing
	bob.Post(alice.Inbox, "{}", func(g *fedtest.Signing) { old = *g })
	bob.Rekey()
	update, err := bob.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	status(t, bob.Post(alice.Inbox, update, withOld(&old)), 202)
	if d := here.Await(t.Context(), ofType("Update")); d.Err != nil {
		t.Error(d)
	}
	status(t, bob.Post(alice.Inbox, bob.Activity("View", alice.ID)), 202)
}

func TestDeleteActor(t *testing.T) {
	here, _, alice, bob := pair(t)
	bob.Publish(bob.NewCreate(note(t, bob, "x", nil)))
	here.Await(t.Context(), ofType("Create"))
	bob.Publish(bob.NewDelete(bob.ID))
	bob.Vanish()
	here.Await(t.Context(), ofType("Delete"))
	if alice.Follows(bob.ID) != fedtest.NotFollowing || len(alice.Timeline()) != 0 || here.Account(bob.ID) != nil {
		t.Errorf("left behind: %v, %v", alice.Timeline(), here.Account(bob.ID))
	}
	if _, err := here.Lookup(t.Context(), bob.Handle()); err == nil {
		t.Error("still found")
	}
}

func TestCollection(t *testing.T) {
	here, there, _, bob := pair(t)
	for range 3 {
		note(t, bob, "x", nil)
	}
	total, items, err := here.Collection(t.Context(), bob.ID+"/outbox")
	if err != nil || total != 3 || len(items) != 3 {
		t.Errorf("got %d, %v, %v", total, items, err)
	}
	id := there.URL + "/loop"
	root := fedtest.Object{"id": id, "type": "OrderedCollection", "totalItems": 9, "first": id + "/1"}
	page := fedtest.Object{"id": id + "/1", "type": "OrderedCollectionPage", "partOf": id, "next": id + "/1", "orderedItems": []any{"a"}}
	for _, doc := range []fedtest.Object{root, page} {
		there.Answer(doc.String("id"), fedtest.Answer{
			Status: 200, Body: jsonOf(t, doc), Always: true,
			Header: map[string][]string{"Content-Type": {"application/activity+json"}},
		})
	}
	_, items, err = here.Collection(t.Context(), id)
	if got := fedtest.Rules(err); len(items) != 1 || !slices.Equal(got, []string{"S10"}) {
		t.Errorf("got %v, %v", items, err)
	}
}
