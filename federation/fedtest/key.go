package fedtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"sync"
	"testing"
)

// keys are made once for all servers of a test binary, for making one takes
// longer than most tests.
var keys = [...]func() (*rsa.PrivateKey, error){
	sync.OnceValues(generate), sync.OnceValues(generate), sync.OnceValues(generate), sync.OnceValues(generate),
}

func generate() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// Key returns one of a few RSA keys. Servers give the first to their instance
// actors and the next ones to their actors in turn, again and again.
func Key(t testing.TB, n int) *rsa.PrivateKey {
	t.Helper()
	key, err := keys[n%len(keys)]()
	if err != nil {
		t.Fatalf("make an RSA key: %v", err)
	}
	return key
}

func publicPEM(key *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// parsePublicPEM reads a publicKeyPem: SPKI, as all peers send it (A4).
func parsePublicPEM(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("no PEM block PUBLIC KEY")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}
