package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"

	"codeberg.org/commonage/commonage/directory"
)

// stemmer takes the endings off words of a language.
type stemmer struct {
	language string
	stem     func(*snowballstem.Env) bool
}

// stemmers are the languages whose endings are known. They work on folded words,
// which both sides of a comparison are.
func stemmers() []stemmer {
	return []stemmer{
		{"en", english.Stem},
		{"fr", french.Stem},
		{"de", german.Stem},
		{"es", spanish.Stem},
		{"it", italian.Stem},
		{"nl", dutch.Stem},
		{"pt", portuguese.Stem},
		{"sv", swedish.Stem},
		{"da", danish.Stem},
		{"no", norwegian.Stem},
		{"fi", finnish.Stem},
		{"ru", russian.Stem},
	}
}

// Stems shorter than this, or of shorter words, say too little.
const (
	leastStemmed = 4
	leastStem    = 3
	leastBare    = 5 // of one that is looked for in texts of any language
)

// stem returns the word without its ending, or "" where there is none to take.
func (s stemmer) of(word string) string {
	if !isStemmable(word) {
		return ""
	}
	env := snowballstem.NewEnv(word)
	s.stem(env)
	stem := env.Current()
	if stem == word || utf8.RuneCountInString(stem) < leastStem {
		return ""
	}
	return stem
}

func isStemmable(word string) bool {
	return utf8.RuneCountInString(word) >= leastStemmed && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) || isUnspaced(r)
	})
}

// stemTerm returns the term that stands in an entry for the words with a stem.
func stemTerm(language, stem string) string { return ":s" + language + stem }

// maxStems bounds the terms of one entry.
const maxStems = 600

// documentStems returns the stems of the words of an entry, in its languages.
func documentStems(i *directory.Initiative, texts ...string) string {
	languages := languagesOf(i)
	var out []string
	seen := map[string]bool{}
	for _, s := range stemmers() {
		if !slices.Contains(languages, s.language) {
			continue
		}
		clear(seen)
		for _, text := range texts {
			for word := range strings.FieldsSeq(text) {
				if seen[word] || len(out) >= maxStems {
					continue
				}
				seen[word] = true
				if stem := s.of(word); stem != "" {
					out = append(out, stemTerm(s.language, stem))
				}
			}
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// languagesOf returns the languages that an entry says it speaks, or else those
// that are likely where it is.
func languagesOf(i *directory.Initiative) []string {
	var out []string
	for _, tag := range i.Languages {
		if code := languageOf(tag); code != "" {
			out = append(out, code)
		}
	}
	const most = 3
	if len(out) > 0 {
		return out[:min(len(out), most)]
	}
	switch i.Place.Country {
	case "GB", "IE", "US", "CA", "AU", "NZ", "ZA":
		return []string{"en"}
	case "DE", "AT", "LI":
		return []string{"de"}
	case "CH":
		return []string{"de", "fr"}
	case "FR", "MC":
		return []string{"fr"}
	case "BE":
		return []string{"nl", "fr"}
	case "LU":
		return []string{"fr", "de"}
	case "ES", "MX", "AR", "CL", "CO", "PE", "UY", "EC", "BO", "PY", "VE", "CR", "CU":
		return []string{"es"}
	case "IT", "SM":
		return []string{"it"}
	case "NL":
		return []string{"nl"}
	case "PT", "BR", "AO", "MZ":
		return []string{"pt"}
	case "SE":
		return []string{"sv"}
	case "DK":
		return []string{"da"}
	case "NO":
		return []string{"no"}
	case "FI":
		return []string{"fi"}
	case "RU", "BY":
		return []string{"ru"}
	}
	return nil
}

// stemsOf returns what an entry may hold instead of a word that is asked for:
// other words with its stem, in any language, and the stem as a word.
func stemsOf(word string) []string {
	if !isStemmable(word) {
		return nil
	}
	var out []string
	add := func(term string) {
		if !slices.Contains(out, term) {
			out = append(out, term)
		}
	}
	for _, s := range stemmers() {
		stem := s.of(word)
		if stem == "" {
			add(stemTerm(s.language, word))
			continue
		}
		add(stemTerm(s.language, stem))
		if utf8.RuneCountInString(stem) >= leastBare {
			add(stem)
		}
	}
	return out
}
