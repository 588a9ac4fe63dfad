// Package vocab writes and reads ActivityStreams documents.
//
// Writing is typed: go-fed's types are filled, serialised, and then made exact,
// for go-fed alone would lose contexts, one-element arrays, microseconds and
// every term newer than itself. The same input gives the same bytes.
//
// Reading is tolerant and does not know go-fed: other servers write a value, a
// list of one or an object where we would write something else. What is read is
// bounded in size, depth and number, and nothing in it is trusted; a part that
// makes no sense is dropped where the rest can stand without it. No function
// here does I/O, and all of them may be called concurrently.
package vocab

// The media types of ActivityPub, JRD, XRD and JSON documents.
const (
	ContentType     = "application/activity+json"
	ContentTypeLD   = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
	ContentTypeJRD  = "application/jrd+json"
	ContentTypeXRD  = "application/xrd+xml"
	ContentTypeJSON = "application/json"
)

// Public is the collection that stands for everybody.
const Public = activityStreams + "#Public"

// IsPublic reports whether the IRI stands for everybody, in any of the three
// spellings that servers use.
func IsPublic(iri string) bool {
	return iri == Public || iri == "as:Public" || iri == "Public"
}
