package signature

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// message is a signature of RFC 9421 on a request.
type message struct {
	names     []string // covered components, in order
	params    string   // the value of @signature-params
	scheme    string   // of the target, as the sender sees it
	authority string
	algorithm algorithm
	keyID     string
	created   time.Time
	expires   time.Time
	value     []byte
}

func (v *Verifier) parseMessage(r *http.Request, body []byte) (*Signature, error) {
	m, err := readMessage(r.Header)
	if err != nil {
		return nil, err
	}
	m.scheme, m.authority = v.scheme, v.host
	if err := m.checkCovered(r, body); err != nil {
		return nil, err
	}
	if err := v.checkTime(m.created, m.expires); err != nil {
		return nil, err
	}
	if slices.Contains(m.names, "content-digest") {
		if err := checkContentDigest(r.Header, body); err != nil {
			return nil, err
		}
	}
	texts := []string{m.text(r, v.host)}
	if slices.Contains(m.names, "host") {
		texts = texts[:0]
		for _, host := range v.hosts(r) {
			texts = append(texts, m.text(r, host))
		}
	}
	return &Signature{
		KeyID: m.keyID, Form: RFC9421, Created: m.created,
		algorithm: m.algorithm, texts: texts, value: m.value,
	}, nil
}

// text builds the signature base of RFC 9421, section 2.5.
func (m *message) text(r *http.Request, host string) string {
	var b strings.Builder
	for _, name := range m.names {
		value, _ := m.component(r, name, host)
		b.WriteString(`"` + name + `": ` + value + "\n")
	}
	b.WriteString(`"@signature-params": ` + m.params)
	return b.String()
}

// component is the value of a derived component or of a header.
func (m *message) component(r *http.Request, name, host string) (value string, known bool) {
	target := requestTarget(r)
	path, query, _ := strings.Cut(target, "?")
	switch name {
	case "@method":
		return r.Method, true
	case "@target-uri":
		return m.scheme + "://" + m.authority + target, true
	case "@request-target":
		return target, true
	case "@authority":
		return strings.TrimSuffix(strings.ToLower(m.authority), ":"+defaultPort(m.scheme)), true
	case "@scheme":
		return m.scheme, true
	case "@path":
		return path, true
	case "@query":
		return "?" + query, true
	}
	if !token(name) {
		return "", false
	}
	return fieldValue(r, name, host)
}

func (m *message) checkCovered(r *http.Request, body []byte) error {
	needed := []string{"@method", "@target-uri"}
	if bodied(r.Method) || len(body) > 0 {
		needed = append(needed, "content-digest")
	}
	for _, name := range needed {
		if !slices.Contains(m.names, name) {
			return invalidf("%s is not covered", name)
		}
	}
	for _, name := range m.names {
		if _, known := m.component(r, name, r.Host); !known {
			return invalidf("%.40q is covered but absent or unknown", name)
		}
	}
	return nil
}

// readMessage reads Signature-Input and Signature, which must hold exactly one
// signature: with more, it would be ours to guess whom the sender wants to be.
func readMessage(h http.Header) (*message, error) {
	inputs, err := httpsfv.UnmarshalDictionary(h.Values("Signature-Input"))
	if err != nil {
		return nil, malformedf("signature-input: %v", err)
	}
	values, err := httpsfv.UnmarshalDictionary(h.Values("Signature"))
	if err != nil {
		return nil, malformedf("signature: %v", err)
	}
	labels := inputs.Names()
	if len(labels) != 1 {
		return nil, malformedf("%d signatures, one is accepted", len(labels))
	}
	member, _ := inputs.Get(labels[0])
	input, ok := member.(httpsfv.InnerList)
	if !ok {
		return nil, malformedf("signature-input: %s is not a list", labels[0])
	}
	m := &message{}
	member, _ = values.Get(labels[0])
	item, _ := member.(httpsfv.Item)
	if m.value, ok = item.Value.([]byte); !ok || len(m.value) == 0 {
		return nil, malformedf("no signature named %.40q", labels[0])
	}
	if m.params, err = httpsfv.Marshal(input); err != nil {
		return nil, malformedf("signature-input: %v", err)
	}
	if err := m.readComponents(input.Items); err != nil {
		return nil, err
	}
	return m, m.readParams(input.Params)
}

// readComponents takes plain names only: parameters on a component (sf, bs,
// key, req, tr) change its value, and no server sends them.
func (m *message) readComponents(items []httpsfv.Item) error {
	if len(items) > maxComponents {
		return malformedf("%d components, at most %d are read", len(items), maxComponents)
	}
	for _, item := range items {
		name, ok := item.Value.(string)
		if !ok || name != strings.ToLower(name) {
			return malformedf("signature-input: component %.40q", fmt.Sprint(item.Value))
		}
		if item.Params != nil && len(item.Params.Names()) > 0 {
			return invalidf("component %.40q with parameters", name)
		}
		if slices.Contains(m.names, name) {
			return malformedf("%.40q is covered twice", name)
		}
		m.names = append(m.names, name)
	}
	return nil
}

func (m *message) readParams(params *httpsfv.Params) error {
	if value, given := params.Get("keyid"); given {
		m.keyID, _ = value.(string)
	}
	if !printable(m.keyID) || len(m.keyID) > maxKeyID {
		return malformedf("keyid %.100q", m.keyID)
	}
	value, given := params.Get("created")
	if !given {
		return invalidf("created is not given")
	}
	var err error
	if m.created, err = paramTime("created", value); err != nil {
		return err
	}
	if value, given := params.Get("expires"); given {
		if m.expires, err = paramTime("expires", value); err != nil {
			return err
		}
	}
	value, given = params.Get("alg")
	switch {
	case !given:
	case value == "rsa-v1_5-sha256":
		m.algorithm = onlyRSA
	case value == "ed25519":
		m.algorithm = onlyEd25519
	default:
		return invalidf("alg %.40q", fmt.Sprint(value))
	}
	return nil
}

func paramTime(name string, value any) (time.Time, error) {
	seconds, ok := value.(int64)
	if !ok || seconds < 0 || seconds > maxUnix {
		return time.Time{}, malformedf("%s %.40q", name, fmt.Sprint(value))
	}
	return time.Unix(seconds, 0).UTC(), nil
}
