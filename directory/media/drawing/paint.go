package drawing

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

// write writes a shape as a document of its own: in pixels, with all of its style.
func (b *brush) write(e *element, s style, m rasterx.Matrix2D, scale float64) (string, error) {
	shape, err := b.doc.geometry(e, scale)
	if err != nil || shape == "" {
		return "", err
	}
	one := m.Mult(rasterx.Identity.Scale(1/scale, 1/scale))
	attributes := []string{"transform", fmt.Sprintf("matrix(%.9f %.9f %.9f %.9f %.6f %.6f)", one.A, one.B, one.C, one.D, one.E, one.F)}
	var gradients strings.Builder
	for _, property := range []string{"fill", "stroke"} {
		paint := s.get(property, map[string]string{"fill": "black", "stroke": "none"}[property])
		text, err := b.paint(&gradients, property, paint, s, m)
		if err != nil {
			return "", err
		}
		alpha := fraction(s[groupOpacity], 1) * fraction(s.get(property+"-opacity", "1"), 1)
		attributes = append(attributes, property, text, property+"-opacity", number(max(0, min(alpha, 1))))
	}
	stroke, err := stroke(s, scale)
	if err != nil {
		return "", err
	}
	shape = strings.TrimSuffix(shape, "/>") + strings.TrimPrefix(tag("", append(attributes, stroke...)...), "<")
	return "<svg>" + gradients.String() + shape + "</svg>", nil
}

// stroke returns the attributes of a line, in pixels.
func stroke(s style, scale float64) ([]string, error) {
	size := func(property string, otherwise float64) float64 {
		e := element{attributes: map[string]string{property: s[property]}}
		if s[property] == "" {
			return otherwise
		}
		return e.length(property, 0)
	}
	width := size("stroke-width", 1) * scale
	list := []string{
		"stroke-width", number(width), "stroke-linejoin", s.get("stroke-linejoin", "miter"),
		"stroke-linecap", s.get("stroke-linecap", "butt"), "stroke-miterlimit", number(size("stroke-miterlimit", 4)),
	}
	dashes, total, err := dashes(s.get("stroke-dasharray", "none"), scale)
	if err != nil || total == 0 {
		return list, err
	}
	offset := math.Mod(size("stroke-dashoffset", 0)*scale, total)
	if offset < 0 {
		offset += total
	}
	return append(list, "stroke-dasharray", dashes, "stroke-dashoffset", number(offset)), nil
}

// dashes returns a pattern of dashes in pixels and how long it is; an odd number
// of them comes twice.
func dashes(text string, scale float64) (pattern string, total float64, err error) {
	if text == "none" {
		return "", 0, nil
	}
	list, err := numbers(strings.ReplaceAll(text, "px", " "))
	if err != nil {
		return "", 0, err
	}
	if len(list)%2 == 1 {
		list = append(list, list...)
	}
	var b strings.Builder
	for _, n := range list {
		if n < 0 {
			return "", 0, nil // an error, and then as if there were none
		}
		total += n * scale
		b.WriteString(number(n*scale) + " ")
	}
	return b.String(), total, nil
}

// paint returns a colour as the library takes it, or writes the gradient that it
// names.
func (b *brush) paint(w *strings.Builder, property, value string, s style, m rasterx.Matrix2D) (string, error) {
	if strings.HasPrefix(value, "url(") {
		id := local(value)
		gradient := b.doc.byID[id]
		if gradient == nil || !strings.HasSuffix(gradient.name, "Gradient") {
			return "", fmt.Errorf("has a %s that is not in it", property)
		}
		return "url(#" + property + ")", b.gradient(w, property, gradient, m)
	}
	return colour(value, s)
}

func colour(value string, s style) (string, error) {
	switch strings.ToLower(value) {
	case "currentcolor":
		value = s.get("color", "black")
	case "transparent", "none":
		return "none", nil
	}
	c, err := oksvg.ParseSVGColor(strings.ToLower(strings.ReplaceAll(value, " ", "")))
	rgb, ok := c.(color.NRGBA)
	if err != nil || !ok {
		return "", errors.New("has a colour that is not known")
	}
	return fmt.Sprintf("#%02x%02x%02x", rgb.R, rgb.G, rgb.B), nil
}

// gradient writes a gradient. What it does not say it has from the one it refers
// to. The library knows only one size of units, so its points are made pixels.
func (b *brush) gradient(w *strings.Builder, id string, e *element, m rasterx.Matrix2D) error {
	merged := element{name: e.name, attributes: map[string]string{}}
	for at, steps := e, 0; at != nil; at, steps = b.doc.byID[at.reference()], steps+1 {
		if steps > maxDepth || !strings.HasSuffix(at.name, "Gradient") {
			return errors.New("has a gradient that refers to itself")
		}
		for name, value := range at.attributes {
			if merged.attributes[name] == "" {
				merged.attributes[name] = value
			}
		}
		if len(merged.children) == 0 {
			merged.children = at.children
		}
	}
	attributes, err := b.doc.gradientPoints(&merged, m)
	if err != nil {
		return err
	}
	attributes = append(attributes, "id", id, "spreadMethod", merged.attributes["spreadMethod"])
	w.WriteString(strings.TrimSuffix(tag(e.name, attributes...), "/>") + ">")
	for _, stop := range merged.children {
		s := b.doc.style(stop, style{})
		c, err := colour(s.get("stop-color", "black"), s)
		if err != nil || stop.name != "stop" || c == "none" {
			return errors.New("has a gradient of colours that are not known")
		}
		w.WriteString(tag("stop", "offset", number(max(0, min(fraction(stop.attributes["offset"], 0), 1))), "stop-color", c,
			"stop-opacity", number(max(0, min(fraction(s.get("stop-opacity", "1"), 1), 1)))))
	}
	w.WriteString("</" + e.name + ">")
	return nil
}

// gradientPoints returns where a gradient begins and ends.
func (d *document) gradientPoints(e *element, m rasterx.Matrix2D) ([]string, error) {
	own, err := transform(e.attributes["gradientTransform"])
	if err != nil {
		return nil, err
	}
	points := []string{"x1", "y1", "x2", "y2"}
	defaults := map[string]string{"x1": "0%", "y1": "0%", "x2": "100%", "y2": "0%", "cx": "50%", "cy": "50%", "r": "50%"}
	if e.name == "radialGradient" {
		points = []string{"cx", "cy", "fx", "fy", "r"}
	}
	for _, name := range points {
		switch {
		case e.attributes[name] != "":
		case name == "fx", name == "fy":
			e.attributes[name] = e.attributes["c"+name[1:]]
		default:
			e.attributes[name] = defaults[name]
		}
	}
	if e.attributes["gradientUnits"] != "userSpaceOnUse" {
		list := []string{"gradientTransform", fmt.Sprintf("matrix(%.9f %.9f %.9f %.9f %.9f %.9f)", own.A, own.B, own.C, own.D, own.E, own.F)}
		for _, name := range points {
			list = append(list, name, number(fraction(e.attributes[name], 0)))
		}
		return list, nil
	}
	m = m.Mult(own)
	list := []string{"gradientUnits", "userSpaceOnUse"}
	for k := 0; k+1 < len(points); k += 2 {
		x, y := m.Transform(d.along(e, points[k]), d.along(e, points[k+1]))
		list = append(list, points[k], number(x), points[k+1], number(y))
	}
	if len(points)%2 == 1 {
		list = append(list, "r", number(d.along(e, "r")*enlargement(m)))
	}
	return list, nil
}
