package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

// networkMap is the instances that have a place, drawn with lines between us and
// those we exchange with.
type networkMap struct {
	drawnMap
	Lines []string // path data
	Spots []networkSpot
	// Names of the spots, placed for a wide screen, and again for a narrow one
	// where they are written larger.
	Names, LargeNames []spotName
}

type networkSpot struct {
	X, Y, Radius int
	Name         string
	Us           bool
}

type spotName struct {
	X, Y         int
	Anchor, Text string
}

// networkMap returns nil when fewer than two instances have a place.
func (s *Server) networkMap(peers []directory.Peer, own int) *networkMap {
	us := s.instance.Point
	var points []directory.Point
	for _, p := range peers {
		if p.Point != nil {
			points = append(points, *p.Point)
		}
	}
	if us != nil {
		points = append(points, *us)
	}
	if len(points) < 2 {
		return nil
	}
	shape := mapShape{1000, 460, 1}
	view := atlas.ViewOf(atlas.Padded(*atlas.Bounds(points), 0.15, 1), shape.width, shape.height)
	m := &networkMap{drawnMap: s.drawing(view, shape, nil)}
	m.Labels, m.Name = nil, "Map of this instance and its neighbours"
	for _, p := range peers {
		if p.Point == nil {
			continue
		}
		spot := newSpot(view, *p.Point, p.Entries, cmp.Or(p.Name, p.Host))
		if us != nil && (p.State == directory.PeerFollowing || p.FollowsUs) {
			x, y := view.At(*us)
			m.Lines = append(m.Lines, arc(x, y, float64(spot.X), float64(spot.Y)))
		}
		m.Spots = append(m.Spots, spot)
	}
	if us != nil {
		spot := newSpot(view, *us, own, s.instance.Name)
		spot.Us = true
		m.Spots = append(m.Spots, spot)
	}
	m.Names = shape.nameSpots(m.Spots, 15)
	m.LargeNames = shape.nameSpots(m.Spots, 30)
	return m
}

func newSpot(v atlas.View, p directory.Point, entries int, name string) networkSpot {
	x, y := v.At(p)
	return networkSpot{
		X: int(math.Round(x)), Y: int(math.Round(y)), Name: name,
		Radius: int(math.Min(20, 7+1.6*math.Log(float64(entries+1)))),
	}
}

// arc bends a line between two places upwards, as on a map of flights.
func arc(x0, y0, x1, y1 float64) string {
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
func (m mapShape) nameSpots(spots []networkSpot, size int) []spotName {
	spots = slices.Clone(spots)
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
			if covers.left >= 0 && covers.right <= m.width && !slices.ContainsFunc(taken, covers.meets) {
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
	wide, half := utf8.RuneCountInString(n.Text)*size*11/20, size/2+1
	r := rectangle{n.X, n.Y - half, n.X + wide, n.Y + half}
	switch n.Anchor {
	case "end":
		r.left, r.right = n.X-wide, n.X
	case "middle":
		r.left, r.right = n.X-wide/2, n.X+wide/2
	}
	return r
}
