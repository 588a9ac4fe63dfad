package vocab_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

func TestInitiativeComesBack(t *testing.T) {
	got, err := vocab.ParseInitiative(must(t)(vocab.InitiativeActor(ghent(), cafe(), profile())))
	if err != nil {
		t.Fatal(err)
	}
	want := cafe()
	want.Revision = 1 // counted by each instance on its own
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Any initiative that keeps the directory's rules is carried without a loss.
func TestEveryInitiativeComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := initiatives().Draw(t, "initiative")
		if err := want.Validate(); err != nil {
			t.Fatalf("the generator broke a rule: %v", err)
		}
		p := profile()
		p.Summary = rapid.String().Draw(t, "html")
		doc, err := vocab.InitiativeActor(ghent(), want, p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := vocab.ParseInitiative(doc)
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		if !want.SameContent(got) {
			t.Fatalf("%s\n%s", cmp.Diff(want, got), doc)
		}
		if got.ID != want.ID || got.Acct() != want.Acct() || !got.Updated.Equal(want.Updated) || !got.Published.Equal(want.Published) {
			t.Fatalf("identity: %s", cmp.Diff(want, got))
		}
	})
}

// initiatives generates initiatives with anything that may be in them.
func initiatives() *rapid.Generator[*directory.Initiative] {
	return rapid.Custom(func(t *rapid.T) *directory.Initiative {
		list := func(label string, item *rapid.Generator[string]) []string {
			return rapid.SliceOfN(item, 0, 5).Draw(t, label)
		}
		i := &directory.Initiative{
			Handle: rapid.StringMatching(`[a-z0-9_]{1,30}`).Filter(directory.ValidHandle).Draw(t, "handle"), Origin: "ghent.example",
			Name:    texts(directory.MaxName).Filter(func(s string) bool { return strings.TrimSpace(s) != "" }).Draw(t, "name"),
			Summary: texts(directory.MaxSummary).Draw(t, "summary"), Description: texts(directory.MaxDescription).Draw(t, "description"),
			Languages: list("languages", rapid.StringMatching(`[a-z]{2,3}(-[A-Z]{2})?`)),
			Forms:     list("forms", rapid.StringMatching(`[a-z]{1,9}(-[a-z0-9]{1,9}){0,3}`)),
			Kind:      rapid.SampledFrom(append(directory.Kinds(), "")).Draw(t, "kind"),
			Role:      rapid.SampledFrom(append(directory.Roles(), "")).Draw(t, "role"),
			Currents:  rapid.SliceOfN(rapid.SampledFrom(directory.Currents()), 0, 3).Draw(t, "currents"),
			Scope:     rapid.SampledFrom(append(directory.Scopes(), "")).Draw(t, "scope"),
			Status:    rapid.SampledFrom(append(directory.Statuses(), "")).Draw(t, "status"),
			Founded:   rapid.SampledFrom([]string{"", "2016", "1897-12", "2020-02-29"}).Draw(t, "founded"),
			Tags:      list("tags", filled()),
			Offers:    directory.Phrases(list("offers", filled())),
			Needs:     directory.Phrases(list("needs", filled())),
			Place:     places().Draw(t, "place"), State: directory.Published, Revision: 1,
			Published: times().Draw(t, "published"), Updated: times().Draw(t, "updated"),
		}
		i.ID = ghent().InitiativeID(i.Handle)
		for range rapid.IntRange(0, 3).Draw(t, "links") {
			i.Links = append(i.Links, directory.Link{
				Name: filled().Draw(t, "link name"), URL: addresses().Draw(t, "link"),
			})
		}
		if rapid.Bool().Draw(t, "picture") {
			i.Image = &directory.Image{
				URL: addresses().Draw(t, "image"), Alt: texts(300).Draw(t, "alt"), Attribution: texts(300).Draw(t, "credit"),
			}
		}
		if rapid.Bool().Draw(t, "sourced") {
			i.Source = directory.Source{
				Name: texts(99).Draw(t, "source"), URL: addresses().Draw(t, "source url"), Licence: texts(99).Draw(t, "licence"),
				Attribution: texts(99).Draw(t, "attribution"), ExternalID: texts(99).Draw(t, "external id"),
			}
		}
		return i
	})
}

