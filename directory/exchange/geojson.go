package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"codeberg.org/commonage/commonage/directory"
)

// marker is the property by which a feature that Write wrote is known: its
// other properties are then our columns and not OpenStreetMap's tags.
const marker = "commonage"

// feature is one of a GeoJSON file (RFC 7946, 3.2).
type feature struct {
	Type       string         `json:"type"`
	ID         any            `json:"id"`
	Geometry   *geometry      `json:"geometry"`
	Properties map[string]any `json:"properties"`
}

type geometry struct {
	Type        string     `json:"type"`
	Coordinates any        `json:"coordinates"`
	Geometries  []geometry `json:"geometries"`
}

// features reads a GeoJSON file.
func (im *importer) features(r io.Reader, yield func(*Record, error) bool) error {
	if err := im.scan(r); err != nil {
		return err
	}
	d := json.NewDecoder(im.in)
	d.UseNumber()
	found := false
	err := members(d, func(name string) error {
		if name == "features" {
			found = true
			return im.collection(d, yield)
		}
		late, err := im.member(d, name)
		if late && found {
			line, _ := im.in.pass(d.InputOffset())
			if !yield(nil, &RowError{Line: line, Field: name, Text: "comes after the entries, which were read without it; give the file by its name, or put it first"}) {
				return errStopped
			}
		}
		return err
	})
	if err != nil {
		return im.notJSON(d, err)
	}
	if !found {
		return errors.New(`there is no "features" member; a FeatureCollection is needed`)
	}
	return nil
}

// notJSON names the line of a JSON error.
func (im *importer) notJSON(d *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends too early: %w", io.ErrUnexpectedEOF)
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, _ := im.in.pass(d.InputOffset())
		return fmt.Errorf("not JSON at line %d or soon after: %w", line, syntax)
	}
	return err
}

// members calls read for each member of the object that is next in d. It must
// take the member's value.
func members(d *json.Decoder, read func(name string) error) error {
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("the file does not begin with an object; a FeatureCollection is needed")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := read(fmt.Sprint(name)); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// scan finds the file's members on licence and source wherever they stand, if r
// can be read twice.
func (im *importer) scan(r io.Reader) error {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil
	}
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil //nolint:nilerr // a pipe cannot seek; then it is read once
	}
	in := newInput(s)
	d := json.NewDecoder(in)
	// Errors show with their line when the entries are read.
	_ = members(d, func(name string) error { //nolint:errcheck // see above
		in.next()
		if name != "features" {
			_, err := im.member(d, name)
			return err
		}
		return elements(d, func() error {
			in.next()
			in.pass(d.InputOffset())
			return d.Decode(&skipped{})
		})
	})
	if _, err := s.Seek(start, io.SeekStart); err != nil {
		return fmt.Errorf("go back to the start: %w", err)
	}
	return nil
}

// skipped is a value that is passed over.
type skipped struct{}

// UnmarshalJSON takes anything and keeps nothing.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

