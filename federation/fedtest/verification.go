package fedtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is a request that is answered with a status other than 202 (H8).
type refusal struct {
	status int
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(status int, rule, format string, args ...any) error {
	return &refusal{status, broke(rule, format, args...)}
}

// statusOf returns the status that an error is answered with.
func statusOf(err error) int {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.status
	}
	return http.StatusUnauthorized
}

// proof is a signature on a request that was read and is yet to be checked
// against a key.
type proof struct {
	form  Form
	keyID string
	texts []string // any of them may have been signed
	value []byte
}

func (p *proof) holds(key *rsa.PublicKey) bool {
	return key != nil && slices.ContainsFunc(p.texts, func(text string) bool {
		sum := sha256.Sum256([]byte(text))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], p.value) == nil
	})
}

// readProof checks all that needs no key. Signature-Input decides the form (H4).
func (s *Server) readProof(r *http.Request, body []byte) (*proof, error) {
	switch {
	case r.Header.Get("Signature") == "":
		return nil, refuse(401, "H2", "the request is not signed")
	case r.Header.Get("Signature-Input") != "" && s.flavour.ReadsRFC9421:
		return s.readMessage(r, body)
	case s.flavour.OnlyRFC9421:
		return nil, refuse(401, "H4", "not signed as in RFC 9421")
	}
	return s.readCavage(r, body)
}

// cavageParameter is one pair of a Signature header.
var cavageParameter = regexp.MustCompile(`^\s*([A-Za-z]+)=(?:"([^"]*)"|([0-9]+))\s*(?:,|$)`)

// cavageParameters refuses what is no list of pairs, and duplicates (H2).
func cavageParameters(header string) (map[string]string, error) {
	params := map[string]string{}
	for rest := header; rest != ""; {
		m := cavageParameter.FindStringSubmatch(rest)
		if m == nil {
			return nil, refuse(400, "H8", "malformed signature at %q", rest)
		}
		if _, twice := params[m[1]]; twice {
			return nil, refuse(400, "H2", "%s stands twice", m[1])
		}
		params[m[1]] = m[2] + m[3]
		rest = rest[len(m[0]):]
	}
	return params, nil
}

func (s *Server) readCavage(r *http.Request, body []byte) (*proof, error) {
	params, err := cavageParameters(r.Header.Get("Signature"))
	if err != nil {
		return nil, err
	}
	value, err := base64.StdEncoding.DecodeString(params["signature"])
	if params["keyId"] == "" || len(value) == 0 || err != nil {
		return nil, refuse(400, "H2", "no keyId or no signature: %v", err)
	}
	algorithm := params["algorithm"]
	if algorithm != "" && algorithm != "hs2019" && algorithm != "rsa-sha256" {
		return nil, refuse(401, "H2", "algorithm %q", algorithm)
	}
	covered := strings.Fields(strings.ToLower(params["headers"]))
	if params["headers"] == "" { // H2: what a missing parameter means
		if covered = []string{"(created)"}; algorithm == "rsa-sha256" {
			covered = []string{"date"}
		}
	}
	if err := checkCovered(r, covered, algorithm); err != nil {
		return nil, err
	}
	if err := checkDigest(r, body); err != nil {
		return nil, err
	}
	if err := s.checkCavageTime(r, covered, params); err != nil {
		return nil, err
	}
	p := &proof{form: Cavage, keyID: params["keyId"], value: value}
	path, _, query := strings.Cut(r.RequestURI, "?")
	p.texts = []string{cavageText(r, covered, params, r.RequestURI)}
	if query { // H2: then without it
		p.texts = append(p.texts, cavageText(r, covered, params, path))
	}
	return p, nil
}

// checkCovered demands what H2 says must be covered.
func checkCovered(r *http.Request, covered []string, algorithm string) error {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(covered, n) })
	}
	switch {
	case !has("date", "(created)"):
		return refuse(401, "H2", "neither date nor (created) is covered")
	case !has("(request-target)", "digest"):
		return refuse(401, "H2", "neither (request-target) nor digest is covered")
	case r.Method == http.MethodGet && !has("host"):
		return refuse(401, "H2", "host is not covered")
	case r.Method == http.MethodPost && !has("digest"):
		return refuse(401, "H2", "digest is not covered")
	case has("(created)", "(expires)") && algorithm == "rsa-sha256":
		return refuse(401, "H2", "(created) or (expires) with rsa-sha256")
	}
	return nil
}

