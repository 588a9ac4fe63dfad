package federation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
)

// changeKeys gives a city other keys of some kinds, and tells nobody.
func (c *city) changeKeys(kinds ...directory.KeyKind) {
	c.w.Helper()
	ctx, now := c.w.Context(), c.w.clock.Now()
	err := c.store.Tx(ctx, func(tx *store.Store) error {
		keys, err := tx.Keys(ctx)
		for k := range keys {
			if slices.Contains(kinds, keys[k].Kind) {
				keys[k].Retired = now
				err = errors.Join(err, tx.PutKey(ctx, &keys[k]))
			}
		}
		return err
	})
	if err == nil {
		_, err = federation.EnsureKeys(ctx, c.store, now)
	}
	if err == nil {
		_, err = c.Keys.Reload(ctx)
	}
	if err != nil {
		c.w.Fatal(err)
	}
	c.w.clock.Advance(10 * time.Minute) // what is known of the old one is no longer fresh
}

// A peer whose new keys are seen before the Update that announces them is in doubt
// only until that comes.
func TestKeysSeenBeforeTheyAreAnnounced(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		a, b := w.city(storetest.Open(w.T)), w.city(s)
		known := a.publish("known")
		w.pair(a, b)
		b.carries(a)
		old := a.shownKey("/directory")
		b.gate.shut()
		if err := federation.RotateKeys(w.Context(), a.store, true, w.clock.Now()); err != nil {
			w.Fatal(err)
		}
		a.rotated(old)
		b.follow(a.instance.Host) // looks at its actor
		b.untilPeer(a.instance.Host, directory.PeerDoubted)
		b.gate.open()
		b.inTime("the Update", func() bool { return b.peer(a.instance.Host).State == directory.PeerFollowing })
		w.clock.Advance(time.Second)
		a.edit("known", "By the new key")
		b.inTime("the change", func() bool { return b.named(known) == "By the new key" })
	})(t)
}

// h9: the key of a followed directory may change if the old one vouches for the
// new one. Else nothing is taken of it, signed or proved, until the operator
// believes it.
func h9(t *testing.T) {
	for name, changed := range map[string][]directory.KeyKind{
		"the proof of the document vouches": {directory.RSA},
		"nothing vouches":                   {directory.RSA, directory.Ed25519},
		"nothing vouches for the proofs":    {directory.Ed25519},
	} {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			a, b := w.city(storetest.Open(w.T)), w.city(s)
			known := a.publish("known")
			w.pair(a, b)
			b.carries(a)
			const was = "Café Ümit – Rad & Tat"
			a.changeKeys(changed...)
			if !slices.Contains(changed, directory.Ed25519) {
				a.edit("known", "By the new key")
				b.until("the change is taken", func() bool { return b.named(known) == "By the new key" })
				return
			}
			a.stop() // nothing comes from A itself
			relay := b.relay()
			a.edit("known", "By another key")
			tell(b, relay, a.change(known))
			if err := b.AddPeer(w.Context(), a.instance.Host); err != nil { // looks at its actor
				w.Fatal(err)
			}
			b.untilPeer(a.instance.Host, directory.PeerDoubted)
			tell(b, relay, a.change(known))
			if got := b.named(known); got != was {
				w.Errorf("got %q by a key that nothing vouches for", got)
			}
			if p := b.peer(a.instance.Host); !strings.Contains(p.LastError, "another key") || p.FailingSince.IsZero() {
				w.Errorf("got the peer %+v, which should say what is wrong", p)
			}
			if again, err := b.SyncPeer(w.Context(), a.instance.Host); err != nil || len(again) != 1 {
				w.Errorf("read again: %v, %v", again, err)
			}
			b.settle()
			if got := b.named(known); got != was || b.peer(a.instance.Host).State != directory.PeerDoubted {
				w.Errorf("got %q when asked to read", got)
			}
			a.run()
			a.settle()
			if got := b.named(known); got != was {
				w.Errorf("got %q from a peer in doubt", got)
			}
			if err := b.TrustPeer(w.Context(), a.instance.Host); err != nil {
				w.Fatal(err)
			}
			b.inTime("the change is read", func() bool { return b.named(known) == "By another key" })
			w.clock.Advance(time.Second)
			a.edit("known", "Later")
			b.inTime("the next change is taken", func() bool { return b.named(known) == "Later" })
			var invalid *directory.Invalid
			if err := b.TrustPeer(w.Context(), a.instance.Host); !errors.As(err, &invalid) {
				w.Errorf("trust what is not in doubt: %v", err)
			}
		}))
	}
}
