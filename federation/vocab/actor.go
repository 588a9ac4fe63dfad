package vocab

import (
	"encoding/json"
	"html"
	"net"
	"time"

	"github.com/go-fed/activity/streams"
	govocab "github.com/go-fed/activity/streams/vocab"

	"codeberg.org/commonage/commonage/directory"
)

// Profile is what an actor's document says besides the entry or the instance
// that it is made from.
type Profile struct {
	Keys        PublicKeys
	Summary     string   // HTML, sanitised and ready
	AlsoKnownAs []string // ids of the actors this one was before
	MovedTo     string   // id of the actor this one is now
	Approves    bool     // follows wait for a person's consent
	Published   time.Time
	Updated     time.Time
}

// PublicKeys are the public halves of an instance's keys, which every one of
// its actors shows as its own.
type PublicKeys struct {
	PEM       string // RSA, SPKI
	Multibase string // Ed25519, "z6Mk..."; "" for none
}

// KeyID returns the id of an actor's RSA key.
func KeyID(actor string) string { return actor + "#main-key" }

// ProofKeyID returns the id of an actor's Ed25519 key.
func ProofKeyID(actor string) string { return actor + "#ed25519-key" }

// DirectoryActor returns the document of the actor that publishes an instance's
// directory. Without a summary in the profile it has the instance's description.
func DirectoryActor(in directory.Instance, p Profile) (json.RawMessage, error) {
	a := actor{id: in.DirectoryID(), handle: directory.DirectoryHandle, name: instanceName(in), in: in}
	p.Summary = instanceSummary(in, p)
	extra, err := a.extra(p)
	if err != nil {
		return nil, err
	}
	extra["initiatives"] = in.DirectoryID() + "/initiatives"
	extra["peers"] = in.DirectoryID() + "/peers"
	place := directory.Place{Locality: in.Locality, Country: in.Country, Point: in.Point}
	if err := setPlace(extra, place); err != nil {
		return nil, err
	}
	t := streams.NewActivityStreamsService()
	a.fill(t, p)
	return document(t, actorContext, extra)
}

// InstanceActor returns the document of the actor that signs the instance's own
// fetches.
func InstanceActor(in directory.Instance, p Profile) (json.RawMessage, error) {
	a := actor{id: in.ActorID(), handle: in.Domain(), name: instanceName(in), in: in}
	p.Summary = instanceSummary(in, p)
	extra, err := a.extra(p)
	if err != nil {
		return nil, err
	}
	t := streams.NewActivityStreamsApplication()
	a.fill(t, p)
	return document(t, actorContext, extra)
}

func instanceName(in directory.Instance) string {
	if in.Name == "" {
		return in.Host
	}
	return in.Name
}

func instanceSummary(in directory.Instance, p Profile) string {
	if p.Summary != "" || in.Description == "" {
		return p.Summary
	}
	return "<p>" + html.EscapeString(in.Description) + "</p>"
}

// actor is what the documents of all our actors have in common.
type actor struct {
	id, handle, name string
	in               directory.Instance
}

// actorType is any of go-fed's actor types.
type actorType interface {
	govocab.Type
	SetActivityStreamsName(govocab.ActivityStreamsNameProperty)
	SetActivityStreamsSummary(govocab.ActivityStreamsSummaryProperty)
	SetActivityStreamsUrl(govocab.ActivityStreamsUrlProperty)
	SetActivityStreamsPreferredUsername(govocab.ActivityStreamsPreferredUsernameProperty)
	SetActivityStreamsInbox(govocab.ActivityStreamsInboxProperty)
	SetActivityStreamsOutbox(govocab.ActivityStreamsOutboxProperty)
	SetActivityStreamsFollowers(govocab.ActivityStreamsFollowersProperty)
	SetActivityStreamsFollowing(govocab.ActivityStreamsFollowingProperty)
	SetTootFeatured(govocab.TootFeaturedProperty)
	SetTootDiscoverable(govocab.TootDiscoverableProperty)
	SetW3IDSecurityV1PublicKey(govocab.W3IDSecurityV1PublicKeyProperty)
}

// fill sets the properties that go-fed knows.
func (a actor) fill(t actorType, p Profile) {
	setID(t, a.id)
	t.SetActivityStreamsName(text(streams.NewActivityStreamsNameProperty(), a.name))
	if p.Summary != "" {
		t.SetActivityStreamsSummary(text(streams.NewActivityStreamsSummaryProperty(), p.Summary))
	}
	t.SetActivityStreamsUrl(many(streams.NewActivityStreamsUrlProperty(), a.id))
	handle := streams.NewActivityStreamsPreferredUsernameProperty()
	handle.SetXMLSchemaString(a.handle)
	t.SetActivityStreamsPreferredUsername(handle)
	t.SetActivityStreamsInbox(one(streams.NewActivityStreamsInboxProperty(), a.id+"/inbox"))
	t.SetActivityStreamsOutbox(one(streams.NewActivityStreamsOutboxProperty(), a.id+"/outbox"))
	t.SetActivityStreamsFollowers(one(streams.NewActivityStreamsFollowersProperty(), a.id+"/followers"))
	t.SetActivityStreamsFollowing(one(streams.NewActivityStreamsFollowingProperty(), a.id+"/following"))
	t.SetTootFeatured(one(streams.NewTootFeaturedProperty(), a.id+"/featured"))
	t.SetTootDiscoverable(value(streams.NewTootDiscoverableProperty(), true))

	key := streams.NewW3IDSecurityV1PublicKey()
	setID(key, KeyID(a.id))
	key.SetW3IDSecurityV1Owner(one(streams.NewW3IDSecurityV1OwnerProperty(), a.id))
	key.SetW3IDSecurityV1PublicKeyPem(value(streams.NewW3IDSecurityV1PublicKeyPemProperty(), p.Keys.PEM))
	keys := streams.NewW3IDSecurityV1PublicKeyProperty()
	keys.AppendW3IDSecurityV1PublicKey(key)
	t.SetW3IDSecurityV1PublicKey(keys)
}

// extra returns the fields that go-fed lacks or would not write exactly.
func (a actor) extra(p Profile) (fields, error) {
	if p.Keys.PEM == "" {
		return nil, directory.Invalidf("keys", "the public key of %s is missing", a.id)
	}
	m := fields{
		"endpoints":                 fields{"sharedInbox": a.in.URL("/inbox")},
		"webfinger":                 a.handle + "@" + a.in.Domain(),
		"manuallyApprovesFollowers": p.Approves,
		"indexable":                 true,
		"attributionDomains":        []string{hostname(a.in.Host)},
	}
	setList(m, "alsoKnownAs", p.AlsoKnownAs)
	setText(m, "movedTo", p.MovedTo)
	setTime(m, "published", p.Published)
	setTime(m, "updated", p.Updated)
	if p.Keys.Multibase != "" {
		m["assertionMethod"] = []fields{{
			"id": ProofKeyID(a.id), "type": "Multikey", "controller": a.id,
			"publicKeyMultibase": p.Keys.Multibase,
		}}
	}
	return m, nil
}

// hostname returns the host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
