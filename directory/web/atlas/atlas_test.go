package atlas_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

// island is a square in the middle of the world with a border through it.
func island() atlas.Land {
	return atlas.Land{
		Rings:   []atlas.Line{{Points: []atlas.Position{{X: 0.25, Y: 0.25}, {X: 0.75, Y: 0.25}, {X: 0.75, Y: 0.75}, {X: 0.25, Y: 0.75}}}},
		Borders: []atlas.Line{{Points: []atlas.Position{{X: 0.25, Y: 0.5}, {X: 0.5, Y: 0.5}, {X: 0.75, Y: 0.5}}}},
	}
}

func TestLandComesBackAsWritten(t *testing.T) {
	got, err := atlas.ReadLand(island().Write(1 << 10))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(island().Rings[0].Points, got.Rings[0].Points); diff != "" {
		t.Errorf("ring (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(island().Borders[0].Points, got.Borders[0].Points); diff != "" {
		t.Errorf("border (-want +got):\n%s", diff)
	}
}

func FuzzReadLand(f *testing.F) {
	f.Add(island().Write(1 << 10))
	f.Add([]byte{1, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, data []byte) {
		land, err := atlas.ReadLand(data)
		if err != nil {
			return
		}
		points := 0
		for _, l := range append(land.Rings, land.Borders...) {
			points += len(l.Points)
		}
		if points > len(data) {
			t.Errorf("%d points from %d bytes", points, len(data))
		}
	})
}

func TestSheetHoldsTheAreaOnly(t *testing.T) {
	land, err := atlas.ReadLand(island().Write(1 << 10))
	if err != nil {
		t.Fatal(err)
	}
	sheet := land.Sheet(atlas.Area{Left: 0, Top: 0, Right: 0.5, Bottom: 0.5})
	if got := len(sheet.Rings); got != 1 {
		t.Fatalf("rings: got %d, want 1", got)
	}
	for _, p := range sheet.Rings[0].Points {
		if p.X < 0.25 || p.X > 0.5 || p.Y < 0.25 || p.Y > 0.5 {
			t.Errorf("point %v is outside of the quarter", p)
		}
	}
	if got := land.Sheet(atlas.Area{Left: 0.8, Top: 0.8, Right: 0.9, Bottom: 0.9}); len(got.Rings)+len(got.Borders) > 0 {
		t.Errorf("the open sea holds %v", got)
	}
}

// TestViewShowsItsBox draws random boxes, also across the antimeridian.
func TestViewShowsItsBox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		south := rapid.Float64Range(-80, 70).Draw(t, "south")
		b := directory.Box{
			South: south, North: south + rapid.Float64Range(0.001, 10).Draw(t, "height"),
			West: rapid.Float64Range(-180, 180).Draw(t, "west"),
		}
		b.East = b.West + rapid.Float64Range(0.001, 90).Draw(t, "width")
		if b.East > 180 {
			b.East -= 360
		}
		v := atlas.ViewOf(b, 900, 600)
		for _, p := range []directory.Point{
			{Latitude: b.South, Longitude: b.West}, {Latitude: b.North, Longitude: b.East},
		} {
			x, y := v.At(p)
			if x < -0.5 || x > 900.5 || y < -0.5 || y > 600.5 {
				t.Fatalf("%v is drawn at %v,%v", p, x, y)
			}
		}
	})
}

func TestBoundsAreTheShortestWayAround(t *testing.T) {
	for _, c := range []struct {
		name   string
		points []directory.Point
		want   *directory.Box
	}{
		{"nothing", nil, nil},
		{"one", []directory.Point{{Latitude: 1, Longitude: 2}}, &directory.Box{West: 2, South: 1, East: 2, North: 1}},
		{
			"Fiji and Samoa",
			[]directory.Point{{Latitude: -18, Longitude: 178}, {Latitude: -14, Longitude: -172}},
			&directory.Box{West: 178, South: -18, East: -172, North: -14},
		},
		{
			"Ghent and Melbourne",
			[]directory.Point{{Latitude: 51, Longitude: 3.7}, {Latitude: -38, Longitude: 145}},
			&directory.Box{West: 3.7, South: -38, East: 145, North: 51},
		},
	} {
		if diff := cmp.Diff(c.want, atlas.Bounds(c.points)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestMarksCountEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := atlas.ViewOf(directory.Box{West: -10, South: 40, East: 20, North: 60}, 900, 900)
		var clusters []search.Cluster
		want := 0
		for range rapid.IntRange(0, 60).Draw(t, "clusters") {
			c := search.Cluster{
				Count: rapid.IntRange(1, 500).Draw(t, "count"),
				Point: directory.Point{
					Latitude:  rapid.Float64Range(40, 60).Draw(t, "lat"),
					Longitude: rapid.Float64Range(-10, 20).Draw(t, "lon"),
				},
			}
			want += c.Count
			clusters = append(clusters, c)
		}
		got := 0
		for _, m := range atlas.Marks(clusters, v, 3, 1) {
			got += m.Count
			if m.Count > 1 && m.Entry != nil {
				t.Fatalf("a cluster of %d names one entry", m.Count)
			}
		}
		if got != want {
			t.Fatalf("marks show %d entries, want %d", got, want)
		}
	})
}

