package index_test

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/index"
	"codeberg.org/commonage/commonage/directory/search"
)

// model is a directory whose answers are found by looking at every entry.
type model map[int64]index.Entry

var vocabulary = []string{"a", "ab", "abc", "b", "bike", "bikes", "café", "z"}

func anyEntry(num int64) *rapid.Generator[index.Entry] {
	text := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 4), func(w []string) string { return strings.Join(w, " ") })
	return rapid.Custom(func(t *rapid.T) index.Entry {
		terms := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{":kurban", ":kmigrant", ":fx", ":fy", ":oa.example", ":ob.example", ":gvan", ":wvan"}), 0, 4, rapid.ID).Draw(t, "terms")
		e := index.Entry{Num: num, Updated: rapid.Int64Range(-2, 5).Draw(t, "updated"), Terms: strings.Join(terms, " ")}
		e.Document = search.Document{Name: text.Draw(t, "name"), Place: text.Draw(t, "place"), Body: text.Draw(t, "body"), Terms: e.Terms}
		e.Document.Stems = rapid.SampledFrom([]string{"", ":senbike", ":sencoop :senbike"}).Draw(t, "stems")
		if rapid.Bool().Draw(t, "placed") {
			e.Point = &directory.Point{
				Latitude: rapid.SampledFrom([]float64{-90, 0, 1, 45, 89}).Draw(t, "latitude"), Longitude: rapid.SampledFrom([]float64{-180, -1, 0, 3, 180}).Draw(t, "longitude"),
			}
		}
		return e
	})
}

func anyQuestion() *rapid.Generator[index.Question] {
	return rapid.Custom(func(t *rapid.T) index.Question {
		q := search.Query{Text: strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 3).Draw(t, "words"), " ")}
		if rapid.Bool().Draw(t, "whole") {
			q.Text += " "
		}
		if rapid.IntRange(0, 3).Draw(t, "without") == 0 {
			q.Text += " -" + rapid.SampledFrom([]string{"b", "bike", "café", "z*", "a"}).Draw(t, "left out")
		}
		if rapid.IntRange(0, 3).Draw(t, "dated") == 0 {
			q.Since = "1970"
		}
		q.Kinds = rapid.SliceOfNDistinct(rapid.SampledFrom([]directory.Kind{"urban", "migrant", "none"}), 0, 2, rapid.ID).Draw(t, "kinds")
		q.Forms = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y"}), 0, 2, rapid.ID).Draw(t, "forms")
		q.Origins = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a.example", "b.example"}), 0, 1, rapid.ID).Draw(t, "origins")
		q.Offers = rapid.SliceOfN(rapid.SampledFrom([]string{"van", "saw"}), 0, 1).Draw(t, "offers")
		if rapid.IntRange(0, 2).Draw(t, "boxed") == 0 {
			q.Box = &directory.Box{West: rapid.SampledFrom([]float64{-180, 2}).Draw(t, "west"), South: -1, East: rapid.SampledFrom([]float64{-1, 180}).Draw(t, "east"), North: 60}
		}
		if rapid.IntRange(0, 2).Draw(t, "near") == 0 {
			q.Near = &directory.Point{Latitude: 1, Longitude: -180}
			q.Radius = rapid.SampledFrom([]float64{0, 200, 9000}).Draw(t, "radius")
		}
		return index.Question{Query: q, Match: search.NewMatch(q), Limit: rapid.IntRange(1, 5).Draw(t, "limit")}
	})
}

// has reports whether the entry has the word, in any column.
func has(e index.Entry, word string, prefix bool) bool {
	for _, text := range []string{e.Document.Name, e.Document.Forms, e.Document.Place, e.Document.Body, e.Document.Terms, e.Document.Stems} {
		for w := range strings.FieldsSeq(text) {
			if w == word || prefix && strings.HasPrefix(w, word) {
				return true
			}
		}
	}
	return false
}

func hasGroup(e index.Entry, g search.Group) bool {
	for _, words := range g.Alternatives {
		missing := false
		for k, w := range words {
			missing = missing || !has(e, w, g.Prefix && k == len(words)-1)
		}
		if !missing {
			return true
		}
	}
	if slices.ContainsFunc(g.Stems, func(stem string) bool { return has(e, stem, false) }) {
		return true
	}
	return slices.ContainsFunc(g.Terms, func(term string) bool { return has(e, term, false) })
}

// fits reports whether the entry fits the question, whatever its values in one
// dimension.
func fits(e index.Entry, q index.Question, but search.Dimension) bool {
	for _, g := range q.Match.Words {
		if !hasGroup(e, g) {
			return false
		}
	}
	if slices.ContainsFunc(q.Match.Not, func(g search.Group) bool { return hasGroup(e, g) }) || e.Updated < q.Earliest() {
		return false
	}
	for _, d := range search.Dimensions() {
		values := q.Values(d)
		if d != but && len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return has(e, search.Term(d, v), false) }) {
			return false
		}
	}
	if q.Box != nil && (e.Point == nil || !q.Box.Contains(*e.Point)) {
		return false
	}
	return q.Radius == 0 || e.Point != nil && q.Near.Distance(*e.Point) <= q.Radius
}

func (m model) fitting(q index.Question, but search.Dimension) []index.Entry {
	var out []index.Entry
	for _, e := range m {
		if fits(e, q, but) {
			out = append(out, e)
		}
	}
	return out
}

