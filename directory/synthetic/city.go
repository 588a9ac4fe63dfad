package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/cases"
	xlanguage "golang.org/x/text/language"

	"codeberg.org/commonage/commonage/directory"
)

// city is a place with entries around its middle.
type city struct {
	name, country string
	language      int // index
	middle        directory.Point
	spread        float64 // degrees of latitude
}

// cityCount is how many cities there are.
const cityCount = 3000

// found places cities in the countries, the largest first.
func found(r *rand.Rand, spoken []*language) []city {
	title := cases.Title(xlanguage.Und)
	var all []city
	for rank := range cityCount {
		at := int(float64(len(spoken)) * math.Pow(r.Float64(), 1.5))
		l := spoken[at]
		country := pick(r, l.countries)
		b := boundsOf(country)
		all = append(all, city{
			name: title.String(l.made(r, 2+r.IntN(2))), country: country, language: at,
			middle: directory.Point{
				Latitude:  b.South + r.Float64()*(b.North-b.South),
				Longitude: b.West + r.Float64()*(b.East-b.West),
			},
			spread: 0.02 + 0.1/math.Sqrt(float64(rank+1)),
		})
	}
	return all
}

// place returns a place in the city; one in fifty has no position.
func (c city) place(r *rand.Rand, w writer) directory.Place {
	p := directory.Place{
		Locality: c.name, Country: c.country, Postcode: fmt.Sprint(10_000 + r.IntN(90_000)),
		Address: strings.TrimSpace(w.word() + " " + fmt.Sprint(1+r.IntN(200))),
	}
	if r.IntN(50) == 0 {
		return p
	}
	fine := func(degrees float64) float64 { return math.Round(degrees*1e5) / 1e5 }
	p.Point = &directory.Point{
		Latitude:  fine(c.middle.Latitude + r.NormFloat64()*c.spread),
		Longitude: fine(c.middle.Longitude + r.NormFloat64()*c.spread*1.5),
	}
	p.Precision = directory.Street
	return p
}

// boundsOf returns a box inside of a country, mostly land.
func boundsOf(country string) directory.Box {
	boxes := map[string]directory.Box{
		"GB": {West: -3.5, South: 51, East: 0.5, North: 54.5}, "IE": {West: -9, South: 52, East: -6.5, North: 54},
		"US": {West: -118, South: 32, East: -80, North: 44}, "DE": {West: 7, South: 48, East: 13.5, North: 53.5},
		"AT": {West: 11, South: 46.8, East: 16.3, North: 48.5}, "CH": {West: 6.5, South: 46.3, East: 9.5, North: 47.5},
		"FR": {West: -1, South: 43.7, East: 6.5, North: 49.5}, "BE": {West: 3, South: 50.3, East: 5.7, North: 51.3},
		"ES": {West: -6.5, South: 37.3, East: -0.5, North: 43}, "MX": {West: -104, South: 18, East: -97, North: 25},
		"AR": {West: -68, South: -38, East: -58.5, North: -28}, "IT": {West: 8, South: 44, East: 12, North: 46},
		"NL": {West: 4.6, South: 51.5, East: 6.8, North: 53.2}, "PT": {West: -8.8, South: 37.5, East: -7, North: 41.8},
		"BR": {West: -55, South: -28, East: -42, North: -8}, "PL": {West: 15, South: 50, East: 23, North: 54},
		"BG": {West: 23, South: 42, East: 27.5, North: 43.7}, "RS": {West: 19.5, South: 43, East: 22, North: 45.8},
		"UA": {West: 24, South: 47.5, East: 37, North: 51}, "GR": {West: 20.8, South: 38, East: 23.5, North: 41},
		"CY": {West: 32.5, South: 34.8, East: 33.5, North: 35.2}, "MA": {West: -8, South: 31, East: -3, North: 34.8},
		"TN": {West: 8.5, South: 34, East: 10.5, North: 37}, "EG": {West: 30, South: 29, East: 31.8, North: 31.2},
		"JP": {West: 135, South: 34.5, East: 140, North: 37},
	}
	return boxes[country]
}
