package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/temoto/robotstxt"
)

// maxRobots is how much of a robots.txt is read: what RFC 9309 asks for.
const maxRobots = 500 << 10

// Welcomes reports whether the robots.txt of a host, which may have a port, lets
// us ask for a path. A host without one does. An error is the net's or a
// *StatusError of at least 500: the host cannot say, and is to be left alone for
// now (RFC 9309, 2.3.1.4).
func (c *Client) Welcomes(ctx context.Context, host, path string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Total)
	defer cancel()
	name, err := wireHost(c.scheme, host)
	if err != nil {
		return false, &AddressError{Address: host, Reason: "is not a host"}
	}
	body, err := c.get(ctx, &url.URL{Scheme: c.scheme, Host: name, Path: "/robots.txt"}, "text/plain", maxRobots)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status < 500 {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("robots.txt of %.200s: %w", host, err)
	}
	robots, err := robotstxt.FromBytes(body)
	if err != nil {
		return true, nil // no robots.txt at all: a page that says so, as a rule
	}
	agent, _, _ := strings.Cut(c.userAgent, "/")
	return robots.TestAgent(path, agent), nil
}
