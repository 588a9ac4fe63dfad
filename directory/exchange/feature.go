package exchange

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// writeFeatures writes a FeatureCollection. Its bbox comes last, when it is
// known.
func writeFeatures(w io.Writer, entries iter.Seq2[*directory.Initiative, error], c Collection) error {
	out := &featureWriter{
		w:   bufio.NewWriter(w),
		box: bounds{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)},
	}
	out.raw(`{"type":"FeatureCollection"`)
	for _, m := range []struct{ name, value string }{
		{"name", c.Name}, {"source", c.URL}, {"license", c.Licence}, {"attribution", c.Attribution},
	} {
		if m.value != "" {
			out.member(m.name, m.value)
		}
	}
	out.raw(`,"features":[`)
	separator := "\n"
	for i, err := range entries {
		if err != nil {
			return err
		}
		out.raw(separator)
		separator = ",\n"
		out.feature(i)
		if out.err != nil {
			break
		}
	}
	out.raw("\n]")
	if out.box.West <= out.box.East {
		out.member("bbox", []float64{out.box.West, out.box.South, out.box.East, out.box.North})
	}
	out.raw("}\n")
	if out.err == nil {
		out.err = out.w.Flush()
	}
	if out.err != nil {
		return fmt.Errorf("write geojson: %w", out.err)
	}
	return nil
}

// featureWriter writes until the first error.
type featureWriter struct {
	w   *bufio.Writer
	box bounds
	err error
}

func (o *featureWriter) raw(s string) {
	if o.err == nil {
		_, o.err = o.w.WriteString(s)
	}
}

func (o *featureWriter) value(v any) {
	text, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.raw(string(text))
}

// member writes one more member of an object that has some.
func (o *featureWriter) member(name string, v any) {
	o.raw(",")
	o.value(name)
	o.raw(":")
	o.value(v)
}

func (o *featureWriter) feature(i *directory.Initiative) {
	o.raw(`{"type":"Feature"`)
	if i.ID != "" {
		o.member("id", i.ID)
	}
	if p := i.Place.Point; p != nil {
		o.box.add(*p)
		o.raw(`,"geometry":{"type":"Point","coordinates":`)
		o.value([]float64{p.Longitude, p.Latitude})
		o.raw("}")
	} else {
		o.raw(`,"geometry":null`)
	}
	o.raw(`,"properties":{"` + marker + `":1`)
	for _, c := range columns() {
		switch {
		case c.name == "id" || c.name == "latitude" || c.name == "longitude" || c.name == "website":
		case c.name == "links":
			if len(i.Links) > 0 {
				o.member(c.name, i.Links)
			}
		case c.list != nil:
			if list := c.list(i); len(list) > 0 {
				o.member(c.name, list)
			}
		default:
			if text := c.text(i); text != "" {
				o.member(c.name, text)
			}
		}
	}
	o.history(i)
	o.raw("}}")
}

// history writes what is for other readers and not read back.
func (o *featureWriter) history(i *directory.Initiative) {
	if i.ID != "" {
		o.member("url", i.ID)
	}
	if i.Origin != "" {
		o.member("origin", i.Origin)
	}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"published", i.Published}, {"updated", i.Updated}} {
		if !t.at.IsZero() {
			o.member(t.name, t.at.UTC().Format(time.RFC3339Nano))
		}
	}
}
