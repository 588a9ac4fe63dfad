package fedtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/mr-tron/base58"
)

// ProofKeyID is the id of the actor's Ed25519 key.
func (a *Actor) ProofKeyID() string { return a.ID + "#ed25519-key" }

// proofKey is made from the actor's id: one needs no other, and nothing is kept.
func (a *Actor) proofKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(a.ID))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Multikey is the actor's Ed25519 key as its document may show it (FEP-521a).
func (a *Actor) Multikey() Object {
	public := a.proofKey().Public().(ed25519.PublicKey)
	return Object{
		"id": a.ProofKeyID(), "type": "Multikey", "controller": a.ID,
		"publicKeyMultibase": "z" + base58.Encode(append([]byte{0xed, 0x01}, public...)),
	}
}

// ShowMultikey has the actor's document show its Ed25519 key, as Mitra's and
// Fedify's do; Mastodon's have none.
func (a *Actor) ShowMultikey() {
	a.Edit(func(doc Object) { doc["assertionMethod"] = []any{a.Multikey()} })
}

// Proof is how one integrity proof is made (FEP-8b32). A test may change it.
type Proof struct {
	Method  string // the key's id
	Created time.Time
	Bare    bool // the proof is written without its context, as Fedify does
}

// Prove returns the activity with an integrity proof by the actor.
func (a *Actor) Prove(activity Object, changes ...func(*Proof)) Object {
	p := Proof{Method: a.ProofKeyID(), Created: a.s.now()}
	for _, change := range changes {
		change(&p)
	}
	out := maps.Clone(activity)
	out["@context"] = append(activity.List("@context"), "https://w3id.org/security/data-integrity/v1")
	proof := Object{
		"@context": out["@context"], "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022",
		"verificationMethod": p.Method, "proofPurpose": "assertionMethod", "created": p.Created.UTC().Format(instant),
	}
	text, err := toProve(proof, out)
	if err != nil {
		a.s.t.Errorf("prove %v: %v", activity, err)
		return out
	}
	if p.Bare {
		delete(proof, "@context")
	}
	proof["proofValue"] = "z" + base58.Encode(ed25519.Sign(a.proofKey(), text))
	out["proof"] = proof
	return out
}

// instant is how the times of JavaScript's Temporal are written, by which
// Fedify replaces those that it reads.
const instant = "2006-01-02T15:04:05.999999999Z"

// toProve returns what is signed: hashes of the proof and of the document, both
// in canonical form and without the signatures in them.
func toProve(proof, document Object) ([]byte, error) {
	proof, document = maps.Clone(proof), maps.Clone(document)
	delete(proof, "proofValue")
	delete(document, "proof")
	delete(document, "signature")
	var text []byte
	for _, o := range []Object{proof, document} {
		raw, err := encode(o)
		if err != nil {
			return nil, err
		}
		canonical, err := jcs.Transform(raw)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(canonical)
		text = append(text, sum[:]...)
	}
	return text, nil
}

// CheckProof verifies a document's integrity proof with the document of the
// actor who should have made it, and returns what would be wrong for Mastodon,
// which reads the proof as it stands, or for Fedify, which builds it anew.
func CheckProof(document []byte, actor Object) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // as they stand, for the other library to read
	var o Object
	if err := d.Decode(&o); err != nil {
		return err
	}
	proof := o.Object("proof")
	key, err := methodKey(actor, proof.String("verificationMethod"))
	if err != nil {
		return err
	}
	for name, want := range map[string]string{
		"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
	} {
		if got := proof.String(name); got != want {
			return fmt.Errorf("proof: %s is %q, not %q", name, got, want)
		}
	}
	value := proof.String("proofValue")
	if value == "" || value[0] != 'z' {
		return fmt.Errorf("proof: value %q is not in base58", value)
	}
	sig, err := base58.Decode(value[1:])
	if err != nil {
		return err
	}
	context, isList := o["@context"].([]any)
	if !isList || !reflect.DeepEqual(proof["@context"], o["@context"]) {
		return fmt.Errorf("proof: context %v is not the document's, or that is no list: %v", proof["@context"], o["@context"])
	}
	created, err := time.Parse(time.RFC3339, proof.String("created"))
	if err != nil {
		return err
	}
	asFedify := Object{
		"@context": context, "type": proof["type"], "cryptosuite": proof["cryptosuite"],
		"verificationMethod": proof["verificationMethod"], "proofPurpose": proof["proofPurpose"],
		"created": created.UTC().Format(instant),
	}
	for reader, config := range map[string]Object{"Mastodon": proof, "Fedify": asFedify} {
		text, err := toProve(config, o)
		if err != nil {
			return err
		}
		if !ed25519.Verify(key, text, sig) {
			return fmt.Errorf("proof: it does not match for %s", reader)
		}
	}
	return nil
}

// methodKey returns the key that an actor's document shows under an id.
func methodKey(actor Object, id string) (ed25519.PublicKey, error) {
	for _, v := range actor.List("assertionMethod") {
		m := object(v)
		if m.String("id") != id || id == "" {
			continue
		}
		text := m.String("publicKeyMultibase")
		if m.String("type") != "Multikey" || m.String("controller") != actor.String("id") || text == "" {
			return nil, fmt.Errorf("proof: %v is no Multikey of %s", m, actor.String("id"))
		}
		raw, err := base58.Decode(text[1:])
		if err != nil || len(raw) != 2+ed25519.PublicKeySize || !bytes.HasPrefix(raw, []byte{0xed, 0x01}) {
			return nil, errors.New("proof: the Multikey is not an Ed25519 key")
		}
		return raw[2:], nil
	}
	return nil, fmt.Errorf("proof: %s has no key %q", actor.String("id"), id)
}
