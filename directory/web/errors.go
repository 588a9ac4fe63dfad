package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// handler answers a request or says why not; what it returns decides status and
// page. It must not have written anything when it returns an error.
type handler func(w http.ResponseWriter, r *http.Request) error

// page makes an http.HandlerFunc of a handler.
func (s *Server) page(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// failure is an error as a visitor sees it.
type failure struct {
	Status    int
	Title     string
	Text      string
	Parameter string // the input that was wrong
	Reference string // to find the log line by
	Now       string // where the thing is now, or ""
}

func newFailure(err error) failure {
	var invalid *directory.Invalid
	var moved *directory.MovedError
	switch {
	case errors.As(err, &moved):
		return failure{Status: http.StatusGone, Title: "This has moved", Text: "It is published elsewhere now.", Now: moved.To}
	case errors.As(err, &invalid):
		return failure{Status: http.StatusBadRequest, Title: "That did not work", Text: invalid.Error(), Parameter: invalid.Field}
	case errors.Is(err, directory.ErrNotFound):
		return failure{
			Status: http.StatusNotFound, Title: "Nothing here",
			Text: "There is no page at this address. It may have moved, or the address may have a slip in it.",
		}
	case errors.Is(err, directory.ErrGone):
		return failure{
			Status: http.StatusGone, Title: "This was withdrawn",
			Text: "Its publisher took it out of the directory. We keep nothing of it but the name.",
		}
	case errors.Is(err, errNotAllowed):
		return failure{Status: http.StatusMethodNotAllowed, Title: "That does not work here", Text: "This address takes no such request."}
	case errors.Is(err, directory.ErrForbidden):
		return failure{Status: http.StatusForbidden, Title: "Not for you", Text: "You may not do this."}
	case errors.Is(err, directory.ErrConflict):
		return failure{Status: http.StatusConflict, Title: "Something changed meanwhile", Text: "Load the page again and have another look."}
	}
	return failure{
		Status: http.StatusInternalServerError, Title: "Something broke on our side",
		Text:      "It is not your fault, and nothing was lost. Please try again in a moment.",
		Reference: strings.ToLower(rand.Text()[:8]),
	}
}

var errNotAllowed = errors.New("method not allowed")

func (s *Server) showNotFound(http.ResponseWriter, *http.Request) error { return directory.ErrNotFound }

func (s *Server) showNotAllowed(http.ResponseWriter, *http.Request) error { return errNotAllowed }

// fail answers with the page or, for programs, the JSON problem of an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := newFailure(err)
	if f.Reference != "" {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // the reader went away
		}
		s.log.ErrorContext(r.Context(), "failed to answer", "path", r.URL.Path, "reference", f.Reference, "err", err)
	}
	h := w.Header()
	for _, name := range []string{"Cache-Control", "ETag", "Content-Disposition", "Link"} {
		h.Del(name)
	}
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/tiles/") {
		writeProblem(w, f)
		return
	}
	p := errorPage{Page: s.newPage(r, f.Title), Status: f.Status, Text: f.Text, Reference: f.Reference, Now: f.Now}
	p.NoIndex = true
	if err := s.renderStatus(w, f.Status, "error", p); err != nil {
		s.log.ErrorContext(r.Context(), "failed to show an error", "path", r.URL.Path, "err", err)
	}
}

type errorPage struct {
	Page
	Status    int
	Text      string
	Reference string
	Now       string
}

// problem is an error for programs (RFC 9457).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Reference string `json:"reference,omitempty"`
}

func writeProblem(w http.ResponseWriter, f failure) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.Status)
	_ = json.NewEncoder(w).Encode(problem{ //nolint:errcheck // the reader went away
		Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status,
		Detail: f.Text, Parameter: f.Parameter, Reference: f.Reference,
	})
}
