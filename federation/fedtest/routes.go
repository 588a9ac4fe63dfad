package fedtest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Answer is what a path answers instead of the usual, once or always.
type Answer struct {
	Status int // 0: as usual, after Before
	Header http.Header
	Body   string
	Before <-chan struct{} // nothing is answered until it is closed
	Within <-chan struct{} // the body is not sent until it is closed
	Always bool            // stays; otherwise it is used up
}

// Answer scripts the next answers of an inbox, a document or any other path of
// the server; a query is not looked at.
func (s *Server) Answer(address string, answers ...Answer) {
	path := pathOf(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = append(s.answers[path], answers...)
}

// AsUsual drops the answers scripted for a path.
func (s *Server) AsUsual(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, pathOf(address))
}

// Handle has a handler answer a path of the server from now on, where the answer
// depends on more than how often it was asked for.
func (s *Server) Handle(address string, h http.HandlerFunc) { s.handle(pathOf(address), h) }

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return "/"
	}
	return u.Path
}

func (s *Server) nextAnswer(path string) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.answers[path]
	if len(list) == 0 {
		return nil
	}
	next := list[0]
	if !next.Always {
		s.answers[path] = list[1:]
	}
	return &next
}

// Request is one that came to the server.
type Request struct {
	Method, Target string // Target has the query
	Host           string
	Header         http.Header
}

// Requests returns all that came, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// serve is the server's only handler.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.RequestURI, r.Host, r.Header.Clone()})
	handler := s.paths[r.URL.Path]
	s.mu.Unlock()
	if scripted := s.nextAnswer(r.URL.Path); scripted != nil {
		s.wait(r, scripted.Before)
		if scripted.Status != 0 {
			s.script(w, r, scripted)
			return
		}
	}
	if handler == nil {
		http.NotFound(w, r)
		return
	}
	handler(w, r)
}

// wait waits for a gate, the end of the test or the sender's.
func (s *Server) wait(r *http.Request, gate <-chan struct{}) {
	if gate == nil {
		return
	}
	select {
	case <-gate:
	case <-s.ctx.Done():
	case <-r.Context().Done():
	}
}

func (s *Server) script(w http.ResponseWriter, r *http.Request, answer *Answer) {
	if r.Method == http.MethodPost {
		d, err := s.read(r)
		d.Status, d.Err, d.Scripted = answer.Status, err, true
		s.inbound <- d
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.Status)
	if answer.Within != nil {
		if err := http.NewResponseController(w).Flush(); err != nil {
			return // the sender is gone
		}
		s.wait(r, answer.Within)
	}
	write(w, answer.Body)
}

func (s *Server) handle(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths[path] = h
}

