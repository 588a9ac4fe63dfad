package peering

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/client"
)

// raw is how errors of Go's libraries begin, or what they alone would say.
var raw = regexp.MustCompile(`(read|write|dial) tcp|127\.0\.0\.1:|jsontext|json:|net/http|http:|x509|tls:|\\x|lookup `)

// listen answers each connection on a port with answer, and returns its address.
func listen(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// afterRequest reads a request before it answers.
func afterRequest(answer func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			answer(c)
		}
	}
}

// Whatever goes wrong on the way to a peer is told in plain sentences, each with its
// kind, and never in the words of a library.
func TestPlainly(t *testing.T) {
	const host = "beta.example"
	t0 := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ask := func(ctx context.Context, c *http.Client, address string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(r)
		if err == nil {
			_ = resp.Body.Close()
			t.Fatalf("%s answers", address)
		}
		return err
	}
	get := func(address string) error { return ask(t.Context(), http.DefaultClient, address) }
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closed := listen(t, func(net.Conn) {})
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	reset := listen(t, afterRequest(func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }))
	garbage := listen(t, afterRequest(func(c net.Conn) { _, _ = c.Write([]byte("\x15\x03\x01\x00\x02\x02\x16 nothing\r\n\r\n")) }))
	plainHTTP := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	otherName := *secure.Client()
	status := func(code int, detail string) error {
		return fmt.Errorf("fetch: %w", &client.StatusError{URL: "https://beta.example/directory/outbox", Status: code, Detail: detail})
	}

	for name, c := range map[string]struct {
		err   error
		kind  directory.Trouble
		words string
	}{
		"401":             {status(401, ""), directory.TroubleRefused, "does not accept our signature"},
		"403":             {status(403, ""), directory.TroubleRefused, "does not let us read its directory."},
		"403 with reason": {status(403, `{"error":"blocked by the operator of this instance"}`), directory.TroubleRefused, "it says “blocked by the operator of this instance”"},
		"403 in text":     {status(403, "no\x1b[31m\nwelcome\u009b"), directory.TroubleRefused, "it says “no[31m welcome”"},
		"403 in HTML":     {status(403, "<h1>403</h1>"), directory.TroubleRefused, "does not let us read its directory."},
		"403 cut":         {status(403, `{"error":"bl`), directory.TroubleRefused, "does not let us read its directory."},
		"404":             {status(404, ""), directory.TroubleMissing, "knows no @directory"},
		"410":             {status(410, ""), directory.TroubleMissing, "gone for good"},
		"418":             {status(418, ""), directory.TroubleUnreadable, "status 418"},
		"429":             {status(429, ""), directory.TroubleBusy, "too often"},
		"503":             {status(503, ""), directory.TroubleBroken, "status 503"},
		"bad JSON":        {client.CheckJSON([]byte("hello")), directory.TroubleUnreadable, "it sent bad JSON."},
		"no directory":    {notDirectory(host, errors.New("json: cannot unmarshal")), directory.TroubleUnreadable, "it publishes no directory."},
		"no page":         {invalid("https://beta.example/x", errors.New("json: cannot unmarshal")), directory.TroubleUnreadable, "no part of a directory."},
		"web page":        {&client.ContentTypeError{Type: "text/html"}, directory.TroubleUnreadable, "something else than a directory"},
		"large":           {&client.TooLargeError{Limit: 1000}, directory.TroubleUnreadable, "1000 bytes"},
		"other id":        {&client.IDError{ID: "https://other.example/"}, directory.TroubleUnreadable, "calls itself"},
		"blocked here":    {&client.BlockedError{Address: "https://beta.example/actor"}, directory.TroubleBlocked, "is blocked here"},
		"inside":          {&client.AddressError{Address: "10.0.0.1:443", Reason: "is not on the public internet"}, directory.TroubleAddress, "leads to 10.0.0.1:443, which is not on the public internet"},
		"port":            {&client.AddressError{Address: "beta.example:9", Reason: "has a port of another service"}, directory.TroubleAddress, "beta.example has a port of another service."},
		"private":         {&client.AddressError{Address: "beta.example:443", Reason: "is not on the public internet"}, directory.TroubleAddress, "allow_private_addresses"},
		"no name":         {&net.DNSError{Err: "no such host", Name: host, IsNotFound: true}, directory.TroubleName, "leads nowhere"},
		"no name server":  {&net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}, directory.TroubleAway, "no name server"},
		"certificate":     {get(secure.URL), directory.TroubleCertificate, "signed by nobody that this server trusts"},
		"another name":    {ask(t.Context(), &otherName, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)), directory.TroubleCertificate, "another name"},
		"http for https":  {get("https://" + plainHTTP), directory.TroubleCertificate, "no safe connection"},
		"nothing listens": {get(nobody.URL), directory.TroubleAway, "nothing listens there"},
		"closes":          {get("http://" + closed), directory.TroubleAway, "broke the connection off"},
		"resets":          {get("http://" + reset), directory.TroubleAway, "broke the connection off"},
		"garbage":         {get("http://" + garbage), directory.TroubleUnreadable, "not as a web server does"},
		"too slow":        {ask(expired, http.DefaultClient, nobody.URL), directory.TroubleAway, "in time"},
		"ours":            {&client.OwnError{Err: errors.New("sqlite: disk full")}, directory.TroubleHere, "this server could not ask"},
		"anything":        {errors.New("net/http: some trouble"), directory.TroubleOther, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, text := plainly(host, c.err)
			if kind != c.kind || !strings.Contains(strings.ToLower(text), strings.ToLower(c.words)) {
				t.Errorf("%v is %q, a matter of %q; want %q, %q", c.err, text, kind, c.words, c.kind)
			}
			if raw.MatchString(text) || !strings.HasSuffix(text, ".") || strings.ContainsAny(text, "\n\x1b\u009b") {
				t.Errorf("not plain: %q", text)
			}
			p := directory.Peer{Host: host, Wanted: true, State: directory.PeerFollowing}
			p.Fails(t0, text)
			p.Trouble = kind
			if problem := p.Problem(t0); problem == nil || problem.Mend == "" || problem.Text != text {
				t.Errorf("no way out: %+v", problem)
			} else if c.kind == directory.TroubleRefused && strings.Contains(problem.Mend, "tried again by itself") {
				t.Errorf("a refusal is mended by %q", problem.Mend)
			}
		})
	}
}
