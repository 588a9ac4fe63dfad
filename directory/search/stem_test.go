package search_test

import (
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// stands reports whether an entry with the text has what a group accepts for a
// word.
func stands(i *directory.Initiative, word string) bool {
	d := search.NewDocument(i)
	held := strings.Fields(strings.Join([]string{d.Name, d.Body, d.Stems}, " "))
	m := search.NewMatch(search.Query{Text: word + " "})
	return slices.ContainsFunc(m.Words[0].Stems, func(s string) bool { return slices.Contains(held, s) })
}

func TestStems(t *testing.T) {
	for _, test := range []struct {
		languages      []string
		country        string
		text, question string
		want           bool
	}{
		{nil, "GB", "We share gardens", "garden", true},
		{nil, "GB", "We share a garden", "gardens", true},
		{nil, "GB", "Gardening for all", "gardens", true},
		{[]string{"de"}, "", "Die Werkstätten", "Werkstatt", true},
		{[]string{"fr-BE"}, "", "ateliers partagés", "atelier", true},
		{nil, "ES", "huertos urbanos", "huerto", true},
		{nil, "NL", "moestuinen", "moestuin", true},
		{nil, "RU", "сады и огороды", "огород", true},
		{nil, "SE", "odlingarna", "odling", true},
		{nil, "JP", "gardening", "gardens", false}, // in a language of which no endings are known
		{nil, "GB", "We share a car", "care", false},
		{nil, "GB", "京都市", "京都", false},
	} {
		i := &directory.Initiative{Name: "x", Summary: test.text, Languages: test.languages, Place: directory.Place{Country: test.country}}
		if got := stands(i, test.question); got != test.want {
			t.Errorf("%q for %q: got %v, want %v", test.text, test.question, got, test.want)
		}
	}
}

func FuzzStems(f *testing.F) {
	for _, s := range []string{"gardening", "Работников", "coöperaties", "e\u0301e\u0301e\u0301s", "ééééés", "ыыыы", "aaaaaaaaaaaaaaaaaaaa", "ß"} {
		f.Add(s)
	}
	languages := []string{"en", "fr", "de", "es", "it", "nl", "pt", "sv", "da", "no", "fi", "ru"}
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range languages {
			d := search.NewDocument(&directory.Initiative{Summary: text, Languages: []string{language}})
			for term := range strings.FieldsSeq(d.Stems) {
				if !strings.HasPrefix(term, ":s"+language) || strings.ContainsAny(term, `"'\&|!()*`) {
					t.Fatalf("the stems of %q hold %q", text, term)
				}
			}
		}
		checkMatch(t, search.Query{Text: text})
	})
}
