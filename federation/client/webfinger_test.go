package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/client"
)

// jrd is a WebFinger answer with one self link.
func jrd(subject, kind, href string) string {
	return fmt.Sprintf(`{"subject":%q,"links":[{"rel":"http://webfinger.net/rel/profile-page","type":"text/html","href":"https://x.example/"},
		{"rel":"self","type":%q,"href":%q}]}`, subject, kind, href)
}

const (
	activity = "application/activity+json"
	ld       = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
)

func TestResolve(t *testing.T) {
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		subject := r.URL.Query().Get("resource")
		user, _, _ := strings.Cut(strings.TrimPrefix(subject, "acct:"), "@")
		kind := activity
		switch user {
		case "ld":
			kind = ld
		case "upper":
			subject = strings.ToUpper(strings.TrimPrefix(subject, "acct:"))
			subject = "acct:" + subject
		case "old":
			subject = "acct:new@" + p.host()
		case "moved":
			if r.URL.Path == "/.well-known/webfinger" {
				http.Redirect(w, r, "/wf?"+r.URL.RawQuery, http.StatusFound)
				return
			}
		}
		io.WriteString(w, jrd(subject, kind, p.URL+"/"+user))
	})
	cases := []struct {
		acct, want string
		paths      []string
	}{
		{"acct:rad@HOST", "/rad", []string{"rad"}},
		{"@rad@HOST", "/rad", []string{"rad"}},
		{"rad@HOST", "/rad", []string{"rad"}},
		{"Rad.Tat-2@HOST", "/Rad.Tat-2", []string{"Rad.Tat-2"}},
		{"ld@HOST", "/ld", []string{"ld"}},
		{"upper@HOST", "/upper", []string{"upper"}},
		{"old@HOST", "/new", []string{"old", "new"}},
	}
	for _, c := range cases {
		got, err := newClient(t).Resolve(t.Context(), strings.Replace(c.acct, "HOST", p.host(), 1))
		if err != nil || got != p.URL+c.want {
			t.Errorf("%s: got %q, %v, want %q", c.acct, got, err, p.URL+c.want)
		}
		var want []string
		for _, user := range c.paths {
			want = append(want, "GET /.well-known/webfinger?resource=acct:"+user+"@"+p.host())
		}
		if diff := cmp.Diff(want, p.paths()); diff != "" {
			t.Errorf("%s: %s", c.acct, diff)
		}
	}
	if got, err := newClient(t).Resolve(t.Context(), "moved@"+p.host()); err != nil || got != p.URL+"/moved" {
		t.Errorf("redirected: got %q, %v", got, err)
	}
	for _, s := range p.requests() {
		if s.header.Get("Signature") != "" || !strings.Contains(s.header.Get("Accept"), "application/jrd+json") {
			t.Errorf("got %v, want it unsigned and for JRD", s.header)
		}
	}
}

func TestResolveBadAccount(t *testing.T) {
	c := newClient(t)
	for _, acct := range []string{
		"", "rad", "@rad", "rad@", "@@host.example", "acct:", "a b@host.example", "rad@host.example/path", "rad@host.example?x",
		"ümit@host.example", ".rad@host.example", "rad.@host.example", "rad@u@host.example", "rad@host.example:port",
		strings.Repeat("a", 129) + "@host.example", "rad@" + strings.Repeat("a", 3000), "rad@ho st", "rad&x=y@host.example",
	} {
		_, err := c.Resolve(t.Context(), acct)
		if _, ok := errors.AsType[*client.InvalidError](err); !ok || client.Retryable(err) {
			t.Errorf("%.40q: got %v, want a lasting InvalidError", acct, err)
		}
	}
}

// WF8: an answer that does not hold together is refused.
func TestResolveWF8(t *testing.T) {
	cases := []struct {
		name   string
		answer func(p *peer, user, resource string) string
		asks   int
	}{
		{"no subject", func(p *peer, _, _ string) string {
			return `{"links":[{"rel":"self","type":"` + activity + `","href":"` + p.URL + `/rad"}]}`
		}, 1},
		{"blank subject", func(p *peer, _, _ string) string { return jrd("", activity, p.URL+"/rad") }, 1},
		{"subject is no account", func(p *peer, _, _ string) string { return jrd(p.URL+"/rad", activity, p.URL+"/rad") }, 1},
		{"self is application/json", func(p *peer, _, acct string) string { return jrd(acct, "application/json", p.URL+"/rad") }, 1},
		{"self is ld+json without profile", func(p *peer, _, acct string) string { return jrd(acct, "application/ld+json", p.URL+"/rad") }, 1},
		{"self has no href", func(_ *peer, _, acct string) string { return jrd(acct, activity, "") }, 1},
		{"self is no URL to ask", func(_ *peer, _, acct string) string { return jrd(acct, activity, "acct:a@b") }, 1},
		{"two subject hops", func(p *peer, user, _ string) string {
			return jrd("acct:"+user+"x@"+p.host(), activity, p.URL+"/rad")
		}, 2},
		{"two subjects that name each other", func(p *peer, user, _ string) string {
			return jrd("acct:"+map[string]string{"rad": "tat", "tat": "rad"}[user]+"@"+p.host(), activity, p.URL+"/rad")
		}, 2},
		{"not JSON", func(*peer, string, string) string { return "<html>" }, 1},
		{"not an object", func(*peer, string, string) string { return `[]` }, 1},
		{"a name twice", func(p *peer, _, acct string) string { return `{"subject":"x",` + jrd(acct, activity, p.URL)[1:] }, 1},
		{"links of another type", func(_ *peer, _, acct string) string { return `{"subject":"` + acct + `","links":{"self":1}}` }, 1},
	}
	for _, c := range cases {
		t.Run("WF8 "+c.name, func(t *testing.T) {
			p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
				acct := r.URL.Query().Get("resource")
				user, _, _ := strings.Cut(strings.TrimPrefix(acct, "acct:"), "@")
				io.WriteString(w, c.answer(p, user, acct))
			})
			got, err := newClient(t).Resolve(t.Context(), "@rad@"+p.host())
			if err == nil || client.Retryable(err) {
				t.Errorf("got %q, %v, want a lasting error", got, err)
			}
			if n := len(p.requests()); n != c.asks {
				t.Errorf("got %d requests, want %d", n, c.asks)
			}
		})
	}
}

