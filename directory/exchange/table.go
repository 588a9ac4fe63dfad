package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// layout is what a format of rows and columns says by itself.
type layout struct {
	required []string               // headings that must be there
	columns  map[string]string      // heading, in lower case -> our column
	verbatim bool                   // our own
	fill     func(*draft, tableRow) // does the rest
}

// tableRow gives the cells of a row by their heading in lower case.
type tableRow struct {
	headings map[string]int
	cells    []string
}

func (r tableRow) cell(heading string) string {
	if n, ok := r.headings[heading]; ok && n < len(r.cells) {
		return strings.TrimSpace(r.cells[n])
	}
	return ""
}

// csvLayout is that of our own csv.
func csvLayout() layout {
	own := map[string]string{}
	for _, name := range Columns() {
		own[name] = name
	}
	return layout{required: []string{"name"}, columns: own, verbatim: true, fill: func(*draft, tableRow) {}}
}

// table is a file of rows under way.
type table struct {
	layout
	in       *rewinder
	csv      *csv.Reader
	begin    int64    // offset at which csv began to read
	above    int      // lines above that
	headings []string // as they are spelled
	columns  []string // ours, by position; "" for none
	mapped   []bool   // by the mapping
	byName   map[string]int
}

// rows reads a file of rows and columns.
func (im *importer) rows(l layout, yield func(*Record, error) bool) error {
	t, err := im.header(l, yield)
	if err != nil {
		return err
	}
	for {
		im.in.next()
		start := t.offset()
		t.in.forget(start)
		cells, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if fault := t.misquoted(start, cells, err); fault != "" {
			line := im.skipLine(t, start)
			im.index++
			if !yield(nil, &RowError{Line: line, Index: im.index, Text: fault + "; reading went on in the line after it"}) {
				return errStopped
			}
			continue
		}
		if err != nil {
			return err
		}
		_, repaired := im.in.pass(t.offset())
		if blank(cells) {
			continue
		}
		line, _ := t.csv.FieldPos(0)
		if !yield(im.row(t, cells, t.above+line, repaired)) {
			return errStopped
		}
	}
}

// offset returns that of the end of the last row.
func (t *table) offset() int64 { return t.begin + t.csv.InputOffset() }

// read begins to read rows where the input is.
func (t *table) read(comma rune) {
	t.csv = csv.NewReader(t.in)
	t.csv.Comma = comma
	t.csv.FieldsPerRecord = -1
	t.csv.LazyQuotes = !t.verbatim
	t.csv.ReuseRecord = true
}

// misquoted says what is wrong with the quotation marks of the row at an offset,
// which may have taken other rows for a part of it. Where stray marks are borne, a
// cell with a line that is itself a row shows it.
func (t *table) misquoted(start int64, cells []string, err error) string {
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		return pe.Err.Error()
	}
	if errors.Is(err, errTooLong) && bytes.ContainsRune(t.in.from(start), '\n') {
		return "a quotation mark is not closed"
	}
	const fewest = 5 // columns, for a line of prose not to look like a row
	if err != nil || t.verbatim || len(t.headings) < fewest {
		return ""
	}
	for _, cell := range cells {
		for _, line := range strings.Split(cell, "\n")[1:] {
			if strings.Count(line, string(t.csv.Comma)) >= len(t.headings)-1 {
				return "a quotation mark is not closed"
			}
		}
	}
	return ""
}

// skipLine has the table go on after the line on which the row at an offset
// begins, whatever was read of it, and returns that line.
func (im *importer) skipLine(t *table, start int64) (line int) {
	line, _ = im.in.pass(start)
	rest := t.in.from(start)
	for len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r') { // blank lines are no rows
		if rest[0] == '\n' {
			line++
		}
		rest, start = rest[1:], start+1
	}
	if n := bytes.IndexByte(rest, '\n'); n >= 0 {
		start += int64(n) + 1
	} else {
		start += int64(len(rest))
	}
	im.in.pass(start)
	t.begin, t.above = start, line
	t.in.seek(start)
	t.read(t.csv.Comma)
	return line
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// header reads the first line. Columns that nobody knows are reported and left.
func (im *importer) header(l layout, yield func(*Record, error) bool) (*table, error) {
	t := &table{layout: l, in: &rewinder{src: im.in}, byName: map[string]int{}}
	t.read(separator(t.in.peek(chunk)))
	first, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("read the headings: %w", err)
	}
	var unknown []string
	for n, heading := range first {
		heading = strings.TrimSpace(strings.Clone(heading))
		name := strings.ToLower(heading)
		column, mapped := im.mapping.column(heading)
		if !mapped {
			column = l.columns[name]
		}
		if column == "" && !mapped && l.verbatim && heading != "" {
			unknown = append(unknown, heading)
		}
		t.headings, t.columns, t.mapped = append(t.headings, heading), append(t.columns, column), append(t.mapped, mapped)
		if _, twice := t.byName[name]; !twice {
			t.byName[name] = n
		}
	}
	if err := t.complete(); err != nil {
		return nil, err
	}
	for _, heading := range unknown {
		if !yield(nil, &RowError{Line: 1, Field: heading, Text: "is not a column we know and was left out; a mapping can name it"}) {
			return nil, errStopped
		}
	}
	return t, nil
}

// separator finds what parts the cells of the first line.
func separator(start []byte) rune {
	first, _, _ := strings.Cut(string(start), "\n")
	for _, s := range []rune{',', ';', '\t'} {
		if strings.ContainsRune(first, s) {
			return s
		}
	}
	return ','
}

// complete checks that the required headings are there, mapped or not.
func (t *table) complete() error {
	var missing []string
	for _, heading := range t.required {
		if _, ok := t.byName[strings.ToLower(heading)]; !ok && !slices.Contains(t.columns, t.layout.columns[strings.ToLower(heading)]) {
			missing = append(missing, heading)
		}
	}
	if len(missing) > 0 {
		return directory.Invalidf("headings", "%s missing on the first line", strings.Join(missing, " and ")+verb(len(missing)))
	}
	return nil
}

func verb(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// row makes an entry of a row's cells.
func (im *importer) row(t *table, cells []string, line, repaired int) (*Record, error) {
	d := im.draft(line)
	d.verbatim = t.verbatim
	if len(cells) > len(t.headings) {
		return nil, d.bad("", "has %d cells, the first line %d; a quotation mark or separator is out of place", len(cells), len(t.headings))
	}
	d.repaired(repaired)
	for n, cell := range cells {
		column := t.columns[n]
		if column == "" {
			continue
		}
		if t.verbatim {
			cell = unguard(cell)
		}
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		switch {
		case column == "id":
			d.id = tidy(cell)
		case t.mapped[n] && !t.verbatim:
			im.assign(d, column, cell)
		default:
			im.set(d, column, cell)
		}
	}
	t.fill(d, tableRow{t.byName, cells})
	return im.entry(d)
}

// writeRows writes our own csv.
func writeRows(w io.Writer, entries iter.Seq2[*directory.Initiative, error]) error {
	out := csv.NewWriter(w)
	all := columns()
	if err := out.Write(Columns()); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	cells := make([]string, len(all))
	for i, err := range entries {
		if err != nil {
			return err
		}
		for n, c := range all {
			switch {
			case c.list != nil:
				cells[n] = guard(joinList(c.list(i)))
			case c.name == "latitude" || c.name == "longitude":
				cells[n] = c.text(i)
			default:
				cells[n] = guard(c.text(i))
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}
