package exchange_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

func TestOwnCSV(t *testing.T) {
	text := "\uFEFFName,handle,Description,languages,forms,kind,currents,tags,website,links,country,latitude,longitude,founded\r\n" +
		"Repair café,repair,\"Line *one*\r\nline two\",nl;fr,\"repair-cafe; tool-library\",urban,share;care,\"a;b\\;c;d\\\\\"," +
		"https://x.org/,Blog <https://b.org/>;https://c.org/,Belgien,51.05,-3.7,2016-05\r\n" +
		"\r\n" +
		"'=SUM(A1),,'tis plain,,unknown-form,,,'-5 °C,,,,,,\r\n"
	records, bad := all(t, exchange.CSV, strings.NewReader(text), exchange.Options{})
	if len(bad) > 0 || len(records) != 2 {
		t.Fatalf("got %d records, bad rows %v", len(records), bad)
	}
	want := &directory.Initiative{
		Name: "Repair café", Handle: "repair", Description: "Line *one*\nline two", Languages: []string{"nl", "fr"},
		Forms: []string{"repair-cafe", "tool-library"}, Kind: directory.Urban, Currents: []directory.Current{directory.Share, directory.Care},
		Tags:    []string{"a", "b;c", `d\`},
		Links:   []directory.Link{{Name: "Website", URL: "https://x.org/"}, {Name: "Blog", URL: "https://b.org/"}, {Name: "Website", URL: "https://c.org/"}},
		Place:   directory.Place{Country: "BE", Point: &directory.Point{Latitude: 51.05, Longitude: -3.7}},
		Founded: "2016-05",
	}
	if diff := cmp.Diff(want, records[0].Initiative); diff != "" {
		t.Error(diff)
	}
	second := records[1]
	if i := second.Initiative; i.Name != "=SUM(A1)" || i.Description != "'tis plain" || !cmp.Equal(i.Tags, []string{"-5 °C", "unknown-form"}) {
		t.Errorf("got %+v", i)
	}
	if second.Line != 5 || second.Index != 2 || len(second.Warnings) != 1 || second.Warnings[0].Problem != exchange.BadForm {
		t.Errorf("got line %d, index %d, warnings %v", second.Line, second.Index, second.Warnings)
	}
}

// A quotation mark that is not closed costs its own row and no other.
func TestCSVQuoteIsOpen(t *testing.T) {
	wide := func(name string) string { return name + ",b,c,d,e,f\n" }
	for name, test := range map[string]struct {
		format, text string
		want         []string // names, and lines of errors
	}{
		"closed by another row":   {exchange.CSV, "id,name\n1,\"Open\n2,Two\n\n3,Three\n4,\"Four\"\n5,Five\n", []string{"line 2", "Two", "Three", "Four", "Five"}},
		"never closed":            {exchange.CSV, "id,name\n1,One\n\n2,\"Open\n3,Three\r\n4,Four\n", []string{"One", "line 4", "Three", "Four"}},
		"in the last row":         {exchange.CSV, "id,name\n1,One\n2,\"Open", []string{"One", "line 3"}},
		"in two rows":             {exchange.CSV, "id,name\n1,\"Open\n2,\"Open too\n3,Three\n", []string{"line 2", "line 3", "Three"}},
		"many lines that are one": {exchange.CSV, "id,name,description\n1,One,\"a,b,c\nd,e,f\n\"\n2,Two,\n", []string{"One", "Two"}},
		"more than an entry may hold": {
			exchange.CSV, "id,name\n1,\"Open\n" + strings.Repeat("2,Two\n", 10) + "3," + strings.Repeat("x", 9<<20), []string{
				"line 2", "Two", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10", "line 11", "line 12", "xxxxx",
			},
		},
		"where stray marks are borne": {
			exchange.Mykomap, "Identifier,Name,b,c,d,e,f\n" + wide("1,One") + wide("2,\"Open") + wide("3,Three") + wide("4,\"Four\"") + wide("5,Fi\"ve"),
			[]string{"One", "line 3", "Three", "Four", "Fi\"ve"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for r, err := range exchange.Read(test.format, strings.NewReader(test.text), exchange.Options{}) {
				if bad, ok := errors.AsType[*exchange.RowError](err); ok {
					got = append(got, fmt.Sprintf("line %d", bad.Line))
				} else if err == nil {
					got = append(got, r.Initiative.Name[:min(5, len(r.Initiative.Name))])
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCSVErrors(t *testing.T) {
	text := "name;kind;latitude;longitude;handle;colour;id\n" +
		"a;;;;;red;1\n" +
		";urban;;;;;2\n" +
		"b;nonsense;;;;;3\n" +
		"c;;51;;;;4\n" +
		"d;;;;A B;;5\n" +
		"e;;;;;;6;7\n" +
		"f\"g;;;;;;8\n" +
		"h;;;;;;1\n" +
		"i\n"
	records, bad := all(t, exchange.CSV, strings.NewReader(text), exchange.Options{})
	var got []string
	for _, b := range bad {
		got = append(got, b.Error())
	}
	want := []string{
		"line 1: colour: is not a column we know and was left out; a mapping can name it",
		"line 3: name: is missing",
		`line 4: kind: "nonsense" is not one of urban, productive, knowledge, natural, migrant`,
		`line 5: longitude: "" is not a number of degrees`,
		`line 6: handle: "a b" must be 1 to 30 of a-z, 0-9 and _, and none of the instance's own`,
		"line 7: has 8 cells, the first line 7; a quotation mark or separator is out of place",
		"line 8: bare \" in non-quoted-field; reading went on in the line after it",
		`line 9: id: "1" was on line 2 already`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(records) != 2 || records[1].Initiative.Name != "i" {
		t.Errorf("got %d records", len(records))
	}
}

func TestNotUTF8(t *testing.T) {
	for format, text := range map[string]string{
		exchange.CSV:     "name,tags\nplain,\nCaf\xe9 \x80,\xfcber\n",
		exchange.Mykomap: "Identifier,Name,Sector\n1,plain,\n2,Caf\xe9 \x80,\xfcber\n",
		exchange.GeoJSON: collection(`{"properties":{"name":"plain"}}`, "{\"properties\":{\"name\":\"Caf\xe9 \x80\",\"tags\":\"\xfcber\"}}"),
	} {
		records, bad := all(t, format, strings.NewReader(text), exchange.Options{})
		if len(records) != 2 || len(bad) > 0 {
			t.Fatalf("%s: got %d records, %v", format, len(records), bad)
		}
		if len(records[0].Warnings) != 0 {
			t.Errorf("%s: got warnings %v of a good row", format, records[0].Warnings)
		}
		got := records[1]
		if got.Initiative.Name != "Café €" || !cmp.Equal(got.Initiative.Tags, []string{"über"}) {
			t.Errorf("%s: got %q, %q", format, got.Initiative.Name, got.Initiative.Tags)
		}
		if len(got.Warnings) != 1 || got.Warnings[0].Problem != exchange.BadText {
			t.Errorf("%s: got warnings %v", format, got.Warnings)
		}
	}
}

func TestLongText(t *testing.T) {
	text := "name,description\n" + strings.Repeat("nn ", 100) + "," + strings.Repeat("word ", 4000) + "\n"
	records, _ := all(t, exchange.CSV, strings.NewReader(text), exchange.Options{})
	got := records[0]
	if n, d := []rune(got.Initiative.Name), []rune(got.Initiative.Description); len(n) > 200 || len(n) < 190 || len(d) > 15000 || len(d) < 14990 || d[len(d)-1] != '…' {
		t.Errorf("got name of %d and description of %d characters", len(n), len(d))
	}
	if len(got.Warnings) != 2 || got.Warnings[0].Problem != exchange.TooMuch {
		t.Errorf("got warnings %v", got.Warnings)
	}
}

const mykomapHead = "Identifier,Name,Description,Organisational Structure,Primary Activity,Street Address,Postcode,Country ID,Website,Twitter," +
	"Membership Type,Latitude,Longitude,Geo Container,Geo Container Latitude,Geo Container Longitude,Sector,SIC Code,Ownership Classification,Legal Form\n"

func TestMykomap(t *testing.T) {
	text := mykomapHead +
		"R1,The Shop,,https://x/OS130,https://x/ICA260,\"1 Angel Square,\nCentre\",M60 0AG,GB,http://www.shop.coop,@shop," +
		"https://x/BMT10,,,http://data.ordnancesurvey.co.uk/id/postcodeunit/M600AG,53.488061,-2.237449,Retail,47110,Consumers,Society\n" +
		"R2,\"Two \"\"lazy\"\" quotes\",Text,,,,,GB,,,,1.5,2.5,,9,9,,,,\n"
	o := exchange.Options{Source: directory.Source{Name: "Co-operatives UK", URL: "https://www.uk.coop/", Licence: "ODC-By-1.0", Attribution: "Co-operatives UK"}}
	records, bad := all(t, exchange.Mykomap, strings.NewReader(text), o)
	if len(bad) > 0 || len(records) != 2 {
		t.Fatalf("got %d records, %v", len(records), bad)
	}
	source := o.Source
	source.ExternalID = "R1"
	want := &directory.Initiative{
		Name: "The Shop", Forms: []string{"food-coop"}, Tags: []string{"retail", "food shop", "consumer co-op"},
		Place: directory.Place{
			Address: "1 Angel Square\nCentre", Postcode: "M60 0AG", Country: "GB",
			Point: &directory.Point{Latitude: 53.488061, Longitude: -2.237449}, Precision: directory.Postcode,
		},
		Links:  []directory.Link{{Name: "Website", URL: "http://www.shop.coop"}, {Name: "Twitter", URL: "https://twitter.com/shop"}},
		Source: source,
	}
	if diff := cmp.Diff(want, records[0].Initiative); diff != "" {
		t.Error(diff)
	}
	if p := records[1].Initiative.Place; *p.Point != (directory.Point{Latitude: 1.5, Longitude: 2.5}) || p.Precision != "" {
		t.Errorf("got %v %q: own coordinates go before those of the container", p.Point, p.Precision)
	}
	if records[1].Line != 4 {
		t.Errorf("got line %d, want 4", records[1].Line)
	}
}

func TestMykomapForms(t *testing.T) {
	for _, c := range []struct {
		name, structure, sector, sic, owners string
		want                                 []string
	}{
		{"A CU", "OS130", "Finance", "64921", "Consumers", []string{"community-finance"}},
		{"Sun", "OS130", "Energy and Environment", "35110", "Community of Interest", []string{"energy-coop"}},
		{"Homes", "", "Housing", "68201", "Tenants", []string{"housing-coop"}},
		{"Homes", "", "Housing", "68201", "", []string{"housing-coop"}},
		{"Moorings", "", "Housing", "68209", "Community of Interest", nil},
		{"Calder Community Land Trust", "", "Housing", "68209", "Community of Interest", []string{"community-land-trust"}},
		{"Vanilla Cohousing", "", "Housing", "68209", "Tenants", []string{"cohousing", "housing-coop"}},
		{"Plots", "", "Other", "98100", "Consumers", []string{"allotment-association"}},
		{"Allotment Club", "", "Sports", "56301", "Consumers", nil},
		{"Bread", "", "Retail", "47240", "Workers", []string{"worker-coop"}},
		{"Bread", "", "Retail", "47240", "Consumers", []string{"food-coop"}},
		{"Pub", "", "Food", "56302", "Consumers", nil},
		{"Club", "", "Membership associations, social clubs and trade unions", "94990", "Consumers", nil},
		{"Net", "", "Digital", "61000", "Community of Interest", []string{"community-network"}},
		{"Any", "OS60", "", "", "", []string{"worker-coop"}},
		{"Any", "OS70", "", "", "", []string{"housing-coop"}},
	} {
		text := "Identifier,Name,Organisational Structure,Sector,SIC Code,Ownership Classification\n" +
			"1," + c.name + ",https://x/" + c.structure + ",\"" + c.sector + "\"," + c.sic + "," + c.owners + "\n"
		records, _ := all(t, exchange.Mykomap, strings.NewReader(text), exchange.Options{})
		if diff := cmp.Diff(c.want, records[0].Initiative.Forms); diff != "" {
			t.Errorf("%+v: %s", c, diff)
		}
	}
}
