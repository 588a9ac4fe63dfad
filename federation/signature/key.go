package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Key signs requests. One private key may serve many actors, each under its
// own ID. A Key is safe for concurrent use.
type Key struct {
	ID      string // the IRI under which others find the public half
	Private *rsa.PrivateKey
}

// The sizes of RSA keys that are believed. A larger one would make each
// verification expensive for us and cheap for who chose it.
const (
	minRSABits = 2048
	maxRSABits = 8192
	maxPEM     = 8 << 10
)

func checkRSA(key *rsa.PublicKey) error {
	if key.N == nil {
		return errors.New("empty RSA key")
	}
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("RSA key of %d bits, accepted are %d to %d", bits, minRSABits, maxRSABits)
	}
	return nil
}

// ParsePublicKey reads a public key as actor documents carry it in
// publicKeyPem: PKIX ("PUBLIC KEY") or PKCS #1 ("RSA PUBLIC KEY"). The result
// is an *rsa.PublicKey of 2048 to 8192 bits or an ed25519.PublicKey.
func ParsePublicKey(text string) (crypto.PublicKey, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("public key: %d bytes, at most %d are read", len(text), maxPEM)
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("public key: no PEM block")
	}
	var key crypto.PublicKey
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, fmt.Errorf("public key: PEM block of type %q", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(key); err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		return key, nil
	case ed25519.PublicKey:
		return key, nil
	}
	return nil, fmt.Errorf("public key: type %T is not supported", key)
}

// PublicPEM returns the public half in PKIX PEM, as publicKeyPem wants it.
func (k Key) PublicPEM() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.Private.PublicKey)
	if err != nil {
		return "", fmt.Errorf("encode public key %s: %w", k.ID, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
