package vocab_test

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// WF1: what Mastodon, GoToSocial and Lemmy look for.
func TestWebFinger(t *testing.T) {
	doc, err := vocab.WebFinger(ghent(), "cafe_umit", umit)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "webfinger.json", doc)
	m := decode(t, doc)
	if m["subject"] != "acct:cafe_umit@ghent.example" {
		t.Errorf("subject = %v", m["subject"])
	}
	links := m["links"].([]any)
	var application []any
	for _, l := range links {
		if strings.HasPrefix(l.(map[string]any)["type"].(string), "application/") {
			application = append(application, l)
		}
	}
	want := []any{map[string]any{"rel": "self", "type": "application/activity+json", "href": umit}}
	if diff := cmp.Diff(want, application); diff != "" {
		t.Error(diff)
	}
}

// WF7: both ways to the instance actor lead to one document.
func TestInstanceActorIsFound(t *testing.T) {
	doc, err := vocab.WebFinger(ghent(), "ghent.example", ghent().ActorID())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "webfinger_instance.json", doc)
	known, err := vocab.NodeInfoLinks(ghent())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "nodeinfo_links.json", known)
	service := hrefOf(t, doc, "https://www.w3.org/ns/activitystreams#Service")
	application := hrefOf(t, known, "https://www.w3.org/ns/activitystreams#Application")
	if service != ghent().ActorID() || application != service {
		t.Errorf("WebFinger leads to %q, NodeInfo to %q", service, application)
	}
}

func hrefOf(t testing.TB, doc []byte, rel string) string {
	t.Helper()
	for _, l := range decode(t, doc)["links"].([]any) {
		if m := l.(map[string]any); m["rel"] == rel {
			return m["href"].(string)
		}
	}
	t.Errorf("no link %s", rel)
	return ""
}

// WF6: the template has {uri} and leads to WebFinger.
func TestHostMeta(t *testing.T) {
	doc, err := vocab.HostMeta(ghent())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "host-meta.xml", doc)
	var xrd struct {
		XMLName xml.Name `xml:"http://docs.oasis-open.org/ns/xri/xrd-1.0 XRD"`
		Link    []struct {
			Rel      string `xml:"rel,attr"`
			Template string `xml:"template,attr"`
		}
	}
	if err := xml.Unmarshal(doc, &xrd); err != nil {
		t.Fatal(err)
	}
	want := "https://ghent.example/.well-known/webfinger?resource={uri}"
	if len(xrd.Link) != 1 || xrd.Link[0].Rel != "lrdd" || xrd.Link[0].Template != want {
		t.Errorf("links = %+v", xrd.Link)
	}
	plain, err := vocab.HostMetaJSON(ghent())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "host-meta.json", plain)
}

// NI1: the rules of the NodeInfo schemas 2.0 and 2.1.
func TestNodeInfo(t *testing.T) {
	node := vocab.Node{
		Version: "0.1.0", Repository: "https://codeberg.org/commonage/commonage", Homepage: "https://commonage.example",
		Users: 25, ActiveMonth: 4, ActiveHalfYear: 9, Posts: 31, Initiatives: 24, Carried: 50,
		StaffAccounts: []string{"https://m.example/users/a"},
	}
	for _, version := range []string{"2.0", "2.1"} {
		doc, err := vocab.NodeInfo(ghent(), version, node)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "nodeinfo_"+version+".json", doc)
		checkNodeInfo(t, decode(t, doc), version)
	}
	if _, err := vocab.NodeInfo(ghent(), "2.2", node); err == nil {
		t.Error("NodeInfo 2.2 was written")
	}
	if got, want := vocab.NodeInfoType("2.1"), `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"`; got != want {
		t.Errorf("NodeInfoType() = %s, want %s", got, want)
	}
	empty, err := vocab.NodeInfo(directory.Instance{Host: "x.example", Scheme: "https"}, "2.1", vocab.Node{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	checkNodeInfo(t, decode(t, empty), "2.1")
}

func checkNodeInfo(t *testing.T, m map[string]any, version string) {
	t.Helper()
	exactly(t, "document", m, "version", "software", "protocols", "services", "openRegistrations", "usage", "metadata")
	if m["version"] != version {
		t.Errorf("version = %v, want %s", m["version"], version)
	}
	software := m["software"].(map[string]any)
	if version == "2.0" {
		exactly(t, "software", software, "name", "version")
	}
	if name, _ := software["name"].(string); !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(name) {
		t.Errorf("software.name = %v", software["name"])
	}
	if _, ok := software["version"].(string); !ok {
		t.Errorf("software.version = %v", software["version"])
	}
	if diff := cmp.Diff([]any{"activitypub"}, m["protocols"]); diff != "" {
		t.Error(diff)
	}
	services := m["services"].(map[string]any)
	exactly(t, "services", services, "inbound", "outbound")
	for name, list := range services {
		if _, ok := list.([]any); !ok {
			t.Errorf("services.%s = %v, want a list", name, list)
		}
	}
	if _, ok := m["openRegistrations"].(bool); !ok {
		t.Errorf("openRegistrations = %v", m["openRegistrations"])
	}
	usage := m["usage"].(map[string]any)
	numbers := usage["users"].(map[string]any)
	exactly(t, "usage", usage, "users", "localPosts")
	exactly(t, "users", numbers, "total", "activeMonth", "activeHalfyear")
	numbers["localPosts"] = usage["localPosts"]
	for name, n := range numbers {
		if f, ok := n.(float64); !ok || f < 0 || f != float64(int(f)) {
			t.Errorf("usage %s = %v, want a count", name, n)
		}
	}
	if metadata, ok := m["metadata"].(map[string]any); !ok || metadata["commonage"] == nil {
		t.Errorf("metadata = %v, want the mark of a peer", m["metadata"])
	}
}

// exactly reports members that a schema wants and are missing, or forbids.
func exactly(t *testing.T, what string, m map[string]any, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, ok := m[name]; !ok {
			t.Errorf("%s lacks %s", what, name)
		}
	}
	for name := range m {
		if !slices.Contains(names, name) {
			t.Errorf("%s has %s", what, name)
		}
	}
}
