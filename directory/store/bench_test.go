package store_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// eachBench runs a benchmark on a fresh store of each database that there is.
func eachBench(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { bench(b, storetest.Open(b)) })
	b.Run("postgres", func(b *testing.B) { bench(b, storetest.OpenPostgres(b)) })
}

// realistic returns the k-th of many entries as a real directory has them: some
// words that many share, some that few do, around a few hundred towns.
func realistic(k int) *directory.Initiative {
	r := rand.New(rand.NewPCG(1, uint64(k)))
	forms := directory.SeedForms()
	form := forms[int(float64(len(forms))*r.Float64()*r.Float64())]
	words := func(n int) string {
		list := make([]string, n)
		for w := range list {
			if r.IntN(3) == 0 {
				list[w] = strings.Fields(article)[r.IntN(len(strings.Fields(article)))]
			} else {
				list[w] = fmt.Sprintf("w%s", strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(2))+fmt.Sprint(int(3000*r.Float64()*r.Float64())))
			}
		}
		return strings.Join(list, " ")
	}
	town := r.IntN(400)
	i := initiative(fmt.Sprintf("entry_%d", k))
	i.Name, i.Summary, i.Description = words(4), words(15), words(60)
	i.Forms, i.Kind, i.Currents = []string{form.Slug}, form.Kinds[0], form.Currents
	i.Tags = []string{words(1), words(1)}
	i.Place.Locality, i.Place.Country = fmt.Sprint("Town ", town), []string{"BE", "GB", "ES", "DE"}[town%4]
	i.Place.Point = &directory.Point{Latitude: 36 + float64(town%20) + r.Float64()/5, Longitude: -5 + float64(town/20) + r.Float64()/5}
	i.Source.ExternalID = fmt.Sprint(k)
	i.Updated = noon.Add(time.Duration(k) * time.Second)
	return i
}

const article = `A repair café run by volunteers: bring your toaster, radio or torn coat and mend it together with people who
know how. Wij zijn een coöperatie van bewoners. Une coopérative d'habitants, ouverte à tout le monde. Хранителен кооператив`

// fill writes the entries from first up to before end.
func fill(b *testing.B, s *store.Store, first, end int) {
	b.Helper()
	const batch = 250
	for ; first < end; first += batch {
		entries := make([]store.PutEntry, 0, batch)
		for k := first; k < min(first+batch, end); k++ {
			entries = append(entries, store.PutEntry{Initiative: realistic(k), Change: directory.Added})
		}
		if err := s.PutInitiatives(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutInitiatives writes batches of 250 new entries, as an import does.
func BenchmarkPutInitiatives(b *testing.B) {
	const batch = 250
	eachBench(b, func(b *testing.B, s *store.Store) {
		written := 0
		b.ReportAllocs()
		for b.Loop() {
			fill(b, s, written, written+batch)
			written += batch
		}
		b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "entries/s")
	})
}

// BenchmarkSearch asks a directory of 10,000 entries what people ask.
func BenchmarkSearch(b *testing.B) {
	ghent := &directory.Point{Latitude: 51.05, Longitude: 3.72}
	box := &directory.Box{West: 0, South: 45, East: 5, North: 50}
	questions := []struct {
		name string
		q    search.Query
	}{
		{"all", search.Query{}},
		{"common word", search.Query{Text: "repair "}},
		{"rare word", search.Query{Text: "wab1234 "}},
		{"beginning", search.Query{Text: "re"}},
		{"two words", search.Query{Text: "repair café volun"}},
		{"form", search.Query{Forms: []string{"tool-library", "repair-cafe"}}},
		{"box", search.Query{Box: box}},
		{"near", search.Query{Near: ghent}},
		{"radius", search.Query{Near: ghent, Radius: 100}},
		{"word near", search.Query{Text: "repair", Near: ghent, Radius: 300}},
		{"deep page", search.Query{Cursor: search.CursorAt(9000)}},
	}
	eachBench(b, func(b *testing.B, s *store.Store) {
		fill(b, s, 0, 10_000)
		for _, question := range questions {
			b.Run(question.name, func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Search(b.Context(), question.q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		for name, t := range map[string]search.Tile{"tile of the world": {}, "tile of a country": {Z: 6, X: 32, Y: 21}} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Tile(b.Context(), search.Query{}, t); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("changes", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.ChangesBefore(b.Context(), 5000, 100); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
