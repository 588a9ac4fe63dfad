package signature_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/federation/signature"
)

// The key pair that the W3C and FEP-8b32 publish their test vectors with, and
// when those were made.
const (
	vectorPublic  = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	vectorPrivate = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
	vectorCreated = "2023-02-24T23:36:38Z"
)

// credential is the document of the W3C's vectors (vc-di-eddsa, appendix B.5).
const credential = `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
	"id":"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33","type":["VerifiableCredential","AlumniCredential"],
	"name":"Alumni Credential","description":"A minimum viable example of an Alumni Credential.",
	"issuer":"https://vc.example/issuers/5678","validFrom":"2023-01-01T00:00:00Z",
	"credentialSubject":{"id":"did:example:abcdefgh","alumniOf":"The School of Examples"}}`

// fepActivity is that of FEP-8b32 (fep-8b32.feature).
const fepActivity = `{"@context":["https://www.w3.org/ns/activitystreams","https://w3id.org/security/data-integrity/v2"],
	"id":"https://server.example/activities/1","type":"Create","actor":"https://server.example/users/alice",
	"object":{"id":"https://server.example/objects/1","type":"Note","attributedTo":"https://server.example/users/alice",
	"content":"Hello world","location":{"type":"Place","longitude":-71.184902,"latitude":25.273962}}}`

// oldActivity is that of FEP-8b32 before 2025, with which proofs had no context.
const oldActivity = `{"@context":["https://www.w3.org/ns/activitystreams","https://w3id.org/security/data-integrity/v1"],
	"type":"Create","actor":"https://server.example/users/alice","object":{"type":"Note","content":"Hello world"}}`

const alice = "https://server.example/users/alice#ed25519-key"

type proofVector struct{ name, document, method, context, value string }

func proofVectors() []proofVector {
	return []proofVector{
		{
			"W3C", credential, "https://vc.example/issuers/5678#" + vectorPublic,
			`"https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"`,
			"z63t83Y53KfzJ5ZosfKTnqfMcKB2dmTrfjSaQjeNNjAD5srBowQfmWqeRb8rRjmeEuCBEsddF9LsVogtuTsijJKh4",
		},
		{
			"FEP-8b32", fepActivity, alice,
			`"https://www.w3.org/ns/activitystreams","https://w3id.org/security/data-integrity/v2"`,
			"z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL",
		},
		{
			"FEP-8b32 of 2024", oldActivity, alice, "",
			"z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2",
		},
	}
}

// signed returns the document with the published proof.
func (v proofVector) signed() []byte {
	context := ""
	if v.context != "" {
		context = `"@context":[` + v.context + `],`
	}
	return []byte(fmt.Sprintf(`%s, "proof": {%s"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","created":%q,`+
		`"verificationMethod":%q,"proofPurpose":"assertionMethod","proofValue":%q}}`,
		strings.TrimSuffix(v.document, "}"), context, vectorCreated, v.method, v.value))
}

func vectorKey(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, err := signature.ParseMultikey(vectorPublic)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := base58.Decode(vectorPrivate[1:])
	if err != nil {
		t.Fatal(err)
	}
	return public, ed25519.NewKeyFromSeed(seed[2:])
}

func vectorTime(t testing.TB) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, vectorCreated)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestProofVectors(t *testing.T) {
	public, private := vectorKey(t)
	for _, v := range proofVectors() {
		t.Run(v.name, func(t *testing.T) {
			if err := signature.VerifyProof(v.signed(), public, noon()); err != nil {
				t.Errorf("the published proof: %v", err)
			}
			proofs, err := signature.ProofsOf(v.signed())
			if err != nil || len(proofs) != 1 || proofs[0].VerificationMethod != v.method || !proofs[0].Created.Equal(vectorTime(t)) {
				t.Errorf("got %+v %v, want one by %s", proofs, err, v.method)
			}
			if v.context == "" {
				return // ours have one
			}
			got, err := signature.AddProof([]byte(v.document), signature.ProofKey{ID: v.method, Private: private}, vectorTime(t))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(got, []byte(`"proofValue":"`+v.value+`"`)) || !json.Valid(got) {
				t.Errorf("got %s, want the value %s", got, v.value)
			}
		})
	}
}

func proofKey(t testing.TB) signature.ProofKey {
	t.Helper()
	_, private := vectorKey(t)
	return signature.ProofKey{ID: alice, Private: private}
}

