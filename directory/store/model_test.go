package store_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// fits is what Search promises, in plain Go: it reports whether an entry is
// among the hits of a query.
func fits(q search.Query, i *directory.Initiative) bool {
	if i.State != directory.Published {
		return false
	}
	p := i.Place.Point
	if q.Box != nil && (p == nil || !q.Box.Contains(*p)) {
		return false
	}
	if q.Near != nil && q.Radius > 0 && (p == nil || q.Near.Distance(*p) > q.Radius) {
		return false
	}
	if i.Updated.UnixMicro() < q.Earliest() {
		return false
	}
	d := search.NewDocument(i)
	terms, m := strings.Fields(d.Terms), search.NewMatch(q)
	for _, g := range m.Words {
		if !satisfies(d, g) {
			return false
		}
	}
	if slices.ContainsFunc(m.Not, func(g search.Group) bool { return satisfies(d, g) }) {
		return false
	}
	for _, list := range m.Terms {
		if !anyOf(terms, list) {
			return false
		}
	}
	return true
}

// satisfies reports whether a document has what a group asks for.
func satisfies(d search.Document, g search.Group) bool {
	columns := []string{d.Name, d.Forms, d.Place, d.Body}
	words := strings.Fields(strings.Join(columns, " "))
	if anyOf(strings.Fields(d.Terms), g.Terms) || anyOf(append(strings.Fields(d.Stems), words...), g.Stems) {
		return true
	}
	return slices.ContainsFunc(g.Alternatives, func(list []string) bool {
		if !g.Phrase {
			return holds(words, list, g.Prefix)
		}
		return slices.ContainsFunc(columns, func(c string) bool {
			return strings.Contains(" "+c+" ", " "+strings.Join(list, " ")+" ")
		})
	})
}

func anyOf(terms, list []string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return slices.Contains(terms, t) })
}

func holds(words, list []string, prefix bool) bool {
	for k, want := range list {
		if prefix && k == len(list)-1 {
			if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, want) }) {
				return false
			}
		} else if !slices.Contains(words, want) {
			return false
		}
	}
	return true
}

func fitting(q search.Query, all []*directory.Initiative) (out []*directory.Initiative) {
	for _, i := range all {
		if fits(q, i) {
			out = append(out, i)
		}
	}
	return out
}

func facetsOf(q search.Query, all []*directory.Initiative) search.Facets {
	facets := search.Facets{}
	for _, d := range search.Dimensions() {
		counts := map[search.Dimension]map[string]int{}
		for _, i := range fitting(q.With(d), all) {
			search.CountTerms(counts, strings.Join(search.Terms(i), " "), 1)
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

// clustersOf groups entries as a map shows them at a zoom.
func clustersOf(entries []*directory.Initiative, zoom int) []search.Cluster {
	groups := map[int64][]*directory.Initiative{}
	for _, i := range entries {
		if p := i.Place.Point; p != nil {
			k := int64(search.CellAt(*p)) / search.ClusterSpan(zoom)
			groups[k] = append(groups[k], i)
		}
	}
	var out []search.Cluster
	for _, group := range groups {
		c := search.Cluster{Count: len(group), Kinds: map[directory.Kind]int{}}
		for _, i := range group {
			c.Kinds[i.Kind]++
			c.Point.Latitude += i.Place.Point.Latitude / float64(len(group))
			c.Point.Longitude += i.Place.Point.Longitude / float64(len(group))
		}
		if len(group) == 1 {
			c.Entry = group[0]
		}
		out = append(out, c)
	}
	sortClusters(out)
	return out
}

func sortClusters(list []search.Cluster) {
	slices.SortFunc(list, func(a, b search.Cluster) int {
		return cmp.Compare(search.CellAt(a.Point), search.CellAt(b.Point))
	})
}

// sameClusters compares what a map needs of clusters.
var sameClusters = gocmp.Options{
	cmpopts.EquateApprox(0, 1e-9), cmpopts.EquateEmpty(),
	gocmp.Transformer("handle", func(i *directory.Initiative) string {
		if i == nil {
			return ""
		}
		return i.Handle
	}),
}

const maxEntries = 14

// vocabulary has words that are the beginning of others, that are spelt in
// several ways, that are letters of terms, and that name seed forms.
var vocabulary = []string{
	"repair", "Repair", "répare", "rep", "café", "cafe\u0301", "co-op", "coop", "food co-op", "bike", "Bike Kitchen",
	"Кооператив", "хлеб", "京都", "京都市", "コーヒー", "f", "o", "n", "k", "tool-library", "Straße", "strasse", "AND", "NOT", "9000", "d'Hort", "·", "...",
}

func anyWords() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 4), func(w []string) string { return strings.Join(w, " ") })
}

