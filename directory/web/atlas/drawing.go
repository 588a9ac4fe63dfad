package atlas

import (
	"math"
	"strconv"
)

// Drawing is the base map of a view, as SVG path data in the window's pixels.
type Drawing struct {
	Width, Height int
	Land          string // fill with the even-odd rule
	Borders       string
	Dashes        string // how borders are dashed; "" for solid, in far views
	Graticule     string // the lines of latitude and longitude
	Labels        []Label
}

// Label is a name on the map.
type Label struct {
	X, Y int
	Text string
	Rank int
}

// dashedZoom is from where on borders are dashed.
const dashedZoom = 4

// drawnMargin is how many windows' sizes are drawn beyond the window, so that a
// page may show it in a frame of another shape.
const drawnMargin = 0.5

// Draw draws the base map. Detail tells how many units of the drawing make one
// pixel on an ordinary screen: what is smaller is left out.
// Names keep clear of the marks.
func (a *Atlas) Draw(v View, detail float64, marks []Mark) Drawing {
	d := Drawing{Width: v.Width, Height: v.Height, Graticule: graticule(v)}
	land := a.Land(v.Zoom)
	area := v.Area(drawnMargin)
	pen := pen{view: v, tolerance: detail}
	for world := math.Floor(area.Left); world <= math.Floor(area.Right); world++ {
		pen.world = world
		here := Area{area.Left - world, area.Top, area.Right - world, area.Bottom}
		for _, ring := range land.Rings {
			pen.draw(ring.fill(here), true)
		}
	}
	d.Land, pen.path = string(pen.path), nil
	for world := math.Floor(area.Left); world <= math.Floor(area.Right); world++ {
		pen.world = world
		here := Area{area.Left - world, area.Top, area.Right - world, area.Bottom}
		for _, border := range land.Borders {
			for _, stretch := range border.cut(here) {
				pen.draw(stretch, false)
			}
		}
	}
	d.Borders = string(pen.path)
	if v.Zoom >= dashedZoom {
		d.Dashes = strconv.Itoa(int(6*detail)) + " " + strconv.Itoa(int(4*detail))
	}
	d.Labels = a.labels(v, detail, marks)
	return d
}

// pen writes path data with steps in whole pixels.
type pen struct {
	view      View
	world     float64
	tolerance float64
	path      []byte
	flat      []spot
}

type spot struct{ x, y float64 }

func (p *pen) draw(points []Position, closed bool) {
	if len(points) < 2 {
		return
	}
	p.flat = p.flat[:0]
	for _, pos := range points {
		p.flat = append(p.flat, p.spot(pos))
	}
	kept := simplify(p.flat, p.tolerance)
	if closed && (len(kept) < 3 || tiny(kept, 2*p.tolerance)) {
		return
	}
	p.write(kept, closed)
}

func (p *pen) spot(pos Position) spot {
	s := p.view.scale()
	return spot{
		x: float64(p.view.Width)/2 + (float64(pos.X)+p.world-p.view.X)*s,
		y: float64(p.view.Height)/2 + (float64(pos.Y)-p.view.Y)*s,
	}
}

func (p *pen) write(spots []spot, closed bool) {
	x, y := int64(math.Round(spots[0].x)), int64(math.Round(spots[0].y))
	p.path = append(p.path, 'M')
	p.path = strconv.AppendInt(p.path, x, 10)
	p.path = p.number(y)
	command := byte('l')
	for _, s := range spots[1:] {
		nextX, nextY := int64(math.Round(s.x)), int64(math.Round(s.y))
		if nextX == x && nextY == y {
			continue
		}
		if command == 'l' {
			p.path = append(p.path, 'l')
			p.path = strconv.AppendInt(p.path, nextX-x, 10)
			command = 0
		} else {
			p.path = p.number(nextX - x)
		}
		p.path = p.number(nextY - y)
		x, y = nextX, nextY
	}
	if closed {
		p.path = append(p.path, 'z')
	}
}

// number appends a number after another one: a minus sign separates by itself.
func (p *pen) number(n int64) []byte {
	if n >= 0 {
		p.path = append(p.path, ' ')
	}
	return strconv.AppendInt(p.path, n, 10)
}

func tiny(spots []spot, size float64) bool {
	low, high := spots[0], spots[0]
	for _, s := range spots {
		low = spot{math.Min(low.x, s.x), math.Min(low.y, s.y)}
		high = spot{math.Max(high.x, s.x), math.Max(high.y, s.y)}
	}
	return high.x-low.x < size && high.y-low.y < size
}

// simplify drops points that lie within the tolerance of the line without them
// (Douglas and Peucker). The two ends stay.
func simplify(spots []spot, tolerance float64) []spot {
	keep := make([]bool, len(spots))
	keep[0], keep[len(spots)-1] = true, true
	type stretch struct{ first, last int }
	waiting := []stretch{{0, len(spots) - 1}}
	for len(waiting) > 0 {
		s := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		furthest, distance := 0, tolerance
		for i := s.first + 1; i < s.last; i++ {
			if d := offLine(spots[i], spots[s.first], spots[s.last]); d > distance {
				furthest, distance = i, d
			}
		}
		if furthest > 0 {
			keep[furthest] = true
			waiting = append(waiting, stretch{s.first, furthest}, stretch{furthest, s.last})
		}
	}
	out := make([]spot, 0, len(spots)/4+2)
	for i, s := range spots {
		if keep[i] {
			out = append(out, s)
		}
	}
	return out
}

// offLine returns the distance of p from the stretch between a and b.
func offLine(p, a, b spot) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	length := dx*dx + dy*dy
	t := 0.0
	if length > 0 {
		t = math.Max(0, math.Min(1, ((p.x-a.x)*dx+(p.y-a.y)*dy)/length))
	}
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}
