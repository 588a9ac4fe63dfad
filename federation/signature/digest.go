package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/dunglas/httpsfv"
)

// digest is the value of the Digest header that cavage signatures cover.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// contentDigest is the same for Content-Digest (RFC 9530).
func contentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// checkDigest compares the Digest header with the body. Only SHA-256 counts:
// it is what everyone sends, and a header without it binds nothing for us.
func checkDigest(h http.Header, body []byte) error {
	var got string
	for part := range strings.SplitSeq(strings.Join(h.Values("Digest"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "SHA-256") {
			continue
		}
		if got != "" {
			return invalidf("two SHA-256 digests")
		}
		got = value
	}
	if got == "" {
		return invalidf("no SHA-256 digest of the body")
	}
	if "SHA-256="+got != digest(body) {
		return invalidf("the digest is not the body's")
	}
	return nil
}

// checkContentDigest compares the Content-Digest header with the body.
func checkContentDigest(h http.Header, body []byte) error {
	dict, err := httpsfv.UnmarshalDictionary(h.Values("Content-Digest"))
	if err != nil {
		return invalidf("content-digest: %v", err)
	}
	member, _ := dict.Get("sha-256")
	item, _ := member.(httpsfv.Item)
	got, ok := item.Value.([]byte)
	if !ok {
		return invalidf("no sha-256 in content-digest")
	}
	if want := sha256.Sum256(body); !bytes.Equal(got, want[:]) {
		return invalidf("the content digest is not the body's")
	}
	return nil
}
