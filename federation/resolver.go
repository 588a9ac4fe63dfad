package federation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// errUntrusted says that a key or an actor is not to be believed.
var errUntrusted = errors.New("not to be believed")

// refetchAfter is how old a known key must be before a signature that it does
// not fit makes us fetch it again: a rotated key is found, and nobody can make
// us fetch at will (SG10).
const refetchAfter = 5 * time.Minute

// keyFetchTime bounds the fetching of a key, during which the sender waits.
const keyFetchTime = 12 * time.Second

// resolver finds out who signed, from what is stored or from the signer's
// server.
type resolver struct {
	store   *store.Store
	client  *client.Client
	log     *slog.Logger
	now     func() time.Time
	fetches singleflight.Group
	misses  misses
	turns   turns
}

func newResolver(s *store.Store, c *client.Client, log *slog.Logger, now func() time.Time) *resolver {
	return &resolver{store: s, client: c, log: log, now: now, turns: newTurns()}
}

// signer verifies a signature and returns the id of the actor who made it. known is
// who was just known to have the key, or nil.
func (r *resolver) signer(ctx context.Context, sig *signature.Signature, known *store.KeyOwner) (string, error) {
	if known == nil { // unless somebody else has just fetched it
		var err error
		if known, _, err = r.store.KeyOwner(ctx, sig.KeyID); err != nil {
			return "", err
		}
	}
	if known != nil {
		if err := verifyWith(sig, known.PEM); err == nil {
			return known.ID, nil
		} else if r.now().Sub(known.Fetched) < refetchAfter {
			return "", err
		}
	} else if owner, ok := r.entrySigner(ctx, sig); ok {
		return owner, nil
	}
	if err := r.readLately(ctx, sig.KeyID); err != nil {
		return "", err
	}
	fetched, err := r.fetch(ctx, sig.KeyID, sig.KeyID, func(ctx context.Context) (*directory.RemoteActor, error) {
		return r.fetchOwner(ctx, sig.KeyID)
	})
	if err != nil {
		return "", err
	}
	if err = errNoKey(fetched.ID, sig.KeyID); fetched.KeyID == sig.KeyID {
		err = verifyWith(sig, fetched.KeyPEM)
	}
	if err != nil {
		r.turns.vain(sig.KeyID, r.now())
	}
	return fetched.ID, err
}

// readLately returns an error where the actor in whose document a key should be was
// read a moment ago: it is not read again for every name that somebody makes up.
func (r *resolver) readLately(ctx context.Context, keyID string) error {
	id, _, fragment := strings.Cut(keyID, "#")
	if !fragment {
		return nil
	}
	actor, err := r.store.Actor(ctx, id)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if actor.KeyID != keyID && r.now().Sub(actor.Fetched) < refetchAfter {
		return errNoKey(id, keyID)
	}
	return nil
}

func errNoKey(actor, keyID string) error {
	return fmt.Errorf("%w: actor %s has no key %s", errUntrusted, actor, keyID)
}

// entrySigner verifies a signature by a carried initiative with the key of the
// directory that publishes it: an instance has one key for all its actors, and
// is asked for it once.
func (r *resolver) entrySigner(ctx context.Context, sig *signature.Signature) (string, bool) {
	id, ok := strings.CutSuffix(sig.KeyID, "#main-key")
	if !ok {
		return "", false
	}
	actor, err := r.publisher(ctx, id)
	if err != nil || verifyWith(sig, actor.KeyPEM) != nil {
		return "", false
	}
	return id, true
}

// publisher returns the directory actor that publishes a carried initiative, or
// directory.ErrNotFound.
func (r *resolver) publisher(ctx context.Context, id string) (*directory.RemoteActor, error) {
	entry, err := r.store.Initiative(ctx, id)
	if err != nil {
		return nil, err
	}
	peer, err := r.store.Peer(ctx, entry.Origin)
	if err != nil {
		return nil, err
	}
	if directory.HostOf(peer.ActorID) != entry.Origin {
		return nil, directory.ErrNotFound
	}
	return r.store.Actor(ctx, peer.ActorID)
}

