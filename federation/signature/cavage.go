package signature

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cavage is a Signature header of draft-cavage-http-signatures-12.
type cavage struct {
	keyID     string
	algorithm algorithm
	names     []string // what is covered, in order, lower case
	created   string   // as written, for the text that was signed
	expires   string
	value     []byte
}

func (v *Verifier) parseCavage(r *http.Request, body []byte) (*Signature, error) {
	if len(r.Header["Signature"]) > 1 {
		return nil, malformedf("two Signature headers")
	}
	c, err := readCavage(r.Header.Get("Signature"))
	if err != nil {
		return nil, err
	}
	if err := c.checkCovered(r, body); err != nil {
		return nil, err
	}
	created, err := v.checkCavageTime(c, r)
	if err != nil {
		return nil, err
	}
	if slices.Contains(c.names, "digest") {
		if err := checkDigest(r.Header, body); err != nil {
			return nil, err
		}
	}
	return &Signature{
		KeyID: c.keyID, Form: Cavage, Created: created,
		algorithm: c.algorithm, texts: v.cavageTexts(c, r), value: c.value,
	}, nil
}

// cavageTexts lists what the sender may have signed: some leave the query out
// of the request target.
func (v *Verifier) cavageTexts(c *cavage, r *http.Request) []string {
	targets := []string{requestTarget(r)}
	if path, _, found := strings.Cut(targets[0], "?"); found {
		targets = append(targets, path)
	}
	var texts []string
	for _, host := range v.hosts(r) {
		for _, target := range targets {
			texts = append(texts, c.text(r, target, host))
		}
	}
	return texts
}

// text builds the string that is signed.
func (c *cavage) text(r *http.Request, target, host string) string {
	var b strings.Builder
	for i, name := range c.names {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name)
		b.WriteString(": ")
		switch name {
		case "(request-target)":
			b.WriteString(strings.ToLower(r.Method) + " " + target)
		case "(created)":
			b.WriteString(c.created)
		case "(expires)":
			b.WriteString(c.expires)
		default:
			value, _ := fieldValue(r, name, host)
			b.WriteString(value)
		}
	}
	return b.String()
}

// checkCovered demands the target and the host always, so that a signature is
// good for one place only, some time, and the digest of a body.
func (c *cavage) checkCovered(r *http.Request, body []byte) error {
	needed := []string{"(request-target)", "host"}
	if bodied(r.Method) || len(body) > 0 {
		needed = append(needed, "digest")
	}
	for _, name := range needed {
		if !slices.Contains(c.names, name) {
			return invalidf("%s is not covered", name)
		}
	}
	if !slices.Contains(c.names, "date") && !slices.Contains(c.names, "(created)") {
		return invalidf("neither date nor (created) is covered")
	}
	for _, name := range c.names {
		if strings.HasPrefix(name, "(") {
			continue
		}
		if _, found := fieldValue(r, name, r.Host); !found {
			return invalidf("%s is covered but absent", name)
		}
	}
	return nil
}

// checkCavageTime checks each time that is covered; an uncovered one could have
// been changed by anybody and is not looked at.
func (v *Verifier) checkCavageTime(c *cavage, r *http.Request) (time.Time, error) {
	var created, expires time.Time
	var err error
	if slices.Contains(c.names, "(expires)") {
		if expires, err = unixTime("expires", c.expires); err != nil {
			return time.Time{}, err
		}
	}
	if slices.Contains(c.names, "date") {
		if len(r.Header["Date"]) > 1 {
			return time.Time{}, malformedf("two Date headers")
		}
		if created, err = http.ParseTime(r.Header.Get("Date")); err != nil {
			return time.Time{}, malformedf("date %q", r.Header.Get("Date"))
		}
		if err := v.checkTime(created, expires); err != nil {
			return time.Time{}, err
		}
	}
	if slices.Contains(c.names, "(created)") {
		if created, err = unixTime("created", c.created); err != nil {
			return time.Time{}, err
		}
		if err := v.checkTime(created, expires); err != nil {
			return time.Time{}, err
		}
	}
	return created.UTC(), nil
}

