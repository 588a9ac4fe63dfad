package search

import (
	"slices"
	"strings"
	"sync"

	"codeberg.org/commonage/commonage/directory"
)

// maxSynonym is how many words the longest name that is looked up has.
const maxSynonym = 6

// formNames finds the seed forms by any of their names, in any language of the
// catalogue: the words of the name, each compound in one, joined by blanks.
var formNames = sync.OnceValue(func() map[string][]string {
	names := map[string][]string{}
	for _, f := range directory.SeedForms() {
		for _, name := range append([]string{f.Name, f.Plural}, f.Synonyms...) {
			if key := nameKey(name); key != "" && !slices.Contains(names[key], f.Slug) {
				names[key] = append(names[key], f.Slug)
			}
		}
	}
	return names
})

func nameKey(name string) string {
	var words []string
	eachCompound(name, func(parts []string) { words = append(words, strings.Join(parts, "")) })
	return strings.Join(words, " ")
}

// recognise joins typed words that are together a name of a seed form into one
// group, which is then also satisfied by the form itself: "taller de reparación"
// finds repair cafés that never say so.
func recognise(groups []Group, keys []string) []Group {
	var out []Group
	for i := 0; i < len(groups); {
		n, forms := longestName(keys[i:])
		if n == 0 {
			out = append(out, groups[i])
			i++
			continue
		}
		g := groups[i]
		for _, next := range groups[i+1 : i+n] {
			g.Alternatives = product(g.Alternatives, next.Alternatives)
			g.Stems = nil // of one word only, and this is several
		}
		for _, slug := range forms {
			g.Terms = append(g.Terms, Term(ByForm, slug))
		}
		out = append(out, g)
		i += n
	}
	return out
}

// longestName returns how many of the first words are a name, and of which
// forms.
func longestName(keys []string) (n int, forms []string) {
	for n = min(len(keys), maxSynonym); n > 0; n-- {
		if forms := formNames()[strings.Join(keys[:n], " ")]; forms != nil {
			return n, forms
		}
	}
	return 0, nil
}

// maxAlternatives bounds the ways to spell a name with many hyphens.
const maxAlternatives = 8

// product returns every alternative of a followed by every one of b.
func product(a, b [][]string) [][]string {
	var out [][]string
	for _, x := range a {
		for _, y := range b {
			if len(out) < maxAlternatives {
				out = append(out, append(append([]string{}, x...), y...))
			}
		}
	}
	return out
}

// FormName is a seed form that a beginning of one of its names found.
type FormName struct {
	Slug  string
	Name  string // its first name
	Alias string // the name that was found, "" for the first one
}

// aliases are all names of the seed forms, by their words, in ascending order.
var aliases = sync.OnceValue(func() []alias {
	var out []alias
	for _, f := range directory.SeedForms() {
		out = append(out, alias{nameKey(f.Name), FormName{Slug: f.Slug, Name: f.Name}})
		for _, name := range append([]string{f.Plural}, f.Synonyms...) {
			out = append(out, alias{nameKey(name), FormName{Slug: f.Slug, Name: f.Name, Alias: name}})
		}
	}
	slices.SortStableFunc(out, func(a, b alias) int { return strings.Compare(a.key, b.key) })
	return out
})

type alias struct {
	key string
	FormName
}

// FormsLike returns the seed forms of which a name begins so, in any language,
// at most so many: those whose first name does come first.
func FormsLike(start string, most int) []FormName {
	key := nameKey(start)
	if key == "" {
		return nil
	}
	all := aliases()
	first, _ := slices.BinarySearchFunc(all, key, func(a alias, key string) int { return strings.Compare(a.key, key) })
	var out []FormName
	for _, a := range all[first:] {
		if !strings.HasPrefix(a.key, key) {
			break
		}
		at := slices.IndexFunc(out, func(f FormName) bool { return f.Slug == a.Slug })
		switch {
		case at < 0:
			out = append(out, a.FormName)
		case a.Alias == "":
			out[at] = a.FormName
		}
	}
	slices.SortStableFunc(out, func(a, b FormName) int { return min(len(a.Alias), 1) - min(len(b.Alias), 1) })
	return out[:min(len(out), most)]
}
