package search

import (
	"math"

	"codeberg.org/commonage/commonage/directory"
)

// LeastProduct returns the product of two unit vectors that are so many
// kilometres apart, less what such a product may be wrong by. Nothing is farther
// than half the way around.
func LeastProduct(radius float64) float64 {
	const rounding = 1e-15
	return math.Cos(math.Min(math.Pi, radius/directory.EarthRadius)) - rounding
}
