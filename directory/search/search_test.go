package search_test

import (
	"fmt"
	"slices"
	"testing"

	"codeberg.org/commonage/commonage/directory/search"
)

func TestFacetsRound(t *testing.T) {
	for count, want := range map[int]int{0: 0, 7: 7, 99: 99, 100: 100, 104: 100, 105: 110, 12_449: 12_000, 12_500: 13_000, 999: 1000} {
		f := search.Facets{search.ByKind: {{Value: "urban", Count: count}}}
		if f.Round(); f[search.ByKind][0].Count != want {
			t.Errorf("%d rounds to %d, want %d", count, f[search.ByKind][0].Count, want)
		}
	}
}

func TestFacetsCut(t *testing.T) {
	counts := make([]search.Count, search.MaxOpenValues+2)
	for k := range counts {
		counts[k] = search.Count{Value: fmt.Sprintf("v%d", k), Count: len(counts) - k}
	}
	last := counts[len(counts)-1]
	f := search.Facets{search.ByOffer: slices.Clone(counts), search.ByForm: slices.Clone(counts)}
	f.Cut(search.Query{Offers: []string{last.Value}})
	if want := append(slices.Clone(counts[:search.MaxOpenValues]), last); !slices.Equal(f[search.ByOffer], want) {
		t.Errorf("got %d offers, the last %v", len(f[search.ByOffer]), f[search.ByOffer][len(f[search.ByOffer])-1])
	}
	if len(f[search.ByForm]) != len(counts) {
		t.Errorf("got %d forms, want all", len(f[search.ByForm]))
	}
}
