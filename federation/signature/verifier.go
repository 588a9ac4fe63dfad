package signature

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The bounds on a signature's time, as Mastodon has them: an hour for clocks
// that differ, five minutes of life when the sender names none, never more
// than half a day. A request without an own expiry is thus good from an hour
// before its date to 65 minutes after.
const (
	clockSkew       = time.Hour
	defaultLifetime = 5 * time.Minute
	longestLifetime = 12 * time.Hour
)

// The bounds on what is read at all.
const (
	maxHeader     = 8 << 10
	maxComponents = 32
	maxKeyID      = 2048
)

// Verifier checks incoming requests of one server. It is safe for concurrent
// use.
type Verifier struct {
	scheme string
	host   string // as senders see it: lower case, without a default port
	name   string // host without its port
	now    func() time.Time
}

// NewVerifier returns a verifier for the server at scheme://host. Both are the
// public ones that senders use, since behind a proxy a request itself does not
// tell; the host has its port when that is not the scheme's own.
func NewVerifier(scheme, host string, now func() time.Time) *Verifier {
	host = strings.TrimSuffix(strings.ToLower(host), ":"+defaultPort(scheme))
	return &Verifier{scheme: scheme, host: host, name: withoutPort(host), now: now}
}

// Parse reads the request's signature and checks all that needs no key: that
// it covers the method, the target, this server's name and, where there is
// one, the body; that the digest is the body's; that its time is near; that
// nothing stands in it twice. The body is the raw one as received, which the
// caller has read and bounded.
//
// A request with Signature-Input is taken as RFC 9421, any other as cavage. The
// error is ErrMissing, ErrMalformed, ErrInvalid or ErrExpired.
//
// A signature made for another server is refused whatever Host the request
// has, so that nobody can pass on to us what was sent to them.
func (v *Verifier) Parse(r *http.Request, body []byte) (*Signature, error) {
	if len(r.Header["Signature"]) == 0 {
		return nil, ErrMissing
	}
	for _, name := range []string{"Signature", "Signature-Input", "Digest", "Content-Digest"} {
		if size := len(strings.Join(r.Header[name], "")); size > maxHeader {
			return nil, malformedf("%s has %d bytes, at most %d are read", name, size, maxHeader)
		}
	}
	if len(r.Header["Signature-Input"]) > 0 {
		return v.parseMessage(r, body)
	}
	return v.parseCavage(r, body)
}

// checkTime refuses a signature outside its window. A zero expires means that
// the sender named none.
func (v *Verifier) checkTime(created, expires time.Time) error {
	now := v.now()
	if created.After(now.Add(clockSkew)) {
		return errTime("from the future", created)
	}
	if expires.IsZero() {
		expires = created.Add(defaultLifetime)
	}
	if latest := created.Add(longestLifetime); expires.After(latest) {
		expires = latest
	}
	if now.After(expires.Add(clockSkew)) {
		return errTime("expired", expires)
	}
	return nil
}

// hosts lists the Host values that a sender may have signed to reach us. The
// received one comes first, but only when it is ours. The name without a port
// is there since Mastodon signs that.
func (v *Verifier) hosts(r *http.Request) []string {
	hosts := []string{v.host}
	if v.name != v.host {
		hosts = append(hosts, v.name)
	}
	if v.ours(r.Host) && !slices.Contains(hosts, r.Host) {
		return slices.Insert(hosts, 0, r.Host)
	}
	slices.SortStableFunc(hosts, func(a, b string) int {
		return rank(a == r.Host) - rank(b == r.Host)
	})
	return hosts
}

func (v *Verifier) ours(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ":"+defaultPort(v.scheme))
	return host == v.host || host == v.name
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// requestTarget is the path and query exactly as they were, or will be, sent.
func requestTarget(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// fieldValue is the value of a header as both forms sign it.
func fieldValue(r *http.Request, name, host string) (value string, found bool) {
	if name == "host" {
		return host, true
	}
	values := r.Header.Values(name)
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.TrimSpace(value)
	}
	return strings.Join(trimmed, ", "), len(values) > 0
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

func withoutPort(host string) string {
	return strings.TrimSuffix(host, ":"+(&url.URL{Host: host}).Port())
}
