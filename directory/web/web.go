// Package web serves what people see: pages, the map's tiles, and the JSON API.
// Pages work without scripts. It knows nothing of federation; the two meet in
// the store.
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/web/atlas"
	"codeberg.org/commonage/commonage/templates"
)

// Options are what a Server needs. All but Now and Version are required.
type Options struct {
	Instance  directory.Instance
	Store     *store.Store
	Templates *templates.Set
	Logger    *slog.Logger
	Now       func() time.Time // time.Now if nil
	Version   string           // of the program, for the about page
	MapTiles  MapTiles         // the zero value for the base map that is shipped
}

// MapTiles is a tile server whose pictures lie under the map that moves.
type MapTiles struct {
	URL         string // with {z}, {x} and {y}
	Attribution string // plain text
}

// origin returns the scheme and host, for the content security policy.
func (m MapTiles) origin() string {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(m.URL))
	if err != nil || m.URL == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Server answers HTTP requests of people and of the API's users. It is safe for
// concurrent use.
type Server struct {
	instance  directory.Instance
	store     *store.Store
	templates *templates.Set
	log       *slog.Logger
	now       func() time.Time
	version   string
	atlas     *atlas.Atlas
	maps      *recent[keptMap]
	answers   *memo[*search.Result]
	overviews *memo[overview]
	tiles     *recent[*writtenTile]
	mapTiles  MapTiles
}

// New returns a server.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	dist, err := o.Templates.Assets.Dist()
	if err != nil {
		return nil, fmt.Errorf("find the base map: %w", err)
	}
	cities, err := o.Templates.Assets.Cities()
	if err != nil {
		return nil, fmt.Errorf("find the cities: %w", err)
	}
	drawn, err := atlas.New(dist, cities)
	if err != nil {
		return nil, fmt.Errorf("open the atlas: %w", err)
	}
	return &Server{
		instance: o.Instance, store: o.Store, templates: o.Templates, log: o.Logger, now: o.Now, version: o.Version,
		atlas: drawn, maps: newRecent[keptMap](mostKept), answers: newMemo[*search.Result](), overviews: newMemo[overview](),
		tiles: newRecent[*writtenTile](mostTiles), mapTiles: o.MapTiles,
	}, nil
}

// Handler returns the routes with everything around them.
func (s *Server) Handler() http.Handler { return s.routes() }
