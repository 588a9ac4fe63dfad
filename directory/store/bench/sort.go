package main

import "github.com/blevesearch/bleve/v2/search"

// geoSort orders by the distance from the question's point.
func geoSort(q question) (search.SortOrder, error) {
	by, err := search.NewSortGeoDistance("spot", "km", q.Near.Longitude, q.Near.Latitude, false)
	if err != nil {
		return nil, err
	}
	return search.SortOrder{by}, nil
}
