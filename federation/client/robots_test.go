package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A host without a robots.txt lets us in; one that cannot say does not, for now
// (RFC 9309).
func TestWelcomes(t *testing.T) {
	cases := []struct {
		name, text string
		status     int
		want, ok   bool
	}{
		{"all out", "User-agent: *\nDisallow: /\n", 200, false, true},
		{"all out but us", "User-agent: *\nDisallow: /\n\nUser-agent: commonage\nAllow: /\n", 200, true, true},
		{"we out", "User-agent: Commonage\nDisallow: /directory\n", 200, false, true},
		{"others out", "User-agent: OtherBot\nDisallow: /\n", 200, true, true},
		{"another path", "User-agent: *\nDisallow: /search?\n", 200, true, true},
		{"a page", "<!doctype html><title>Hello</title>", 200, true, true},
		{"nothing", "", 200, true, true},
		{"none", "", 404, true, true},
		{"forbidden", "", 403, true, true},
		{"broken", "", 500, false, false},
		{"too large", strings.Repeat("Disallow: /\n", 60000), 200, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/robots.txt" {
					t.Errorf("asked for %s", r.URL)
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.text)
			})
			got, err := newClient(t).Welcomes(t.Context(), p.host(), "/directory")
			if got != c.want || (err == nil) != c.ok {
				t.Errorf("got %v %v", got, err)
			}
		})
	}
	if _, err := newClient(t).Welcomes(t.Context(), "a/b", "/"); err == nil {
		t.Error("a path is no host")
	}
}
