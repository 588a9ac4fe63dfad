package exchange

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// The formats.
const (
	GeoJSON = "geojson"
	Mykomap = "mykomap"
	CSV     = "csv"
)

// Formats lists the formats that Read takes.
func Formats() []string { return []string{GeoJSON, Mykomap, CSV} }

// Options say how a file is to be read. The zero value is fine.
type Options struct {
	// Mapping tells what the file's words mean; nil for none.
	Mapping *Mapping
	// Source tells where the file comes from. What is set here wins over the
	// mapping and the file; its URL is for entries without an own address.
	Source directory.Source
	// Language is that of texts that do not say theirs, in BCP 47; it wins over
	// the mapping's.
	Language string
}

// Record is one entry of a file.
type Record struct {
	Line  int // in the file, from 1, where the entry begins
	Index int // among the entries, from 1

	// ID is the entry's id in the file, or "". For what Write wrote it is the
	// initiative's id, while Initiative.Source says where that one came from.
	ID string

	// Initiative is valid but for what the caller has to give: ID, Origin, State
	// and dates; Handle where the file has none; Kind and Currents where it says
	// none, since they follow from the forms.
	Initiative *directory.Initiative

	Warnings []Warning
}

// Key returns what a second reading of the same file knows the entry by: the
// external id, else the id in the file, else the handle, else the name and the
// place in one.
func (r *Record) Key() string {
	i := r.Initiative
	for _, key := range []string{i.Source.ExternalID, r.ID, i.Handle} {
		if key != "" {
			return key
		}
	}
	return strings.Join([]string{i.Name, i.Place.Postcode, i.Place.Locality, i.Place.Country}, "|")
}

// RowError says why an entry was left out, or what else is wrong at a line. The
// reading goes on after it.
type RowError struct {
	Line  int    // from 1
	Index int    // of the entry, from 1; 0 for something else
	Field string // our name of the column, or the file's; may be ""
	Text  string // what is wrong
}

// Error returns "line 7: name: is missing".
func (e *RowError) Error() string {
	if e.Field == "" {
		return where(e.Line, e.Index) + ": " + e.Text
	}
	return where(e.Line, e.Index) + ": " + e.Field + ": " + e.Text
}

// Where tells people where in the file the entry is.
func (r *Record) Where() string { return where(r.Line, r.Index) }

// where counts entries too if lines alone do not tell them apart.
func where(line, index int) string {
	if index >= line {
		return fmt.Sprintf("line %d, entry %d", line, index)
	}
	return fmt.Sprintf("line %d", line)
}

// Problem is a sort of thing that was left out or put right in an entry.
type Problem string

// The problems.
const (
	BadCountry  Problem = "country"  // not recognised, or contradicted by the position
	BadPoint    Problem = "point"    // not on the globe, at 0,0, or latitude and longitude swapped
	BadLink     Problem = "link"     // not a web address
	BadImage    Problem = "image"    // not the web address of a picture
	BadFounded  Problem = "founded"  // not a date
	BadLanguage Problem = "language" // not a language tag
	BadForm     Problem = "form"     // no such seed form
	BadWord     Problem = "word"     // not one of the words of a vocabulary
	BadText     Problem = "text"     // characters were lost, or repaired
	TooMuch     Problem = "too much" // cut to what we keep
)

// Warning tells what was left out of an entry that was read, or put right in it.
type Warning struct {
	Problem Problem
	Field   string // our name of the column
	Text    string // what was there and what became of it
}

// Read streams the entries of r in one of the Formats.
//
// An error that is a *RowError concerns one entry and the reading goes on; after
// any other error, about the whole file, it is over. Memory does not grow with
// the file, but for eight bytes or so per entry to notice ids that occur twice.
//
// If r can seek, a geojson file is gone through twice, so that licence and
// source count wherever they stand in it.
func Read(format string, r io.Reader, o Options) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		im, err := newImporter(r, o)
		if err == nil {
			switch format {
			case GeoJSON:
				err = im.features(r, yield)
			case Mykomap:
				err = im.rows(mykomapLayout(), yield)
			case CSV:
				err = im.rows(csvLayout(), yield)
			default:
				err = directory.Invalidf("format", "%q is not one of %s", format, strings.Join(Formats(), ", "))
			}
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, fmt.Errorf("read %s: %w", format, err))
		}
	}
}

// Collection tells about all entries of a file that is written.
type Collection struct {
	Name        string
	URL         string // where it comes from
	Licence     string
	Attribution string
}

// Write writes the entries in geojson or csv, as they come. It stops at the
// first error of the entries and returns it.
func Write(format string, w io.Writer, entries iter.Seq2[*directory.Initiative, error], c Collection) error {
	switch format {
	case GeoJSON:
		return writeFeatures(w, entries, c)
	case CSV:
		return writeRows(w, entries)
	}
	return directory.Invalidf("format", "%q is not one of %s, %s", format, GeoJSON, CSV)
}

// Tally counts what a reading gave. The zero value is ready.
type Tally struct {
	Records   int
	BadRows   int
	WithPoint int
	Countries map[string]int // by code, "" for none
	Forms     map[string]int // by slug of the main form, "" for none
	Warnings  map[Problem]int
}

// Add counts one pair that Read gave. It reports false for an error that ends
// the reading.
func (t *Tally) Add(r *Record, err error) bool {
	if err != nil {
		_, row := err.(*RowError) //nolint:errorlint // Read gives it unwrapped
		if row {
			t.BadRows++
		}
		return row
	}
	if t.Countries == nil {
		t.Countries, t.Forms, t.Warnings = map[string]int{}, map[string]int{}, map[Problem]int{}
	}
	t.Records++
	if r.Initiative.Place.Point != nil {
		t.WithPoint++
	}
	t.Countries[r.Initiative.Place.Country]++
	t.Forms[r.Initiative.MainForm()]++
	for _, w := range r.Warnings {
		t.Warnings[w.Problem]++
	}
	return true
}

// Problems lists the problems that occurred, in alphabetical order.
func (t *Tally) Problems() []Problem { return slices.Sorted(maps.Keys(t.Warnings)) }
