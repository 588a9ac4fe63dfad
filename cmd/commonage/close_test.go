package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestCloseForGood: an instance that closes hands over what another one adopted that
// the operator names, and withdraws the rest, whoever claims it. It says before what
// would become of each initiative. Then it is closed, for everyone who asks and after
// a restart, and leads on; so do its neighbours.
func TestCloseForGood(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		a, b := newCity(t, "a", db).start(), newCity(t, "b", db).start()
		g := newCity(t, "g", db).start()
		for _, name := range []string{"Mill", "Library"} {
			a.do("initiative", "add", "--name", name, "--form", "repair-cafe", "--summary", "Of A.")
		}
		befriend(b, a)
		befriend(g, a)
		befriend(g, b)
		befriend(a, g) // and not b, who adopts
		eventually(t, seconds, func() error { return b.has(2) })
		mill, library := "http://"+a.host+"/initiatives/mill", "http://"+a.host+"/initiatives/library"
		unknown := "http://" + a.host + "/initiatives/nobody"
		b.try("initiative", "adopt", unknown).wants(t, 1, unknown)
		there := "http://" + b.host + "/initiatives/mill"
		b.try("initiative", "adopt", mill).wants(t, 0, mill+" is adopted as "+there)
		garden := "http://" + g.host + "/initiatives/garden_of_g"
		g.do("initiative", "add", "--name", "Garden of G", "--form", "community-garden", "--also-known-as", library)
		eventually(t, seconds, func() error { return a.shows("/initiatives/garden_of_g@"+g.host, "Garden of G") })

		a.refusesToClose(b, g)
		a.try("close").wants(t, 0, "To be withdrawn: 2", "mill", "others say", garden, "--to "+g.host, "Nothing was done")
		a.try("close", "--to", b.host).wants(t, 0, "To move, with its followers: 1", there, "To be withdrawn: 1", "Nothing was done")
		for _, path := range []string{"/initiatives/library", "/initiatives/mill", "/"} {
			if err := a.answers(path, http.StatusOK); err != nil {
				t.Errorf("asked without --for-good: %v", err)
			}
		}
		a.try("close", "--for-good", "--to", b.host).wants(t, 0, "1 moved, 1 withdrawn")
		eventually(t, seconds, func() error {
			for _, other := range []*city{b, g} {
				if line := peerLine(other, a.host); !strings.Contains(line, "closed for good") || strings.Contains(line, "  yes  ") {
					return fmt.Errorf("%s was not told: %q", other.host, line)
				}
			}
			return b.has(1)
		})
		eventually(t, seconds, func() error { return g.answers("/initiatives/mill@"+a.host, http.StatusMovedPermanently) })
		if err := b.shows("/initiatives/mill", "Mill", "Of A."); err != nil {
			t.Error(err)
		}
		a.isClosed(there)
		eventually(t, seconds, func() error {
			if left := a.do("delivery", "list"); strings.Contains(left, b.host) || strings.Contains(left, g.host) {
				return fmt.Errorf("still to be sent: %s", left)
			}
			return nil
		})
		a.stop()
		a.start()
		a.isClosed(there)
		a.try("close").wants(t, 0, "closed for good on", "No initiative is published here")
		a.try("close", "--for-good", "--to-nobody").wants(t, 0, "0 moved, 0 withdrawn") // nothing is left to end
		b.do("peer", "add", a.host)
		eventually(t, seconds, func() error {
			if line := peerLine(b, a.host); !strings.Contains(line, "gone for good") {
				return fmt.Errorf("its neighbour follows it again: %q", line)
			}
			return nil
		})
	})
}

// refusesToClose checks what is not enough, or too much, to close a city.
func (c *city) refusesToClose(heir, claimant *city) {
	c.t.Helper()
	c.try("close", "--for-good").wants(c.t, 2, "cannot be taken back", "--to HOST", "--to-nobody")
	c.try("close", "--for-good", "--to-nobody", "--to", heir.host).wants(c.t, 2, "--to-nobody")
	c.try("close", "--for-good", "--to", c.host).wants(c.t, 1, "--to", "is this instance")
	c.try("close", "--for-good", "--to", "not a host").wants(c.t, 1, "--to", "is not a host")
	c.try("close", "--for-good", "--to", "127.0.0.1:1").wants(c.t, 1, "--to", "127.0.0.1:1")
	claimant.do("initiative", "add", "--name", "Mill of G", "--form", "repair-cafe", "--also-known-as", "http://"+c.host+"/initiatives/mill")
	c.try("close", "--for-good", "--to", heir.host, "--to", claimant.host).wants(c.t, 1, "initiative mill",
		"http://"+heir.host+"/initiatives/mill", "http://"+claimant.host+"/initiatives/mill_of_g", "commonage initiative move mill")
	claimant.do("initiative", "withdraw", "mill_of_g")
}

// isClosed checks that a city is closed whose mill is elsewhere now, and whose library
// is gone.
func (c *city) isClosed(mill string) {
	c.t.Helper()
	for path, status := range map[string]int{
		"/": http.StatusGone, "/initiatives/library": http.StatusGone, "/initiatives/mill": http.StatusMovedPermanently,
	} {
		if err := c.answers(path, status); err != nil {
			c.t.Error(err)
		}
	}
	for path, text := range map[string]string{
		"/initiatives/mill": fmt.Sprintf(`"movedTo":%q`, mill), "/nodeinfo/2.1": `"listed":false`,
	} {
		if err := c.contains(path, text); err != nil {
			c.t.Error(err)
		}
	}
	c.try("post", "mill", "Are you here?").wants(c.t, 1, "initiative mill moved to "+mill)
	c.try("initiative", "edit", "mill", "--name", "Old Mill").wants(c.t, 1, "initiative mill moved to "+mill)
	c.try("initiative", "add", "--name", "Ghost", "--form", "repair-cafe").wants(c.t, 1, "this instance closed for good on")
	c.try("peer", "add", "b.example").wants(c.t, 1, "this instance closed for good on")
	c.try("peer", "sync").wants(c.t, 1, "this instance closed for good on")
	if got := c.do("peer", "list"); !strings.Contains(got, "no peer yet") {
		c.t.Errorf("it has peers: %s", got)
	}
}
