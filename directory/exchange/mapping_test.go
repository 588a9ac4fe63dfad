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

func ExampleReadMapping() {
	mapping, err := exchange.ReadMapping(strings.NewReader(`
language = "de"

[source]
name = "Karte der Stadt"
url = "https://karte.example/"
licence = "CC-BY-4.0"
attribution = "Stadt und Land e. V."

[columns]
"Titel" = "name"
"Art" = "forms"
"Notiz" = ""

[values.country]
SR = "SK"

[forms]
"Offene Werkstatt" = "fab-lab"
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	file := strings.NewReader(`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,
		"properties":{"Titel":"Werkstatt Ost","Art":"Offene Werkstatt; Café","Notiz":"geheim","addr:country":"SR"}}]}`)
	for r, err := range exchange.Read(exchange.GeoJSON, file, exchange.Options{Mapping: mapping}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		i := r.Initiative
		fmt.Println(i.Name, i.Forms, i.Tags, i.Place.Country)
		fmt.Println(i.Source.Name, i.Source.URL, i.Source.Licence)
	}
	// Output:
	// Werkstatt Ost [fab-lab] [café] SK
	// Karte der Stadt https://karte.example/ CC-BY-4.0
}

func TestWrongMappings(t *testing.T) {
	for text, want := range map[string]string{
		"lingua = \"de\"\n":                     `mapping line 1: "lingua" is not one of language, [source], [columns], [values.COLUMN], [forms]`,
		"[source]\nname=\"x\"\nlicense=\"y\"\n": `mapping line 3: "source.license" is not one of source.name, source.url, source.licence, source.attribution`,
		"\n[columns]\n\"A b\" = \"titel\"\n":    `mapping line 3: "titel" is not one of our columns: id, handle, name`,
		"[values.land]\nA = \"B\"\n":            `mapping line 1: "land" is not one of our columns: id`,
		"[forms]\nx = \"repair\"\n":             `mapping line 2: "repair" is not a seed form: `,
		"[source]\nurl = \"karte\"\n":           `mapping line 2: source.url: "karte" is not an http or https address`,
		"language = \"deutsch und mehr\"\n":     `mapping line 1: language "deutsch und mehr" is not a tag`,
		"language = \n":                         `mapping line 1: `,
		"a = 1\na = 2\n":                        `mapping line 2: `,
		"[columns]\na = 1\n":                    `mapping`,
	} {
		m, err := exchange.ReadMapping(strings.NewReader(text))
		invalid, ok := errors.AsType[*directory.Invalid](err)
		if !ok || m != nil || !strings.HasPrefix(invalid.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestMappedTable(t *testing.T) {
	m := &exchange.Mapping{
		Columns: map[string]string{"titel": "name", "nr": "id", "was": "tags", "egal": ""},
		Values:  map[string]map[string]string{"kind": {"stadt": "urban"}},
		Forms:   map[string]string{"werkzeug": "tool-library", "sic code=47610": "public-bookcase", "sector=retail": ""},
	}
	csv := "Nr,Titel,Was,Kind,forms,egal,fremd\n7,Ost,a; b,Stadt,Werkzeug;nix,x,y\n"
	records, bad := all(t, exchange.CSV, strings.NewReader(csv), exchange.Options{Mapping: m})
	if len(bad) != 1 || bad[0].Field != "fremd" {
		t.Errorf("got %v, want only the column fremd", bad)
	}
	want := &directory.Initiative{Name: "Ost", Kind: directory.Urban, Forms: []string{"tool-library"}, Tags: []string{"a", "b", "nix"}}
	if diff := cmp.Diff(want, records[0].Initiative); diff != "" || records[0].ID != "7" {
		t.Errorf("id %q: %s", records[0].ID, diff)
	}

	shop := "Identifier,Titel,SIC Code,Sector\n1,Books,47610,Retail\n"
	records, _ = all(t, exchange.Mykomap, strings.NewReader(shop), exchange.Options{Mapping: m})
	if got := records[0].Initiative; got.Name != "Books" || !cmp.Equal(got.Forms, []string{"public-bookcase"}) {
		t.Errorf("got %+v", got)
	}
}

func TestNoMissingColumnWhenMapped(t *testing.T) {
	for _, err := range exchange.Read(exchange.Mykomap, strings.NewReader("Titel\nx\n"),
		exchange.Options{Mapping: &exchange.Mapping{Columns: map[string]string{"titel": "name"}}}) {
		if err == nil || !strings.Contains(err.Error(), "headings: Identifier is missing on the first line") {
			t.Errorf("got %v", err)
		}
	}
}
