package exchange

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"golang.org/x/text/language"

	"codeberg.org/commonage/commonage/directory"
)

// errStopped ends a reading whose reader has had enough.
var errStopped = errors.New("stopped")

// importer is the reading of one file. What it holds in tables goes with it.
type importer struct {
	in        *input
	mapping   *Mapping
	source    directory.Source // from options and mapping: wins
	file      directory.Source // what the file says of itself
	language  string
	classes   classes
	columns   []string // our own
	tagged    []taggedColumn
	countries Countries
	seed      maphash.Seed
	seen      map[uint64]int // hash of an id -> its line
	index     int
}

func newImporter(r io.Reader, o Options) (*importer, error) {
	im := &importer{
		in: newInput(r), mapping: o.Mapping, source: o.Source, language: o.Language,
		classes: knownClasses(), columns: Columns(), tagged: taggedColumns(), seed: maphash.MakeSeed(), seen: map[uint64]int{},
	}
	if im.mapping == nil {
		im.mapping = &Mapping{}
	}
	im.source = or(o.Source, im.mapping.Source)
	if im.language == "" {
		im.language = im.mapping.Language
	}
	if im.language != "" {
		if _, err := language.Parse(im.language); err != nil {
			return nil, directory.Invalidf("language", "%q is not a tag such as en or pt-BR", im.language)
		}
	}
	if im.source.URL != "" {
		if err := directory.ValidateURL("source url", im.source.URL); err != nil {
			return nil, err
		}
	}
	return im, nil
}

// or fills what s leaves empty from t.
func or(s, t directory.Source) directory.Source {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&s.Name, t.Name},
		{&s.URL, t.URL},
		{&s.Licence, t.Licence},
		{&s.Attribution, t.Attribution},
		{&s.ExternalID, t.ExternalID},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	return s
}

// sourceOf returns the source of an entry that says own of itself. An address of
// the entry's own is better than the collection's. What is of our own format and
// says anything of its source says all of it: one without a name shall stay so.
func (im *importer) sourceOf(own directory.Source, verbatim bool) directory.Source {
	set := im.source
	if own.URL != "" {
		set.URL = ""
	}
	set.ExternalID = ""
	if set = or(set, own); verbatim && own != (directory.Source{}) {
		return set
	}
	return or(set, im.file)
}

// repeated returns the line of an earlier entry with the same id, or 0.
func (im *importer) repeated(id string, line int) int {
	if id == "" {
		return 0
	}
	hash := maphash.String(im.seed, id)
	if first, ok := im.seen[hash]; ok {
		return first
	}
	im.seen[hash] = line
	return 0
}

// draft is an entry as its source has it.
type draft struct {
	line, index int
	verbatim    bool // of our own format: texts stay as they are
	id          string
	values      map[string]string // by our column
	texts       []translation     // descriptions, the main one first
	notes       []string          // Markdown paragraphs for the end of the description
	links       []directory.Link  // further ones, checked when the entry is made
	types       []string          // what the source calls it
	codes       []string          // likewise, but not fit for tags: for the mapping only
	forms       []string          // that follow from several values at once
	tags        []string
	languages   []string
	warnings    []Warning
}

// translation is a text in a language, "" for unknown.
type translation struct{ language, text string }

func (im *importer) draft(line int) *draft {
	im.index++
	return &draft{line: line, index: im.index, values: map[string]string{}}
}

func (d *draft) warn(p Problem, field, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{Problem: p, Field: field, Text: fmt.Sprintf(format, args...)})
}

// repaired warns of characters that were repaired in the text of the entry.
func (d *draft) repaired(n int) {
	if n > 0 {
		d.warn(BadText, "text", "what was not UTF-8, %d times, was taken for Windows-1252", n)
	}
}

func (d *draft) bad(field, format string, args ...any) *RowError {
	return &RowError{Line: d.line, Index: d.index, Field: field, Text: fmt.Sprintf(format, args...)}
}

// set gives a column its value unless it has one. Values are what the mapping
// says they mean.
func (im *importer) set(d *draft, column, value string) {
	if value == "" || d.values[column] != "" {
		return
	}
	d.values[column] = im.mapping.value(column, value)
}

// assign gives a column the value that the mapping says it has; columns that
// hold several things take it beside what they have.
func (im *importer) assign(d *draft, column, value string) {
	value = im.mapping.value(column, value)
	switch column {
	case "":
	case "forms":
		d.types = append(d.types, keywords(value)...)
	case "tags":
		d.tags = append(d.tags, keywords(value)...)
	case "description":
		d.texts = append([]translation{{"", value}}, d.texts...)
	case "links":
		d.links = append(d.links, directory.Link{URL: value})
	default:
		d.values[column] = value
	}
}
