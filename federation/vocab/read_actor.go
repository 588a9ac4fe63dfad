package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Limits on what is kept of another server's actor, those of Mastodon.
const (
	maxActorName    = 2048
	maxActorSummary = 20480
	maxAliases      = 256
	maxKeys         = 10
	maxPEM          = 16 << 10
	maxMultibase    = 64 // an Ed25519 key has 48
)

// Actor is what we need to know of an actor on another server.
type Actor struct {
	ID              string
	Type            string // Application, Group, Organization, Person or Service
	Handle          string // preferredUsername
	WebFinger       string // "user@host" by the actor's own word, without acct: and @
	Name            string
	Summary         string // HTML, not sanitised
	URL             string // the page
	Inbox           string
	SharedInbox     string // "" unless on the actor's own host
	Outbox          string
	Followers       string
	Featured        string
	Icon            string // address of the picture
	Keys            []Key
	ProofKeys       []directory.ProofKey // its own Ed25519 keys; their Multibase is not decoded
	Discoverable    bool
	Suspended       bool
	MovedTo         string
	AlsoKnownAs     []string
	Initiatives     string          // of a directory actor: the collection of its entries
	Peers           string          // of a directory actor: those it follows
	Place           directory.Place // of a directory actor: where its instance is
	Updated         time.Time
	ActivityStreams bool            // the document names the ActivityStreams context
	Raw             json.RawMessage // the bytes that were read, not a copy
}

// Key is an actor's public RSA key.
type Key struct {
	ID    string
	Owner string
	PEM   string // "" if only its id is told
}

func knownActor(t string) bool {
	switch t {
	case "Application", "Group", "Organization", "Person", "Service":
		return true
	}
	return false
}

// ParseActor reads an actor's document. It is an error only if the document is
// no actor; see Check for whether to believe it.
func ParseActor(raw []byte) (*Actor, error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("read actor: %w", err)
	}
	a := &Actor{
		ID: o.iri("id"), Type: o.typeOf(knownActor),
		Handle: o.text("preferredUsername", maxActorName), Name: o.text("name", maxActorName),
		WebFinger: strings.TrimPrefix(strings.TrimPrefix(o.text("webfinger", maxActorName), "acct:"), "@"),
		Summary:   o.text("summary", maxActorSummary), URL: webPage(o.get("url")),
		Inbox: o.iri("inbox"), Outbox: o.iri("outbox"), Followers: o.iri("followers"), Featured: o.iri("featured"),
		Icon: imageAddress(o.get("icon")), Discoverable: o.flag("discoverable"), Suspended: o.flag("suspended"),
		MovedTo: o.iri("movedTo"), AlsoKnownAs: o.iris("alsoKnownAs", maxAliases),
		Updated: o.time("updated"), ActivityStreams: o.hasContext(), Raw: raw,
	}
	if a.ID == "" || !knownActor(a.Type) {
		return nil, fmt.Errorf("read actor %q: type %q is not an actor's, or the id is missing", a.ID, a.Type)
	}
	for _, item := range o.list("publicKey", maxKeys) {
		if k := keyOf(item); k.ID != "" {
			a.Keys = append(a.Keys, k)
		}
	}
	for _, item := range o.list("assertionMethod", maxKeys) {
		if k := a.proofKey(item); k.ID != "" {
			a.ProofKeys = append(a.ProofKeys, k)
		}
	}
	shared := o.object("endpoints").iri("sharedInbox")
	if shared == "" {
		shared = o.iri("sharedInbox")
	}
	a.SharedInbox = a.onHost(shared)
	a.Place = placeOf(o.get("location"))
	a.Initiatives, a.Peers = a.onHost(o.iri("initiatives")), a.onHost(o.iri("peers"))
	return a, nil
}

// onHost returns the IRI if it is on the actor's host, or "".
func (a *Actor) onHost(iri string) string {
	if host := directory.HostOf(iri); host == "" || host != directory.HostOf(a.ID) {
		return ""
	}
	return iri
}