func prove(t testing.TB, document string) []byte {
	t.Helper()
	out, err := signature.AddProof([]byte(document), proofKey(t), noon())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// edit returns the JSON object with changes.
func edit(t testing.TB, document []byte, change func(map[string]any)) []byte {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(document, &o); err != nil {
		t.Fatal(err)
	}
	change(o)
	out, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func inProof(change func(map[string]any)) func(map[string]any) {
	return func(o map[string]any) { change(o["proof"].(map[string]any)) }
}

// What other servers do to proofs, and what must not pass.
func TestVerifyProof(t *testing.T) {
	public, _ := vectorKey(t)
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(map[string]any) {
		return func(o map[string]any) { o[name] = value }
	}
	drop := func(name string) func(map[string]any) { return func(o map[string]any) { delete(o, name) } }
	cases := []struct {
		name   string
		change func(map[string]any)
		key    ed25519.PublicKey
		after  time.Duration
		want   error
	}{
		{name: "as made", change: func(map[string]any) {}},
		{name: "another key", change: func(map[string]any) {}, key: other, want: signature.ErrInvalid},
		{name: "no key", change: func(map[string]any) {}, key: ed25519.PublicKey{}, want: signature.ErrInvalid},
		{name: "a value changed", change: set("type", "Update"), want: signature.ErrInvalid},
		{name: "a member added", change: set("to", "x"), want: signature.ErrInvalid},
		{name: "a member gone", change: drop("actor"), want: signature.ErrInvalid},
		{name: "a linked data signature added", change: set("signature", map[string]any{"type": "RsaSignature2017"})},
		{name: "created changed", change: inProof(set("created", "2026-11-23T12:00:01Z")), want: signature.ErrInvalid},
		{name: "created gone", change: inProof(drop("created")), want: signature.ErrInvalid},
		{name: "created is no time", change: inProof(set("created", "noon")), want: signature.ErrUnproven},
		{name: "the method changed", change: inProof(set("verificationMethod", alice+"2")), want: signature.ErrInvalid},
		{name: "the method is an object", change: inProof(set("verificationMethod", map[string]any{"id": alice})), want: signature.ErrUnproven},
		{name: "a domain added", change: inProof(set("domain", "x")), want: signature.ErrInvalid},
		{name: "another purpose", change: inProof(set("proofPurpose", "authentication")), want: signature.ErrUnproven},
		{name: "another suite", change: inProof(set("cryptosuite", "mldsa44-jcs-2024")), want: signature.ErrUnproven},
		{name: "another type", change: inProof(set("type", "Ed25519Signature2020")), want: signature.ErrUnproven},
		{name: "a chain", change: inProof(set("previousProof", "urn:x")), want: signature.ErrUnproven},
		{name: "another base", change: inProof(set("proofValue", "uAAAA")), want: signature.ErrUnproven},
		{name: "a short value", change: inProof(set("proofValue", "z2")), want: signature.ErrUnproven},
		{name: "no value", change: inProof(drop("proofValue")), want: signature.ErrUnproven},
		{name: "a long value", change: inProof(set("proofValue", "z"+strings.Repeat("2", 100_000))), want: signature.ErrUnproven},
		{name: "no proof", change: drop("proof"), want: signature.ErrUnproven},
		{name: "a proof that is a string", change: set("proof", "x"), want: signature.ErrUnproven},
		{name: "an empty list", change: set("proof", []any{}), want: signature.ErrUnproven},
		{name: "a list of it", change: func(o map[string]any) { o["proof"] = []any{o["proof"]} }},
		{name: "another one beside it", change: func(o map[string]any) {
			o["proof"] = []any{"x", map[string]any{"type": "DataIntegrityProof", "cryptosuite": "mldsa44-jcs-2024"}, o["proof"]}
		}},
		{name: "too many", change: func(o map[string]any) {
			o["proof"] = []any{1, 2, 3, 4, 5, 6, 7, 8, o["proof"]}
		}, want: signature.ErrMalformed},
		{name: "its context gone", change: inProof(drop("@context")), want: nil},
		{name: "its context another", change: inProof(set("@context", []any{"https://www.w3.org/ns/activitystreams"})), want: signature.ErrInvalid},
		{name: "a context that the document lacks", change: inProof(func(p map[string]any) {
			p["@context"] = append(p["@context"].([]any), "x")
		}), want: signature.ErrUnproven},
		{name: "the document's context gone", change: drop("@context"), want: signature.ErrUnproven},
		{name: "a context appended to the document", change: func(o map[string]any) {
			o["@context"] = append(o["@context"].([]any), "https://relay.example/context")
		}},
		{name: "a context put before it", change: func(o map[string]any) {
			o["@context"] = append([]any{"https://relay.example/context"}, o["@context"].([]any)...)
		}, want: signature.ErrUnproven},
		{name: "an hour ahead", change: func(map[string]any) {}, after: -time.Hour},
		{name: "more than an hour ahead", change: func(map[string]any) {}, after: -time.Hour - time.Second, want: signature.ErrExpired},
		{name: "of ten years ago", change: func(map[string]any) {}, after: 10 * 365 * 24 * time.Hour},
	}
	made := prove(t, fepActivity)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.key == nil {
				c.key = public
			}
			got := signature.VerifyProof(edit(t, made, c.change), c.key, noon().Add(c.after))
			if !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestExpiredProof(t *testing.T) {
	public, private := vectorKey(t)
	expires := noon().Add(time.Hour)
	document := signProof(t, private, `{"id":"x"}`, `{"created":"2026-11-23T12:00:00Z","cryptosuite":"eddsa-jcs-2022",`+
		`"expires":"`+expires.Format(time.RFC3339)+`","proofPurpose":"assertionMethod","type":"DataIntegrityProof","verificationMethod":"k:1"}`)
	if err := signature.VerifyProof(document, public, expires.Add(time.Hour)); err != nil {
		t.Errorf("within an hour of its end: %v", err)
	}
	if err := signature.VerifyProof(document, public, expires.Add(time.Hour+time.Second)); !errors.Is(err, signature.ErrExpired) {
		t.Errorf("after its end: got %v", err)
	}
}

// signProof signs canonical texts by hand.
func signProof(t testing.TB, private ed25519.PrivateKey, document, config string) []byte {
	t.Helper()
	c, d := sha256.Sum256([]byte(config)), sha256.Sum256([]byte(document))
	value := base58.Encode(ed25519.Sign(private, append(c[:], d[:]...)))
	return []byte(strings.TrimSuffix(document, "}") + `,"proof":` + strings.TrimSuffix(config, "}") + `,"proofValue":"z` + value + `"}}`)
}

// Documents that two readers could take for different ones have no proof.
func TestAmbiguousDocument(t *testing.T) {
	for _, document := range []string{
		``, `{`, `null`, `[]`, `"x"`, `1`, `{"a":1}{`, `{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`,
		`{"a":1e400}`, `{"a":[-1e999]}`, "{\"a\":\"\xff\"}", `{"a":"\ud83d"}`, `{"a":01}`, `{"a":1,}`,
	} {
		if _, err := signature.ProofsOf([]byte(document)); !errors.Is(err, signature.ErrMalformed) {
			t.Errorf("%q: got %v, want ErrMalformed", document, err)
		}
		if out, err := signature.AddProof([]byte(document), proofKey(t), noon()); err == nil {
			t.Errorf("%q: proved as %s", document, out)
		}
	}
	if _, err := signature.ProofsOf([]byte(`{"a":1.7976931348623157e308,"b":"1e400 e+308"}`)); !errors.Is(err, signature.ErrUnproven) {
		t.Errorf("the largest number: %v", err)
	}
}

func TestAddProof(t *testing.T) {
	for document, want := range map[string]string{
		`{}`:                `{"proof":{"created":"2026-11-23T12:00:00Z",`,
		"{\"a\" : 1 \n} \n": "{\"a\" : 1 \n,\"proof\":{",
		`{"z":{"}":"}"}}`:   `{"z":{"}":"}"},"proof":{`,
	} {
		out := prove(t, document)
		if !bytes.HasPrefix(out, []byte(want)) {
			t.Errorf("got %s, want it to begin with %s", out, want)
		}
		public, _ := vectorKey(t)
		if err := signature.VerifyProof(out, public, noon()); err != nil {
			t.Errorf("%s: %v", out, err)
		}
	}
	if out, err := signature.AddProof(prove(t, `{}`), proofKey(t), noon()); err == nil {
		t.Errorf("proved twice: %s", out)
	}
	for _, key := range []signature.ProofKey{{ID: alice}, {Private: proofKey(t).Private}, {ID: "a b", Private: proofKey(t).Private}} {
		if out, err := signature.AddProof([]byte(`{}`), key, noon()); err == nil {
			t.Errorf("proved with key %q: %s", key.ID, out)
		}
	}
}

func TestMultikey(t *testing.T) {
	public, _ := vectorKey(t)
	if got := signature.Multikey(public); got != vectorPublic {
		t.Errorf("got %s, want %s", got, vectorPublic)
	}
	for _, text := range []string{
		"", "z", vectorPrivate, vectorPublic[1:], vectorPublic + "2", strings.Replace(vectorPublic, "6", "0", 1),
		"u" + vectorPublic[1:], "z" + strings.Repeat("1", 47), "z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
	} {
		if key, err := signature.ParseMultikey(text); err == nil {
			t.Errorf("%q: got %x", text, key)
		}
	}
}

// anyValue draws a JSON value.
func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := []string{"string", "number", "integer", "true", "null"}
		if depth > 0 {
			kinds = append(kinds, "list", "object")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "string":
			return rapid.String().Draw(t, "string")
		case "number":
			return rapid.Float64Range(-1e300, 1e300).Draw(t, "number")
		case "integer":
			return float64(rapid.Int32().Draw(t, "integer"))
		case "true":
			return true
		case "list":
			return rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "list")
		case "object":
			return rapid.MapOfN(rapid.String(), anyValue(depth-1), 0, 4).Draw(t, "object")
		}
		return nil
	})
}

