package atlas

import (
	"cmp"
	"math"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Mark is one sign on the map: a cluster, or an entry by itself.
type Mark struct {
	X, Y, Radius int
	Count        int
	Kinds        map[directory.Kind]int
	Entry        *directory.Initiative // the only one here, or nil
	Box          directory.Box         // what a cluster gathers
}

// Marks places clusters in a view, largest first; those that would overlap
// become one. Zoom is the one the clusters were made for, detail as for Draw.
func Marks(clusters []search.Cluster, v View, zoom int, detail float64) []Mark {
	clusters = slices.Clone(clusters)
	slices.SortStableFunc(clusters, func(a, b search.Cluster) int { return cmp.Compare(b.Count, a.Count) })
	var marks []Mark
	for _, c := range clusters {
		m := newMark(c, v, zoom, detail)
		if !nearWindow(float64(m.X), float64(m.Y), v) {
			continue
		}
		if i := slices.IndexFunc(marks, m.overlaps); i >= 0 {
			marks[i].absorb(m, detail)
			continue
		}
		marks = append(marks, m)
	}
	return marks
}

func newMark(c search.Cluster, v View, zoom int, detail float64) Mark {
	x, y := v.At(c.Point)
	return Mark{
		X: int(math.Round(x)), Y: int(math.Round(y)), Radius: radius(c.Count, detail),
		Count: c.Count, Kinds: c.Kinds, Entry: c.Entry, Box: CellBox(c.Point, zoom),
	}
}

// radius grows slowly with the count, so that 10 and 1,000 fit one map.
func radius(count int, detail float64) int {
	if count == 1 {
		return int(math.Round(8 * detail))
	}
	return int(math.Round(detail * math.Min(34, 12+3*math.Log(float64(count)))))
}

// overlaps reports whether the marks hide a good part of each other, or any part
// of an entry, which is small enough to press as it is.
func (m Mark) overlaps(other Mark) bool {
	d := math.Hypot(float64(m.X-other.X), float64(m.Y-other.Y))
	share := 0.8
	if m.Count == 1 || other.Count == 1 {
		share = 1.1
	}
	return d < share*float64(m.Radius+other.Radius)
}

// absorb adds a smaller mark to this one; it stays where it is, so that large
// clusters do not wander.
func (m *Mark) absorb(other Mark, detail float64) {
	kinds := map[directory.Kind]int{}
	for _, from := range []map[directory.Kind]int{m.Kinds, other.Kinds} {
		for kind, n := range from {
			kinds[kind] += n
		}
	}
	m.Count, m.Kinds, m.Entry = m.Count+other.Count, kinds, nil
	m.Radius = radius(m.Count, detail)
	m.Box = joined(m.Box, other.Box)
}

// joined returns the box around two boxes that lie close together.
func joined(a, b directory.Box) directory.Box {
	out := *Bounds([]directory.Point{
		{Latitude: a.South, Longitude: a.West},
		{Latitude: a.North, Longitude: a.East},
		{Latitude: b.South, Longitude: b.West},
		{Latitude: b.North, Longitude: b.East},
	})
	return out
}

// CellBox returns the box of the cell that a cluster at the point gathers when
// clusters are made for the zoom.
func CellBox(p directory.Point, zoom int) directory.Box {
	x, y := search.Mercator(p)
	cells := math.Exp2(clusterLevel(zoom))
	left, top := math.Floor(x*cells)/cells, math.Floor(y*cells)/cells
	northWest := search.Unproject(left, top)
	southEast := search.Unproject(left+1/cells, top+1/cells)
	return directory.Box{
		West: northWest.Longitude, South: southEast.Latitude,
		East: math.Min(180, southEast.Longitude), North: northWest.Latitude,
	}
}

// clusterLevel is the zoom at which a cell of clusters made for a zoom is a tile.
func clusterLevel(zoom int) float64 {
	return search.CellLevel - math.Log2(float64(search.ClusterSpan(zoom)))/2
}
