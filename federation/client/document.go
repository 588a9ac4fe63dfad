package client

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	activityType    = "application/activity+json"
	activityProfile = "https://www.w3.org/ns/activitystreams"
	activityAccept  = activityType + `, application/ld+json; profile="` + activityProfile + `"`
)

// Document is an ActivityPub document as its origin serves it.
type Document struct {
	ID          string // what it is called, checked against where it came from
	Body        []byte // as received, valid JSON with CheckJSON's bounds
	ETag        string // for DocumentIfChanged, may be empty
	URL         string // where it came from, after redirects
	NotModified bool   // unchanged since the ETag; there is no ID and no Body

	RetryAfter time.Duration // how long the server would like nobody to ask for it again (RFC 9110, 10.2.3), not bounded
}

// Document fetches the ActivityPub document at the IRI, with a signed GET.
//
// The document's id is the IRI, or where the IRI redirects to. If it is neither
// but on the same host as the document, the id is fetched once and must then
// name itself. So the result's ID may differ from the IRI, and is the one to go
// by. Errors are *StatusError, *AddressError, *ContentTypeError,
// *TooLargeError, *IDError, *InvalidError, or the net's.
func (c *Client) Document(ctx context.Context, iri string) (Document, error) {
	return c.DocumentIfChanged(ctx, iri, "")
}

// DocumentIfChanged is Document for one that was fetched before: when the
// server says that it still has the ETag, the result is NotModified.
func (c *Client) DocumentIfChanged(ctx context.Context, iri, etag string) (Document, error) {
	return c.read(ctx, iri, http.Header{}, etag)
}

// LeanPage is DocumentIfChanged for a page of a collection whose items are believed
// because the page is: it asks for no more than they say (RFC 7240, section 4.2).
// Servers may ignore that.
func (c *Client) LeanPage(ctx context.Context, iri, etag string) (Document, error) {
	return c.read(ctx, iri, http.Header{"Prefer": {"return=minimal"}}, etag)
}

func (c *Client) read(ctx context.Context, iri string, header http.Header, etag string) (Document, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Total)
	defer cancel()
	header.Set("Accept", activityAccept)
	doc, err := c.document(ctx, iri, header.Clone(), etag)
	mismatch, ok := errors.AsType[*IDError](err)
	if ok && SameOrigin(mismatch.URL, mismatch.ID) {
		doc, err = c.document(ctx, mismatch.ID, header, "")
	}
	if err != nil {
		return Document{}, fmt.Errorf("fetch %.200s: %w", iri, err)
	}
	return doc, nil
}

func (c *Client) document(ctx context.Context, iri string, header http.Header, etag string) (Document, error) {
	u, err := parseAddress(iri)
	if err != nil {
		return Document{}, err
	}
	o := order{url: u, header: header, key: c.key.Load()}
	if etag != "" {
		o.header.Set("If-None-Match", etag)
	}
	a, err := c.fetch(ctx, o, c.limits.Document)
	if err != nil {
		return Document{}, err
	}
	doc := Document{Body: a.body, ETag: a.header.Get("ETag"), URL: a.url.String()}
	if seconds, err := strconv.ParseUint(a.header.Get("Retry-After"), 10, 31); err == nil {
		doc.RetryAfter = time.Duration(seconds) * time.Second
	}
	if a.status == http.StatusNotModified && etag != "" {
		return Document{ETag: etag, URL: doc.URL, NotModified: true, RetryAfter: doc.RetryAfter}, nil
	}
	if a.status != http.StatusOK {
		return Document{}, c.statusError(a)
	}
	if types := a.header.Values("Content-Type"); len(types) != 1 || !activityPub(types[0]) {
		return Document{}, &ContentTypeError{URL: doc.URL, Type: strings.Join(types, ", ")}
	}
	if err := CheckJSON(a.body); err != nil {
		return Document{}, fmt.Errorf("read %s: %w", a.url, err)
	}
	doc.ID = topID(a.body)
	if doc.ID == "" || doc.ID != doc.URL && (doc.ID != iri || !SameOrigin(iri, doc.URL)) {
		return Document{}, &IDError{URL: doc.URL, ID: doc.ID}
	}
	return doc, nil
}

// activityPub says whether a Content-Type is one that only a server's own
// documents have.
func activityPub(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return kind == activityType ||
		kind == "application/ld+json" && slices.Contains(strings.Fields(params["profile"]), activityProfile)
}
