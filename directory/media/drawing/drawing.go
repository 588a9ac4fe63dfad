// Package drawing turns SVG into pixels. A drawing is a program of sorts, so
// nothing in it is fetched, run or expanded, and what it may cost is counted
// while it is read and drawn: whatever comes, a picture or an error is soon
// there. What would come out wrong (text, filters, masks, pictures in it) is an
// error too.
//
// The document is read here, down to single shapes with their style and their
// place; oksvg and rasterx draw these.
package drawing

import (
	"errors"
	"fmt"
	"image"
	"math"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

// Limits on a drawing.
const (
	MaxBytes    = 2 << 20
	maxElements = 20_000 // with the copies that <use> makes
	maxDepth    = 64
	maxRules    = 1000      // of style
	maxPoints   = 2 << 20   // of lines, after curves are made of lines
	maxInk      = 128 << 20 // pixels painted, one over the other
	maxNumber   = 1e6
)

// Sides of the picture, in pixels: a drawing is as large as it says to be, but
// small ones are drawn larger, as their lines stay sharp.
const (
	minSide = 1024
	maxSide = 1920
)

// errCost ends a drawing that takes too long to draw.
var errCost = errors.New("takes too long to draw")

// Picture is a drawing's pixels.
type Picture struct{ *image.RGBA }

// Opaque returns false, so that it is kept in a format that keeps lines sharp.
func (Picture) Opaque() bool { return false }

// Render draws an SVG document (SVG 1.1 without text, filters, masks, patterns
// and pictures) on nothing, its longest side 1024 to 1920 pixels. The error says
// in a few words what is wrong with the document.
func Render(data []byte) (p Picture, err error) {
	if len(data) > MaxBytes {
		return Picture{}, fmt.Errorf("has more than %d MB", MaxBytes>>20)
	}
	doc, err := read(data)
	if err != nil {
		return Picture{}, err
	}
	view, size, err := doc.frame()
	if err != nil {
		return Picture{}, err
	}
	doc.view = view
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	// The libraries give no way to end a drawing but a panic, and may have their own.
	defer func() {
		if fault := recover(); fault != nil {
			p, err = Picture{}, errors.New("cannot be drawn")
			if fault == any(errCost) {
				err = errCost
			}
		}
	}()
	b := &brush{doc: doc, scanner: newScanner(canvas)}
	b.dasher = rasterx.NewDasher(size.X, size.Y, b.scanner)
	if err := b.children(doc.root, doc.style(doc.root, style{}), place(view, size), 0); err != nil {
		return Picture{}, err
	}
	return Picture{canvas}, nil
}

// box is a rectangle in the units of a drawing.
type box struct{ x, y, width, height float64 }

// frame returns the part of the plane that is shown, and how many pixels it has.
func (d *document) frame() (box, image.Point, error) {
	// CSS 2.1, 10.3.2: a picture that does not say how large it is.
	view := box{width: 300, height: 150}
	width := d.root.length("width", 0)
	height := d.root.length("height", 0)
	n, err := numbers(d.root.attributes["viewBox"])
	switch {
	case err != nil || len(n) != 0 && len(n) != 4:
		return box{}, image.Point{}, errors.New("has a broken viewBox")
	case len(n) == 4:
		view = box{n[0], n[1], n[2], n[3]}
	case width > 0 && height > 0:
		view = box{width: width, height: height}
	}
	const least = 1e-3
	if !(view.width >= least && view.height >= least && view.width <= maxNumber && view.height <= maxNumber) {
		return box{}, image.Point{}, errors.New("has a size that cannot be drawn")
	}
	side := min(max(width, height, minSide), maxSide)
	scale := side / max(view.width, view.height)
	return view, image.Pt(max(1, int(math.Round(view.width*scale))), max(1, int(math.Round(view.height*scale)))), nil
}

// brush draws the shapes of a document, one after the other.
type brush struct {
	doc      *document
	scanner  *scanner
	dasher   *rasterx.Dasher
	elements int
}

// place returns the matrix from the units of the drawing to pixels.
func place(view box, size image.Point) rasterx.Matrix2D {
	return rasterx.Identity.Scale(float64(size.X)/view.width, float64(size.Y)/view.height).Translate(-view.x, -view.y)
}

// children draws what is in an element.
func (b *brush) children(e *element, s style, m rasterx.Matrix2D, depth int) error {
	if depth > maxDepth {
		return errors.New("is nested too deeply, or in itself")
	}
	for _, child := range e.children {
		if err := b.element(child, s, m, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (b *brush) element(e *element, inherited style, m rasterx.Matrix2D, depth int) error {
	if b.elements++; b.elements > maxElements {
		return errors.New("has too many elements")
	}
	if definitions[e.name] {
		return nil
	}
	s := b.doc.style(e, inherited)
	if s.get("display", "") == "none" {
		return nil
	}
	own, err := transform(e.attributes["transform"])
	if err != nil {
		return err
	}
	m = m.Mult(own)
	clip := b.scanner.clip
	defer func() { b.scanner.clip = clip }()
	if err := b.cut(s, m); err != nil {
		return err
	}
	switch e.name {
	case "g", "a", "switch":
		return b.children(e, s, m, depth)
	case "use":
		target := b.doc.byID[e.reference()]
		if target == nil {
			return errors.New("uses something that is not in it")
		}
		m = m.Translate(b.doc.along(e, "x"), b.doc.along(e, "y"))
		return b.children(&element{children: []*element{target}}, s, m, depth)
	}
	return b.shape(e, s, m)
}

// cut keeps what is drawn to a rectangle, the one form of clip-path that is known:
// programs put one around the whole.
func (b *brush) cut(s style, m rasterx.Matrix2D) error {
	for _, property := range []string{"mask", "filter", "marker", "marker-start", "marker-mid", "marker-end"} {
		if s.get(property, "none") != "none" {
			return fmt.Errorf("has a %s", property)
		}
	}
	reference := s.get("clip-path", "none")
	if reference == "none" {
		return nil
	}
	path := b.doc.byID[local(reference)]
	if path == nil || path.name != "clipPath" || len(path.children) != 1 || path.children[0].name != "rect" || m.B != 0 || m.C != 0 {
		return errors.New("has a clip-path")
	}
	r := path.children[0]
	own, err := transform(r.attributes["transform"])
	more := r.attributes["rx"] + r.attributes["ry"] + path.attributes["transform"] + path.attributes["clipPathUnits"]
	if err != nil || own.B != 0 || own.C != 0 || more != "" && more != "userSpaceOnUse" {
		return errors.New("has a clip-path")
	}
	m = m.Mult(own)
	x0, y0 := m.Transform(b.doc.along(r, "x"), b.doc.along(r, "y"))
	x1, y1 := m.Transform(b.doc.along(r, "x")+b.doc.along(r, "width"), b.doc.along(r, "y")+b.doc.along(r, "height"))
	pixel := func(v float64) int { return int(math.Round(max(-maxReach, min(maxReach, v)))) }
	b.scanner.clip = b.scanner.clip.Intersect(image.Rect(pixel(x0), pixel(y0), pixel(x1), pixel(y1)))
	return nil
}

// shape draws a single shape. Its numbers are made those of pixels first, as the
// library counts in 64ths of a unit and scales no stroke.
func (b *brush) shape(e *element, s style, m rasterx.Matrix2D) error {
	scale := enlargement(m)
	if s.get("visibility", "visible") != "visible" || scale == 0 {
		return nil
	}
	if !(scale >= 1/maxNumber && scale <= maxNumber) {
		return errors.New("has a size that cannot be drawn")
	}
	text, err := b.write(e, s, m, scale)
	if err != nil || text == "" {
		return err
	}
	icon, err := oksvg.ReadIconStream(strings.NewReader(text), oksvg.StrictErrorMode)
	if err != nil {
		return fmt.Errorf("has a <%s> that cannot be drawn", e.name)
	}
	for _, inside := range icon.SVGPaths {
		edge := inside
		inside.UseNonZeroWinding = s.get("fill-rule", "") != "evenodd"
		inside.SetLineColor(nil)
		edge.SetFillColor(nil)
		b.scanner.filling = true
		inside.Draw(b.dasher, 1)
		b.scanner.filling = false
		edge.Draw(b.dasher, 1)
	}
	return nil
}
