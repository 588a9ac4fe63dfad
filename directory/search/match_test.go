package search_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

func TestNewMatch(t *testing.T) {
	tests := []struct {
		q    search.Query
		want search.Match
	}{
		{search.Query{}, search.Match{}},
		{search.Query{Text: `"'*`, Near: &directory.Point{}}, search.Match{}},
		{search.Query{Text: "Café d'un Sous-Sol"}, search.Match{Words: []search.Group{
			{Alternatives: [][]string{{"cafe"}}},
			{Alternatives: [][]string{{"d"}}},
			{Alternatives: [][]string{{"un"}}},
			{Alternatives: [][]string{{"sous", "sol"}, {"soussol"}}, Prefix: true},
		}}},
		{search.Query{Text: "taller de Bike Kitchen "}, search.Match{Words: []search.Group{
			{Alternatives: [][]string{{"taller"}}},
			{Alternatives: [][]string{{"de"}}},
			{Alternatives: [][]string{{"bike", "kitchen"}}, Terms: []string{search.Term(search.ByForm, "bike-kitchen")}},
		}}},
		{search.Query{Text: `rep* "Food co-op" -"a b" -c-d -x* -coworking `}, search.Match{
			Words: []search.Group{
				{Alternatives: [][]string{{"rep"}}, Prefix: true},
				{Alternatives: [][]string{{"food", "co", "op", "coop"}, {"food", "coop"}}, Phrase: true},
			},
			Not: []search.Group{
				{Alternatives: [][]string{{"a", "b"}}, Phrase: true},
				{Alternatives: [][]string{{"c", "d"}, {"cd"}}},
				{Alternatives: [][]string{{"x"}}, Prefix: true},
				{Alternatives: [][]string{{"coworking"}}, Terms: []string{search.Term(search.ByForm, "coworking-commons")}},
			},
		}},
		{search.Query{Text: "done "}, search.Match{Words: []search.Group{{Alternatives: [][]string{{"done"}}}}}},
		{search.Query{Text: "京都市"}, search.Match{Words: []search.Group{
			{Alternatives: [][]string{{"京都"}}}, {Alternatives: [][]string{{"都市"}}, Prefix: true},
		}}},
		{
			search.Query{Forms: []string{"a", "b"}, Countries: []string{"BE"}, Origins: []string{"a.example:80"}},
			search.Match{Terms: [][]string{
				{search.Term(search.ByForm, "a"), search.Term(search.ByForm, "b")},
				{search.Term(search.ByOrigin, "a.example:80")},
				{search.Term(search.ByCountry, "BE")},
			}},
		},
	}
	for _, test := range tests {
		got := search.NewMatch(test.q)
		for k := range got.Words {
			got.Words[k].Stems = nil // are tested with the stems
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("match of %v (-want +got):\n%s", test.q.Encode(), diff)
		}
		if got.Empty() != (len(test.want.Words)+len(test.want.Terms) == 0) {
			t.Errorf("match of %v: Empty is %v", test.q.Encode(), got.Empty())
		}
	}
	if got := len(search.NewMatch(search.Query{Text: strings.Repeat("word ", 90)}).Words); got != 16 {
		t.Errorf("of 90 words %d count, want 16", got)
	}
}

