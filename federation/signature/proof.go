package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mr-tron/base58"
)

// ErrUnproven says that a document has no integrity proof, or none of a kind
// that is understood here.
var ErrUnproven = errors.New("no integrity proof")

// The only kind of integrity proof that is made and understood (FEP-8b32).
const (
	proofType    = "DataIntegrityProof"
	proofSuite   = "eddsa-jcs-2022"
	proofPurpose = "assertionMethod"
)

// The bounds on what is read of a document's proofs.
const (
	maxProofs     = 8
	maxProofValue = 128 // of text; 64 bytes in base58 have 88
)

// ProofKey makes integrity proofs.
type ProofKey struct {
	ID      string // the IRI under which others find the public half
	Private ed25519.PrivateKey
}

// AddProof returns the document with an integrity proof by the key: a JSON
// object with "proof" as its last member, its other bytes unchanged. The proof
// says that it was made at the full second of created. The same arguments give
// the same bytes. A document that has a proof already is an error.
//
// The proof repeats the document's context, as the suite's specification asks
// for; Mastodon then wants that to be a list.
func AddProof(document []byte, key ProofKey, created time.Time) ([]byte, error) {
	canonical, err := canonicalize(document)
	if err != nil {
		return nil, fmt.Errorf("add proof: %w", err)
	}
	object := split(canonical)
	if object.get("proof") != nil || object.get("signature") != nil {
		return nil, errors.New("add proof: the document is signed already")
	}
	config, err := key.config(object.get("@context"), created)
	if err != nil {
		return nil, fmt.Errorf("add proof: %w", err)
	}
	value := base58.Encode(ed25519.Sign(key.Private, toSign(config, canonical)))
	end := bytes.LastIndexByte(document, '}')
	out := make([]byte, 0, len(document)+len(config)+maxProofValue)
	out = append(out, document[:end]...)
	if len(object) > 0 {
		out = append(out, ',')
	}
	out = append(append(out, `"proof":`...), config[:len(config)-1]...)
	return append(out, `,"proofValue":"z`+value+`"}}`...), nil
}

// config returns everything of a proof but its value, in canonical form.
func (k ProofKey) config(context jsonText, created time.Time) (jsonText, error) {
	if len(k.Private) != ed25519.PrivateKeySize {
		return nil, errors.New("no private key")
	}
	if !printable(k.ID) || strings.ContainsAny(k.ID, `"\\`) {
		return nil, fmt.Errorf("key id %q cannot be written", k.ID)
	}
	o := object{
		{"@context", context},
		// Without a fraction: Fedify writes times anew before it hashes them,
		// and cuts off a fraction's zeros.
		{"created", quote(created.UTC().Format(time.RFC3339))},
		{"cryptosuite", quote(proofSuite)},
		{"proofPurpose", quote(proofPurpose)},
		{"type", quote(proofType)},
		{"verificationMethod", quote(k.ID)},
	}
	if context == nil {
		o = o[1:]
	}
	return o.join(), nil
}

// quote returns the JSON of a text that needs no escapes.
func quote(text string) jsonText { return jsonText(`"` + text + `"`) }

// toSign returns what the suite signs: the hashes of the proof without its value
// and of the document without its proof, both in canonical form.
func toSign(config, document []byte) []byte {
	c, d := sha256.Sum256(config), sha256.Sum256(document)
	return append(c[:], d[:]...)
}

// Proof is an integrity proof that was read in a document. It says nothing yet
// about who made it: call Verify with the key that VerificationMethod names.
type Proof struct {
	VerificationMethod string    // the maker's name for its key, an IRI
	Created            time.Time // when its maker says that it was made; zero: not said
	Expires            time.Time // zero: never

	value []byte
	texts [][]byte // what may have been signed, the likeliest first
}

