// Package curation is what people do with the directory: publish, edit and
// withdraw initiatives, import many, post news, choose peers. Each use case is
// one transaction that leaves the entries, the log and the work to be done in
// step. It knows neither HTTP nor SQL.
package curation

import (
	"context"
	"time"

	"github.com/oklog/ulid/v2"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Curator acts on the directory of one instance. It is safe for concurrent use.
type Curator struct {
	store    *store.Store
	instance directory.Instance
	now      func() time.Time
}

// New returns a curator of the instance's directory.
func New(s *store.Store, instance directory.Instance, now func() time.Time) *Curator {
	return &Curator{store: s, instance: instance, now: func() time.Time { return now().UTC().Truncate(time.Microsecond) }}
}

// NewID returns an id that is unique and sorts by time.
func NewID(now time.Time) string {
	return ulid.MustNewDefault(now).String()
}

// The kinds of job that use cases leave for the federation's workers.
const (
	PushJob     = "push"     // send what is new in the log to followers and peers
	PostJob     = "post"     // send a post; key: the change, a blank and its id; payload: its id
	MentionJob  = "mention"  // find whom a post names, then leave its PostJob; key and payload as there
	FollowJob   = "follow"   // find and follow a peer; key: its host
	UnfollowJob = "unfollow" // undo the Follow of a peer; key: its host, payload: a PeerFarewell
	PartingJob  = "parting"  // forget a peer that closed for good; key: its host
	SyncJob     = "sync"     // read what is new at a peer; key: its host
	VisitJob    = "visit"    // read whom peers list, and look at who is new; key: one peer's host, or "" for a few
	AskJob      = "ask"      // ask a peer what came to it of late
	PassJob     = "pass"     // pass on to peers what came from others
	DoubtJob    = "doubt"    // ask an origin about what was not proved; key: its host
	RepairJob   = "repair"   // compare what is carried from a peer with what it has; key: its host
	CloseJob    = "close"    // tell everyone that this instance ends
	PictureJob  = "picture"  // remove a picture unless anything has it; key: its file
	MoveJob     = "move"     // see whether a carried initiative moved; key: its id, payload: the id it has now
)

// The changes of a PostJob. Each is a job of its own: an edit does not replace the
// post that nobody has seen yet.
const (
	PostCreated = "create"
	PostEdited  = "update"
	PostDeleted = "delete"
	PostPinned  = "pin" // or not any more
)

// change is Store.Change for what an instance does that is not closed for good;
// else it fails with a *directory.ClosedError.
func (c *Curator) change(ctx context.Context, f func(tx *store.Store) error) error {
	return c.store.Change(ctx, func(tx *store.Store) error {
		if err := open(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// open returns a *directory.ClosedError if the directory is closed for good.
func open(ctx context.Context, tx *store.Store) error {
	since, err := tx.Closed(ctx)
	if err != nil || since.IsZero() {
		return err
	}
	return &directory.ClosedError{Since: since}
}

// queuePost leaves a PostJob in the transaction.
func (c *Curator) queuePost(ctx context.Context, tx *store.Store, change, id string) error {
	return c.queue(ctx, tx, PostJob, change+" "+id, id)
}

// queue leaves a job in the transaction, to be done at once.
func (c *Curator) queue(ctx context.Context, tx *store.Store, kind, key, payload string) error {
	now := c.now()
	return tx.PutJob(ctx, &directory.Job{ID: NewID(now), Kind: kind, Key: key, Payload: payload, Created: now}, now)
}
