package fedtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	maxBody      = 1 << 20 // D8: of bodies that are posted or fetched
	maxRedirects = 3       // D7
)

// Response is the answer to a request of the server.
type Response struct {
	Status int // 0 if there was no answer
	Header http.Header
	Body   string
	URL    string // after redirects
	Err    error  // why there was no answer
}

// query is one request of the server.
type query struct {
	method, url string
	header      http.Header
	body        []byte // nil for GET
	by          *Actor // who signs; nil: nobody
	shapes      []Shape
}

// once sends the request a single time. No redirect is followed: Mastodon
// takes one that answers a POST as a failure (D7).
func (s *Server) once(ctx context.Context, q query) Response {
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, http.NoBody)
	if err != nil {
		return Response{Err: err, URL: q.url}
	}
	r.Header = q.header.Clone()
	r.Header.Set("User-Agent", s.userAgent())
	body := q.body
	if q.by != nil {
		g := q.by.signing(r, body)
		for _, shape := range q.shapes {
			shape(g)
		}
		if err := g.sign(r); err != nil {
			return Response{Err: fmt.Errorf("sign %s %s: %w", q.method, q.url, err), URL: q.url}
		}
		body = g.Body
	}
	if body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return Response{Err: err, URL: q.url}
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(content) > maxBody {
		err = broke("D8", "%s has more than %d bytes", q.url, maxBody)
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: string(content), URL: q.url, Err: err}
}

// send sends the request, and once more where the flavour would do so after a
// refusal (H4, H5). With shapes there is one try, so that a test sees how it
// went.
func (s *Server) send(ctx context.Context, q query) Response {
	res := s.once(ctx, q)
	if q.by == nil || len(q.shapes) > 0 || (res.Status != http.StatusBadRequest && res.Status != http.StatusUnauthorized) {
		return res
	}
	path, _, hasQuery := strings.Cut(q.url, "?")
	switch {
	case s.flavour.SecondKnock && s.flavour.SignsFirst == RFC9421:
		q.shapes = []Shape{AsCavage}
	case s.flavour.SecondKnock:
		q.shapes = []Shape{AsRFC9421}
	case s.flavour.DropsQuery && hasQuery && q.method == http.MethodGet:
		q.shapes = []Shape{Target("/" + strings.SplitN(path, "/", 4)[3])}
	default:
		return res
	}
	return s.once(ctx, q)
}

// get follows up to three redirects, and signs each step anew (D7).
func (s *Server) get(ctx context.Context, address, accept string, by *Actor, shapes ...Shape) Response {
	for redirects := 0; ; redirects++ {
		res := s.send(ctx, query{
			method: http.MethodGet, url: address, by: by, shapes: shapes,
			header: http.Header{"Accept": {accept}},
		})
		location := res.Header.Get("Location")
		if res.Status/100 != 3 || location == "" {
			return res
		}
		next, err := url.Parse(location)
		if err != nil || redirects == maxRedirects {
			res.Err = broke("D7", "redirect %d of %s to %q", redirects+1, address, location)
			return res
		}
		base, err := url.Parse(address)
		if err != nil {
			res.Err = err
			return res
		}
		address = base.ResolveReference(next).String()
	}
}

// fetch gets the document at an address: signed by the instance actor where
// the flavour does that (H6), status 200, an ActivityPub type (S4), a JSON
// object.
func (s *Server) fetch(ctx context.Context, address string) (Object, error) {
	by := s.instance
	if !s.flavour.SignsGET {
		by = nil
	}
	address, _, _ = strings.Cut(address, "#")
	res := s.get(ctx, address, s.flavour.Accept, by)
	if res.Err != nil || res.Status != http.StatusOK {
		return nil, missing("S4", res)
	}
	if err := s.checkType(res.Header.Get("Content-Type")); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", address, err)
	}
	doc := parseObject([]byte(res.Body))
	if doc == nil {
		return nil, broke("A2", "%s is no JSON object", address)
	}
	return doc, nil
}

// fetchNamed gets a document whose id is exactly the address (A2, S1).
func (s *Server) fetchNamed(ctx context.Context, id string) (Object, error) {
	doc, err := s.fetch(ctx, id)
	if err == nil && doc.String("id") != id {
		return nil, broke("S1", "%s has the id %q", id, doc.String("id"))
	}
	return doc, err
}

// fetchAny gets a document whose id is not known: where it names another one,
// that is fetched, once, and must have the id that it goes by (S1, AC9).
func (s *Server) fetchAny(ctx context.Context, address string) (Object, error) {
	doc, err := s.fetch(ctx, address)
	if err != nil || doc.String("id") == address {
		return doc, err
	}
	return s.fetchNamed(ctx, doc.String("id"))
}

// checkType is S4; Lemmy compares the whole value (A7).
func (s *Server) checkType(contentType string) error {
	switch strings.ToLower(contentType) {
	case activityJSON, activityJSON + "; charset=utf-8", ldJSON:
		return nil
	}
	if s.flavour.ExactType {
		return broke("A7", "Content-Type %q", contentType)
	}
	base, params, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return broke("S4", "Content-Type %q: %v", contentType, err)
	case base == activityJSON:
		return nil
	case base == "application/ld+json":
		for profile := range strings.FieldsSeq(params["profile"]) {
			if profile == activityStreams {
				return nil
			}
		}
	}
	return broke("S4", "Content-Type %q", contentType)
}
