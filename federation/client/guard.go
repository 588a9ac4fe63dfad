package client

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// guard decides which addresses are dialled. It sees each one after the name
// was resolved, so that a name cannot mean one thing when it is checked and
// another when it is used.
type guard struct {
	private bool
	ranges  *ssrf.Guardian
	never   []netip.Prefix
	dialer  net.Dialer
}

// newGuard refuses all special ranges of IPv4 and everything in IPv6 outside
// 2000::/3 and special within it, but what is said to be public. With private,
// the addresses of one's own machine and network are let through; link-local
// ones, where clouds keep their secrets, never are.
func newGuard(private bool, public []netip.Prefix, timeout time.Duration) *guard {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if private {
		public = append(prefixes("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"), public...)
		options = append(options, ssrf.WithAllowedV6Prefixes(prefixes("::1/128", "fc00::/7")...))
	}
	options = append(options, ssrf.WithAllowedV4Prefixes(public...))
	g := &guard{
		private: private,
		ranges:  ssrf.New(options...),
		// Metadata services outside the link-local ranges, of Alibaba,
		// Azure and AWS.
		never: prefixes("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::254/128"),
	}
	g.dialer = net.Dialer{Timeout: timeout, Control: g.control}
	return g
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// control is called by the dialer before each connect.
func (g *guard) control(network, address string, raw syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &AddressError{Address: address, Reason: "is not an address"}
	}
	for _, prefix := range g.never {
		if prefix.Contains(at.Addr().Unmap()) {
			return &AddressError{Address: address, Reason: "is a metadata service"}
		}
	}
	if port := at.Port(); port != 80 && port != 443 && port < 1024 {
		return &AddressError{Address: address, Reason: "has a port of another service"}
	}
	if err := g.ranges.Safe(network, address, raw); err != nil {
		return &AddressError{Address: address, Reason: "is not on the public internet"}
	}
	return nil
}

// dial connects to host:port. Names under .localhost are the machine itself
// (RFC 6761), whatever the system's resolver makes of them.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &AddressError{Address: address, Reason: "is not an address"}
	}
	// The dialer checks again, but not on a machine that has no IPv6, where a
	// bad address would seem to be trouble of the net.
	if ip, err := netip.ParseAddr(host); err == nil {
		literal := net.JoinHostPort(ip.Unmap().String(), port)
		if err := g.control(family(ip.Unmap()), literal, nil); err != nil {
			return nil, err
		}
	}
	if !localName(host) {
		return g.dialer.DialContext(ctx, network, address)
	}
	if !g.private {
		return nil, &AddressError{Address: address, Reason: "is this machine"}
	}
	conn, err := g.dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err == nil {
		return conn, nil
	}
	conn, second := g.dialer.DialContext(ctx, network, net.JoinHostPort("::1", port))
	if second != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return conn, nil
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "tcp4"
	}
	return "tcp6"
}

func localName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
