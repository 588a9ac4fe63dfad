package vocab

import (
	"net/url"
	"strings"

	"github.com/go-fed/activity/streams"
	govocab "github.com/go-fed/activity/streams/vocab"
)

// iri wraps an IRI for go-fed such that it comes out byte for byte: a parsed
// URL would escape what another server left as it is, and an id that differs in
// one byte is another id.
func iri(s string) *url.URL {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return &url.URL{Opaque: s}
	}
	return &url.URL{Scheme: scheme, Opaque: rest}
}

// one fills a go-fed property that holds one IRI.
func one[P interface{ SetIRI(*url.URL) }](p P, s string) P {
	p.SetIRI(iri(s))
	return p
}

// many fills a go-fed property that holds a list of IRIs.
func many[P interface{ AppendIRI(*url.URL) }](p P, list ...string) P {
	for _, s := range list {
		p.AppendIRI(iri(s))
	}
	return p
}

// text fills a go-fed property that holds texts.
func text[P interface{ AppendXMLSchemaString(string) }](p P, s string) P {
	p.AppendXMLSchemaString(s)
	return p
}

// value fills a go-fed property that holds one value of type V.
func value[V any, P interface{ Set(V) }](p P, v V) P {
	p.Set(v)
	return p
}

// setID names a go-fed value.
func setID(t interface {
	SetJSONLDId(govocab.JSONLDIdProperty)
}, id string,
) {
	p := streams.NewJSONLDIdProperty()
	p.Set(iri(id))
	t.SetJSONLDId(p)
}
