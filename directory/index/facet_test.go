package index_test

import (
	"fmt"
	"math"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/index"
	"codeberg.org/commonage/commonage/directory/search"
)

// Up to so many hits every facet is exact; beyond they are near the truth and
// marked, also where neighbours are alike.
func TestFacetsOfMany(t *testing.T) {
	const entries = 60_000
	kinds := []directory.Kind{directory.Urban, directory.Migrant, directory.Productive}
	x := index.New()
	exact := map[string]map[directory.Kind]int{"many ": {}, "some ": {}}
	batch := make([]index.Entry, entries)
	for k := range batch {
		word, kind := "many", kinds[0]
		if k < entries/3 {
			kind = kinds[k/7%3]
		}
		exact["many "][kind]++
		if k%6 == 0 {
			word = "many some"
			exact["some "][kind]++
		}
		terms := search.Term(search.ByKind, string(kind))
		batch[k] = index.Entry{Num: int64(k + 1), Terms: terms, Document: search.Document{Name: word, Terms: terms}}
	}
	x.Apply(batch, nil)
	for text, want := range exact {
		q := search.Query{Text: text}
		found := x.Find(index.Question{Query: q, Match: search.NewMatch(q), Limit: 10})
		if want := entries / map[string]int{"many ": 1, "some ": 6}[text]; found.Total != want {
			t.Errorf("%q finds %d, want %d", text, found.Total, want)
		}
		if estimated := found.Total > search.MaxFacetHits; found.Estimated != estimated {
			t.Errorf("%q: estimated is %v with %d hits", text, found.Estimated, found.Total)
		}
		for _, c := range found.Facets[search.ByKind] {
			off := math.Abs(float64(c.Count)/float64(want[directory.Kind(c.Value)]) - 1)
			if off > 0.05 || off > 0 && !found.Estimated {
				t.Errorf("%q: %d are %s, want %d", text, c.Count, c.Value, want[directory.Kind(c.Value)])
			}
		}
		if n := len(found.Facets[search.ByKind]); n != len(want) {
			t.Errorf("%q: %d kinds, want %s", text, n, fmt.Sprint(want))
		}
	}
}
