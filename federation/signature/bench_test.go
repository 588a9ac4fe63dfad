package signature_test

import (
	"io"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/signature"
)

func BenchmarkSign(b *testing.B) {
	key := signature.Key{ID: "https://city.example/actor#main-key", Private: theKey()}
	for _, form := range []signature.Form{signature.Cavage, signature.RFC9421} {
		b.Run(form.String(), func(b *testing.B) {
			r := request(b, "POST", "https://m.example/inbox", body)
			b.ReportAllocs()
			for b.Loop() {
				if err := key.Sign(r, []byte(body), form, noon()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	key := signature.Key{ID: "https://m.example/actor#main-key", Private: theKey()}
	for _, form := range []signature.Form{signature.Cavage, signature.RFC9421} {
		b.Run(form.String(), func(b *testing.B) {
			r := request(b, "POST", "https://city.example/inbox", body)
			if err := key.Sign(r, []byte(body), form, noon()); err != nil {
				b.Fatal(err)
			}
			r.Body = io.NopCloser(strings.NewReader(body))
			got, v := wire(b, r), verifier()
			b.ReportAllocs()
			for b.Loop() {
				if err := check(v, got, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAddProof(b *testing.B) {
	key := proofKey(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signature.AddProof([]byte(fepActivity), key, noon()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyProof(b *testing.B) {
	public, _ := vectorKey(b)
	document := prove(b, fepActivity)
	b.ReportAllocs()
	for b.Loop() {
		if err := signature.VerifyProof(document, public, noon()); err != nil {
			b.Fatal(err)
		}
	}
}
