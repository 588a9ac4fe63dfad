package exchange_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// What the files do not carry: it is the instance's to give.
func ofInstance() cmp.Option {
	return cmpopts.IgnoreFields(directory.Initiative{}, "ID", "Origin", "State", "Published", "Updated", "Revision")
}

func stream(list ...*directory.Initiative) iter.Seq2[*directory.Initiative, error] {
	return func(yield func(*directory.Initiative, error) bool) {
		for _, i := range list {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func TestWhatIsWrittenComesBack(t *testing.T) {
	for _, format := range []string{exchange.GeoJSON, exchange.CSV} {
		t.Run(format, rapid.MakeCheck(func(t *rapid.T) {
			list := rapid.SliceOfN(rapid.Custom(drawInitiative), 1, 3).Draw(t, "list")
			for n, i := range list {
				i.ID = "https://example.org/initiatives/" + string(rune('a'+n))
				i.Source.ExternalID += string(rune('a' + n))
			}
			var file bytes.Buffer
			if err := exchange.Write(format, &file, stream(list...), exchange.Collection{Name: "City", URL: "https://city.example/", Licence: "CC0-1.0", Attribution: "City"}); err != nil {
				t.Fatal(err)
			}
			n := 0
			for r, err := range exchange.Read(format, bytes.NewReader(file.Bytes()), exchange.Options{}) {
				if err != nil {
					t.Fatalf("%v in\n%s", err, file.String())
				}
				if diff := cmp.Diff(list[n], r.Initiative, ofInstance()); diff != "" {
					t.Fatalf("%s\nin\n%s", diff, file.String())
				}
				if r.ID != list[n].ID || len(r.Warnings) > 0 {
					t.Fatalf("got id %q, warnings %v", r.ID, r.Warnings)
				}
				n++
			}
			if n != len(list) {
				t.Fatalf("got %d of %d", n, len(list))
			}
		}))
	}
}

// drawText draws what a careful writer may put into a field, spreadsheet
// formulas, separators and HTML included.
func drawText(t *rapid.T, name string, multiline bool) string {
	text := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{
			"", "=1+1", "+49 30", "-", "@x", "'", "''=1", "'tis", "a;b", `a\;b`, `\`, `"`, `""`, "a,b", "<b>&amp;</b>", "Ünïcødé 漢字",
			"Ελλάδα", "\uFEFFx", "＝1", "x\ny", "# a\n\n- b", "<https://example.org/>", "Name <x>", "👩‍🌾", `\n`, "a\u2028b", "null",
		}),
		rapid.StringOfN(rapid.SampledFrom([]rune(`'=+-@;\,"<> a`+"\n")), 0, 12, -1),
	).Draw(t, name)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && (r != '\n' || !multiline) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(strings.ToValidUTF8(text, ""))
}

func drawList(t *rapid.T, name string, item func(*rapid.T) string) []string {
	var list []string
	for range rapid.IntRange(0, 3).Draw(t, name+" length") {
		if text := item(t); text != "" {
			list = append(list, text)
		}
	}
	return list
}

func pick[T ~string](t *rapid.T, words []T) T {
	return rapid.SampledFrom(append([]T{""}, words...)).Draw(t, "word")
}

func drawInitiative(t *rapid.T) *directory.Initiative {
	short := func(name string) string { return drawText(t, name, false) }
	link := rapid.SampledFrom([]string{"https://example.org/", "http://x.org/a;b,c?d=%20#e", `https://x.org/\y`, "https://x.org/'=1"})
	i := &directory.Initiative{
		Handle: pick(t, []string{"a", "cafe_2"}), Name: "n" + short("name"), Summary: drawText(t, "summary", true),
		Description: drawText(t, "description", true),
		Languages:   drawList(t, "languages", func(*rapid.T) string { return "" }),
		Kind:        pick(t, directory.Kinds()), Role: pick(t, directory.Roles()), Scope: pick(t, directory.Scopes()),
		Status: pick(t, directory.Statuses()), Founded: pick(t, []string{"2016", "2016-05", "2016-02-29"}),
		Tags:   drawList(t, "tags", func(*rapid.T) string { return short("tag") }),
		Offers: directory.Phrases(drawList(t, "offers", func(*rapid.T) string { return short("offer") })),
		Needs:  directory.Phrases(drawList(t, "needs", func(*rapid.T) string { return short("need") })),
		Place: directory.Place{
			Name: short("place"), Address: drawText(t, "address", true), Postcode: short("postcode"), Locality: short("locality"),
			Region: short("region"), Country: pick(t, []string{"BE", "SR", "XK"}), Precision: pick(t, directory.Precisions()),
		},
		Source: directory.Source{
			Name: short("source"), URL: pick(t, []string{"https://example.org/x"}), Licence: short("licence"),
			Attribution: short("attribution"), ExternalID: short("id"),
		},
	}
	if rapid.Bool().Draw(t, "spoken") {
		i.Languages = []string{"nl", "pt-BR", "sr-Latn"}
	}
	if rapid.Bool().Draw(t, "formed") {
		i.Forms = []string{"assembly-of-the-commons", "repair-cafe"}
		i.Currents = []directory.Current{directory.Care, directory.Share}
	}
	if rapid.Bool().Draw(t, "placed") {
		i.Place.Point = &directory.Point{
			Latitude: rapid.Float64Range(-90, 90).Draw(t, "latitude"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "links") {
		name := rapid.SampledFrom([]string{"Website", "", short("link")}).Draw(t, "link name")
		i.Links = append(i.Links, directory.Link{Name: name, URL: link.Draw(t, "url")})
	}
	if rapid.Bool().Draw(t, "pictured") {
		i.Image = &directory.Image{URL: link.Draw(t, "image"), Alt: short("alt"), Attribution: short("credit")}
	}
	return i
}

func TestRealDataComesBack(t *testing.T) {
	for name, format := range map[string]string{susyFile: exchange.GeoJSON, ukFile: exchange.Mykomap} {
		first, _ := all(t, format, realFile(t, name), exchange.Options{})
		list := make([]*directory.Initiative, len(first))
		for n, r := range first {
			list[n] = r.Initiative
			list[n].Handle = exchange.Handle(r.Initiative.Name)
		}
		for _, format := range []string{exchange.GeoJSON, exchange.CSV} {
			var file bytes.Buffer
			if err := exchange.Write(format, &file, stream(list...), exchange.Collection{}); err != nil {
				t.Fatal(err)
			}
			second, bad := all(t, format, &file, exchange.Options{})
			if len(bad) > 0 || len(second) != len(first) {
				t.Fatalf("%s: got %d of %d, %v", format, len(second), len(first), bad)
			}
			for n, r := range second {
				if !r.Initiative.SameContent(list[n]) || r.Initiative.Handle != list[n].Handle {
					t.Errorf("%s: %s", format, cmp.Diff(list[n], r.Initiative))
				}
			}
		}
	}
}

func TestWrittenGeoJSON(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5000, time.UTC)
	var file bytes.Buffer
	err := exchange.Write(exchange.GeoJSON, &file, stream(
		&directory.Initiative{
			ID: "https://ghent.example/initiatives/a", Origin: "ghent.example", Name: "A & co", Published: at, Updated: at,
			Links: []directory.Link{{Name: "Website", URL: "https://a.org/"}},
			Place: directory.Place{Point: &directory.Point{Latitude: 51, Longitude: 3.5}},
		},
		&directory.Initiative{Name: "B", Place: directory.Place{Point: &directory.Point{Latitude: -5, Longitude: 7}}},
		&directory.Initiative{Name: "C"},
	), exchange.Collection{Name: "Ghent", URL: "https://ghent.example/", Licence: "CC-BY-4.0", Attribution: "An"})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(file.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	feature := func(id any, geometry any, properties map[string]any) any {
		m := map[string]any{"type": "Feature", "geometry": geometry, "properties": properties}
		if id != nil {
			m["id"] = id
		}
		return m
	}
	point := func(lon, lat float64) any { return map[string]any{"type": "Point", "coordinates": []any{lon, lat}} }
	want := map[string]any{
		"type": "FeatureCollection", "name": "Ghent", "source": "https://ghent.example/", "license": "CC-BY-4.0", "attribution": "An",
		"features": []any{
			feature("https://ghent.example/initiatives/a", point(3.5, 51), map[string]any{
				"commonage": 1.0, "name": "A & co", "links": []any{map[string]any{"name": "Website", "url": "https://a.org/"}},
				"url": "https://ghent.example/initiatives/a", "origin": "ghent.example",
				"published": "2026-03-01T12:00:00.000005Z", "updated": "2026-03-01T12:00:00.000005Z",
			}),
			feature(nil, point(7, -5), map[string]any{"commonage": 1.0, "name": "B"}),
			feature(nil, nil, map[string]any{"commonage": 1.0, "name": "C"}),
		},
		"bbox": []any{3.5, -5.0, 7.0, 51.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	// What the collection says counts for the entries that say nothing.
	records, _ := all(t, exchange.GeoJSON, &file, exchange.Options{})
	if got, want := records[0].Initiative.Source, (directory.Source{Name: "Ghent", URL: "https://ghent.example/", Licence: "CC-BY-4.0", Attribution: "An"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWrittenCSV(t *testing.T) {
	var file bytes.Buffer
	err := exchange.Write(exchange.CSV, &file, stream(&directory.Initiative{
		Name: "=1+1", Tags: []string{"a;b", "c"}, Offers: []string{"cargo bike", "-5 °C; cold store"}, Needs: []string{"van"}, Links: []directory.Link{{Name: "Website", URL: "https://a.org/"}, {Name: "Blog", URL: "https://b.org/ <"}},
		Place: directory.Place{Point: &directory.Point{Latitude: -5, Longitude: 3.5}},
	}), exchange.Collection{})
	if err != nil {
		t.Fatal(err)
	}
	want := "id,handle,name,summary,description,languages,forms,kind,role,currents,scope,status,founded,tags,offers,needs,website,links," +
		"image,image_alt,image_attribution,place_name,address,postcode,locality,region,country,latitude,longitude,precision," +
		"source_name,source_url,source_licence,source_attribution,source_id\n" +
		`,,'=1+1,,,,,,,,,,,a\;b;c,cargo bike;-5 °C\; cold store,van,https://a.org/,Blog <https://b.org/%20%3C>,,,,,,,,,,-5,3.5,,,,,,` + "\n"
	if diff := cmp.Diff(want, file.String()); diff != "" {
		t.Error(diff)
	}
}

// failing is a writer that takes a few bytes.
type failing int

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWritingFails(t *testing.T) {
	gone := errors.New("database gone")
	for _, format := range []string{exchange.GeoJSON, exchange.CSV} {
		full := failing(10)
		if err := exchange.Write(format, &full, stream(&directory.Initiative{Name: strings.Repeat("x", 9000)}), exchange.Collection{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want %v", format, err, errFull)
		}
		err := exchange.Write(format, &bytes.Buffer{}, func(yield func(*directory.Initiative, error) bool) { yield(nil, gone) }, exchange.Collection{})
		if !errors.Is(err, gone) {
			t.Errorf("%s: got %v, want %v", format, err, gone)
		}
	}
	if err := exchange.Write("kml", nil, nil, exchange.Collection{}); err == nil {
		t.Error("got no error for an unknown format")
	}
}
