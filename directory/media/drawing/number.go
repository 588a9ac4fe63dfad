package drawing

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/srwiley/rasterx"
)

var errNumber = errors.New("has a number that cannot be drawn")

// numeral is a number as SVG writes it, at the beginning of a text.
var numeral = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?`)

// cutNumber reads the number that a text begins with. It is finite, and neither
// it nor what it is made to counts more than a million.
func cutNumber(text string) (n float64, rest string, err error) {
	found := numeral.FindString(text)
	n, err = strconv.ParseFloat(found, 64)
	if err != nil || math.Abs(n) > maxNumber {
		return 0, "", errNumber
	}
	return n, text[len(found):], nil
}

// separators stand between numbers.
const separators = " \t\r\n\f,"

// numbers reads a list of numbers.
func numbers(text string) ([]float64, error) {
	var list []float64
	for text = strings.Trim(text, separators); text != ""; text = strings.TrimLeft(text, separators) {
		n, rest, err := cutNumber(text)
		if err != nil {
			return nil, err
		}
		list, text = append(list, n), rest
	}
	return list, nil
}

// units are the lengths that a drawing may use, in pixels of CSS.
var units = map[string]float64{
	"": 1, "px": 1, "pt": 96. / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96, "em": 16, "ex": 8,
}

// length returns a length in pixels; a hundred percent is whole. What cannot be
// read is 0.
func (e *element) length(name string, whole float64) float64 {
	n, unit, err := cutNumber(e.attributes[name])
	if err != nil {
		return 0
	}
	if unit = strings.TrimSpace(unit); unit == "%" {
		return n / 100 * whole
	}
	return n * units[unit]
}

// along returns a length that percents measure by the view: its height for what
// is vertical, else its width.
func (d *document) along(e *element, name string) float64 {
	switch name {
	case "y", "cy", "ry", "y1", "y2", "height":
		return e.length(name, d.view.height)
	}
	return e.length(name, d.view.width)
}

// fraction reads "0.5" or "50%".
func fraction(text string, otherwise float64) float64 {
	n, unit, err := cutNumber(text)
	if err != nil {
		return otherwise
	}
	if unit == "%" {
		n /= 100
	}
	return n
}

// number writes one so that the library reads it.
func number(n float64) string { return strconv.FormatFloat(n, 'f', 6, 64) }

// transform reads a list such as "translate(3 4) scale(2)".
func transform(text string) (rasterx.Matrix2D, error) {
	m := rasterx.Identity
	for text = strings.Trim(text, separators); text != ""; text = strings.TrimLeft(text, separators) {
		name, rest, opened := strings.Cut(text, "(")
		inner, after, closed := strings.Cut(rest, ")")
		n, err := numbers(inner)
		if err != nil || !opened || !closed {
			return m, errNumber
		}
		step, err := matrix(strings.TrimSpace(name), n)
		if err != nil {
			return m, err
		}
		if m = m.Mult(step); !sound(m) {
			return m, errNumber
		}
		text = after
	}
	return m, nil
}

// matrix returns the matrix of one transformation.
func matrix(name string, n []float64) (rasterx.Matrix2D, error) {
	radians := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	m := rasterx.Identity
	switch fmt.Sprintf("%s %d", name, len(n)) {
	case "translate 1":
		return m.Translate(n[0], 0), nil
	case "translate 2":
		return m.Translate(n[0], n[1]), nil
	case "scale 1":
		return m.Scale(n[0], n[0]), nil
	case "scale 2":
		return m.Scale(n[0], n[1]), nil
	case "rotate 1":
		return m.Rotate(radians(n[0])), nil
	case "rotate 3":
		return m.Translate(n[1], n[2]).Rotate(radians(n[0])).Translate(-n[1], -n[2]), nil
	case "skewX 1":
		return m.SkewX(radians(n[0])), nil
	case "skewY 1":
		return m.SkewY(radians(n[0])), nil
	case "matrix 6":
		return rasterx.Matrix2D{A: n[0], B: n[1], C: n[2], D: n[3], E: n[4], F: n[5]}, nil
	}
	return m, errors.New("has a transform that is not known")
}

// enlargement returns how many times as long a matrix makes things, on average of
// its directions.
func enlargement(m rasterx.Matrix2D) float64 { return math.Sqrt(math.Abs(m.A*m.D - m.B*m.C)) }

// sound reports whether numbers of the matrix can be drawn with.
func sound(m rasterx.Matrix2D) bool {
	for _, n := range []float64{m.A, m.B, m.C, m.D, m.E, m.F} {
		if !(math.Abs(n) <= maxNumber) {
			return false
		}
	}
	return true
}
