// Package search is what the directory can be asked and what it answers: the
// query and its address form, the words of a text, the facets, the cells of the
// map and the rules of ranking. It is plain data and pure functions; the SQL
// that answers is in directory/store.
package search

import (
	"slices"

	"codeberg.org/commonage/commonage/directory"
)

// Query is one question. Values within a field are alternatives, fields narrow
// each other. The zero Query asks for everything.
type Query struct {
	Text      string // words as Read understands them, without fields; the last one may be the beginning of a word
	Forms     []string
	Kinds     []directory.Kind
	Currents  []directory.Current
	Roles     []directory.Role
	Origins   []string // hosts
	Countries []string // ISO 3166-1 alpha-2
	Languages []string // ISO 639, of two or three letters
	Offers    []string // keys of phrases, see PhraseKey
	Needs     []string // likewise
	Since     string   // only what was added or changed on or after the day: "2020", "2020-05", "2020-05-21"
	Box       *directory.Box
	Near      *directory.Point
	Radius    float64 // kilometres around Near; 0 only sorts by distance
	Limit     int     // hits per page; 0 means DefaultLimit
	Cursor    string  // where the last page ended; "" for the first
}

// Limits on a page of hits.
const (
	DefaultLimit = 20
	MaxLimit     = 500
	// MaxFacetHits is how many hits are counted exactly by facets; beyond it the
	// counts are estimates.
	MaxFacetHits = 10_000
)

// Result is one page of the answer.
type Result struct {
	Total  int
	Hits   []Hit
	Facets Facets
	// Estimated says that the facets were counted over a part of the hits, which
	// are more than MaxFacetHits. The total is exact.
	Estimated bool
	Next      string // Cursor of the next page; "" on the last
}

// Hit is one entry found.
type Hit struct {
	Initiative directory.Initiative
	Distance   float64 // kilometres from Query.Near; -1 without one
}

// Facets counts the values of each dimension over the hits, the commonest
// first. A dimension that the query itself narrows is counted as if it did not,
// so that the neighbouring choices show what they would give.
type Facets map[Dimension][]Count

// Scale turns counts over the first so many hits into estimates for all of them.
func (f Facets) Scale(total, counted int) {
	for _, counts := range f {
		for k := range counts {
			counts[k].Count = int(int64(counts[k].Count) * int64(total) / int64(max(counted, 1)))
		}
	}
}

// Round leaves two digits of every count, which is what an estimate is good for.
func (f Facets) Round() {
	for _, counts := range f {
		for k := range counts {
			unit := 1
			for counts[k].Count/unit >= 100 {
				unit *= 10
			}
			counts[k].Count = (counts[k].Count + unit/2) / unit * unit
		}
	}
}

// MaxOpenValues is how many values are answered of a dimension whose values
// anybody may make up.
const MaxOpenValues = 100

// Cut leaves the commonest values of what entries offer and need, and those asked
// for: there may be as many as entries.
func (f Facets) Cut(q Query) {
	for _, d := range []Dimension{ByOffer, ByNeed} {
		counts := f[d]
		if len(counts) <= MaxOpenValues {
			continue
		}
		kept := slices.Clone(counts[:MaxOpenValues])
		for _, c := range counts[MaxOpenValues:] {
			if slices.Contains(q.Values(d), c.Value) {
				kept = append(kept, c)
			}
		}
		f[d] = kept
	}
}

// Count is how many hits have a value.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Dimension is something hits are counted by; its name is the parameter's.
type Dimension string

// The dimensions.
const (
	ByForm     Dimension = "form"
	ByKind     Dimension = "kind"
	ByCurrent  Dimension = "current"
	ByRole     Dimension = "role"
	ByOrigin   Dimension = "origin"
	ByCountry  Dimension = "country"
	ByLanguage Dimension = "lang"
	ByOffer    Dimension = "offers"
	ByNeed     Dimension = "needs"
)

// Dimensions lists every dimension, in the order in which pages show them.
func Dimensions() []Dimension {
	return []Dimension{ByKind, ByForm, ByCurrent, ByRole, ByOrigin, ByCountry, ByLanguage, ByOffer, ByNeed}
}

// Values returns what the query accepts in the dimension; empty means anything.
func (q Query) Values(d Dimension) []string {
	switch d {
	case ByForm:
		return q.Forms
	case ByKind:
		return words(q.Kinds)
	case ByCurrent:
		return words(q.Currents)
	case ByRole:
		return words(q.Roles)
	case ByOrigin:
		return q.Origins
	case ByCountry:
		return q.Countries
	case ByLanguage:
		return q.Languages
	case ByOffer:
		return q.Offers
	case ByNeed:
		return q.Needs
	}
	return nil
}

// With returns the query with the dimension's accepted values replaced, from
// the first page on.
func (q Query) With(d Dimension, values ...string) Query {
	q.Cursor = ""
	switch d {
	case ByForm:
		q.Forms = values
	case ByKind:
		q.Kinds = typed[directory.Kind](values)
	case ByCurrent:
		q.Currents = typed[directory.Current](values)
	case ByRole:
		q.Roles = typed[directory.Role](values)
	case ByOrigin:
		q.Origins = values
	case ByCountry:
		q.Countries = values
	case ByLanguage:
		q.Languages = values
	case ByOffer:
		q.Offers = values
	case ByNeed:
		q.Needs = values
	}
	return q
}

// Unfiltered reports whether the query asks for everything.
func (q Query) Unfiltered() bool {
	if q.Text != "" || q.Box != nil || q.Near != nil || q.Since != "" {
		return false
	}
	for _, d := range Dimensions() {
		if len(q.Values(d)) > 0 {
			return false
		}
	}
	return true
}

func words[T ~string](values []T) []string { return typed[string](values) }

func typed[T, S ~string](values []S) []T {
	if len(values) == 0 {
		return nil
	}
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = T(v)
	}
	return out
}
