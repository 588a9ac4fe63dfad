package federation

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// reaction acts on one activity from a verified actor, in a transaction. It
// loads what the activity names, sees whether the actor may, changes, and
// queues an answer. It is idempotent, as any activity may come twice or late.
type reaction func(ctx context.Context, tx *store.Store, in incoming) error

// incoming is an activity to act on.
type incoming struct {
	*vocab.Activity
	from  string // the actor who signed
	inbox string // whose inbox it came to; "" for the shared one
	at    time.Time

	note *note // what a Create brings, or nil

	*batch // that it is in
}

// reactions is what this instance acts on. Everything else is taken and
// forgotten: other servers stop sending to who answers with errors.
func (s *Server) reactions() map[string]reaction {
	return map[string]reaction{
		"Follow": s.onFollow,
		"Accept": s.onAccept,
		"Reject": s.onReject,
		"Undo":   s.onUndo,
		"Block":  s.onBlock,
		"Add":    s.onAdd,
		"Update": s.onUpdate,
		"Remove": s.onRemove,
		"Delete": s.onDelete,

		"Create":     s.onCreate,
		"Like":       s.onReaction,
		"EmojiReact": s.onReaction,
		"Announce":   s.onAnnounce,
		"Flag":       s.onFlag,
		"Move":       s.onMove,
	}
}

// todo is a received activity and what is done about it.
type todo struct {
	*directory.Received
	activity *vocab.Activity
	react    reaction // nil for nothing
	note     *note    // what a Create brings, or nil
	err      error    // why it could not be read
}

// read finds out what a received activity asks for.
func (s *Server) read(r *directory.Received) todo {
	a, err := vocab.ParseActivity(r.Body)
	if err != nil {
		return todo{Received: r, err: fmt.Errorf("act on %s: %w", r.ID, err)}
	}
	t := todo{Received: r, activity: a}
	if a.Actor == r.Signer {
		t.react = s.reactions()[a.Type]
	}
	if t.react != nil && a.Type == "Create" {
		t.note = noteOf(a, r.Signer)
	}
	return t
}

// readAll is read for many, on all processors: nothing waits for the database.
func (s *Server) readAll(batch []directory.Received) []todo {
	list := make([]todo, len(batch))
	var reading errgroup.Group
	reading.SetLimit(runtime.GOMAXPROCS(0))
	const each = 16
	for from := 0; from < len(batch); from += each {
		reading.Go(func() error {
			for k := from; k < min(from+each, len(batch)); k++ {
				list[k] = s.read(&batch[k])
			}
			return nil
		})
	}
	_ = reading.Wait() //nolint:errcheck // none fails
	return list
}

// light reports whether acting on it changes no entries, so that nobody waits for
// a transaction in which more is done.
func (t *todo) light() bool {
	if t.err != nil {
		return false
	}
	switch t.activity.Type {
	case "Add", "Update", "Remove", "Delete", "Move", "Reject", "Block":
		return t.react == nil
	}
	return !passesOn(t.activity)
}

// act does what a received activity asks for.
func (s *Server) act(ctx context.Context, b *batch, t *todo) error {
	if t.err != nil {
		return t.err
	}
	if t.react == nil || b.blocks.Blocked(t.Signer) { // since it came
		return nil
	}
	return t.react(ctx, b.tx, incoming{Activity: t.activity, from: t.Signer, inbox: t.Inbox, at: t.Received.Received, note: t.note, batch: b})
}

// acted logs what was done.
func (s *Server) acted(ctx context.Context, t *todo) {
	if t.react == nil {
		s.Log.InfoContext(ctx, "activity ignored", "activity", t.activity.ID, "type", t.activity.Type, "actor", t.Signer)
		return
	}
	s.Log.DebugContext(ctx, "activity done", "activity", t.activity.ID, "type", t.activity.Type, "actor", t.Signer)
}

// onFollow accepts whoever wants to follow an actor of ours.
func (s *Server) onFollow(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	ours, err := s.followable(ctx, tx, in.Object.ID)
	if err == nil && !ours {
		return s.onRequest(ctx, tx, in)
	}
	if err != nil {
		return err
	}
	undone, err := in.hasDeparted(ctx, in.ID, in.from)
	if err == nil && undone { // once: the next one may have the same id
		return in.forgetDeparted(ctx, in.ID, in.from)
	}
	if err != nil {
		return err
	}
	from, err := in.actor(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) {
		return nil // forgotten since it was verified
	}
	if err != nil {
		return err
	}
	// permit
	refused, err := s.refuses(ctx, tx, from, in.Object.ID)
	if err != nil {
		return err
	}
	if refused {
		return s.rejectFollow(ctx, tx, in, in.Object.ID, from.Inbox)
	}
	// change
	follower := &directory.Follower{
		ActorID: in.from, ObjectID: in.Object.ID, FollowID: in.ID, Inbox: from.Inbox,
		Delivery: from.DeliveryInbox(), Peer: from.Directory && in.Object.ID == s.Instance.DirectoryID(), Since: s.Now(),
	}
	if err := tx.PutFollower(ctx, follower); err != nil {
		return err
	}
	if _, err := tx.RemoveBlocker(ctx, in.from, in.Object.ID); err != nil { // whose Undo was lost
		return err
	}
	if follower.Peer {
		if err := s.noteFollower(ctx, tx, from); err != nil {
			return err
		}
	}
	// answer
	return s.acceptFollow(ctx, tx, in, in.Object.ID, from.Inbox)
}

