package exchange_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// collection wraps features, one a line, from line 2 on.
func collection(features ...string) string {
	return `{"type":"FeatureCollection","license":"CC0-1.0","features":[` + "\n" + strings.Join(features, ",\n") + "\n]}"
}

// one reads a single feature with the properties at Ghent.
func one(t *testing.T, properties string, o exchange.Options) *exchange.Record {
	t.Helper()
	text := collection(`{"type":"Feature","properties":{` + properties + `},"geometry":{"type":"Point","coordinates":[3.72,51.05]}}`)
	records, bad := all(t, exchange.GeoJSON, strings.NewReader(text), o)
	if len(records) != 1 || len(bad) != 0 {
		t.Fatalf("got %d records, bad rows %v", len(records), bad)
	}
	return records[0]
}

func TestTaggedFeature(t *testing.T) {
	got := one(t, `
		"@id": "node/42", "name": "  Moestuin &amp; Co\u00a0", "amenity": "toy_library", "shop": "second_hand",
		"addr:street": "Kerkstraat", "addr:housenumber": "7", "addr:postcode": "9000,", "addr:city": "Gent ,",
		"addr:country": "België", "website": "WWW.Example.org; https://www.facebook.com/moestuin", "contact:facebook": "moestuin",
		"image": "https://example.org/a.jpg", "image:credit": "An", "image:license": "CC-BY",
		"description": "<p>Wij <b>delen</b> speelgoed.</p><ul><li>lenen</li><li>geven</li></ul><script>alert(1)</script>",
		"opening_hours": "Mo-Fr 09:00-17:00", "start_date": "21.05.2016", "disused:shop": "toys",
		"free_keywords": "Speelgoed;KINDEREN", "organic": "yes", "phone": "+32 9 000", "contact:email": "a@b.be"`,
		exchange.Options{Language: "nl"})
	want := &directory.Initiative{
		Name: "Moestuin & Co", Summary: "Wij delen speelgoed. lenen geven",
		Description: "Wij delen speelgoed.\n\n- lenen\n- geven\n\n**Opening hours:** Mo-Fr 09:00-17:00",
		Languages:   []string{"nl"}, Forms: []string{"toy-library"}, Founded: "2016-05-21",
		Tags: []string{"speelgoed", "kinderen", "organic", "second hand"},
		Place: directory.Place{
			Address: "Kerkstraat 7", Postcode: "9000", Locality: "Gent", Country: "BE",
			Point: &directory.Point{Latitude: 51.05, Longitude: 3.72},
		},
		Links: []directory.Link{
			{Name: "Website", URL: "https://www.example.org"},
			{Name: "Facebook", URL: "https://www.facebook.com/moestuin"},
		},
		Image:  &directory.Image{URL: "https://example.org/a.jpg", Attribution: "An CC-BY"},
		Source: directory.Source{URL: "https://www.openstreetmap.org/node/42", Licence: "CC0-1.0", ExternalID: "node/42"},
	}
	if diff := cmp.Diff(want, got.Initiative); diff != "" {
		t.Error(diff)
	}
	if got.Line != 2 || got.Key() != "node/42" || len(got.Warnings) != 0 {
		t.Errorf("got line %d, key %q, warnings %v", got.Line, got.Key(), got.Warnings)
	}
}

