package directory

import (
	_ "embed" // for the names
	"maps"
	"slices"
	"strings"
	"sync"
)

// SeedForms returns the starter catalogue, related forms side by side, in the
// order in which pages list them. The slice is the caller's, but what its
// members hold is shared: do not change it.
func SeedForms() []SeedForm { return slices.Clone(loadCatalogue().forms) }

// FormBySlug returns the seed form with the slug, and whether there is one.
func FormBySlug(slug string) (SeedForm, bool) {
	c := loadCatalogue()
	i, ok := c.bySlug[slug]
	if !ok {
		return SeedForm{}, false
	}
	return c.forms[i], true
}

// KindOf returns the likeliest kind of an initiative with these forms, the
// main one first: that of the first form the catalogue knows, or "".
func KindOf(forms []string) Kind {
	for _, slug := range forms {
		if f, ok := FormBySlug(slug); ok {
			return f.Kinds[0]
		}
	}
	return ""
}

// CurrentsOf returns the currents that at least one of the forms carries, in
// the order of Currents. It is nil when the catalogue knows none of the forms.
func CurrentsOf(forms []string) []Current {
	var all []Current
	for _, slug := range forms {
		if f, ok := FormBySlug(slug); ok {
			all = append(all, f.Currents...)
		}
	}
	var union []Current
	for _, c := range Currents() {
		if slices.Contains(all, c) {
			union = append(union, c)
		}
	}
	return union
}

// Hashtag returns the form's tag on posts: "#ToolLibrary" for "tool-library".
// It is made from the slug, so that it stays when a name is reworded, and has
// letters and digits only, which every server's tag search takes as one word.
func (f SeedForm) Hashtag() string {
	if len(f.Slug) <= abbreviation {
		return "#" + strings.ToUpper(f.Slug)
	}
	var b strings.Builder
	b.WriteByte('#')
	for part := range strings.SplitSeq(f.Slug, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]))
			b.WriteString(part[1:])
		}
	}
	return b.String()
}

// formByHashtag returns the slug of the form whose tag it is, in any case.
func formByHashtag(tag string) (string, bool) {
	slug, ok := loadCatalogue().byHashtag[strings.ToLower(tag)]
	return slug, ok
}

// abbreviation is the length up to which a slug is initials, such as "csa".
const abbreviation = 3

// catalogue is the seed forms and where each stands among them.
type catalogue struct {
	forms     []SeedForm
	bySlug    map[string]int
	byHashtag map[string]string // slugs, by the tag in lower case
}

// loadCatalogue builds the catalogue when it is first asked for: it is looked
// up for every entry that is shown and every row that is imported.
var loadCatalogue = sync.OnceValue(func() catalogue {
	c := catalogue{bySlug: map[string]int{}, byHashtag: map[string]string{}}
	for _, group := range [][]SeedForm{
		lendingForms(), givingForms(),
		growingForms(), eatingForms(),
		homeForms(), gatheringForms(),
		makingForms(), digitalForms(),
		workForms(), moneyForms(),
		natureForms(), civicForms(),
	} {
		c.forms = append(c.forms, group...)
	}
	names, languages := otherNames(catalogueNames), namesByLanguage(catalogueLanguages)
	for i, f := range c.forms {
		c.forms[i].Names = languages[f.Slug]
		c.forms[i].Synonyms = synonyms(f.Name, names[f.Slug], languages[f.Slug])
		c.bySlug[f.Slug] = i
		c.byHashtag[strings.ToLower(f.Hashtag())] = f.Slug
	}
	return c
})

// catalogueNames is the other names of the forms, in a file of its own where
// those who know the languages can mend it.
//
//go:embed catalogue_names.txt
var catalogueNames string

// catalogueLanguages is what the forms are called in each language.
//
//go:embed catalogue_languages.txt
var catalogueLanguages string

// namesByLanguage reads the text of the form that catalogue_languages.txt
// describes: by slug and code of the language.
func namesByLanguage(text string) map[string]map[string][]string {
	names, slug := map[string]map[string][]string{}, ""
	for line := range strings.Lines(text) {
		code, list, ok := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case code == "" || code[0] == '#':
		case line[0] != ' ':
			slug, names[code] = code, map[string][]string{}
		case ok:
			for name := range strings.SplitSeq(list, ",") {
				names[slug][code] = append(names[slug][code], strings.TrimSpace(name))
			}
		}
	}
	return names
}

// synonyms returns every name but the first one, each once, whatever its case.
func synonyms(name string, names []string, languages map[string][]string) []string {
	all := slices.Clone(names)
	for _, code := range slices.Sorted(maps.Keys(languages)) {
		all = append(all, languages[code]...)
	}
	seen := map[string]bool{strings.ToLower(name): true}
	return slices.DeleteFunc(all, func(s string) bool {
		low := strings.ToLower(s)
		before := seen[low]
		seen[low] = true
		return before
	})
}

// otherNames reads the text of the form that catalogue_names.txt describes.
func otherNames(text string) map[string][]string {
	names, slug := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if before, after, ok := strings.Cut(line, ":"); ok {
			slug, line = before, after
		}
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names[slug] = append(names[slug], name)
			}
		}
	}
	return names
}