// texts generates text that a form would take: valid, without control characters.
func texts(limit int) *rapid.Generator[string] {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }
	anything := rapid.Map(rapid.StringN(0, limit, -1), func(s string) string {
		return strings.Map(func(r rune) rune {
			if control(r) {
				return 'x'
			}
			return r
		}, strings.ToValidUTF8(s, "?"))
	})
	return rapid.OneOf(anything, rapid.SampledFrom([]string{
		"", " ", "Café Ümit", "<a href=\"https://x.example\" rel=\"me nofollow\">x</a>", "&amp; <b>", `"\u0041`, "\u2028", "https://x.example/",
		"null", "日本語\r\n\t", "-", strings.Repeat("ж", min(limit, 180)),
	}))
}

func filled() *rapid.Generator[string] {
	return texts(directory.MaxWord).Filter(func(s string) bool { return s != "" })
}

func addresses() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"https://", "http://"}).Draw(t, "scheme") +
			rapid.SampledFrom([]string{"x.example", "münchen.example:8080", "[::1]", "XN--A.example"}).Draw(t, "host") +
			rapid.SampledFrom([]string{"", "/", "/a.svg", "/b.png?", "/ü/%C3%BC/", "/a b", "/x\"'><&amp;", "/c;d,e|f"}).Draw(t, "path") +
			rapid.SampledFrom([]string{"", "?q=a&amp=b&lt", "?%", "#frag<b>", "#ü"}).Draw(t, "rest")
	})
}

func places() *rapid.Generator[directory.Place] {
	return rapid.Custom(func(t *rapid.T) directory.Place {
		p := directory.Place{
			Name: texts(directory.MaxName).Draw(t, "venue"), Address: texts(directory.MaxSummary).Draw(t, "street"),
			Postcode: texts(20).Draw(t, "postcode"), Locality: texts(directory.MaxName).Draw(t, "locality"),
			Region:    texts(directory.MaxName).Draw(t, "region"),
			Country:   rapid.SampledFrom([]string{"", "BE", "AU"}).Draw(t, "country"),
			Precision: rapid.SampledFrom(append(directory.Precisions(), "")).Draw(t, "precision"),
		}
		if rapid.Bool().Draw(t, "mapped") {
			p.Point = &directory.Point{
				Latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude"),
				Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
			}
		}
		return p
	})
}

func times() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(1, 4e15), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
}

