package search_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// anyPoint draws points of the globe, its edges more often than chance would.
func anyPoint() *rapid.Generator[directory.Point] {
	return rapid.Custom(func(t *rapid.T) directory.Point {
		edges := func(limit float64) *rapid.Generator[float64] {
			return rapid.OneOf(rapid.Float64Range(-limit, limit), rapid.SampledFrom([]float64{-limit, 0, limit, limit / 2, math.Nextafter(limit, 0)}))
		}
		return directory.Point{Latitude: edges(90).Draw(t, "latitude"), Longitude: edges(180).Draw(t, "longitude")}
	})
}

// tileOf returns the tile that a point is drawn on, by the definition of the map.
func tileOf(p directory.Point, z int) search.Tile {
	x, y := search.Mercator(p)
	n := math.Exp2(float64(z))
	place := func(v float64) int { return int(math.Max(0, math.Min(n-1, math.Floor(v*n)))) }
	return search.Tile{Z: z, X: place(x), Y: place(y)}
}

func TestTileRangeHoldsItsPointsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPoint().Draw(t, "point")
		z := rapid.IntRange(0, search.MaxZoom).Draw(t, "zoom")
		cell, home := search.CellAt(p), tileOf(p, z)
		if !home.Valid() {
			t.Fatalf("%v is on tile %v, which is none", p, home)
		}
		other := home
		if rapid.Bool().Draw(t, "elsewhere") {
			n := 1 << z
			other.X = (home.X + rapid.IntRange(-2, 2).Draw(t, "dx") + n) % n
			other.Y = (home.Y + rapid.IntRange(-2, 2).Draw(t, "dy") + n) % n
			other.X, other.Y = max(0, min(n-1, other.X)), max(0, min(n-1, other.Y))
		}
		first, end := other.Range()
		if got, want := cell >= first && cell < end, other == home; got != want {
			t.Fatalf("%v is on tile %v; within the range of %v: %v", p, home, other, got)
		}
	})
}

func TestTilesOfAZoomShareTheMap(t *testing.T) {
	const z = 3
	covered := map[search.Cell]bool{}
	var total search.Cell
	for x := range 1 << z {
		for y := range 1 << z {
			first, end := search.Tile{Z: z, X: x, Y: y}.Range()
			if covered[first] || first >= end {
				t.Errorf("tile %d/%d/%d has the range %d to %d", z, x, y, first, end)
			}
			covered[first] = true
			total += end - first
		}
	}
	_, world := search.Tile{}.Range()
	if total != world || world != 1<<(2*search.CellLevel) {
		t.Errorf("the tiles hold %d cells, want %d", total, world)
	}
}

func TestTileValid(t *testing.T) {
	for tile, want := range map[search.Tile]bool{
		{}: true, {Z: 1, X: 1, Y: 1}: true, {Z: 20, X: 1<<20 - 1}: true,
		{Z: -1}: false, {Z: 21}: false, {Z: 1, X: 2}: false, {Z: 1, Y: -1}: false, {X: 1}: false,
	} {
		if got := tile.Valid(); got != want {
			t.Errorf("%v valid: %v, want %v", tile, got, want)
		}
	}
}

func TestMercatorThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := directory.Point{
			Latitude:  rapid.Float64Range(-85, 85).Draw(t, "latitude"),
			Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		}
		if q := search.Unproject(search.Mercator(p)); p.Distance(q) > 1e-6 {
			t.Fatalf("%v came back as %v", p, q)
		}
	})
}

func TestClusterSpan(t *testing.T) {
	for z := 0; z <= search.MaxZoom; z++ {
		first, end := search.Tile{Z: z}.Range()
		span := search.ClusterSpan(z)
		if n := int64(end-first) / span; n != 64 || int64(first)%span != 0 {
			t.Errorf("a tile of zoom %d has %d clusters, want 8 by 8", z, n)
		}
	}
	if got := search.ClusterSpan(24); got != 1 {
		t.Errorf("the finest cluster has %d cells, want 1", got)
	}
}
