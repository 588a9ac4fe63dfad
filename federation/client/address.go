package client

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// maxAddress is how long an IRI may be.
const maxAddress = 2048

// parseAddress reads an IRI that is to be requested, and returns it as it goes
// over the wire: host in lower case and punycode, without a default port and
// without the fragment. Only http and https pass, and no user names.
func parseAddress(iri string) (*url.URL, error) {
	refuse := func(reason string) (*url.URL, error) {
		return nil, &AddressError{Address: iri, Reason: reason}
	}
	if len(iri) > maxAddress {
		return refuse("is too long")
	}
	u, err := url.Parse(iri)
	if err != nil {
		return refuse("is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return refuse("is neither http nor https")
	}
	if u.User != nil {
		return refuse("has a user name")
	}
	u.Host, err = wireHost(u.Scheme, u.Host)
	if err != nil || u.Opaque != "" {
		return refuse("has no usable host")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// wireHost is host[:port] in the one form that we send and compare.
func wireHost(scheme, host string) (string, error) {
	u, err := url.Parse(scheme + "://" + host)
	if err != nil {
		return "", err
	}
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if name == "" || u.Host != host {
		return "", &AddressError{Address: host, Reason: "is not a host"}
	}
	if name, err = asciiName(name); err != nil {
		return "", err
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return name, nil
	}
	return name + ":" + port, nil
}

func asciiName(name string) (string, error) {
	if ip, err := netip.ParseAddr(name); err == nil && ip.Zone() == "" {
		if ip.Is6() {
			return "[" + name + "]", nil
		}
		return name, nil
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 0x80:
			return idna.Lookup.ToASCII(name)
		case c <= ' ' || c == 0x7f || strings.IndexByte(`"%<>\^{|}`+"`", c) >= 0:
			return "", &AddressError{Address: name, Reason: "is not a host"}
		}
	}
	return name, nil
}

// SameOrigin says whether two IRIs have the same scheme, host and port, which
// is what makes one server answer for another's words (FEP-fe34). An IRI that
// cannot be requested has no origin.
func SameOrigin(a, b string) bool {
	first, err := parseAddress(a)
	if err != nil {
		return false
	}
	second, err := parseAddress(b)
	return err == nil && first.Scheme == second.Scheme && first.Host == second.Host
}
