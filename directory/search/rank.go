package search

import (
	"math"

	"codeberg.org/commonage/commonage/directory"
)

// Quality says how much an entry tells, from 0 to 255: a tenth each for what
// helps a visitor most.
func Quality(i *directory.Initiative) uint8 {
	parts := []bool{
		i.Summary != "", i.Description != "", len(i.Forms) > 0, i.Kind != "", len(i.Links) > 0, i.Image != nil,
		i.Place.Point != nil, i.Place.Locality != "", i.Place.Address != "", len(i.Languages) > 0 || len(i.Tags) > 0,
	}
	n := 0
	for _, told := range parts {
		if told {
			n++
		}
	}
	if i.Status == directory.Ended {
		n /= 2 // it can be read about, and no more
	}
	return uint8(n * math.MaxUint8 / len(parts)) //nolint:gosec // at most 255
}

// What completeness and freshness count for.
const (
	fullBonus = 0.2 // of the score, for an entry that tells everything
	perYear   = 0.1 // points for a year that an entry changed later than another
	year      = 365.25 * 24 * 3600 * 1e6
)

// Score returns how high an entry stands whose words count so much, whose
// quality is given and that changed then, in microseconds. It grows with time
// by the same for all, so that an order once seen stays.
func Score(words float64, quality uint8, updated int64) float64 {
	return words*(1+fullBonus*float64(quality)/math.MaxUint8) + perYear*float64(updated)/year
}

// halfway is at how many kilometres a hit counts half.
const halfway = 10

// Closeness returns what the score of an entry is multiplied by in a search near
// a point: 1 at the point, a half at ten kilometres, next to nothing without a
// position. It takes the product of the two unit vectors, -Inf without one.
func Closeness(product float64) float64 {
	const nowhere = 1e-4
	if math.IsInf(product, -1) {
		return nowhere
	}
	km := math.Acos(math.Max(-1, math.Min(1, product))) * directory.EarthRadius
	return math.Max(nowhere, 1/(1+km/halfway))
}
