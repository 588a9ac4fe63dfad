package atlas

import (
	"cmp"
	"slices"

	"codeberg.org/commonage/commonage/directory/search"
)

// coreShare is how much of everything the core holds.
const coreShare = 0.97

// Core returns the clusters without the outermost few: those beyond the edges
// of the middle coreShare of the entries, by longitude and by latitude.
func Core(clusters []search.Cluster) []search.Cluster {
	if len(clusters) == 0 {
		return nil
	}
	longitudes := make([]float64, len(clusters))
	for i, c := range clusters {
		longitudes[i] = c.Point.Longitude
	}
	west, _ := around(longitudes)
	eastward := func(c search.Cluster) float64 {
		d := c.Point.Longitude - west
		if d < 0 {
			d += 360
		}
		return d
	}
	core := trim(clusters, eastward)
	return trim(core, func(c search.Cluster) float64 { return c.Point.Latitude })
}

// trim leaves out what lies beyond the middle share along one line.
func trim(clusters []search.Cluster, along func(search.Cluster) float64) []search.Cluster {
	clusters = slices.Clone(clusters)
	slices.SortFunc(clusters, func(a, b search.Cluster) int { return cmp.Compare(along(a), along(b)) })
	total := 0
	for _, c := range clusters {
		total += c.Count
	}
	tail := float64(total) * (1 - coreShare) / 2
	first, last := 0, len(clusters)-1
	for n := float64(clusters[first].Count); n <= tail && first < last; n += float64(clusters[first].Count) {
		first++
	}
	for n := float64(clusters[last].Count); n <= tail && last > first; n += float64(clusters[last].Count) {
		last--
	}
	return clusters[first : last+1]
}

// around returns the ends of the shortest stretch of the equator that holds
// every longitude: what remains after the widest gap.
func around(longitudes []float64) (west, east float64) {
	slices.Sort(longitudes)
	last := len(longitudes) - 1
	west, east = longitudes[0], longitudes[last]
	widest := west + 360 - east
	for i := 1; i <= last; i++ {
		if gap := longitudes[i] - longitudes[i-1]; gap > widest {
			widest, west, east = gap, longitudes[i], longitudes[i-1]
		}
	}
	return west, east
}
