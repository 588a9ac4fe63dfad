package signature_test

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/signature"
)

const body = `{"type":"Follow"}`

// noon is the time of the verifier in all tests, and Date's value at it.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

const (
	noonDate = "Mon, 23 Nov 2026 12:00:00 GMT"
	noonUnix = 1795435200
)

// theKey is generated once for all tests, since that takes 100 ms.
var theKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signRSA signs a text that the test has written out, so that nothing of the
// package takes part in it.
func signRSA(t testing.TB, text string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	value, err := rsa.SignPKCS1v15(rand.Reader, theKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(value)
}

func sha256Base64(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func bodySHA512() string {
	sum := sha512.Sum512([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// received reads a request as a server gets it. Lines end in \n here.
func received(t testing.TB, head, body string) *http.Request {
	t.Helper()
	if body != "" {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	raw := strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n") + "\r\n\r\n" + body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("the test's request: %v\n%s", err, raw)
	}
	return r
}

func verifier() *signature.Verifier {
	return signature.NewVerifier("https", "city.example", noon)
}

// check does both steps with the test's key.
func check(v *signature.Verifier, r *http.Request, body string) error {
	s, err := v.Parse(r, []byte(body))
	if err != nil {
		return err
	}
	return s.Verify(&theKey().PublicKey)
}

// A cavageCase is a request and the text that its sender signed.
type cavageCase struct {
	name   string
	line   string   // the request line, POST /inbox when empty
	host   string   // the Host header, city.example when empty
	header []string // other headers; without a body's digest when nil
	body   string
	params string // of Signature, before headers and signature
	names  string // the headers parameter
	text   string // what is signed
	want   error
}

func (c cavageCase) run(t *testing.T, v *signature.Verifier) {
	t.Helper()
	head := c.line
	if head == "" {
		head = "POST /inbox HTTP/1.1"
	}
	host := c.host
	if host == "" {
		host = "city.example"
	}
	params := c.params
	if params == "" {
		params = `keyId="https://m.example/actor#main-key",algorithm="rsa-sha256"`
	}
	head += "\nHost: " + host + "\n" + strings.Join(c.header, "\n")
	head += "\nSignature: " + params + `,headers="` + c.names + `",signature="` + signRSA(t, c.text) + `"`
	got := check(v, received(t, strings.ReplaceAll(head, "\n\n", "\n"), c.body), c.body)
	if !errors.Is(got, c.want) {
		t.Errorf("got %v, want %v", got, c.want)
	}
}

func TestCavage(t *testing.T) {
	digest := "SHA-256=" + sha256Base64(body)
	post := []string{"Date: " + noonDate, "Digest: " + digest, "Content-Type: application/activity+json"}
	at := func(d time.Duration) string { return noon().Add(d).Format(http.TimeFormat) }
	dated := func(name, date string, want error) cavageCase {
		return cavageCase{
			name: name, body: body, want: want,
			header: []string{"Date: " + date, "Digest: " + digest},
			names:  "(request-target) host date digest",
			text:   "(request-target): post /inbox\nhost: city.example\ndate: " + date + "\ndigest: " + digest,
		}
	}
	digested := func(name, header string, want error) cavageCase {
		return cavageCase{
			name: name, body: body, want: want,
			header: []string{"Date: " + noonDate, "Digest: " + header},
			names:  "(request-target) host date digest",
			text:   "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate + "\ndigest: " + header,
		}
	}
	hs2019 := func(name, algorithm string, created, expires int64, want error) cavageCase {
		return cavageCase{
			name: name, body: body, want: want, header: []string{"Digest: " + digest},
			params: fmt.Sprintf(`keyId="https://l.example/u#main-key"%s,created=%d,expires=%d`, algorithm, created, expires),
			names:  "(request-target) (created) (expires) host digest",
			text: fmt.Sprintf("(request-target): post /inbox\n(created): %d\n(expires): %d\nhost: city.example\ndigest: %s",
				created, expires, digest),
		}
	}
	cases := []cavageCase{
		{
			name: "SG1 target last", body: body, header: post,
			names: "host date digest content-type (request-target)",
			text: "host: city.example\ndate: " + noonDate + "\ndigest: " + digest +
				"\ncontent-type: application/activity+json\n(request-target): post /inbox",
		},
		{
			name: "SG1 target first", body: body, header: post,
			names: "(request-target) host date digest content-type",
			text: "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate + "\ndigest: " + digest +
				"\ncontent-type: application/activity+json",
		},
		{
			name: "SG2 accept covered on GET", line: "GET /actor HTTP/1.1",
			header: []string{"Date: " + noonDate, "Accept: application/activity+json, application/ld+json"},
			names:  "(request-target) host date accept",
			text: "(request-target): get /actor\nhost: city.example\ndate: " + noonDate +
				"\naccept: application/activity+json, application/ld+json",
		},
		hs2019("SG3 hs2019 with created and expires", `,algorithm="hs2019"`, noonUnix, noonUnix+10, nil),
		hs2019("SG3 algorithm missing", "", noonUnix, noonUnix+300, nil),
		hs2019("SG3 expired", `,algorithm="hs2019"`, noonUnix-7200, noonUnix-7190, signature.ErrExpired),
		hs2019("SG3 expires is capped", `,algorithm="hs2019"`, noonUnix-14*3600, noonUnix+3600, signature.ErrExpired),
		hs2019("SG3 created with rsa-sha256", `,algorithm="rsa-sha256"`, noonUnix, noonUnix+10, signature.ErrMalformed),
		{
			name: "SG4 path keyId", body: body, header: post,
			params: `keyId="https://g.example/users/x/main-key",algorithm="hs2019"`,
			names:  "(request-target) host date digest",
			text:   "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate + "\ndigest: " + digest,
		},
		{
			name: "SG5 digest missing", body: body, header: []string{"Date: " + noonDate},
			names: "(request-target) host date",
			text:  "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate,
			want:  signature.ErrInvalid,
		},
		{
			name: "SG5 digest covered but missing", body: body, header: []string{"Date: " + noonDate},
			names: "(request-target) host date digest",
			text:  "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate + "\ndigest: ",
			want:  signature.ErrInvalid,
		},
		{
			name: "SG5 digest uncovered", body: body, header: post,
			names: "(request-target) host date",
			text:  "(request-target): post /inbox\nhost: city.example\ndate: " + noonDate,
			want:  signature.ErrInvalid,
		},
		digested("SG5 digest of another body", "SHA-256="+sha256Base64("{}"), signature.ErrInvalid),
		digested("SG5 SHA-512 only", "SHA-512="+bodySHA512(), signature.ErrInvalid),
		digested("SG5 SHA-512 beside SHA-256", "SHA-512="+bodySHA512()+", sha-256="+sha256Base64(body), nil),
		digested("SG5 two SHA-256", digest+",SHA-256="+sha256Base64("{}"), signature.ErrInvalid),
		dated("SG6 two hours old", at(-2*time.Hour), signature.ErrExpired),
		dated("SG6 two hours ahead", at(2*time.Hour), signature.ErrExpired),
		dated("SG6 50 minutes old", at(-50*time.Minute), nil),
		dated("SG6 65 minutes old", at(-65*time.Minute), nil),
		dated("SG6 a second more", at(-65*time.Minute-time.Second), signature.ErrExpired),
		dated("SG6 an hour ahead", at(time.Hour), nil),
		dated("SG6 no date", "yesterday", signature.ErrMalformed),
		{
			name: "SG7 signed with the query", line: "GET /outbox?page=true&x=%C3%B6 HTTP/1.1",
			header: []string{"Date: " + noonDate}, names: "(request-target) host date",
			text: "(request-target): get /outbox?page=true&x=%C3%B6\nhost: city.example\ndate: " + noonDate,
		},
		{
			name: "SG7 signed without the query", line: "GET /outbox?page=true HTTP/1.1",
			header: []string{"Date: " + noonDate}, names: "(request-target) host date",
			text: "(request-target): get /outbox\nhost: city.example\ndate: " + noonDate,
		},
		{
			name: "SG7 signed for another query", line: "GET /outbox?page=true HTTP/1.1",
			header: []string{"Date: " + noonDate}, names: "(request-target) host date",
			text: "(request-target): get /outbox?page=false\nhost: city.example\ndate: " + noonDate,
			want: signature.ErrInvalid,
		},
		{
			name: "percent-encoded path", line: "GET /users/J%C3%B6rg/inbox HTTP/1.1",
			header: []string{"Date: " + noonDate}, names: "(request-target) host date",
			text: "(request-target): get /users/J%C3%B6rg/inbox\nhost: city.example\ndate: " + noonDate,
		},
		{
			name: "empty query", line: "GET /inbox? HTTP/1.1",
			header: []string{"Date: " + noonDate}, names: "(request-target) host date",
			text: "(request-target): get /inbox?\nhost: city.example\ndate: " + noonDate,
		},
		{
			name: "header lines of one name are joined", line: "GET / HTTP/1.1",
			header: []string{"Date: " + noonDate, "Accept: a", "Accept:  b "}, names: "(request-target) host date accept",
			text: "(request-target): get /\nhost: city.example\ndate: " + noonDate + "\naccept: a, b",
		},
		{
			name: "spaces after commas, comma in keyId", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			params: `keyId="https://m.example/a,b#main-key" , algorithm="hs2019",opaque="x"`,
			names:  "(request-target) host date",
			text:   "(request-target): get /\nhost: city.example\ndate: " + noonDate,
		},
		{
			name: "target uncovered", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			names: "host date", text: "host: city.example\ndate: " + noonDate, want: signature.ErrInvalid,
		},
		{
			name: "host uncovered", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			names: "(request-target) date", text: "(request-target): get /\ndate: " + noonDate, want: signature.ErrInvalid,
		},
		{
			name: "time uncovered", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			names: "(request-target) host", text: "(request-target): get /\nhost: city.example", want: signature.ErrInvalid,
		},
		{
			name: "two dates", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate, "Date: " + noonDate},
			names: "(request-target) host date",
			text:  "(request-target): get /\nhost: city.example\ndate: " + noonDate + ", " + noonDate,
			want:  signature.ErrMalformed,
		},
		{
			name: "covered twice", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			names: "(request-target) host date date", text: "", want: signature.ErrMalformed,
		},
		{
			name: "unknown algorithm", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate},
			params: `keyId="k",algorithm="hmac-sha256"`, names: "(request-target) host date", want: signature.ErrInvalid,
		},
		{
			name: "body on GET", line: "GET / HTTP/1.1", header: []string{"Date: " + noonDate}, body: body,
			names: "(request-target) host date",
			text:  "(request-target): get /\nhost: city.example\ndate: " + noonDate, want: signature.ErrInvalid,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, verifier()) })
	}
}

// The host that is signed must be ours, whatever the request's Host says.
func TestCavageHost(t *testing.T) {
	const ported = "ghent.localhost:8001"
	cases := []struct {
		name, public, host, signed string
		want                       error
	}{
		{"as received", "city.example", "city.example", "city.example", nil},
		{"upper case", "city.example", "City.Example", "City.Example", nil},
		{"default port", "city.example", "city.example:443", "city.example:443", nil},
		{"public one has its default port", "city.example:443", "city.example", "city.example", nil},
		{"port signed", ported, ported, ported, nil},
		{"port received, not signed", ported, ported, "ghent.localhost", nil},
		{"neither sent nor signed", ported, "ghent.localhost", "ghent.localhost", nil},
		{"rewritten by a proxy", "city.example", "127.0.0.1:8080", "city.example", nil},
		{"passed on from another server", "city.example", "evil.example", "evil.example", signature.ErrInvalid},
		{"passed on with our host", "city.example", "city.example", "evil.example", signature.ErrInvalid},
		{"another port", ported, "ghent.localhost:8002", "ghent.localhost:8002", signature.ErrInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cavageCase{
				line: "GET /actor HTTP/1.1", host: c.host, header: []string{"Date: " + noonDate},
				names: "(request-target) host date",
				text:  "(request-target): get /actor\nhost: " + c.signed + "\ndate: " + noonDate,
				want:  c.want,
			}.run(t, signature.NewVerifier("https", c.public, noon))
		})
	}
}

