package signature

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
)

// multikeyLength is how long an Ed25519 key is as a Multikey: "z6Mk" and 44
// more characters.
const multikeyLength = 48

// Multikey writes an Ed25519 key as publicKeyMultibase has it (FEP-521a): base58
// of the multicodec ed25519-pub, 0xed01, and the key.
func Multikey(key ed25519.PublicKey) string {
	return "z" + base58.Encode(append([]byte{0xed, 0x01}, key...))
}

// ParseMultikey reads an Ed25519 key as Multikey writes it. Keys of other kinds
// are an error.
func ParseMultikey(text string) (ed25519.PublicKey, error) {
	if len(text) != multikeyLength || text[0] != 'z' {
		return nil, errors.New("multikey: not an Ed25519 key in base58")
	}
	raw, err := base58.Decode(text[1:])
	if err != nil {
		return nil, fmt.Errorf("multikey: %w", err)
	}
	if len(raw) != 2+ed25519.PublicKeySize || raw[0] != 0xed || raw[1] != 0x01 {
		return nil, errors.New("multikey: not an Ed25519 key")
	}
	return raw[2:], nil
}
