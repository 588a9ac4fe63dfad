// Package signature signs and verifies HTTP requests in the two forms that the
// fediverse speaks: draft-cavage-http-signatures-12, which every server reads,
// and RFC 9421, which newer ones send and prefer.
//
// Verifying has two steps, because the key must be fetched between them:
// Verifier.Parse checks everything that needs no key and is cheap, and
// Signature.Verify does the arithmetic. What a signature must cover, how old it
// may be and which algorithms count is fixed here and is the same for everyone.
package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Form is one of the two ways to sign a request.
type Form int

// The forms, in the order in which a sender tries them.
const (
	Cavage  Form = iota // draft-cavage-http-signatures-12
	RFC9421             // HTTP Message Signatures
)

// String returns the form's name for a log line.
func (f Form) String() string {
	if f == RFC9421 {
		return "rfc9421"
	}
	return "cavage"
}

// The kinds of error that Parse and Verify give, told apart with errors.Is.
// ErrMalformed is answered with 400, the others with 401.
var (
	// ErrMissing says that the request carries no signature at all.
	ErrMissing = errors.New("request is not signed")
	// ErrMalformed says that the signature's headers cannot be read.
	ErrMalformed = errors.New("malformed signature")
	// ErrInvalid says that the signature does not hold, or does not cover
	// what it must.
	ErrInvalid = errors.New("invalid signature")
	// ErrExpired says that the signature is from too long ago, or from the
	// future.
	ErrExpired = errors.New("signature outside its time")
)

func malformedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Signature is a signature that passed every check that needs no key. It says
// nothing yet about who made it: call Verify with the key that KeyID names.
type Signature struct {
	KeyID   string    // the sender's name for its key, an IRI
	Form    Form      // how the request was signed
	Created time.Time // when the sender says that it was signed

	algorithm algorithm
	texts     []string // what may have been signed, the likeliest first
	value     []byte
}

// Verify returns nil when the holder of the key made the signature, and an
// error that is ErrInvalid otherwise. The key is an *rsa.PublicKey or an
// ed25519.PublicKey.
func (s *Signature) Verify(key crypto.PublicKey) error {
	var holds func(text string) bool
	switch key := key.(type) {
	case *rsa.PublicKey:
		if s.algorithm == onlyEd25519 {
			return invalidf("algorithm ed25519 with an RSA key")
		}
		if err := checkRSA(key); err != nil {
			return invalidf("%v", err)
		}
		holds = func(text string) bool {
			sum := sha256.Sum256([]byte(text))
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], s.value) == nil
		}
	case ed25519.PublicKey:
		if s.algorithm == onlyRSA {
			return invalidf("algorithm RSA with an Ed25519 key")
		}
		if len(key) != ed25519.PublicKeySize {
			return invalidf("Ed25519 key of %d bytes", len(key))
		}
		holds = func(text string) bool { return ed25519.Verify(key, []byte(text), s.value) }
	default:
		return invalidf("key of type %T", key)
	}
	if !slices.ContainsFunc(s.texts, holds) {
		return invalidf("%s does not match the request", s.KeyID)
	}
	return nil
}

// algorithm is what a signature says of how it was made. Most say nothing that
// binds ("hs2019"), and the key's type decides.
type algorithm int

const (
	byKey algorithm = iota
	onlyRSA
	onlyEd25519
)