func TestDescriptions(t *testing.T) {
	long := strings.Repeat("word ", 80) + "end."
	for name, c := range map[string]struct {
		properties, summary, description string
		languages                        []string
	}{
		"short text":      {`"description":"One. Two."`, "One. Two.", "", nil},
		"other language":  {`"description:gr":"Ένα."`, "Ένα.", "", []string{"el"}},
		"slip in the key": {`"desription:de":"Eins."`, "Eins.", "", []string{"de"}},
		"two languages":   {`"description":"One.","description:de":"Eins."`, "One.", "One.\n\n**Deutsch**\n\nEins.", []string{"de"}},
		"same text twice": {`"description":"Eins.","description:de":"Eins."`, "Eins.", "", nil},
		"sentences": {
			`"description":"` + strings.Repeat("A short sentence here. ", 20) + `"`,
			strings.TrimSpace(strings.Repeat("A short sentence here. ", 13)), strings.TrimSpace(strings.Repeat("A short sentence here. ", 20)), nil,
		},
		"one long sentence": {`"description":"` + long + `"`, strings.TrimSpace(strings.Repeat("word ", 59)) + "…", long, nil},
		"no blanks":         {`"description":"` + strings.Repeat("漢", 310) + `"`, strings.Repeat("漢", 299) + "…", strings.Repeat("漢", 310), nil},
		"graphemes": {
			`"description":"` + strings.Repeat("👩‍🌾", 110) + `"`,
			strings.Repeat("👩‍🌾", 99) + "…", strings.Repeat("👩‍🌾", 110), nil,
		},
		"not emphasis":   {`"description":"Künstler*innen und\nAktivist*innen"`, "Künstler*innen und Aktivist*innen", "Künstler\\*innen und\nAktivist\\*innen", nil},
		"not a heading":  {`"description":"# 1\n---\n1 < 2 & snake_case <3"`, "# 1 --- 1 < 2 & snake_case <3", "\\# 1\n\\---\n1 < 2 & snake_case <3", nil},
		"double escaped": {`"description":"a &amp;lt;b&amp;gt;\nc"`, "a &lt;b&gt; c", "a \\&lt;b\\&gt;\nc", nil},
		"link in HTML":   {`"description":"<p>See <a href='https://x.org/y'>this</a></p><p>or not</p>"`, "See this (https://x.org/y) or not", "See this (https://x.org/y)\n\nor not", nil},
		"unclosed tag":   {`"description":"less <b or more"`, "less <b or more", "", nil},
		"controls":       {`"description":"a\u0000b\u200b\u202ec\u00ad d\te"`, "abc d e", "", nil},
		"decomposed":     {`"description":"Cafe\u0301"`, "Café", "", nil},
		"joiners stay":   {`"description":"` + "می\u200cخواهم" + `"`, "می\u200cخواهم", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, `"name":"x",`+c.properties, exchange.Options{}).Initiative
			if got.Summary != c.summary {
				t.Errorf("got summary %q, want %q", got.Summary, c.summary)
			}
			if diff := cmp.Diff(c.description, got.Description); diff != "" {
				t.Errorf("description: %s", diff)
			}
			if diff := cmp.Diff(c.languages, got.Languages); diff != "" {
				t.Errorf("languages: %s", diff)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	for value, c := range map[string]struct {
		want   []string
		warned bool
	}{
		"update6":                             {nil, true},
		"[address removed]":                   {nil, true},
		"Essbare Stadt Wels":                  {nil, true},
		"-":                                   {nil, false},
		"somebody@mail.org":                   {nil, true},
		"javascript:alert(1)":                 {nil, true},
		"ftp://example.org/":                  {nil, true},
		"http://localhost/":                   {nil, true},
		"www.kufstein.a":                      {nil, true},
		"gemeinsam.jetzt":                     {[]string{"https://gemeinsam.jetzt"}, false},
		"WWW.Example.EU":                      {[]string{"https://www.example.eu"}, false},
		"www.http://naehcafe.blogspot.co.at/": {[]string{"http://naehcafe.blogspot.co.at/"}, false},
		"http://http://x.org":                 {[]string{"http://x.org"}, false},
		"www.facebook.com/Crumbs-Bakes.":      {[]string{"https://www.facebook.com/Crumbs-Bakes"}, false},
		"http://www.joambtu.org; http://www.inclusivo.com":      {[]string{"http://www.joambtu.org", "http://www.inclusivo.com"}, false},
		"http://a.org;http://b.org":                             {[]string{"http://a.org", "http://b.org"}, false},
		"http://a.org/x;y=1,2":                                  {[]string{"http://a.org/x;y=1,2"}, false},
		"www.patim.org https://www.facebook.com/pat @patimcs":   {[]string{"https://www.patim.org", "https://www.facebook.com/pat"}, true},
		"https://www.theartofco eeuk.co.uk/book [removed]":      {nil, true},
		"https://münchen.example.org/grün":                      {[]string{"https://xn--mnchen-3ya.example.org/gr%C3%BCn"}, false},
		"http://180moires.org https://www.180moires.org/":       {[]string{"http://180moires.org"}, false},
		"http://user:secret@example.org/":                       {nil, true},
		"http://" + strings.Repeat("a", 2100) + ".example.org/": {nil, true},
	} {
		got := one(t, `"name":"x","website":"`+value+`"`, exchange.Options{})
		var urls []string
		for _, l := range got.Initiative.Links {
			urls = append(urls, l.URL)
		}
		if diff := cmp.Diff(c.want, urls); diff != "" {
			t.Errorf("%q: %s", value, diff)
		}
		if warned := len(got.Warnings) > 0; warned != c.warned {
			t.Errorf("%q: got warnings %v, want some: %v", value, got.Warnings, c.warned)
		}
	}
}

func TestPositions(t *testing.T) {
	at := func(lat, lon float64) *directory.Point { return &directory.Point{Latitude: lat, Longitude: lon} }
	for name, c := range map[string]struct {
		geometry, country string
		want              *directory.Point
		code              string
		problem           exchange.Problem
	}{
		"null":             {`null`, "BE", nil, "BE", ""},
		"with height":      {`{"type":"Point","coordinates":[3.7,51,12]}`, "BE", at(51, 3.7), "BE", ""},
		"polygon":          {`{"type":"Polygon","coordinates":[[[3,51],[4,51],[4,52],[3,52],[3,51]]]}`, "BE", at(51.5, 3.5), "BE", ""},
		"collection":       {`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[3.5,51]}]}`, "BE", at(51, 3.5), "BE", ""},
		"empty":            {`{"type":"Point","coordinates":[]}`, "BE", nil, "BE", ""},
		"text":             {`{"type":"Point","coordinates":["3","51"]}`, "BE", nil, "BE", exchange.BadPoint},
		"off the globe":    {`{"type":"Point","coordinates":[3,151]}`, "BE", nil, "BE", exchange.BadPoint},
		"huge":             {`{"type":"Point","coordinates":[1e999,1]}`, "BE", nil, "BE", exchange.BadPoint},
		"null island":      {`{"type":"Point","coordinates":[0,0]}`, "GH", nil, "GH", exchange.BadPoint},
		"swapped":          {`{"type":"Point","coordinates":[56,24]}`, "Latvija", at(56, 24), "LV", exchange.BadPoint},
		"other continent":  {`{"type":"Point","coordinates":[17.1,48.1]}`, "SR", at(48.1, 17.1), "", exchange.BadCountry},
		"name stays":       {`{"type":"Point","coordinates":[-100,-50]}`, "Belgique", at(-50, -100), "BE", exchange.BadPoint},
		"French overseas":  {`{"type":"Point","coordinates":[55.5,-21]}`, "FR", at(-21, 55.5), "FR", ""},
		"Azores":           {`{"type":"Point","coordinates":[-25.6,37.7]}`, "PT", at(37.7, -25.6), "PT", ""},
		"Chukotka":         {`{"type":"Point","coordinates":[-170,66]}`, "RU", at(66, -170), "RU", ""},
		"no such country":  {`null`, "ABERDEEN", nil, "", exchange.BadCountry},
		"mapped elsewhere": {`null`, "Atlantis", nil, "GR", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := collection(`{"type":"Feature","properties":{"name":"x","addr:country":"` + c.country + `"},"geometry":` + c.geometry + `}`)
			m := &exchange.Mapping{Values: map[string]map[string]string{"country": {"atlantis": "Greece"}}}
			records, bad := all(t, exchange.GeoJSON, strings.NewReader(text), exchange.Options{Mapping: m})
			if len(bad) > 0 {
				t.Fatal(bad)
			}
			got := records[0].Initiative.Place
			if diff := cmp.Diff(c.want, got.Point); diff != "" {
				t.Error(diff)
			}
			if got.Country != c.code {
				t.Errorf("got country %q, want %q", got.Country, c.code)
			}
			var problem exchange.Problem
			for _, w := range records[0].Warnings {
				problem = w.Problem
			}
			if problem != c.problem {
				t.Errorf("got warnings %v, want %q", records[0].Warnings, c.problem)
			}
		})
	}
}

func TestForms(t *testing.T) {
	for properties, want := range map[string][]string{
		`"leisure":"garden","garden:type":"community"`:                 {"community-garden"},
		`"leisure":"garden"`:                                           nil,
		`"landuse":"allotments"`:                                       {"allotment-association"},
		`"landuse":"orchard"`:                                          nil,
		`"type_of_initiative":"repair_cafe"`:                           {"repair-cafe"},
		`"type_of_initiative":"networking_initiative; repair_cafe"`:    {"repair-cafe", "assembly-of-the-commons"},
		`"type_of_initiative":"fairtrade_shop"`:                        nil,
		`"type_of_initiative":"agroecology_education, other"`:          nil,
		`"identity":"transition_initiative;permaculture"`:              {"transition-town"},
		`"type_of_initiative":"foodpurchasing_combine;time-bank"`:      {"food-coop", "time-bank"},
		`"amenity":"social_facility","social_facility":"food_bank"`:    {"food-bank"},
		`"club":"foodcoop","type_of_initiative":"food_cooperative"`:    {"food-coop"},
		`"type_of_initiative":["community_garden","edible_town"]`:      {"community-garden", "community-orchard"},
		`"type_of_initiative":"something_new","amenity":"toy_library"`: {"toy-library"},
	} {
		if diff := cmp.Diff(want, one(t, `"name":"x",`+properties, exchange.Options{}).Initiative.Forms); diff != "" {
			t.Errorf("%s: %s", properties, diff)
		}
	}
}

func TestStatuses(t *testing.T) {
	for properties, want := range map[string]directory.Status{
		`"amenity":"cafe"`:                             "",
		`"amenity":"cafe","disused:shop":"toys"`:       "",
		`"disused:amenity":"cafe"`:                     directory.Ended,
		`"proposed:leisure":"garden"`:                  directory.Planned,
		`"end_date":"2015"`:                            directory.Ended,
		`"status":"on_hold"`:                           directory.Paused,
		`"status":"whatever"`:                          "",
		`"old_name":"was:something","note":"proposed"`: "",
	} {
		if got := one(t, `"name":"x",`+properties, exchange.Options{}).Initiative.Status; got != want {
			t.Errorf("%s: got %q, want %q", properties, got, want)
		}
	}
}

// onlyReader hides that its reader can seek.
type onlyReader struct{ io.Reader }

func TestSourceOfFile(t *testing.T) {
	const early = `{"type":"FeatureCollection","source":"https://example.org/set","license":"Public Domain","features":[{"properties":{"name":"x"}}]}`
	const late = `{"features":[{"properties":{"name":"x"}}],"type":"FeatureCollection","attribution":"An & co","license":"ODbL-1.0","name":"A set"}`
	flags := directory.Source{Name: "Flag", URL: "https://flag.example/", Licence: "CC0-1.0"}
	for name, c := range map[string]struct {
		text  string
		pipe  bool
		flags directory.Source
		want  directory.Source
		bad   int
	}{
		"before":        {text: early, want: directory.Source{URL: "https://example.org/set", Licence: "Public Domain"}},
		"after":         {text: late, want: directory.Source{Name: "A set", Licence: "ODbL-1.0", Attribution: "An & co"}},
		"before, piped": {text: early, pipe: true, want: directory.Source{URL: "https://example.org/set", Licence: "Public Domain"}},
		"after, piped":  {text: late, pipe: true, bad: 3},
		"flags win":     {text: early, flags: flags, want: flags},
	} {
		t.Run(name, func(t *testing.T) {
			var r io.Reader = strings.NewReader(c.text)
			if c.pipe {
				r = onlyReader{r}
			}
			records, bad := all(t, exchange.GeoJSON, r, exchange.Options{Source: c.flags})
			if len(bad) != c.bad {
				t.Errorf("got errors %v, want %d", bad, c.bad)
			}
			if diff := cmp.Diff(c.want, records[0].Initiative.Source); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadFeatures(t *testing.T) {
	text := collection(
		`{"type":"Feature","properties":{"name":"good","_id":"a"}}`,
		`{"type":"Feature","properties":{"amenity":"cafe"}}`,
		`{"type":"Feature","properties":null}`, `7`, `null`, `{"type":"Feature","properties":[1]}`,
		"{\"type\":\"Feature\",\n\"properties\":{\"name\":\"again\",\"_id\":\"a\"}}",
		`{"type":"Feature","properties":{"name":"last"}}`,
	)
	records, bad := all(t, exchange.GeoJSON, strings.NewReader(text), exchange.Options{})
	var got []string
	for _, b := range bad {
		got = append(got, b.Error())
	}
	want := []string{
		"line 3: name: is missing",
		"line 4: is not a feature with properties",
		"line 5: is not a feature with properties",
		"line 6: is not a feature with properties",
		"line 7: is not a feature with properties",
		`line 8: id: "a" was on line 2 already`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(records) != 2 || records[1].Line != 10 || records[1].Index != 8 {
		t.Errorf("got %d records, the last %+v", len(records), records[len(records)-1])
	}
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ format, text, want string }{
		"unknown format":  {"kml", "", `read kml: format: "kml" is not one of geojson, mykomap, csv`},
		"empty json":      {exchange.GeoJSON, "", "ends too early"},
		"not json":        {exchange.GeoJSON, "<html>", "not JSON at line 1"},
		"cut off":         {exchange.GeoJSON, `{"features":[{"properties":{"name":"x"}},`, "ends too early"},
		"syntax":          {exchange.GeoJSON, "{\"features\":[\n{\"a\" 1}]}", "not JSON at line 2"},
		"no features":     {exchange.GeoJSON, `{"type":"Topology"}`, `no "features"`},
		"an array":        {exchange.GeoJSON, `[]`, "does not begin with an object"},
		"features object": {exchange.GeoJSON, `{"features":{}}`, "not an array"},
		"empty csv":       {exchange.CSV, "", "empty"},
		"no name":         {exchange.CSV, "id,title\n", "headings: name is missing on the first line"},
		"no columns":      {exchange.Mykomap, "a,b\n", "headings: Identifier and Name are missing on the first line"},
		"utf-16":          {exchange.CSV, "\xff\xfen\x00a\x00", "UTF-16"},
		"endless cell":    {exchange.CSV, "name\n\"" + strings.Repeat("x", 9<<20), "never be closed"},
		"endless feature": {exchange.GeoJSON, `{"features":[{"properties":{"name":"` + strings.Repeat("x", 9<<20), "never be closed"},
		"bad language":    {exchange.CSV, "name\nx\n", `language: "??" is not a tag`},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			o := exchange.Options{}
			if name == "bad language" {
				o.Language = "??"
			}
			for _, err := range exchange.Read(c.format, strings.NewReader(c.text), o) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), c.want) {
				t.Errorf("got %v, want %q", last, c.want)
			}
		})
	}
}

func TestStopsWhenTold(t *testing.T) {
	for format, text := range map[string]string{
		exchange.GeoJSON: collection(`{"properties":{"name":"a"}}`, `{"properties":{"name":"b"}}`),
		exchange.CSV:     "name\na\nb\n",
	} {
		n := 0
		for range exchange.Read(format, strings.NewReader(text), exchange.Options{}) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: got %d", format, n)
		}
	}
}