func TestCavageMalformed(t *testing.T) {
	long := strings.Repeat("a", 9000)
	cases := []struct{ name, header string }{
		{"empty", ``},
		{"no pair", `Signature`},
		{"no keyId", `headers="date",signature="AAAA"`},
		{"empty keyId", `keyId="",headers="date",signature="AAAA"`},
		{"control character in keyId", "keyId=\"a\tb\",headers=\"date\",signature=\"AAAA\""},
		{"no signature", `keyId="k",headers="date"`},
		{"signature not base64", `keyId="k",headers="date",signature="%%"`},
		{"parameter twice", `keyId="k",keyId="l",headers="date",signature="AAAA"`},
		{"quote not closed", `keyId="k",headers="date",signature="AAAA`},
		{"no comma", `keyId="k" headers="date",signature="AAAA"`},
		{"trailing comma", `keyId="k",headers="date",signature="AAAA",`},
		{"no names", `keyId="k",headers="",signature="AAAA"`},
		{"bad name", `keyId="k",headers="(what)",signature="AAAA"`},
		{"too long", `keyId="` + long + `",headers="date",signature="AAAA"`},
		{"too many names", `keyId="k",headers="` + strings.Repeat("a ", 40) + `",signature="AAAA"`},
		{"created is no number", `keyId="k",created=soon,headers="(request-target) host (created)",signature="AAAA"`},
		{"created is negative", `keyId="k",created=-1,headers="(request-target) host (created)",signature="AAAA"`},
		{"created is missing", `keyId="k",headers="(request-target) host (created)",signature="AAAA"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := received(t, "GET / HTTP/1.1\nHost: city.example\nDate: "+noonDate, "")
			r.Header["Signature"] = []string{c.header}
			if _, got := verifier().Parse(r, nil); !errors.Is(got, signature.ErrMalformed) {
				t.Errorf("got %v, want %v", got, signature.ErrMalformed)
			}
		})
	}
	t.Run("two headers", func(t *testing.T) {
		r := received(t, "GET / HTTP/1.1\nHost: city.example\nSignature: a\nSignature: b", "")
		if _, got := verifier().Parse(r, nil); !errors.Is(got, signature.ErrMalformed) {
			t.Errorf("got %v, want %v", got, signature.ErrMalformed)
		}
	})
	t.Run("unsigned", func(t *testing.T) {
		r := received(t, "GET / HTTP/1.1\nHost: city.example", "")
		if _, got := verifier().Parse(r, nil); !errors.Is(got, signature.ErrMissing) {
			t.Errorf("got %v, want %v", got, signature.ErrMissing)
		}
	})
	t.Run("names left out", func(t *testing.T) {
		r := received(t, "GET / HTTP/1.1\nHost: city.example\nSignature: "+`keyId="k",signature="AAAA"`, "")
		if _, got := verifier().Parse(r, nil); !errors.Is(got, signature.ErrInvalid) {
			t.Errorf("got %v, want %v", got, signature.ErrInvalid)
		}
	})
}

func TestMessage(t *testing.T) {
	const target = "https://city.example/inbox"
	digest := "sha-256=:" + sha256Base64(body) + ":"
	covered := `("@method" "@target-uri" "content-digest")`
	stamp := fmt.Sprintf(`;created=%d;keyid="https://m.example/actor#main-key"`, noonUnix)
	base := func(target, digest, params string) string {
		return `"@method": POST` + "\n" + `"@target-uri": ` + target + "\n" +
			`"content-digest": ` + digest + "\n" + `"@signature-params": ` + params
	}
	cases := []struct {
		name, input, text, digest string
		want                      error
	}{
		{"SG8 valid", covered + stamp, base(target, digest, covered+stamp), digest, nil},
		{
			"SG8 with alg", covered + stamp + `;alg="rsa-v1_5-sha256"`,
			base(target, digest, covered+stamp+`;alg="rsa-v1_5-sha256"`), digest, nil,
		},
		{
			"SG8 without content-digest", `("@method" "@target-uri")` + stamp,
			`"@method": POST` + "\n" + `"@target-uri": ` + target + "\n" + `"@signature-params": ("@method" "@target-uri")` + stamp,
			digest, signature.ErrInvalid,
		},
		{
			"SG8 without created", covered + `;keyid="https://m.example/actor#main-key"`,
			base(target, digest, covered+`;keyid="https://m.example/actor#main-key"`), digest, signature.ErrInvalid,
		},
		{
			"SG8 wrong target", covered + stamp,
			base("https://evil.example/inbox", digest, covered+stamp), digest, signature.ErrInvalid,
		},
		{
			"without @target-uri", `("@method" "content-digest")` + stamp,
			`"@method": POST` + "\n" + `"content-digest": ` + digest + "\n" +
				`"@signature-params": ("@method" "content-digest")` + stamp, digest, signature.ErrInvalid,
		},
		{
			"without @method", `("@target-uri" "content-digest")` + stamp,
			`"@target-uri": ` + target + "\n" + `"content-digest": ` + digest + "\n" +
				`"@signature-params": ("@target-uri" "content-digest")` + stamp, digest, signature.ErrInvalid,
		},
		{
			"wrong scheme", covered + stamp,
			base("http://city.example/inbox", digest, covered+stamp), digest, signature.ErrInvalid,
		},
		{
			"digest of another body", covered + stamp,
			base(target, "sha-256=:"+sha256Base64("{}")+":", covered+stamp), "sha-256=:" + sha256Base64("{}") + ":",
			signature.ErrInvalid,
		},
		{
			"digest is sha-512 only", covered + stamp,
			base(target, "sha-512=:"+bodySHA512()+":", covered+stamp), "sha-512=:" + bodySHA512() + ":",
			signature.ErrInvalid,
		},
		{
			"digest of both kinds", covered + stamp,
			base(target, "sha-512=:"+bodySHA512()+":, "+digest, covered+stamp),
			"sha-512=:" + bodySHA512() + ":, " + digest, nil,
		},
		{"unknown alg", covered + stamp + `;alg="hmac-sha256"`, "", digest, signature.ErrInvalid},
		{"unknown component", `("@method" "@target-uri" "content-digest" "@status")` + stamp, "", digest, signature.ErrInvalid},
		{"absent header", `("@method" "@target-uri" "content-digest" "accept")` + stamp, "", digest, signature.ErrInvalid},
		{"component with parameters", `("@method" "@target-uri" "content-digest";sf)` + stamp, "", digest, signature.ErrInvalid},
		{"component twice", `("@method" "@method" "@target-uri" "content-digest")` + stamp, "", digest, signature.ErrMalformed},
		{"no keyid", covered + fmt.Sprintf(";created=%d", noonUnix), "", digest, signature.ErrMalformed},
		{"created is text", covered + `;created="now";keyid="k"`, "", digest, signature.ErrMalformed},
		{"old", covered + fmt.Sprintf(`;created=%d;keyid="k"`, noonUnix-7200), "", digest, signature.ErrExpired},
		{"ahead", covered + fmt.Sprintf(`;created=%d;keyid="k"`, noonUnix+7200), "", digest, signature.ErrExpired},
		{"expired", covered + fmt.Sprintf(`;created=%d;keyid="k";expires=%d`, noonUnix-4000, noonUnix-3700), "", digest, signature.ErrExpired},
		{"two signatures", covered + stamp + `, sig2=` + covered + stamp, "", digest, signature.ErrMalformed},
		{"not a list", `"text"`, "", digest, signature.ErrMalformed},
		{"not readable", `(((`, "", digest, signature.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := received(t, "POST /inbox HTTP/1.1\nHost: city.example\nContent-Digest: "+c.digest+
				"\nSignature-Input: sig1="+c.input+"\nSignature: sig1=:"+signRSA(t, c.text)+":", body)
			if got := check(verifier(), r, body); !errors.Is(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Fedify covers @authority and reads like this; other derived components are
// in use for web bots.
func TestMessageComponents(t *testing.T) {
	input := fmt.Sprintf(`("@method" "@target-uri" "@authority" "host" "@path" "@query" "@scheme" "@request-target");created=%d;keyid="k"`, noonUnix)
	text := `"@method": GET
"@target-uri": http://ghent.localhost:8001/users/J%C3%B6rg?page=1&x=%20
"@authority": ghent.localhost:8001
"host": ghent.localhost:8001
"@path": /users/J%C3%B6rg
"@query": ?page=1&x=%20
"@scheme": http
"@request-target": /users/J%C3%B6rg?page=1&x=%20
"@signature-params": ` + input
	r := received(t, "GET /users/J%C3%B6rg?page=1&x=%20 HTTP/1.1\nHost: ghent.localhost:8001\nSignature-Input: a="+
		input+"\nSignature: a=:"+signRSA(t, text)+":", "")
	if err := check(signature.NewVerifier("http", "ghent.localhost:8001", noon), r, ""); err != nil {
		t.Error(err)
	}
}

func TestVerifyEd25519(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := "(request-target): get /\nhost: city.example\ndate: " + noonDate
	value := base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(text)))
	cases := []struct {
		algorithm string
		key       crypto.PublicKey
		want      error
	}{
		{`,algorithm="hs2019"`, public, nil},
		{`,algorithm="ed25519"`, public, nil},
		{``, public, nil},
		{`,algorithm="rsa-sha256"`, public, signature.ErrInvalid},
		{`,algorithm="ed25519"`, &theKey().PublicKey, signature.ErrInvalid},
		{``, &theKey().PublicKey, signature.ErrInvalid},
		{``, ed25519.PublicKey{1, 2}, signature.ErrInvalid},
		{``, nil, signature.ErrInvalid},
	}
	for _, c := range cases {
		r := received(t, "GET / HTTP/1.1\nHost: city.example\nDate: "+noonDate+"\nSignature: keyId=\"k\""+c.algorithm+
			`,headers="(request-target) host date",signature="`+value+`"`, "")
		s, err := verifier().Parse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Verify(c.key); !errors.Is(got, c.want) {
			t.Errorf("algorithm %q with %T: got %v, want %v", c.algorithm, c.key, got, c.want)
		}
	}
}

// wire sends a request through its bytes, as a server gets them.
func wire(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/activity+json")
	return r
}

// What we sign must be exactly the text that the drafts describe; the test
// builds it by hand from the bytes on the wire.
func TestSign(t *testing.T) {
	key := signature.Key{ID: "https://city.example/actor#main-key", Private: theKey()}
	digest := sha256Base64(body)
	cases := []struct {
		name, method, url, body string
		form                    signature.Form
		names, text             string
	}{
		{
			"cavage GET", "GET", "https://m.example/users/J%C3%B6rg?page=1", "", signature.Cavage,
			"(request-target) host date", "(request-target): get /users/J%C3%B6rg?page=1\nhost: m.example\ndate: " + noonDate,
		},
		{
			"cavage POST", "POST", "http://ghent.localhost:8001/inbox", body, signature.Cavage,
			"(request-target) host date digest content-type", "(request-target): post /inbox\nhost: ghent.localhost:8001\ndate: " +
				noonDate + "\ndigest: SHA-256=" + digest + "\ncontent-type: application/activity+json",
		},
		{
			"rfc9421 GET", "GET", "https://m.example/users/J%C3%B6rg?page=1", "", signature.RFC9421,
			`("@method" "@target-uri")`, "\"@method\": GET\n\"@target-uri\": https://m.example/users/J%C3%B6rg?page=1\n",
		},
		{
			"rfc9421 POST", "POST", "http://ghent.localhost:8001/inbox", body, signature.RFC9421,
			`("@method" "@target-uri" "content-digest")`, "\"@method\": POST\n\"@target-uri\": http://ghent.localhost:8001/inbox\n" +
				"\"content-digest\": sha-256=:" + digest + ":\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, c.method, c.url, c.body)
			if err := key.Sign(r, []byte(c.body), c.form, noon()); err != nil {
				t.Fatal(err)
			}
			got := wire(t, r)
			header, text := got.Header.Get("Signature"), c.text
			var value string
			if c.form == signature.Cavage {
				prefix := `keyId="https://city.example/actor#main-key",algorithm="rsa-sha256",headers="` + c.names + `",signature="`
				value = strings.TrimSuffix(strings.TrimPrefix(header, prefix), `"`)
			} else {
				params := fmt.Sprintf(`%s;created=%d;keyid="https://city.example/actor#main-key"`, c.names, noonUnix)
				if input := got.Header.Get("Signature-Input"); input != "sig1="+params {
					t.Errorf("got Signature-Input %s, want sig1=%s", input, params)
				}
				text += `"@signature-params": ` + params
				value = strings.TrimSuffix(strings.TrimPrefix(header, "sig1=:"), ":")
			}
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				t.Fatalf("header %s: %v", header, err)
			}
			sum := sha256.Sum256([]byte(text))
			if err := rsa.VerifyPKCS1v15(&theKey().PublicKey, crypto.SHA256, sum[:], raw); err != nil {
				t.Errorf("the signature is not over\n%s", text)
			}
		})
	}
}

