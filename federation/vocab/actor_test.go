package vocab_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

func TestActorDocuments(t *testing.T) {
	withHTML := profile()
	withHTML.Summary = "<p>Neighbours mend things &amp; drink coffee.</p><p>Every <em>first</em> Saturday.</p>"
	loopback := ghent()
	loopback.Host, loopback.Scheme = "ghent.localhost:8001", "http"

	golden(t, "initiative.json", must(t)(vocab.InitiativeActor(ghent(), cafe(), withHTML)))
	golden(t, "directory.json", must(t)(vocab.DirectoryActor(ghent(), profile())))
	golden(t, "instance.json", must(t)(vocab.InstanceActor(loopback, profile())))
	golden(t, "context.json", vocab.CommonsContext())
}

// AC2: what other servers insist on, all on one https host.
func TestActorIsAcceptable(t *testing.T) {
	doc := must(t)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	m := decode(t, doc)
	key := m["publicKey"].(map[string]any)
	for name, value := range map[string]any{
		"id": m["id"], "inbox": m["inbox"], "outbox": m["outbox"], "followers": m["followers"],
		"following": m["following"], "featured": m["featured"], "url": m["url"], "publicKey.id": key["id"],
		"sharedInbox": m["endpoints"].(map[string]any)["sharedInbox"],
	} {
		s, _ := value.(string)
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host != "ghent.example" {
			t.Errorf("%s = %v, want an address on https://ghent.example", name, value)
		}
	}
	for name, want := range map[string]any{
		"type": "Organization", "preferredUsername": "cafe_umit", "name": "Café Ümit",
		"webfinger": "cafe_umit@ghent.example", "discoverable": true, "indexable": true,
		"manuallyApprovesFollowers": false,
		"published":                 "2026-01-03T09:30:00.000000Z", "updated": "2026-01-04T09:30:00.000050Z",
	} {
		if got := m[name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if key["owner"] != m["id"] {
		t.Errorf("publicKey.owner = %v, want %v", key["owner"], m["id"])
	}
	if first := m["@context"].([]any)[0]; first != "https://www.w3.org/ns/activitystreams" {
		t.Errorf("the context starts with %v", first)
	}
	a, err := vocab.ParseActor(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Check(); err != nil {
		t.Error(err)
	}
}

// Every term of a document is defined in its context, or a peer that reads
// JSON-LD drops it.
func TestContextsDefineTheirTerms(t *testing.T) {
	p := profile()
	p.AlsoKnownAs, p.MovedTo = []string{"https://old.example/a"}, "https://new.example/a"
	m := decode(t, must(t)(vocab.InitiativeActor(ghent(), cafe(), p)))
	terms := m["@context"].([]any)[4].(map[string]any)
	for _, name := range []string{
		"manuallyApprovesFollowers", "alsoKnownAs", "movedTo", "featured", "featuredTags", "discoverable",
		"indexable", "attributionDomains", "PropertyValue", "value", "Hashtag", "assertionMethod",
		"PostalAddress", "address", "abstract", "keywords", "knowsLanguage", "isBasedOn", "Dataset", "license",
		"creditText", "identifier", "seedForm", "commonsKind", "role", "current", "scope", "status", "founded",
		"precision", "initiatives", "peers", "digest",
	} {
		if terms[name] == nil {
			t.Errorf("the context lacks %q", name)
		}
	}
	served := decode(t, vocab.CommonsContext())["@context"].(map[string]any)
	for name, definition := range served {
		if diff := cmp.Diff(definition, terms[name]); diff != "" {
			t.Errorf("%s is served otherwise than inlined:\n%s", name, diff)
		}
	}
}

// AC3: lists of one stay lists.
func TestListsOfOne(t *testing.T) {
	i := cafe()
	i.Links, i.Forms, i.Tags = i.Links[:1], nil, i.Tags[:1]
	i.Place, i.Kind, i.Founded = directory.Place{}, "", ""
	i.Currents, i.Languages = i.Currents[:1], i.Languages[:1]
	p := profile()
	p.AlsoKnownAs = []string{"https://old.example/initiatives/umit"}
	m := decode(t, must(t)(vocab.InitiativeActor(ghent(), i, p)))
	for _, name := range []string{
		"attachment", "tag", "alsoKnownAs", "attributionDomains", "assertionMethod", "keywords", "current", "knowsLanguage",
	} {
		list, ok := m[name].([]any)
		if !ok || len(list) != 1 {
			t.Errorf("%s = %v, want a list of one", name, m[name])
		}
	}
	page := decode(t, must(t)(vocab.OrderedCollectionPage(vocab.Collection{
		ID: "https://ghent.example/c?p=1", PartOf: "https://ghent.example/c",
		Items: []json.RawMessage{[]byte(`"https://ghent.example/i"`)},
	})))
	if _, ok := page["orderedItems"].([]any); !ok {
		t.Errorf("orderedItems = %v, want a list", page["orderedItems"])
	}
}

// AC4: a name keeps its letters, the handle has none that servers refuse.
func TestHandleIsAcceptedEverywhere(t *testing.T) {
	m := decode(t, must(t)(vocab.InitiativeActor(ghent(), cafe(), profile())))
	handle := m["preferredUsername"].(string)
	if !regexp.MustCompile(`^[a-z0-9_]+([-.][a-z0-9_]+)*$`).MatchString(handle) || len(handle) > 30 {
		t.Errorf("preferredUsername = %q", handle)
	}
	if m["name"] != "Café Ümit" {
		t.Errorf("name = %q", m["name"])
	}
}

// AC5: Mastodon verifies a field that is exactly one link whose text is its address.
func TestWebsiteField(t *testing.T) {
	i := cafe()
	i.Links = []directory.Link{{Name: "Website", URL: "https://umit.example/a?b=1&c=2"}}
	m := decode(t, must(t)(vocab.InitiativeActor(ghent(), i, profile())))
	got := m["attachment"].([]any)[0].(map[string]any)
	want := map[string]any{
		"type": "PropertyValue", "name": "Website",
		"value": `<a href="https://umit.example/a?b=1&amp;c=2" rel="me nofollow noopener">https://umit.example/a?b=1&amp;c=2</a>`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// AC6: an SVG is never offered as an icon.
func TestIconIsNoSVG(t *testing.T) {
	i := cafe()
	i.Image = &directory.Image{URL: "https://umit.example/logo.SVG?v=2", Alt: "A lamp"}
	doc := must(t)(vocab.InitiativeActor(ghent(), i, profile()))
	if m := decode(t, doc); m["icon"] != nil || m["image"] == nil {
		t.Errorf("icon = %v, image = %v", m["icon"], m["image"])
	}
	back, err := vocab.ParseInitiative(doc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(i.Image, back.Image); diff != "" {
		t.Error(diff)
	}
}

func TestSameBytes(t *testing.T) {
	first := must(t)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	for range 20 {
		if again := must(t)(vocab.InitiativeActor(ghent(), cafe(), profile())); !bytes.Equal(first, again) {
			t.Fatalf("the same initiative gave\n%s\nand\n%s", first, again)
		}
	}
}

func TestActorRefusals(t *testing.T) {
	other := cafe()
	other.ID = "https://barcelona.example/initiatives/cafe_umit"
	if _, err := vocab.InitiativeActor(ghent(), other, profile()); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("an initiative of another instance: %v", err)
	}
	if _, err := vocab.InitiativeActor(ghent(), cafe(), vocab.Profile{}); err == nil {
		t.Error("an actor without a key was written")
	}
}

func TestParseActorOfOurs(t *testing.T) {
	a, err := vocab.ParseActor(must(t)(vocab.DirectoryActor(ghent(), profile())))
	if err != nil {
		t.Fatal(err)
	}
	if !a.IsDirectory() {
		t.Errorf("IsDirectory() = false for %+v", a)
	}
	key, ok := a.Key("https://ghent.example/directory#main-key")
	if !ok || key.Owner != a.ID || key.PEM != profile().Keys.PEM {
		t.Errorf("Key() = %+v, %v", key, ok)
	}
	a.Raw, a.Keys = nil, nil
	want := &vocab.Actor{
		ProofKeys: []directory.ProofKey{{
			ID: "https://ghent.example/directory#ed25519-key", Multibase: profile().Keys.Multibase,
		}},
		ID: "https://ghent.example/directory", Type: "Service", Handle: "directory", WebFinger: "directory@ghent.example",
		Name: "Commons of Ghent", Summary: "<p>What people in Ghent look after together.</p>",
		URL: "https://ghent.example/directory", Inbox: "https://ghent.example/directory/inbox",
		SharedInbox: "https://ghent.example/inbox", Outbox: "https://ghent.example/directory/outbox",
		Followers: "https://ghent.example/directory/followers", Featured: "https://ghent.example/directory/featured",
		Discoverable: true, Initiatives: "https://ghent.example/directory/initiatives",
		Peers: "https://ghent.example/directory/peers",
		Place: directory.Place{Locality: "Ghent", Country: "BE", Point: ghent().Point}, Updated: date(2, 123456), ActivityStreams: true,
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

const mastodonActor = `{
  "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1", {"toot": "http://joinmastodon.org/ns#"}],
  "id": "https://m.example/ap/users/1", "type": ["Foo", "as:Person"], "preferredUsername": "ann", "webfinger": "acct:ann@m.example",
  "name": "Ann", "summary": "<p>Hi</p>", "url": [{"type": "Link", "mediaType": "text/plain", "href": "https://m.example/x"},
     {"type": "Link", "mediaType": "text/html", "href": "https://m.example/@ann"}],
  "inbox": "https://m.example/ap/users/1/inbox", "outbox": ["https://m.example/ap/users/1/outbox"],
  "followers": {"id": "https://m.example/ap/users/1/followers", "type": "Collection"},
  "endpoints": {"sharedInbox": "https://m.example/inbox"}, "manuallyApprovesFollowers": false, "discoverable": true,
  "icon": [{"type": "Image", "mediaType": "image/png", "url": "https://files.example/a.png"}],
  "publicKey": [{"id": "https://m.example/ap/users/1#main-key", "owner": "https://m.example/ap/users/1", "publicKeyPem": "PEM"},
    {"id": "https://m.example/ap/users/1#old", "owner": "https://m.example/ap/users/1", "publicKeyPem": "OLD"}],
  "alsoKnownAs": "https://n.example/ann", "suspended": true
}`

// What would steer a terminal is in no text that was read, be it of seven bits or
// of eight.
func TestTextsHoldNoControls(t *testing.T) {
	a, err := vocab.ParseActor([]byte(`{"id":"https://a.example/directory","type":"Service","name":"A\u001b[2J\u009b31m\u0007\u0085\u007fé\tb"}`))
	if err != nil || a.Name != "A[2J31mé\tb" {
		t.Errorf("the name is %q, %v", a.Name, err)
	}
}

func TestParseActorOfMastodon(t *testing.T) {
	a, err := vocab.ParseActor([]byte(mastodonActor))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	a.Raw = nil
	want := &vocab.Actor{
		ID: "https://m.example/ap/users/1", Type: "Person", Handle: "ann", WebFinger: "ann@m.example", Name: "Ann",
		Summary: "<p>Hi</p>", URL: "https://m.example/@ann", Inbox: "https://m.example/ap/users/1/inbox",
		SharedInbox: "https://m.example/inbox", Outbox: "https://m.example/ap/users/1/outbox",
		Followers: "https://m.example/ap/users/1/followers", Icon: "https://files.example/a.png",
		Keys: []vocab.Key{
			{ID: "https://m.example/ap/users/1#main-key", Owner: "https://m.example/ap/users/1", PEM: "PEM"},
			{ID: "https://m.example/ap/users/1#old", Owner: "https://m.example/ap/users/1", PEM: "OLD"},
		},
		Discoverable: true, Suspended: true, AlsoKnownAs: []string{"https://n.example/ann"}, ActivityStreams: true,
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

// Of an actor's assertion methods, those count that are its own and Ed25519.
func TestProofKeys(t *testing.T) {
	const id = "https://m.example/ap/users/1"
	key := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"id": id + "#ed25519-key", "type": "Multikey", "controller": id, "publicKeyMultibase": "z6MkA"}
		change(m)
		return m
	}
	set := func(name string, value any) map[string]any {
		return key(func(m map[string]any) { m[name] = value })
	}
	as := key(func(map[string]any) {})
	many := make([]any, 30)
	for k := range many {
		many[k] = as
	}
	for name, c := range map[string]struct {
		methods any
		want    int
	}{
		"one":                      {as, 1},
		"a list":                   {[]any{as, set("id", id+"#two")}, 2},
		"more than anyone needs":   {many, 10},
		"types":                    {set("type", []any{"VerificationMethod", "Multikey"}), 1},
		"none":                     {nil, 0},
		"an IRI":                   {id + "#ed25519-key", 0},
		"another's":                {set("controller", "https://m.example/ap/users/2"), 0},
		"nobody's":                 {key(func(m map[string]any) { delete(m, "controller") }), 0},
		"on another host":          {set("id", "https://evil.example/key"), 0},
		"without id":               {key(func(m map[string]any) { delete(m, "id") }), 0},
		"RSA":                      {set("publicKeyMultibase", "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZsuVNjq8HCuW1w24nhBFGkRE4cd2Uf2tfrB3N7h4mnyPp1BF3ZttHTYv3DLUPi1zMdkULiow3M1GfXkoC6DoxDUm1jmN6GBj22SjVsr6dxezRVQc7aj9TxE7JLbMH1wh5X3kA58H3DFW8rnYMakFGbca5CB2Jf6CnGQZmL7o5uJAdTwXfy2iiiyPxXEGerMhHwhjTA1mKYobyk2CpeEcmvynADfNZ5MBvcCS7m3XkFCMNUYBS9NQ3fze6vMSUPsNa6GVYmKx2x6JrdEjCk3qRMMmyjnjCMfR4pXbRMZa3i"), 0},
		"another base":             {set("publicKeyMultibase", "u7QG"), 0},
		"another kind of document": {set("type", "JsonWebKey"), 0},
		"numbers":                  {[]any{1, true, []any{as}}, 0},
	} {
		m := decode(t, []byte(mastodonActor))
		m["assertionMethod"] = c.methods
		doc, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		a, err := vocab.ParseActor(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.ProofKeys) != c.want {
			t.Errorf("%s: got %v, want %d", name, a.ProofKeys, c.want)
		}
	}
}

// A2, AC10: actors that are not to be believed.
func TestActorCheck(t *testing.T) {
	change := func(change func(map[string]any)) string {
		m := decode(t, []byte(mastodonActor))
		change(m)
		doc, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(doc)
	}
	for name, doc := range map[string]string{
		"no context":     change(func(m map[string]any) { delete(m, "@context") }),
		"other context":  change(func(m map[string]any) { m["@context"] = "https://www.w3.org/ns/activitystreams#" }),
		"id not http":    change(func(m map[string]any) { m["id"] = "did:key:z6Mk" }),
		"no name":        change(func(m map[string]any) { delete(m, "preferredUsername"); delete(m, "webfinger") }),
		"no inbox":       change(func(m map[string]any) { delete(m, "inbox") }),
		"foreign inbox":  change(func(m map[string]any) { m["inbox"] = "https://evil.example/inbox" }),
		"other port":     change(func(m map[string]any) { m["inbox"] = "https://m.example:444/inbox" }),
		"foreign outbox": change(func(m map[string]any) { m["outbox"] = "https://evil.example/outbox" }),
		"foreign owner": change(func(m map[string]any) {
			m["publicKey"].([]any)[1].(map[string]any)["owner"] = "https://m.example/ap/users/2"
		}),
		"foreign key": change(func(m map[string]any) { m["publicKey"] = "https://evil.example/key" }),
	} {
		a, err := vocab.ParseActor([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Check() == nil {
			t.Errorf("%s: Check() = nil", name)
		}
	}
}

func TestForeignSharedInboxIsNotUsed(t *testing.T) {
	a, err := vocab.ParseActor([]byte(`{"id":"https://m.example/a","type":"Person","sharedInbox":"https://victim.example/inbox"}`))
	if err != nil {
		t.Fatal(err)
	}
	if a.SharedInbox != "" {
		t.Errorf("SharedInbox = %q", a.SharedInbox)
	}
}

// SG4, H5, H7: where a key's id may lead.
func TestParseKey(t *testing.T) {
	want := &vocab.Key{ID: "https://g.example/users/x/main-key", Owner: "https://g.example/users/x", PEM: "PEM"}
	inner := `{"id":"https://g.example/users/x/main-key","owner":"https://g.example/users/x","publicKeyPem":"PEM"}`
	for name, doc := range map[string]string{
		"bare":         inner,
		"stub":         `{"id":"https://g.example/users/x","type":"Person","publicKey":` + inner + `}`,
		"list":         `{"id":"https://g.example/users/x","publicKey":[` + inner + `]}`,
		"owner object": `{"id":"https://g.example/users/x/main-key","owner":{"id":"https://g.example/users/x"},"publicKeyPem":"PEM"}`,
	} {
		got, err := vocab.ParseKey([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, doc := range []string{`{}`, `[]`, `{"publicKey":"https://g.example/key"}`, `{"id":"https://g.example/k","publicKeyPem":"PEM"}`} {
		if got, err := vocab.ParseKey([]byte(doc)); err == nil {
			t.Errorf("ParseKey(%s) = %+v, want an error", doc, got)
		}
	}
}