func anyDocument() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		o := rapid.MapOfN(rapid.StringMatching(`[a-z"\\é@0]{1,4}`), anyValue(3), 1, 6).Draw(t, "document")
		if rapid.Bool().Draw(t, "context") {
			o["@context"] = []any{"https://www.w3.org/ns/activitystreams", map[string]any{"x": "y:x"}}
		}
		return o
	})
}

// However a document's bytes come out, its proof holds as long as no value
// changes, and no longer.
func TestProofHolds(t *testing.T) {
	public, _ := vectorKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		document, err := json.Marshal(anyDocument().Draw(rt, "document"))
		if err != nil {
			rt.Skip(err)
		}
		out, err := signature.AddProof(document, proofKey(t), noon())
		if err != nil {
			rt.Fatalf("%s: %v", document, err)
		}
		again, err := signature.AddProof(document, proofKey(t), noon())
		if err != nil || !bytes.Equal(out, again) {
			rt.Fatalf("got %s and %s %v", out, again, err)
		}
		var read map[string]any
		if err := json.Unmarshal(out, &read); err != nil {
			rt.Fatal(err)
		}
		spread, err := json.MarshalIndent(read, " ", "\t") // in another order, with white space
		if err != nil {
			rt.Fatal(err)
		}
		for _, text := range [][]byte{out, spread} {
			if err := signature.VerifyProof(text, public, noon()); err != nil {
				rt.Fatalf("%s: %v", text, err)
			}
		}
		changed := mutate(rt, read).(map[string]any)
		text, err := json.Marshal(changed)
		if err != nil {
			rt.Fatal(err)
		}
		if err := signature.VerifyProof(text, public, noon()); err == nil && !onlyContext(read, changed) {
			rt.Fatalf("%s passed for %s", text, out)
		}
	})
}