func (m model) facets(q index.Question) search.Facets {
	facets := search.Facets{}
	for _, d := range search.Dimensions() {
		counts := map[search.Dimension]map[string]int{}
		for _, e := range m.fitting(q, d) {
			search.CountTerms(counts, e.Terms, 1)
		}
		list := []search.Count{}
		for value, n := range counts[d] {
			list = append(list, search.Count{Value: value, Count: n})
		}
		slices.SortFunc(list, func(a, b search.Count) int {
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value))
		})
		facets[d] = list
	}
	return facets
}

// A column that documents get later has to be indexed here too: its words are
// otherwise found in the tables and not in the index.
func TestIndexKnowsEveryColumn(t *testing.T) {
	const columns = 6 // newSegment lists them
	if n := reflect.TypeFor[search.Document]().NumField(); n != columns {
		t.Errorf("a search.Document has %d columns, and the index knows %d", n, columns)
	}
}

// Whatever comes, changes and goes, in whatever order segments are joined, the
// index answers as the model does.
func TestIndexIsWhatTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{}
		for range rapid.IntRange(1, 120).Draw(t, "changes") {
			var put []index.Entry
			var gone []int64
			for _, num := range rapid.SliceOfNDistinct(rapid.Int64Range(1, 9000), 0, 5, rapid.ID).Draw(t, "nums") {
				if num = num % 20 * 450; rapid.IntRange(0, 4).Draw(t, "goes") == 0 {
					gone = append(gone, num)
					continue
				}
				if !slices.ContainsFunc(put, func(e index.Entry) bool { return e.Num == num }) {
					put = append(put, anyEntry(num).Draw(t, "entry"))
				}
			}
			x.Apply(put, gone)
			for _, num := range gone {
				delete(m, num)
			}
			for _, e := range put {
				m[e.Num] = e
			}
			switch rapid.IntRange(0, 9).Draw(t, "tidy") {
			case 0, 1, 2, 3:
				for x.Tidy() {
				}
			case 4:
				x.Pack()
			}
			check(t, x, m, anyQuestion().Draw(t, "question"))
		}
	})
}

func check(t *rapid.T, x *index.Index, m model, q index.Question) {
	want := m.fitting(q, "")
	if x.Len() != len(m) || x.Count(q) != len(want) {
		t.Fatalf("%+v: %d entries, %d fit; want %d, %d", q, x.Len(), x.Count(q), len(m), len(want))
	}
	found := x.Find(q)
	if found.Total != len(want) {
		t.Fatalf("%+v: total %d, want %d", q, found.Total, len(want))
	}
	if diff := gocmp.Diff(m.facets(q), found.Facets); diff != "" {
		t.Fatalf("%+v: facets (-want +got):\n%s", q, diff)
	}
	checkPages(t, x, m, q, len(want))
	checkClusters(t, x, q, want)
}

// checkPages turns the pages by key and by number, and wants every hit once and
// in order.
func checkPages(t *rapid.T, x *index.Index, m model, q index.Question, total int) {
	var keys []search.Key
	for {
		q.Skip = len(keys)
		bySkip := x.Find(q).Keys
		q.Skip = 0
		if len(keys) > 0 {
			q.After = &keys[len(keys)-1]
		}
		byKey := x.Find(q).Keys
		q.After = nil
		if diff := gocmp.Diff(bySkip, byKey); diff != "" && len(bySkip)+len(byKey) > 0 {
			t.Fatalf("%+v: page at %d, by number and by key:\n%s", q, len(keys), diff)
		}
		if len(byKey) == 0 {
			break
		}
		keys = append(keys, byKey...)
	}
	if len(keys) != total || !slices.IsSortedFunc(keys, func(a, b search.Key) int {
		if a.Before(b) {
			return -1
		}
		return 1
	}) {
		t.Fatalf("%+v: keys %v, want %d in order", q, keys, total)
	}
	for _, k := range keys {
		e := m[k.Num]
		if q.Near != nil && len(q.Match.Words) == 0 {
			want := math.Inf(-1)
			if e.Point != nil {
				u, v := e.Point.UnitVector(), q.Near.UnitVector()
				want = u[0]*v[0] + u[1]*v[1] + u[2]*v[2]
			}
			if k.Rank != want {
				t.Fatalf("%+v: entry %d ranks %v, want %v", q, k.Num, k.Rank, want)
			}
		} else if k.Updated != e.Updated {
			t.Fatalf("%+v: entry %d updated %d, want %d", q, k.Num, k.Updated, e.Updated)
		}
	}
}

func checkClusters(t *rapid.T, x *index.Index, q index.Question, fitting []index.Entry) {
	tile := search.Tile{Z: 1, X: rapid.IntRange(0, 1).Draw(t, "x"), Y: rapid.IntRange(0, 1).Draw(t, "y")}
	first, end := tile.Range()
	want := map[search.Cell]int{}
	for _, e := range fitting {
		if e.Point == nil {
			continue
		}
		if c := search.CellAt(*e.Point); c >= first && c < end {
			want[c/search.Cell(search.ClusterSpan(tile.Z))]++
		}
	}
	got := map[search.Cell]int{}
	for _, c := range x.Clusters(q, first, end, tile.Z) {
		got[search.CellAt(c.Point)/search.Cell(search.ClusterSpan(tile.Z))] += c.Count
		kinds := 0
		for _, n := range c.Kinds {
			kinds += n
		}
		if kinds != c.Count || (c.Num != 0) != (c.Count == 1) && c.Num != 0 {
			t.Fatalf("%+v: cluster %+v", q, c)
		}
	}
	if len(got) != len(want) || fmt.Sprint(sum(got)) != fmt.Sprint(sum(want)) {
		t.Fatalf("%+v: clusters %v, want %v", q, got, want)
	}
}

func sum(counts map[search.Cell]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
