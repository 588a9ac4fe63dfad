package signature

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// Sign signs the request in the given form, as it will go over the wire, and
// sets Host, Date, the digest of the body and the signature's own headers. The
// body is what the request will send; it is neither read from r nor set on it,
// and GET and HEAD have none. Headers of an earlier signature are replaced, so
// the same request may be signed again for another try.
func (k Key) Sign(r *http.Request, body []byte, form Form, now time.Time) error {
	if err := k.check(r); err != nil {
		return fmt.Errorf("sign %s %s: %w", r.Method, r.URL.Redacted(), err)
	}
	for _, name := range []string{"Signature", "Signature-Input", "Digest", "Content-Digest"} {
		r.Header.Del(name)
	}
	r.Host = wireHost(r)
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	sign := k.signCavage
	if form == RFC9421 {
		sign = k.signMessage
	}
	if err := sign(r, body, now); err != nil {
		return fmt.Errorf("sign %s %s: %w", r.Method, r.URL.Redacted(), err)
	}
	return nil
}

// check refuses what would be sent other than it was signed.
func (k Key) check(r *http.Request) error {
	if k.Private == nil {
		return errors.New("no private key")
	}
	if !printable(k.ID) || strings.ContainsAny(k.ID, `"\`) {
		return fmt.Errorf("key id %q cannot be sent", k.ID)
	}
	if host := wireHost(r); !printable(host) {
		return fmt.Errorf("host %q is not in ASCII form", host)
	}
	if bodied(r.Method) && r.Header.Get("Content-Type") == "" {
		return errors.New("no Content-Type")
	}
	return nil
}

func (k Key) signCavage(r *http.Request, body []byte, _ time.Time) error {
	names := []string{"(request-target)", "host", "date"}
	if bodied(r.Method) {
		r.Header.Set("Digest", digest(body))
		names = append(names, "digest", "content-type")
	}
	c := cavage{names: names}
	value, err := k.sign(c.text(r, requestTarget(r), r.Host))
	if err != nil {
		return err
	}
	r.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="rsa-sha256",headers="%s",signature="%s"`,
		k.ID, strings.Join(names, " "), base64.StdEncoding.EncodeToString(value)))
	return nil
}

func (k Key) signMessage(r *http.Request, body []byte, now time.Time) error {
	names := []string{"@method", "@target-uri"}
	if bodied(r.Method) {
		r.Header.Set("Content-Digest", contentDigest(body))
		names = append(names, "content-digest")
	}
	input := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range names {
		input.Items = append(input.Items, httpsfv.NewItem(name))
	}
	input.Params.Add("created", now.Unix())
	input.Params.Add("keyid", k.ID)
	params, err := httpsfv.Marshal(input)
	if err != nil {
		return err
	}
	m := message{names: names, params: params, scheme: r.URL.Scheme, authority: r.Host}
	value, err := k.sign(m.text(r, r.Host))
	if err != nil {
		return err
	}
	r.Header.Set("Signature-Input", "sig1="+params)
	r.Header.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(value)+":")
	return nil
}

func (k Key) sign(text string) ([]byte, error) {
	sum := sha256.Sum256([]byte(text))
	return rsa.SignPKCS1v15(nil, k.Private, crypto.SHA256, sum[:])
}

// wireHost is the Host header that net/http will send.
func wireHost(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// bodied says whether a request of this method must have its body covered.
func bodied(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != ""
}

// printable says whether s is not empty and only of visible ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
