package fedtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Form is a way to sign a request.
type Form int

// The forms.
const (
	Cavage   Form = iota // draft-cavage-http-signatures-12
	RFC9421              // HTTP Message Signatures
	Unsigned             // none
)

// String returns the form's name.
func (f Form) String() string { return [...]string{"cavage", "rfc9421", "unsigned"}[f] }

// Signing is how one request is signed, before it is. A Shape changes it at
// will; what it leaves alone is as the flavour has it.
type Signing struct {
	Form      Form
	Key       *rsa.PrivateKey
	KeyID     string
	Algorithm string    // "": the parameter is left out
	Covered   []string  // headers and derived components, in order
	Date      time.Time // the Date header; zero: none
	Created   time.Time // zero: the parameter is left out
	Expires   time.Time
	Digest    string // of Digest or Content-Digest; "": no header
	Target    string // in the signed text, instead of the true one
	Host      string
	Header    http.Header // more headers, such as Content-Type
	Body      []byte
	After     func(*http.Request) // changes the request once it is signed
}

// Shape changes how a request is signed.
type Shape func(*Signing)

// signing returns what the flavour does for a request of the actor (H1, H4, H5).
func (a *Actor) signing(r *http.Request, body []byte) *Signing {
	f, now := a.s.flavour, a.s.now()
	g := &Signing{
		Form: Cavage, KeyID: a.KeyID, Key: a.privateKey(), Algorithm: f.Algorithm, Covered: f.GetCovered,
		Date: now, Host: r.URL.Host, Header: r.Header.Clone(), Body: body,
	}
	if !f.HostPort {
		g.Host = r.URL.Hostname()
	}
	if body != nil {
		g.Covered, g.Digest = f.PostCovered, SHA256Digest(body)
	}
	g.Covered = slices.Clone(g.Covered)
	if slices.Contains(g.Covered, "(created)") {
		g.Created, g.Expires = now, now.Add(time.Hour) // H3: an hour, says Lemmy
	}
	if f.SignsFirst == RFC9421 {
		AsRFC9421(g)
	}
	return g
}

// SHA256Digest is the value of a Digest header (H1).
func SHA256Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// SHA256ContentDigest is the value of a Content-Digest header (H4).
func SHA256ContentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// AsRFC9421 signs in the newer form (H4, SG8).
func AsRFC9421(g *Signing) {
	g.Form, g.Algorithm, g.Created, g.Expires = RFC9421, "", g.Date, time.Time{}
	g.Covered = []string{"@method", "@target-uri"}
	if g.Body != nil {
		g.Covered = append(g.Covered, "content-digest")
		g.Digest = SHA256ContentDigest(g.Body)
	}
}

// AsCavage signs in the older form, as Mastodon 4.7 does.
func AsCavage(g *Signing) {
	g.Form, g.Algorithm, g.Covered = Cavage, "rsa-sha256", Mastodon47().GetCovered
	g.Created, g.Expires = time.Time{}, time.Time{}
	if g.Body != nil {
		g.Covered, g.Digest = Mastodon47().PostCovered, SHA256Digest(g.Body)
	}
}

// NotSigned sends the request without a signature.
func NotSigned(g *Signing) { g.Form = Unsigned }

// Covering signs exactly these, in this order.
func Covering(names ...string) Shape { return func(g *Signing) { g.Covered = names } }

// NotCovering leaves names out of what is signed; their headers are sent (SG5).
func NotCovering(names ...string) Shape {
	return func(g *Signing) {
		g.Covered = slices.DeleteFunc(slices.Clone(g.Covered), func(n string) bool { return slices.Contains(names, n) })
	}
}

// NoDigest neither sends nor signs a digest (SG5).
func NoDigest(g *Signing) {
	g.Digest = ""
	NotCovering("digest", "content-digest")(g)
}

// OnlySHA512 sends and signs a digest that Mastodon does not read (SG5).
func OnlySHA512(g *Signing) {
	sum := sha512.Sum512(g.Body)
	text := base64.StdEncoding.EncodeToString(sum[:])
	if g.Digest = "SHA-512=" + text; g.Form == RFC9421 {
		g.Digest = "sha-512=:" + text + ":"
	}
}

// Sending replaces the body after its digest was taken (SG5).
func Sending(body string) Shape { return func(g *Signing) { g.Body = []byte(body) } }

// Shifted moves every time in the signature (SG6).
func Shifted(by time.Duration) Shape {
	return func(g *Signing) {
		for _, at := range []*time.Time{&g.Date, &g.Created, &g.Expires} {
			if !at.IsZero() {
				*at = at.Add(by)
			}
		}
	}
}

