package directory

import "time"

// RemoteActor is what we keep of an actor on another server.
type RemoteActor struct {
	ID          string
	Type        string
	Handle      string // preferredUsername
	Name        string
	URL         string // its page
	Icon        string // address of its picture, which is not fetched
	Inbox       string
	SharedInbox string // "" if it has none
	KeyID       string
	KeyPEM      string
	ProofKeys   []ProofKey // its Ed25519 keys
	Directory   bool       // it publishes an instance's directory
	Fetched     time.Time
}

// ProofKey is a public key with which an actor makes integrity proofs.
type ProofKey struct {
	ID        string `json:"id"`
	Multibase string `json:"key"` // "z6Mk...", FEP-521a
}

// Acct returns "user@host", with the host of the actor's id.
func (a *RemoteActor) Acct() string { return a.Handle + "@" + HostOf(a.ID) }

// DeliveryInbox returns the inbox that public activities go to.
func (a *RemoteActor) DeliveryInbox() string {
	if a.SharedInbox != "" {
		return a.SharedInbox
	}
	return a.Inbox
}

// Author returns the actor as the author of what it writes. Its page counts only
// if it is on its own host.
func (a *RemoteActor) Author() Author {
	by := Author{ID: a.ID, Acct: a.Acct(), Name: a.Name, URL: a.URL, Icon: a.Icon}
	if HostOf(a.URL) != HostOf(a.ID) {
		by.URL = a.ID
	}
	return by
}

// Follower is somebody elsewhere who follows one of our actors.
type Follower struct {
	ActorID  string // the one who follows
	ObjectID string // our actor
	FollowID string // of the latest Follow activity
	Inbox    string // personal
	Delivery string // shared inbox if there is one, else personal
	Peer     bool   // a directory actor that wants Add and Remove
	Since    time.Time
}

// Key is a key pair of this instance.
type Key struct {
	ID      string // sortable by time
	Kind    KeyKind
	Private string // PKCS #8, PEM
	Public  string // SPKI, PEM
	Created time.Time
	Pending bool      // made, and neither shown nor used yet
	Retired time.Time // zero while in use
}

// KeyKind is the algorithm of a key.
type KeyKind string

// The kinds of keys: RSA signs HTTP requests, Ed25519 makes integrity proofs.
const (
	RSA     KeyKind = "rsa"
	Ed25519 KeyKind = "ed25519"
)

// Received is an activity that came to an inbox, verified and not yet acted on.
type Received struct {
	ID       string // ours, sortable by time
	Signer   string // id of the actor whose key signed the request
	Inbox    string // id of the actor whose inbox it came to; "" for the shared one
	Body     []byte // exactly as received
	Received time.Time
	Tries    int
}

// Delivery is one activity on its way to one inbox.
type Delivery struct {
	ID         string
	ActivityID string
	ActorID    string // who signs
	KeyID      string // of the stored key that signs it; "" for the one in use
	Inbox      string
	Host       string
	Body       []byte
	Tries      int
	Created    time.Time
	Probe      bool // the host failed: this finds out whether it is well
}

// Job is a piece of work that survives a crash. At most one job waits for each
// kind and key.
type Job struct {
	ID      string
	Kind    string
	Key     string
	Payload string
	Tries   int
	Created time.Time
}

// Change is one line of the directory's log: the latest change of an own entry.
type Change struct {
	Position   int64 // grows with every change; never reused
	Type       ChangeType
	Initiative Initiative
}

// ChangeType is what happened to an entry.
type ChangeType string

// The changes.
const (
	Added   ChangeType = "add"
	Edited  ChangeType = "update"
	Removed ChangeType = "remove"
)
