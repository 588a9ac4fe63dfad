package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
)

func TestDocument(t *testing.T) {
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		serve(w, `{"id":"`+p.URL+`/actor","ID":"https://evil.example/"}`)
	})
	c := newClient(t)
	key := actorKey()
	c.SetKey(&key)

	got, err := c.Document(t.Context(), p.URL+"/actor#main-key")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Document{
		ID: p.URL + "/actor", URL: p.URL + "/actor", ETag: `"v1"`, RetryAfter: time.Hour,
		Body: []byte(`{"id":"` + p.URL + `/actor","ID":"https://evil.example/"}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	asked := p.requests()
	if len(asked) != 1 || asked[0].form != "cavage" {
		t.Fatalf("got %+v, want one request with a cavage signature", asked)
	}
	if got, want := asked[0].header.Get("User-Agent"), "Commonage test"; got != want {
		t.Errorf("got user agent %q, want %q", got, want)
	}
	accept := asked[0].header.Get("Accept")
	for _, want := range []string{"application/activity+json", `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`} {
		if !strings.Contains(accept, want) {
			t.Errorf("got Accept %q, want %s in it", accept, want)
		}
	}

	got, err = c.DocumentIfChanged(t.Context(), p.URL+"/actor", `"v1"`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Document{URL: p.URL + "/actor", ETag: `"v1"`, NotModified: true, RetryAfter: time.Hour}, got); diff != "" {
		t.Error(diff)
	}
}

// Without a key the GET is unsigned; a 304 that nobody asked for is no answer.
func TestDocumentUnsigned(t *testing.T) {
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	_, err := newClient(t).Document(t.Context(), p.URL+"/actor")
	if status, ok := errors.AsType[*client.StatusError](err); !ok || status.Status != http.StatusNotModified {
		t.Errorf("got %v, want a StatusError 304", err)
	}
	if asked := p.requests(); len(asked) != 1 || asked[0].header.Get("Signature") != "" {
		t.Errorf("got %+v, want one unsigned request", asked)
	}
}

// SE1: a document that is not served as one could be anybody's upload.
func TestDocumentType(t *testing.T) {
	cases := []struct {
		contentType string
		ok          bool
	}{
		{"application/activity+json", true},
		{"Application/Activity+JSON; charset=utf-8", true},
		{`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`, true},
		{`application/ld+json; charset=utf-8; profile="https://example.org https://www.w3.org/ns/activitystreams"`, true},
		{"text/plain", false},
		{"application/json", false},
		{"application/ld+json", false},
		{`application/ld+json; profile="https://www.w3.org/ns/activitystreams2"`, false},
		{`application/ld+json; profile="http://www.w3.org/ns/activitystreams"`, false},
		{"application/activity+json, text/html", false},
		{"text/html; application/activity+json", false},
		{"", false},
	}
	for _, c := range cases {
		t.Run("SE1 "+c.contentType, func(t *testing.T) {
			p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{c.contentType}
				fmt.Fprintf(w, `{"id":"%s%s"}`, p.URL, r.URL.Path)
			})
			_, err := newClient(t).Document(t.Context(), p.URL+"/1")
			_, refused := errors.AsType[*client.ContentTypeError](err)
			if (err == nil) != c.ok || refused == c.ok {
				t.Errorf("got %v, want ok = %v", err, c.ok)
			}
			if client.Retryable(err) {
				t.Errorf("%v may be tried again", err)
			}
		})
	}
}

// AC9 and S1: who a document is, is decided by where it came from.
func TestDocumentID(t *testing.T) {
	other := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Query().Get("id"); id != "" {
			serve(w, `{"id":"`+id+`"}`)
			return
		}
		serve(w, `{"id":"`+p.URL+r.URL.Path+`"}`)
	})
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/to-other":
			http.Redirect(w, r, other.URL+"/there", http.StatusFound)
		case "/to-claim":
			http.Redirect(w, r, other.URL+"/there?id="+p.URL+"/to-claim", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/canonical", http.StatusMovedPermanently)
		case "/stays":
			if r.URL.RawQuery == "" {
				http.Redirect(w, r, "/stays?full=1", http.StatusFound)
				return
			}
			serve(w, `{"id":"`+p.URL+`/stays"}`)
		case "/alias", "/users/x/main-key":
			serve(w, `{"type":"Person","id":"`+p.URL+`/canonical"}`)
		case "/loop":
			serve(w, `{"id":"`+p.URL+`/loop2"}`)
		case "/loop2":
			serve(w, `{"id":"`+p.URL+`/loop"}`)
		case "/foreign":
			serve(w, `{"id":"`+other.URL+`/there"}`)
		case "/anonymous":
			serve(w, `{"type":"Note"}`)
		case "/nested":
			serve(w, `{"object":{"id":"`+p.URL+`/nested"},"id":17}`)
		case "/list":
			serve(w, `["id","`+p.URL+`/list"]`)
		default:
			serve(w, `{"object":{"id":"https://x.example/"},"id":"`+p.URL+r.URL.EscapedPath()+`"}`)
		}
	})
	cases := []struct {
		name, path, want string // want: the ID, or "" for an IDError
		requests         int
	}{
		{"itself", "/canonical", p.URL + "/canonical", 1},
		{"percent-encoded", "/users/J%C3%B6rg", p.URL + "/users/J%C3%B6rg", 1},
		{"AC9 same host", "/alias", p.URL + "/canonical", 2},
		{"SG4 path of a key", "/users/x/main-key", p.URL + "/canonical", 2},
		{"AC9 same host, not itself either", "/loop", "", 2},
		{"AC9 another host", "/foreign", "", 1},
		{"redirected on the host", "/moved", p.URL + "/canonical", 2},
		{"redirected, has the id that was asked", "/stays", p.URL + "/stays", 2},
		{"redirected to another host", "/to-other", other.URL + "/there", 1},
		{"redirected to a host that claims it", "/to-claim", "", 1},
		{"no id", "/anonymous", "", 1},
		{"id in an object, and a number", "/nested", "", 1},
		{"not an object", "/list", "", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := newClient(t).Document(t.Context(), p.URL+c.path)
			if c.want == "" {
				if _, ok := errors.AsType[*client.IDError](err); !ok {
					t.Errorf("got %q, %v, want an IDError", got.ID, err)
				}
			} else if err != nil || got.ID != c.want {
				t.Errorf("got %q, %v, want %q", got.ID, err, c.want)
			}
			if n := len(p.requests()); n != c.requests {
				t.Errorf("got %d requests, want %d", n, c.requests)
			}
		})
	}
	t.Run("unicode", func(t *testing.T) {
		u := newPeer(t, func(p *peer, w http.ResponseWriter, _ *http.Request) { serve(w, `{"id":"`+p.URL+`/Jörg"}`) })
		if got, err := newClient(t).Document(t.Context(), u.URL+"/Jörg"); err != nil || got.ID != u.URL+"/Jörg" {
			t.Errorf("got %q, %v", got.ID, err)
		}
	})
}

func TestDocumentRedirects(t *testing.T) {
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		var n int
		switch r.URL.Path {
		case "/circle":
			http.Redirect(w, r, "/back", http.StatusFound)
		case "/back":
			http.Redirect(w, r, "/circle#x", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/user":
			w.Header().Set("Location", strings.Replace(p.URL, "//", "//a:b@", 1))
			w.WriteHeader(http.StatusFound)
		case "/cloud":
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		default:
			fmt.Sscanf(r.URL.Path, "/hops/%d", &n)
			if n > 0 {
				http.Redirect(w, r, fmt.Sprintf("/hops/%d", n-1), http.StatusTemporaryRedirect)
				return
			}
			serve(w, `{"id":"`+p.URL+`/hops/0"}`)
		}
	})
	c := newClient(t)
	key := actorKey()
	c.SetKey(&key)
	t.Run("three", func(t *testing.T) {
		if _, err := c.Document(t.Context(), p.URL+"/hops/3"); err != nil {
			t.Error(err)
		}
		for i, s := range p.requests() {
			if s.form != "cavage" {
				t.Errorf("hop %d is not signed for where it goes", i)
			}
		}
	})
	for path, requests := range map[string]int{"/hops/4": 4, "/circle": 2, "/nowhere": 1, "/file": 1, "/user": 1, "/cloud": 1} {
		t.Run(path, func(t *testing.T) {
			_, err := c.Document(t.Context(), p.URL+path)
			if err == nil || client.Retryable(err) {
				t.Errorf("got %v, want a lasting error", err)
			}
			if n := len(p.requests()); n != requests {
				t.Errorf("got %d requests, want %d", n, requests)
			}
		})
	}
}

func TestDocumentStatus(t *testing.T) {
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscanf(r.URL.Path, "/%d", &code)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(code)
		io.WriteString(w, `{"error":"`+strings.Repeat("no", 500)+`"}`)
	})
	for code, retry := range map[int]bool{
		201: true, 204: true, 304: true, 400: false, 401: true, 403: false, 404: false, 408: true,
		410: false, 418: false, 429: true, 500: true, 501: false, 502: true, 503: true,
	} {
		_, err := newClient(t).Document(t.Context(), fmt.Sprintf("%s/%d", p.URL, code))
		status, ok := errors.AsType[*client.StatusError](err)
		if !ok || status.Status != code || status.Gone() != (code == 410) || status.RetryAfter != 2*time.Minute {
			t.Errorf("got %v, want a StatusError %d", err, code)
			continue
		}
		if len(status.Detail) > 200 || (code > 399 && !strings.HasPrefix(status.Detail, `{"error":"no`)) {
			t.Errorf("%d: got detail %q", code, status.Detail)
		}
		if got := client.Retryable(err); got != retry {
			t.Errorf("%d: got retryable %v, want %v", code, got, retry)
		}
	}
}

