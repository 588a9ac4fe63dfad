package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// provedBy returns what adds an integrity proof by an actor of ours to a
// document that was just written (FEP-8b32), so that it can be believed wherever
// it is read. The proof is dated as the document is, or, without a date, as the
// key, so that a document has the same bytes each time it is asked for.
func (s *Server) provedBy(actor string, at time.Time) func(json.RawMessage, error) (json.RawMessage, error) {
	return func(document json.RawMessage, err error) (json.RawMessage, error) {
		key, since := s.Keys.Proving(actor)
		if err != nil || key.Private == nil {
			return document, err
		}
		if at.IsZero() {
			at = since
		}
		return signature.AddProof(document, key, at)
	}
}

// proven is provedBy for an activity, whose proof is dated as the activity, or, if
// that has no date, now. What it embeds is proved with it.
func (s *Server) proven(e vocab.Envelope) func(json.RawMessage, error) (json.RawMessage, error) {
	if e.Published.IsZero() {
		e.Published = s.Now()
	}
	return s.provedBy(e.Actor, e.Published)
}

// maxForwardAge is how old an activity may be that somebody else passes on. A
// proof never ends: whatever is older could be an activity that was acted on and
// forgotten since.
const maxForwardAge = forgetInbox - 2*time.Hour

// forwarded returns the proof that lets us believe an activity although its
// actor did not sign the request. It is not verified yet.
func (s *Server) forwarded(a *vocab.Activity) (*signature.Proof, error) {
	proofs, err := signature.ProofsOf(a.Raw)
	if err != nil {
		return nil, err
	}
	host := directory.HostOf(a.Actor)
	i := slices.IndexFunc(proofs, func(p signature.Proof) bool { return directory.HostOf(p.VerificationMethod) == host })
	if i < 0 {
		return nil, fmt.Errorf("the proof is by %s", proofs[0].VerificationMethod)
	}
	if age := s.Now().Sub(proofs[i].Created); age > maxForwardAge {
		return nil, errors.New("the proof is from too long ago for an activity that is passed on")
	}
	return &proofs[i], nil
}

// author verifies that an activity is by its actor, and returns when it was
// signed. Usually the actor signed the request: then a proof tells nothing new,
// and is neither looked at nor believed later, as in Mastodon; Fedify falls back
// on the request's signature when a proof does not hold. Who passes on another's
// activity signs the request, and the proof is the actor's.
func (s *Server) author(ctx context.Context, sig *signature.Signature, known *store.KeyOwner, a *vocab.Activity) (time.Time, error) {
	var proof *signature.Proof
	var err error
	if directory.HostOf(sig.KeyID) != directory.HostOf(a.Actor) {
		if proof, err = s.forwarded(a); err != nil { // nothing is fetched for it
			return time.Time{}, refusef(http.StatusUnauthorized, "key %s does not speak for actor %s: %v", sig.KeyID, a.Actor, err)
		}
	}
	signer, err := s.resolver.signer(ctx, sig, known)
	if err != nil {
		return time.Time{}, s.refuseKey(ctx, sig.KeyID, err)
	}
	if signer == a.Actor {
		return sig.Created, nil
	}
	if proof == nil {
		if proof, err = s.forwarded(a); err != nil {
			return time.Time{}, refusef(http.StatusUnauthorized, "key %s belongs to %s, not to actor %s: %v",
				sig.KeyID, signer, a.Actor, err)
		}
	}
	if err := s.resolver.proved(ctx, proof, a.Actor); err != nil {
		return time.Time{}, s.refuseKey(ctx, proof.VerificationMethod, err)
	}
	s.Log.DebugContext(ctx, "activity came by another", "activity", a.ID, "actor", a.Actor, "by", signer)
	return proof.Created, nil
}

// proved returns nil when the proof is by a key of the actor.
func (r *resolver) proved(ctx context.Context, p *signature.Proof, actor string) error {
	known, err := r.store.Actor(ctx, actor)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	switch {
	case known != nil:
		if err := verifyProof(p, known.ProofKeys, r.now()); err == nil || r.now().Sub(known.Fetched) < refetchAfter {
			return err
		}
	case r.entryProved(ctx, p, actor):
		return nil
	}
	fetched, err := r.fetch(ctx, "actor "+actor, actor, func(ctx context.Context) (*directory.RemoteActor, error) {
		return r.fetchActor(ctx, actor, known)
	})
	if err != nil {
		return err
	}
	if err = verifyProof(p, fetched.ProofKeys, r.now()); err != nil {
		r.turns.vain(actor, r.now())
	}
	return err
}

// entryProved reports whether a proof by a carried initiative was made with the
// key of the directory that publishes it, which is the key of both.
func (r *resolver) entryProved(ctx context.Context, p *signature.Proof, actor string) bool {
	publisher, err := r.publisher(ctx, actor)
	if err != nil || p.VerificationMethod != vocab.ProofKeyID(actor) {
		return false
	}
	for _, key := range publisher.ProofKeys {
		if key.ID == vocab.ProofKeyID(publisher.ID) {
			key.ID = p.VerificationMethod
			return verifyProof(p, []directory.ProofKey{key}, r.now()) == nil
		}
	}
	return false
}

func verifyProof(p *signature.Proof, keys []directory.ProofKey, now time.Time) error {
	i := slices.IndexFunc(keys, func(k directory.ProofKey) bool { return k.ID == p.VerificationMethod })
	if i < 0 {
		return fmt.Errorf("%w: the actor has no Ed25519 key %s", errUntrusted, p.VerificationMethod)
	}
	key, err := signature.ParseMultikey(keys[i].Multibase)
	if err != nil {
		return fmt.Errorf("%w: key %s: %w", errUntrusted, keys[i].ID, err)
	}
	return p.Verify(key, now)
}

// fetchActor reads an actor for its proof keys. Of several RSA keys the known
// one is kept.
func (r *resolver) fetchActor(ctx context.Context, id string, known *directory.RemoteActor) (*directory.RemoteActor, error) {
	doc, err := r.client.Document(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := vocab.ParseActor(doc.Body)
	if err == nil {
		err = a.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	if a.ID != id {
		return nil, fmt.Errorf("%w: actor %s calls itself %s", errUntrusted, id, a.ID)
	}
	if err := r.believe(ctx, a); err != nil {
		return nil, err
	}
	keyID := ""
	if known != nil {
		keyID = known.KeyID
	}
	return remoteActor(a, shownKey(a, keyID), r.now()), nil
}
