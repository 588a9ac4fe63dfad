package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Activity is the small part of an activity that decides what becomes of it.
type Activity struct {
	ID        string // may be "": Mastodon's Add and Remove have none
	Type      string // the first known one; any other if none is known
	Actor     string // may be "" for types that we do not act on
	Object    Ref    // the first one
	Objects   []Ref  // all of them: a Flag names several
	Target    string
	To, CC    []string
	Content   string // HTML, not sanitised; the reason of a Flag
	Published time.Time
	Updated   time.Time
	Raw       json.RawMessage // the bytes that were read, not a copy
}

// Ref names a thing by its IRI, or embeds it.
type Ref struct {
	ID   string
	Type string          // "" unless embedded
	Raw  json.RawMessage // nil unless embedded

	members object // of Raw, where they were read with what it is embedded in
}

// maxRefs is how many objects of one activity are read: more than a Flag has.
const maxRefs = 100

// maxAudience is how many recipients are read. Public and our own actors are
// looked for among them.
const maxAudience = 1000

// knownActivity reports whether we act on activities of the type.
func knownActivity(t string) bool {
	switch t {
	case "Follow", "Accept", "Reject", "Undo", "Create", "Update", "Delete",
		"Add", "Remove", "Announce", "Like", "EmojiReact", "Flag", "Block", "Move":
		return true
	}
	return false
}

// ParseActivity reads the envelope of an activity. Any JSON object with a type
// is one; everything else may be missing.
func ParseActivity(raw []byte) (*Activity, error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("read activity: %w", err)
	}
	return activityFrom(o, raw)
}

func activityFrom(o object, raw []byte) (*Activity, error) {
	a := &Activity{
		ID: o.iri("id"), Type: o.typeOf(knownActivity), Actor: o.iri("actor"), Target: o.iri("target"),
		To: o.iris("to", maxAudience), CC: o.iris("cc", maxAudience),
		Content:   o.text("content", 5000),
		Published: o.time("published"), Updated: o.time("updated"), Raw: raw,
	}
	if a.Type == "" {
		return nil, errors.New("read activity: its type is missing")
	}
	for _, item := range o.list("object", maxRefs) {
		a.Objects = append(a.Objects, refOf(item))
	}
	if len(a.Objects) > 0 {
		a.Object = a.Objects[0]
	}
	return a, nil
}

// IsPublic reports whether the activity is for everybody.
func (a *Activity) IsPublic() bool {
	return slices.ContainsFunc(a.To, IsPublic) || slices.ContainsFunc(a.CC, IsPublic)
}

// ParseRef reads an item of a collection, or any other value that is an IRI or
// an object.
func ParseRef(raw []byte) (Ref, error) {
	if len(raw) > MaxDocument || Depth(raw) > MaxDepth || !valid(raw) {
		return Ref{}, errors.New("read item: it is too large, too deep or not JSON")
	}
	r := refOf(bytes.TrimSpace(raw))
	if r.ID == "" && r.Raw == nil {
		return Ref{}, errors.New("read item: it is neither an IRI nor an object")
	}
	return r, nil
}

// refOf reads a value that is valid JSON.
func refOf(raw []byte) Ref {
	if raw[0] != '{' {
		return Ref{ID: iriOf(raw)}
	}
	o, err := split(raw)
	if err != nil {
		return Ref{}
	}
	return Ref{ID: o.iri("id"), Raw: raw, Type: o.typeOf(knownObject), members: o}
}

// MovedTo returns where the embedded actor is now, or "".
func (r Ref) MovedTo() string { return r.members.iri("movedTo") }

// Entry is ParseInitiative for an object that an activity embeds. It also tells
// whether the initiative wants to be listed.
func (r Ref) Entry() (i *directory.Initiative, listed bool, err error) {
	o := r.members
	if o == nil || len(r.Raw) > MaxDocument {
		if o, err = parse(r.Raw, MaxDocument); err != nil {
			return nil, false, fmt.Errorf("read initiative: %w", err)
		}
	}
	i, err = initiativeFrom(o)
	return i, o.flag("discoverable"), err
}

// knownObject reports whether objects of the type mean something to us.
func knownObject(t string) bool {
	switch t {
	case "Note", "Tombstone", "Question", "Article", "Event":
		return true
	}
	return knownActor(t) || knownActivity(t)
}