func zipped(t testing.TB, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(bytes.Repeat([]byte(" "), size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is too large is given up early, compressed or not, announced or not.
func TestDocumentSize(t *testing.T) {
	bomb, empty := zipped(t, 50<<20), zipped(t, 0)
	endless := func(w http.ResponseWriter, chunk []byte) (sent int) {
		for sent < 64<<20 {
			n, err := w.Write(chunk)
			if err != nil {
				return sent
			}
			sent += n
		}
		return sent
	}
	var sent int
	done := make(chan struct{}, 1)
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/activity+json")
		id := `{"id":"` + p.URL + r.URL.Path + `"}`
		switch r.URL.Path {
		case "/endless":
			sent = endless(w, bytes.Repeat([]byte(" "), 1<<16))
			done <- struct{}{}
		case "/announced":
			w.Header().Set("Content-Length", "1048577")
			w.WriteHeader(http.StatusOK)
		case "/full":
			io.WriteString(w, id+strings.Repeat(" ", 1<<20-len(id)))
		case "/over":
			io.WriteString(w, id+strings.Repeat(" ", 1<<20-len(id)+1))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		case "/members":
			w.Header().Set("Content-Encoding", "gzip")
			endless(w, bytes.Repeat(empty, 1000))
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, id)
			z.Close()
		case "/notzipped":
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, id)
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, id)
		}
	})
	c := newClient(t, func(o *client.Options) { o.Limits.Total = 30 * time.Second })
	for _, path := range []string{"/full", "/zipped"} {
		if _, err := c.Document(t.Context(), p.URL+path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/endless", "/announced", "/over", "/bomb", "/members"} {
		_, err := c.Document(t.Context(), p.URL+path)
		if large, ok := errors.AsType[*client.TooLargeError](err); !ok || large.Limit != 1<<20 || client.Retryable(err) {
			t.Errorf("%s: got %v, want a lasting TooLargeError", path, err)
		}
	}
	if <-done; sent >= 64<<20 {
		t.Error("the endless answer was read on")
	}
	for _, path := range []string{"/notzipped", "/brotli"} {
		_, err := c.Document(t.Context(), p.URL+path)
		if _, ok := errors.AsType[*client.InvalidError](err); !ok {
			t.Errorf("%s: got %v, want an InvalidError", path, err)
		}
	}
}

