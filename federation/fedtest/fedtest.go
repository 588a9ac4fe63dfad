// Package fedtest is a scripted server of the fediverse, for tests: it looks up
// our actors, follows them, posts to their inboxes and takes what they deliver,
// as Mastodon does, or GoToSocial or Lemmy where they differ.
//
// It is also a description of how those servers behave, rule by rule. The ids
// in comments and errors (W2, A2, H3, F2, P1, ...) are those of the project's
// interoperability contract, which names for each rule the code that it was
// read from. What breaks a rule is told as a RuleError with the rule's id.
//
// Signatures, documents and rules are written anew here and share no code with
// the server that they test, so that a mistake there is not repeated here.
//
// A Server listens on loopback and speaks http with every host on loopback and
// https with all others. A real Mastodon knows neither ports nor http; both are
// kept here in handles and ids, and nothing else is bent.
package fedtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/microcosm-cc/bluemonday"
)

// Server is one server of the fediverse. All of its methods, and those of its
// actors, may be called concurrently, but those that may end the test (Await,
// Until) only from the test's own goroutine.
type Server struct {
	URL  string // "http://127.0.0.1:41234"
	Host string // "127.0.0.1:41234"

	t       testing.TB
	flavour Flavour
	now     func() time.Time
	client  *http.Client
	policy  *bluemonday.Policy
	http    *httptest.Server
	ctx     context.Context // ends with the test
	work    sync.WaitGroup  // what goes on after an answer
	inbound chan *Delivery  // answered, not acted on yet

	mu         sync.Mutex
	serial     int
	instance   *Actor
	actors     map[string]*Actor // by id
	names      map[string]*Actor // by lower-case name
	paths      map[string]http.HandlerFunc
	answers    map[string][]Answer // by path
	requests   []Request
	deliveries []Delivery
	changed    chan struct{} // closed, and made anew, after each delivery
	accounts   map[string]*account
	statuses   map[string]*Status
	buried     map[string]burial
	likes      map[string]map[string]bool // who likes our notes, by note
	blocked    map[string]bool            // hosts
	refetched  map[string]time.Time       // failed key refetches (H7)
}

// Option changes a Server before it starts.
type Option func(*Server)

// WithFlavour makes the server behave like the given software. Without it, it
// is Mastodon47.
func WithFlavour(f Flavour) Option { return func(s *Server) { s.flavour = f } }

// WithClock gives the server another clock than the wall's.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.now = now } }

// WithTransport sends the server's own requests another way, such as to a TLS
// server under test.
func WithTransport(rt http.RoundTripper) Option {
	return func(s *Server) { s.client.Transport = rt }
}

// NewServer starts a server that ends with the test.
func NewServer(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{
		t: t, flavour: Mastodon47(), now: time.Now, policy: displayPolicy(),
		client: &http.Client{
			Transport: loopbackTransport(),
			Timeout:   30 * time.Second, // D6
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // see get and D7
			},
		},
		inbound: make(chan *Delivery, 4096), changed: make(chan struct{}),
		actors: map[string]*Actor{}, names: map[string]*Actor{},
		paths: map[string]http.HandlerFunc{}, answers: map[string][]Answer{},
		accounts: map[string]*account{}, statuses: map[string]*Status{},
		buried: map[string]burial{}, likes: map[string]map[string]bool{},
		blocked: map[string]bool{}, refetched: map[string]time.Time{},
	}
	for _, option := range options {
		option(s)
	}
	s.ctx = t.Context()
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL
	s.Host = strings.TrimPrefix(s.URL, "http://")
	s.routes()

	acting := make(chan struct{})
	go func() {
		defer close(acting)
		for d := range s.inbound {
			s.act(d)
		}
	}()
	t.Cleanup(func() {
		s.http.Close()
		close(s.inbound)
		<-acting
		s.work.Wait()
		s.client.CloseIdleConnections()
	})
	return s
}

// loopbackTransport finds every name under .localhost on this machine, which
// resolvers need not do.
func loopbackTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second} // D6
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err == nil && strings.HasSuffix(host, ".localhost") {
				address = net.JoinHostPort("127.0.0.1", port)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
}

// schemeOf returns the scheme to speak with a host in.
func schemeOf(host string) string {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	ip := net.ParseIP(name)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || (ip != nil && ip.IsLoopback()) {
		return "http"
	}
	return "https"
}

// Instance returns the actor that signs the server's own fetches.
func (s *Server) Instance() *Actor { return s.instance }

// Block makes the server refuse everything that is signed by a host (SG13).
func (s *Server) Block(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked[host] = true
}

// Forget makes the server meet all others for the first time again: their
// actors and keys are fetched anew when next needed. Follows and posts stay.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.accounts)
	clear(s.refetched)
}

// number returns the next of the numbers that name things here.
func (s *Server) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return s.serial
}

// uuid returns an id such as Mastodon gives to activities that nobody can fetch.
func (s *Server) uuid() string {
	return fmt.Sprintf("%s/00000000-0000-4000-8000-%012d", s.URL, s.number())
}

// RuleError says which rule was broken and how.
type RuleError struct {
	Rule string // its id in the contract, such as "W2"
	Text string

	fetch  bool // something could not be had
	status int  // what was answered instead; 0: nothing
	err    error
}

// Unwrap returns why there was no answer, if that is what broke the rule.
func (e *RuleError) Unwrap() error { return e.err }

// Error returns the rule's id and the text.
func (e *RuleError) Error() string { return e.Rule + ": " + e.Text }

func broke(rule, format string, args ...any) error {
	return &RuleError{Rule: rule, Text: fmt.Sprintf(format, args...)}
}

// missing says what the rule wanted an address to answer, and what it did.
func missing(rule string, res Response) error {
	e := &RuleError{Rule: rule, Text: fmt.Sprintf("%s: status %d", res.URL, res.Status), fetch: true, status: res.Status, err: res.Err}
	if res.Err != nil {
		e.Text = fmt.Sprintf("%s: %v", res.URL, res.Err)
	}
	return e
}

// Rules returns the ids of all rules that the error says were broken.
func Rules(err error) []string {
	switch e := err.(type) { //nolint:errorlint // the whole tree is walked
	case *RuleError:
		return []string{e.Rule}
	case interface{ Unwrap() error }:
		return Rules(e.Unwrap())
	case interface{ Unwrap() []error }:
		var rules []string
		for _, one := range e.Unwrap() {
			rules = append(rules, Rules(one)...)
		}
		return rules
	}
	return nil
}
