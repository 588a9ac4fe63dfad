package exchange

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/idna"

	"codeberg.org/commonage/commonage/directory"
)

// Blocklist is a list of blocked servers in the form that Mastodon exports and
// other software reads.
type Blocklist struct {
	Blocks  []directory.Block
	Skipped []error // a *RowError for each line that says nothing we can act on
}

// maxBlocklist is how many lines are read.
const maxBlocklist = 200_000

// ReadBlocklist reads a domain block list: a CSV with a header such as
// #domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate, its
// cells parted by commas, semicolons or tabs, or nothing but a domain on each line.
// The severity suspend becomes a block, also where none is given, and silence a
// limit. A table without a column of domains is an *Invalid error about headings.
func ReadBlocklist(r io.Reader) (*Blocklist, error) {
	in := bufio.NewReaderSize(newInput(r), chunk)
	start, _ := in.Peek(chunk) //nolint:errcheck // who reads it meets it again
	rows := csv.NewReader(in)
	rows.Comma = separator(start)
	rows.FieldsPerRecord, rows.LazyQuotes, rows.TrimLeadingSpace = -1, true, rows.Comma != '\t'
	list := &Blocklist{}
	var columns map[string]int // until it is known what they are, nil
	seen := map[string]bool{}
	for n := 0; ; n++ {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read block list: %w", err)
		}
		if n == maxBlocklist {
			return nil, fmt.Errorf("read block list: it has more than %d lines", maxBlocklist)
		}
		if columns == nil {
			var isHeader bool
			if columns, isHeader, err = blockColumns(cells); err != nil {
				return nil, fmt.Errorf("read block list: %w", err)
			}
			if isHeader || columns == nil {
				continue
			}
		}
		line, _ := rows.FieldPos(0)
		block, err := readBlock(cells, columns)
		switch {
		case err != nil:
			list.Skipped = append(list.Skipped, &RowError{Line: line, Text: err.Error()})
		case block != nil && !seen[block.Subject]:
			seen[block.Subject] = true
			list.Blocks = append(list.Blocks, *block)
		}
	}
}

// blockColumns returns where the first line that is no comment has what, and whether
// it is a header. Of a comment it returns nil.
func blockColumns(cells []string) (columns map[string]int, isHeader bool, err error) {
	columns = map[string]int{}
	filled := 0
	for k, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell != "" {
			filled++
		}
		name := strings.TrimPrefix(strings.ToLower(cell), "#")
		if name == "domain_name" || name == "instance" {
			name = "domain"
		}
		if _, twice := columns[name]; !twice {
			columns[name] = k
		}
	}
	_, isHeader = columns["domain"]
	switch {
	case isHeader:
		return columns, true, nil
	case strings.HasPrefix(strings.TrimSpace(cells[0]), "#") || filled == 0:
		return nil, false, nil
	case filled > 1:
		return nil, false, directory.Invalidf("headings", "none of the columns on the first line is called domain, as in a list of servers")
	}
	return map[string]int{"domain": 0}, false, nil
}

// readBlock reads one line; one that is empty or a comment is nil.
func readBlock(cells []string, columns map[string]int) (*directory.Block, error) {
	cell := func(name string) string {
		if k, ok := columns[name]; ok && k < len(cells) {
			return strings.TrimSpace(cells[k])
		}
		return ""
	}
	domain := strings.TrimPrefix(strings.ToLower(cell("domain")), "*.") // subdomains are meant anyway
	switch {
	case domain == "" || strings.HasPrefix(domain, "#"):
		return nil, nil //nolint:nilnil // the caller asks for nil
	case strings.Contains(domain, "*"):
		return nil, fmt.Errorf("%q is obfuscated", domain)
	}
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	b := &directory.Block{Subject: domain, Kind: directory.Blocked, Reason: head(cell("public_comment"), directory.MaxReason)}
	switch severity := strings.ToLower(cell("severity")); severity {
	case "", "suspend":
	case "silence", "limit":
		b.Kind = directory.Limited
	case "noop":
		return nil, fmt.Errorf("%s: severity noop asks for nothing we do", domain)
	default:
		return nil, fmt.Errorf("%s: severity %q is not suspend, silence or noop", domain, severity)
	}
	if strings.Contains(domain, "/") {
		return nil, fmt.Errorf("%q is not a domain", domain)
	}
	if b.IsName() {
		return nil, fmt.Errorf("%q has no dot, so it is no server's name", domain)
	}
	return b, b.Validate()
}

func head(s string, limit int) string {
	r := []rune(s)
	return string(r[:min(len(r), limit)])
}

// WriteBlocklist writes the decisions about servers as Mastodon reads them, and
// returns those that such a list cannot hold: exceptions, and single actors.
func WriteBlocklist(w io.Writer, blocks []directory.Block) (left []directory.Block, err error) {
	rows := csv.NewWriter(w)
	lines := [][]string{{"#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"}}
	for _, b := range blocks {
		severity := map[directory.BlockKind]string{directory.Blocked: "suspend", directory.Limited: "silence"}[b.Kind]
		if severity == "" || b.IsActor() {
			left = append(left, b)
			continue
		}
		lines = append(lines, []string{b.Subject, severity, "false", "false", b.Reason, "false"})
	}
	if err := rows.WriteAll(lines); err != nil {
		return left, fmt.Errorf("write block list: %w", err)
	}
	return left, nil
}
