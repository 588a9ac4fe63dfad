package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// A key may change in two ways (INTEROP H9). It is announced when the old one
// vouches for the new one: by signing an Update, or, for who missed that, by the
// proof of the document that shows it. Otherwise nobody can tell whether the same
// people still run the host. Of people elsewhere an unannounced change is taken
// as it is, as Mastodon does: all that hangs on it are their own replies. A
// directory that we follow speaks for everything that is carried from it: there
// it is refused, as GoToSocial does, and nothing more is taken of the peer until
// it shows its old key again, an Update that the old one signed arrives after all,
// or the operator says that the new one is right.

// errKeyChanged says that an actor shows another key than the one that is known.
var errKeyChanged = fmt.Errorf("%w: it shows another key, and the old one does not vouch for it", errUntrusted)

// believe returns nil unless a document that was fetched is of an actor that a
// directory we follow speaks for, and shows a key that was changed without being
// announced. If it is the directory's own document, the peer is in doubt from now
// on.
func (r *resolver) believe(ctx context.Context, a *vocab.Actor) error {
	peer, err := r.store.Peer(ctx, directory.HostOf(a.ID))
	if errors.Is(err, directory.ErrNotFound) || err == nil && !peer.Wanted {
		return nil
	}
	if err != nil {
		return err
	}
	known, err := r.knownKeys(ctx, peer, a.ID)
	if err != nil || known == nil || known.KeyPEM == "" || announced(known, a, r) {
		return err
	}
	if a.ID == peer.ActorID {
		if err := peering.Doubt(ctx, r.store, peer.Host, r.now()); err != nil {
			return err
		}
		r.log.WarnContext(ctx, "key changed without being announced", "peer", peer.Host, "actor", a.ID)
	}
	return fmt.Errorf("actor %s: %w", a.ID, errKeyChanged)
}

// knownKeys returns what is known of an actor's keys, under their names for them;
// nil for nothing. A carried initiative has those of its directory.
func (r *resolver) knownKeys(ctx context.Context, peer *directory.Peer, id string) (*directory.RemoteActor, error) {
	known, err := r.store.Actor(ctx, id)
	if err == nil || !errors.Is(err, directory.ErrNotFound) {
		return known, err
	}
	known, err = r.publisher(ctx, id)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	named := *known
	named.ProofKeys = slices.Clone(known.ProofKeys)
	for k := range named.ProofKeys {
		if named.ProofKeys[k].ID == vocab.ProofKeyID(peer.ActorID) {
			named.ProofKeys[k].ID = vocab.ProofKeyID(id)
		}
	}
	return &named, nil
}

// announced reports whether a document shows the keys that are known, or is
// proved with one of them.
func announced(known *directory.RemoteActor, a *vocab.Actor, r *resolver) bool {
	same := slices.ContainsFunc(a.Keys, func(k vocab.Key) bool {
		return strings.TrimSpace(k.PEM) == strings.TrimSpace(known.KeyPEM)
	})
	proving := len(known.ProofKeys) == 0 || slices.ContainsFunc(known.ProofKeys, func(k directory.ProofKey) bool {
		return slices.ContainsFunc(a.ProofKeys, func(shown directory.ProofKey) bool { return shown.Multibase == k.Multibase })
	})
	if same && proving {
		return true
	}
	proofs, err := signature.ProofsOf(a.Raw)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(proofs, func(p signature.Proof) bool { return verifyProof(&p, known.ProofKeys, r.now()) == nil })
}
