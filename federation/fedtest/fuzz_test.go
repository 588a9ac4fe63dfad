package fedtest

import (
	"net/http"
	"testing"
)

// Whatever is said of a signature, it is refused or has a key and texts.
func FuzzReadProof(f *testing.F) {
	s := NewServer(f)
	f.Add(`keyId="k",algorithm="hs2019",created=1,headers="(created) digest",signature="AAAA"`, "", "SHA-256=x")
	f.Add(`sig1=:AAAA:`, `sig1=("@method" "@target-uri" "content-digest");created=1;keyid="k"`, "sha-256=:x:")
	f.Fuzz(func(t *testing.T, signature, input, digest string) {
		r := &http.Request{Method: http.MethodPost, RequestURI: "/inbox?a", Header: http.Header{
			"Signature": {signature}, "Signature-Input": {input}, "Digest": {digest}, "Content-Digest": {digest},
		}}
		if p, err := s.readProof(r, []byte("body")); err == nil && (p.keyID == "" || len(p.texts) == 0) {
			t.Errorf("got %+v", p)
		} else if err != nil && (statusOf(err) < 400 || len(Rules(err)) != 1) {
			t.Errorf("got status %d, %v", statusOf(err), err)
		}
	})
}

// Whatever a document says, reading it ends in a value or a broken rule.
func FuzzDocument(f *testing.F) {
	s := NewServer(f)
	doc, err := s.Actor("bob").document()
	if err != nil {
		f.Fatal(err)
	}
	seed, err := encode(doc)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(seed))
	f.Add(`{"id":"http://x/1","type":["Event"],"url":[{"href":"x"}],"tag":{"type":"Mention"},"attachment":[1,{"url":[[]]}],"updated":3}`)
	f.Add(`{"type":[[]],"publicKey":[[],{}],"icon":[],"orderedItems":{},"contentMap":[{"en":1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc := parseObject([]byte(text))
		a, err := s.readAccount(doc)
		if (a == nil) != (len(Rules(err)) > 0) {
			t.Errorf("got %v, %v", a, err)
		}
		if a == nil {
			a = &account{}
		}
		if status, err := s.readStatus(doc, a); (status == nil) != (len(Rules(err)) > 0) {
			t.Errorf("got %v, %v", status, err)
		}
		_, _ = items(doc)
		soleLink(text)
	})
}
