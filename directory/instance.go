package directory

import (
	"net/url"
	"strings"
)

// DirectoryHandle is the user name of the actor that publishes an instance's
// directory.
const DirectoryHandle = "directory"

// Instance is one server: its address, and what its operator says of it.
type Instance struct {
	Host         string // public host, with the port if it is not the scheme's own
	HandleDomain string // what stands in handles instead of Host; "" for Host
	Scheme       string // "https", or "http" on loopback
	Name         string
	Description  string
	Language     string // BCP 47
	Locality     string
	Country      string // ISO 3166-1 alpha-2
	Point        *Point // where it is centred; nil when it is nowhere
}

// Domain returns what stands after the @ in the handles of this instance's
// actors: its host, or the shorter name that leads to it.
func (in Instance) Domain() string {
	if in.HandleDomain != "" {
		return in.HandleDomain
	}
	return in.Host
}

// IsCalled reports whether the name, in any case, is the host of this instance or
// what stands in its handles.
func (in Instance) IsCalled(name string) bool {
	return strings.EqualFold(name, in.Host) || strings.EqualFold(name, in.Domain())
}

// Acct returns the fediverse address of an entry without its first @. An entry
// from elsewhere goes by its host, which knows what stands in its handles.
func (in Instance) Acct(i *Initiative) string {
	if i.Origin == in.Host {
		return i.Handle + "@" + in.Domain()
	}
	return i.Acct()
}

// URL returns the address of a path on this instance.
func (in Instance) URL(path string) string { return in.Scheme + "://" + in.Host + path }

// InitiativeID returns the actor id of the initiative with the handle.
func (in Instance) InitiativeID(handle string) string { return in.URL("/initiatives/" + handle) }

// DirectoryID returns the id of the directory actor.
func (in Instance) DirectoryID() string { return in.URL("/directory") }

// ActorID returns the id of the instance actor, which signs our own fetches.
func (in Instance) ActorID() string { return in.URL("/actor") }

// TagURL returns where a #word on this instance leads: the page of the seed form
// that has it as its own, else a search.
func (in Instance) TagURL(word string) string {
	if slug, ok := formByHashtag("#" + word); ok {
		return in.URL("/forms/" + slug)
	}
	return in.URL("/search?q=" + url.QueryEscape(word))
}

// Handle returns the handle in an initiative's id on this instance, or "".
func (in Instance) Handle(id string) string {
	handle, ok := strings.CutPrefix(id, in.URL("/initiatives/"))
	if !ok || !handlePattern.MatchString(handle) {
		return ""
	}
	return handle
}

// MediaURL returns the address of a picture that this instance keeps.
func (in Instance) MediaURL(file string) string { return in.URL("/media/" + file) }

// MediaFile returns the file of a picture that this instance keeps, by its address,
// or "" for any other address.
func (in Instance) MediaFile(iri string) string {
	if file, ok := strings.CutPrefix(iri, in.MediaURL("")); ok {
		return file
	}
	return ""
}

// Owns reports whether the IRI is on this instance's host.
func (in Instance) Owns(iri string) bool { return HostOf(iri) == strings.ToLower(in.Host) }

// HostOf returns the lower-case host of an IRI, with its port if it names one,
// or "" if it is not an http or https IRI. A host must be written in ASCII, as it
// goes over the wire: else one server would have two names here, and could be
// blocked under the one and heard under the other.
func HostOf(iri string) string {
	u, err := url.Parse(iri)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !isASCII(u.Host) {
		return ""
	}
	return strings.ToLower(u.Host)
}
