package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/geo"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"

	"codeberg.org/commonage/commonage/directory"
)

// other is bleve with its own defaults: the standard analyzer, scorch.
type other struct {
	index bleve.Index
	path  string
}

// document is an entry as bleve is given it.
type document struct {
	Name     string     `json:"name"`
	Body     string     `json:"body"`
	Locality string     `json:"locality"`
	Kind     string     `json:"kind"`
	Role     string     `json:"role"`
	Origin   string     `json:"origin"`
	Country  string     `json:"country"`
	Form     []string   `json:"form"`
	Current  []string   `json:"current"`
	Spot     *geo.Point `json:"spot,omitempty"`
	Updated  float64    `json:"updated"`
}

var dimensions = []string{"kind", "role", "origin", "country", "form", "current"}

func bleveMapping() mapping.IndexMapping {
	text := bleve.NewTextFieldMapping()
	text.Store, text.IncludeInAll, text.DocValues = false, true, false
	exact := bleve.NewTextFieldMapping()
	exact.Analyzer, exact.Store, exact.IncludeInAll, exact.IncludeTermVectors = keyword.Name, false, false, false
	spot := bleve.NewGeoPointFieldMapping()
	spot.Store, spot.IncludeInAll = false, false
	number := bleve.NewNumericFieldMapping()
	number.Store, number.IncludeInAll = false, false
	entry := bleve.NewDocumentStaticMapping()
	for _, name := range []string{"name", "body", "locality"} {
		entry.AddFieldMappingsAt(name, text)
	}
	for _, name := range dimensions {
		entry.AddFieldMappingsAt(name, exact)
	}
	entry.AddFieldMappingsAt("spot", spot)
	entry.AddFieldMappingsAt("updated", number)
	m := bleve.NewIndexMapping()
	m.DefaultMapping = entry
	return m
}

func openBleve(o options) (engine, bool, error) {
	e := &other{path: filepath.Join(o.dir, fmt.Sprintf("bleve-%d", o.size))}
	var err error
	if e.index, err = bleve.Open(e.path); err == nil {
		n, err := e.index.DocCount()
		return e, n >= uint64(o.size), err
	}
	e.index, err = bleve.New(e.path, bleveMapping())
	return e, false, err
}

func (e *other) put(_ context.Context, entries []*directory.Initiative) error {
	b := e.index.NewBatch()
	for _, i := range entries {
		d := document{
			Name: i.Name, Body: i.Summary + " " + i.Description, Locality: i.Place.Locality, Kind: string(i.Kind),
			Role: string(i.Role), Origin: i.Origin, Country: i.Place.Country, Form: i.Forms, Updated: float64(i.Updated.UnixMicro()),
		}
		for _, c := range i.Currents {
			d.Current = append(d.Current, string(c))
		}
		if p := i.Place.Point; p != nil {
			d.Spot = &geo.Point{Lon: p.Longitude, Lat: p.Latitude}
		}
		if err := b.Index(i.ID, d); err != nil {
			return err
		}
	}
	return e.index.Batch(b)
}

func (e *other) ready(context.Context) error { return nil }

func (e *other) ask(ctx context.Context, q question) error {
	request := bleve.NewSearchRequestOptions(bleveQuery(q), 20, 20*(q.Page-1), false)
	for _, name := range dimensions {
		request.AddFacet(name, bleve.NewFacetRequest(name, 60))
	}
	switch {
	case q.Near != nil:
		request.SortBy([]string{}) // below
		order, err := geoSort(q)
		if err != nil {
			return err
		}
		request.SortByCustom(order)
	case len(q.Words) == 0:
		request.SortBy([]string{"-updated"})
	}
	_, err := e.index.SearchInContext(ctx, request)
	return err
}

func bleveQuery(q question) query.Query {
	var all []query.Query
	switch {
	case q.Phrase:
		all = append(all, bleve.NewMatchPhraseQuery(strings.Join(q.Words, " ")))
	case q.Prefix:
		all = append(all, bleve.NewPrefixQuery(strings.ToLower(q.Words[0])))
	case len(q.Words) > 0:
		m := bleve.NewMatchQuery(strings.Join(q.Words, " "))
		m.SetOperator(query.MatchQueryOperatorAnd)
		all = append(all, m)
	}
	term := func(field, value string) {
		t := bleve.NewTermQuery(value)
		t.SetField(field)
		all = append(all, t)
	}
	for _, f := range q.Forms {
		term("form", f)
	}
	for _, c := range q.Countries {
		term("country", c)
	}
	for _, k := range q.Kinds {
		term("kind", string(k))
	}
	if b := q.Box; b != nil {
		g := bleve.NewGeoBoundingBoxQuery(b.West, b.North, b.East, b.South)
		g.SetField("spot")
		all = append(all, g)
	}
	if q.Near != nil && q.Radius > 0 {
		g := bleve.NewGeoDistanceQuery(q.Near.Longitude, q.Near.Latitude, fmt.Sprintf("%vkm", q.Radius))
		g.SetField("spot")
		all = append(all, g)
	}
	if len(all) == 0 {
		return bleve.NewMatchAllQuery()
	}
	return bleve.NewConjunctionQuery(all...)
}

func (e *other) disk(context.Context) string { return sizeOf(e.path) }

func (e *other) close() error { return e.index.Close() }
