package fedtest_test

import (
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/signature"
)

type (
	requestT = http.Request
	keyT     = rsa.PrivateKey
)

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Two implementations that share no code agree: what each signs, the other
// verifies.
func TestAgreesWithSignature(t *testing.T) {
	for _, f := range flavours() {
		t.Run(f.Software+f.Version, func(t *testing.T) {
			alice := start(t, f).Actor("alice")
			shapes := map[string][]fedtest.Shape{"usual": nil, "rfc9421": {fedtest.AsRFC9421}, "cavage": {fedtest.AsCavage}}
			for name, shape := range shapes {
				var err error
				city := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					var s *signature.Signature
					v := signature.NewVerifier("http", r.Context().Value(http.LocalAddrContextKey).(interface{ String() string }).String(), noon)
					if s, err = v.Parse(r, body); err == nil {
						err = s.Verify(&keyOf(alice).PublicKey)
					}
				}))
				alice.Post(city.URL+"/inbox?a=b", `{"type":"View"}`, shape...)
				if err != nil {
					t.Errorf("POST, %s: %v", name, err)
				}
				alice.Get(city.URL+"/actor?a=b", shape...)
				if err != nil {
					t.Errorf("GET, %s: %v", name, err)
				}
				city.Close()
			}
		})
	}
}

// keyOf finds the key that an actor signs with.
func keyOf(a *fedtest.Actor) (key *keyT) {
	a.Post("http://127.0.0.1:1/", "{}", func(g *fedtest.Signing) { key = g.Key })
	return key
}

func TestVerifiesOurs(t *testing.T) {
	here, there := start(t, fedtest.Mastodon47()), start(t, fedtest.Mastodon47())
	alice, bob := here.Actor("alice"), there.Actor("bob")
	key := signature.Key{ID: alice.KeyID, Private: keyOf(alice)}
	for _, form := range []signature.Form{signature.Cavage, signature.RFC9421} {
		body := jsonOf(t, alice.Activity("View", bob.ID))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, bob.Inbox, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/activity+json")
		if err := key.Sign(r, []byte(body), form, noon()); err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			t.Errorf("%s: status %d, %v", form, res.StatusCode, there.Deliveries())
		}
	}
}
