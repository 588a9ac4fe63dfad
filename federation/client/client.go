// Package client makes all requests that go out to other servers: documents,
// deliveries, WebFinger and NodeInfo.
//
// Nothing that comes back is trusted. Every address that is dialled is checked
// at the moment of dialling, so neither a name nor a redirect leads inside; the
// time, the size (before and after decompression), the depth and the number of
// redirects are bounded; a document must be what it says, from where it says.
// Proxies from the environment are not used, since they would dial for us.
package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"codeberg.org/commonage/commonage/federation/signature"
)

// Options are what a Client is made with. Only UserAgent should always be set;
// the rest has sensible values when zero.
type Options struct {
	UserAgent    string // some servers refuse requests without one
	Scheme       string // of the addresses made from a host name: https, or http
	AllowPrivate bool   // also reach loopback and private networks, and names under .localhost
	Limits       Limits
	Key          *signature.Key // signs GETs, see SetKey
	Log          *slog.Logger
	Now          func() time.Time

	// Public are addresses in IPv4 that count as being on the public internet: those
	// of a test's servers, which still lead to nothing inside.
	Public []netip.Prefix

	// Transport, if there is one, makes the requests instead of connections, which
	// are then not guarded: a network in memory for tests of many instances.
	Transport http.RoundTripper
}

// Limits bound every exchange.
type Limits struct {
	Connect  time.Duration // resolving a name and connecting, 5 s when zero
	Header   time.Duration // waiting for the first bytes of an answer, 10 s when zero
	Total    time.Duration // one call with all its redirects, 30 s when zero
	Document int64         // bytes of a document, 1 MiB when zero
}

const (
	maxRedirects      = 3        // on one GET
	maxDrain          = 64 << 10 // bytes read of an answer that is not used
	maxResponseHeader = 64 << 10
	maxIdlePerHost    = 4
	maxIdle           = 256
	idleTime          = 60 * time.Second
)

// Client makes requests to other servers. It is safe for concurrent use.
type Client struct {
	userAgent string
	scheme    string
	limits    Limits
	log       *slog.Logger
	now       func() time.Time
	key       atomic.Pointer[signature.Key]
	gate      atomic.Pointer[Gate]
	forms     formMemory
	guard     *guard
	transport *http.Transport
	round     http.RoundTripper // transport, or what stands for it
}

// New returns a client.
func New(o Options) *Client {
	o = o.withDefaults()
	c := &Client{
		userAgent: o.UserAgent, scheme: o.Scheme, limits: o.Limits, log: o.Log, now: o.Now,
		guard: newGuard(o.AllowPrivate, o.Public, o.Limits.Connect),
	}
	c.key.Store(o.Key)
	c.transport = &http.Transport{
		Proxy:                  nil,
		DialContext:            c.guard.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.Limits.Connect,
		ResponseHeaderTimeout:  o.Limits.Header,
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTime,
		DisableCompression:     true, // readBody bounds both sides of it
		ForceAttemptHTTP2:      true,
	}
	if c.round = o.Transport; c.round == nil {
		c.round = c.transport
	}
	return c
}

func (o Options) withDefaults() Options {
	if o.UserAgent == "" {
		o.UserAgent = "Commonage"
	}
	if o.Scheme == "" {
		o.Scheme = "https"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits.Connect == 0 {
		o.Limits.Connect = 5 * time.Second
	}
	if o.Limits.Header == 0 {
		o.Limits.Header = 10 * time.Second
	}
	if o.Limits.Total == 0 {
		o.Limits.Total = 30 * time.Second
	}
	if o.Limits.Document == 0 {
		o.Limits.Document = 1 << 20
	}
	return o
}

// SetKey changes the key that signs GETs of documents from now on. With nil
// they go out unsigned, and servers in secure mode refuse them.
func (c *Client) SetKey(key *signature.Key) { c.key.Store(key) }

// Gate returns why nothing is asked of an address or sent to it, or nil.
type Gate func(ctx context.Context, address string) error

// SetGate has every request pass the gate from now on, each hop of a redirect
// too. A refusal is a *BlockedError, which no other try changes; any other error is
// taken as one of ours and becomes an *OwnError.
func (c *Client) SetGate(g Gate) { c.gate.Store(&g) }

// Close gives up the connections that are kept for later.
func (c *Client) Close() { c.transport.CloseIdleConnections() }
