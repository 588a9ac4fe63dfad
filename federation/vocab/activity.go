package vocab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-fed/activity/streams"
	govocab "github.com/go-fed/activity/streams/vocab"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is what every activity of ours has: who does it, and for whom.
type Envelope struct {
	ID        string // unique; made by the caller
	Actor     string
	To, CC    []string
	Published time.Time // zero: not said
	Item      bool      // of a LogPage, whose context it has: it brings none
}

// activityType is any of go-fed's activity types.
type activityType interface {
	govocab.Type
	SetActivityStreamsActor(govocab.ActivityStreamsActorProperty)
	SetActivityStreamsTo(govocab.ActivityStreamsToProperty)
	SetActivityStreamsCc(govocab.ActivityStreamsCcProperty)
}

// write returns the activity with its object: an IRI, fields, or a document
// that is embedded as it is, with the context it brings.
func (e Envelope) write(t activityType, context string, extra fields) (json.RawMessage, error) {
	if e.ID == "" || e.Actor == "" || extra["object"] == "" {
		return nil, fmt.Errorf("write %s %q by %q: its id, actor or object is missing", t.GetTypeName(), e.ID, e.Actor)
	}
	setID(t, e.ID)
	t.SetActivityStreamsActor(many(streams.NewActivityStreamsActorProperty(), e.Actor))
	if len(e.To) > 0 {
		t.SetActivityStreamsTo(many(streams.NewActivityStreamsToProperty(), e.To...))
	}
	if len(e.CC) > 0 {
		t.SetActivityStreamsCc(many(streams.NewActivityStreamsCcProperty(), e.CC...))
	}
	setTime(extra, "published", e.Published)
	if e.Item {
		context = ""
	}
	return document(t, context, extra)
}

// embed returns a document as this package wrote it for being a part of the activity.
func (e Envelope) embed(document json.RawMessage) (verbatim, error) {
	if !e.Item {
		return verbatim(document), nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(document))
	for range 2 { // its brace and the name of the context
		if _, err := d.ReadToken(); err != nil {
			return nil, fmt.Errorf("embed a document: %w", err)
		}
	}
	if err := d.SkipValue(); err != nil {
		return nil, fmt.Errorf("embed a document: %w", err)
	}
	rest := document[d.InputOffset()+1:] // what follows the comma
	return append(verbatim("{"), rest...), nil
}

// Follow returns a Follow of the object.
func Follow(e Envelope, object string) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsFollow(), provedContext, fields{"object": object})
}

// Accept returns an Accept of a Follow, which is embedded as it was received:
// other servers find their request by it. e.To should be the follower.
func Accept(e Envelope, follow json.RawMessage) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsAccept(), provedContext, fields{"object": follow})
}

// Reject returns a Reject of a Follow, which is embedded as it was received. It
// also ends a following that was accepted before.
func Reject(e Envelope, follow json.RawMessage) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsReject(), provedContext, fields{"object": follow})
}

// Undo returns an Undo of an activity of ours, which is embedded as it was sent.
func Undo(e Envelope, activity json.RawMessage) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsUndo(), provedContext, fields{"object": activity})
}

// Create returns a Create of a note, for the note's audience, at its date.
func Create(e Envelope, n Note) (json.RawMessage, error) {
	if e.Published.IsZero() {
		e.Published = n.Published
	}
	return e.writeNote(streams.NewActivityStreamsCreate(), n)
}

// UpdateNote returns an Update of a note, for the note's audience.
func UpdateNote(e Envelope, n Note) (json.RawMessage, error) {
	return e.writeNote(streams.NewActivityStreamsUpdate(), n)
}

func (e Envelope) writeNote(t activityType, n Note) (json.RawMessage, error) {
	n = n.addressed()
	e.To, e.CC = n.To, n.CC
	object, err := n.fields()
	if err != nil {
		return nil, err
	}
	return e.write(t, n.context(), fields{"object": object})
}

