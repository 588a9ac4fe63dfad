package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

const (
	maxBonds     = 300 // lines between peers
	maxElsewhere = 10  // spots below the map, of who has not said where
	maxRing      = 40  // spots around us where no map helps
	stripHeight  = 96  // of what is below the map
)

// networkMap is the instances that we know, drawn with lines between those that
// exchange entries. Who has said where it is stands there on a map; the others
// stand below it. With no two places there is no map, but a ring around us.
type networkMap struct {
	drawnMap
	Bonds []string // path data of the lines between peers
	Lines []string // the same of those to us
	Spots []networkSpot
	Strip int // where that for those without a place begins; 0 for none
	// Names of the spots, placed for a wide screen, and again for a narrow one
	// where they are written larger.
	Names, LargeNames []spotName
}

type networkSpot struct {
	X, Y, Radius int
	Name         string
	Us           bool
	host         string
	tied         bool // to us
}

type spotName struct {
	X, Y         int
	Anchor, Text string
}

// networkMap returns nil when there is no peer.
func (s *Server) networkMap(peers []directory.Peer, vouches []store.Vouch, own int) *networkMap {
	if len(peers) == 0 {
		return nil
	}
	us := networkSpot{Name: brief(s.instance.Name), Us: true, host: s.instance.Host, Radius: radius(own)}
	var placed []directory.Point
	if s.instance.Point != nil {
		placed = append(placed, *s.instance.Point)
	}
	for _, p := range peers {
		if p.Point != nil {
			placed = append(placed, *p.Point)
		}
	}
	if len(placed) < 2 {
		return ring(us, peers, vouches)
	}
	shape := mapShape{1000, 460, 1}
	view := atlas.ViewOf(atlas.Padded(*atlas.Bounds(placed), 0.15, 1), shape.width, shape.height)
	m := &networkMap{drawnMap: s.drawing(view, shape, nil)}
	m.Labels = nil
	var elsewhere []networkSpot
	put := func(spot networkSpot, at *directory.Point) {
		if at == nil {
			elsewhere = append(elsewhere, spot)
			return
		}
		x, y := view.At(*at)
		spot.X, spot.Y = int(math.Round(x)), int(math.Round(y))
		m.Spots = append(m.Spots, spot)
	}
	for _, p := range peers {
		put(newSpot(p), p.Point)
	}
	put(us, s.instance.Point)
	if len(elsewhere) > 0 {
		m.Strip = shape.height
		m.Height += stripHeight
		m.Spots = append(m.Spots, inStrip(elsewhere, m.Width, m.Strip)...)
	}
	m.connect(vouches)
	return m
}

// ring returns the peers around us.
func ring(us networkSpot, peers []directory.Peer, vouches []store.Vouch) *networkMap {
	const width, height, rx, ry = 1000, 460, 330, 170
	m := &networkMap{}
	m.Width, m.Height, m.Font, m.Stroke = width, height, 13, 1
	spots := make([]networkSpot, len(peers))
	for k := range peers {
		spots[k] = newSpot(peers[k])
	}
	spots = largest(spots, maxRing)
	for k := range spots {
		angle := 2*math.Pi*float64(k)/float64(len(spots)) - math.Pi/2
		spots[k].X = width/2 + int(math.Round(rx*math.Cos(angle)))
		spots[k].Y = height/2 + int(math.Round(ry*math.Sin(angle)))
	}
	us.X, us.Y = width/2, height/2
	spots = append(spots, us)
	m.Spots = spots
	m.connect(vouches)
	return m
}

// inStrip returns the largest of the spots, us among them, in a row below the map.
func inStrip(spots []networkSpot, width, top int) []networkSpot {
	spots = largest(spots, maxElsewhere)
	for k := range spots {
		spots[k].X, spots[k].Y = width*(2*k+1)/(2*len(spots)), top+stripHeight/2-8
	}
	return spots
}

// largest returns n spots, us before all, then those that are tied to us.
func largest(spots []networkSpot, n int) []networkSpot {
	rank := func(s networkSpot) int {
		switch {
		case s.Us:
			return 1000
		case s.tied:
			return 500 + s.Radius
		}
		return s.Radius
	}
	slices.SortStableFunc(spots, func(a, b networkSpot) int { return cmp.Compare(rank(b), rank(a)) })
	return spots[:min(n, len(spots))]
}

