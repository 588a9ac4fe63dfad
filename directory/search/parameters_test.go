package search_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

func TestParse(t *testing.T) {
	tests := []struct {
		address string
		want    search.Query
	}{
		{"", search.Query{}},
		{"q=&form=&near=&radius=&bbox=&limit=&cursor=&kind=", search.Query{}},
		{"q=+repair+caf%C3%A9+", search.Query{Text: "repair café"}},
		{
			"form=repair-cafe&form=tool-library&form=repair-cafe",
			search.Query{Forms: []string{"repair-cafe", "tool-library"}},
		},
		{
			"kind=Urban&kind=digital-knowledge",
			search.Query{Kinds: []directory.Kind{directory.Urban, directory.Knowledge}},
		},
		{
			"current=care&role=livelihood&country=be",
			search.Query{
				Currents: []directory.Current{directory.Care}, Roles: []directory.Role{directory.Livelihood},
				Countries: []string{"BE"},
			},
		},
		{
			"origin=Ghent.Localhost:8001&origin=[::1]:80&origin=b%C3%BCcher.example",
			search.Query{Origins: []string{"ghent.localhost:8001", "[::1]:80", "bücher.example"}},
		},
		{"bbox=170,-20, -170,-10", search.Query{Box: &directory.Box{West: 170, South: -20, East: -170, North: -10}}},
		{
			"near=53.48,-2.24&radius=2.5",
			search.Query{Near: &directory.Point{Latitude: 53.48, Longitude: -2.24}, Radius: 2.5},
		},
		{"lang=nl-BE&lang=NL&since=2020-05", search.Query{Languages: []string{"nl"}, Since: "2020-05"}},
		{
			"q=repair+kind:urban+lang:nl&kind=natural",
			search.Query{Text: "repair", Kinds: []directory.Kind{directory.Natural, directory.Urban}, Languages: []string{"nl"}},
		},
		{
			"offers=Cargo+bike&offers=cargo-bike&needs=V%C3%A9lo&q=offers:%22workshop+space%22",
			search.Query{Offers: []string{"cargo-bike", "workshop-space"}, Needs: []string{"velo"}},
		},
		{"limit=500&cursor=at-k", search.Query{Limit: 500, Cursor: "at-k"}},
	}
	for _, test := range tests {
		values, err := url.ParseQuery(test.address)
		if err != nil {
			t.Fatal(err)
		}
		got, err := search.Parse(values)
		if err != nil {
			t.Errorf("Parse(%s): %v", test.address, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("Parse(%s) (-want +got):\n%s", test.address, diff)
		}
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	for address, field := range map[string]string{
		"colour=red":                      "colour",
		"Q=x":                             "Q",
		"q=a&q=b":                         "q",
		"q=" + strings.Repeat("a", 501):   "q",
		"form=Tool+Library":               "form",
		"form=-x":                         "form",
		"form=" + strings.Repeat("f", 65): "form",
		"kind=rural":                      "kind",
		"current=fast":                    "current",
		"role=boss":                       "role",
		"country=BEL":                     "country",
		"country=%C3%A9":                  "country",
		"origin=a/b":                      "origin",
		"origin=a'b":                      "origin",
		"bbox=1,2,3":                      "bbox",
		"bbox=1,2,3,x":                    "bbox",
		"bbox=0,10,1,9":                   "bbox",
		"bbox=-181,0,0,1":                 "bbox",
		"bbox=0,0,0,NaN":                  "bbox",
		"near=91,0":                       "near",
		"near=0,180.1":                    "near",
		"near=Inf,0":                      "near",
		"lang=Dutch":                      "lang",
		"since=yesterday":                 "since",
		"since=2020-13":                   "since",
		"q=repair+near+Ghent":             "q",
		"q=repair+in:Ghent":               "q",
		"near=Ghent":                      "near",
		"near=0,0&near=1,1":               "near",
		"near=0,0&radius=0":               "radius",
		"near=0,0&radius=-1":              "radius",
		"near=0,0&radius=NaN":             "radius",
		"near=0,0&radius=20038":           "radius",
		"radius=5":                        "radius",
		"limit=0":                         "limit",
		"limit=501":                       "limit",
		"limit=ten":                       "limit",
		"cursor=~":                        "cursor",
		"cursor=-1":                       "cursor",
		"cursor=at-zzzzzz":                "cursor",
		"cursor=abc":                      "cursor",
		"form=" + strings.Join(manySlugs(51), "&form="): "form",
	} {
		values, err := url.ParseQuery(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = search.Parse(values)
		var invalid *directory.Invalid
		if !errors.As(err, &invalid) || invalid.Field != field || invalid.Text == "" {
			t.Errorf("Parse(%.60s): got %v, want an Invalid about %s", address, err, field)
		}
	}
}

func manySlugs(n int) []string {
	slugs := make([]string, n)
	for k := range slugs {
		slugs[k] = fmt.Sprintf("form-%d", k)
	}
	return slugs
}

// anyQuery draws queries as Parse gives them.
func anyQuery() *rapid.Generator[search.Query] {
	return rapid.Custom(func(t *rapid.T) search.Query {
		latitude, longitude := rapid.Float64Range(-90, 90), rapid.Float64Range(-180, 180)
		q := search.Query{
			Text:      search.Read(rapid.StringN(0, 60, 500).Draw(t, "text")).Query.Text,
			Forms:     distinct(rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,12}`)).Draw(t, "forms"),
			Kinds:     distinct(rapid.SampledFrom(directory.Kinds())).Draw(t, "kinds"),
			Currents:  distinct(rapid.SampledFrom(directory.Currents())).Draw(t, "currents"),
			Roles:     distinct(rapid.SampledFrom(directory.Roles())).Draw(t, "roles"),
			Origins:   distinct(rapid.StringMatching(`([a-z]{1,8}\.){0,2}(localhost|köln|例え)(:[0-9]{1,5})?`)).Draw(t, "origins"),
			Countries: distinct(rapid.StringMatching(`[A-Z]{2}`)).Draw(t, "countries"),
			Languages: distinct(rapid.StringMatching(`[a-z]{2,3}`)).Draw(t, "languages"),
			Since:     rapid.SampledFrom([]string{"", "2020", "1999-12", "2026-02-28"}).Draw(t, "since"),
			Limit:     rapid.IntRange(0, search.MaxLimit).Draw(t, "limit"),
		}
		if rapid.Bool().Draw(t, "has a box") {
			a, b := latitude.Draw(t, "a"), latitude.Draw(t, "b")
			q.Box = &directory.Box{
				West: longitude.Draw(t, "west"), South: min(a, b), East: longitude.Draw(t, "east"), North: max(a, b),
			}
		}
		if rapid.Bool().Draw(t, "is near") {
			q.Near = &directory.Point{Latitude: latitude.Draw(t, "latitude"), Longitude: longitude.Draw(t, "longitude")}
			q.Radius = rapid.Float64Range(0, 20037).Draw(t, "radius")
		}
		if n := rapid.IntRange(0, 100_000).Draw(t, "skip"); n > 0 {
			q.Cursor = search.CursorAt(n)
		}
		return q
	})
}

func distinct[T comparable](g *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.SliceOfNDistinct(g, 0, 3, func(v T) T { return v })
}

func TestQueryComesBackFromItsAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuery().Draw(t, "query")
		values, err := url.ParseQuery(q.Encode().Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, err := search.Parse(values)
		if err != nil {
			t.Fatalf("Parse(%v): %v", q.Encode(), err)
		}
		if diff := cmp.Diff(q, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("came back different (-want +got):\n%s", diff)
		}
		if everything := len(q.With(search.ByForm).Encode()) == 0; everything && !q.Unfiltered() && len(q.Forms) == 0 {
			t.Fatalf("an empty address, yet %+v filters", q)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"q=repair&form=repair-cafe&limit=5", "near=53.48,-2.24&radius=20", "bbox=170,-20,-170,-10", "kind=digital-knowledge",
		"origin=%C4%B0.example", "cursor=%2B1", "near=0x1p-2,-0", "country=%C5%BFe", "limit=+5", "q=a+-b+%22c+d%22+e*+form:coop+since:2020", "q=%FF",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		values, err := url.ParseQuery(address)
		if err != nil {
			t.Skip()
		}
		q, err := search.Parse(values)
		if err != nil {
			if _, ok := errors.AsType[*directory.Invalid](err); !ok {
				t.Fatalf("Parse(%q) gave %v, want an Invalid", address, err)
			}
			return
		}
		again, err := search.Parse(q.Encode())
		if err != nil {
			t.Fatalf("Parse(%q) = %+v, whose address is refused: %v", address, q, err)
		}
		if diff := cmp.Diff(q, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q came back different (-want +got):\n%s", address, diff)
		}
		checkMatch(t, q)
		if n, err := q.Offset(); err != nil || n < 0 {
			t.Fatalf("offset of %q: %d, %v", address, n, err)
		}
	})
}

func TestWith(t *testing.T) {
	q := search.Query{Text: "x", Cursor: "at-k"}
	for _, d := range search.Dimensions() {
		narrow := q.With(d, "one", "two")
		if got := narrow.Values(d); !slices.Equal(got, []string{"one", "two"}) || narrow.Cursor != "" || narrow.Unfiltered() {
			t.Errorf("With(%s): values %v, cursor %q", d, got, narrow.Cursor)
		}
		if diff := cmp.Diff(search.Query{Text: "x"}, narrow.With(d)); diff != "" {
			t.Errorf("%s taken back (-want +got):\n%s", d, diff)
		}
	}
}

func TestCursor(t *testing.T) {
	for n, want := range map[int]string{1: "at-1", 35: "at-z", 100_000: "at-255s", 100_001: ""} {
		if got := search.CursorAt(n); got != want {
			t.Errorf("CursorAt(%d) = %q, want %q", n, got, want)
		}
	}
	if got := (search.Query{Limit: 5}).PageSize(); got != 5 {
		t.Errorf("page size %d, want 5", got)
	}
	if got := (search.Query{}).PageSize(); got != search.DefaultLimit {
		t.Errorf("page size %d, want %d", got, search.DefaultLimit)
	}
	if got := (search.Query{Limit: 5000}).PageSize(); got != search.MaxLimit {
		t.Errorf("page size %d, want %d", got, search.MaxLimit)
	}
}
