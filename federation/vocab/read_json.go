package vocab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/commonage/commonage/directory"
)

// Limits on documents that are read.
const (
	MaxDocument = 1 << 20 // bytes, of all but collections
	MaxPage     = 8 << 20 // bytes, of a collection or its page
	MaxDepth    = 32      // of objects and lists within each other
	maxMembers  = 256     // of one object
	maxIRI      = 2048    // bytes; a longer one is dropped, not cut
)

// object is a JSON object whose values are not read yet. Names are compared
// exactly, which encoding/json does not do, and stand once, as two readers
// could otherwise see two documents in the same bytes.
type object []member

type member struct {
	name  []byte
	value []byte
}

// parse splits a document into its members, its size, depth and syntax checked.
func parse(raw []byte, limit int) (object, error) {
	if len(raw) > limit {
		return nil, fmt.Errorf("the document has %d bytes, %d are allowed", len(raw), limit)
	}
	if Depth(raw) > MaxDepth {
		return nil, fmt.Errorf("the document is more than %d levels deep", MaxDepth)
	}
	if !valid(raw) {
		return nil, errors.New("the document is not JSON")
	}
	o, err := split(raw)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("the document is not a JSON object")
	}
	return o, nil
}

// valid is json.Valid at a third of the cost.
func valid(raw []byte) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadValue(); err != nil {
		return false
	}
	_, err := d.ReadToken()
	return errors.Is(err, io.EOF)
}

// Depth returns how deep objects and lists stand within each other. Of what is no
// JSON it may return more or less than somebody would say.
func Depth(raw []byte) int {
	level, deepest := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i) - 1
		case '{', '[':
			level++
			deepest = max(deepest, level)
		case '}', ']':
			level--
		}
	}
	return deepest
}

// split returns the members of an object, or nil for anything else. The text
// must be valid JSON.
func split(raw []byte) (object, error) {
	i := skipSpace(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return nil, nil
	}
	o := make(object, 0, 8)
	for i = skipSpace(raw, i+1); raw[i] != '}'; {
		end := endOfString(raw, i)
		name := raw[i+1 : end-1]
		if s, ok := unquote(raw[i:end]); ok && len(s) != len(name) {
			name = []byte(s) // it had escapes
		}
		if o.index(name) >= 0 {
			return nil, fmt.Errorf("%q stands twice in one object", name)
		}
		if len(o) == maxMembers {
			return nil, fmt.Errorf("an object has more than %d members", maxMembers)
		}
		start := skipSpace(raw, skipSpace(raw, end)+1) // over the colon
		end = endOfValue(raw, start)
		o = append(o, member{name, raw[start:end]})
		if i = skipSpace(raw, end); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return o, nil
}

// elements returns the items of a list, at most limit of them, or the one value
// that is no list. null has none. The text must be valid JSON.
func elements(raw []byte, limit int) [][]byte {
	i := skipSpace(raw, 0)
	switch {
	case i == len(raw) || raw[i] == 'n':
		return nil
	case raw[i] != '[':
		return [][]byte{raw}
	}
	var list [][]byte
	for i = skipSpace(raw, i+1); raw[i] != ']' && len(list) < limit; {
		end := endOfValue(raw, i)
		list = append(list, raw[i:end])
		if i = skipSpace(raw, end); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return list
}

// first returns the first item of a list, or the one value that is no list, or
// nil.
func first(raw []byte) []byte {
	if list := elements(raw, 1); len(list) > 0 {
		return list[0]
	}
	return nil
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// endOfString returns the index behind the string that starts at i, or the end
// of the text if it is cut off.
func endOfString(raw []byte, i int) int {
	for i++; i < len(raw); {
		quote := bytes.IndexByte(raw[i:], '"')
		if quote < 0 {
			break
		}
		escape := bytes.IndexByte(raw[i:i+quote], '\\')
		if escape < 0 {
			return i + quote + 1
		}
		i += escape + 2 // behind what is escaped, perhaps that quote
	}
	return len(raw)
}

// endOfValue returns the index behind the value that starts at i.
func endOfValue(raw []byte, i int) int {
	level := 0
	for i < len(raw) {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i)
			if level == 0 {
				return i
			}
			continue
		case '{', '[':
			level++
		case '}', ']':
			if level == 0 {
				return i // of the value before it
			}
			if level--; level == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if level == 0 {
				return i
			}
		}
		i++
	}
	return i
}

func (o object) index(name []byte) int {
	for i := range o {
		if string(o[i].name) == string(name) {
			return i
		}
	}
	return -1
}

// get returns the value of the name, or nil if it is missing or null.
func (o object) get(name string) []byte {
	for i := range o {
		if string(o[i].name) == name && o[i].value[0] != 'n' {
			return o[i].value
		}
	}
	return nil
}

// object returns the object of the name, or the first of a list of them, or nil.
func (o object) object(name string) object {
	child, err := split(first(o.get(name)))
	if err != nil {
		return nil
	}
	return child
}

// list returns the values of the name, at most limit of them.
func (o object) list(name string, limit int) [][]byte { return elements(o.get(name), limit) }

// text returns the plain text of the name, cleaned and cut, or "".
func (o object) text(name string, limit int) string { return textOf(o.get(name), limit) }

// words returns the short texts of the name without the empty ones.
func (o object) words(name string, count int) []string {
	var list []string
	for _, raw := range o.list(name, count) {
		if s := textOf(raw, directory.MaxWord); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// iri returns the IRI of the name, see iriOf.
func (o object) iri(name string) string { return iriOf(o.get(name)) }

// iris returns the IRIs of the name.
func (o object) iris(name string, limit int) []string {
	var list []string
	for _, raw := range o.list(name, limit) {
		if s := iriOf(raw); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// flag reports whether the value of the name is true.
func (o object) flag(name string) bool { return string(o.get(name)) == "true" }

// time returns the time of the name, or zero.
func (o object) time(name string) time.Time {
	s, _ := unquote(o.get(name))
	t, err := ParseTime(s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// number returns the number of the name, also when it stands in quotes.
func (o object) number(name string) (float64, bool) {
	raw := o.get(name)
	s, ok := unquote(raw)
	if !ok {
		s = string(raw)
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