func TestResolveActor(t *testing.T) {
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/webfinger":
			acct := r.URL.Query().Get("resource")
			user, _, _ := strings.Cut(strings.TrimPrefix(acct, "acct:"), "@")
			io.WriteString(w, jrd(acct, activity, p.URL+"/"+user))
		case "/rad":
			serve(w, `{"id":"`+p.URL+`/rad"}`)
		case "/alias":
			serve(w, `{"id":"`+p.URL+`/rad"}`)
		default:
			http.NotFound(w, r)
		}
	})
	c := newClient(t)
	if got, err := c.ResolveActor(t.Context(), "@rad@"+p.host()); err != nil || got.ID != p.URL+"/rad" {
		t.Errorf("got %q, %v", got.ID, err)
	}
	if _, err := c.ResolveActor(t.Context(), "@alias@"+p.host()); !isIDError(err) {
		t.Errorf("WF8: the self link is not the actor's id: got %v, want an IDError", err)
	}
	if _, err := c.ResolveActor(t.Context(), "@nobody@"+p.host()); err == nil {
		t.Error("got nobody's actor")
	}
	if _, err := c.ResolveActor(t.Context(), "nobody"); err == nil {
		t.Error("got an actor for no account")
	}
}

func isIDError(err error) bool {
	_, ok := errors.AsType[*client.IDError](err)
	return ok
}

func xrd(template string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">` +
		`<Link rel="other" template="https://x.example/{uri}"/><Link rel="lrdd" template="` + template + `"/></XRD>`
}

// WF9: host-meta is asked after 404 only, and its answer is used once.
func TestResolveWF9(t *testing.T) {
	cases := []struct {
		name     string
		status   int // of the usual place
		hostMeta func(p *peer) string
		second   int // status of the second place
		ok       bool
		paths    []string
	}{
		{
			"second place answers", 404, func(p *peer) string { return xrd(p.URL + "/wf?resource={uri}") }, 200, true,
			[]string{"/.well-known/webfinger", "/.well-known/host-meta", "/wf"},
		},
		{
			"a further 404 is final", 404, func(p *peer) string { return xrd(p.URL + "/wf?resource={uri}") }, 404, false,
			[]string{"/.well-known/webfinger", "/.well-known/host-meta", "/wf"},
		},
		{"410", 410, func(p *peer) string { return xrd(p.URL + "/wf?resource={uri}") }, 200, false, []string{"/.well-known/webfinger"}},
		{"500", 500, func(p *peer) string { return xrd(p.URL + "/wf?resource={uri}") }, 200, false, []string{"/.well-known/webfinger"}},
		{"400", 400, func(p *peer) string { return xrd(p.URL + "/wf?resource={uri}") }, 200, false, []string{"/.well-known/webfinger"}},
		{"no host-meta", 404, func(*peer) string { return "" }, 200, false, []string{"/.well-known/webfinger", "/.well-known/host-meta"}},
		{"not XML", 404, func(*peer) string { return "{}" }, 200, false, []string{"/.well-known/webfinger", "/.well-known/host-meta"}},
		{"no {uri}", 404, func(p *peer) string { return xrd(p.URL + "/wf") }, 200, false, []string{"/.well-known/webfinger", "/.well-known/host-meta"}},
		{"metadata", 404, func(*peer) string { return xrd("http://169.254.169.254/{uri}") }, 200, false, []string{"/.well-known/webfinger", "/.well-known/host-meta"}},
		{"file", 404, func(*peer) string { return xrd("file:///{uri}") }, 200, false, []string{"/.well-known/webfinger", "/.well-known/host-meta"}},
	}
	for _, c := range cases {
		t.Run("WF9 "+c.name, func(t *testing.T) {
			p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/.well-known/webfinger":
					w.WriteHeader(c.status)
				case "/.well-known/host-meta":
					if c.hostMeta(p) == "" {
						w.WriteHeader(http.StatusNotFound)
					}
					io.WriteString(w, c.hostMeta(p))
				case "/wf":
					w.WriteHeader(c.second)
					io.WriteString(w, jrd(r.URL.Query().Get("resource"), activity, p.URL+"/rad"))
				}
			})
			got, err := newClient(t).Resolve(t.Context(), "@rad@"+p.host())
			if (err == nil) != c.ok || (c.ok && got != p.URL+"/rad") {
				t.Errorf("got %q, %v, want ok = %v", got, err, c.ok)
			}
			var paths []string
			for _, s := range p.requests() {
				path, _, _ := strings.Cut(s.path, "?")
				paths = append(paths, path)
			}
			if diff := cmp.Diff(c.paths, paths); diff != "" {
				t.Error(diff)
			}
			if status, ok := errors.AsType[*client.StatusError](err); ok && status.Gone() != (c.status == 410) {
				t.Errorf("got gone %v for %d", status.Gone(), c.status)
			}
		})
	}
}
