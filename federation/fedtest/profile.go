package fedtest

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Profile is what the page of an actor shows.
type Profile struct {
	ID, Type    string
	Handle      string // "user@host"
	Name        string
	Note        string // HTML as shown (P5)
	URL         string // of its web page
	Fields      []Field
	Avatar      string
	Header      string
	Published   string
	Bot         bool // A1: Application and Service
	Group       bool
	Locked      bool
	Indexable   bool
	Inbox       string
	SharedInbox string

	Discoverable bool
	AlsoKnownAs  []string
	MovedTo      string

	// From its collections, which only Lookup reads (A5).
	Posts, Followers, Following int
	HidesNetwork                bool // C4
	Pinned                      []Status
	FeaturedTags                []string
}

// Field is a line of a profile.
type Field struct {
	Name  string
	Value string // HTML as shown
	Link  string // the address that rel="me" can verify, or ""
}

// account is another server's actor as it is stored. It is replaced, never
// changed.
type account struct {
	Profile
	doc    Object
	keys   map[string]*rsa.PublicKey // by id
	faults []error                   // rules broken that do not keep it from being stored
}

// inboxFor returns where public activities go (D2).
func (a *account) inboxFor() string {
	if a.SharedInbox != "" {
		return a.SharedInbox
	}
	return a.Inbox
}

// readAccount reads an actor's document. The error says why it is refused (A2).
func (s *Server) readAccount(doc Object) (*account, error) {
	id := doc.String("id")
	var errs []error
	need := func(ok bool, rule, format string, args ...any) {
		if !ok {
			errs = append(errs, broke(rule, "%s: %s", id, fmt.Sprintf(format, args...)))
		}
	}
	need(doc.inActivityStreams(), "A2", "@context lacks %s", activityStreams)
	need(doc.is("Application", "Group", "Organization", "Person", "Service"), "A1", "type %v", doc["type"])
	need(hostOf(id) != "", "A2", "id is not http(s)")
	need(hostOf(doc.ID("inbox")) != "", "A2", "inbox %v", doc["inbox"])
	handle := s.handleOf(doc)
	need(handle != "", "A2", "neither preferredUsername nor webfinger")
	// Misskey wants everything on one host (A2).
	for _, key := range []string{"inbox", "outbox", "followers", "following", "featured", "url", "publicKey"} {
		iri := doc.ID(key)
		need(iri == "" || sameHost(iri, id), "A2", "%s is on another host: %s", key, iri)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a := &account{doc: doc, keys: map[string]*rsa.PublicKey{}}
	a.Profile = Profile{
		ID: id, Type: doc.Types()[0], Handle: handle,
		Name: cut(doc.String("name"), 2048), Note: s.policy.Sanitize(cut(doc.String("summary"), 20480)),
		URL: doc.ID("url"), Published: doc.String("published"),
		Bot: doc.is("Application", "Service"), Group: doc.is("Group"),
		Locked: doc.Bool("manuallyApprovesFollowers"), Discoverable: doc.Bool("discoverable"), Indexable: doc.Bool("indexable"),
		Inbox: doc.ID("inbox"), SharedInbox: doc.Object("endpoints").ID("sharedInbox"),
		AlsoKnownAs: doc.IDs("alsoKnownAs"), MovedTo: doc.ID("movedTo"),
	}
	if a.URL == "" {
		a.URL = id
	}
	a.readKeys()
	a.readPictures()
	a.readFields(s)
	if s.flavour.Strict && len(a.keys) == 0 {
		return nil, errors.Join(append(a.faults, broke("A2", "%s has no key of its own", id))...)
	}
	return a, nil
}

// fault notes a breach of A4 that the actor survives.
func (a *account) fault(format string, args ...any) {
	a.faults = append(a.faults, broke("A4", "%s: %s", a.ID, fmt.Sprintf(format, args...)))
}

// handleOf returns "user@host": webfinger, or preferredUsername at the id's
// host, here with its port (W4). Only who writes webfinger reads it.
func (s *Server) handleOf(doc Object) string {
	if w := strings.TrimPrefix(doc.String("webfinger"), "acct:"); s.flavour.NamesItself && strings.Contains(w, "@") {
		return w
	}
	if user := doc.String("preferredUsername"); user != "" {
		return user + "@" + hostOf(doc.String("id"))
	}
	return ""
}

// readKeys keeps the keys that the actor owns (A4).
func (a *account) readKeys() {
	for i, v := range a.doc.List("publicKey") {
		k := object(v)
		switch key, err := parsePublicPEM(k.String("publicKeyPem")); {
		case i >= 10:
			a.fault("more than 10 keys")
			return
		case k.ID("owner") != a.ID:
			a.fault("key %s has the owner %q", k.String("id"), k.ID("owner"))
		case err != nil:
			a.fault("key %s: %v", k.String("id"), err)
		case key.N.BitLen() < 2048:
			a.fault("key %s has %d bits", k.String("id"), key.N.BitLen())
		default:
			a.keys[k.String("id")] = key
		}
	}
	if len(a.keys) == 0 {
		a.fault("no key")
	}
}

// readPictures keeps those in a format that is shown (A4).
func (a *account) readPictures() {
	for key, to := range map[string]*string{"icon": &a.Avatar, "image": &a.Header} {
		v := first(a.doc[key])
		if v == nil {
			continue
		}
		picture := object(v)
		address := picture.ID("url")
		if picture == nil {
			address = idOf(v)
		}
		if t := picture.String("mediaType"); picture != nil && !shownImage(t) && key == "icon" {
			a.fault("icon of the type %q", t)
			continue
		}
		*to = address
	}
}

func shownImage(mediaType string) bool {
	switch mediaType {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return true
	}
	return false
}

// readFields reads attachment, if it is an array (A4).
func (a *account) readFields(s *Server) {
	list, ok := a.doc["attachment"].([]any)
	if !ok && a.doc["attachment"] != nil {
		a.fault("attachment is no array and is ignored")
	}
	for _, v := range list {
		f := object(v)
		if !f.is("PropertyValue") || len(a.Fields) == 50 {
			continue
		}
		name, value := cut(f.String("name"), 2047), cut(f.String("value"), 2047)
		a.Fields = append(a.Fields, Field{name, s.policy.Sanitize(value), soleLink(value)})
	}
}

// soleLink returns the address of HTML that is one link whose text is its
// address, as the check of rel="me" wants it (A4).
func soleLink(value string) string {
	z := html.NewTokenizer(strings.NewReader(value))
	var href, text string
	for step := 0; ; step++ {
		kind := z.Next()
		token := z.Token()
		switch {
		case step == 0 && kind == html.StartTagToken && token.Data == "a":
			for _, attr := range token.Attr {
				if attr.Key == "href" {
					href = attr.Val
				}
			}
		case step == 1 && kind == html.TextToken:
			text = token.Data
		case step == 2 && kind == html.EndTagToken:
		case step == 3 && kind == html.ErrorToken:
			if text == href && strings.HasPrefix(href, "https://") {
				return href
			}
			return ""
		default:
			return ""
		}
	}
}

func cut(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes])
	}
	return s
}

// parseTime reads the ISO 8601 of posts (P4).
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q", text)
	}
	return t, nil
}
