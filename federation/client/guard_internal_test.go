package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers every question for an A record with the address, and any
// other with nothing, over a pipe.
func nameServer(t *testing.T, at [4]byte) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if err := answerName(theirs, at); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Logf("name server: %v", err)
			}
		}()
		return ours, nil
	}}
}

// answerName speaks DNS over a stream: two bytes of length before a message.
func answerName(conn net.Conn, at [4]byte) error {
	b := make([]byte, 1<<10)
	n, err := conn.Read(b)
	if err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(b[2:n]); err != nil {
		return err
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: at},
		}}
	}
	packed, err := m.AppendPack([]byte{0, 0})
	if err != nil {
		return err
	}
	packed[0], packed[1] = byte((len(packed)-2)>>8), byte(len(packed)-2)
	_, err = conn.Write(packed)
	return err
}

// SE2: a name is judged by what it resolves to at the moment of dialling.
func TestGuardResolvedName(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	iri := strings.Replace(server.URL, "127.0.0.1", "city.example", 1)

	open := New(Options{AllowPrivate: true})
	open.guard.dialer.Resolver = nameServer(t, [4]byte{127, 0, 0, 1})
	if _, err := open.Document(t.Context(), iri); hits.Load() == 0 {
		t.Fatalf("the test's name server does not work: %v", err)
	}
	hits.Store(0)
	for _, at := range [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}} {
		c := New(Options{Limits: Limits{Connect: 5 * time.Second}})
		c.guard.dialer.Resolver = nameServer(t, at)
		_, err := c.Document(t.Context(), iri)
		if _, refused := errors.AsType[*AddressError](err); !refused || Retryable(err) || hits.Load() > 0 {
			t.Errorf("%v: got %v after %d requests, want a lasting AddressError", at, err, hits.Load())
		}
	}
}

// A proxy would dial for us, past the guard. The environment is read once in a
// process, so a test through it would depend on the order of the others.
func TestProxyIsNotUsed(t *testing.T) {
	if New(Options{}).transport.Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

// SE2: a redirect leads inside. Only the first server's address is let through
// here, as if it were public.
func TestGuardRedirect(t *testing.T) {
	var hits atomic.Int32
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	listener, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Skipf("no second loopback address here: %v", err)
	}
	inside.Listener.Close()
	inside.Listener = listener
	inside.Start()
	defer inside.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	targets := []string{inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.2]:" + port, "http://10.0.0.1/", "http://[::1]:" + port}
	for _, target := range targets {
		outside := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
		c := New(Options{Scheme: "http", Public: prefixes("127.0.0.1/32")})
		host := strings.TrimPrefix(outside.URL, "http://")
		for name, call := range map[string]func() error{
			"Document": func() error { _, err := c.Document(t.Context(), outside.URL); return err },
			"Resolve":  func() error { _, err := c.Resolve(t.Context(), "rad@"+host); return err },
			"NodeInfo": func() error { _, err := c.NodeInfo(t.Context(), host); return err },
		} {
			err := call()
			refused, ok := errors.AsType[*AddressError](err)
			if !ok || Retryable(err) || hits.Load() > 0 {
				t.Errorf("%s to %s: got %v after %d requests, want a lasting AddressError", name, target, err, hits.Load())
			} else if strings.HasPrefix(refused.Address, "127.0.0.1:") {
				t.Errorf("%s to %s: %v is about the first server", name, target, err)
			}
		}
		c.Close()
		outside.Close()
	}
}

func TestNextHop(t *testing.T) {
	cases := []struct {
		from, location, want string
	}{
		{"https://a.example/x/y?z", "../w", "https://a.example/w"},
		{"https://a.example/", "//b.example/w#frag", "https://b.example/w"},
		{"http://a.example/", "https://A.example:443/", "https://a.example/"},
		{"https://a.example/", "https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"},
		{"https://a.example/", "http://a.example/", ""},
		{"https://a.example/", "", ""},
		{"https://a.example/", "https://u@a.example/", ""},
		{"https://a.example/", "ftp://a.example/", ""},
		{"https://a.example/", "http://[", ""},
	}
	for _, c := range cases {
		from, err := url.Parse(c.from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := nextHop(from, c.location)
		if c.want == "" {
			if err == nil || Retryable(err) {
				t.Errorf("%s to %q: got %v, want a lasting error", c.from, c.location, got)
			}
		} else if err != nil || got.String() != c.want {
			t.Errorf("%s to %q: got %v, %v, want %s", c.from, c.location, got, err, c.want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"https://a.example/x#y", "http://[::1%25x]:80", "https://ü.example:443", "http://a@b", "https://a%2fb/", "http://xn--/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, iri string) {
		u, err := parseAddress(iri)
		if err != nil {
			if _, ok := errors.AsType[*AddressError](err); !ok {
				t.Errorf("%q: got %v, want an AddressError", iri, err)
			}
			return
		}
		again, err := parseAddress(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("%q gives %q, which gives %v, %v", iri, u, again, err)
		}
	})
}
