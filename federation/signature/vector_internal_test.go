package signature

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The published keys of RFC 9421, appendix B.1.
const (
	rfcRSA = `-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw
WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq
MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg
kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P
uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ
PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB
-----END RSA PUBLIC KEY-----`
	rfcEd25519 = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----`
)

// TestVectors checks the signature base and the arithmetic with the published
// signatures. They cover less than we demand, and the first stands beside
// another one, so the policy of Parse is left out.
func TestVectors(t *testing.T) {
	cases := []struct {
		name, head, key string
	}{
		{"section 4.3, proxy_sig, rsa-v1_5-sha256", `POST /foo?param=Value&Pet=dog HTTP/1.1
Host: origin.host.internal.example
Date: Tue, 20 Apr 2021 02:07:56 GMT
Content-Type: application/json
Content-Length: 18
Forwarded: for=192.0.2.123;host=example.com;proto=https
Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
Signature-Input: proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded")` +
			`;created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540
Signature: proxy_sig=:S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJl` +
			`eXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2Z` +
			`HwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==:`, rfcRSA},
		{"appendix B.2.6, ed25519", `POST /foo?param=Value&Pet=dog HTTP/1.1
Host: example.com
Date: Tue, 20 Apr 2021 02:07:55 GMT
Content-Type: application/json
Content-Length: 18
Signature-Input: sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"
Signature: sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:`, rfcEd25519},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			raw := strings.ReplaceAll(c.head, "\n", "\r\n") + "\r\n\r\n" + `{"hello": "world"}`
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
			if err != nil {
				t.Fatal(err)
			}
			m, err := readMessage(r.Header)
			if err != nil {
				t.Fatal(err)
			}
			m.scheme, m.authority = "https", r.Host
			key, err := ParsePublicKey(c.key)
			if err != nil {
				t.Fatal(err)
			}
			s := Signature{KeyID: m.keyID, algorithm: m.algorithm, texts: []string{m.text(r, r.Host)}, value: m.value}
			if err := s.Verify(key); err != nil {
				t.Errorf("%v of\n%s", err, s.texts[0])
			}
			s.texts = []string{strings.Replace(s.texts[0], "/foo", "/bar", 1)}
			if s.Verify(key) == nil {
				t.Error("a changed text verifies")
			}
		})
	}
}

// One signature costs at most a handful of verifications, however it is sent.
func TestTextsAreFew(t *testing.T) {
	v := NewVerifier("http", "ghent.localhost:8001", nil)
	r := &http.Request{Host: "Ghent.localhost:8001", RequestURI: "/outbox?page=1", Method: http.MethodGet, Header: http.Header{}}
	texts := v.cavageTexts(&cavage{names: []string{"(request-target)", "host"}}, r)
	if len(texts) != 6 {
		t.Errorf("got %d texts, want 6", len(texts))
	}
	if got, want := texts[0], "(request-target): get /outbox?page=1\nhost: Ghent.localhost:8001"; got != want {
		t.Errorf("got %q first, want %q", got, want)
	}
	if slices.Sort(texts); len(slices.Compact(texts)) != 6 {
		t.Errorf("texts repeat: %q", texts)
	}
}
