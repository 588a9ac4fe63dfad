package web

import (
	"fmt"
	"net/http"
)

// showHealth answers 200 while the database does.
func (s *Server) showHealth(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.store.Ping(r.Context()); err != nil {
		s.log.ErrorContext(r.Context(), "database does not answer", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, "the database does not answer") //nolint:errcheck // the reader went away
		return nil
	}
	_, _ = fmt.Fprintln(w, "ok") //nolint:errcheck // the reader went away
	return nil
}

func (s *Server) showRobots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// Searches have no end; what they lead to is linked from elsewhere too.
	_, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /search?\nDisallow: /api/v1/\nDisallow: /tiles/\n") //nolint:errcheck // the reader went away
	return nil
}

func (s *Server) showFavicon(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(s.templates.Assets.Favicon()) //nolint:errcheck // the reader went away
	return nil
}