// routes sets up what every server has, and its instance actor.
func (s *Server) routes() {
	path, name := "/actor", s.Host
	switch s.flavour.Software {
	case "gotosocial":
		path = "/users/" + s.Host
	case "lemmy":
		path = "/"
	}
	s.instance = s.newActor(&Actor{Name: name, kind: "Application", path: path})
	if s.flavour.SharedInbox {
		s.handle("/inbox", s.inboxOf(nil))
	}
	s.handle("/.well-known/webfinger", s.serveFinger)
	s.handle("/.well-known/host-meta", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xrd+xml")
		write(w, fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" type="application/xrd+xml" template="%s/.well-known/webfinger?resource={uri}"/>
</XRD>`, s.URL))
	})
	s.handle("/.well-known/nodeinfo", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, "application/json", Object{"links": []any{
			Object{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": s.URL + "/nodeinfo/2.0"},
		}})
	})
	s.handle("/nodeinfo/2.0", s.serveNodeInfo)
}

func (s *Server) serveNodeInfo(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	users := len(s.actors) - 1
	s.mu.Unlock()
	writeJSON(w, "application/json", Object{ // N2
		"version": "2.0", "software": Object{"name": s.flavour.Software, "version": s.flavour.Version},
		"protocols": []string{"activitypub"}, "services": Object{"inbound": []string{}, "outbound": []string{}},
		"openRegistrations": false, "usage": Object{"users": Object{"total": users}}, "metadata": Object{},
	})
}

// JRD returns what WebFinger says of an actor, for a test to change (WF8).
func (a *Actor) JRD() Object {
	return Object{
		"subject": "acct:" + a.Name + "@" + a.s.Host, "aliases": []any{a.ID},
		"links": []any{
			map[string]any{"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": a.s.URL + "/@" + a.Name},
			map[string]any{"rel": "self", "type": activityJSON, "href": a.ID},
		},
	}
}

// serveFinger answers for handles in any case and for ids (W7).
func (s *Server) serveFinger(w http.ResponseWriter, r *http.Request) {
	resource := r.URL.Query().Get("resource")
	name, host, _ := strings.Cut(strings.TrimPrefix(resource, "acct:"), "@")
	s.mu.Lock()
	a := s.actors[resource]
	if strings.EqualFold(host, s.Host) {
		a = s.names[strings.ToLower(name)]
	}
	s.mu.Unlock()
	switch {
	case resource == "":
		http.Error(w, "no resource", http.StatusBadRequest)
	case a == nil:
		http.NotFound(w, r)
	case a.isGone():
		http.Error(w, "gone", http.StatusGone)
	default:
		writeJSON(w, "application/jrd+json", a.JRD())
	}
}

// serve makes the actor's paths answer.
func (a *Actor) serve() {
	s := a.s
	s.serveDocument(a.ID, a, a.document)
	s.handle(pathOf(a.Inbox), s.inboxOf(a))
	if s.flavour.StubKeys {
		s.serveDocument(a.KeyID, a, a.stub)
	}
	for _, name := range []string{"outbox", "followers", "following", "featured"} {
		s.handle(pathOf(a.ID+"/"+name), func(w http.ResponseWriter, r *http.Request) {
			s.answerDocument(w, r, a, func() (Object, error) {
				return a.collection(name, r.URL.Query().Get("page") != ""), nil
			})
		})
	}
}

// collection has a root and one page; featured has its items in the root (C2).
func (a *Actor) collection(name string, page bool) Object {
	id, list := a.ID+"/"+name, a.members(name)
	doc := Object{"@context": activityStreams, "id": id, "type": "OrderedCollection", "totalItems": len(list)}
	switch {
	case page:
		return Object{
			"@context": activityStreams, "id": id + "?page=1", "type": "OrderedCollectionPage", "partOf": id, "orderedItems": list,
		}
	case name == "featured":
		doc["orderedItems"] = list
	default:
		doc["first"] = id + "?page=1"
	}
	return doc
}

// serveDocument makes a document answer under its id.
func (s *Server) serveDocument(id string, a *Actor, make func() (Object, error)) {
	s.handle(pathOf(id), func(w http.ResponseWriter, r *http.Request) { s.answerDocument(w, r, a, make) })
}

// answerDocument checks the signature of a secure server's visitor (H6), who
// need not have one for the instance actor, lest both wait for each other (H10).
func (s *Server) answerDocument(w http.ResponseWriter, r *http.Request, a *Actor, make func() (Object, error)) {
	stub := s.flavour.StubKeys && r.URL.Path == pathOf(a.KeyID)
	if s.flavour.Secure && a != s.instance && !stub {
		if _, _, err := s.verify(r, nil); err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
	}
	if a.isGone() {
		w.Header().Set("Content-Type", activityJSON)
		w.WriteHeader(http.StatusGone)
		writeJSON(w, activityJSON, Object{"@context": activityStreams, "id": a.s.URL + r.URL.Path, "type": "Tombstone"})
		return
	}
	doc, err := make()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Vary", "Accept")
	writeJSON(w, activityJSON+"; charset=utf-8", doc)
}

func writeJSON(w http.ResponseWriter, contentType string, doc Object) {
	body, err := encode(doc)
	if err != nil {
		err = errors.Join(errors.New("encode a document"), err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	write(w, string(body))
}

// write sends a body. If that fails the client is gone, and need not be told.
func write(w http.ResponseWriter, body string) {
	_, _ = io.WriteString(w, body) //nolint:errcheck // see above
}
