package directory_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
)

func TestSeedFormsAreComplete(t *testing.T) {
	forms := directory.SeedForms()
	if got, want := len(forms), 49; got != want {
		t.Errorf("the catalogue has %d forms, want %d", got, want)
	}
	slug := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]string{}
	for _, f := range forms {
		t.Run(f.Slug, func(t *testing.T) {
			if !slug.MatchString(f.Slug) {
				t.Errorf("slug %q does not match %v", f.Slug, slug)
			}
			for _, unique := range []string{f.Slug, strings.ToLower(f.Hashtag()), f.Name, f.Definition, f.Replaces, f.Needs} {
				if other, ok := seen[unique]; ok {
					t.Errorf("%q stands in %s too", unique, other)
				}
				seen[unique] = f.Slug
			}
			checkText(t, "name", f.Name, 3, 40, "")
			checkText(t, "plural", f.Plural, 3, 45, "")
			checkText(t, "definition", f.Definition, 40, 160, ".")
			checkText(t, "replaces", f.Replaces, 20, 160, ".")
			checkText(t, "needs", f.Needs, 40, 240, ".")
			checkWords(t, "kinds", f.Kinds, directory.Kinds())
			checkWords(t, "currents", f.Currents, directory.Currents())
			checkSynonyms(t, f)
		})
	}
}

// checkText wants a text of min to max characters that begins upper case and
// ends with the suffix.
func checkText(t *testing.T, what, text string, least, most int, end string) {
	t.Helper()
	n := utf8.RuneCountInString(text)
	if n < least || n > most {
		t.Errorf("%s has %d characters, want %d to %d: %q", what, n, least, most, text)
	}
	first, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsUpper(first) || !strings.HasSuffix(text, end) || text != strings.Join(strings.Fields(text), " ") {
		t.Errorf("%s is not a tidy text: %q", what, text)
	}
	if strings.ContainsAny(text, "!<>\t") {
		t.Errorf("%s has a character it should not: %q", what, text)
	}
}

// checkWords wants at least one word, each known, none twice.
func checkWords[T ~string](t *testing.T, what string, got, known []T) {
	t.Helper()
	if len(got) == 0 {
		t.Errorf("has no %s", what)
	}
	for i, w := range got {
		if !slices.Contains(known, w) || slices.Contains(got[:i], w) {
			t.Errorf("%s %v: %q is unknown or there twice", what, got, w)
		}
	}
}

func checkSynonyms(t *testing.T, f directory.SeedForm) {
	t.Helper()
	if len(f.Synonyms) < 5 {
		t.Errorf("has %d synonyms, want at least 5", len(f.Synonyms))
	}
	seen := map[string]bool{strings.ToLower(f.Name): true}
	for _, s := range f.Synonyms {
		low := strings.ToLower(s)
		if seen[low] || strings.TrimSpace(s) != s || s == "" {
			t.Errorf("synonym %q is empty, padded or there twice", s)
		}
		seen[low] = true
	}
}

// Who searches in another language finds every form too.
func TestSeedFormsHaveNamesInManyLanguages(t *testing.T) {
	for _, f := range directory.SeedForms() {
		if n := 1 + len(f.Names); n < 8 { // English is Name
			t.Errorf("%s has names in %d languages, want at least 8", f.Slug, n)
		}
		for code, names := range f.Names {
			if len(code) != 2 || code == "en" {
				t.Errorf("%s has names in %q, which is no other language", f.Slug, code)
			}
			for _, name := range names {
				known := name == f.Name || slices.ContainsFunc(f.Synonyms, func(s string) bool { return strings.EqualFold(s, name) })
				if name == "" || !known && !strings.EqualFold(name, f.Name) {
					t.Errorf("%s: the name %q is not among the synonyms", f.Slug, name)
				}
			}
		}
	}
	for script, of := range map[string]*unicode.RangeTable{"Greek": unicode.Greek, "Cyrillic": unicode.Cyrillic} {
		n := 0
		for _, f := range directory.SeedForms() {
			if slices.ContainsFunc(f.Synonyms, func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(of, r) }) }) {
				n++
			}
		}
		if n < len(directory.SeedForms()) {
			t.Errorf("%d forms have a name in %s letters, want all", n, script)
		}
	}
}

func TestSeedFormsCoverEveryKindAndCurrent(t *testing.T) {
	main, currents := map[directory.Kind]int{}, map[directory.Current]int{}
	for _, f := range directory.SeedForms() {
		main[f.Kinds[0]]++
		for _, c := range f.Currents {
			currents[c]++
		}
	}
	for _, k := range directory.Kinds() {
		if main[k] == 0 {
			t.Errorf("no form is mainly %s", k)
		}
	}
	for _, c := range directory.Currents() {
		if currents[c] == 0 {
			t.Errorf("no form carries %s", c)
		}
	}
}

