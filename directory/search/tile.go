package search

import (
	"math"

	"codeberg.org/commonage/commonage/directory"
)

// Cell is a position on the map as one number: the bits of x and y of the Web
// Mercator square, interleaved (Z-order, "quadkey") at CellLevel. Every tile
// z/x/y of the map is exactly one range of cells.
type Cell int64

// CellLevel is the zoom at which a cell is one tile: 2.4 m at the equator.
const CellLevel = 24

// maxLatitude is where the square of Web Mercator ends.
const maxLatitude = 85.05112877980659

// CellAt returns the cell of a point; latitudes beyond the map's edge are drawn
// on it.
func CellAt(p directory.Point) Cell {
	x, y := Mercator(p)
	const n = 1 << CellLevel
	return interleave(uint64(clamp(x*n, n-1)), uint64(clamp(y*n, n-1)))
}

// Mercator returns the point in the unit square: x to the east, y to the south.
func Mercator(p directory.Point) (x, y float64) {
	lat := math.Max(-maxLatitude, math.Min(maxLatitude, p.Latitude)) * math.Pi / 180
	x = (p.Longitude + 180) / 360
	y = (1 - math.Asinh(math.Tan(lat))/math.Pi) / 2
	return x, y
}

// Unproject returns the point at x, y of the unit square.
func Unproject(x, y float64) directory.Point {
	return directory.Point{
		Latitude:  math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi,
		Longitude: x*360 - 180,
	}
}

func clamp(v, highest float64) float64 { return math.Max(0, math.Min(highest, math.Floor(v))) }

func interleave(x, y uint64) Cell { return Cell(spread(x) | spread(y)<<1) } //nolint:gosec // 48 bits fit

// spread moves bit i of the low 32 bits to bit 2i.
func spread(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	v = (v | v<<2) & 0x3333333333333333
	return (v | v<<1) & 0x5555555555555555
}

// Tile is one square of the map at a zoom: z 0 is the whole world.
type Tile struct{ Z, X, Y int }

// MaxZoom is the deepest zoom of a tile.
const MaxZoom = 20

// Valid reports whether there is such a tile.
func (t Tile) Valid() bool {
	return t.Z >= 0 && t.Z <= MaxZoom && t.X >= 0 && t.Y >= 0 && t.X < 1<<t.Z && t.Y < 1<<t.Z
}

// Range returns the cells of the tile: from first up to but not including end.
func (t Tile) Range() (first, end Cell) {
	shift := 2 * (CellLevel - t.Z)
	k := interleave(uint64(t.X), uint64(t.Y)) //nolint:gosec // Valid keeps both small
	return k << shift, (k + 1) << shift
}

// Cluster is what a tile shows at one spot: one entry, or how many there are.
type Cluster struct {
	Point directory.Point
	Count int
	Kinds map[directory.Kind]int
	// Entry is the only one here; nil when Count is more than one.
	Entry *directory.Initiative
}

// clusterDepth is how many zooms finer than its tile a cluster's cell is: 3
// makes 8 by 8 cells of 32 pixels.
const clusterDepth = 3

// ClusterSpan returns how many consecutive cells make one cluster at a zoom: a
// cluster is a cell number divided by it.
func ClusterSpan(zoom int) int64 {
	return 1 << (2 * (CellLevel - min(zoom+clusterDepth, CellLevel)))
}