// readCavage reads the header and checks what it says of itself.
func readCavage(header string) (*cavage, error) {
	params, err := parameters(header)
	if err != nil {
		return nil, err
	}
	c := &cavage{keyID: params["keyId"], created: params["created"], expires: params["expires"]}
	if !printable(c.keyID) || len(c.keyID) > maxKeyID {
		return nil, malformedf("keyId %.100q", c.keyID)
	}
	c.value, err = base64.StdEncoding.DecodeString(params["signature"])
	if err != nil || len(c.value) == 0 {
		return nil, malformedf("signature is not base64")
	}
	if c.names, err = coveredNames(params); err != nil {
		return nil, err
	}
	switch name := strings.ToLower(params["algorithm"]); name {
	case "", "hs2019":
		return c, nil
	case "rsa-sha256":
		c.algorithm = onlyRSA
	case "ed25519":
		c.algorithm = onlyEd25519
	default:
		return nil, invalidf("algorithm %.40q", name)
	}
	if c.algorithm == onlyRSA && (slices.Contains(c.names, "(created)") || slices.Contains(c.names, "(expires)")) {
		return nil, malformedf("(created) or (expires) with algorithm rsa-sha256")
	}
	return c, nil
}

// coveredNames reads the headers parameter. The draft gives it a default of
// one name, which never covers enough here.
func coveredNames(params map[string]string) ([]string, error) {
	list, given := params["headers"]
	if !given {
		return []string{"date"}, nil
	}
	names := strings.Fields(strings.ToLower(list))
	if len(names) == 0 || len(names) > maxComponents {
		return nil, malformedf("%d names in headers", len(names))
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, malformedf("%.40q is covered twice", name)
		}
		switch name {
		case "(request-target)", "(created)", "(expires)":
		default:
			if !token(name) {
				return nil, malformedf("%.40q in headers", name)
			}
		}
	}
	return names, nil
}

// parameters reads pairs parted by commas, as in `a="b", c=1`. A value in
// quotes may hold commas; no name may come twice.
func parameters(s string) (map[string]string, error) {
	params := make(map[string]string, 8)
	for rest := strings.Trim(s, " \t"); ; {
		name, after, found := strings.Cut(rest, "=")
		name = strings.TrimRight(name, " \t")
		if !found || !token(name) {
			return nil, malformedf("no parameter at %.40q", rest)
		}
		value, after, err := parameterValue(strings.TrimLeft(after, " \t"))
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, name)
		}
		if _, twice := params[name]; twice {
			return nil, malformedf("%.40q stands twice", name)
		}
		if len(params) == maxComponents {
			return nil, malformedf("more than %d parameters", maxComponents)
		}
		params[name] = value
		if rest = strings.TrimLeft(after, " \t"); rest == "" {
			return params, nil
		}
		if rest[0] != ',' {
			return nil, malformedf("no comma at %.40q", rest)
		}
		rest = strings.TrimLeft(rest[1:], " \t")
	}
}

// parameterValue reads one quoted or bare value and returns what follows it.
func parameterValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		if !token(s[:end]) {
			return "", "", malformedf("bare value %.40q", s[:end])
		}
		return s[:end], s[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], nil
		case c < ' ' || c == 0x7f:
			return "", "", malformedf("control character")
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", malformedf("quote is not closed")
}

// token says whether s is a token of RFC 9110, as names of headers are.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// unixTime reads seconds since 1970; the draft allows a fraction.
func unixTime(name, text string) (time.Time, error) {
	whole, _, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(text) > 20 || seconds < 0 || seconds > maxUnix {
		return time.Time{}, malformedf("%s %.40q", name, text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// maxUnix is the end of the year 9999.
const maxUnix = 253402300799

func errTime(what string, at time.Time) error {
	return fmt.Errorf("%w: %s, %s", ErrExpired, what, at.UTC().Format(time.RFC3339))
}