// anyPoint draws points of the globe, its edges and a few spots again and again.
func anyPoint() *rapid.Generator[*directory.Point] {
	spots := []*directory.Point{
		nil,
		{Latitude: 90},
		{Latitude: -90, Longitude: 180},
		{Longitude: 180},
		{Longitude: -180},
		{},
		{Latitude: 51.05, Longitude: 3.72},
		{Latitude: 51.06, Longitude: 3.73},
		{Latitude: -51.05, Longitude: -176.28},
		{Latitude: -16.8, Longitude: 179.9},
		{Latitude: -16.9, Longitude: -179.9},
		{Latitude: 86},
		{Latitude: 89, Longitude: 100},
		{Latitude: 5e-324, Longitude: 1},
		{Latitude: 1, Longitude: -5e-324},
	}
	return rapid.OneOf(rapid.SampledFrom(spots), rapid.Custom(func(t *rapid.T) *directory.Point {
		return &directory.Point{
			Latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude"),
			Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		}
	}))
}

// anyPhrases draws offers or needs, some of which differ only in how they are
// written.
func anyPhrases() *rapid.Generator[[]string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"cargo bike", "Cargo-bike", "workshop space", "vélo", "京都", "..."}), 0, 3), directory.Phrases)
}

func anyEntry(k int) *rapid.Generator[*directory.Initiative] {
	return rapid.Custom(func(t *rapid.T) *directory.Initiative {
		handle := fmt.Sprintf("e%d", k)
		return &directory.Initiative{
			ID: "https://a.example/initiatives/" + handle, Handle: handle,
			Origin:      rapid.SampledFrom([]string{"a.example", "b.example:8001"}).Draw(t, "origin"),
			Name:        anyWords().Draw(t, "name"),
			Description: anyWords().Draw(t, "description"),
			Languages:   rapid.SampledFrom([][]string{nil, {"nl"}, {"nl-BE", "fr"}, {"ja"}, {"en"}}).Draw(t, "languages"),
			Tags:        []string{anyWords().Draw(t, "tag")},
			Offers:      anyPhrases().Draw(t, "offers"),
			Needs:       anyPhrases().Draw(t, "needs"),
			Forms:       rapid.SliceOfN(rapid.SampledFrom([]string{"repair-cafe", "food-coop", "bike-kitchen", "tool-library", "own-form"}), 0, 2).Draw(t, "forms"),
			Kind:        rapid.SampledFrom(append(directory.Kinds(), "")).Draw(t, "kind"),
			Role:        rapid.SampledFrom(append(directory.Roles(), "")).Draw(t, "role"),
			Currents:    rapid.SliceOfNDistinct(rapid.SampledFrom(directory.Currents()), 0, 3, rapid.ID).Draw(t, "currents"),
			Place: directory.Place{
				Locality: rapid.SampledFrom([]string{"", "Gent", "GENT", "Genève", "京都"}).Draw(t, "locality"),
				Country:  rapid.SampledFrom([]string{"", "BE", "CH", "FJ"}).Draw(t, "country"), Point: anyPoint().Draw(t, "point"),
			},
			State: rapid.SampledFrom([]directory.State{
				directory.Published, directory.Published, directory.Published, directory.Published, directory.Draft, directory.Withdrawn,
			}).Draw(t, "state"),
			Published: noon, Updated: noon.Add(time.Duration(k) * time.Second), Revision: 1,
		}
	})
}

func anyQuery() *rapid.Generator[search.Query] {
	return rapid.Custom(func(t *rapid.T) search.Query {
		q := search.Query{Text: anyWords().Draw(t, "text")}
		if rapid.IntRange(0, 2).Draw(t, "more") == 0 {
			more := []string{"-repair", "-rep*", `"food co-op"`, `"京都市"`, `"repair café"`, "-\"food co-op\"", "rep*", "-coop", `"AND NOT"`, "-d'Hort", "-f"}
			q.Text += " " + strings.Join(rapid.SliceOfN(rapid.SampledFrom(more), 1, 2).Draw(t, "syntax"), " ")
		}
		if rapid.Bool().Draw(t, "finished") {
			q.Text += " "
		}
		if rapid.IntRange(0, 2).Draw(t, "filters") == 0 {
			q.Forms = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"repair-cafe", "food-coop", "own-form", "none"}), 0, 2, rapid.ID).Draw(t, "forms")
			q.Kinds = rapid.SliceOfNDistinct(rapid.SampledFrom(directory.Kinds()), 0, 3, rapid.ID).Draw(t, "kinds")
			q.Origins = rapid.SliceOfN(rapid.SampledFrom([]string{"a.example", "b.example:8001"}), 0, 1).Draw(t, "origins")
			q.Languages = rapid.SliceOfN(rapid.SampledFrom([]string{"nl", "ja"}), 0, 1).Draw(t, "languages")
			q.Since = rapid.SampledFrom([]string{"", "2000", "2999"}).Draw(t, "since")
			q.Countries = rapid.SliceOfN(rapid.SampledFrom([]string{"BE", "CH"}), 0, 1).Draw(t, "countries")
			q.Offers = rapid.SliceOfN(rapid.SampledFrom([]string{"cargo-bike", "velo", "none"}), 0, 2).Draw(t, "offers")
			q.Needs = rapid.SliceOfN(rapid.SampledFrom([]string{"workshop-space", "京都"}), 0, 1).Draw(t, "needs")
		}
		if rapid.IntRange(0, 2).Draw(t, "boxed") == 0 {
			a, b := rapid.Float64Range(-90, 90).Draw(t, "a"), rapid.Float64Range(-90, 90).Draw(t, "b")
			longitude := rapid.OneOf(rapid.Float64Range(-180, 180), rapid.SampledFrom([]float64{-180, 180, 0}))
			q.Box = &directory.Box{West: longitude.Draw(t, "west"), South: min(a, b), East: longitude.Draw(t, "east"), North: max(a, b)}
		}
		if rapid.IntRange(0, 2).Draw(t, "is near") == 0 {
			q.Near = anyPoint().Filter(func(p *directory.Point) bool { return p != nil }).Draw(t, "near")
			q.Radius = rapid.SampledFrom([]float64{0, 1e-6, 0.5, 3, 50, 5000, 15000, 20010, 20037}).Draw(t, "radius")
		}
		return q
	})
}