// checkMatch wants nothing in the match that means something to a database's
// query language.
func checkMatch(t *testing.T, q search.Query) {
	t.Helper()
	m := search.NewMatch(q)
	var all []string
	for _, g := range m.Words {
		if len(g.Alternatives) == 0 {
			t.Fatalf("a group without alternatives in the match of %v", q.Encode())
		}
		for _, words := range g.Alternatives {
			if len(words) == 0 {
				t.Fatalf("an alternative without words in the match of %v", q.Encode())
			}
			all = append(all, words...)
		}
	}
	for _, terms := range m.Terms {
		all = append(all, terms...)
	}
	for _, g := range m.Words {
		all = append(all, g.Terms...)
	}
	for _, w := range all {
		if w == "" || strings.ContainsAny(w, `"'\&|!()*`) || strings.ContainsFunc(w, isBlank) {
			t.Fatalf("the match of %v holds %q", q.Encode(), w)
		}
	}
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

func TestTermsAndCounts(t *testing.T) {
	i := &directory.Initiative{
		Origin: "a.example:8001", Forms: []string{"tool-library", "repair-cafe"}, Kind: directory.Urban,
		Role: directory.Community, Currents: []directory.Current{directory.Share, directory.Care},
		Place: directory.Place{Country: "BE"},
	}
	terms := search.Terms(i)
	if got, want := len(terms), 8; got != want || slices.Contains(terms, "") {
		t.Errorf("got %d terms %q, want %d", got, terms, want)
	}
	counts := map[search.Dimension]map[string]int{}
	search.CountTerms(counts, strings.Join(terms, " "), 2)
	search.CountTerms(counts, search.Term(search.ByForm, "tool-library"), 1)
	search.CountTerms(counts, "", 9)
	want := map[search.Dimension]map[string]int{
		search.ByForm: {"tool-library": 3, "repair-cafe": 2}, search.ByKind: {"urban": 2}, search.ByRole: {"community": 2},
		search.ByCurrent: {"share": 2, "care": 2}, search.ByOrigin: {"a.example:8001": 2}, search.ByCountry: {"BE": 2},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// Foreign entries name forms as they like.
func FuzzTerms(f *testing.F) {
	for _, s := range []string{"tool-library", "a b", "a\u00a0b", "\u2028", "\x85", "'\"\\&|!()*", "\x00\x7f\xff", "", " ", strings.Repeat("é", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, form string) {
		i := &directory.Initiative{Forms: []string{form}, Origin: form, Kind: directory.Kind(form), Offers: []string{form}, Needs: []string{form}, Place: directory.Place{Country: form}}
		terms := search.Terms(i)
		for _, term := range terms {
			if len(term) > 1024 || strings.ContainsAny(term, `"'\&|!()*`) || strings.ContainsFunc(term, isBlank) {
				t.Fatalf("the terms of form %q hold %q", form, term)
			}
		}
		counts := map[search.Dimension]map[string]int{}
		search.CountTerms(counts, strings.Join(terms, " "), 1)
		total := 0
		for _, values := range counts {
			for _, n := range values {
				total += n
			}
		}
		if total != len(terms) {
			t.Fatalf("%d terms of form %q were counted %d times: %v", len(terms), form, total, counts)
		}
	})
}

func TestNewDocument(t *testing.T) {
	d := search.NewDocument(&directory.Initiative{
		Name: "Repair Café", Summary: "Mend it.", Description: "*Every* Saturday", Tags: []string{"Déjà vu"}, Offers: []string{"Cargo bike", "cargo-bike", "…"}, Needs: []string{"Vélo"},
		Forms: []string{"food-coop", "unknown-form"},
		Place: directory.Place{Name: "Hall", Address: "Street 1\nBox 2", Postcode: "9000", Locality: "Gent", Region: "Vlaanderen", Country: "BE"},
	})
	want := search.Document{
		Name: "repair cafe", Forms: "food co op coop unknown form unknownform",
		Place: "hall street 1 box 2 9000 gent vlaanderen", Body: "mend it every saturday deja vu cargo bike cargo bike cargobike velo", Terms: d.Terms, Stems: d.Stems,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if got := len(strings.Fields(d.Terms)); got != 5 {
		t.Errorf("terms %q: %d, want 2 forms, a country, an offer and a need", d.Terms, got)
	}
}

func TestColumnsWeighLessAndLess(t *testing.T) {
	for c := range search.TermsColumn {
		if c.Weight() <= (c + 1).Weight() {
			t.Errorf("column %d weighs %v, the next %v", c, c.Weight(), (c + 1).Weight())
		}
	}
}

func BenchmarkNewDocument(b *testing.B) {
	i := &directory.Initiative{
		Name: "Repair Café Ledeberg", Summary: "Mend it together.", Description: strings.Repeat(article, 2),
		Forms: []string{"repair-cafe", "tool-library"}, Tags: []string{"repair", "fietsen"}, Origin: "ghent.example",
		Place: directory.Place{Address: "Tramstraat 12", Postcode: "9050", Locality: "Ledeberg", Region: "Oost-Vlaanderen", Country: "BE"},
	}
	b.ReportAllocs()
	for b.Loop() {
		search.NewDocument(i)
	}
}

func TestWithout(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"food":              "",
		"food -meat":        "",
		"suma food elland ": "suma: food elland, food: suma elland, elland: suma food",
		`"food co-op" suma`: `"food co-op": suma, suma: "food co-op"`,
		"food suma -meat":   "food: suma -meat, suma: food -meat",
	} {
		words, questions := search.Without(text)
		var got []string
		for k, word := range words {
			got = append(got, word+": "+questions[k])
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
