package atlas_test

import (
	"math"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

func TestTowns(t *testing.T) {
	ghent, boston := &directory.Point{Latitude: 51.05, Longitude: 3.72}, &directory.Point{Latitude: 42.36, Longitude: -71.06}
	for _, c := range []struct {
		name     string
		from     *directory.Point
		country  string
		lat, lon float64
	}{
		{"Ghent", nil, "BE", 51.05, 3.72},
		{"GENT", nil, "BE", 51.05, 3.72},
		{"Gand", nil, "BE", 51.05, 3.72},
		{"Köln", nil, "DE", 50.93, 6.95},
		{"cologne", nil, "DE", 50.93, 6.95},
		{" София ", nil, "BG", 42.70, 23.32},
		{"京都", nil, "JP", 35.02, 135.75},
		{"Manchester", nil, "GB", 53.48, -2.24},
		{"Manchester", ghent, "GB", 53.48, -2.24},
		{"Manchester", boston, "US", 43.00, -71.45},
		{"Halle", nil, "DE", 51.48, 11.98}, // in Saxony: the largest
		{"Halle", ghent, "BE", 50.73, 4.23},
		{"New York", boston, "US", 40.71, -74.01},
		{"São Paulo", nil, "BR", -23.55, -46.64},
	} {
		towns := atlas.Towns(c.name, c.from)
		if len(towns) == 0 {
			t.Errorf("no town is called %s", c.name)
			continue
		}
		got := towns[0]
		if got.Country != c.country || math.Abs(got.Point.Latitude-c.lat) > 0.05 || math.Abs(got.Point.Longitude-c.lon) > 0.05 {
			t.Errorf("%s from %v: got %+v, want %v, %v in %s", c.name, c.from, got, c.lat, c.lon, c.country)
		}
	}
	if got := atlas.Towns("Nowhereville", nil); len(got) > 0 {
		t.Errorf("Nowhereville: got %v", got)
	}
}

func TestTownsLike(t *testing.T) {
	got := atlas.TownsLike("manch", nil, 3)
	if len(got) != 3 || got[0].Country != "GB" {
		t.Errorf("manch: got %v", got)
	}
	if all := atlas.TownsLike("", nil, 100_000); len(all) < 24_000 {
		t.Errorf("%d towns are shipped, want 24,000", len(all))
	} else {
		for _, town := range all {
			if town.Name == "" || len(town.Country) != 2 || !town.Point.Valid() || town.Population < 1 {
				t.Errorf("%+v is no town", town)
			}
		}
	}
}

func BenchmarkTownsLike(b *testing.B) {
	for b.Loop() {
		atlas.TownsLike("s", nil, 5)
	}
}
