package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/client"
)

func TestPost(t *testing.T) {
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	c := newClient(t)
	const body = `{"type":"Follow"}`
	for range 2 {
		if err := c.Post(t.Context(), actorKey(), p.URL+"/users/J%C3%B6rg/inbox", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	asked := p.requests()
	if len(asked) != 2 {
		t.Fatalf("got %d requests, want 2", len(asked))
	}
	for _, s := range asked {
		if s.form != "cavage" || s.method != http.MethodPost || s.body != body || s.path != "/users/J%C3%B6rg/inbox" {
			t.Errorf("got %+v", s)
		}
		if got, want := s.header.Get("Content-Type"), "application/activity+json"; got != want {
			t.Errorf("got content type %q, want %q", got, want)
		}
		if s.length != int64(len(body)) || s.header.Get("User-Agent") != "Commonage test" {
			t.Errorf("DE5: got length %d and user agent %q", s.length, s.header.Get("User-Agent"))
		}
	}
}

// DE4: an inbox that redirects is a failure, and is not followed.
func TestPostRedirect(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", code) })
		err := newClient(t).Post(t.Context(), actorKey(), p.URL+"/inbox", []byte(`{}`))
		status, ok := errors.AsType[*client.StatusError](err)
		if !ok || status.Status != code {
			t.Errorf("got %v, want a StatusError %d", err, code)
		}
		if n := len(p.requests()); n != 1 {
			t.Errorf("%d: got %d requests, want 1", code, n)
		}
	}
}

// DE2: the first group is given up, the second is tried again.
func TestPostStatus(t *testing.T) {
	cases := []struct {
		code  int
		retry bool
		after string
		want  time.Duration
	}{
		{400, false, "", 0},
		{403, false, "", 0},
		{404, false, "", 0},
		{410, false, "", 0},
		{501, false, "", 0},
		{401, true, "", 0},
		{408, true, "", 0},
		{429, true, "30", 30 * time.Second},
		{500, true, "", 0},
		{503, true, "Mon, 23 Nov 2026 12:05:00 GMT", 5 * time.Minute},
		{503, true, "Mon, 23 Nov 2026 11:00:00 GMT", 0},
		{503, true, "-7", 0},
		{503, true, "soon", 0},
		{503, true, "99999999999", 7 * 24 * time.Hour},
		{503, true, "99999999999999999999", 0},
		{503, true, "Mon, 23 Nov 2099 11:00:00 GMT", 7 * 24 * time.Hour},
	}
	for _, c := range cases {
		p := newPeer(t, func(_ *peer, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.after)
			http.Error(w, "not today", c.code)
		})
		err := newClient(t).Post(t.Context(), actorKey(), p.URL+"/inbox", []byte(`{}`))
		status, ok := errors.AsType[*client.StatusError](err)
		if !ok || status.Status != c.code || status.RetryAfter != c.want || client.Retryable(err) != c.retry {
			t.Errorf("got %+v, retryable %v, want %d, %v, %v", status, client.Retryable(err), c.code, c.want, c.retry)
		}
		if !strings.Contains(err.Error(), `"not today"`) {
			t.Errorf("%v does not say why", err)
		}
	}
}

// What is refused in one form, and has no answer in the other for now, is not
// refused for good.
func TestPostCutOff(t *testing.T) {
	for _, first := range []int{400, 401} {
		p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Signature-Input") == "" {
				w.WriteHeader(first)
				return
			}
			panic(http.ErrAbortHandler)
		})
		err := newClient(t).Post(t.Context(), actorKey(), p.URL+"/inbox", []byte(`{}`))
		if !client.Retryable(err) {
			t.Errorf("%d, then nothing: got %v, which is final", first, err)
		}
		if n := len(p.requests()); n != 2 {
			t.Errorf("%d: got %d requests, want one in each form", first, n)
		}
	}
}

// An inbox that answers at length, or is cut off, has answered all the same.
func TestPostLongAnswer(t *testing.T) {
	finished := make(chan int, 1)
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
			return
		}
		sent := 0
		for chunk := strings.Repeat("x", 1<<16); sent < 64<<20; {
			n, err := fmt.Fprint(w, chunk)
			if err != nil {
				break
			}
			sent += n
		}
		finished <- sent
	})
	c := newClient(t)
	for _, path := range []string{"/long", "/cut"} {
		if err := c.Post(t.Context(), actorKey(), p.URL+path, []byte(`{}`)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if sent := <-finished; sent >= 64<<20 {
		t.Errorf("%d bytes of an answer were read", sent)
	}
}

func BenchmarkPost(b *testing.B) {
	p := newPeer(b, func(_ *peer, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	c, key := newClient(b), actorKey()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Post(b.Context(), key, p.URL+"/inbox", []byte(`{}`)); err != nil {
			b.Fatal(err)
		}
	}
}