// onlyContext reports whether two documents differ in nothing but the proof's
// context, which may be left out.
func onlyContext(a, b map[string]any) bool {
	_, had := a["proof"].(map[string]any)["@context"]
	proof, ok := b["proof"].(map[string]any)
	if !ok || !had {
		return false
	}
	_, has := proof["@context"]
	return !has
}

// mutate returns a copy of the value with one change somewhere.
func mutate(t *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		out := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			keys, out[k] = append(keys, k), v[k]
		}
		if len(keys) == 0 {
			return map[string]any{"new": true}
		}
		k := rapid.SampledFrom(keys).Draw(t, "key")
		switch rapid.IntRange(0, 2).Draw(t, "change") {
		case 0:
			delete(out, k)
		case 1:
			out[k+"x"] = out[k]
			delete(out, k)
		default:
			out[k] = mutate(t, v[k])
		}
		return out
	case []any:
		out := append([]any{}, v...)
		if len(out) == 0 || rapid.Bool().Draw(t, "shorter") {
			return append([]any{"new"}, out...)
		}
		at := rapid.IntRange(0, len(out)-1).Draw(t, "index")
		out[at] = mutate(t, out[at])
		return out
	case string:
		return v + "x"
	case float64:
		if v == 0 {
			return 1.0
		}
		return -v
	case bool:
		return !v
	}
	return "no longer null"
}

func FuzzProofsOf(f *testing.F) {
	public, _ := vectorKey(f)
	for _, v := range proofVectors() {
		f.Add(v.signed())
	}
	f.Add([]byte(`{"":{"proof":[[{"\"":"\\"}]]},"proof":[{},[],null,1e308]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		proofs, err := signature.ProofsOf(document)
		if (err == nil) != (len(proofs) > 0) {
			t.Errorf("got %v and %v", proofs, err)
		}
		if err != nil && !errors.Is(err, signature.ErrMalformed) && !errors.Is(err, signature.ErrUnproven) {
			t.Errorf("error of no kind: %v", err)
		}
		for _, p := range proofs {
			if err := p.Verify(public, noon()); err != nil && !errors.Is(err, signature.ErrInvalid) && !errors.Is(err, signature.ErrExpired) {
				t.Errorf("Verify gave %v", err)
			}
		}
		out, err := signature.AddProof(document, proofKey(t), noon())
		if err != nil {
			return
		}
		if err := signature.VerifyProof(out, public, noon()); err != nil {
			t.Errorf("our own proof of %q: %v", document, err)
		}
	})
}

func FuzzParseMultikey(f *testing.F) {
	f.Add(vectorPublic)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := signature.ParseMultikey(text)
		if (key == nil) == (err == nil) {
			t.Fatalf("got %v and %v", key, err)
		}
		if err == nil && signature.Multikey(key) != text {
			t.Errorf("%q came out as %q", text, signature.Multikey(key))
		}
	})
}