// Both databases, and the index over them, answer any question about any entries
// as the model does.
func TestSearchIsWhatTheModelSays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(0, maxEntries).Draw(t, "entries")
			all := make([]*directory.Initiative, maxEntries)
			batch := make([]store.PutEntry, maxEntries)
			for k := range all {
				all[k] = &directory.Initiative{ID: fmt.Sprintf("https://a.example/initiatives/e%d", k), Handle: fmt.Sprintf("e%d", k), State: directory.Draft}
				if k < n {
					all[k] = anyEntry(k).Draw(t, "entry")
				}
				batch[k] = store.PutEntry{Initiative: all[k]}
			}
			if err := s.PutInitiatives(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				q := anyQuery().Draw(t, "query")
				checkSearch(t, s, q, all)
				checkMap(t, s, q, all)
				// Within a transaction the tables answer, not the index.
				if err := s.Tx(t.Context(), func(tx *store.Store) error {
					checkSearch(t, tx, q, all)
					checkMap(t, tx, q, all)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}

func checkSearch(t *rapid.T, s *store.Store, q search.Query, all []*directory.Initiative) {
	var want, got, each []string
	for _, i := range fitting(q, all) {
		want = append(want, i.Handle)
	}
	q.Limit = 5
	for first := true; first || q.Cursor != ""; first = false {
		r, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("search %v: %v", q.Encode(), err)
		}
		if r.Total != len(want) {
			t.Fatalf("search %v: total %d, want %d", q.Encode(), r.Total, len(want))
		}
		if diff := gocmp.Diff(facetsOf(q, all), r.Facets); diff != "" {
			t.Fatalf("facets of %v (-want +got):\n%s", q.Encode(), diff)
		}
		checkDistances(t, q, r.Hits)
		for _, h := range r.Hits {
			got = append(got, h.Initiative.Handle)
		}
		q.Cursor = r.Next
	}
	err := s.Each(t.Context(), q, func(i *directory.Initiative) error {
		each = append(each, i.Handle)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]string{want, got, each} {
		slices.Sort(list)
	}
	if !slices.Equal(want, got) || !slices.Equal(want, each) {
		t.Fatalf("search %v: hits %v, each %v, want %v", q.Encode(), got, each, want)
	}
}

// checkDistances wants hits without words in the order of their distance, those
// that are nowhere last.
func checkDistances(t *rapid.T, q search.Query, hits []search.Hit) {
	last := 0.0
	for _, h := range hits {
		want := -1.0
		if q.Near != nil && h.Initiative.Place.Point != nil {
			want = q.Near.Distance(*h.Initiative.Place.Point)
		}
		if h.Distance != want {
			t.Fatalf("near %v: %s is %v km away, want %v", q.Near, h.Initiative.Handle, h.Distance, want)
		}
		far := h.Distance
		if far < 0 {
			far = math.Inf(1)
		}
		if q.Near != nil && len(search.NewMatch(q).Words) == 0 && far < last-0.001 {
			t.Fatalf("near %v: %s at %v km comes after one at %v km", q.Near, h.Initiative.Handle, far, last)
		}
		last = far
	}
}

func checkMap(t *rapid.T, s *store.Store, q search.Query, all []*directory.Initiative) {
	zoom := rapid.IntRange(0, 8).Draw(t, "zoom")
	got, err := s.Clusters(t.Context(), q, zoom)
	if err != nil {
		t.Fatal(err)
	}
	sortClusters(got)
	if diff := gocmp.Diff(clustersOf(fitting(q, all), zoom), got, sameClusters); diff != "" {
		t.Fatalf("clusters of %v at zoom %d (-want +got):\n%s", q.Encode(), zoom, diff)
	}
	q.Box = nil // a tile is a box of its own
	const z = 1
	var tiles []search.Cluster
	for k := range 4 {
		part, err := s.Tile(t.Context(), q, search.Tile{Z: z, X: k % 2, Y: k / 2})
		if err != nil {
			t.Fatal(err)
		}
		tiles = append(tiles, part...)
	}
	sortClusters(tiles)
	if diff := gocmp.Diff(clustersOf(fitting(q, all), z), tiles, sameClusters); diff != "" {
		t.Fatalf("tiles of %v (-want +got):\n%s", q.Encode(), diff)
	}
}