// elements calls read for each element of the array that is next in d.
func elements(d *json.Decoder, read func() error) error {
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('[') {
		return errors.New(`"features" is not an array`)
	}
	for d.More() {
		if err := read(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// member reads a member of the collection. It reports whether that told
// something new about the source.
func (im *importer) member(d *json.Decoder, name string) (bool, error) {
	var field *string
	switch name {
	case "license", "licence":
		field = &im.file.Licence
	case "attribution", "copyright":
		field = &im.file.Attribution
	case "source":
		field = &im.file.URL
	case "name", "title":
		field = &im.file.Name
	default:
		return false, d.Decode(&skipped{})
	}
	var value any
	if err := d.Decode(&value); err != nil {
		return false, err
	}
	text, _ := value.(string)
	if text = cut(line(text), directory.MaxName); text == "" || *field != "" {
		return false, nil
	}
	if name == "source" && directory.ValidateURL("", text) != nil {
		field = &im.file.Name // named rather than linked
	}
	*field = text
	return true, nil
}

// collection reads the array of features.
func (im *importer) collection(d *json.Decoder, yield func(*Record, error) bool) error {
	return elements(d, func() error {
		im.in.next()
		line, before := im.in.pass(d.InputOffset() + separators(d.Buffered()))
		var f feature
		err := d.Decode(&f)
		if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !mistyped {
			return err
		}
		_, within := im.in.pass(d.InputOffset())
		if !yield(im.feature(f, err != nil, line, before+within)) {
			return errStopped
		}
		return nil
	})
}

// separators returns how many bytes come before the next value, so that the line
// is that on which it begins.
func separators(r io.Reader) int64 {
	b, ok := r.(io.ByteReader)
	n := int64(0)
	for ok {
		switch c, err := b.ReadByte(); {
		case err != nil:
			return n
		case c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t':
			n++
		default:
			return n
		}
	}
	return n
}

// feature makes an entry of one feature.
func (im *importer) feature(f feature, mistyped bool, line, repaired int) (*Record, error) {
	d := im.draft(line)
	if mistyped || f.Properties == nil {
		return nil, d.bad("", "is not a feature with properties")
	}
	d.repaired(repaired)
	d.id = text(f.ID)
	if p, ok := centre(f.Geometry); ok {
		d.values["latitude"], d.values["longitude"] = degrees(p.Latitude), degrees(p.Longitude)
	} else if !f.Geometry.empty() {
		d.warn(BadPoint, "geometry", "has no coordinates that can be used; dropped")
	}
	if _, ours := f.Properties[marker]; ours {
		im.fillOwn(d, f.Properties)
	} else {
		im.fillTagged(d, f.Properties)
	}
	return im.entry(d)
}

// fillOwn takes the properties of a feature that Write wrote.
func (im *importer) fillOwn(d *draft, properties map[string]any) {
	d.verbatim = true
	for _, name := range im.columns {
		if name == "links" {
			continue
		}
		switch v := properties[name].(type) {
		case string:
			im.set(d, name, v)
		case []any:
			items := make([]string, 0, len(v))
			for _, item := range v {
				items = append(items, text(item))
			}
			im.set(d, name, joinList(items))
		}
	}
	list, _ := properties["links"].([]any)
	for _, item := range list {
		if l, ok := item.(map[string]any); ok {
			d.links = append(d.links, directory.Link{Name: text(l["name"]), URL: text(l["url"])})
		}
	}
}

// empty reports whether nothing is lost with a geometry.
func (g *geometry) empty() bool {
	if g == nil {
		return true
	}
	list, isList := g.Coordinates.([]any)
	return len(g.Geometries) == 0 && (g.Coordinates == nil || isList && len(list) == 0)
}

// centre returns the point of a geometry, or the middle of the box around it.
func centre(g *geometry) (directory.Point, bool) {
	if g == nil {
		return directory.Point{}, false
	}
	b := bounds{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)}
	b.geometry(*g)
	if b.West > b.East {
		return directory.Point{}, false
	}
	if b.West == b.East && b.South == b.North {
		return directory.Point{Latitude: b.South, Longitude: b.West}, true
	}
	return directory.Point{Latitude: (b.South + b.North) / 2, Longitude: (b.West + b.East) / 2}, true
}

// bounds is the box around what it was given so far.
type bounds directory.Box

func (b *bounds) add(p directory.Point) {
	b.West, b.East = math.Min(b.West, p.Longitude), math.Max(b.East, p.Longitude)
	b.South, b.North = math.Min(b.South, p.Latitude), math.Max(b.North, p.Latitude)
}

func (b *bounds) geometry(g geometry) {
	for _, part := range g.Geometries {
		b.geometry(part)
	}
	b.coordinates(g.Coordinates)
}

// coordinates adds a position, or arrays of them to any depth.
func (b *bounds) coordinates(v any) {
	list, _ := v.([]any)
	if len(list) >= 2 {
		lon, ok1 := list[0].(json.Number)
		lat, ok2 := list[1].(json.Number)
		if x, y, ok := numbers(lon, lat); ok && ok1 && ok2 {
			b.add(directory.Point{Latitude: y, Longitude: x})
			return
		}
	}
	for _, part := range list {
		b.coordinates(part)
	}
}

func numbers(a, b json.Number) (x, y float64, ok bool) {
	x, err1 := a.Float64()
	y, err2 := b.Float64()
	return x, y, err1 == nil && err2 == nil
}
