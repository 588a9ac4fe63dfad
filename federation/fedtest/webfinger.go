package fedtest

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// finger is what a WebFinger answer says: whom it is about, and which actor
// that is.
type finger struct {
	handle string // "user@host"
	self   string
}

// webFinger asks the host of a handle "user@host" (W1, W2).
func (s *Server) webFinger(ctx context.Context, handle string) (*finger, error) {
	user, host, _ := strings.Cut(handle, "@")
	if user == "" || host == "" {
		return nil, broke("W3", "%q is no user@host", handle)
	}
	resource := "acct:" + handle // W1: raw, as Mastodon and Lemmy ask
	if s.flavour.FingerSigned {
		resource = url.QueryEscape(resource)
	}
	base := schemeOf(host) + "://" + host
	res := s.askFinger(ctx, base+"/.well-known/webfinger?resource="+resource)
	if res.Status == http.StatusNotFound { // W6: only then, and only once
		template, err := s.hostMeta(ctx, base)
		if err != nil {
			return nil, err
		}
		res = s.askFinger(ctx, strings.ReplaceAll(template, "{uri}", resource))
	}
	if res.Err != nil || res.Status != http.StatusOK {
		return nil, missing("W2", res)
	}
	return s.readFinger(handle, res)
}

func (s *Server) askFinger(ctx context.Context, address string) Response {
	var by *Actor
	if s.flavour.FingerSigned {
		by = s.instance
	}
	return s.get(ctx, address, s.flavour.FingerAccept, by)
}

// hostMeta returns the template of the WebFinger endpoint (W6).
func (s *Server) hostMeta(ctx context.Context, base string) (string, error) {
	res := s.get(ctx, base+"/.well-known/host-meta", "application/xrd+xml, application/xml, text/xml", nil)
	var xrd struct {
		Link []struct {
			Rel      string `xml:"rel,attr"`
			Template string `xml:"template,attr"`
		}
	}
	if res.Err != nil || res.Status != http.StatusOK {
		return "", missing("W6", res)
	}
	if err := xml.Unmarshal([]byte(res.Body), &xrd); err != nil {
		return "", broke("W6", "host-meta of %s: %v", base, err)
	}
	for _, link := range xrd.Link {
		if link.Rel == "lrdd" && strings.Contains(link.Template, "{uri}") {
			return link.Template, nil
		}
	}
	return "", broke("W6", "host-meta of %s has no lrdd template", base)
}

// readFinger is W2: a subject, and a link to the actor.
func (s *Server) readFinger(handle string, res Response) (*finger, error) {
	if s.flavour.Strict { // W2: GoToSocial looks at the type
		base, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
		if base != "application/jrd+json" && base != "application/json" {
			return nil, broke("W2", "WebFinger of %s has the type %q", handle, base)
		}
	}
	doc := parseObject([]byte(res.Body))
	subject := strings.TrimPrefix(doc.String("subject"), "acct:")
	if strings.TrimSpace(subject) == "" {
		return nil, broke("W2", "WebFinger of %s has no subject", handle)
	}
	links := doc.List("links")
	for i := range links {
		link := object(links[i])
		if s.flavour.LastLink {
			link = object(links[len(links)-1-i])
		}
		if s.follows(link) {
			return &finger{subject, link.String("href")}, nil
		}
	}
	return nil, broke("W2", "WebFinger of %s has no self link to an ActivityPub document", handle)
}

// follows says whether the link leads to the actor, by type, exactly (W2).
func (s *Server) follows(link Object) bool {
	if s.flavour.LastLink {
		return strings.HasPrefix(link.String("type"), "application/")
	}
	return link.String("rel") == "self" && (link.String("type") == activityJSON || link.String("type") == ldJSON)
}

// username is what Mastodon takes as one (W3).
var username = regexp.MustCompile(`(?i)\A[a-z0-9_]+([.-]+[a-z0-9_]+)*\z`)

// confirm asks WebFinger who a handle is. An answer about another subject is
// asked about once, and must then name itself (W3).
func (s *Server) confirm(ctx context.Context, handle string) (*finger, error) {
	f, err := s.webFinger(ctx, handle)
	if err != nil {
		return nil, err
	}
	if !s.sameHandle(f.handle, handle) {
		asked := f.handle
		if f, err = s.webFinger(ctx, asked); err != nil {
			return nil, err
		}
		if !strings.EqualFold(f.handle, asked) {
			return nil, broke("W3", "%s leads to %s and on to %s", handle, asked, f.handle)
		}
	}
	user, host, _ := strings.Cut(f.handle, "@")
	// An instance actor is named after its host, and here that has a port.
	if !username.MatchString(user) && user != host {
		return nil, broke("W3", "%q is no user name", user)
	}
	return f, nil
}

// sameHandle compares as the flavour does: GoToSocial minds the case of the
// user name and lets the domain differ.
func (s *Server) sameHandle(a, b string) bool {
	if !s.flavour.Strict {
		return strings.EqualFold(a, b)
	}
	userA, _, _ := strings.Cut(a, "@")
	userB, _, _ := strings.Cut(b, "@")
	return userA == userB
}
