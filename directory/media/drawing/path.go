package drawing

import (
	"errors"
	"fmt"
	"strings"
)

// geometry writes what a shape looks like, with all numbers multiplied by scale,
// or nothing where there is nothing to see.
func (d *document) geometry(e *element, scale float64) (string, error) {
	along := func(name string) float64 { return d.along(e, name) * scale }
	switch e.name {
	case "path":
		return scaledPath(e.attributes["d"], scale)
	case "rect":
		width, height := along("width"), along("height")
		rx, ry := corner(along("rx"), along("ry"), width), corner(along("ry"), along("rx"), height)
		if width <= 0 || height <= 0 {
			return "", nil
		}
		return tag("rect", "x", number(along("x")), "y", number(along("y")), "width", number(width), "height", number(height),
			"rx", number(rx), "ry", number(ry)), nil
	case "circle", "ellipse":
		rx, ry := along("rx"), along("ry")
		if e.name == "circle" {
			rx, ry = along("r"), along("r")
		}
		if rx <= 0 || ry <= 0 {
			return "", nil
		}
		return tag("ellipse", "cx", number(along("cx")), "cy", number(along("cy")), "rx", number(rx), "ry", number(ry)), nil
	case "line":
		return scaledPath(fmt.Sprintf("M%s,%s L%s,%s", number(along("x1")), number(along("y1")), number(along("x2")), number(along("y2"))), 1)
	case "polyline", "polygon":
		path := "M" + e.attributes["points"]
		if e.name == "polygon" {
			path += "z"
		}
		return scaledPath(path, scale)
	}
	return "", fmt.Errorf("has <%s>", e.name)
}

// corner returns how far a corner is round: as far as in the other direction if it
// does not say, and half a side at most.
func corner(radius, other, side float64) float64 {
	if radius <= 0 {
		radius = other
	}
	return max(0, min(radius, side/2))
}

// arguments are how many numbers the commands of a path take.
var arguments = map[byte]int{'m': 2, 'l': 2, 'h': 1, 'v': 1, 'c': 6, 's': 4, 'q': 4, 't': 2, 'a': 7, 'z': 0}

var errPath = errors.New("has a <path> that is broken")

// scaledPath writes a path with its numbers multiplied by scale, one command for
// each of its pieces and a space between all numbers: the library takes packed
// ones for others.
func scaledPath(text string, scale float64) (string, error) {
	var b strings.Builder
	for text = strings.TrimLeft(text, separators); text != ""; text = strings.TrimLeft(text, separators) {
		command := text[0]
		count, known := arguments[command|0x20]
		if !known || b.Len() == 0 && command|0x20 != 'm' {
			return "", errPath
		}
		text = strings.TrimLeft(text[1:], separators)
		if count == 0 {
			b.WriteByte(command)
		}
		for first := true; count > 0 && (first || numeral.MatchString(text)); first = false {
			piece, rest, err := cutPiece(text, command, count)
			if err != nil {
				return "", err
			}
			writePiece(&b, command, piece, scale)
			text = strings.TrimLeft(rest, separators)
			if command|0x20 == 'm' {
				command-- // l: further pairs are lines (SVG 1.1, 8.3.2)
			}
		}
	}
	if b.Len() == 0 {
		return "", nil
	}
	return tag("path", "d", b.String()), nil
}

// cutPiece reads the numbers of one piece of a path. The flags of an arc may stand
// without anything between them.
func cutPiece(text string, command byte, count int) (piece []float64, rest string, err error) {
	for k := range count {
		text = strings.TrimLeft(text, separators)
		if command|0x20 == 'a' && (k == 3 || k == 4) {
			if text == "" || text[0] != '0' && text[0] != '1' {
				return nil, "", errPath
			}
			piece, text = append(piece, float64(text[0]-'0')), text[1:]
			continue
		}
		n, rest, err := cutNumber(text)
		if err != nil {
			return nil, "", errPath
		}
		piece, text = append(piece, n), rest
	}
	return piece, text, nil
}

func writePiece(b *strings.Builder, command byte, piece []float64, scale float64) {
	arc := command|0x20 == 'a'
	if arc && (piece[0] == 0 || piece[1] == 0) { // SVG 1.1, F.6.2: then it is a line
		command, piece, arc = command+'l'-'a', piece[5:], false
	}
	b.WriteByte(command)
	for k, n := range piece {
		if !arc || k < 2 || k > 4 {
			n *= scale
		}
		if arc && k < 2 && n < 0 {
			n = -n
		}
		b.WriteByte(' ')
		b.WriteString(number(n))
	}
}

// tag writes an element with attributes, given as names and values.
func tag(name string, attributes ...string) string {
	var b strings.Builder
	b.WriteString("<" + name)
	for k, text := range attributes {
		if k%2 == 0 {
			b.WriteString(" " + text + `="`)
		} else {
			b.WriteString(escape.Replace(text) + `"`)
		}
	}
	return b.String() + "/>"
}

// escape makes text that of an attribute.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
