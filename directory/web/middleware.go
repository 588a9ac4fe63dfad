package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-chi/chi/v5/middleware"

	"codeberg.org/commonage/commonage/templates"
)

// logRequests writes one line for each request but those for assets and health.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, templates.AssetPrefix) || r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		start := s.now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		s.log.InfoContext(r.Context(), "answered", "method", r.Method, "path", r.URL.Path,
			"status", ww.Status(), "bytes", ww.BytesWritten(), "took", s.now().Sub(start))
	})
}

// recoverPanics answers 500 where a handler panicked.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			what := recover()
			if what == nil {
				return
			}
			if what == http.ErrAbortHandler { //nolint:errorlint // the very value is what net/http looks for
				panic(what)
			}
			s.log.ErrorContext(r.Context(), "panicked", "path", r.URL.Path, "err", fmt.Sprint(what), "stack", string(debug.Stack()))
			s.fail(w, r, fmt.Errorf("panicked: %v", what))
		}()
		next.ServeHTTP(w, r)
	})
}

// securityHeaders tells browsers to load nothing from anywhere else, run
// nothing that stands in a page, and tell other sites nothing of the visitor.
// Forms may lead to other servers for following an initiative from there, and
// the map may show pictures of the operator's tile server.
func (s *Server) securityHeaders(next http.Handler) http.Handler {
	pictures := strings.TrimSpace("'self' data: " + s.mapTiles.origin())
	policy := "default-src 'self'; img-src " + pictures + "; object-src 'none'; base-uri 'none'; " +
		"frame-ancestors 'none'; form-action 'self' https:"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=(), payment=()")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// maxBody bounds what a visitor may send: a form of a few fields.
const maxBody = 64 << 10

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// anyOrigin lets pages of other sites read the answer.
func anyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses forms that another site sent.
func sameOrigin() func(http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler
}
