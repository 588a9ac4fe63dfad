package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

func TestVectorTiles(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	h := handler(t, ghent(), s)
	features := func(path string) []*geojson.Feature {
		answer, body := get(t, h, path)
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/vnd.mapbox-vector-tile" ||
			answer.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("%s: got %d, %v", path, answer.StatusCode, answer.Header)
		}
		layers, err := mvt.Unmarshal([]byte(body))
		must(t, err)
		if len(layers) != 1 || layers[0].Name != "initiatives" {
			t.Fatalf("%s: layers %+v", path, layers)
		}
		return layers[0].Features
	}
	count := func(list []*geojson.Feature) (n int) {
		for _, f := range list {
			n += int(f.Properties["n"].(float64)) //nolint:forcetypeassert // the test fails either way
			if p, ok := f.Geometry.(orb.Point); !ok || p[0] < 0 || p[0] > 4096 || p[1] < 0 || p[1] > 4096 {
				t.Errorf("a feature at %v, outside of its tile", f.Geometry)
			}
		}
		return n
	}
	if n := count(features("/tiles/0/0/0.mvt")); n != 5 {
		t.Errorf("the world has %d entries, want 5", n)
	}
	if n := count(features("/tiles/0/0/0.mvt?country=BE")); n == 0 || n == 5 {
		t.Errorf("Belgium has %d entries", n)
	}
	// Either side of the antimeridian has its own.
	for _, at := range []float64{-180, -179.99, 179.99, 180} {
		i := entry("ghent.example", fmt.Sprint("edge", int(at*100)), fmt.Sprint("Edge ", at), &directory.Point{Latitude: -17, Longitude: at}, nil)
		must(t, s.PutInitiative(t.Context(), i, ""))
	}
	west, east := search.Tile{Z: 9, X: 0, Y: 280}, search.Tile{Z: 9, X: 511, Y: 280}
	for _, tile := range []search.Tile{west, east} {
		if n := count(features(fmt.Sprintf("/tiles/%d/%d/%d.mvt", tile.Z, tile.X, tile.Y))); n != 2 {
			t.Errorf("tile %v has %d entries, want 2", tile, n)
		}
	}
	named := features(fmt.Sprintf("/tiles/12/0/%d.mvt?q=edge", 280*8+2))
	for _, f := range named {
		if f.Properties["n"] == 1.0 && (f.Properties["name"] == "" || f.Properties["link"] == "") {
			t.Errorf("an entry without its name or link: %v", f.Properties)
		}
	}
}

// A tile's ETag changes when what the tile shows does, and only then.
func TestTileChangesItsTag(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	h := handler(t, ghent(), s)
	tag := func(path string) string {
		answer, _ := get(t, h, path)
		return answer.Header.Get("ETag")
	}
	before, elsewhere := tag("/tiles/0/0/0.json"), tag("/tiles/4/0/0.json")
	must(t, s.PutInitiative(t.Context(), entry("ghent.example", "another", "Another", &directory.Point{Latitude: 51, Longitude: 3}, nil), ""))
	if tag("/tiles/0/0/0.json") == before {
		t.Error("the tag stays though the tile changed")
	}
	if tag("/tiles/4/0/0.json") != elsewhere {
		t.Error("the tag changes though the tile stays")
	}
}
