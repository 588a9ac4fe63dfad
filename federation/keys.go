package federation

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// Keys are an instance's key pairs. One RSA pair serves all its actors, each
// under its own key id: the instance speaks for them anyway, and an import of
// thousands must not make thousands of keys. Keys are safe for concurrent use,
// and may be loaded anew while they are used.
type Keys struct {
	store *store.Store
	ring  atomic.Pointer[keyRing]
}

// keyRing is the keys as they were when they were loaded.
type keyRing struct {
	stamp   string                     // tells it from others
	list    map[string]*rsa.PrivateKey // those that may still sign, by id
	inUse   string                     // the id of the one that does
	private ed25519.PrivateKey         // nil for none
	proving time.Time                  // since when that is there
	public  vocab.PublicKeys
}

// EnsureKeys makes the key pairs that the store does not have yet, and reports
// whether it made any.
func EnsureKeys(ctx context.Context, s *store.Store, now time.Time) (made bool, err error) {
	err = s.Tx(ctx, func(tx *store.Store) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		for kind := range keyMakers() {
			if _, ok := inUse(keys, kind); ok {
				continue
			}
			key, err := newKey(kind, now)
			if err != nil {
				return err
			}
			if err := tx.PutKey(ctx, key); err != nil {
				return err
			}
			made = true
		}
		return nil
	})
	return made, err
}

// LoadKeys returns the key pairs of a store. It fails with directory.ErrNotFound
// when EnsureKeys never ran.
func LoadKeys(ctx context.Context, s *store.Store) (*Keys, error) {
	k := &Keys{store: s}
	if _, err := k.Reload(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads the keys again, and reports whether others are in use now.
func (k *Keys) Reload(ctx context.Context) (changed bool, err error) {
	list, err := k.store.Keys(ctx)
	if err != nil {
		return false, err
	}
	if old := k.ring.Load(); old != nil && old.stamp == stampOf(list) {
		return false, nil
	}
	ring, err := newKeyRing(list)
	if err != nil {
		return false, err
	}
	old := k.ring.Swap(ring)
	return old == nil || old.public != ring.public, nil
}

// stampOf tells one state of the stored keys from another, for reading them takes
// a while.
func stampOf(list []directory.Key) string {
	var b strings.Builder
	for _, k := range list {
		fmt.Fprintf(&b, "%s %t %t\n", k.ID, k.Pending, k.Retired.IsZero())
	}
	return b.String()
}

func newKeyRing(list []directory.Key) (*keyRing, error) {
	r := &keyRing{list: map[string]*rsa.PrivateKey{}, stamp: stampOf(list)}
	for k := range list {
		key := &list[k]
		if !key.Retired.IsZero() || key.Kind != directory.RSA {
			continue
		}
		private, err := parsePrivate[*rsa.PrivateKey](key.Private)
		if err != nil {
			return nil, fmt.Errorf("read RSA key %s: %w", key.ID, err)
		}
		r.list[key.ID] = private
	}
	key, ok := inUse(list, directory.RSA)
	if !ok {
		return nil, fmt.Errorf("RSA key: %w", directory.ErrNotFound)
	}
	r.inUse, r.public.PEM = key.ID, key.Public
	if key, ok = inUse(list, directory.Ed25519); ok {
		var err error
		if r.private, err = parsePrivate[ed25519.PrivateKey](key.Private); err != nil {
			return nil, fmt.Errorf("read Ed25519 key %s: %w", key.ID, err)
		}
		public, ok := r.private.Public().(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("read Ed25519 key %s: it has no public half", key.ID)
		}
		r.public.Multibase, r.proving = signature.Multikey(public), key.Created
	}
	return r, nil
}

// For returns the key with which an actor of ours signs.
func (k *Keys) For(actor string) signature.Key {
	ring := k.ring.Load()
	return signature.Key{ID: vocab.KeyID(actor), Private: ring.list[ring.inUse]}
}

// ForDelivery returns the key with which an actor of ours signs a delivery: the
// stored one with the id while it is not retired, else the one in use.
func (k *Keys) ForDelivery(ctx context.Context, actor, keyID string) (signature.Key, error) {
	key := k.For(actor)
	if keyID == "" {
		return key, nil
	}
	private, ok := k.ring.Load().list[keyID]
	if !ok { // made by another process since
		if _, err := k.Reload(ctx); err != nil {
			return key, err
		}
		private, ok = k.ring.Load().list[keyID]
	}
	if ok {
		key.Private = private
	}
	return key, nil
}

// Public returns what actors' documents show of the keys.
func (k *Keys) Public() vocab.PublicKeys { return k.ring.Load().public }

// Proving returns the key with which an actor of ours makes integrity proofs,
// and when it was made. Its private half is nil if there is none.
func (k *Keys) Proving(actor string) (signature.ProofKey, time.Time) {
	ring := k.ring.Load()
	return signature.ProofKey{ID: vocab.ProofKeyID(actor), Private: ring.private}, ring.proving
}

// inUse returns the newest key of a kind that is neither retired nor waiting to be
// made known.
func inUse(keys []directory.Key, kind directory.KeyKind) (directory.Key, bool) {
	for _, k := range keys {
		if k.Kind == kind && k.Retired.IsZero() && !k.Pending {
			return k, true
		}
	}
	return directory.Key{}, false
}

// newKey makes a key pair.
func newKey(kind directory.KeyKind, now time.Time) (*directory.Key, error) {
	key, err := keyMakers()[kind]()
	if err != nil {
		return nil, err
	}
	key.ID, key.Kind, key.Created = curation.NewID(now), kind, now
	return key, nil
}
