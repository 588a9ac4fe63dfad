package search

import (
	"slices"
	"strings"
	"unicode"

	"codeberg.org/commonage/commonage/directory"
)

// Document is what the text index holds of one entry. Every field is words
// joined by blanks, so that each database splits it in the same way.
type Document struct {
	Name  string
	Forms string // names of its seed forms
	Place string
	Body  string // summary, description, tags, offers and needs
	Terms string // exact terms to narrow by, see Term
	Stems string // terms for words that the text has in other forms
}

// Column is a part of a Document, in the order of the index's columns.
type Column int

// The columns, the weightiest first.
const (
	NameColumn Column = iota
	FormsColumn
	PlaceColumn
	BodyColumn
	TermsColumn
)

// Weight is how much a word in the column counts for ranking: a name that says
// it outweighs a text that mentions it.
func (c Column) Weight() float64 {
	switch c {
	case NameColumn:
		return 10
	case FormsColumn:
		return 6
	case PlaceColumn:
		return 4
	case BodyColumn:
		return 1
	case TermsColumn:
		return 0
	}
	return 0
}

// NewDocument returns what the index holds of the entry.
func NewDocument(i *directory.Initiative) Document {
	var forms []string
	for _, slug := range i.Forms {
		name := slug
		if f, ok := directory.FormBySlug(slug); ok {
			name = f.Name
		}
		forms = append(forms, name)
	}
	p := i.Place
	d := Document{
		Name:  indexed(i.Name),
		Forms: indexed(forms...),
		Place: indexed(p.Name, p.Address, p.Postcode, p.Locality, p.Region),
		Body:  indexed(i.Summary, i.Description, strings.Join(i.Tags, " "), strings.Join(i.Offers, " "), strings.Join(i.Needs, " ")),
		Terms: strings.Join(Terms(i), " "),
	}
	d.Stems = documentStems(i, d.Name, d.Body)
	return d
}

// DocumentVersion changes with what NewDocument makes of the same entry.
const DocumentVersion = 2

func indexed(texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		for _, w := range Words(text) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
	}
	return b.String()
}

// Terms returns the exact terms of an entry: one for each value of each
// dimension.
func Terms(i *directory.Initiative) []string {
	var out []string
	add := func(d Dimension, values ...string) {
		for _, v := range values {
			if v != "" {
				out = append(out, Term(d, v))
			}
		}
	}
	add(ByForm, i.Forms...)
	add(ByKind, string(i.Kind))
	add(ByCurrent, words(i.Currents)...)
	add(ByRole, string(i.Role))
	add(ByOrigin, i.Origin)
	add(ByCountry, i.Place.Country)
	for _, tag := range i.Languages {
		if term := languageOf(tag); term != "" && !slices.Contains(out, Term(ByLanguage, term)) {
			add(ByLanguage, term)
		}
	}
	for _, list := range []struct {
		d       Dimension
		phrases []string
	}{{ByOffer, i.Offers}, {ByNeed, i.Needs}} {
		for _, phrase := range list.phrases {
			if key := PhraseKey(phrase); key != "" && !slices.Contains(out, Term(list.d, key)) {
				add(list.d, key)
			}
		}
	}
	return out
}

// PhraseKey returns what an offer or a need is found and counted by: its words
// folded and joined by hyphens, so that "Cargo bike" and "cargo-bike" are one. It
// is "" for a phrase without words.
func PhraseKey(phrase string) string {
	key := strings.ReplaceAll(plainly(Fold(phrase)), " ", "-")
	if len(key) > maxTerm {
		key = strings.TrimSuffix(strings.ToValidUTF8(key[:maxTerm], ""), "-")
	}
	return key
}

// Term returns the index term of a value: a colon, the dimension's letter and
// the value without anything that a database's parser could stumble over. No
// word of a text looks like it or is the beginning of one.
func Term(d Dimension, value string) string {
	if len(value) > maxTerm {
		value = strings.ToValidUTF8(value[:maxTerm], "")
	}
	return ":" + string(d.letter()) + strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), strings.ContainsRune(`"'\&|!()*`, r):
			return '_'
		}
		return r
	}, value)
}

// maxTerm bounds a value in bytes: as much as a host name may have, and less
// than PostgreSQL takes.
const maxTerm = 255

// letter names the dimension in a term. The commonest letter is enough as there
// are nine; s is that of stems.
func (d Dimension) letter() byte {
	switch d {
	case ByForm:
		return 'f'
	case ByKind:
		return 'k'
	case ByCurrent:
		return 'c'
	case ByRole:
		return 'r'
	case ByOrigin:
		return 'o'
	case ByCountry:
		return 'n'
	case ByLanguage:
		return 'l'
	case ByOffer:
		return 'g' // what it gives
	case ByNeed:
		return 'w' // what it wants
	}
	return 'x'
}

// CountTerms adds n to the count of each value in terms as Terms makes them,
// joined by blanks.
func CountTerms(counts map[Dimension]map[string]int, terms string, n int) {
	const start = len(":x")
	for term := range strings.FieldsSeq(terms) {
		if len(term) < start {
			continue
		}
		d := dimension(term[start-1])
		if counts[d] == nil {
			counts[d] = map[string]int{}
		}
		counts[d][term[start:]] += n
	}
}

func dimension(letter byte) Dimension {
	for _, d := range Dimensions() {
		if d.letter() == letter {
			return d
		}
	}
	return ""
}
