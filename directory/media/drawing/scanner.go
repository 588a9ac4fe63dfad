package drawing

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// maxReach is how far from the picture a point may be, in pixels; what is further
// is taken to be there.
const maxReach = 1 << 15

// scanner fills outlines. It counts what that costs, and panics with errCost when
// it is too much. Unlike rasterx.ScannerGV it fills by both rules, and paints no
// more pixels than an outline covers.
type scanner struct {
	canvas  *image.RGBA
	clip    image.Rectangle
	filling bool // every part is closed; else they are pieces of the edge of a line
	evenOdd bool
	raster  vector.Rasterizer
	source  image.Image
	outline [][]point // one for each of its parts
	least   point
	most    point
	points  int
	ink     float64
}

// point is one of an outline, in pixels.
type point struct{ x, y float32 }

func newScanner(canvas *image.RGBA) *scanner {
	s := &scanner{canvas: canvas, clip: canvas.Bounds(), source: image.Black}
	s.Clear()
	return s
}

// Start begins a part of the outline.
func (s *scanner) Start(a fixed.Point26_6) {
	s.outline = append(s.outline, nil)
	s.add(a)
}

// Line goes on with it.
func (s *scanner) Line(b fixed.Point26_6) {
	if len(s.outline) == 0 {
		s.outline = append(s.outline, nil)
	}
	s.add(b)
}

func (s *scanner) add(a fixed.Point26_6) {
	reach := func(v fixed.Int26_6) float32 { return max(-maxReach, min(maxReach, float32(v)/64)) }
	p := point{reach(a.X), reach(a.Y)}
	part := &s.outline[len(s.outline)-1]
	if n := len(*part); n > 0 {
		last := (*part)[n-1]
		s.spend(math.Abs(float64(p.x-last.x)) + math.Abs(float64(p.y-last.y)))
	}
	*part = append(*part, p)
	s.least = point{min(s.least.x, p.x), min(s.least.y, p.y)}
	s.most = point{max(s.most.x, p.x), max(s.most.y, p.y)}
	if s.points++; s.points > maxPoints {
		panic(errCost)
	}
}

func (s *scanner) spend(pixels float64) {
	if s.ink += pixels; s.ink > maxInk {
		panic(errCost)
	}
}

// Draw paints the outline.
func (s *scanner) Draw() {
	area := s.extent().Intersect(s.clip)
	if area.Empty() {
		return
	}
	if !s.evenOdd || !s.filling || len(s.outline) == 1 {
		s.spend(float64(area.Dx() * area.Dy()))
		s.raster.Reset(area.Dx(), area.Dy())
		for _, part := range s.outline {
			s.trace(part, area.Min)
		}
		s.raster.Draw(s.canvas, area, s.source, area.Min)
		return
	}
	// What an even number of parts cover is outside.
	mask, one := image.NewAlpha(area), image.NewAlpha(area)
	for _, part := range s.outline {
		s.spend(float64(area.Dx() * area.Dy()))
		s.raster.Reset(area.Dx(), area.Dy())
		s.raster.DrawOp = draw.Src
		s.trace(part, area.Min)
		s.raster.Draw(one, area, image.Opaque, image.Point{})
		for k, a := range one.Pix {
			b := mask.Pix[k]
			mask.Pix[k] = uint8((int(a)*(255-int(b)) + int(b)*(255-int(a))) / 255) //nolint:gosec // at most 255
		}
	}
	draw.DrawMask(s.canvas, area, s.source, area.Min, mask, area.Min, draw.Over)
}

// trace gives a part of the outline to the rasterizer.
func (s *scanner) trace(part []point, origin image.Point) {
	x, y := float32(origin.X), float32(origin.Y)
	for k, p := range part {
		if k == 0 {
			s.raster.MoveTo(p.x-x, p.y-y)
		} else {
			s.raster.LineTo(p.x-x, p.y-y)
		}
	}
	if s.filling {
		s.raster.ClosePath()
	}
}

// extent returns the pixels that the outline is on.
func (s *scanner) extent() image.Rectangle {
	if len(s.outline) == 0 {
		return image.Rectangle{}
	}
	return image.Rect(int(s.least.x)-1, int(s.least.y)-1, int(s.most.x)+2, int(s.most.y)+2)
}

// GetPathExtent returns the box around the outline.
func (s *scanner) GetPathExtent() fixed.Rectangle26_6 {
	at := func(p point) fixed.Point26_6 { return rasterx.ToFixedP(float64(p.x), float64(p.y)) }
	if len(s.outline) == 0 {
		return fixed.Rectangle26_6{}
	}
	return fixed.Rectangle26_6{Min: at(s.least), Max: at(s.most)}
}

// SetColor sets what is painted with: a color.Color or a rasterx.ColorFunc.
func (s *scanner) SetColor(paint any) {
	switch p := paint.(type) {
	case color.Color:
		s.source = image.NewUniform(p)
	case rasterx.ColorFunc:
		s.source = gradient(p)
	}
}

// SetWinding sets the rule: what is outlined is in, or every second part of it.
func (s *scanner) SetWinding(nonZero bool) { s.evenOdd = !nonZero }

// Clear forgets the outline.
func (s *scanner) Clear() {
	s.outline = s.outline[:0]
	s.least, s.most = point{maxReach, maxReach}, point{-maxReach, -maxReach}
}

// SetBounds does nothing: the canvas has a size.
func (s *scanner) SetBounds(int, int) {}

// SetClip does nothing: the brush sets it.
func (s *scanner) SetClip(image.Rectangle) {}

// gradient is a picture of colours without end.
type gradient rasterx.ColorFunc

func (gradient) ColorModel() color.Model { return color.RGBAModel }

func (gradient) Bounds() image.Rectangle {
	const far = 1 << 30
	return image.Rect(-far, -far, far, far)
}

func (g gradient) At(x, y int) color.Color { return g(x, y) }
