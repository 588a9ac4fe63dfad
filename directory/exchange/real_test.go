package exchange_test

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

const (
	susyFile = "susy-transformap-europe.nocontact.geojson"
	ukFile   = "coops-uk-standard-2022Q2.csv"
)

// realFile opens one of the shared files, or skips the test where they are not.
func realFile(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the shared data is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// all reads everything and fails on an error about the file.
func all(t testing.TB, format string, r io.Reader, o exchange.Options) ([]*exchange.Record, []*exchange.RowError) {
	t.Helper()
	var records []*exchange.Record
	var bad []*exchange.RowError
	for r, err := range exchange.Read(format, r, o) {
		if row, ok := errors.AsType[*exchange.RowError](err); ok {
			bad = append(bad, row)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records, bad
}

// report prints the figures of a reading with -v.
func report(t *testing.T, records []*exchange.Record, bad []*exchange.RowError) exchange.Tally {
	t.Helper()
	var tally exchange.Tally
	forms, tagged := 0, 0
	for _, r := range records {
		tally.Add(r, nil)
		if len(r.Initiative.Forms) > 0 {
			forms++
		}
		if len(r.Initiative.Tags) > 0 {
			tagged++
		}
		for _, w := range r.Warnings {
			t.Logf("line %d: %s: %s: %s", r.Line, w.Problem, w.Field, w.Text)
		}
	}
	for _, b := range bad {
		tally.Add(nil, b)
		t.Log(b)
	}
	t.Logf("%d records, %d bad rows, %d with a point, %d with a form, %d with tags", tally.Records, tally.BadRows, tally.WithPoint, forms, tagged)
	for name, counts := range map[string]map[string]int{"countries": tally.Countries, "main forms": tally.Forms} {
		var lines []string
		for _, key := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] }) {
			lines = append(lines, key+" "+strconv.Itoa(counts[key]))
		}
		t.Logf("%d %s: %s", len(counts), name, strings.Join(lines, ", "))
	}
	for _, p := range tally.Problems() {
		t.Logf("warnings of %s: %d", p, tally.Warnings[p])
	}
	return tally
}

func TestSUSY(t *testing.T) {
	mapping := &exchange.Mapping{Values: map[string]map[string]string{"country": {"sr": "SK"}}}
	records, bad := all(t, exchange.GeoJSON, realFile(t, susyFile), exchange.Options{Mapping: mapping})
	tally := report(t, records, bad)
	if len(records) != 1794 || len(bad) != 0 {
		t.Errorf("got %d records and %d bad rows, want 1794 and none", len(records), len(bad))
	}
	if tally.WithPoint != 1794 || tally.Forms[""] > 1200 {
		t.Errorf("got %d with a point and %d without a form", tally.WithPoint, tally.Forms[""])
	}
	// 76 say none, and Aberdeen is none.
	if tally.Countries[""] != 77 || tally.Countries["SK"] != 23 || tally.Countries["SR"] != 0 || tally.Countries["AT"] != 285 {
		t.Errorf("got countries %v", tally.Countries)
	}
	if want := map[exchange.Problem]int{exchange.BadCountry: 1, exchange.BadPoint: 4}; tally.Warnings[exchange.BadCountry] != 1 || tally.Warnings[exchange.BadPoint] != 4 {
		t.Errorf("got %v, want %v", tally.Warnings, want)
	}
	scripts := map[string]*unicode.RangeTable{"Greek": unicode.Greek, "Cyrillic": unicode.Cyrillic}
	for _, r := range records {
		i := r.Initiative
		if i.Source.Licence != "Public Domain" || i.Source.URL == "" || i.Source.ExternalID == "" {
			t.Fatalf("%s: got source %+v", i.Name, i.Source)
		}
		if strings.Contains(i.Description+i.Summary, "</") {
			t.Errorf("%s: HTML in %q", i.Name, i.Description)
		}
		for name, table := range scripts {
			if strings.IndexFunc(i.Summary, func(r rune) bool { return unicode.Is(table, r) }) >= 0 {
				delete(scripts, name)
			}
		}
	}
	if len(scripts) > 0 {
		t.Errorf("no summary in %v", scripts)
	}
}

// Without a mapping, SR is Suriname's code and its entries are in Slovakia.
func TestSUSYWithoutMapping(t *testing.T) {
	records, _ := all(t, exchange.GeoJSON, realFile(t, susyFile), exchange.Options{})
	n := 0
	for _, r := range records {
		if r.Initiative.Place.Country == "SR" {
			t.Errorf("%s is said to be in Suriname", r.Initiative.Name)
		}
		for _, w := range r.Warnings {
			if w.Problem == exchange.BadCountry && strings.Contains(w.Text, "Suriname") {
				n++
			}
		}
	}
	if n != 17 {
		t.Errorf("got %d warnings about SR, want 17", n)
	}
}

func TestCoopsUK(t *testing.T) {
	source := directory.Source{Name: "Co-operatives UK", URL: "https://www.uk.coop/resources/open-data", Licence: "ODC-By-1.0", Attribution: "Co-operatives UK"}
	records, bad := all(t, exchange.Mykomap, realFile(t, ukFile), exchange.Options{Source: source})
	tally := report(t, records, bad)
	if len(records) != 7272 || len(bad) != 0 {
		t.Errorf("got %d records and %d bad rows, want 7272 and none", len(records), len(bad))
	}
	if tally.WithPoint != 6970 || tally.Countries["GB"] != 7272 {
		t.Errorf("got %d with a point and countries %v", tally.WithPoint, tally.Countries)
	}
	for form, least := range map[string]int{"housing-coop": 650, "community-finance": 410, "worker-coop": 350, "energy-coop": 250, "food-coop": 250, "allotment-association": 199} {
		if tally.Forms[form] < least {
			t.Errorf("got %d of %s, want at least %d", tally.Forms[form], form, least)
		}
	}
	precisions := map[directory.Precision]int{}
	for _, r := range records {
		source.ExternalID = r.ID
		if r.Initiative.Source != source {
			t.Fatalf("got source %+v", r.Initiative.Source)
		}
		precisions[r.Initiative.Place.Precision]++
	}
	if want := map[directory.Precision]int{directory.Postcode: 6966, directory.Settlement: 4, "": 302}; !maps.Equal(precisions, want) {
		t.Errorf("got precisions %v, want %v", precisions, want)
	}
	if last := records[len(records)-1]; last.Line < 12900 {
		t.Errorf("the last record is said to be on line %d; addresses span lines", last.Line)
	}
}