func TestCoreLeavesFarOnesOut(t *testing.T) {
	near := directory.Point{Latitude: 51, Longitude: 4}
	far := directory.Point{Latitude: -38, Longitude: 145}
	core := atlas.Core([]search.Cluster{{Point: near, Count: 900}, {Point: far, Count: 3}})
	if len(core) != 1 || core[0].Point != near {
		t.Errorf("core: got %v, want only %v", core, near)
	}
	if core := atlas.Core([]search.Cluster{{Point: near, Count: 50}, {Point: far, Count: 25}}); len(core) != 2 {
		t.Errorf("core: got %v, want both", core)
	}
}

func TestCellBoxHoldsItsPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := directory.Point{
			Latitude:  rapid.Float64Range(-85, 85).Draw(t, "lat"),
			Longitude: rapid.Float64Range(-180, 179.99).Draw(t, "lon"),
		}
		b := atlas.CellBox(p, rapid.IntRange(0, 18).Draw(t, "zoom"))
		const slack = 1e-9
		b = directory.Box{West: b.West - slack, South: b.South - slack, East: b.East + slack, North: b.North + slack}
		if !b.Contains(p) {
			t.Fatalf("%v is outside of its cell %v", p, b)
		}
	})
}

func TestDrawing(t *testing.T) {
	files := fstest.MapFS{"land-110m.bin": {Data: island().Write(1 << 10)}}
	a, err := atlas.New(files, []byte("1,Middle,0,0\n1,Near it,0.5,0.5\n4,Small,20,20\n"))
	if err != nil {
		t.Fatal(err)
	}
	v := atlas.ViewOf(directory.Box{West: -180, South: -70, East: 180, North: 70}, 1000, 800)
	d := a.Draw(v, 1, nil)
	if !strings.HasPrefix(d.Land, "M") || !strings.HasPrefix(d.Borders, "M") || !strings.HasPrefix(d.Graticule, "M") {
		t.Errorf("drawing lacks something: %.60q %.60q %.60q", d.Land, d.Borders, d.Graticule)
	}
	if len(d.Labels) != 1 || d.Labels[0].Text != "Middle" {
		t.Errorf("labels: got %v, want Middle alone", d.Labels)
	}
	x, y := v.At(directory.Point{})
	hidden := a.Draw(v, 1, []atlas.Mark{{X: int(x), Y: int(y), Radius: 60}})
	if len(hidden.Labels) != 0 {
		t.Errorf("labels under a mark: %v", hidden.Labels)
	}
}

func TestAtlasWithoutTheBuiltFiles(t *testing.T) {
	a, err := atlas.New(fstest.MapFS{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := a.Draw(atlas.ViewOf(directory.Box{West: 3, South: 50, East: 4, North: 52}, 640, 480), 1, nil)
	if d.Land != "" || d.Graticule == "" {
		t.Errorf("got land %q and lines %q, want lines only", d.Land, d.Graticule)
	}
}

func TestPaddedStaysOnTheGlobe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := directory.Box{
			West: rapid.Float64Range(-180, 180).Draw(t, "west"), East: rapid.Float64Range(-180, 180).Draw(t, "east"),
			South: rapid.Float64Range(-90, 0).Draw(t, "south"), North: rapid.Float64Range(0, 90).Draw(t, "north"),
		}
		p := atlas.Padded(b, rapid.Float64Range(0, 2).Draw(t, "share"), rapid.Float64Range(0, 5).Draw(t, "least"))
		for _, v := range []float64{p.West / 2, p.East / 2, p.South, p.North} {
			if math.Abs(v) > 90 {
				t.Fatalf("%v padded is %v", b, p)
			}
		}
	})
}