// acceptFollow queues the Accept of a Follow by an actor of ours.
func (s *Server) acceptFollow(ctx context.Context, tx *store.Store, in incoming, actor, inbox string) error {
	e := vocab.Envelope{ID: actor + "/accepts/" + s.newID(), Actor: actor, To: []string{in.from}}
	body, err := s.proven(e)(vocab.Accept(e, in.Raw))
	return s.answer(ctx, tx, e, body, err, inbox)
}

// rejectFollow queues the Reject of a Follow by an actor of ours.
func (s *Server) rejectFollow(ctx context.Context, tx *store.Store, in incoming, actor, inbox string) error {
	e := vocab.Envelope{ID: actor + "/rejects/" + s.newID(), Actor: actor, To: []string{in.from}}
	body, err := s.proven(e)(vocab.Reject(e, in.Raw))
	return s.answer(ctx, tx, e, body, err, inbox)
}

// answer queues an activity for one inbox.
func (s *Server) answer(ctx context.Context, tx *store.Store, e vocab.Envelope, body []byte, err error, inbox string) error {
	if err != nil {
		return err
	}
	out := store.Outgoing{ActivityID: e.ID, ActorID: e.Actor, Body: body, Inboxes: []string{inbox}}
	return tx.PutDeliveries(ctx, out, s.Now(), s.newID)
}

// followable reports whether the id is of an actor of ours that may be followed. A
// directory that is closed is gone: nobody could verify what it answers.
func (s *Server) followable(ctx context.Context, tx *store.Store, id string) (bool, error) {
	switch id {
	case s.Instance.ActorID():
		return true, nil
	case s.Instance.DirectoryID():
		since, err := tx.Closed(ctx)
		return since.IsZero(), err
	}
	handle := s.Instance.Handle(id)
	if handle == "" {
		return false, nil
	}
	_, err := s.ownActor(ctx, tx, handle)
	if errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrGone) {
		return false, nil
	}
	return err == nil, err
}

// refuses reports whether a Follow is rejected: nobody follows the instance
// actor or who moved away, and with an allowlist only instances on it follow the
// directory.
func (s *Server) refuses(ctx context.Context, tx *store.Store, from *directory.RemoteActor, object string) (bool, error) {
	if object == s.Instance.ActorID() {
		return true, nil
	}
	if handle := s.Instance.Handle(object); handle != "" {
		i, err := s.ownActor(ctx, tx, handle)
		return err == nil && i.State == directory.Moved, err
	}
	if !s.Allowlist || !from.Directory || object != s.Instance.DirectoryID() {
		return false, nil
	}
	if blocks, err := tx.Blocks(ctx); err != nil || blocks.Of(from.ID) == directory.Allowed {
		return false, err
	}
	p, err := tx.Peer(ctx, directory.HostOf(from.ID))
	if errors.Is(err, directory.ErrNotFound) {
		return true, nil
	}
	return err == nil && !p.Wanted, err
}

// noteFollower remembers that a peer follows our directory.
func (s *Server) noteFollower(ctx context.Context, tx *store.Store, from *directory.RemoteActor) error {
	host := directory.HostOf(from.ID)
	p, err := tx.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) {
		p, err = &directory.Peer{Host: host, Added: s.Now()}, nil
	}
	if err != nil {
		return err
	}
	p.FollowsUs, p.LastContact = true, s.Now()
	if !p.Wanted || p.ActorID == "" {
		// Whom the operator chose, and we looked up, nobody replaces by asking.
		p.ActorID, p.Inbox = from.ID, from.Inbox
	}
	if p.Name == "" {
		p.Name = from.Name
	}
	if err := tx.PutPeer(ctx, p); err != nil {
		return err
	}
	if p.Wanted {
		return s.peering.AskAgain(ctx, tx, from.ID)
	}
	return s.peering.Introduce(ctx, tx, host)
}