// Organizations and groups of other software become entries as far as they go.
func TestParseForeignInitiative(t *testing.T) {
	got, err := vocab.ParseInitiative([]byte(`{
	  "@context":"https://www.w3.org/ns/activitystreams","id":"https://Mobilizon.example/@Gardens","type":"Group",
	  "preferredUsername":"Gardens_of_Lyon","name":"Jardins\u0000 partagés",
	  "summary":"<p>We <b>dig</b> &amp; plant.<br>Come<script>alert(1)</script> by</p><p>Sundays</p><ul><li>spade</li><li>seed</li></ul><style>p{}</style>",
	  "location":[{"type":"Place","name":"Parc","latitude":"45.75","longitude":4.85,"address":{"type":"PostalAddress",
	     "streetAddress":"Rue 1","addressCountry":"fr","addressLocality":["x"]}}],
	  "tag":[{"type":"Hashtag","name":"#jardin"},{"type":"Emoji","name":":x:"},{"type":"Hashtag","name":"#"},"x"],
	  "attachment":[{"type":"PropertyValue","name":"Web","value":"<p><a href=\"https://jardins.example/?a=1&amp;b=2\" rel=\"me\">jardins</a></p>"},
	    {"type":"PropertyValue","name":"Bare","value":"https://bare.example"},{"type":"PropertyValue","name":"Bad","value":"<a href=\"javascript:alert(1)\">x</a>"},
	    {"type":"PropertyValue","name":"Pronouns","value":"we"},{"type":"Note"}],
	  "icon":{"type":"Image","url":"https://mobilizon.example/i.png","name":"Carrots"},
	  "founded":"long ago","commonsKind":7,"published":"2026-01-03T09:30:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &directory.Initiative{
		ID: "https://Mobilizon.example/@Gardens", Handle: "gardens_of_lyon", Origin: "mobilizon.example",
		Name: "Jardins partagés", Summary: "We dig & plant.\nCome by\n\nSundays\n\nspade\nseed", Tags: []string{"jardin"},
		Place: directory.Place{Name: "Parc", Address: "Rue 1", Country: "FR", Point: &directory.Point{Latitude: 45.75, Longitude: 4.85}},
		Links: []directory.Link{{Name: "Web", URL: "https://jardins.example/?a=1&b=2"}, {Name: "Bare", URL: "https://bare.example"}},
		Image: &directory.Image{URL: "https://mobilizon.example/i.png", Alt: "Carrots"},
		State: directory.Published, Published: date(3, 0), Revision: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseForeignPlaces(t *testing.T) {
	for location, want := range map[string]directory.Place{
		`"Lyon"`:                               {Name: "Lyon"},
		`"https://x.example/places/1"`:         {},
		`{"name":"Lyon","address":"1, rue X"}`: {Name: "Lyon", Address: "1, rue X"},
		`{"latitude":95,"longitude":3}`:        {},
		`{"latitude":45}`:                      {},
		`{"address":{"addressCountry":"France","postalCode":"69"},"precision":"vague"}`: {Postcode: "69"},
		`7`: {}, `null`: {}, `[]`: {}, `{"name":"a","name":"b"}`: {},
	} {
		i, err := vocab.ParseInitiative([]byte(`{"id":"https://x.example/1","type":"Organization","preferredUsername":"x","name":"X","location":` + location + `}`))
		if err != nil {
			t.Errorf("%s: %v", location, err)
			continue
		}
		if diff := cmp.Diff(want, i.Place); diff != "" {
			t.Errorf("%s: %s", location, diff)
		}
	}
}

func TestParseForeignLongSummary(t *testing.T) {
	long := strings.Repeat("Wörter und noch mehr. ", 100)
	i, err := vocab.ParseInitiative([]byte(`{"id":"https://x.example/1","type":"Organization","preferredUsername":"x","name":"X","summary":"<p>` + long + `</p>"}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(i.Summary)); n > directory.MaxSummary || n < 900 || !strings.HasSuffix(i.Summary, " mehr.…") && !strings.HasSuffix(i.Summary, " Wörter…") {
		t.Errorf("summary of %d characters: %q", n, i.Summary)
	}
	if i.Description != strings.TrimSpace(long) {
		t.Errorf("description = %q", i.Description)
	}
}

// Parts of our own kind of document that break a rule are dropped, the rest stands.
func TestParseInitiativeDropsBadParts(t *testing.T) {
	got, err := vocab.ParseInitiative([]byte(`{"id":"https://x.example/1","type":"Organization","preferredUsername":"x","name":"X",
	  "abstract":"A","commonsKind":"digital-knowledge","role":"king","current":["care","hate"],"scope":["local"],"founded":"2016-13",
	  "seedForm":["repair-cafe","<script>",3],"knowsLanguage":["nl","en us","<b>"],"keywords":["ok","",null],
	  "isBasedOn":{"name":"Map","url":"javascript:x"},"icon":"data:image/png;base64,xx","image":"https://x.example/i.png",
	  "source":{"content":"<b>html</b>","mediaType":"text/html"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &directory.Initiative{
		ID: "https://x.example/1", Handle: "x", Origin: "x.example", Name: "X", Summary: "A", Kind: directory.Knowledge,
		Currents: []directory.Current{directory.Care}, Forms: []string{"repair-cafe"}, Languages: []string{"nl"},
		Tags: []string{"ok"}, Source: directory.Source{Name: "Map"}, Image: &directory.Image{URL: "https://x.example/i.png"}, State: directory.Published, Revision: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseInitiativeRefusals(t *testing.T) {
	for name, doc := range map[string]string{
		"no id":           `{"type":"Organization","preferredUsername":"x","name":"X"}`,
		"id not http":     `{"id":"urn:x","type":"Organization","preferredUsername":"x","name":"X"}`,
		"no name":         `{"id":"https://x.example/1","type":"Organization","preferredUsername":"x","name":" "}`,
		"no handle":       `{"id":"https://x.example/1","type":"Organization","name":"X"}`,
		"handle not ours": `{"id":"https://x.example/1","type":"Organization","preferredUsername":"x-y","name":"X"}`,
		"reserved":        `{"id":"https://x.example/1","type":"Organization","preferredUsername":"directory","name":"X"}`,
		"person":          `{"id":"https://x.example/1","type":"Person","preferredUsername":"x","name":"X"}`,
		"activity":        `{"id":"https://x.example/1","type":"Create"}`,
	} {
		if i, err := vocab.ParseInitiative([]byte(doc)); err == nil {
			t.Errorf("%s: read as %+v", name, i)
		}
	}
}
