package atlas

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed" // for the table of towns
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Town is a town of 15,000 inhabitants or more.
type Town struct {
	Name       string
	Country    string // ISO 3166-1 alpha-2
	Point      directory.Point
	Population int // in thousands
}

// townTable is a line for each town, the largest first: its names, with a bar
// between, the country, latitude, longitude and thousands of inhabitants, with
// tabs between. The towns are GeoNames' (CC BY 4.0); names in other languages
// were added.
//
//go:embed towns.tsv.gz
var townTable []byte

// gazetteer is the towns and where those with a name, folded, stand among them.
type gazetteer struct {
	towns   []Town
	byName  map[string][]int32
	ordered []string // the names, for who types
}

// openGazetteer reads the table when it is first asked for.
var openGazetteer = sync.OnceValue(func() gazetteer {
	g := gazetteer{byName: map[string][]int32{}}
	packed, err := gzip.NewReader(bytes.NewReader(townTable))
	if err != nil {
		return g // a test reads what is shipped
	}
	lines := bufio.NewScanner(packed)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		const columns = 5
		if len(fields) != columns {
			continue
		}
		numbers := make([]float64, 0, 3)
		for _, f := range fields[2:] {
			n, _ := strconv.ParseFloat(f, 64) //nolint:errcheck // as above
			numbers = append(numbers, n)
		}
		names := strings.Split(fields[0], "|")
		if plain, _, ok := strings.Cut(names[0], " ("); ok { // Halle (Saale)
			names = append(names, plain)
		}
		names = append(names, strings.Split(names[0], " / ")...) // Gasteiz / Vitoria
		for _, name := range names {
			if key := search.Fold(name); !slices.Contains(g.byName[key], int32(len(g.towns))) {
				g.byName[key] = append(g.byName[key], int32(len(g.towns)))
			}
		}
		g.towns = append(g.towns, Town{
			Name: names[0], Country: fields[1], Population: int(numbers[2]),
			Point: directory.Point{Latitude: numbers[0], Longitude: numbers[1]},
		})
	}
	for name := range g.byName {
		g.ordered = append(g.ordered, name)
	}
	slices.Sort(g.ordered)
	return g
})

// Towns returns the towns with the name, accents and case aside, the likeliest
// for who asks from a place first: one counts the more the more people live
// there, and the nearer it is. Without a place only the people count.
func Towns(name string, from *directory.Point) []Town {
	g := openGazetteer()
	var out []Town
	for _, at := range g.byName[search.Fold(strings.TrimSpace(name))] {
		out = append(out, g.towns[at])
	}
	return byLikelihood(out, from)
}

// TownsLike returns towns with a name that begins so, at most so many, the
// likeliest first.
func TownsLike(start string, from *directory.Point, most int) []Town {
	g := openGazetteer()
	start = search.Fold(strings.TrimSpace(start))
	var out []Town
	seen := map[int32]bool{}
	first, _ := slices.BinarySearch(g.ordered, start)
	for _, name := range g.ordered[first:] {
		if !strings.HasPrefix(name, start) {
			break
		}
		for _, at := range g.byName[name] {
			if !seen[at] {
				seen[at] = true
				out = append(out, g.towns[at])
			}
		}
	}
	out = byLikelihood(out, from)
	return out[:min(len(out), most)]
}

// near is a distance in kilometres at which a town counts a tenth of what it
// would next door.
const near = 300

func byLikelihood(towns []Town, from *directory.Point) []Town {
	weight := func(t Town) float64 {
		people := math.Max(1, float64(t.Population))
		if from == nil {
			return people
		}
		return people / (1 + math.Pow(t.Point.Distance(*from)/(near/3), 2))
	}
	slices.SortStableFunc(towns, func(a, b Town) int {
		switch wa, wb := weight(a), weight(b); {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return 0
	})
	return towns
}
