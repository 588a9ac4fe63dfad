package store_test

import (
	"errors"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// anyText draws texts of all scripts, broken ones, and what databases' parsers
// could stumble over.
func anyText() *rapid.Generator[string] {
	tricky := []rune("aZ09 -·'’\"\\*:&|!()<>{}^+,;%?$\t\n\x00_éßŁİ\u0301\u200d\ufe0f\u3099\ufffd\u2028\U000e0041" +
		"Жςאֵبِ京都がカーกี่한हिन्द𞤀𞤢𠀀𑄀\u1c90ⳤ①½ﬁ")
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.SampledFrom(tricky)),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
}

// Whatever text an entry has is stored, and every word of it leads to the entry.
func TestAnyTextIsStoredAndFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		rapid.Check(t, func(t *rapid.T) {
			i := initiative("any")
			i.Name, i.Description = anyText().Draw(t, "name"), anyText().Draw(t, "description")
			i.Place.Locality, i.Tags = anyText().Draw(t, "locality"), []string{anyText().Draw(t, "tag")}
			i.Forms = []string{"f" + anyText().Draw(t, "form")}
			if err := s.PutInitiative(t.Context(), i, directory.Added); err != nil {
				t.Fatal(err)
			}
			for _, w := range search.Words(i.Name + " " + i.Description + " " + i.Place.Locality + " " + i.Tags[0]) {
				for _, typed := range []string{w, w + " "} {
					if n, err := s.Count(t.Context(), search.Query{Text: typed}); n != 1 || err != nil {
						t.Fatalf("its own word %q finds %d entries, %v", typed, n, err)
					}
				}
			}
			if n, err := s.Count(t.Context(), search.Query{Forms: i.Forms}); n != 1 || err != nil {
				t.Fatalf("its own form finds %d entries, %v", n, err)
			}
		})
	})
}

// Whatever is typed, search answers.
func TestAnyTextIsSearched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		rapid.Check(t, func(t *rapid.T) {
			text := anyText().Draw(t, "text")
			if _, err := s.Search(t.Context(), search.Query{Text: text, Forms: []string{"repair-cafe"}}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.PlaceNamed(t.Context(), text); err != nil && !errors.Is(err, directory.ErrNotFound) {
				t.Fatal(err)
			}
		})
	})
}

// The terms that entries are narrowed by stand in the index beside the words; no
// beginning of a word may lead to them.
func TestTermsAreNoWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		i := initiative("one")
		i.Name, i.Summary, i.Description, i.Tags, i.Place, i.Forms = "Qqq", "", "", nil, directory.Place{Country: "BE"}, nil
		put(t, s, directory.Added, i)
		for r := 'a'; r <= 'z'; r++ {
			want := 0
			if r == 'q' {
				want = 1
			}
			if got := find(t, s, search.Query{Text: string(r)}).Total; got != want {
				t.Errorf("%q finds %d entries, want %d", r, got, want)
			}
		}
	})
}

// Scripts that are younger than a database's own tables of characters are
// indexed as well.
func TestEveryScriptIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, script := range unicode.Scripts {
			var last string // the youngest letter, most likely
			for _, r := range script.R32 {
				if w := search.Words(string(rune(r.Hi))); len(w) == 1 {
					last = w[0]
				}
			}
			if last == "" {
				continue
			}
			i := initiative("any")
			i.Name = last
			put(t, s, directory.Added, i)
			if got := find(t, s, search.Query{Text: last}).Total; got != 1 {
				t.Errorf("%s: %+q finds %d entries, want 1", name, last, got)
			}
		}
	})
}
