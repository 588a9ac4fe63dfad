package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/client"
)

// SE2 and S6: nothing inside is dialled, for any kind of request.
func TestGuard(t *testing.T) {
	hosts := []string{
		// this host, private, link-local and metadata, CGNAT
		"0.0.0.0", "0.255.255.255", "127.0.0.1", "127.255.255.255", "10.0.0.1", "10.255.255.255",
		"172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1",
		"100.64.0.1", "100.127.255.255", "100.100.100.200", "168.63.129.16",
		// protocol assignments, test nets, benchmarking, multicast, reserved
		"192.0.0.1", "192.0.0.255", "192.0.2.1", "198.51.100.1", "203.0.113.255", "198.18.0.1", "198.19.255.255",
		"192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		// loopback, unspecified, mapped, compatible, NAT64, discard
		"[::1]", "[::]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::a00:1]",
		"[64:ff9b::7f00:1]", "[64:ff9b::1]", "[64:ff9b:1::1]", "[64:ff9b:1:ffff::1]", "[100::1]", "[100::ffff:ffff:ffff:ffff]",
		// Teredo, ORCHID, documentation, 6to4, unique local, segment routing, link-local, multicast
		"[2001::1]", "[2001:0:7f00:1::]", "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[2001:db8:ffff::1]",
		"[2002:7f00:1::]", "[2002:ffff::1]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[3fff::1]", "[3fff:fff::1]",
		"[5f00::1]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff00::1]", "[ff02::1]", "[ffff::1]", "[4000::1]",
		// names of this machine
		"localhost", "LOCALHOST", "localhost.", "ghent.localhost", "a.b.localhost.",
	}
	c := newClient(t, func(o *client.Options) { o.AllowPrivate = false })
	for _, host := range hosts {
		calls := map[string]func() error{
			"Document": func() error { _, err := c.Document(t.Context(), "http://"+host+":8001/"); return err },
			"Post":     func() error { return c.Post(t.Context(), actorKey(), "https://"+host+"/inbox", []byte(`{}`)) },
			"Resolve":  func() error { _, err := c.Resolve(t.Context(), "rad@"+host); return err },
			"NodeInfo": func() error { _, err := c.NodeInfo(t.Context(), host); return err },
		}
		for name, call := range calls {
			err := call()
			if _, refused := errors.AsType[*client.AddressError](err); !refused || client.Retryable(err) {
				t.Errorf("%s of %s: got %v, want a lasting AddressError", name, host, err)
			}
		}
	}
}

func TestAddressRefused(t *testing.T) {
	c := newClient(t)
	addresses := []string{
		"", "/actor", "//city.example/actor", "city.example", "ftp://city.example/", "file:///etc/passwd", "data:text/plain,x",
		"javascript:alert(1)", "http:city.example", "http:///actor", "https://user@city.example/", "https://u:p@city.example/",
		"https://city.example:x/", "https://ci ty.example/", "https://ci%20ty.example/", "https://[::1/", "https://[fe80::1%25eth0]/",
		"https://a\x00b.example/", "https://city.example/" + strings.Repeat("a", 2048),
		"http://127.0.0.1:22/", "http://127.0.0.1:0/", "http://127.0.0.1:25/",
	}
	for _, address := range addresses {
		_, err := c.Document(t.Context(), address)
		if _, refused := errors.AsType[*client.AddressError](err); !refused || client.Retryable(err) {
			t.Errorf("%q: got %v, want a lasting AddressError", address, err)
		}
	}
}

// With AllowPrivate the metadata services stay out of reach, and names under
// .localhost are this machine without anybody's DNS.
func TestAllowPrivate(t *testing.T) {
	c := newClient(t)
	for _, host := range []string{"169.254.169.254", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "[fe80::1]", "192.0.2.1", "0.0.0.0"} {
		_, err := c.Document(t.Context(), "http://"+host+"/")
		if _, refused := errors.AsType[*client.AddressError](err); !refused {
			t.Errorf("%s: got %v, want an AddressError", host, err)
		}
	}
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, r *http.Request) { serve(w, `{"id":"http://`+r.Host+`/actor"}`) })
	_, port, _ := strings.Cut(p.host(), ":")
	for _, name := range []string{"localhost", "ghent.localhost", "no-such-name.at.all.localhost"} {
		iri := "http://" + name + ":" + port + "/actor"
		if got, err := c.Document(t.Context(), iri); err != nil || got.ID != iri {
			t.Errorf("%s: got %q, %v", name, got.ID, err)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	cases := []struct {
		a, b string
		want bool
	}{
		{"https://a.example/1", "https://a.example/2?x#y", true},
		{"https://a.example", "https://A.example:443/", true},
		{"http://a.example:80", "http://a.example", true},
		{"https://bücher.example", "https://xn--bcher-kva.example", true},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://a.example:8443", false},
		{"https://a.example", "https://b.a.example", false},
		{"https://a.example", "https://a.example.evil", false},
		{"https://a.example", "https://a.example@evil.example", false},
		{"", "", false},
		{"acct:a@b", "acct:a@b", false},
	}
	for _, c := range cases {
		if got := client.SameOrigin(c.a, c.b); got != c.want {
			t.Errorf("SameOrigin(%q, %q): got %v, want %v", c.a, c.b, got, c.want)
		}
		if got := client.SameOrigin(c.b, c.a); got != c.want {
			t.Errorf("SameOrigin(%q, %q): got %v, want %v", c.b, c.a, got, c.want)
		}
	}
}
