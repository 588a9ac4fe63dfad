package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/search"
)

// answer is a page of hits for programs.
type answer struct {
	Total  int           `json:"total"`
	Items  []item        `json:"items"`
	Facets search.Facets `json:"facets"`
	Next   *string       `json:"next"` // the cursor of the next page
	// The facets were counted over a part of the hits, as just after the start.
	Estimated bool `json:"estimated,omitempty"`
	// What was not read as it was typed, for people.
	Remarks []string `json:"remarks,omitempty"`
	Meant   string   `json:"did_you_mean,omitempty"` // other words for q, which find more
}

// item is an entry for programs.
type item struct {
	ID       string              `json:"id"`
	Handle   string              `json:"handle"`
	Acct     string              `json:"acct"`
	Origin   string              `json:"origin"`
	Name     string              `json:"name"`
	Summary  string              `json:"summary"`
	URL      string              `json:"url"` // its page here
	Forms    []string            `json:"forms"`
	Kind     directory.Kind      `json:"kind"`
	Currents []directory.Current `json:"currents"`
	Offers   []string            `json:"offers,omitempty"`
	Needs    []string            `json:"needs,omitempty"`
	Place    directory.Place     `json:"place"`
	Updated  time.Time           `json:"updated"`
	Distance *float64            `json:"distance_km,omitempty"`

	NotConfirmed *time.Time `json:"not_confirmed_since,omitempty"` // its instance has not answered since then
}

func (s *Server) listInitiatives(w http.ResponseWriter, r *http.Request) error {
	a, err := s.ask(r)
	if err != nil {
		return err
	}
	found, err := s.find(r.Context(), a.Query)
	if err != nil {
		return err
	}
	out := answer{Total: found.Total, Estimated: found.Estimated, Remarks: notes(a), Meant: a.Meant, Items: make([]item, len(found.Hits)), Facets: search.Facets{}}
	since, err := s.unconfirmed(r.Context())
	if err != nil {
		return err
	}
	for k := range found.Hits {
		out.Items[k] = s.item(&found.Hits[k])
		out.Items[k].NotConfirmed = since[out.Items[k].Origin]
	}
	for _, d := range search.Dimensions() {
		out.Facets[d] = append([]search.Count{}, found.Facets[d]...)
	}
	if found.Next != "" {
		out.Next = &found.Next
	}
	return writeJSON(w, out)
}

func (s *Server) item(hit *search.Hit) item {
	i := &hit.Initiative
	it := item{
		ID: i.ID, Handle: i.Handle, Acct: s.instance.Acct(i), Origin: i.Origin, Name: i.Name, Summary: i.Summary,
		URL: s.instance.URL(s.entryPath(i)), Forms: append([]string{}, i.Forms...), Kind: i.Kind,
		Currents: append([]directory.Current{}, i.Currents...), Offers: i.Offers, Needs: i.Needs,
		Place: i.Place, Updated: i.Updated.UTC(),
	}
	if hit.Distance >= 0 {
		km := math.Round(hit.Distance*1000) / 1000
		it.Distance = &km
	}
	return it
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) //nolint:errcheck // the reader went away
	return nil
}

func (s *Server) exportGeoJSON(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, exchange.GeoJSON, "application/geo+json", "geojson")
}

func (s *Server) exportCSV(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, exchange.CSV, "text/csv; charset=utf-8", "csv")
}

// export streams every hit of a search, or the page that limit and cursor ask
// for.
func (s *Server) export(w http.ResponseWriter, r *http.Request, format, mediaType, extension string) error {
	a, err := s.ask(r)
	if err != nil {
		return err
	}
	entries := s.every(r, a.Query)
	if a.Limit > 0 || a.Cursor != "" {
		if entries, err = s.onePage(w, r, a.Query); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(s.instance.Host, ":", "-")+"."+extension+`"`)
	out := &started{ResponseWriter: w}
	err = exchange.Write(format, out, entries, exchange.Collection{Name: s.instance.Name, URL: s.instance.URL("/")})
	if err == nil || !out.began {
		return err //nolint:wrapcheck // says which entry and format
	}
	// Part of the answer is out: break the connection rather than end it well.
	s.log.ErrorContext(r.Context(), "broke off an export", "path", r.URL.Path, "err", err)
	panic(http.ErrAbortHandler)
}

// started notes whether anything of the answer was written.
type started struct {
	http.ResponseWriter
	began bool
}

// Write implements io.Writer.
func (s *started) Write(p []byte) (int, error) {
	s.began = true
	return s.ResponseWriter.Write(p) //nolint:wrapcheck // a plain pass-through
}

var errEnough = errors.New("the reader has enough")

func (s *Server) every(r *http.Request, q search.Query) iter.Seq2[*directory.Initiative, error] {
	return func(yield func(*directory.Initiative, error) bool) {
		err := s.store.Each(r.Context(), q, func(i *directory.Initiative) error {
			if !yield(i, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

func (s *Server) onePage(w http.ResponseWriter, r *http.Request, q search.Query) (iter.Seq2[*directory.Initiative, error], error) {
	found, err := s.store.Search(r.Context(), q)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if found.Next != "" {
		v := r.URL.Query()
		v.Set("cursor", found.Next)
		w.Header().Add("Link", fmt.Sprintf(`<%s>; rel="next"`, s.instance.URL(address(r.URL.Path, v))))
	}
	return func(yield func(*directory.Initiative, error) bool) {
		for k := range found.Hits {
			if !yield(&found.Hits[k].Initiative, nil) {
				return
			}
		}
	}, nil
}
