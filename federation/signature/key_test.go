package signature_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/signature"
)

func pkix(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestParsePublicKey(t *testing.T) {
	want := &theKey().PublicKey
	text, err := signature.Key{Private: theKey()}.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(want)}))
	for _, text := range []string{text, pkcs1, "\n" + text + "\n"} {
		got, err := signature.ParsePublicKey(text)
		if err != nil || !want.Equal(got) {
			t.Errorf("got %v, %v, want the key of\n%s", got, err, text)
		}
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := signature.ParsePublicKey(pkix(t, edwards)); err != nil || !edwards.Equal(got) {
		t.Errorf("got %v, %v, want the Ed25519 key", got, err)
	}
}

func TestParsePublicKeyRefuses(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sized := func(bits uint) *rsa.PublicKey {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	cases := map[string]string{
		"empty": "", "text": "hello", "private": private, "cut": pkix(t, &theKey().PublicKey)[:200],
		"ECDSA": pkix(t, &curve.PublicKey), "small": pkix(t, sized(1024)), "large": pkix(t, sized(16384)),
		"long": strings.Repeat("x", 10<<10),
	}
	for name, text := range cases {
		if key, err := signature.ParsePublicKey(text); err == nil {
			t.Errorf("%s: got %v", name, key)
		}
	}
}
