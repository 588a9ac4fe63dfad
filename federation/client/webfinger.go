package client

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// account is user@host, as WebFinger finds it.
type account struct {
	user, host string
}

func (a account) String() string { return "acct:" + a.user + "@" + a.host }

// userName is what Mastodon accepts. The bound is Misskey's.
var userName = regexp.MustCompile(`^[A-Za-z0-9_]+([.-]+[A-Za-z0-9_]+)*$`)

const (
	maxUserName      = 128
	descriptorAccept = "application/jrd+json, application/json"
)

// parseAccount reads acct:user@host, @user@host or user@host.
func (c *Client) parseAccount(text string) (account, error) {
	refuse := func(reason string) (account, error) {
		return account{}, &InvalidError{Reason: fmt.Sprintf("account %.200q %s", text, reason)}
	}
	plain := strings.TrimPrefix(strings.TrimPrefix(text, "acct:"), "@")
	user, host, found := strings.Cut(plain, "@")
	if !found {
		return refuse("is not user@host")
	}
	if len(user) > maxUserName || !userName.MatchString(user) {
		return refuse("has an unusable user name")
	}
	if len(host) > maxAddress || strings.ContainsAny(host, "/?#@") {
		return refuse("has an unusable host")
	}
	host, err := wireHost(c.scheme, host)
	if err != nil {
		return refuse("has an unusable host")
	}
	return account{user, host}, nil
}

// descriptor is a WebFinger answer (JRD).
type descriptor struct {
	Subject string `json:"subject"`
	Links   []struct {
		Rel  string `json:"rel"`
		Type string `json:"type"`
		Href string `json:"href"`
	} `json:"links"`
}

// self is the actor's id: the first self link of an ActivityPub type.
func (d descriptor) self() string {
	for _, link := range d.Links {
		if link.Rel == "self" && (link.Type == activityType ||
			link.Type == `application/ld+json; profile="`+activityProfile+`"`) {
			return link.Href
		}
	}
	return ""
}

// Resolve asks WebFinger for the actor of an account, written acct:user@host,
// @user@host or user@host. When the server says that the account has another
// name, that one is asked for once and must name itself. That the actor in turn
// has this very id is for ResolveActor to check.
func (c *Client) Resolve(ctx context.Context, acct string) (actorID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Total)
	defer cancel()
	actorID, err = c.resolve(ctx, acct)
	if err != nil {
		return "", fmt.Errorf("look up %.200s: %w", acct, err)
	}
	return actorID, nil
}

// ResolveActor is Resolve and Document in one. The document's id is exactly
// what WebFinger said, else the error is an *IDError.
func (c *Client) ResolveActor(ctx context.Context, acct string) (Document, error) {
	id, err := c.Resolve(ctx, acct)
	if err != nil {
		return Document{}, err
	}
	doc, err := c.Document(ctx, id)
	if err != nil {
		return Document{}, err
	}
	if doc.ID != id {
		return Document{}, fmt.Errorf("look up %.200s: %w", acct, &IDError{URL: id, ID: doc.ID})
	}
	return doc, nil
}

func (c *Client) resolve(ctx context.Context, acct string) (string, error) {
	asked, err := c.parseAccount(acct)
	if err != nil {
		return "", err
	}
	found, subject, err := c.finger(ctx, asked)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(subject.String(), asked.String()) {
		asked = subject
		if found, subject, err = c.finger(ctx, asked); err != nil {
			return "", err
		}
		if !strings.EqualFold(subject.String(), asked.String()) {
			return "", &InvalidError{Reason: fmt.Sprintf("%s in turn calls itself %s", asked, subject)}
		}
	}
	id := found.self()
	if id == "" {
		return "", &InvalidError{Reason: fmt.Sprintf("%s has no self link to an ActivityPub actor", asked)}
	}
	if _, err := parseAddress(id); err != nil {
		return "", err
	}
	return id, nil
}

// finger makes one lookup. Only when the usual place answers 404 does it ask
// host-meta for another, and only once.
func (c *Client) finger(ctx context.Context, a account) (descriptor, account, error) {
	body, err := c.get(ctx, &url.URL{
		Scheme: c.scheme, Host: a.host,
		Path: "/.well-known/webfinger", RawQuery: "resource=" + a.String(),
	}, descriptorAccept, c.limits.Document)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotFound {
		var second *url.URL
		if second, err = c.hostMeta(ctx, a); err != nil {
			return descriptor{}, account{}, err
		}
		body, err = c.get(ctx, second, descriptorAccept, c.limits.Document)
	}
	if err != nil {
		return descriptor{}, account{}, err
	}
	return c.readDescriptor(body, a)
}

func (c *Client) readDescriptor(body []byte, asked account) (descriptor, account, error) {
	var d descriptor
	if err := CheckJSON(body); err != nil {
		return d, account{}, fmt.Errorf("WebFinger of %s: %w", asked, err)
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return d, account{}, &InvalidError{Reason: fmt.Sprintf("WebFinger of %s has another shape", asked), Detail: err.Error()}
	}
	subject, err := c.parseAccount(d.Subject)
	if err != nil {
		return d, account{}, &InvalidError{Reason: fmt.Sprintf("WebFinger of %s has the subject %.200q", asked, d.Subject)}
	}
	return d, subject, nil
}

// get fetches what is neither signed nor an ActivityPub document.
func (c *Client) get(ctx context.Context, u *url.URL, accept string, limit int64) ([]byte, error) {
	u, err := parseAddress(u.String())
	if err != nil {
		return nil, err
	}
	a, err := c.fetch(ctx, order{url: u, header: http.Header{"Accept": {accept}}}, limit)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, c.statusError(a)
	}
	return a.body, nil
}

// hostMeta asks the host where its WebFinger is (RFC 6415).
func (c *Client) hostMeta(ctx context.Context, a account) (*url.URL, error) {
	body, err := c.get(ctx, &url.URL{Scheme: c.scheme, Host: a.host, Path: "/.well-known/host-meta"},
		"application/xrd+xml, application/xml, text/xml", c.limits.Document)
	if err != nil {
		return nil, err
	}
	template := lrdd(body)
	if !strings.Contains(template, "{uri}") {
		return nil, &InvalidError{Reason: fmt.Sprintf("host-meta of %s names no WebFinger", a.host)}
	}
	return parseAddress(strings.ReplaceAll(template, "{uri}", url.QueryEscape(a.String())))
}

// lrdd is the first lrdd template in an XRD document, or nothing.
func lrdd(body []byte) string {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "Link" {
			continue
		}
		var rel, template string
		for _, attr := range start.Attr {
			switch attr.Name.Local {
			case "rel":
				rel = attr.Value
			case "template":
				template = attr.Value
			}
		}
		if rel == "lrdd" && template != "" {
			return template
		}
	}
}
