package index_test

import (
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/index"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// BenchmarkFind asks an index of 200,000 entries, without a database.
func BenchmarkFind(b *testing.B) {
	const entries, batch = 200_000, 5000
	x, made := index.New(), synthetic.New(1, "a.example")
	for first := 0; first < entries; first += batch {
		list := make([]index.Entry, batch)
		for k := range list {
			i := made.Entry(first + k)
			d := search.NewDocument(i)
			list[k] = index.Entry{Num: int64(first + k + 1), Point: i.Place.Point, Updated: i.Updated.UnixMicro(), Terms: d.Terms, Document: d}
		}
		x.Apply(list, nil)
	}
	x.Pack()
	for _, question := range []struct {
		name string
		q    search.Query
	}{
		{"all", search.Query{}},
		{"common word", search.Query{Text: "community "}},
		{"commonest word", search.Query{Text: "the "}},
		{"two words", search.Query{Text: "community garden "}},
		{"beginning", search.Query{Text: "re"}},
		{"kind", search.Query{Kinds: []directory.Kind{directory.Urban}}},
		{"kind and country", search.Query{Kinds: []directory.Kind{directory.Urban}, Countries: []string{"DE"}}},
		{"box", search.Query{Box: &directory.Box{West: 3, South: 48, East: 8, North: 52}}},
		{"near", search.Query{Near: &directory.Point{Latitude: 51, Longitude: 4}}},
	} {
		q := index.Question{Query: question.q, Match: search.NewMatch(question.q), Limit: search.DefaultLimit}
		b.Run(question.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Find(q)
			}
		})
	}
	b.Run("tile of the world", func(b *testing.B) {
		first, end := search.Tile{}.Range()
		for b.Loop() {
			x.Clusters(index.Question{}, first, end, 0)
		}
	})
}