// A request that is tried again is signed again, in the same form or the other.
func TestSignAgain(t *testing.T) {
	key := signature.Key{ID: "https://m.example/actor#main-key", Private: theKey()}
	r := request(t, "POST", "https://city.example/inbox", "")
	for i, form := range []signature.Form{signature.Cavage, signature.Cavage, signature.RFC9421, signature.Cavage, signature.RFC9421} {
		now := noon().Add(time.Duration(i) * time.Minute)
		if err := key.Sign(r, []byte(body), form, now); err != nil {
			t.Fatal(err)
		}
		r.Body = io.NopCloser(strings.NewReader(body))
		r.ContentLength = int64(len(body))
		got := wire(t, r)
		s, err := verifier().Parse(got, []byte(body))
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		if err := s.Verify(&theKey().PublicKey); err != nil {
			t.Errorf("try %d: %v", i, err)
		}
		if s.Form != form || !s.Created.Equal(now) || s.KeyID != key.ID {
			t.Errorf("try %d: got %v %v %s", i, s.Form, s.Created, s.KeyID)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	key := signature.Key{ID: "https://m.example/actor#main-key", Private: theKey()}
	noType := request(t, "POST", "https://city.example/inbox", body)
	noType.Header.Del("Content-Type")
	cases := []struct {
		name string
		key  signature.Key
		r    *http.Request
	}{
		{"no private key", signature.Key{ID: "k"}, request(t, "GET", "https://city.example/", "")},
		{"quote in the id", signature.Key{ID: `a"b`, Private: theKey()}, request(t, "GET", "https://city.example/", "")},
		{"no id", signature.Key{Private: theKey()}, request(t, "GET", "https://city.example/", "")},
		{"host not ASCII", key, request(t, "GET", "https://münchen.example/", "")},
		{"no content type", key, noType},
	}
	for _, c := range cases {
		if err := c.key.Sign(c.r, nil, signature.Cavage, noon()); err == nil {
			t.Errorf("%s: signed", c.name)
		}
	}
}
