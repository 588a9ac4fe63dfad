package atlas

import (
	"math"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// View is a window on the map: what lies at its centre, how close, and how large
// the window is in pixels. At zoom 0 the world is 256 pixels wide.
type View struct {
	X, Y          float64 // of the centre, in the unit square
	Zoom          float64
	Width, Height int
}

// tilePixels is the width of the world at zoom 0.
const tilePixels = 256

// Limits of the zoom of a drawn map.
const (
	minZoom = 0.0
	maxZoom = 17.0
)

// ViewOf returns the closest view of the size that shows the whole box.
func ViewOf(b directory.Box, width, height int) View {
	left, top := search.Mercator(directory.Point{Latitude: b.North, Longitude: b.West})
	right, bottom := search.Mercator(directory.Point{Latitude: b.South, Longitude: b.East})
	if right < left {
		right++ // it crosses the antimeridian
	}
	span := math.Max((right-left)/float64(width), (bottom-top)/float64(height)) // of the world per pixel
	zoom := maxZoom
	if span > 0 {
		zoom = math.Log2(1 / span / tilePixels)
	}
	v := View{X: (left + right) / 2, Y: (top + bottom) / 2, Width: width, Height: height}
	v.Zoom = math.Max(minZoom, math.Min(maxZoom, zoom))
	v.X -= math.Floor(v.X)
	return v
}

// scale is the width of the world in pixels.
func (v View) scale() float64 { return tilePixels * math.Exp2(v.Zoom) }

// At returns where in the window a point is drawn, the nearest of its copies to
// the centre.
func (v View) At(p directory.Point) (x, y float64) {
	px, py := search.Mercator(p)
	dx := px - v.X
	dx -= math.Round(dx)
	return float64(v.Width)/2 + dx*v.scale(), float64(v.Height)/2 + (py-v.Y)*v.scale()
}

// Area returns what the window shows, and so many windows' widths and heights
// more on every side.
func (v View) Area(margin float64) Area {
	w := float64(v.Width) / v.scale() * (0.5 + margin)
	h := float64(v.Height) / v.scale() * (0.5 + margin)
	return Area{Left: v.X - w, Top: v.Y - h, Right: v.X + w, Bottom: v.Y + h}
}

// Box returns what the window shows.
func (v View) Box() directory.Box {
	a := v.Area(0)
	if a.Right-a.Left >= 1 {
		a.Left, a.Right = 0, 1
	}
	northWest := search.Unproject(a.Left, math.Max(0, a.Top))
	southEast := search.Unproject(a.Right, math.Min(1, a.Bottom))
	return directory.Box{
		West: turn(northWest.Longitude), South: southEast.Latitude,
		East: turn(southEast.Longitude), North: northWest.Latitude,
	}
}

// turn brings a longitude into -180 to 180.
func turn(lon float64) float64 {
	switch {
	case lon < -180:
		return lon + 360
	case lon > 180:
		return lon - 360
	}
	return lon
}

// Bounds returns the smallest box around the points, across the antimeridian
// where that is shorter; nil without points.
func Bounds(points []directory.Point) *directory.Box {
	if len(points) == 0 {
		return nil
	}
	b := directory.Box{South: 90, North: -90}
	longitudes := make([]float64, len(points))
	for i, p := range points {
		b.South, b.North = math.Min(b.South, p.Latitude), math.Max(b.North, p.Latitude)
		longitudes[i] = p.Longitude
	}
	b.West, b.East = around(longitudes)
	return &b
}

// Padded returns the box with a share of its size more on each side, and at
// least so many degrees wide and high.
func Padded(b directory.Box, share, least float64) directory.Box {
	width := b.East - b.West
	if width < 0 {
		width += 360
	}
	dx := math.Max(width*share, (least-width)/2)
	dy := math.Max((b.North-b.South)*share, (least-(b.North-b.South))/2)
	b.South, b.North = math.Max(-90, b.South-dy), math.Min(90, b.North+dy)
	if width+2*dx >= 360 {
		b.West, b.East = -180, 180
		return b
	}
	b.West, b.East = turn(b.West-dx), turn(b.East+dx)
	return b
}
