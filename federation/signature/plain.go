package signature

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// plainCanonical returns what canonicalize does for a document of the plain kind
// that nearly all are, at a fraction of the cost: names of ASCII characters
// without escapes, no escapes in texts but the short ones, and numbers that need
// no exponent. It returns nil for any other, and for what is wrong with one.
func plainCanonical(document []byte) jsonText {
	if !utf8.Valid(document) {
		return nil
	}
	p := plain{in: document, out: make([]byte, 0, len(document)), parts: make([]part, 0, usualParts)}
	p.space()
	if !p.object(0) {
		return nil
	}
	if p.space(); p.at != len(p.in) {
		return nil
	}
	return p.out
}

// plain is a document on its way into canonical form. Its methods read one thing
// each and report whether it was plain.
type plain struct {
	in    []byte
	at    int // up to where it was read
	out   []byte
	parts []part // of the objects that are open
	old   []byte // what is being put in order
}

// part is a member of an object in plain.out.
type part struct{ start, colon, end int }

const (
	deepestPlain = 64
	usualParts   = 128
)

func (p *plain) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\n' || p.in[p.at] == '\t' || p.in[p.at] == '\r') {
		p.at++
	}
}

// take reads one character, and the white space before it.
func (p *plain) take(c byte) bool {
	if p.space(); p.at == len(p.in) || p.in[p.at] != c {
		return false
	}
	p.at++
	p.out = append(p.out, c)
	return true
}

func (p *plain) value(depth int) bool {
	if p.space(); p.at == len(p.in) || depth > deepestPlain {
		return false
	}
	switch p.in[p.at] {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		return p.text()
	case 't':
		return p.word("true")
	case 'f':
		return p.word("false")
	case 'n':
		return p.word("null")
	}
	return p.number()
}

func (p *plain) object(depth int) bool {
	first, empty := len(p.parts), true
	if !p.take('{') {
		return false
	}
	for !p.take('}') {
		if !empty && !p.take(',') {
			return false
		}
		empty = false
		p.space()
		m := part{start: len(p.out)}
		if !p.name() {
			return false
		}
		m.colon = len(p.out)
		if !p.take(':') || !p.value(depth+1) {
			return false
		}
		m.end = len(p.out)
		p.parts = append(p.parts, m)
	}
	ok := p.order(p.parts[first:])
	p.parts = p.parts[:first]
	return ok
}

// order sorts the members of an object, which is the last thing that was written,
// by their names. No name may stand twice.
func (p *plain) order(members []part) bool {
	name := func(m part) []byte { return p.out[m.start+1 : m.colon-1] }
	byName := func(a, b part) int { return bytes.Compare(name(a), name(b)) }
	sorted := true
	for k := 1; k < len(members) && sorted; k++ {
		sorted = byName(members[k-1], members[k]) < 0
	}
	if sorted {
		return true
	}
	begin := members[0].start
	slices.SortFunc(members, byName)
	for k := 1; k < len(members); k++ {
		if byName(members[k-1], members[k]) == 0 {
			return false
		}
	}
	if p.old == nil {
		p.old = make([]byte, 0, len(p.in))
	}
	p.old = append(p.old[:0], p.out[begin:]...)
	p.out = p.out[:begin]
	for k, m := range members {
		if k > 0 {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, p.old[m.start-begin:m.end-begin]...)
	}
	p.out = append(p.out, '}')
	return true
}

func (p *plain) list(depth int) bool {
	if !p.take('[') {
		return false
	}
	for empty := true; !p.take(']'); empty = false {
		if !empty && !p.take(',') || !p.value(depth+1) {
			return false
		}
	}
	return true
}

// name reads a text of which bytes sort as RFC 8785 has it.
func (p *plain) name() bool {
	start := len(p.out)
	return p.text() && !slices.ContainsFunc(p.out[start:], func(c byte) bool { return c >= utf8.RuneSelf || c == '\\' })
}

func (p *plain) text() bool {
	if p.at == len(p.in) || p.in[p.at] != '"' {
		return false
	}
	for i := p.at + 1; i < len(p.in); i++ {
		switch c := p.in[i]; {
		case c > '\\':
		case c == '"':
			p.out = append(p.out, p.in[p.at:i+1]...)
			p.at = i + 1
			return true
		case c == '\\':
			if i++; i == len(p.in) || bytes.IndexByte([]byte(`"\bfnrt`), p.in[i]) < 0 {
				return false
			}
		case c < ' ':
			return false
		}
	}
	return false
}

func (p *plain) word(word string) bool {
	if !bytes.HasPrefix(p.in[p.at:], []byte(word)) {
		return false
	}
	p.at += len(word)
	p.out = append(p.out, word...)
	return true
}

// number reads a number as JSON has it, of a size that is written without an
// exponent.
func (p *plain) number() bool {
	start := p.at
	for p.at < len(p.in) && (isDigit(p.in[p.at]) || p.in[p.at] == '-' || p.in[p.at] == '.') {
		p.at++
	}
	text := p.in[start:p.at]
	if !isDecimal(text) {
		return false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	size := math.Abs(n)
	if err != nil || n == 0 && text[0] == '-' || n != 0 && (size < 1e-6 || size >= 1e21) {
		return false
	}
	p.out = strconv.AppendFloat(p.out, n, 'f', -1, 64)
	return true
}

// isDecimal reports whether a text is a JSON number without an exponent. What
// follows it is for others to look at.
func isDecimal(text []byte) bool {
	whole, fraction, parted := bytes.Cut(bytes.TrimPrefix(text, []byte("-")), []byte("."))
	digits := func(b []byte) bool {
		return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return !isDigit(c) })
	}
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!parted || digits(fraction))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
