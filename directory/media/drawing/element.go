package drawing

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// document is an SVG that was read.
type document struct {
	root  *element
	byID  map[string]*element
	rules map[string]style // by selector: tag, .class or #id
	view  box
}

// element is one of a drawing, or of what drawings refer to.
type element struct {
	name       string
	attributes map[string]string
	children   []*element
	text       string // of <style>
}

// definitions are drawn where something refers to them.
var definitions = map[string]bool{"defs": true, "linearGradient": true, "radialGradient": true, "clipPath": true, "style": true}

// drawn are the elements that are known. What else a drawing has, from editors,
// for readers or to move it, is left out, unless it is in refused.
var drawn = map[string]bool{
	"svg": true, "g": true, "a": true, "switch": true, "use": true, "stop": true, "path": true, "rect": true, "circle": true,
	"ellipse": true, "line": true, "polyline": true, "polygon": true,
}

// refused would be missed in the picture.
var refused = map[string]bool{
	"text": true, "image": true, "pattern": true, "symbol": true, "mask": true, "filter": true, "marker": true, "foreignObject": true,
}

const svgSpace = "http://www.w3.org/2000/svg"

// Is reports whether data looks like a drawing, plain or compressed.
func Is(data []byte) bool {
	const enough = 4096
	head := bytes.ToLower(data[:min(len(data), enough)])
	return bytes.Contains(head, []byte("<svg")) || bytes.HasPrefix(head, []byte(packed))
}

// packed is how an SVGZ begins.
const packed = "\x1f\x8b"

// read takes a document apart. encoding/xml knows no entities but the five of
// XML itself, and loads nothing.
func read(data []byte) (*document, error) {
	var source io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte(packed)) {
		unpacked, err := gzip.NewReader(source)
		if err != nil {
			return nil, errors.New("is damaged")
		}
		source = io.LimitReader(unpacked, MaxBytes+1)
	}
	r := reader{decoder: xml.NewDecoder(source), doc: &document{byID: map[string]*element{}, rules: map[string]style{}}}
	r.decoder.CharsetReader = charset.NewReaderLabel
	for {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(token)
		} else {
			err = errors.New("is damaged or cut off")
		}
		if err == nil && r.decoder.InputOffset() > MaxBytes {
			err = fmt.Errorf("has more than %d MB", MaxBytes>>20)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.doc.root == nil {
		return nil, errors.New("is empty")
	}
	return r.doc, nil
}

// reader is where the reading of a document is.
type reader struct {
	decoder  *xml.Decoder
	doc      *document
	open     []*element
	elements int
}

func (r *reader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		if bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
			return errors.New("defines entities")
		}
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		e := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		if e.name == "style" {
			return r.doc.addRules(e.text)
		}
	case xml.CharData:
		if n := len(r.open); n > 0 && r.open[n-1].name == "style" {
			r.open[n-1].text += string(t)
		}
	}
	return nil
}

func (r *reader) start(t xml.StartElement) error {
	name := t.Name.Local
	if r.elements++; r.elements > maxElements {
		return errors.New("has too many elements")
	}
	known := (t.Name.Space == svgSpace || t.Name.Space == "") && (drawn[name] || definitions[name] || refused[name])
	if r.doc.root == nil && (name != "svg" || !known) {
		return errors.New("does not begin with <svg>")
	}
	if !known {
		if err := r.decoder.Skip(); err != nil {
			return errors.New("is damaged or cut off")
		}
		return nil
	}
	if len(r.open) >= maxDepth {
		return errors.New("is nested too deeply")
	}
	e := &element{name: name, attributes: make(map[string]string, len(t.Attr))}
	for _, a := range t.Attr {
		e.attributes[a.Name.Local] = strings.TrimSpace(a.Value)
	}
	if id := e.attributes["id"]; id != "" && r.doc.byID[id] == nil {
		r.doc.byID[id] = e
	}
	if n := len(r.open); n > 0 {
		r.open[n-1].children = append(r.open[n-1].children, e)
	} else if r.doc.root == nil {
		r.doc.root = e
	}
	r.open = append(r.open, e)
	return nil
}

// reference returns the id that the element refers to, or "".
func (e *element) reference() string {
	id, _ := strings.CutPrefix(e.attributes["href"], "#")
	return id
}

// local returns the id in url(#id), or "".
func local(value string) string {
	inner, opened := strings.CutPrefix(value, "url(")
	inner, _, closed := strings.Cut(inner, ")")
	id, found := strings.CutPrefix(strings.Trim(strings.TrimSpace(inner), `"'`), "#")
	if !opened || !closed || !found {
		return ""
	}
	return id
}
