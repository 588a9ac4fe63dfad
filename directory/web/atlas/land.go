package atlas

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Land is coasts and borders.
type Land struct {
	Rings   []Line // filled by the even-odd rule
	Borders []Line
}

// Line is a row of points in the unit square, and the box around them.
type Line struct {
	Points   []Position
	min, max Position
}

// Position is a point of the unit square. 24 bits are 2.4 m at the equator.
type Position struct{ X, Y float32 }

// errLand is what is wrong with a base map file.
var errLand = errors.New("not a base map")

// ReadLand reads the packed format.
func ReadLand(data []byte) (Land, error) {
	r := reader{rest: data}
	extent := r.unsigned()
	if extent == 0 || extent > 1<<24 {
		return Land{}, fmt.Errorf("read extent %d: %w", extent, errLand)
	}
	land := Land{Rings: r.lines(extent), Borders: r.lines(extent)}
	if r.broken || len(r.rest) > 0 {
		return Land{}, fmt.Errorf("read lines: %w", errLand)
	}
	return land, nil
}

// reader reads varints until something is wrong.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || r.broken {
		r.broken = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 || r.broken {
		r.broken = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads how many items of at least so many bytes follow.
func (r *reader) count(size int) int {
	n := r.unsigned()
	if n > uint64(len(r.rest)/size) { //nolint:gosec // a length is not negative
		r.broken = true
		return 0
	}
	return int(n) //nolint:gosec // at most the bytes that are left
}

func (r *reader) lines(extent uint64) []Line {
	lines := make([]Line, r.count(1))
	for i := range lines {
		lines[i] = r.line(float64(extent))
	}
	return lines
}

func (r *reader) line(extent float64) Line {
	points := make([]Position, r.count(2))
	var x, y int64
	for i := range points {
		x += r.signed()
		y += r.signed()
		points[i] = Position{X: float32(float64(x) / extent), Y: float32(float64(y) / extent)}
	}
	return newLine(points)
}

func newLine(points []Position) Line {
	low, high := float32(math.Inf(-1)), float32(math.Inf(1))
	l := Line{Points: points, min: Position{high, high}, max: Position{low, low}}
	for _, p := range points {
		l.min = Position{min(l.min.X, p.X), min(l.min.Y, p.Y)}
		l.max = Position{max(l.max.X, p.X), max(l.max.Y, p.Y)}
	}
	return l
}

// Write returns the packed format with the extent.
func (l Land) Write(extent int) []byte {
	out := binary.AppendUvarint(nil, uint64(extent)) //nolint:gosec // extents are positive
	for _, lines := range [][]Line{l.Rings, l.Borders} {
		out = binary.AppendUvarint(out, uint64(len(lines)))
		for _, line := range lines {
			out = line.write(out, float64(extent))
		}
	}
	return out
}

func (l Line) write(out []byte, extent float64) []byte {
	out = binary.AppendUvarint(out, uint64(len(l.Points)))
	var x, y int64
	for _, p := range l.Points {
		nextX, nextY := int64(math.Round(float64(p.X)*extent)), int64(math.Round(float64(p.Y)*extent))
		out = binary.AppendVarint(binary.AppendVarint(out, nextX-x), nextY-y)
		x, y = nextX, nextY
	}
	return out
}

// Area is a rectangle of the unit square. It may reach beyond it to the east or
// west, where the world begins again.
type Area struct{ Left, Top, Right, Bottom float64 }

// Sheet returns the part of the land in the area.
func (l Land) Sheet(a Area) Land {
	var out Land
	for _, ring := range l.Rings {
		if points := ring.fill(a); len(points) > 2 {
			out.Rings = append(out.Rings, Line{Points: points})
		}
	}
	for _, border := range l.Borders {
		for _, points := range border.cut(a) {
			out.Borders = append(out.Borders, Line{Points: points})
		}
	}
	return out
}

func (l Line) outside(a Area) bool {
	return float64(l.max.X) < a.Left || float64(l.min.X) > a.Right || float64(l.max.Y) < a.Top || float64(l.min.Y) > a.Bottom
}

func (l Line) inside(a Area) bool {
	return float64(l.min.X) >= a.Left && float64(l.max.X) <= a.Right && float64(l.min.Y) >= a.Top && float64(l.max.Y) <= a.Bottom
}

// fill clips a ring to the area (Sutherland and Hodgman).
func (l Line) fill(a Area) []Position {
	if l.outside(a) {
		return nil
	}
	if l.inside(a) {
		return l.Points
	}
	points := clip(l.Points, func(p Position) float32 { return p.X - float32(a.Left) })
	points = clip(points, func(p Position) float32 { return float32(a.Right) - p.X })
	points = clip(points, func(p Position) float32 { return p.Y - float32(a.Top) })
	return clip(points, func(p Position) float32 { return float32(a.Bottom) - p.Y })
}

// clip keeps the part of a ring where depth is not negative.
func clip(ring []Position, depth func(Position) float32) []Position {
	if len(ring) == 0 {
		return nil
	}
	out := make([]Position, 0, len(ring))
	before := ring[len(ring)-1]
	for _, p := range ring {
		d, e := depth(p), depth(before)
		if (d >= 0) != (e >= 0) {
			t := e / (e - d)
			out = append(out, Position{before.X + t*(p.X-before.X), before.Y + t*(p.Y-before.Y)})
		}
		if d >= 0 {
			out = append(out, p)
		}
		before = p
	}
	return out
}

// cut returns the stretches of a line in the area, each with the point before
// and after, so that it runs out over the edge.
func (l Line) cut(a Area) [][]Position {
	if l.outside(a) {
		return nil
	}
	var out [][]Position
	start := -1
	for i := 1; i < len(l.Points); i++ {
		near := !newLine(l.Points[i-1 : i+1]).outside(a)
		switch {
		case near && start < 0:
			start = i - 1
		case !near && start >= 0:
			out = append(out, l.Points[start:i])
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, l.Points[start:])
	}
	return out
}