// connect draws the lines, and writes the names where they fit.
func (m *networkMap) connect(vouches []store.Vouch) {
	m.Name = "Graph of this instance and its neighbours. The table below says the same."
	at := map[string]*networkSpot{}
	var us *networkSpot
	for k := range m.Spots {
		at[m.Spots[k].host] = &m.Spots[k]
		if m.Spots[k].Us {
			us = &m.Spots[k]
		}
	}
	for _, spot := range m.Spots {
		if us != nil && spot.tied {
			m.Lines = append(m.Lines, arc(us, &spot))
		}
	}
	drawn := map[store.Vouch]bool{}
	for _, v := range vouches {
		from, to := at[v.Voucher], at[v.Host]
		if from == nil || to == nil || from == to || drawn[store.Vouch{Voucher: v.Host, Host: v.Voucher}] || len(m.Bonds) == maxBonds {
			continue
		}
		drawn[v] = true
		m.Bonds = append(m.Bonds, arc(from, to))
	}
	m.Names = m.nameSpots(15)
	m.LargeNames = m.nameSpots(30)
}

func newSpot(p directory.Peer) networkSpot {
	return networkSpot{
		Name: brief(cmp.Or(p.Name, p.Host)), Radius: radius(p.Entries), host: p.Host,
		tied: p.State == directory.PeerFollowing || p.FollowsUs,
	}
}

// brief is the beginning of a long name, for the drawing.
func brief(name string) string {
	const longest = 28
	if r := []rune(name); len(r) > longest {
		return strings.TrimSpace(string(r[:longest-1])) + "…"
	}
	return name
}

// radius grows slowly with what an instance publishes.
func radius(entries int) int { return int(math.Min(20, 7+1.6*math.Log(float64(entries+1)))) }

// arc bends a line between two spots upwards, as on a map of flights.
func arc(from, to *networkSpot) string {
	x0, y0, x1, y1 := float64(from.X), float64(from.Y), float64(to.X), float64(to.Y)
	bend := math.Hypot(x1-x0, y1-y0) * 0.18
	return fmt.Sprintf("M%.0f %.0fQ%.0f %.0f %.0f %.0f", x0, y0, (x0+x1)/2, (y0+y1)/2-bend, x1, y1)
}

// rectangle is what a name or a spot covers.
type rectangle struct{ left, top, right, bottom int }

func (r rectangle) meets(o rectangle) bool {
	return r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom
}

// nameSpots writes the names, in a size, beside their spots where they hide
// nothing and are not cut; ours first, then from the largest on. A name without
// room is left out: the table has it.
func (m *networkMap) nameSpots(size int) []spotName {
	spots := slices.Clone(m.Spots)
	slices.SortStableFunc(spots, func(a, b networkSpot) int {
		if a.Us != b.Us {
			return map[bool]int{true: -1, false: 1}[a.Us]
		}
		return cmp.Compare(b.Radius, a.Radius)
	})
	var taken []rectangle
	for _, s := range spots {
		taken = append(taken, rectangle{s.X - s.Radius, s.Y - s.Radius, s.X + s.Radius, s.Y + s.Radius})
	}
	var names []spotName
	for _, s := range spots {
		for _, name := range s.placings(size) {
			covers := name.covers(size)
			inside := covers.left >= 0 && covers.right <= m.Width && covers.top >= 0 && covers.bottom <= m.Height
			if inside && !slices.ContainsFunc(taken, covers.meets) {
				names, taken = append(names, name), append(taken, covers)
				break
			}
		}
	}
	return names
}

// placings lists where the name of a spot may stand, the best first.
func (s networkSpot) placings(size int) []spotName {
	gap, half := s.Radius+6, size*2/5
	return []spotName{
		{s.X + gap, s.Y, "start", s.Name},
		{s.X - gap, s.Y, "end", s.Name},
		{s.X, s.Y + gap + half, "middle", s.Name},
		{s.X, s.Y - gap - half, "middle", s.Name},
	}
}

func (n spotName) covers(size int) rectangle {
	wide, half := utf8.RuneCountInString(n.Text)*size*13/20, size/2+1
	r := rectangle{n.X, n.Y - half, n.X + wide, n.Y + half}
	switch n.Anchor {
	case "end":
		r.left, r.right = n.X-wide, n.X
	case "middle":
		r.left, r.right = n.X-wide/2, n.X+wide/2
	}
	return r
}
