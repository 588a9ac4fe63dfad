package fedtest

import (
	"crypto/rsa"
	"slices"
	"strings"
)

// Actor is one of the server's own actors.
type Actor struct {
	ID, Name     string
	Inbox, KeyID string

	s         *Server
	path      string
	kind      string // "Person", or "Application" for the instance
	key       *rsa.PrivateKey
	number    int
	locked    bool // follows wait for a person
	gone      bool
	edit      func(Object)
	follows   map[string]*follow // by whom it follows
	followers map[string]*follow // by who follows it
	home      []entry
	notes     []Object // its posts
	pinned    []string // ids of posts
}

type follow struct {
	id       string
	activity Object
	state    FollowState
}

// FollowState is what has become of a Follow.
type FollowState string

// The states (F1-F4).
const (
	NotFollowing FollowState = ""
	Requested    FollowState = "requested"
	Accepted     FollowState = "accepted"
	Rejected     FollowState = "rejected"
)

// Actor returns the actor with the user name, and makes it if there is none.
func (s *Server) Actor(name string) *Actor {
	s.mu.Lock()
	a := s.names[strings.ToLower(name)]
	s.mu.Unlock()
	if a != nil {
		return a
	}
	n := s.number()
	return s.newActor(&Actor{Name: name, kind: "Person", path: s.flavour.ActorPath(name, n), number: n})
}

func (s *Server) newActor(a *Actor) *Actor {
	a.s, a.ID = s, s.URL+a.path
	a.Inbox, a.KeyID = a.ID+"/inbox", a.ID+"#main-key"
	if a.path == "/" {
		a.Inbox = s.URL + "/site_inbox"
	}
	if s.flavour.StubKeys {
		a.KeyID = a.ID + "/main-key"
	}
	a.follows, a.followers = map[string]*follow{}, map[string]*follow{}
	index := 0
	if a.kind == "Person" {
		index = 1 + a.number%2
	}
	a.key = Key(s.t, index)
	s.mu.Lock()
	s.actors[a.ID], s.names[strings.ToLower(a.Name)] = a, a
	s.mu.Unlock()
	a.serve()
	return a
}

// Handle returns "@user@host".
func (a *Actor) Handle() string { return "@" + a.Name + "@" + a.s.Host }

// Lock makes follows of the actor wait for AcceptFollow or RejectFollow (F4).
func (a *Actor) Lock() {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.locked = true
}

// Edit changes the actor's document each time it is served or sent.
func (a *Actor) Edit(edit func(Object)) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.edit = edit
}

// Rekey gives the actor another key under the same id, unannounced (H9, SG10).
func (a *Actor) Rekey() {
	key := Key(a.s.t, 3)
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.key = key
}

// Vanish makes the actor, its collections and its WebFinger answer 410 (A8).
func (a *Actor) Vanish() {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.gone = true
}

func (a *Actor) isGone() bool {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return a.gone
}

func (a *Actor) privateKey() *rsa.PrivateKey {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return a.key
}

// Follows returns what has become of the actor's Follow of the target.
func (a *Actor) Follows(target string) FollowState {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if f := a.follows[target]; f != nil {
		return f.state
	}
	return NotFollowing
}

// FollowID returns the id of the actor's latest Follow of the target, or "".
func (a *Actor) FollowID(target string) string {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if f := a.follows[target]; f != nil {
		return f.id
	}
	return ""
}

// FollowedBy returns what has become of the follower's Follow of the actor.
func (a *Actor) FollowedBy(follower string) FollowState {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if f := a.followers[follower]; f != nil {
		return f.state
	}
	return NotFollowing
}

// Timeline returns what the actor's home shows, in the order of arrival.
func (a *Actor) Timeline() []Status {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	var shown []Status
	for _, e := range a.home {
		if status := a.s.statuses[e.status]; status != nil {
			one := *status
			one.BoostedBy = e.boostedBy
			shown = append(shown, one)
		}
	}
	return shown
}

// Likes returns how many like a post of the actor.
func (a *Actor) Likes(note string) int {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return len(a.s.likes[note])
}

// document is the actor's own, of the shape that Mastodon gives (A10).
func (a *Actor) document() (Object, error) {
	pem, err := publicPEM(a.privateKey())
	if err != nil {
		return nil, err
	}
	doc := Object{
		"@context": []any{activityStreams, "https://w3id.org/security/v1"},
		"id":       a.ID, "type": a.kind, "preferredUsername": a.Name,
		"inbox": a.Inbox, "outbox": a.ID + "/outbox", "url": a.s.URL + "/@" + a.Name,
		"publicKey": map[string]any{"id": a.KeyID, "owner": a.ID, "publicKeyPem": pem},
	}
	if a.s.flavour.SharedInbox {
		doc["endpoints"] = map[string]any{"sharedInbox": a.s.URL + "/inbox"}
	}
	if a.s.flavour.NamesItself {
		doc["webfinger"] = a.Name + "@" + a.s.Host
	}
	if a.kind == "Person" {
		for _, name := range []string{"followers", "following", "featured"} {
			doc[name] = a.ID + "/" + name
		}
		doc["name"], doc["summary"] = a.Name, "<p>I test things.</p>"
		doc["published"], doc["discoverable"], doc["indexable"] = "2026-01-01T00:00:00Z", true, true
		doc["attachment"] = []any{map[string]any{"type": "PropertyValue", "name": "Pronouns", "value": "they"}}
	}
	a.s.mu.Lock()
	doc["manuallyApprovesFollowers"] = a.locked
	edit := a.edit
	a.s.mu.Unlock()
	if edit != nil {
		edit(doc)
	}
	return doc, nil
}

// stub is what GoToSocial serves where a key id is a path (H5).
func (a *Actor) stub() (Object, error) {
	doc, err := a.document()
	if err != nil {
		return nil, err
	}
	return Object{
		"@context": doc["@context"], "id": doc["id"], "type": doc["type"],
		"preferredUsername": doc["preferredUsername"], "publicKey": doc["publicKey"],
	}, nil
}

// members returns the ids in one of the actor's collections.
func (a *Actor) members(collection string) []string {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	list := []string{}
	switch collection {
	case "featured":
		list = append(list, a.pinned...)
	case "outbox":
		for _, note := range a.notes {
			list = append(list, note.String("id"))
		}
	case "followers", "following":
		side := a.followers
		if collection == "following" {
			side = a.follows
		}
		for id, f := range side {
			if f.state == Accepted {
				list = append(list, id)
			}
		}
		slices.Sort(list)
	}
	return list
}
