package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/federation/signature"
)

// order is one request to make.
type order struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
	key    *signature.Key // nil leaves it unsigned
}

// answer is what came back, read to its end.
type answer struct {
	url    *url.URL
	status int
	header http.Header
	body   []byte
}

// once sends the order a single time, signed in the given form.
func (c *Client) once(ctx context.Context, o order, form signature.Form) (*http.Response, error) {
	if err := spend(ctx, o.url.String()); err != nil {
		return nil, err
	}
	var body io.Reader
	if o.body != nil {
		body = bytes.NewReader(o.body)
	}
	r, err := http.NewRequestWithContext(ctx, o.method, o.url.String(), body)
	if err != nil {
		return nil, &AddressError{Address: o.url.String(), Reason: "is not a URL"}
	}
	r.Header = o.header.Clone()
	r.Header.Set("User-Agent", c.userAgent)
	if o.method == http.MethodGet {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	if o.key != nil {
		if err := o.key.Sign(r, o.body, form, c.now()); err != nil {
			return nil, &OwnError{err}
		}
	}
	return c.round.RoundTrip(r)
}

// exchange sends the order in the form that the host is known to take, and when
// that is answered with 400 or 401, once more in the other one. The second
// answer counts unless it is a refusal too: a server that does not read the
// form may refuse it for good where the first answer was only for now. Where none
// came, a first answer that is final may be about the form alone: the error counts.
func (c *Client) exchange(ctx context.Context, o order, limit int64) (*answer, error) {
	if err := c.pass(ctx, o.url.String()); err != nil {
		return nil, err
	}
	host := o.url.Host
	form := c.forms.of(host)
	first, err := c.answered(ctx, o, form, limit)
	if err != nil || o.key == nil || !unauthorized(first.status) {
		return first, err
	}
	form = other(form)
	second, err := c.answered(ctx, o, form, limit)
	switch {
	case second == nil && first.status == http.StatusBadRequest && Retryable(err):
		return nil, err
	case second == nil, unauthorized(second.status), second.status == http.StatusForbidden:
		return first, nil
	}
	if second.status < 400 {
		c.forms.set(host, form)
		c.log.InfoContext(ctx, "remembered signature form", "host", host, "form", form.String())
	}
	return second, err
}

// pass asks the gate, if there is one.
func (c *Client) pass(ctx context.Context, address string) error {
	gate := c.gate.Load()
	if gate == nil {
		return nil
	}
	err := (*gate)(ctx, address)
	if _, blocked := errors.AsType[*BlockedError](err); err == nil || blocked {
		return err
	}
	return &OwnError{err}
}

func unauthorized(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized
}

// answered sends the order and reads the answer: a good one to its end, of any
// other only the beginning. With an error after the first bytes of a good
// answer, both are returned.
func (c *Client) answered(ctx context.Context, o order, form signature.Form, limit int64) (*answer, error) {
	resp, err := c.once(ctx, o, form)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a := &answer{url: o.url, status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode == http.StatusOK && o.method == http.MethodGet {
		a.body, err = readBody(resp, o.url, limit)
		return a, err
	}
	// The status is all that matters of it: a delivery that was taken stays
	// taken if the rest of the answer is cut off.
	a.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxDrain)) //nolint:errcheck // see above
	return a, nil
}

// fetch gets the order's URL, and follows redirects: each hop is checked and
// signed anew, and none is visited twice.
func (c *Client) fetch(ctx context.Context, o order, limit int64) (*answer, error) {
	o.method = http.MethodGet
	visited := []string{o.url.String()}
	for {
		a, err := c.exchange(ctx, o, limit)
		if err != nil || !redirects(a.status) {
			return a, err
		}
		if o.url, err = nextHop(o.url, a.header.Get("Location")); err != nil {
			return nil, err
		}
		if slices.Contains(visited, o.url.String()) {
			return nil, &InvalidError{URL: visited[0], Reason: "redirects in a circle"}
		}
		if len(visited) > maxRedirects {
			return nil, &InvalidError{URL: visited[0], Reason: fmt.Sprintf("redirects more than %d times", maxRedirects)}
		}
		visited = append(visited, o.url.String())
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// nextHop is where a redirect leads. It never leads from https to http, where
// anybody between could answer.
func nextHop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return nil, &InvalidError{URL: from.String(), Reason: fmt.Sprintf("redirects to %.200q", location)}
	}
	next, err := parseAddress(to.String())
	if err != nil {
		return nil, fmt.Errorf("redirect from %s: %w", from, err)
	}
	if from.Scheme == "https" && next.Scheme == "http" {
		return nil, &AddressError{Address: next.String(), Reason: "is not encrypted, but what leads there is"}
	}
	return next, nil
}

// readBody reads an answer of at most limit bytes, both compressed and not.
func readBody(resp *http.Response, from *url.URL, limit int64) ([]byte, error) {
	tooLarge := &TooLargeError{URL: from.String(), Limit: limit}
	if resp.ContentLength > limit {
		return nil, tooLarge
	}
	var r io.Reader = &bounded{r: resp.Body, left: limit, err: tooLarge}
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzipped, err := gzip.NewReader(r)
		if err != nil {
			return nil, unreadable(from, err)
		}
		r = &bounded{r: unzipped, left: limit, err: tooLarge}
	default:
		return nil, &InvalidError{URL: from.String(), Reason: fmt.Sprintf("encoded as %.40q", encoding)}
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, unreadable(from, err)
	}
	return body, nil
}

func unreadable(from *url.URL, err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return &InvalidError{URL: from.String(), Reason: "what it sent compressed is damaged", Detail: err.Error()}
	}
	return err
}

// bounded reads up to left bytes and then fails with err, where
// io.LimitReader would pretend that the end was reached.
type bounded struct {
	r    io.Reader
	left int64
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		return int(b.left), b.err
	}
	b.left -= int64(n)
	return n, err
}

// statusError tells of an answer that is not what was asked for.
func (c *Client) statusError(a *answer) error {
	return &StatusError{
		URL: a.url.String(), Status: a.status,
		RetryAfter: retryAfter(a.header.Get("Retry-After"), c.now()), Detail: detail(a),
	}
}

// maxDetail is how much of a refusal is kept: enough for a sentence.
const maxDetail = 200

// detail is the beginning of an answer, when it is text for people.
func detail(a *answer) string {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	plain := kind == "text/plain" || strings.HasSuffix(kind, "json")
	if err != nil || !plain || a.header.Get("Content-Encoding") != "" {
		return ""
	}
	text := strings.ToValidUTF8(string(a.body[:min(len(a.body), maxDetail)]), "")
	return strings.TrimSpace(text)
}

// longestWait bounds what a server can ask for, lest one bad header silence
// us for good.
const longestWait = 7 * 24 * time.Hour

// retryAfter reads the header of that name, seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
