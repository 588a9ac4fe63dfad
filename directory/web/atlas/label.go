package atlas

import (
	"math"
	"unicode/utf8"
)

// labels chooses the names that fit: the important ones first, none over
// another or under a mark.
func (a *Atlas) labels(v View, detail float64, marks []Mark) []Label {
	var out []Label
	for _, c := range a.cities {
		if v.Zoom < cityZoom(c.Rank) || len(out) >= mostLabels {
			continue
		}
		x, y := v.At(c.Point)
		if !nearWindow(x, y, v) {
			continue
		}
		l := Label{X: int(math.Round(x)), Y: int(math.Round(y)), Text: c.Name, Rank: c.Rank}
		if l.settle(out, marks, v, detail) {
			out = append(out, l)
		}
	}
	return out
}

// settle finds a free place for the label, in close views also a little above
// or below its own, and reports whether there is one.
func (l *Label) settle(others []Label, marks []Mark, v View, detail float64) bool {
	y := l.Y
	for _, aside := range []float64{0, 22, -22, 36, -36} {
		if aside != 0 && v.Zoom < asideZoom {
			break
		}
		l.Y = y + int(aside*detail)
		if !l.crowded(others, detail) && !l.covered(marks, detail) {
			return true
		}
	}
	return false
}

// asideZoom is from where on a name may stand beside its place: closer than
// that, a few pixels are only a few kilometres.
const asideZoom = 7.5

// mostLabels bounds the names on one map.
const mostLabels = 40

// cityZoom returns the zoom from which cities of a rank are named.
func cityZoom(rank int) float64 {
	return []float64{0, 1.2, 3.2, 5.2, 7}[min(rank, 4)]
}

func nearWindow(x, y float64, v View) bool {
	w, h := float64(v.Width), float64(v.Height)
	return x > -drawnMargin*w && x < (1+drawnMargin)*w && y > -drawnMargin*h && y < (1+drawnMargin)*h
}

// crowded reports whether the label would touch another one.
func (l Label) crowded(others []Label, detail float64) bool {
	wide, high := 90*detail, 26*detail
	for _, o := range others {
		if math.Abs(float64(l.X-o.X)) < wide && math.Abs(float64(l.Y-o.Y)) < high {
			return true
		}
	}
	return false
}

// covered reports whether a mark would hide a part of the label.
func (l Label) covered(marks []Mark, detail float64) bool {
	half := 3.2 * detail * float64(utf8.RuneCountInString(l.Text))
	for _, m := range marks {
		r := float64(m.Radius)
		if math.Abs(float64(l.X-m.X)) < r+half && math.Abs(float64(l.Y-m.Y)) < r+5*detail {
			return true
		}
	}
	return false
}
