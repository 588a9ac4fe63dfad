package web_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// judgement is a question and what it should find: external ids with a grade, 2
// for what is just that and 1 for what has to do with it.
//
// The grades were given by the sources' own words before anything was searched:
// by the type and the name of an entry (2) or its description (1), and for places
// by distance or country.
type judgement struct {
	class, question string
	grades          map[string]int
}

func judgements(t *testing.T) []judgement {
	t.Helper()
	text, err := os.ReadFile("testdata/judged.txt")
	must(t, err)
	var all []judgement
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if graded, ok := strings.CutPrefix(line, "\t"); ok {
			grade, id, _ := strings.Cut(graded, " ")
			all[len(all)-1].grades[id] = int(grade[0] - '0')
			continue
		}
		class, question, _ := strings.Cut(line, ": ")
		all = append(all, judgement{class, question, map[string]int{}})
	}
	return all
}

// real fills a store with the shared data and returns external ids by id, or
// skips the test where the data is not.
func real(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	ids := map[string]string{}
	var batch []store.PutEntry
	for name, format := range map[string]string{
		"susy-transformap-europe.nocontact.geojson": exchange.GeoJSON, "coops-uk-standard-2022Q2.csv": exchange.Mykomap,
	} {
		f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", name))
		if errors.Is(err, os.ErrNotExist) {
			t.Skipf("the shared data is not here: %v", err)
		}
		must(t, err)
		defer f.Close()
		o := exchange.Options{Mapping: &exchange.Mapping{Values: map[string]map[string]string{"country": {"sr": "SK"}}}}
		for r, err := range exchange.Read(format, f, o) {
			must(t, err)
			i := r.Initiative
			i.Handle, i.Origin, i.State, i.Revision = fmt.Sprintf("e%d", len(ids)), "ghent.example", directory.Published, 1
			i.Kind, i.Currents = cmp.Or(i.Kind, directory.KindOf(i.Forms)), directory.CurrentsOf(i.Forms)
			i.ID, i.Published, i.Updated = "https://ghent.example/initiatives/"+i.Handle, noon(), noon()
			ids[i.ID] = cmp.Or(r.ID, i.Source.ExternalID)
			batch = append(batch, store.PutEntry{Initiative: i})
		}
	}
	must(t, s.PutInitiatives(t.Context(), batch))
	return ids
}

// cutoff is how many hits count.
const cutoff = 10

// ndcg is the normalised discounted cumulative gain of hits: 1 where nothing
// better could stand above something worse.
func ndcg(hits []string, grades map[string]int) float64 {
	gain := func(grades []int) (sum float64) {
		for k, grade := range grades[:min(len(grades), cutoff)] {
			sum += (math.Exp2(float64(grade)) - 1) / math.Log2(float64(k)+2)
		}
		return sum
	}
	var got, best []int
	for _, id := range hits {
		got = append(got, grades[id])
	}
	for _, grade := range grades {
		best = append(best, grade)
	}
	slices.SortFunc(best, func(a, b int) int { return b - a })
	return gain(got) / gain(best)
}

// TestSearchFindsWhatIsMeant asks what people ask of real data and wants the
// answers to stay as good as they are: see search/README.md.
func TestSearchFindsWhatIsMeant(t *testing.T) {
	s := storetest.Open(t)
	ids := real(t, s)
	h := handler(t, ghent(), s)
	sums, counts := map[string]float64{}, map[string]int{}
	all := judgements(t)
	if len(all) < 60 {
		t.Fatalf("%d questions, want at least 60", len(all))
	}
	for _, j := range all {
		if len(j.grades) == 0 {
			t.Fatalf("nothing is meant by %s", j.question)
		}
		var hits []string
		for _, item := range list(t, h, fmt.Sprintf("limit=%d&q=%s", cutoff, url.QueryEscape(j.question))).Items {
			hits = append(hits, ids[item.ID])
		}
		score := ndcg(hits, j.grades)
		t.Logf("%-9s %-34s %.3f of %d", j.class, j.question, score, len(j.grades))
		for _, class := range []string{j.class, "total"} {
			sums[class] += score
			counts[class]++
		}
	}
	for class, least := range floors() {
		mean := sums[class] / float64(counts[class])
		t.Logf("nDCG@%d %-9s %.3f (%d questions)", cutoff, class, mean, counts[class])
		if math.IsNaN(mean) || mean < least {
			t.Errorf("nDCG@%d of %s is %.3f, and was at least %.2f", cutoff, class, mean, least)
		}
	}
}

// floors are what was reached, rounded down a little.
func floors() map[string]float64 {
	return map[string]float64{
		"form": 0.97, "language": 0.93, "item": 0.92, "misspelt": 0.95, "place": 0.94, "topic": 0.83, "syntax": 0.94, "total": 0.93,
	}
}