// onUndo takes back a Follow, a Block, a like or a share: by what it was of where that is
// said, as the id may be one that we never saw (INTEROP F5), and else by its id.
func (s *Server) onUndo(ctx context.Context, tx *store.Store, in incoming) error {
	undone, err := vocab.ParseActivity(in.Object.Raw)
	switch {
	case err != nil || undone.Object.ID == "": // no more than an id
		return s.undoID(ctx, tx, in)
	case undone.Type == "Follow":
		return s.undoFollow(ctx, tx, in, undone)
	case undone.Type == "Block":
		return s.undoBlock(ctx, tx, in, undone)
	case reactionKind(undone.Type) != "":
		return s.undoReaction(ctx, tx, in, undone)
	}
	return nil
}

// undoID takes back whatever the activity with the id did, or remembers not to do
// it when it comes.
func (s *Server) undoID(ctx context.Context, tx *store.Store, in incoming) error {
	object, err := tx.RemoveFollowID(ctx, in.from, in.Object.ID)
	if err != nil {
		return err
	}
	if object == s.Instance.DirectoryID() {
		return s.peerLeft(ctx, tx, in.from)
	}
	ended, err := tx.RemoveBlockID(ctx, in.from, in.Object.ID)
	if err == nil && ended {
		return s.peering.AskAgain(ctx, tx, in.from)
	}
	if err != nil {
		return err
	}
	found, err := tx.RemoveReactionID(ctx, in.from, in.Object.ID)
	if err != nil || found || object != "" || in.Object.ID == "" {
		return err
	}
	return in.noteDeparted(ctx, in.Object.ID, in.from)
}

// undoFollow ends that the signer follows an actor of ours, or remembers not to
// begin it when the Follow comes after its Undo.
func (s *Server) undoFollow(ctx context.Context, tx *store.Store, in incoming, follow *vocab.Activity) error {
	removed, err := tx.RemoveFollower(ctx, in.from, follow.Object.ID)
	switch {
	case err != nil:
		return err
	case !removed && follow.ID != "":
		return in.noteDeparted(ctx, follow.ID, in.from)
	case removed && follow.Object.ID == s.Instance.DirectoryID():
		return s.peerLeft(ctx, tx, in.from)
	}
	return nil
}

// peerLeft notes that a peer does not follow our directory any more.
func (s *Server) peerLeft(ctx context.Context, tx *store.Store, actor string) error {
	err := tx.UpdatePeer(ctx, directory.HostOf(actor), func(p *directory.Peer) error {
		p.FollowsUs = p.FollowsUs && p.ActorID != actor
		return nil
	})
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	return err
}

// onAccept notes that a peer lets us follow its directory, and reads it.
func (s *Server) onAccept(ctx context.Context, tx *store.Store, in incoming) error {
	return s.settleFollow(ctx, tx, in, directory.PeerFollowing)
}

// onReject notes that a peer does not let us follow its directory, now or any
// more.
func (s *Server) onReject(ctx context.Context, tx *store.Store, in incoming) error {
	return tx.Change(ctx, func(tx *store.Store) error { return s.settleFollow(ctx, tx, in, directory.PeerRefused) })
}

// settleFollow finds the peer by who answered: of our Follow, servers send back
// the id or a copy, and not always the right one (INTEROP F2).
func (s *Server) settleFollow(ctx context.Context, tx *store.Store, in incoming, state directory.PeerState) error {
	if ours, err := settleUpstream(ctx, tx, in, state); err != nil || ours {
		return err
	}
	host := directory.HostOf(in.from)
	p, err := tx.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && (p.ActorID != in.from || !p.Wanted) {
		return nil
	}
	if err != nil || !s.answersOurs(in, p) {
		return err
	}
	p.State, p.LastContact, p.LastError = state, s.Now(), ""
	if state == directory.PeerRefused {
		return s.peering.Refused(ctx, tx, p,
			"It refused our request to follow its directory. Ask its operator to add "+s.Instance.Host+".")
	}
	if err := tx.PutPeer(ctx, p); err != nil {
		return err
	}
	if err := tx.DropJob(ctx, curation.FollowJob, host); err != nil { // to ask again without an answer
		return err
	}
	if err := s.peering.VisitSoon(ctx, tx, host); err != nil {
		return err
	}
	return tx.PutJob(ctx, &directory.Job{ID: s.newID(), Kind: curation.SyncJob, Key: host, Created: s.Now()}, s.Now())
}

// answersOurs reports whether an Accept or Reject is about our Follow.
func (s *Server) answersOurs(in incoming, p *directory.Peer) bool {
	if in.Object.ID == p.FollowID {
		return true
	}
	follow, err := vocab.ParseActivity(in.Object.Raw)
	return err == nil && follow.Type == "Follow" && follow.Actor == s.Instance.DirectoryID()
}
