package search_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

func TestRead(t *testing.T) {
	tests := []struct {
		typed string
		want  search.Reading
	}{
		{"", search.Reading{}},
		{` repair  "open source" -coworking garde* `, search.Reading{Query: search.Query{Text: `repair "open source" -coworking garde*`}}},
		{"repair NEAR  New York ", search.Reading{Query: search.Query{Text: "repair"}, Place: "New York"}},
		{"near: Ghent", search.Reading{Place: "Ghent"}},
		{"near ", search.Reading{Query: search.Query{Text: "near"}}},
		{"nearby farms", search.Reading{Query: search.Query{Text: "nearby farms"}}},
		{"кооператив near София", search.Reading{Query: search.Query{Text: "кооператив"}, Place: "София"}},
		{"food co-op near 53.48,-2.24", search.Reading{Query: search.Query{Text: "food co-op"}, Place: "53.48,-2.24"}},
		{`“near me” near Ghent`, search.Reading{Query: search.Query{Text: `"near me"`}, Place: "Ghent"}},
		{
			"saw form:tool-library in:ghent near:51.05,3.72 radius:5 kind:Urban,natural LANG:nl since:2020 country:be",
			search.Reading{In: "ghent", Query: search.Query{
				Text: "saw", Forms: []string{"tool-library"}, Near: &directory.Point{Latitude: 51.05, Longitude: 3.72}, Radius: 5,
				Kinds: []directory.Kind{directory.Urban, directory.Natural}, Languages: []string{"nl"}, Since: "2020", Countries: []string{"BE"},
			}},
		},
		{`form:"Repair-Café" in:"New York"`, search.Reading{In: "New York", Query: search.Query{Forms: []string{"repair-cafe"}}}},
		{"👩‍🌾 * \";--", search.Reading{Remarks: []string{"A quotation mark had no partner, so it was left out.", "There is no word in 👩‍🌾 *, so it was not read."}}},
		{
			`offers:cargo-bike,Van needs:"Workshop space"`,
			search.Reading{Query: search.Query{Offers: []string{"cargo-bike", "van"}, Needs: []string{"workshop-space"}}},
		},
		{"form:a form:b,a", search.Reading{Query: search.Query{Forms: []string{"a", "b"}}}},
		{"at 12:30 https://example.org/x", search.Reading{Query: search.Query{Text: "at 12:30 https example org x"}}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, search.Read(test.typed)); diff != "" {
			t.Errorf("Read(%s) (-want +got):\n%s", test.typed, diff)
		}
	}
}

func TestReadSaysWhatItDidNotUnderstand(t *testing.T) {
	for typed, want := range map[string]struct{ text, remark string }{
		`say "open source`:   {"say open source", "quotation mark"},
		"x kind:rural":       {"x rural", "kind:rural was read as words"},
		"x -kind:urban":      {"x", "-kind:urban was not read"},
		"x since:long-ago":   {"x long ago", "since:long-ago"},
		"x near:91,181":      {"x", ""}, // a place that nobody knows, which the page says
		"x radius:5":         {"x", "A radius needs a place"},
		"x country:Belgium":  {"x Belgium", "ISO 3166-1"},
		"x bbox:1,2,3":       {"x 1 2 3", "west,south,east,north"},
		`x form:"No such!"`:  {"x No such", "cannot be one"},
		"x offers:?!":        {"x", "has no words"},
		"x origin:a/b":       {"x a b", "origin:a/b"},
		"x lang:netherlands": {"x netherlands", "code of a language"},
	} {
		r := search.Read(typed)
		if r.Query.Text != want.text || !strings.Contains(strings.Join(r.Remarks, " "), want.remark) {
			t.Errorf("Read(%s): text %q, remarks %q, want %q, %q", typed, r.Query.Text, r.Remarks, want.text, want.remark)
		}
	}
}

// readAgain wants a reading, typed, to be read as the same.
func readAgain(t interface{ Fatalf(string, ...any) }, r search.Reading) {
	again := search.Read(r.String())
	r.Remarks = nil
	if diff := cmp.Diff(r, again, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%q was read as something else (-want +got):\n%s", r.String(), diff)
	}
}

func TestReadingComesBackFromWhatIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := search.Reading{Query: anyQuery().Draw(t, "query")}
		r.Query.Cursor, r.Query.Limit = "", 0
		for k, slug := range r.Query.Forms {
			r.Query.Forms[k] = "unheard-" + slug // no name of a form of the catalogue
		}
		r.In = rapid.SampledFrom([]string{"", "Ghent", "New York", "São Paulo"}).Draw(t, "in")
		if r.Query.Near == nil {
			r.Place = rapid.SampledFrom([]string{"", "Ghent", "51,3", "a -b c"}).Draw(t, "place")
		}
		readAgain(t, r)
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"repair near Ghent", "near near near", "near\u00a0x", "\xff near \xff", "a near:\nb", `"`, `-"`, `"a" "b`, `in:"x`, "--x", "- x",
		`form:coop,"food co-op"`, `-kind:urban`, `a"b`, `near:"51,3"`, "kind:form:x", `"near x`, "since:2020 since:x", "radius:5 in:x", "-a near b", `“-x`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := search.Read(text)
		if len(r.Remarks) > 5 {
			t.Fatalf("Read(%q) has %d remarks", text, len(r.Remarks))
		}
		readAgain(t, r)
		checkMatch(t, r.Query)
		checkMatch(t, search.Query{Text: text})
	})
}
