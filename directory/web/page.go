package web

import (
	"bytes"
	"fmt"
	"net/http"

	"codeberg.org/commonage/commonage/directory"
)

// Page is what every page has.
type Page struct {
	Title       string
	Description string // for search engines and link previews
	Site        directory.Instance
	Section     string // the entry of the navigation that is current
	Question    string // what the search box holds
	Canonical   string // the address to link to
	Activity    string // id of the ActivityPub object that the page shows, or ""
	Creator     string // fediverse address of who wrote it, or ""
	Data        any    // schema.org data, or nil
	Alternates  []alternative
	HasMap      bool // one that moves
	HasDrawing  bool // one that does not
	OwnSearch   bool // the page has a search box of its own
	NoIndex     bool
}

// alternative is a page in another format.
type alternative struct{ Title, Type, Link string }

func (s *Server) newPage(r *http.Request, title string) Page {
	return Page{
		Title: title, Description: s.instance.Description, Site: s.instance,
		Canonical: s.instance.URL(r.URL.EscapedPath()),
	}
}

func (s *Server) render(w http.ResponseWriter, page string, data any) error {
	return s.renderStatus(w, http.StatusOK, page, data)
}

func (s *Server) renderStatus(w http.ResponseWriter, status int, page string, data any) error {
	var body bytes.Buffer
	if err := s.templates.Render(&body, page, data); err != nil {
		return fmt.Errorf("show %s: %w", page, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) //nolint:errcheck // the reader went away
	return nil
}

// alternate tells servers that the page's address is also an ActivityPub object.
func alternate(w http.ResponseWriter, id string) {
	w.Header().Add("Link", fmt.Sprintf(`<%s>; rel="alternate"; type="application/activity+json"`, id))
	w.Header().Add("Vary", "Accept")
}
