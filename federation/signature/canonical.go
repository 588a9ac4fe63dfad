package signature

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonText is a JSON value in canonical form.
type jsonText []byte

// canonicalize returns a JSON object in the one form that RFC 8785 gives it. The
// error is ErrMalformed when it has none: names that stand twice, numbers that
// no float64 holds, strings that are not Unicode.
func canonicalize(document []byte) (jsonText, error) {
	if canonical := plainCanonical(document); canonical != nil {
		return canonical, nil
	}
	return formatted(document)
}

// formatted is canonicalize for documents of any kind.
func formatted(document []byte) (jsonText, error) {
	canonical, err := jsontext.AppendFormat(make([]byte, 0, len(document)), document,
		jsontext.CanonicalizeRawInts(true), jsontext.CanonicalizeRawFloats(true), jsontext.ReorderRawObjects(true))
	if err != nil {
		return nil, malformedf("%.300v", err)
	}
	if canonical[0] != '{' {
		return nil, malformedf("the document is not a JSON object")
	}
	// The formatter writes a number that is too large as the largest one, so
	// that two documents would be one.
	if bytes.Contains(canonical, []byte("e+308")) {
		if err := checkNumbers(document); err != nil {
			return nil, err
		}
	}
	return canonical, nil
}

// checkNumbers refuses numbers that no float64 holds. The document is valid.
func checkNumbers(document []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // the end: the document was read whole before
		}
		if token.Kind() != '0' {
			continue
		}
		if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
			return malformedf("a number is too large")
		}
	}
}

// object is the members of a canonical JSON object, in its order.
type object []member

type member struct {
	name  string // as it stands between the quotes
	value jsonText
}

// split returns the members of a canonical object.
func split(text jsonText) object {
	var o object
	for i := 1; text[i] != '}'; {
		end := endOfString(text, i)
		name := string(text[i+1 : end-1])
		start := end + 1 // behind the colon
		end = endOfValue(text, start)
		o = append(o, member{name, text[start:end]})
		if i = end; text[i] == ',' {
			i++
		}
	}
	return o
}

// elements returns the items of a canonical list; anything else is its own only
// item.
func elements(text jsonText) []jsonText {
	if text[0] != '[' {
		return []jsonText{text}
	}
	var list []jsonText
	for i := 1; text[i] != ']'; {
		end := endOfValue(text, i)
		list = append(list, text[i:end])
		if i = end; text[i] == ',' {
			i++
		}
	}
	return list
}

// endOfString returns the index behind the string that starts at i.
func endOfString(text jsonText, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// endOfValue returns the index behind the value that starts at i, inside an
// object or a list.
func endOfValue(text jsonText, i int) int {
	for depth := 0; ; i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
}

// join writes the object's canonical text.
func (o object) join() jsonText {
	size := 2
	for _, m := range o {
		size += len(m.name) + len(m.value) + len(`"":,`)
	}
	text := append(make(jsonText, 0, size), '{')
	for i, m := range o {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, '"'), m.name...), `":`...)
		text = append(text, m.value...)
	}
	return append(text, '}')
}

// get returns the value of the name, or nil.
func (o object) get(name string) jsonText {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// without returns the object without some of its members.
func (o object) without(names ...string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return slices.Contains(names, m.name) })
}

// withContext returns the object with another context, in its canonical place,
// which is the first unless there are names that nobody uses.
func (o object) withContext(context jsonText) object {
	out := slices.Clone(o)
	at := slices.IndexFunc(out, func(m member) bool { return m.name == "@context" })
	if at < 0 {
		return slices.Insert(out, 0, member{"@context", context})
	}
	out[at].value = context
	return out
}

// text returns the string of the name, or "".
func (o object) text(name string) string {
	value := o.get(name)
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return ""
	}
	return s
}

// time returns the time of the name, or zero where there is none; false when it
// is not a time.
func (o object) time(name string) (time.Time, bool) {
	if o.get(name) == nil {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, o.text(name))
	return t, err == nil
}