// A server that dawdles, before or after the header, costs us the limit and no
// more, and may be tried again.
func TestDocumentSlow(t *testing.T) {
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.Header().Set("Content-Type", "application/activity+json")
			io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	short := func(o *client.Options) { o.Limits.Total = 100 * time.Millisecond }
	_, err := newClient(t, short).Document(t.Context(), p.URL+"/body")
	if !errors.Is(err, context.DeadlineExceeded) || !client.Retryable(err) {
		t.Errorf("slow body: got %v, want a deadline", err)
	}
	_, err = newClient(t, func(o *client.Options) { o.Limits.Header = 50 * time.Millisecond }).Document(t.Context(), p.URL+"/header")
	if err == nil || !strings.Contains(err.Error(), "awaiting response headers") || !client.Retryable(err) {
		t.Errorf("slow header: got %v, want a timeout of the header", err)
	}
	p.Close()
	if _, err = newClient(t).Document(t.Context(), p.URL+"/gone"); err == nil || !client.Retryable(err) {
		t.Errorf("nobody there: got %v", err)
	}
}

// H4: cavage first, RFC 9421 after 400 or 401, and what worked is remembered,
// for documents and deliveries alike.
func TestSecondKnock(t *testing.T) {
	var accepts string
	p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
		form := "cavage"
		if r.Header.Get("Signature-Input") != "" {
			form = "rfc9421"
		}
		if form != accepts {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		serve(w, `{"id":"`+p.URL+r.URL.Path+`"}`)
	})
	forms := func() (list []string) {
		for _, s := range p.requests() {
			list = append(list, s.form)
		}
		return list
	}
	key := actorKey()
	c := newClient(t, func(o *client.Options) { o.Key = &key })
	get := func() error { _, err := c.Document(t.Context(), p.URL+"/1"); return err }
	post := func() error { return c.Post(t.Context(), key, p.URL+"/inbox", []byte(`{}`)) }
	steps := []struct {
		name, accepts string
		do            func() error
		want          []string
	}{
		{"cavage is enough", "cavage", get, []string{"cavage"}},
		{"knocks twice", "rfc9421", get, []string{"cavage", "rfc9421"}},
		{"remembers", "rfc9421", get, []string{"rfc9421"}},
		{"SG9 remembers for deliveries", "rfc9421", post, []string{"rfc9421"}},
		{"changes back", "cavage", post, []string{"rfc9421", "cavage"}},
		{"remembers that", "cavage", get, []string{"cavage"}},
		{"SG9 delivers after a second knock", "rfc9421", post, []string{"cavage", "rfc9421"}},
	}
	for _, s := range steps {
		accepts = s.accepts
		if err := s.do(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if diff := cmp.Diff(s.want, forms()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
	accepts = "neither"
	if status, ok := errors.AsType[*client.StatusError](get()); !ok || status.Status != http.StatusUnauthorized {
		t.Errorf("got %v, want 401", status)
	}
	if diff := cmp.Diff([]string{"rfc9421", "cavage"}, forms()); diff != "" {
		t.Error(diff)
	}
}

// Of two refusals the first counts: 401 may pass, while the second server code
// for a form that it does not read would end the matter.
func TestSecondKnockRefused(t *testing.T) {
	cases := []struct{ cavage, rfc9421, want int }{
		{401, 400, 401}, {401, 403, 401}, {400, 401, 400}, {401, 410, 410}, {401, 503, 503}, {403, 200, 403},
	}
	for _, c := range cases {
		p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Signature-Input") != "" {
				w.WriteHeader(c.rfc9421)
				return
			}
			w.WriteHeader(c.cavage)
		})
		err := newClient(t).Post(t.Context(), actorKey(), p.URL+"/inbox", []byte(`{}`))
		if status, ok := errors.AsType[*client.StatusError](err); !ok || status.Status != c.want {
			t.Errorf("%d then %d: got %v, want %d", c.cavage, c.rfc9421, err, c.want)
		}
	}
}

func TestDocumentBadKey(t *testing.T) {
	p := newPeer(t, func(*peer, http.ResponseWriter, *http.Request) {})
	c := newClient(t, func(o *client.Options) { o.Key = &signature.Key{ID: "no private half"} })
	if _, err := c.Document(t.Context(), p.URL+"/1"); err == nil || len(p.requests()) > 0 {
		t.Errorf("got %v, want nothing sent", err)
	}
}

func BenchmarkDocument(b *testing.B) {
	p := newPeer(b, func(p *peer, w http.ResponseWriter, _ *http.Request) {
		serve(w, `{"id":"`+p.URL+`/actor","summary":"`+strings.Repeat("x", 3000)+`"}`)
	})
	key := actorKey()
	for name, key := range map[string]*signature.Key{"unsigned": nil, "signed": &key} {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, func(o *client.Options) { o.Key = key })
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Document(b.Context(), p.URL+"/actor"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