// IsDirectory reports whether the actor publishes a directory as ours do.
func (a *Actor) IsDirectory() bool { return a.Type == "Service" && a.Initiatives != "" }

// Key returns the actor's key with the id, and whether it has one.
func (a *Actor) Key(id string) (Key, bool) {
	i := slices.IndexFunc(a.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return a.Keys[i], true
}

// Check returns why the actor is not to be believed, or nil: what it is reached
// at must be on the host of its id, and its keys must be its own. That the
// document was fetched from its id is for the caller to see to.
func (a *Actor) Check() error {
	switch {
	case !a.ActivityStreams:
		return fmt.Errorf("actor %s: its context does not name ActivityStreams", a.ID)
	case directory.HostOf(a.ID) == "":
		return fmt.Errorf("actor %q: its id is not an http or https address", a.ID)
	case a.Handle == "" && a.WebFinger == "":
		return fmt.Errorf("actor %s: it has no preferredUsername and no webfinger", a.ID)
	case a.Inbox == "":
		return fmt.Errorf("actor %s: its inbox is missing", a.ID)
	case a.onHost(a.Inbox) == "":
		return fmt.Errorf("actor %s: its inbox %q is on another host", a.ID, a.Inbox)
	case a.Outbox != "" && a.onHost(a.Outbox) == "":
		return fmt.Errorf("actor %s: its outbox %q is on another host", a.ID, a.Outbox)
	}
	for _, k := range a.Keys {
		if a.onHost(k.ID) == "" {
			return fmt.Errorf("actor %s: its key %q is on another host", a.ID, k.ID)
		}
		if k.PEM != "" && k.Owner != a.ID {
			return fmt.Errorf("actor %s: its key %q belongs to %q", a.ID, k.ID, k.Owner)
		}
	}
	return nil
}

// ParseKey reads the document that a key's id leads to: the bare key, or an
// actor, whole or a stub, of which it is the first key. The key is to be
// believed when its owner's own document lists it too.
func ParseKey(raw []byte) (*Key, error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key := keyFrom(o)
	if key.PEM == "" {
		key = keyOf(first(o.get("publicKey")))
	}
	if key.ID == "" || key.Owner == "" || key.PEM == "" {
		return nil, errors.New("read key: its id, owner or publicKeyPem is missing")
	}
	return &key, nil
}

// keyOf reads a key that is an object or an IRI.
func keyOf(raw []byte) Key {
	o, err := split(raw)
	if err != nil {
		return Key{}
	}
	if o == nil {
		return Key{ID: iriOf(raw)}
	}
	return keyFrom(o)
}

// proofKey reads a Multikey of the actor's own (FEP-521a), of the one kind that
// makes proofs which are understood here. Other methods are none of ours.
func (a *Actor) proofKey(raw []byte) directory.ProofKey {
	o, err := split(raw)
	if err != nil {
		return directory.ProofKey{}
	}
	multikey := func(t string) bool { return t == "Multikey" }
	key := directory.ProofKey{ID: a.onHost(o.iri("id")), Multibase: o.text("publicKeyMultibase", maxMultibase)}
	if o.typeOf(multikey) != "Multikey" || o.iri("controller") != a.ID || !strings.HasPrefix(key.Multibase, "z6Mk") {
		return directory.ProofKey{}
	}
	return key
}

func keyFrom(o object) Key {
	return Key{ID: o.iri("id"), Owner: o.iri("owner"), PEM: o.text("publicKeyPem", maxPEM)}
}

// hasContext reports whether the document names the ActivityStreams context,
// spelled exactly as Mastodon demands it.
func (o object) hasContext() bool {
	for _, item := range o.list("@context", 64) {
		if s, _ := unquote(item); s == activityStreams {
			return true
		}
	}
	return false
}

// imageAddress returns the address of a picture: the first of a list, an Image
// or a bare address.
func imageAddress(raw []byte) string {
	picture := first(raw)
	o, err := split(picture)
	switch {
	case err != nil:
		return ""
	case o == nil:
		return iriOf(picture)
	}
	if address := o.iri("url"); address != "" {
		return address
	}
	return o.iri("href")
}
