package federation_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// shownKey returns the public key in an actor's document.
func (c *city) shownKey(path string) string {
	c.w.Helper()
	return c.document(path).Object("publicKey").String("publicKeyPem")
}

// keysInUse returns how many RSA keys are not retired.
func (c *city) keysInUse() (n int) {
	c.w.Helper()
	list, err := c.store.Keys(c.w.Context())
	if err != nil {
		c.w.Fatal(err)
	}
	for _, k := range list {
		if k.Kind == directory.RSA && k.Retired.IsZero() {
			n++
		}
	}
	return n
}

// rotated moves the clock on until the key of a city has changed.
func (c *city) rotated(old string) {
	c.w.Helper()
	c.until("the new key to be shown", func() bool { return c.shownKey("/actor") != old })
	c.w.clock.Advance(3 * time.Second)
}

func sg11(t *testing.T) {
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onEach(func(w *world, s *store.Store) {
			c, there, away := w.city(s), w.server(f), w.mastodon()
			id := c.publish("rad")
			c.fan(there, "alice", id)
			c.fan(away, "bob", id)
			old := c.shownKey("/actor")
			away.Answer("/inbox", fedtest.Answer{Status: http.StatusServiceUnavailable})
			c.post("rad", "Before")
			c.untilFailed(away.Host)

			if err := federation.RotateKeys(w.Context(), s, true, w.clock.Now()); err != nil {
				w.Fatal(err)
			}
			if err := federation.RotateKeys(w.Context(), s, true, w.clock.Now()); !errors.Is(err, directory.ErrConflict) {
				w.Errorf("a second change at once: got %v, want a conflict", err)
			}
			c.rotated(old)
			for _, actor := range []string{id, c.instance.ActorID(), c.instance.DirectoryID()} {
				w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Update" && d.Actor == actor && d.Status == 202 })
			}
			for _, d := range there.Deliveries() {
				if d.Status >= 400 && d.Actor != c.instance.ActorID() { // whom nobody there has heard of
					w.Errorf("refused: %v", d)
				}
			}
			w.await(there, of("Create", c.post("rad", "After"))) // signed with the new key

			if n := c.keysInUse(); n != 2 {
				w.Errorf("%d keys while a host was not told, want 2", n)
			}
			w.clock.Advance(time.Minute) // the other host is back, and knows the old key
			w.await(away, func(d fedtest.Delivery) bool { return d.Type == "Update" && d.Actor == id && d.Status == 202 })
			c.sent()
			c.until("the old key to be retired", func() bool {
				w.clock.Advance(time.Second)
				return c.keysInUse() == 1
			})
		})(t)
	})
}

// Two of our own servers change their keys and go on together.
func TestPeersChangeKeys(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		ghent := w.city(s)
		other := w.city(storetest.Open(w))
		ghent.publish("rad")
		other.follow(ghent.instance.Host)
		other.untilPeer(ghent.instance.Host, directory.PeerFollowing)
		old := ghent.shownKey("/directory")
		if err := federation.RotateKeys(w.Context(), s, true, w.clock.Now()); err != nil {
			w.Fatal(err)
		}
		ghent.rotated(old)
		w.clock.Advance(time.Minute)
		for k := range 3 {
			id := ghent.publish(fmt.Sprintf("later%d", k))
			other.until("the entry to be carried", func() bool {
				w.clock.Advance(time.Second) // what came before the new key was known is sent again later
				_, err := other.store.Initiative(w.Context(), id)
				return err == nil
			})
			w.clock.Advance(10 * time.Second)
		}
		ghent.sent()
		ghent.until("the old key to be retired", func() bool {
			w.clock.Advance(time.Second)
			return ghent.keysInUse() == 1
		})
	})(t)
}