// WithKeyOf signs with another actor's key under the own name.
func WithKeyOf(b *Actor) Shape { return func(g *Signing) { g.Key = b.privateKey() } }

// SignedBy signs as another actor altogether (FO5).
func SignedBy(b *Actor) Shape {
	return func(g *Signing) { g.Key, g.KeyID = b.privateKey(), b.KeyID }
}

// Target signs another request target, or @target-uri, than the true one (SG7,
// SG8).
func Target(target string) Shape { return func(g *Signing) { g.Target = target } }

// sign makes the request what the signing says.
func (g *Signing) sign(r *http.Request) error {
	r.Header = g.Header
	r.Host = g.Host
	if !g.Date.IsZero() {
		r.Header.Set("Date", g.Date.UTC().Format(http.TimeFormat))
	}
	digest := "Digest"
	if g.Form == RFC9421 {
		digest = "Content-Digest"
	}
	if g.Digest != "" {
		r.Header.Set(digest, g.Digest)
	}
	var err error
	switch g.Form {
	case Cavage:
		err = g.signCavage(r)
	case RFC9421:
		err = g.signMessage(r)
	}
	if g.After != nil {
		g.After(r)
	}
	return err
}

// signCavage writes a Signature header as in H1.
func (g *Signing) signCavage(r *http.Request) error {
	target := g.Target
	if target == "" {
		target = r.URL.RequestURI()
	}
	lines := make([]string, len(g.Covered))
	for i, name := range g.Covered {
		value := strings.Join(r.Header.Values(name), ", ")
		switch name {
		case "(request-target)":
			value = strings.ToLower(r.Method) + " " + target
		case "(created)":
			value = fmt.Sprint(g.Created.Unix())
		case "(expires)":
			value = fmt.Sprint(g.Expires.Unix())
		case "host":
			value = g.Host
		}
		lines[i] = name + ": " + value
	}
	signature, err := g.text(strings.Join(lines, "\n"))
	if err != nil {
		return err
	}
	params := []string{fmt.Sprintf("keyId=%q", g.KeyID)}
	if g.Algorithm != "" {
		params = append(params, fmt.Sprintf("algorithm=%q", g.Algorithm))
	}
	if !g.Created.IsZero() {
		params = append(params, fmt.Sprintf("created=%d", g.Created.Unix()))
	}
	if !g.Expires.IsZero() {
		params = append(params, fmt.Sprintf("expires=%d", g.Expires.Unix()))
	}
	params = append(params, fmt.Sprintf("headers=%q", strings.Join(g.Covered, " ")), fmt.Sprintf("signature=%q", signature))
	r.Header.Set("Signature", strings.Join(params, ","))
	return nil
}

// signMessage writes Signature-Input and Signature as in F10.
func (g *Signing) signMessage(r *http.Request) error {
	target := g.Target
	if target == "" {
		target = r.URL.String()
	}
	quoted := make([]string, len(g.Covered))
	var base strings.Builder
	for i, name := range g.Covered {
		quoted[i] = fmt.Sprintf("%q", name)
		fmt.Fprintf(&base, "%s: %s\n", quoted[i], component(r, name, target))
	}
	params := "(" + strings.Join(quoted, " ") + ")"
	if !g.Created.IsZero() {
		params += fmt.Sprintf(";created=%d", g.Created.Unix())
	}
	if !g.Expires.IsZero() {
		params += fmt.Sprintf(";expires=%d", g.Expires.Unix())
	}
	params += fmt.Sprintf(";keyid=%q", g.KeyID)
	if g.Algorithm != "" {
		params += fmt.Sprintf(";alg=%q", g.Algorithm)
	}
	base.WriteString(`"@signature-params": ` + params)
	signature, err := g.text(base.String())
	if err != nil {
		return err
	}
	r.Header.Set("Signature-Input", "sig1="+params)
	r.Header.Set("Signature", "sig1=:"+signature+":")
	return nil
}

// component returns what RFC 9421 signs for a name; target is the whole URI.
func component(r *http.Request, name, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		u = r.URL
	}
	switch name {
	case "@method":
		return r.Method
	case "@target-uri":
		return target
	case "@authority":
		return strings.ToLower(u.Host)
	case "@path":
		return u.EscapedPath()
	case "host":
		return r.Host
	}
	return strings.Join(r.Header.Values(name), ", ")
}

func (g *Signing) text(text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, g.Key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(signature), err
}
