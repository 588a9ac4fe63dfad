package client_test

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// theKey is generated once for all tests, since that takes 100 ms.
var theKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func actorKey() signature.Key {
	return signature.Key{ID: "https://ghent.example/actor#main-key", Private: theKey()}
}

// newClient returns a client that reaches loopback, where all peers of the
// tests are, and gives up after seconds, not half a minute.
func newClient(t testing.TB, change ...func(*client.Options)) *client.Client {
	t.Helper()
	o := client.Options{
		UserAgent: "Commonage test", Scheme: "http", AllowPrivate: true, Now: noon,
		Limits: client.Limits{Connect: 5 * time.Second, Header: 5 * time.Second, Total: 5 * time.Second},
	}
	for _, f := range change {
		f(&o)
	}
	c := client.New(o)
	t.Cleanup(c.Close)
	return c
}

// A seen is a request as a peer got it.
type seen struct {
	method, path, body string
	header             http.Header
	length             int64
	form               string // of a signature that holds: cavage, rfc9421, or none
}

// peer is a server that answers as the test says and keeps what it was asked.
type peer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

// newPeer starts a peer; handlers find its address in p.URL.
func newPeer(t testing.TB, handle func(p *peer, w http.ResponseWriter, r *http.Request)) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("peer: %v", err)
		}
		s := seen{method: r.Method, path: r.RequestURI, body: string(body), header: r.Header, length: r.ContentLength}
		if got, err := signature.NewVerifier("http", r.Host, noon).Parse(r, body); err == nil {
			if got.Verify(&theKey().PublicKey) == nil {
				s.form = got.Form.String()
			}
		}
		p.mu.Lock()
		p.seen = append(p.seen, s)
		p.mu.Unlock()
		handle(p, w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// requests returns what came since the last call.
func (p *peer) requests() []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.seen
	p.seen = nil
	return list
}

// paths is the method and path of each request since the last call.
func (p *peer) paths() []string {
	var list []string
	for _, s := range p.requests() {
		list = append(list, s.method+" "+s.path)
	}
	return list
}

func (p *peer) host() string { return strings.TrimPrefix(p.URL, "http://") }

// serve answers with an ActivityPub document.
func serve(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/activity+json")
	io.WriteString(w, body)
}
