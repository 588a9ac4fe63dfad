package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/BurntSushi/toml"
)

// maxFile is ten times a file with a comment on every setting. It also bounds
// the time that package toml takes over a key with thousands of dots.
const maxFile = 32 << 10

// readFile applies the settings in the file at path. A file that is not needed
// may be missing. The source is what named the file.
func (l *loader) readFile(path, source string, needed bool) {
	data, err := readBounded(path, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !needed:
	case err != nil:
		l.fault(SettingError{Source: cmp.Or(source, "settings file"), Value: path, Reason: "cannot be read: " + reason(err)})
	default:
		l.parseFile(path, data)
	}
}

// parseFile applies the settings in the text of a file. The name stands for it
// in errors.
func (l *loader) parseFile(name string, data []byte) {
	var raw map[string]toml.Primitive
	meta, err := toml.Decode(string(data), &raw)
	if err != nil {
		e := SettingError{Source: name, Reason: "is not TOML: " + err.Error()}
		if syntax, ok := errors.AsType[toml.ParseError](err); ok {
			e.Source, e.Reason = at(name, syntax.Position.Line), "is not TOML: "+syntax.Message
		}
		l.fault(e)
		return
	}
	entries := make([]entry, 0, len(raw))
	for key, value := range raw {
		e := entry{key: key}
		e.line, e.data = read(meta, value, maxNesting)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.key, b.key))
	})
	for _, e := range entries {
		l.applyEntry(name, e)
	}
}

// entry is a key at the top of the file.
type entry struct {
	key  string
	line int
	data any // as package toml decodes it
}

// applyEntry applies one key of the file.
func (l *loader) applyEntry(name string, e entry) {
	s, ok := l.config.lookup(e.key)
	if !ok {
		l.unknown(e.key, at(name, e.line))
		return
	}
	g := given{key: e.key, source: at(name, e.line)}
	var err error
	if g.text, err = s.fromTOML(e.data); err != nil {
		l.refuse(s, g, err)
		return
	}
	l.apply(g)
}

// fromTOML returns the text of a TOML value of the right type.
func (s setting) fromTOML(data any) (string, error) {
	switch v := data.(type) {
	case string:
		return v, nil
	case bool:
		if s.value.boolean {
			return strconv.FormatBool(v), nil
		}
		return "", fmt.Errorf("is %v without quotes", v)
	case int64:
		if s.value.number {
			return strconv.FormatInt(v, 10), nil
		}
		return "", fmt.Errorf("is the number %v without quotes", v)
	case float64:
		if s.value.number {
			return strconv.FormatFloat(v, 'f', -1, 64), nil
		}
		return "", fmt.Errorf("is the number %v without quotes", v)
	case map[string]any, []map[string]any:
		return "", errors.New("is a table")
	case []any:
		return "", errors.New("is a list")
	}
	return "", errors.New("is a date or a time without quotes")
}

// probe takes any value and then refuses it, because package toml tells the
// line of a value only in errors.
type probe struct{ data any }

var errProbe = errors.New("seen")

// UnmarshalTOML keeps the value and returns an error.
func (p *probe) UnmarshalTOML(data any) error {
	p.data = data
	return errProbe
}

// maxNesting is how deep to look for the line of a table. Settings are flat, so
// a table is wrong anyway.
const maxNesting = 4

// read returns a value and its line; for a table that has no line of its own,
// the line of the first key in it that has, or 0.
func read(meta toml.MetaData, value toml.Primitive, depth int) (line int, data any) {
	var p probe
	var found toml.ParseError
	if errors.As(meta.PrimitiveDecode(value, &p), &found) && found.Position.Line > 0 {
		return found.Position.Line, p.data
	}
	var inner map[string]toml.Primitive
	if depth > 0 && meta.PrimitiveDecode(value, &inner) == nil {
		for _, key := range slices.Sorted(maps.Keys(inner)) {
			if n, _ := read(meta, inner[key], depth-1); n > 0 && (line == 0 || n < line) {
				line = n
			}
		}
	}
	return line, p.data
}

// at names a line of a file.
func at(name string, line int) string {
	if line == 0 {
		return name
	}
	return name + ":" + strconv.Itoa(line)
}
