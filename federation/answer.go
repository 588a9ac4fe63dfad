package federation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// handler answers a request or returns why it did not; see handle.
type handler func(w http.ResponseWriter, r *http.Request) error

// refusal is an answer with a status and words for the other server's admin.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return fmt.Sprintf("%d: %s", e.status, e.text) }

func refusef(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// handle makes a handler's error the answer: the kind of error is the status.
// What is no fault of the asker is logged and answered with 503, which tells
// other servers to ask again; a 404 or 410 would make them forget.
func (s *Server) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(&asked{w, r.Header.Get("If-None-Match")}, r)
		if err == nil {
			return
		}
		status, text := statusOf(err)
		if status == http.StatusServiceUnavailable && !errors.Is(err, context.Canceled) {
			s.Log.ErrorContext(r.Context(), "answer failed", "path", r.URL.Path, "err", err)
			w.Header().Set("Retry-After", "60")
		}
		http.Error(w, text, status)
	}
}

func statusOf(err error) (status int, text string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.text
	}
	if invalid, ok := errors.AsType[*directory.Invalid](err); ok {
		return http.StatusBadRequest, invalid.Error()
	}
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return http.StatusNotFound, "not found"
	case errors.Is(err, directory.ErrGone):
		return http.StatusGone, "gone"
	}
	return http.StatusServiceUnavailable, "temporarily out of order"
}

// negotiate serves the ActivityPub document to who asks for it and the page to
// everyone else.
func (s *Server) negotiate(document handler, page http.Handler) http.HandlerFunc {
	serve := s.handle(document)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept")
		if wantsActivity(r) {
			serve(w, r)
			return
		}
		page.ServeHTTP(w, r)
	}
}

// wantsActivity reports whether the request asks for ActivityPub: servers name
// one of its two types, with or without the profile, and browsers neither.
func wantsActivity(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accept, "application/activity+json") || strings.Contains(accept, "application/ld+json")
}

// write answers with a document of a media type. Documents are public and
// change rarely; a short life spares who asks often.
func write(w http.ResponseWriter, mediaType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	setCaching(h)
	if _, err := w.Write(body); err != nil { //nolint:gosec // documents are encoded, and never of type text/html
		return nil //nolint:nilerr // the asker went away: there is nobody to tell
	}
	return nil
}

func setCaching(h http.Header) {
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "public, max-age=60")
	}
	if h.Get("Vary") == "" {
		h.Set("Vary", "Accept")
	}
}

// asked is an answer to somebody who may have the document already.
type asked struct {
	http.ResponseWriter

	has string // the tags of those that they have, as in If-None-Match
}

// Unwrap returns what http.ResponseController looks for.
func (a *asked) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// writeActivity answers with a document, or with 304 to who has it: peers ask for
// the same lists and for the end of the log again and again.
func writeActivity(w http.ResponseWriter, document json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	sum := sha256.Sum256(document)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if a, ok := w.(*asked); ok && strings.Contains(a.has, tag) {
		setCaching(w.Header())
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return write(w, vocab.ContentType, document)
}

// spaced answers as h does, and says when it makes sense to ask again: the more peers
// follow us, the later. It holds for each of the things that are asked for again and
// again, wherever in it.
func (s *Server) spaced(again func(followers int) time.Duration, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		n, err := s.Store.CountPeerFollowers(r.Context(), s.Instance.DirectoryID())
		if err != nil {
			return err
		}
		if wait := again(n); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
		}
		if err = h(w, r); err != nil {
			w.Header().Del("Retry-After") // what went wrong may be put right sooner
		}
		return err
	}
}

// gone answers that a thing of ours was withdrawn (AC8).
func gone(w http.ResponseWriter, document json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", vocab.ContentType)
	w.WriteHeader(http.StatusGone)
	return write(w, vocab.ContentType, document)
}

// initiative returns the own entry with an actor that the path names.
func (s *Server) initiative(r *http.Request) (*directory.Initiative, error) {
	handle := chi.URLParam(r, "handle")
	if !directory.ValidHandle(handle) {
		return nil, fmt.Errorf("initiative %q: %w", handle, directory.ErrNotFound)
	}
	return s.ownActor(r.Context(), s.Store, handle)
}
