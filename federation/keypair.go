package federation

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

// rsaBits is the size that every server of the fediverse reads.
const rsaBits = 2048

// keyMakers lists the kinds of keys and how each is made.
func keyMakers() map[directory.KeyKind]func() (*directory.Key, error) {
	return map[directory.KeyKind]func() (*directory.Key, error){directory.RSA: newRSA, directory.Ed25519: newEd25519}
}

func newRSA() (*directory.Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, fmt.Errorf("make RSA key: %w", err)
	}
	return encodePair(private, &private.PublicKey)
}

func newEd25519() (*directory.Key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make Ed25519 key: %w", err)
	}
	return encodePair(private, public)
}

func encodePair(private, public any) (*directory.Key, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return &directory.Key{
		Private: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		Public:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
	}, nil
}

// parsePrivate reads a private key of type K.
func parsePrivate[K any](text string) (private K, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return private, errors.New("no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return private, err //nolint:wrapcheck // the caller says which key
	}
	private, ok := key.(K)
	if !ok {
		return private, fmt.Errorf("%T is not the kind of key", key)
	}
	return private, nil
}
