package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const followPath = "/initiatives/repaircafe/follow"

func TestFollowSendsVisitorsHome(t *testing.T) {
	h := full(t)
	for _, c := range []struct{ handle, want string }{
		{"you@your.server", "https://your.server/authorize_interaction?uri=repaircafe%40ghent.example"},
		{" @You@Your.Server ", "https://your.server/authorize_interaction?uri=repaircafe%40ghent.example"},
		{"a@xn--bcher-kva.example", "https://xn--bcher-kva.example/authorize_interaction?uri=repaircafe%40ghent.example"},
		{"", ""},
		{"you", ""},
		{"you@", ""},
		{"@your.server", ""},
		{"you@localhost", ""},
		{"you@127.0.0.1", ""},
		{"you@[::1]", ""},
		{"you@your.server:8080", ""},
		{"you@your.server/path", ""},
		{"you@your.server@evil.example", ""},
		{"you@your.server?x", ""},
		{"you@a b.example", ""},
		{"you@your..server", ""},
		{"you@-a.example", ""},
		{"https://your.server/@you", ""},
		{"you@" + strings.Repeat("a.", 150) + "example", ""},
	} {
		answer, body := postForm(t, h, followPath, url.Values{"handle": {c.handle}}.Encode(), nil)
		if got := answer.Header.Get("Location"); got != c.want {
			t.Errorf("%q: got %q, want %q", c.handle, got, c.want)
		}
		status := http.StatusSeeOther
		if c.want == "" {
			status = http.StatusBadRequest
		}
		if answer.StatusCode != status {
			t.Errorf("%q: status: got %d, want %d", c.handle, answer.StatusCode, status)
		}
		if c.want == "" && !strings.Contains(body, "That is not a fediverse handle") {
			t.Errorf("%q: the page does not say what is wrong", c.handle)
		}
	}
}

func TestFollowOfACarriedInitiative(t *testing.T) {
	answer, _ := postForm(t, full(t), "/initiatives/unicorn@manchester.example/follow", "handle=you@your.server", nil)
	want := "https://your.server/authorize_interaction?uri=unicorn%40manchester.example"
	if got := answer.Header.Get("Location"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFollowRefusesFormsOfOtherSites(t *testing.T) {
	answer, _ := postForm(t, full(t), followPath, "handle=you@your.server", map[string]string{"Sec-Fetch-Site": "cross-site"})
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("status: got %d, want 403", answer.StatusCode)
	}
}

func FuzzFollow(f *testing.F) {
	for _, seed := range []string{"you@your.server", "@a@b.c", "a@b", "a@b.c/..@d.e", "a@\r\nLocation: x.y"} {
		f.Add(seed)
	}
	h := full(f)
	safe := regexp.MustCompile(`^https://[a-z0-9.-]+\.[a-z][a-z0-9-]*/authorize_interaction\?uri=repaircafe%40ghent\.example$`)
	f.Fuzz(func(t *testing.T, handle string) {
		answer, _ := postForm(t, h, followPath, url.Values{"handle": {handle}}.Encode(), nil)
		if to := answer.Header.Get("Location"); to != "" && !safe.MatchString(to) {
			t.Errorf("%q leads to %q", handle, to)
		}
	})
}