func verifyWith(sig *signature.Signature, pem string) error {
	key, err := signature.ParsePublicKey(pem)
	if err != nil {
		return fmt.Errorf("%w: %w", errUntrusted, err)
	}
	return sig.Verify(key)
}

// fetch reads a key's owner from the server of an address, and stores the owner.
// Simultaneous requests for one name share one fetch, which goes on when its
// first asker leaves; what was in vain is not tried again for a while.
func (r *resolver) fetch(
	ctx context.Context, name, address string, read func(context.Context) (*directory.RemoteActor, error),
) (*directory.RemoteActor, error) {
	if err := r.misses.of(name, r.now()); err != nil {
		return nil, err
	}
	result := r.fetches.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyFetchTime)
		defer cancel()
		leave, err := r.turns.enter(ctx, address, r.now())
		if err != nil {
			return nil, err
		}
		defer leave()
		actor, err := read(ctx)
		if err != nil {
			r.misses.note(name, err, r.now())
			r.turns.vain(address, r.now())
			return nil, err
		}
		return actor, r.store.PutActor(ctx, actor)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-result:
		if got.Err != nil {
			return nil, got.Err
		}
		return got.Val.(*directory.RemoteActor), nil
	}
}

// fetchOwner reads what a key id leads to: usually its owner, in whose document
// the key is a fragment or which a stub names; else a bare key, which its
// owner's document must list as well (INTEROP H5, H7).
func (r *resolver) fetchOwner(ctx context.Context, keyID string) (*directory.RemoteActor, error) {
	address, _, fragment := strings.Cut(keyID, "#")
	doc, err := r.client.Document(ctx, address)
	if err != nil {
		return nil, err
	}
	if a, err := vocab.ParseActor(doc.Body); err == nil && (fragment || a.ID == doc.URL) {
		return r.trust(ctx, a, keyID)
	}
	key, err := vocab.ParseKey(doc.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	if directory.HostOf(key.Owner) != directory.HostOf(keyID) {
		return nil, fmt.Errorf("%w: key %s belongs to %s on another host", errUntrusted, keyID, key.Owner)
	}
	if doc, err = r.client.Document(ctx, key.Owner); err != nil {
		return nil, err
	}
	a, err := vocab.ParseActor(doc.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	return r.trust(ctx, a, keyID)
}

// trust returns an actor whose document came from its own id, with the key, or,
// where it has no such key, with the one that it shows: then the next one who asks
// need not read it again.
func (r *resolver) trust(ctx context.Context, a *vocab.Actor, keyID string) (*directory.RemoteActor, error) {
	if err := a.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	key := shownKey(a, keyID)
	if _, err := signature.ParsePublicKey(key.PEM); err != nil {
		return nil, fmt.Errorf("%w: key %s: %w", errUntrusted, keyID, err)
	}
	if err := r.believe(ctx, a); err != nil {
		return nil, err
	}
	return remoteActor(a, key, r.now()), nil
}

// shownKey returns the RSA key with the id, or the first of them if there is none
// with it.
func shownKey(a *vocab.Actor, keyID string) vocab.Key {
	var key vocab.Key
	for _, k := range a.Keys {
		if k.PEM != "" && (key.ID == "" || k.ID == keyID) {
			key = k
		}
	}
	return key
}

func remoteActor(a *vocab.Actor, key vocab.Key, now time.Time) *directory.RemoteActor {
	return &directory.RemoteActor{
		ID: a.ID, Type: a.Type, Handle: a.Handle, Name: a.Name, Inbox: a.Inbox, SharedInbox: a.SharedInbox,
		KeyID: key.ID, KeyPEM: key.PEM, ProofKeys: a.ProofKeys, Directory: a.IsDirectory(), Fetched: now,
		URL: a.URL, Icon: a.Icon,
	}
}
