package index

import (
	"math/bits"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Cluster is what a map shows at one spot.
type Cluster struct {
	search.Cluster
	Num int64 // of the entry, if it is alone
}

// Clusters returns what a map shows at a zoom of the entries that fit a question
// and whose cells are from first up to before end, in the order of the cells.
func (x *Index) Clusters(q Question, first, end search.Cell, zoom int) []Cluster {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q.Limit, q.Skip = 0, 0
	w := x.newWalk(q)
	g := x.newGathering(int64(first), int64(end), zoom)
	w.visit = g.take
	w.run()
	return g.clusters()
}

// gathering collects clusters.
type gathering struct {
	x          *Index
	first, end int64
	shift      int // of a cell's number to its cluster's
	kinds      *valueColumn
	dense      []pile          // by cluster, where there are few
	sparse     map[int64]*pile // where there may be many
	last       *pile           // of lastAt: neighbours come together
	lastAt     int64
}

// pile is the entries of one cluster.
type pile struct {
	count               int
	latitude, longitude float64  // sums
	kinds               []uint32 // by set of values
	num                 uint32
}

// mostDense is how many clusters there may be to have a place each.
const mostDense = 1 << 12

func (x *Index) newGathering(first, end int64, zoom int) *gathering {
	span := search.ClusterSpan(zoom)
	g := &gathering{x: x, first: first, end: end, kinds: x.column(kindLetter()), lastAt: -1}
	g.shift = bits.TrailingZeros64(uint64(span)) //nolint:gosec // a power of two
	if n := (end - first + span - 1) / span; n <= mostDense {
		g.dense = make([]pile, n)
	} else {
		g.sparse = map[int64]*pile{}
	}
	return g
}

func kindLetter() byte { return search.Term(search.ByKind, "")[1] }

func (g *gathering) take(at int, places []uint16) {
	b, kinds := g.x.blocks[at], g.x.column(kindLetter()).block(at)
	for _, k := range places {
		cell := b.cell[k]
		if cell < g.first || cell >= g.end || cell == nowhere {
			continue
		}
		p := g.pile((cell - g.first) >> g.shift)
		p.count++
		p.latitude += b.latitude[k]
		p.longitude += b.longitude[k]
		p.num = uint32(at<<blockBits | int(k)) //nolint:gosec // MaxNum bounds it
		set := kinds[k]
		for int(set) >= len(p.kinds) {
			p.kinds = append(p.kinds, 0)
		}
		p.kinds[set]++
	}
}

func (g *gathering) pile(at int64) *pile {
	if g.dense != nil {
		return &g.dense[at]
	}
	if at != g.lastAt {
		if g.sparse[at] == nil {
			g.sparse[at] = new(pile)
		}
		g.last, g.lastAt = g.sparse[at], at
	}
	return g.last
}

func (g *gathering) clusters() []Cluster {
	var out []Cluster
	for k := range g.dense {
		if g.dense[k].count > 0 {
			out = append(out, g.cluster(&g.dense[k]))
		}
	}
	cells := make([]int64, 0, len(g.sparse))
	for cell := range g.sparse {
		cells = append(cells, cell)
	}
	slices.Sort(cells)
	for _, cell := range cells {
		out = append(out, g.cluster(g.sparse[cell]))
	}
	return out
}

func (g *gathering) cluster(p *pile) Cluster {
	c := Cluster{Cluster: search.Cluster{
		Point: directory.Point{Latitude: p.latitude / float64(p.count), Longitude: p.longitude / float64(p.count)},
		Count: p.count, Kinds: map[directory.Kind]int{},
	}}
	for set, n := range p.kinds {
		if n == 0 {
			continue
		}
		kind := ""
		if g.kinds != nil && len(g.kinds.sets[set].values) > 0 {
			kind = g.kinds.values[g.kinds.sets[set].values[0]]
		}
		c.Kinds[directory.Kind(kind)] += int(n)
	}
	if p.count == 1 {
		c.Num = int64(p.num)
	}
	return c
}
