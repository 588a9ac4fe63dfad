package web

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"codeberg.org/commonage/commonage/templates"
)

// How long a request may take.
const (
	pageTimeout   = 20 * time.Second
	exportTimeout = 10 * time.Minute
)

// compression is gzip's level: a good part of the best at a fraction of its cost.
const compression = 5

// routes is the site map.
func (s *Server) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(s.logRequests, s.recoverPanics, s.securityHeaders, limitBody)
	r.Use(middleware.Compress(compression, "text/html", "text/plain", "text/csv", "application/json",
		"application/problem+json", "application/feed+json", "application/x-suggestions+json", "text/calendar", atomType, openSearchType,
		"application/geo+json", "application/vnd.mapbox-vector-tile", "application/octet-stream", "image/svg+xml"))
	r.NotFound(s.page(s.showNotFound))
	r.MethodNotAllowed(s.page(s.showNotAllowed))

	r.Group(func(r chi.Router) {
		r.Use(middleware.Timeout(pageTimeout))
		r.Get("/", s.page(s.showHome))
		r.Get("/search", s.page(s.showSearch))
		r.Get("/initiatives/{handle}", s.page(s.showInitiative))
		r.With(sameOrigin()).Post("/initiatives/{handle}/follow", s.page(s.createFollow))
		r.Get("/initiatives/{handle}/posts/{post}", s.page(s.showPost))
		r.Get("/forms", s.page(s.showForms))
		r.Get("/forms/{slug}", s.page(s.showForm))
		r.Get("/network", s.page(s.showNetwork))
		r.Get("/about", s.page(s.showAbout))
		r.Get("/api", s.page(s.showAPI))

		r.With(anyOrigin).Get("/tiles/{z}/{x}/{y}.json", s.page(s.showTile))
		r.With(anyOrigin).Get("/tiles/{z}/{x}/{y}.mvt", s.page(s.showVectorTile))
		r.Get("/map/land/{z}/{x}/{y}.bin", s.page(s.showLand))

		r.With(anyOrigin).Get("/api/v1/initiatives", s.page(s.listInitiatives))
		r.With(anyOrigin).Get("/api/v1/network", s.page(s.listNetwork))
		r.With(anyOrigin).Get("/api/v1/suggest", s.page(s.showSuggestions))
		r.With(anyOrigin).Get("/api/v1/initiatives.atom", s.page(s.showAtom))
		r.With(anyOrigin).Get("/api/v1/initiatives.feed.json", s.page(s.showJSONFeed))
		r.With(anyOrigin).Get("/api/v1/events.ics", s.page(s.showCalendar))
		r.Get("/opensearch.xml", s.page(s.showOpenSearch))
		r.Get("/opensearch/suggest", s.page(s.showOpenSearchSuggestions))
	})
	r.Group(func(r chi.Router) {
		r.Use(middleware.Timeout(exportTimeout), anyOrigin)
		r.Get("/api/v1/initiatives.geojson", s.page(s.exportGeoJSON))
		r.Get("/api/v1/initiatives.csv", s.page(s.exportCSV))
	})

	r.Get("/healthz", s.page(s.showHealth))
	r.Get("/robots.txt", s.page(s.showRobots))
	r.Get("/favicon.svg", s.page(s.showFavicon))
	r.Get("/favicon.ico", s.page(s.showFavicon))
	r.Handle(templates.AssetPrefix+"*", http.HandlerFunc(s.templates.Assets.ServeHTTP))
	return r
}
