package directory_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
)

// anyPoint draws points of the globe, poles and antimeridian more often than
// chance would.
func anyPoint() *rapid.Generator[directory.Point] {
	return rapid.Custom(func(t *rapid.T) directory.Point {
		at := func(limit float64) *rapid.Generator[float64] {
			return rapid.OneOf(rapid.Float64Range(-limit, limit),
				rapid.SampledFrom([]float64{-limit, 0, limit, limit - 0.1, 0.1 - limit, math.Nextafter(limit, 0)}))
		}
		return directory.Point{Latitude: at(90).Draw(t, "latitude"), Longitude: at(180).Draw(t, "longitude")}
	})
}

func TestDistance(t *testing.T) {
	ghent, sydney := directory.Point{Latitude: 51.05, Longitude: 3.72}, directory.Point{Latitude: -33.87, Longitude: 151.21}
	for _, test := range []struct {
		p, q directory.Point
		want float64
	}{
		{ghent, ghent, 0},
		{ghent, sydney, 16_700},
		{directory.Point{Latitude: 53.48, Longitude: -2.24}, directory.Point{Latitude: 53.80, Longitude: -1.55}, 58},
		{directory.Point{Longitude: 179.5}, directory.Point{Longitude: -179.5}, 111},
		{directory.Point{Latitude: 90}, directory.Point{Latitude: -90, Longitude: 77}, math.Pi * directory.EarthRadius},
		{directory.Point{Latitude: 90}, directory.Point{Latitude: 90, Longitude: 180}, 0},
	} {
		if got := test.p.Distance(test.q); math.Abs(got-test.want) > test.want/100+1e-9 {
			t.Errorf("from %v to %v: got %.1f km, want about %.0f", test.p, test.q, got, test.want)
		}
	}
}

func TestDistanceIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := anyPoint().Draw(t, "p"), anyPoint().Draw(t, "q"), anyPoint().Draw(t, "r")
		d := p.Distance(q)
		if back := q.Distance(p); d != back {
			t.Fatalf("%v km there, %v km back", d, back)
		}
		if p.Distance(p) != 0 || !(d >= 0 && d <= math.Pi*directory.EarthRadius+1e-6) {
			t.Fatalf("%v km from %v to %v", d, p, q)
		}
		if around := p.Distance(r) + r.Distance(q); d > around+1e-6 {
			t.Fatalf("%v km straight, %v km by way of %v", d, around, r)
		}
	})
}

// walk returns the point so many kilometres from p in a direction, in degrees.
func walk(p directory.Point, direction, distance float64) directory.Point {
	const rad = math.Pi / 180
	lat, lon, way, angle := p.Latitude*rad, p.Longitude*rad, direction*rad, distance/directory.EarthRadius
	sin := math.Sin(lat)*math.Cos(angle) + math.Cos(lat)*math.Sin(angle)*math.Cos(way)
	there := math.Asin(max(-1, min(1, sin)))
	lon += math.Atan2(math.Sin(way)*math.Sin(angle)*math.Cos(lat), math.Cos(angle)-math.Sin(lat)*math.Sin(there))
	return directory.Point{Latitude: there / rad, Longitude: max(-180, min(180, math.Remainder(lon/rad, 360)))}
}

func TestBoxAroundHoldsTheCircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPoint().Draw(t, "middle")
		radius := rapid.OneOf(rapid.Float64Range(0.01, 50), rapid.Float64Range(0.01, 20_037)).Draw(t, "radius")
		box := directory.BoxAround(p, radius)
		q := walk(p, rapid.Float64Range(0, 360).Draw(t, "direction"), radius*rapid.Float64Range(0, 0.999).Draw(t, "part"))
		if q.Distance(p) > radius {
			t.Skip("rounded out of the circle")
		}
		if !box.Contains(p) || !box.Contains(q) {
			t.Fatalf("%v, %.3f km from %v, is not in the box of %.3f km %v", q, q.Distance(p), p, radius, box)
		}
		if !(box.South >= -90 && box.North <= 90 && math.Abs(box.West) <= 180 && math.Abs(box.East) <= 180) {
			t.Fatalf("the box %v leaves the globe", box)
		}
	})
}

// The box is no larger than it need be: something of the circle is near each of
// its edges.
func TestBoxAroundIsTight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := directory.Point{Latitude: rapid.Float64Range(-60, 60).Draw(t, "latitude"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude")}
		radius := rapid.Float64Range(1, 2000).Draw(t, "radius")
		box := directory.BoxAround(p, radius)
		for direction, edge := range map[float64]float64{0: box.North, 180: box.South} {
			if got := walk(p, direction, radius).Latitude; math.Abs(got-edge) > 1e-6 {
				t.Fatalf("%v: the circle ends at %v, the box at %v", direction, got, edge)
			}
		}
		widest := 0.0
		for direction := range 180 {
			q := walk(p, float64(direction), radius)
			widest = max(widest, math.Abs(math.Remainder(q.Longitude-p.Longitude, 360)))
		}
		if wide := math.Abs(math.Remainder(box.East-p.Longitude, 360)); wide < widest-1e-6 || wide > widest*1.01 {
			t.Fatalf("the circle reaches %v degrees east, the box %v", widest, wide)
		}
	})
}

func TestBoxContains(t *testing.T) {
	plain, crossing := directory.Box{West: 3, South: 50, East: 4, North: 52}, directory.Box{West: 170, South: -20, East: -170, North: -10}
	for _, test := range []struct {
		box      directory.Box
		lat, lon float64
		want     bool
	}{
		{plain, 51, 3.5, true},
		{plain, 50, 3, true},
		{plain, 52, 4, true},
		{plain, 49.9, 3.5, false},
		{plain, 51, 4.1, false},
		{crossing, -15, 175, true},
		{crossing, -15, -175, true},
		{crossing, -15, 180, true},
		{crossing, -15, 0, false},
		{crossing, 0, 175, false},
	} {
		if got := test.box.Contains(directory.Point{Latitude: test.lat, Longitude: test.lon}); got != test.want {
			t.Errorf("%v contains %v,%v: %v, want %v", test.box, test.lat, test.lon, got, test.want)
		}
	}
}