// ProofsOf reads the document's integrity proofs and leaves out those of other
// kinds. The error is ErrUnproven when none is left, or ErrMalformed when the
// document is not a JSON object or is ambiguous: a name that stands twice, a
// number that is too large, text that is not UTF-8. Bounds on the document's
// size and depth are for the caller to set.
//
// A linked data signature does not count as part of the document.
func ProofsOf(document []byte) ([]Proof, error) {
	canonical, err := canonicalize(document)
	if err != nil {
		return nil, err
	}
	object := split(canonical)
	list := []jsonText{object.get("proof")}
	if len(list[0]) > 0 && list[0][0] == '[' {
		list = elements(list[0])
	}
	if len(list) > maxProofs {
		return nil, malformedf("%d proofs, at most %d are read", len(list), maxProofs)
	}
	object = object.without("proof", "signature")
	var proofs []Proof
	for _, text := range list {
		if p, ok := proofOf(text, object); ok {
			proofs = append(proofs, p)
		}
	}
	if len(proofs) == 0 {
		return nil, ErrUnproven
	}
	return proofs, nil
}

// proofOf reads one proof of a document, of which the object is all but proofs.
func proofOf(text jsonText, document object) (Proof, bool) {
	if len(text) == 0 || text[0] != '{' {
		return Proof{}, false
	}
	proof := split(text)
	if proof.text("type") != proofType || proof.text("cryptosuite") != proofSuite ||
		proof.text("proofPurpose") != proofPurpose || proof.get("previousProof") != nil {
		return Proof{}, false
	}
	p := Proof{VerificationMethod: proof.text("verificationMethod")}
	value := proof.text("proofValue")
	if len(p.VerificationMethod) > maxKeyID || !printable(p.VerificationMethod) ||
		len(value) > maxProofValue || len(value) < 2 || value[0] != 'z' {
		return Proof{}, false
	}
	var err error
	if p.value, err = base58.Decode(value[1:]); err != nil || len(p.value) != ed25519.SignatureSize {
		return Proof{}, false
	}
	var ok bool
	if p.Created, ok = proof.time("created"); !ok {
		return Proof{}, false
	}
	if p.Expires, ok = proof.time("expires"); !ok {
		return Proof{}, false
	}
	p.texts, ok = signedTexts(proof.without("proofValue"), document)
	return p, ok
}

// signedTexts returns what the maker of a proof may have signed, or false when
// the proof cannot be of the document.
//
// A proof with a context is of the document as it was with that one; contexts
// may have been appended to it since. Fedify hashes the document's context with
// the proof but writes proofs without it.
func signedTexts(proof, document object) ([][]byte, bool) {
	whole := document.get("@context")
	context := proof.get("@context")
	if context == nil {
		texts := [][]byte{toSign(proof.join(), document.join())}
		if whole != nil {
			texts = append(texts, toSign(proof.withContext(whole).join(), document.join()))
		}
		return texts, true
	}
	if !startsWith(whole, context) {
		return nil, false
	}
	return [][]byte{toSign(proof.join(), document.withContext(context).join())}, true
}

// startsWith reports whether a list begins with all of another. What is no list
// is a list of one.
func startsWith(list, start jsonText) bool {
	if list == nil {
		return false
	}
	all, first := elements(list), elements(start)
	return len(first) <= len(all) && slices.EqualFunc(first, all[:len(first)], func(a, b jsonText) bool { return bytes.Equal(a, b) })
}

// Verify returns nil when the holder of the key made the proof, of the document
// that it was read from. The error is ErrExpired when the proof is not from a
// time that counts, and ErrInvalid otherwise.
func (p *Proof) Verify(key ed25519.PublicKey, now time.Time) error {
	if p.Created.After(now.Add(clockSkew)) {
		return errTime("from the future", p.Created)
	}
	if !p.Expires.IsZero() && now.After(p.Expires.Add(clockSkew)) {
		return errTime("expired", p.Expires)
	}
	if len(key) != ed25519.PublicKeySize {
		return invalidf("Ed25519 key of %d bytes", len(key))
	}
	if !slices.ContainsFunc(p.texts, func(text []byte) bool { return ed25519.Verify(key, text, p.value) }) {
		return invalidf("the proof by %s does not match the document", p.VerificationMethod)
	}
	return nil
}

// VerifyProof returns nil when the holder of the key made one of the document's
// integrity proofs, whatever name the proof has for the key. The error is that
// of ProofsOf, or of the last proof's Verify.
func VerifyProof(document []byte, key ed25519.PublicKey, now time.Time) error {
	proofs, err := ProofsOf(document)
	for _, p := range proofs {
		if err = p.Verify(key, now); err == nil {
			break
		}
	}
	return err
}