func TestSeedFormsGivesACopy(t *testing.T) {
	forms := directory.SeedForms()
	slug := forms[0].Slug
	forms[0].Slug = "changed"
	if got := directory.SeedForms()[0].Slug; got != slug {
		t.Errorf("after a caller changed its slice the first form is %q, want %q", got, slug)
	}
}

func TestFormBySlug(t *testing.T) {
	for _, want := range directory.SeedForms() {
		got, ok := directory.FormBySlug(want.Slug)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("FormBySlug(%q) found %v, (-want +got):\n%s", want.Slug, ok, diff)
		}
	}
	for _, slug := range []string{"", "Tool-Library", "tool_library", "no-such-form"} {
		if got, ok := directory.FormBySlug(slug); ok || got.Slug != "" {
			t.Errorf("FormBySlug(%q) = %q, %v, want none", slug, got.Slug, ok)
		}
	}
}

func TestHashtag(t *testing.T) {
	for slug, want := range map[string]string{
		"tool-library":            "#ToolLibrary",
		"library-of-things":       "#LibraryOfThings",
		"repair-cafe":             "#RepairCafe",
		"csa":                     "#CSA",
		"cohousing":               "#Cohousing",
		"assembly-of-the-commons": "#AssemblyOfTheCommons",
	} {
		form, _ := directory.FormBySlug(slug)
		if got := form.Hashtag(); got != want {
			t.Errorf("Hashtag of %s = %s, want %s", slug, got, want)
		}
	}
	tag := regexp.MustCompile(`^#[A-Z][A-Za-z0-9]+$`)
	for _, f := range directory.SeedForms() {
		if !tag.MatchString(f.Hashtag()) {
			t.Errorf("Hashtag of %s = %s does not match %v", f.Slug, f.Hashtag(), tag)
		}
	}
}

func TestKindAndCurrentsOfForms(t *testing.T) {
	const share, care, fair = directory.Share, directory.Care, directory.Fair
	for _, tt := range []struct {
		forms    []string
		kind     directory.Kind
		currents []directory.Current
	}{
		{nil, "", nil},
		{[]string{"no-such-form"}, "", nil},
		{[]string{"tool-library"}, directory.Urban, []directory.Current{share, care}},
		{[]string{"no-such-form", "food-coop"}, directory.Productive, []directory.Current{care, fair}},
		{[]string{"housing-coop", "repair-cafe"}, directory.Productive, []directory.Current{share, care, fair}},
		{[]string{"worker-coop", "public-bookcase"}, directory.Productive, []directory.Current{share, fair}},
		{[]string{"seed-library", "seed-library"}, directory.Natural, []directory.Current{share, care}},
	} {
		t.Run(fmt.Sprint(tt.forms), func(t *testing.T) {
			if got := directory.KindOf(tt.forms); got != tt.kind {
				t.Errorf("KindOf = %q, want %q", got, tt.kind)
			}
			if diff := cmp.Diff(tt.currents, directory.CurrentsOf(tt.forms)); diff != "" {
				t.Errorf("CurrentsOf (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCurrentsOfAnyForms(t *testing.T) {
	var slugs []string
	for _, f := range directory.SeedForms() {
		slugs = append(slugs, f.Slug)
	}
	rapid.Check(t, func(t *rapid.T) {
		forms := rapid.SliceOfN(rapid.SampledFrom(slugs), 1, 8).Draw(t, "forms")
		got := directory.CurrentsOf(forms)
		rank := func(c directory.Current) int { return slices.Index(directory.Currents(), c) }
		if !slices.IsSortedFunc(got, func(a, b directory.Current) int { return rank(a) - rank(b) }) {
			t.Fatalf("%v are not in the order of Currents", got)
		}
		for _, c := range directory.Currents() {
			carried := slices.ContainsFunc(forms, func(slug string) bool {
				f, _ := directory.FormBySlug(slug)
				return slices.Contains(f.Currents, c)
			})
			if n := len(slices.DeleteFunc(slices.Clone(got), func(d directory.Current) bool { return d != c })); carried != (n == 1) || n > 1 {
				t.Fatalf("%v: %s is carried: %v, named %d times", forms, c, carried, n)
			}
		}
	})
}

func BenchmarkFormBySlug(b *testing.B) {
	for b.Loop() {
		directory.FormBySlug("transition-town")
	}
}
