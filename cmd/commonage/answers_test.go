package main_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameAnswers asks both cities, who carry both files, the same questions. Their
// answers must be equal and make sense.
func sameAnswers(t *testing.T, a, b *city) {
	t.Helper()
	for _, query := range []string{
		"", "q=repair café", "q=кооператив", "q=food co-op&near=53.48,-2.24", "q=food co-op near 53.48,-2.24", "q=housing", "q=hous",
		"kind=urban", "country=GB", "form=repair-cafe", "bbox=-3,53,-2,54", "near=51.05,3.72&radius=50", "origin=" + a.host,
	} {
		here, there := a.ask(query+"&limit=100"), b.ask(query+"&limit=100")
		if here.Total != there.Total {
			t.Errorf("%s: %d hits at %s, %d at %s", query, here.Total, a.host, there.Total, b.host)
		}
		if diff := cmp.Diff(here.Facets, there.Facets); diff != "" {
			t.Errorf("%s: the facets differ:\n%s", query, diff)
		}
		t.Logf("%-40s %5d hits, first: %s", query, here.Total, first(here))
	}
	for _, c := range []*city{a, b} {
		sensible(t, c)
	}
}

func first(a answer) string {
	if len(a.Items) == 0 {
		return "none"
	}
	return a.Items[0].Name
}

// sensible checks the three searches that the files must answer.
func sensible(t *testing.T, c *city) {
	t.Helper()
	repair := c.ask("q=repair café")
	if repair.Total == 0 || !slices.Contains(repair.Items[0].Forms, "repair-cafe") {
		t.Errorf("%s: the best of %d for repair café is %+v", c.host, repair.Total, first(repair))
	}
	if plain := c.ask("q=REPAIR CAFE"); plain.Total != repair.Total {
		t.Errorf("%s: accents and case change %d hits to %d", c.host, repair.Total, plain.Total)
	}
	// No entry has the Russian word; it names seed forms, as "cooperative" does.
	coops := c.ask("q=кооператив")
	if coops.Total < 100 {
		t.Errorf("%s: %d hits for кооператив", c.host, coops.Total)
	}
	for _, e := range coops.Items {
		if !slices.ContainsFunc(e.Forms, func(form string) bool { return strings.Contains(form, "coop") }) {
			t.Errorf("%s: %s is found for кооператив, with the forms %v", c.host, e.Name, e.Forms)
		}
	}
	for _, query := range []string{"q=food co-op&near=53.48,-2.24", "q=food co-op near 53.48,-2.24"} {
		food := c.ask(query)
		if food.Total == 0 {
			t.Errorf("%s: nothing is found for %s", c.host, query)
			continue
		}
		if nearest := food.Items[0]; nearest.Distance > 30 || nearest.Place.Country != "GB" {
			t.Errorf("%s: the first for %s is %s, %v km away", c.host, query, nearest.Name, nearest.Distance)
		}
	}
	byDistance := func(x, y entry) int { return int((x.Distance - y.Distance) * 1000) }
	if around := c.ask("near=53.48,-2.24"); !slices.IsSortedFunc(around.Items, byDistance) {
		t.Errorf("%s: the hits around a point are not sorted by distance", c.host)
	}
}
