package federation_test

import (
	"net/http"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

func secure(o *federation.Options) { o.SecureMode = true }

// In secure mode what is for servers is served to signed requests only, and all
// that a server needs to be able to sign is served to everyone (SG12, H10).
func TestSecureMode(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, there := w.city(s, secure), w.mastodon()
		alice := there.Actor("alice")
		c.publish("rad")
		post := c.post("rad", "Hello")
		open := []string{
			"/actor", "/ns/commons", "/.well-known/nodeinfo", "/nodeinfo/2.1", "/.well-known/host-meta",
			"/.well-known/webfinger?resource=acct:rad@" + c.instance.Host,
		}
		for _, path := range open {
			if got := c.get(path, ""); got.Status != http.StatusOK {
				w.Errorf("%s: got %d", path, got.Status)
			}
		}
		closed := []string{
			"/directory", "/directory/outbox", "/directory/initiatives", "/directory/peers", "/directory/followers",
			"/initiatives/rad", "/initiatives/rad/outbox", "/initiatives/rad/followers", "/initiatives/rad/featured",
			strings.TrimPrefix(post, c.instance.URL("")),
		}
		for _, path := range closed {
			got := c.get(path, activityJSON)
			if got.Status != http.StatusUnauthorized {
				w.Errorf("%s unsigned: got %d", path, got.Status)
			}
			for _, shape := range []fedtest.Shape{fedtest.AsCavage, fedtest.AsRFC9421} {
				signed := alice.Get(c.url(path), shape)
				status(w, signed, http.StatusOK)
				if cache := signed.Header.Get("Cache-Control"); !strings.HasPrefix(cache, "private") {
					w.Errorf("%s may be cached for others: %q", path, cache)
				}
			}
		}
		status(w, alice.Get(c.url("/directory"), fedtest.WithKeyOf(there.Instance())), http.StatusUnauthorized)
		if got := c.get("/initiatives/rad", "text/html"); got.Status != http.StatusOK || !strings.Contains(got.Body, "page") {
			w.Errorf("the page: got %d %s", got.Status, got.Body)
		}
		n := len(requests(there, "GET", strings.TrimPrefix(alice.ID, there.URL)))
		if n > 2 { // once, and once more for the forged one at most
			w.Errorf("the key was fetched %d times", n)
		}
		c.block(directory.Blocked, there.Host)
		status(w, alice.Get(c.url("/directory"), fedtest.AsCavage), http.StatusForbidden)
	})(t)
}

// Two servers in secure mode follow each other's directory without waiting for
// each other's keys (SG12).
func TestSecurePeers(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(s, secure), w.city(storetest.Open(w), secure)
		a.peers(b)
		b.peers(a)
		for from, to := range map[*city]*city{a: b, b: a} {
			id := from.publish("rad")
			to.until("the entry to be carried", func() bool {
				_, err := to.store.Initiative(w.Context(), id)
				return err == nil
			})
		}
	})(t)
}
