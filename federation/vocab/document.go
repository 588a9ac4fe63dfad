package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-fed/activity/streams"
	govocab "github.com/go-fed/activity/streams/vocab"
)

// fields is a JSON object on its way out: what go-fed serialised, and what it
// does not know.
type fields = map[string]any

// verbatim is a document that this package wrote: it is JSON, has no white
// space, and is copied as it is.
type verbatim []byte

// plain serialises a go-fed value without a context, its lists restored.
func plain(t govocab.Type) (fields, error) {
	m, err := streams.Serialize(t)
	if err != nil {
		return nil, fmt.Errorf("serialise %s: %w", t.GetTypeName(), err)
	}
	delete(m, "@context")
	restoreLists(m)
	return m, nil
}

// document serialises a go-fed value, adds the fields it lacks and sets the
// context, a JSON constant.
func document(t govocab.Type, context string, extra fields) (json.RawMessage, error) {
	m, err := plain(t)
	if err != nil {
		return nil, err
	}
	maps.Copy(m, extra)
	return encode(m, context)
}

// restoreLists undoes go-fed's collapse of lists of one, at every level.
func restoreLists(m fields) {
	for key, value := range m {
		if _, ok := value.([]any); !ok && isList(key) {
			m[key] = []any{value}
		}
		switch v := value.(type) {
		case fields:
			restoreLists(v)
		case []any:
			for _, item := range v {
				if f, ok := item.(fields); ok {
					restoreLists(f)
				}
			}
		}
	}
}

// isList reports whether a property is written as an array whatever it holds:
// Mastodon ignores a lone attachment, and readers of collections expect arrays.
func isList(key string) bool {
	switch key {
	case "to", "cc", "tag", "attachment", "items", "orderedItems",
		"alsoKnownAs", "attributionDomains", "assertionMethod":
		return true
	}
	return false
}

// setText sets a field unless the text is empty.
func setText(m fields, key, text string) {
	if text != "" {
		m[key] = text
	}
}

// setTime sets a field unless the time is zero. go-fed would cut the fraction.
func setTime(m fields, key string, t time.Time) {
	if !t.IsZero() {
		m[key] = Time(t)
	}
}

// setList sets a field unless the list is empty.
func setList[T any](m fields, key string, list []T) {
	if len(list) > 0 {
		m[key] = list
	}
}

// encode writes the object with its context first, if it has one. Keys are ordered, so that
// the bytes depend on the content only; raw JSON is copied but for its white
// space, and must be valid.
func encode(m fields, context string) (json.RawMessage, error) {
	e := encoder{}
	e.out.Grow(len(context) + sizeOf(m))
	e.json = json.NewEncoder(&e.out)
	e.json.SetEscapeHTML(false)
	before := byte('{')
	if context != "" {
		e.out.WriteString(`{"@context":` + context)
		before = ','
	}
	if err := e.members(m, before); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}

// sizeOf returns about how long the text of an object will be.
func sizeOf(m fields) int {
	size := 2 << 10
	for _, value := range m {
		switch v := value.(type) {
		case string:
			size += len(v)
		case verbatim:
			size += len(v)
		case []verbatim:
			for _, item := range v {
				size += len(item) + 1
			}
		}
	}
	return size
}

type encoder struct {
	out  bytes.Buffer
	json *json.Encoder
}

// members writes the members of an object and its closing brace; before is
// written before the first one.
func (e *encoder) members(m fields, before byte) error {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareKeys)
	for _, key := range keys {
		e.out.WriteByte(before)
		before = ','
		e.out.WriteString(`"` + key + `":`) // our own names and go-fed's need no escape
		if err := e.value(m[key]); err != nil {
			return fmt.Errorf("write %s: %w", key, err)
		}
	}
	if before == '{' {
		e.out.WriteByte('{')
	}
	e.out.WriteByte('}')
	return nil
}

func (e *encoder) value(value any) error {
	switch v := value.(type) {
	case fields:
		return e.members(v, '{')
	case []any:
		return writeList(e, v)
	case []fields:
		return writeList(e, v)
	case []verbatim:
		return writeList(e, v)
	case verbatim:
		if len(v) == 0 {
			return errors.New("an embedded document is empty")
		}
		e.out.Write(v)
		return nil
	case json.RawMessage:
		if len(v) == 0 {
			return errors.New("an embedded document is empty")
		}
		return json.Compact(&e.out, v)
	}
	if err := e.json.Encode(value); err != nil {
		return err
	}
	e.out.Truncate(e.out.Len() - 1) // the encoder's newline
	return nil
}

func writeList[T any](e *encoder, list []T) error {
	e.out.WriteByte('[')
	for i, item := range list {
		if i > 0 {
			e.out.WriteByte(',')
		}
		if err := e.value(item); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	e.out.WriteByte(']')
	return nil
}

// compareKeys sorts id and type before everything else, for who reads it.
func compareKeys(a, b string) int {
	if r := keyRank(a) - keyRank(b); r != 0 {
		return r
	}
	return strings.Compare(a, b)
}

func keyRank(key string) int {
	switch key {
	case "id":
		return 0
	case "type":
		return 1
	}
	return 2
}