// checkDigest compares SHA-256 of the raw body (H2, S8).
func checkDigest(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost {
		return nil
	}
	for part := range strings.SplitSeq(r.Header.Get("Digest"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(name, "SHA-256") {
			if "SHA-256="+value != SHA256Digest(body) {
				return refuse(401, "H2", "the digest is not the body's")
			}
			return nil
		}
	}
	return refuse(401, "H2", "no SHA-256 digest")
}

func (s *Server) checkCavageTime(r *http.Request, covered []string, params map[string]string) error {
	var created, expires time.Time
	if slices.Contains(covered, "(created)") {
		created = unix(params["created"])
	} else {
		var err error
		if created, err = http.ParseTime(r.Header.Get("Date")); err != nil {
			return refuse(401, "H2", "Date %q", r.Header.Get("Date"))
		}
	}
	if slices.Contains(covered, "(expires)") {
		expires = unix(params["expires"])
	}
	return s.checkTime(created, expires)
}

func unix(text string) time.Time {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// checkTime is H3: an hour for clocks that differ, five minutes of life.
func (s *Server) checkTime(created, expires time.Time) error {
	now := s.now()
	if expires.IsZero() {
		expires = created.Add(5 * time.Minute)
	}
	if latest := created.Add(12 * time.Hour); expires.After(latest) {
		expires = latest
	}
	if created.After(now.Add(time.Hour)) || now.After(expires.Add(time.Hour)) {
		return refuse(401, "H3", "signed at %s, it is %s", created.UTC(), now.UTC())
	}
	return nil
}

// cavageText builds what was signed, in the order given (H1).
func cavageText(r *http.Request, covered []string, params map[string]string, target string) string {
	lines := make([]string, len(covered))
	for i, name := range covered {
		value := strings.Join(r.Header.Values(name), ", ")
		switch name {
		case "(request-target)":
			value = strings.ToLower(r.Method) + " " + target
		case "(created)", "(expires)":
			value = params[strings.Trim(name, "()")]
		case "host":
			value = r.Host
		}
		lines[i] = name + ": " + value
	}
	return strings.Join(lines, "\n")
}

// signatureInput is one member of Signature-Input: label, value, names, params.
var (
	signatureInput     = regexp.MustCompile(`^([a-z*][a-z0-9_.*-]*)=(\(((?:"[^"()]*" ?)*)\)((?:;[a-z]+=(?:"[^"]*"|[0-9]+))*))$`)
	signatureParameter = regexp.MustCompile(`;([a-z]+)=(?:"([^"]*)"|([0-9]+))`)
)

// readMessage reads one signature of RFC 9421 (H4).
func (s *Server) readMessage(r *http.Request, body []byte) (*proof, error) {
	m := signatureInput.FindStringSubmatch(strings.Join(r.Header.Values("Signature-Input"), ", "))
	if m == nil {
		return nil, refuse(400, "H4", "Signature-Input %q is not one signature", r.Header.Values("Signature-Input"))
	}
	label, input, names := m[1], m[2], strings.Fields(strings.ReplaceAll(m[3], `"`, ""))
	params := map[string]string{}
	for _, p := range signatureParameter.FindAllStringSubmatch(m[4], -1) {
		params[p[1]] = p[2] + p[3]
	}
	text, ok := strings.CutPrefix(r.Header.Get("Signature"), label+"=:")
	value, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
	if !ok || err != nil {
		return nil, refuse(400, "H4", "Signature %q is none for %s", r.Header.Get("Signature"), label)
	}
	if err := s.checkMessage(r, body, names, params); err != nil {
		return nil, err
	}
	return &proof{form: RFC9421, keyID: params["keyid"], value: value, texts: []string{messageBase(r, names, input, s.URL)}}, nil
}

// messageBase builds what was signed (RFC 9421, section 2.5). base is the
// server's own address: Mastodon takes that from Host, which has no port.
func messageBase(r *http.Request, names []string, input, base string) string {
	var text strings.Builder
	for _, name := range names {
		text.WriteString(`"` + name + `": ` + component(r, name, base+r.RequestURI) + "\n")
	}
	text.WriteString(`"@signature-params": ` + input)
	return text.String()
}

// checkMessage demands what H4 says must be covered.
func (s *Server) checkMessage(r *http.Request, body []byte, names []string, params map[string]string) error {
	needed := []string{"@method", "@target-uri"}
	if r.Method == http.MethodPost {
		needed = append(needed, "content-digest")
		if !slices.Contains(strings.Split(r.Header.Get("Content-Digest"), ", "), SHA256ContentDigest(body)) {
			return refuse(401, "H4", "the content digest is not the body's")
		}
	}
	for _, name := range needed {
		if !slices.Contains(names, name) {
			return refuse(401, "H4", "%s is not covered", name)
		}
	}
	if params["keyid"] == "" || params["created"] == "" {
		return refuse(401, "H4", "no keyid or no created")
	}
	if alg := params["alg"]; alg != "" && alg != "rsa-v1_5-sha256" {
		return refuse(401, "H4", "algorithm %q", alg)
	}
	return s.checkTime(unix(params["created"]), unix(params["expires"]))
}
