package signature_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/federation/signature"
)

// parsed holds Parse to its contract for any input.
func parsed(t *testing.T, h http.Header, target string) {
	t.Helper()
	r := &http.Request{Method: http.MethodPost, RequestURI: target, Host: "city.example", Header: h}
	s, err := verifier().Parse(r, []byte(body))
	if err == nil {
		if s.KeyID == "" || len(s.KeyID) > 2048 || s.Created.IsZero() {
			t.Errorf("accepted without key id or time: %+v", s)
		}
		if err := s.Verify(&theKey().PublicKey); err != nil && !errors.Is(err, signature.ErrInvalid) {
			t.Errorf("Verify gave %v", err)
		}
		return
	}
	for _, kind := range []error{signature.ErrMissing, signature.ErrMalformed, signature.ErrInvalid, signature.ErrExpired} {
		if errors.Is(err, kind) {
			return
		}
	}
	t.Errorf("error of no kind: %v", err)
}

func FuzzCavage(f *testing.F) {
	digest := "SHA-256=" + sha256Base64(body)
	f.Add(`keyId="k",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="AAAA"`, noonDate, digest)
	f.Add(`keyId="a,\"b" , created=1795435200, expires=1795435300.5 ,headers="(request-target) host (created) digest",signature="AAAA"`, noonDate, digest)
	f.Add(`keyId="`, "x", "SHA-256=,,=")
	f.Fuzz(func(t *testing.T, header, date, digest string) {
		parsed(t, http.Header{"Signature": {header}, "Date": {date}, "Digest": {digest}}, "/inbox?x")
	})
}

func FuzzMessage(f *testing.F) {
	digest := "sha-256=:" + sha256Base64(body) + ":"
	f.Add(`sig1=("@method" "@target-uri" "content-digest");created=1795435200;keyid="k"`, `sig1=:AAAA:`, digest)
	f.Add(`a=("host";key="x" "@query-param";name="é");created=1.5;keyid=k;alg=?1, b=()`, `a=1,b=:AA==:`, "sha-256=(1 2);q")
	f.Fuzz(func(t *testing.T, input, value, digest string) {
		h := http.Header{"Signature-Input": {input}, "Signature": {value}, "Content-Digest": {digest}}
		parsed(t, h, "/inbox")
	})
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(pkix(f, &theKey().PublicKey))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := signature.ParsePublicKey(text)
		if (key == nil) == (err == nil) {
			t.Errorf("got %v and %v", key, err)
		}
	})
}

// Whatever target is asked for, what we sign is what a server verifies after
// the wire, and no other body or target passes for it.
func TestSignedIsVerified(t *testing.T) {
	key := signature.Key{ID: "https://city.example/actor#main-key", Private: theKey()}
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.StringMatching(`(/([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2}){0,8}){1,3}`).Draw(rt, "path")
		query := rapid.StringMatching(`(\?([a-z0-9=&/?+-]|%[0-9A-F]{2}){0,8})?`).Draw(rt, "query")
		form := rapid.SampledFrom([]signature.Form{signature.Cavage, signature.RFC9421}).Draw(rt, "form")
		content := rapid.StringN(1, 40, -1).Draw(rt, "content")
		r := request(t, "POST", "https://city.example"+path+query, content)
		if err := key.Sign(r, []byte(content), form, noon()); err != nil {
			rt.Fatal(err)
		}
		got := wire(t, r)
		if err := check(verifier(), got, content); err != nil {
			rt.Errorf("%s: %v", got.RequestURI, err)
		}
		if err := check(verifier(), got, content+" "); err == nil {
			rt.Errorf("%s: another body passes", got.RequestURI)
		}
		got.RequestURI = strings.Replace(got.RequestURI, "/", "/x", 1)
		if err := check(verifier(), got, content); err == nil {
			rt.Errorf("%s: another target passes", got.RequestURI)
		}
	})
}
