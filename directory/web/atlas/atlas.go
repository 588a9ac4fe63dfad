// Package atlas draws maps: the coasts and borders behind them, the lines of
// the globe, the names of cities, and where entries and their clusters lie. A
// drawing is plain numbers and SVG path data; pages turn it into elements.
//
// The base map is Natural Earth's, packed by templates/assets/basemap.mjs, whose
// head describes the format. Positions are x to the east and y to the south in
// the unit square of Web Mercator, as in search.Mercator.
package atlas

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Atlas is the base map at three scales. It is safe for concurrent use. Its zero
// value, and one whose files are missing, has nothing but the globe's lines.
type Atlas struct {
	scales []scale // coarse to fine
	cities []City
}

// scale is the base map for the zooms from one on, read when first needed.
type scale struct {
	from float64
	read func() Land
}

// City is a name for orientation.
type City struct {
	Rank  int // 1 is the first to show
	Name  string
	Point directory.Point
}

// New returns the atlas of the files land-*.bin in files and of the table of
// cities. Files may be missing; what is there must be readable.
func New(files fs.FS, cities []byte) (*Atlas, error) {
	list, err := readCities(cities)
	if err != nil {
		return nil, err
	}
	a := &Atlas{cities: list}
	for _, s := range []struct {
		name string
		from float64
	}{{"land-110m.bin", 0}, {"land-50m.bin", 3}, {"land-10m.bin", 6}} {
		data, err := fs.ReadFile(files, s.name)
		if err != nil {
			continue // not built
		}
		a.scales = append(a.scales, scale{s.from, sync.OnceValue(func() Land {
			land, err := ReadLand(data)
			if err != nil {
				return Land{}
			}
			return land
		})})
	}
	return a, nil
}

// Land returns the base map for a zoom.
func (a *Atlas) Land(zoom float64) Land {
	for i, s := range slices.Backward(a.scales) {
		if zoom >= s.from || i == 0 {
			return s.read()
		}
	}
	return Land{}
}

func readCities(data []byte) ([]City, error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read cities: %w", err)
	}
	cities := make([]City, 0, len(rows))
	for _, row := range rows {
		if len(row) != 4 {
			return nil, fmt.Errorf("read cities: %q is not rank,name,latitude,longitude", row)
		}
		rank, err := strconv.Atoi(row[0])
		if err != nil {
			return nil, fmt.Errorf("read rank of %s: %w", row[1], err)
		}
		point, err := search.ParsePoint(row[1], row[2]+","+row[3])
		if err != nil {
			return nil, fmt.Errorf("read cities: %w", err)
		}
		cities = append(cities, City{Rank: rank, Name: row[1], Point: *point})
	}
	return cities, nil
}

// Cities lists the cities, the important ones first. Do not change it.
func (a *Atlas) Cities() []City { return a.cities }
