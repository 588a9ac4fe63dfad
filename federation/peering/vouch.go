package peering

import (
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"codeberg.org/commonage/commonage/directory"
)

// RegisteredDomain returns what somebody had to register to have the host: the
// name below a public suffix, such as ghent.example of www.ghent.example:8443;
// of an address its network, /24 or /48. Whoever has it can make up any number
// of hosts. On loopback everybody has every port: there each is its own.
func RegisteredDomain(host string) string {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if ip, err := netip.ParseAddr(name); err == nil {
		if ip = ip.Unmap().WithZone(""); ip.IsLoopback() {
			return strings.ToLower(host)
		}
		bits := 48
		if ip.Is4() {
			bits = 24
		}
		return netip.PrefixFrom(ip, bits).Masked().String()
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return strings.ToLower(host)
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name // a suffix itself
	}
	return domain
}

// voucherDomains returns the registered domains of the hosts, but not own.
func voucherDomains(hosts []string, own string) map[string]bool {
	domains := map[string]bool{}
	for _, h := range hosts {
		if d := RegisteredDomain(h); d != own {
			domains[d] = true
		}
	}
	return domains
}

// mayVouch reports whether a peer's list counts: one that we follow, and that the
// operator has not limited.
func mayVouch(p *directory.Peer, blocks *directory.Blocks) bool {
	kind := blocks.Of(p.Host)
	return p.Wanted && p.State == directory.PeerFollowing && kind != directory.Blocked && kind != directory.Limited
}
