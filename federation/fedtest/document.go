package fedtest

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

const activityStreams = "https://www.w3.org/ns/activitystreams"

// Public is the collection that stands for everybody.
const Public = activityStreams + "#Public"

// Object is a JSON object as it goes over the wire. It is read as Mastodon
// does: names are compared as they stand, with no JSON-LD processing (A3).
type Object map[string]any

// parseObject reads a JSON object, or returns nil.
func parseObject(body []byte) Object {
	var o Object
	if json.Unmarshal(body, &o) != nil {
		return nil
	}
	return o
}

// encode writes JSON without escaping what HTML would mind.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case []byte:
		return v, nil
	case string:
		return []byte(v), nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// String returns a text, or "".
func (o Object) String(key string) string {
	s, _ := o[key].(string)
	return s
}

// Bool reports whether the value is true.
func (o Object) Bool(key string) bool { return o[key] == true }

// Object returns an embedded object, the first of a list, or nil.
func (o Object) Object(key string) Object { return object(first(o[key])) }

// ID returns an id in any of its spellings: a text, an object that has it, the
// first of a list of either (A4).
func (o Object) ID(key string) string { return idOf(o[key]) }

// List returns the values under the key; a lone one is a list of one.
func (o Object) List(key string) []any {
	switch v := o[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// IDs returns the ids in a list of texts and objects.
func (o Object) IDs(key string) []string {
	list := o.List(key)
	ids := make([]string, len(list))
	for i, v := range list {
		ids[i] = idOf(v)
	}
	return ids
}

// Types returns type, which may be a list.
func (o Object) Types() []string { return o.IDs("type") }

// is reports whether the object is of one of the types.
func (o Object) is(types ...string) bool {
	return slices.ContainsFunc(o.Types(), func(t string) bool { return slices.Contains(types, t) })
}

// inActivityStreams looks for the exact namespace, alone or in a list (A2).
func (o Object) inActivityStreams() bool {
	return slices.Contains(o.List("@context"), any(activityStreams))
}

// object returns the value if it is an object, or nil, which reads as empty.
func object(v any) Object {
	switch v := v.(type) {
	case Object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

func first(v any) any {
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	return v
}

func idOf(v any) string {
	v = first(v)
	if s, ok := v.(string); ok {
		return s
	}
	return object(v).String("id")
}

// hostOf returns the host of an http or https IRI with its port, or "".
func hostOf(iri string) string {
	u, err := url.Parse(iri)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return strings.ToLower(u.Host)
}

func sameHost(a, b string) bool { return hostOf(a) != "" && hostOf(a) == hostOf(b) }

func isPublic(iri string) bool { return iri == Public || iri == "as:Public" || iri == "Public" } // P3
