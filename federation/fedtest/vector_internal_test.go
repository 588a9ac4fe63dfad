package fedtest

import (
	"bufio"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
)

const vectorBody = `{"hello": "world"}`

func vectorRequest(t *testing.T, head string) *http.Request {
	t.Helper()
	raw := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + vectorBody
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The example of draft-cavage-http-signatures-12, appendix C.2, covers less than
// H2 asks, so its text and arithmetic are checked alone.
func TestCavageVector(t *testing.T) {
	key, err := parsePublicPEM(`-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----`)
	if err != nil {
		t.Fatal(err)
	}
	r := vectorRequest(t, `POST /foo?param=value&pet=dog HTTP/1.1
Host: example.com
Date: Sun, 05 Jan 2014 21:31:40 GMT
Content-Type: application/json
Digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=
Content-Length: 18`)
	params, err := cavageParameters(`keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date",` +
		`signature="qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFY` +
		`Rqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="`)
	if err != nil {
		t.Fatal(err)
	}
	text := cavageText(r, strings.Fields(params["headers"]), params, r.RequestURI)
	checkVector(t, key, text, params["signature"])
	if err := checkDigest(r, []byte(vectorBody)); err != nil {
		t.Error(err)
	}
}

// The example of RFC 9421, section 4.3, likewise.
func TestMessageVector(t *testing.T) {
	block, _ := pem.Decode([]byte(`-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw
WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq
MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg
kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P
uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ
PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB
-----END RSA PUBLIC KEY-----`))
	key, err := x509.ParsePKCS1PublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	r := vectorRequest(t, `POST /foo?param=Value&Pet=dog HTTP/1.1
Host: origin.host.internal.example
Date: Tue, 20 Apr 2021 02:07:56 GMT
Content-Type: application/json
Content-Length: 18
Forwarded: for=192.0.2.123;host=example.com;proto=https
Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
Signature-Input: proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded")`+
		`;created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540`)
	r.Header.Set("Content-Length", "18") // net/http keeps it apart
	m := signatureInput.FindStringSubmatch(r.Header.Get("Signature-Input"))
	if m == nil {
		t.Fatal("Signature-Input is not understood")
	}
	text := messageBase(r, strings.Fields(strings.ReplaceAll(m[3], `"`, "")), m[2], "http://origin.host.internal.example")
	checkVector(t, key, text, `S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJl`+
		`eXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2Z`+
		`HwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==`)
}

func checkVector(t *testing.T, key *rsa.PublicKey, text, signature string) {
	t.Helper()
	p := &proof{texts: []string{text}, value: decode(t, signature)}
	if !p.holds(key) {
		t.Errorf("does not hold:\n%s", text)
	}
	p.texts[0] = strings.Replace(text, "/foo", "/bar", 1)
	if p.holds(key) {
		t.Error("holds for another text")
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
