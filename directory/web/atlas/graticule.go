package atlas

import (
	"math"
	"strconv"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// graticuleSteps are the distances between lines in degrees; one is chosen that
// gives a handful of lines.
func graticuleSteps() []float64 {
	return []float64{30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005}
}

// fewestLines is how many lines should cross the window at least.
const fewestLines = 4

func graticule(v View) string {
	a := v.Area(drawnMargin)
	degrees := float64(v.Width) / v.scale() * 360
	step := graticuleSteps()[0]
	for _, s := range graticuleSteps() {
		step = s
		if degrees/s >= fewestLines {
			break
		}
	}
	left, right := int(-drawnMargin*float64(v.Width)), int((1+drawnMargin)*float64(v.Width))
	top, bottom := int(-drawnMargin*float64(v.Height)), int((1+drawnMargin)*float64(v.Height))
	var path []byte
	for n := math.Ceil((a.Left*360 - 180) / step); n*step <= a.Right*360-180; n++ {
		x := float64(v.Width)/2 + ((n*step+180)/360-v.X)*v.scale()
		path = appendLine(path, int(math.Round(x)), top, 'V', bottom)
	}
	north := search.Unproject(0, math.Max(0, a.Top)).Latitude
	south := search.Unproject(0, math.Min(1, a.Bottom)).Latitude
	for n := math.Ceil(south / step); n*step <= north; n++ {
		_, y := v.At(directory.Point{Latitude: n * step})
		path = appendLine(path, left, int(math.Round(y)), 'H', right)
	}
	return string(path)
}

func appendLine(path []byte, x, y int, command byte, to int) []byte {
	path = strconv.AppendInt(append(path, 'M'), int64(x), 10)
	path = strconv.AppendInt(append(path, ' '), int64(y), 10)
	return strconv.AppendInt(append(path, command), int64(to), 10)
}