// UpdateActor returns an Update of an actor by itself, its document embedded as
// this package wrote it.
func UpdateActor(e Envelope, actor json.RawMessage) (json.RawMessage, error) {
	object, err := e.embed(actor)
	if err != nil {
		return nil, err
	}
	return e.write(streams.NewActivityStreamsUpdate(), provedContext, fields{"object": object})
}

// DeleteNote returns a Delete of a note, replaced by a Tombstone.
func DeleteNote(e Envelope, note string) (json.RawMessage, error) {
	tombstone, err := tombstoneFields(note, "", time.Time{})
	if err != nil {
		return nil, err
	}
	return e.write(streams.NewActivityStreamsDelete(), provedContext, fields{"object": tombstone})
}

// DeleteActor returns a Delete of an actor by itself.
func DeleteActor(e Envelope) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsDelete(), provedContext, fields{"object": e.Actor})
}

// Add returns an Add of a whole document to a collection, embedded as this
// package wrote it.
func Add(e Envelope, object json.RawMessage, target string) (json.RawMessage, error) {
	added, err := e.embed(object)
	if err != nil {
		return nil, err
	}
	return e.write(streams.NewActivityStreamsAdd(), provedContext, fields{"object": added, "target": target})
}

// Remove returns a Remove of the object from a collection.
func Remove(e Envelope, object, target string) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsRemove(), provedContext, fields{"object": object, "target": target})
}

// RemoveMoved is Remove for an actor that is elsewhere now, which the object says:
// so whoever passes the activity on tells of the move too.
func RemoveMoved(e Envelope, actor, movedTo, target string) (json.RawMessage, error) {
	object := fields{"id": actor, "type": "Organization", "movedTo": movedTo}
	return e.write(streams.NewActivityStreamsRemove(), movedContext, fields{"object": object, "target": target})
}

// Announce returns an Announce of the object by its IRI.
func Announce(e Envelope, object string) (json.RawMessage, error) {
	return e.write(streams.NewActivityStreamsAnnounce(), provedContext, fields{"object": object})
}

// AnnounceAll returns an Announce of whole activities, embedded as their actors
// wrote them.
func AnnounceAll(e Envelope, activities []json.RawMessage) (json.RawMessage, error) {
	if len(activities) == 0 {
		return nil, fmt.Errorf("write Announce %s: it has no activities", e.ID)
	}
	return e.write(streams.NewActivityStreamsAnnounce(), provedContext, fields{"object": written(activities)})
}

// Brief returns an activity that only names its object, for lists of what
// changed.
func Brief(activityType string, e Envelope, object string) (json.RawMessage, error) {
	f := fields{"type": activityType, "id": e.ID, "actor": e.Actor, "object": object}
	setTime(f, "published", e.Published)
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", activityType, e.ID, err)
	}
	return raw, nil
}

// Move returns a Move of the actor itself to where it is now.
func Move(e Envelope, target string) (json.RawMessage, error) {
	if target == "" {
		return nil, fmt.Errorf("write Move of %s: its target is missing", e.Actor)
	}
	return e.write(streams.NewActivityStreamsMove(), provedContext, fields{"object": e.Actor, "target": target})
}

// Tombstone returns the document that answers, with status 410, for what was
// withdrawn. formerType is what it was, such as "Organization".
func Tombstone(id, formerType string, deleted time.Time) (json.RawMessage, error) {
	f, err := tombstoneFields(id, formerType, deleted)
	if err != nil {
		return nil, err
	}
	return encode(f, basicContext)
}

func tombstoneFields(id, formerType string, deleted time.Time) (fields, error) {
	t := streams.NewActivityStreamsTombstone()
	setID(t, id)
	if formerType != "" {
		t.SetActivityStreamsFormerType(text(streams.NewActivityStreamsFormerTypeProperty(), formerType))
	}
	f, err := plain(t)
	if err == nil {
		setTime(f, "deleted", deleted)
	}
	return f, err
}
