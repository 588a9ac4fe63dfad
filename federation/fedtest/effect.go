package fedtest

import (
	"slices"
	"time"
)

// burial keeps a deleted post from being created again (P2, D10).
type burial struct {
	at      time.Time
	forever bool
}

// entry is a line of a home timeline.
type entry struct{ status, by, boostedBy, announce string }

// apply does what an activity asks for. The error says why nothing came of it.
func (s *Server) apply(d *Delivery) error {
	if d.Actor != d.Signer {
		return broke("S2", "%s by %s is signed by %s", d.Type, d.Actor, d.Signer)
	}
	effects := map[string]func(*Delivery) error{
		"Follow": s.followed, "Accept": s.accepted, "Reject": s.rejected, "Undo": s.undone, "Block": s.blockedBy,
		"Create": s.created, "Update": s.updated, "Delete": s.deleted, "Announce": s.announced, "Like": s.liked,
		"Add": s.added, "Remove": s.removed, "Move": s.moved,
	}
	if effect := effects[d.Type]; effect != nil {
		return effect(d)
	}
	return broke("P14", "nothing is done about %s", d.Type)
}

// local returns one of the server's own actors, or nil.
func (s *Server) local(id string) *Actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actors[id]
}

// followed answers a Follow: with an Accept, with nothing while a person
// decides, with a Reject for the instance actor (F4).
func (s *Server) followed(d *Delivery) error {
	target := s.local(d.Object)
	if target == nil {
		return broke("F4", "%s is nobody here", d.Object)
	}
	s.mu.Lock()
	target.followers[d.Signer] = &follow{id: d.ID, activity: d.Activity, state: Requested}
	locked := target.locked
	s.mu.Unlock()
	switch {
	case target == s.instance && s.flavour.Aloof:
		s.work.Go(func() { target.RejectFollow(d.Signer) })
	case !locked:
		s.work.Go(func() { target.AcceptFollow(d.Signer) })
	}
	return nil
}

// requested finds the Follow of ours that an Accept or Reject is about: by its
// id, or by who follows whom in an embedded Follow (F2).
func (s *Server) requested(d *Delivery) *follow {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.actors {
		if f := a.follows[d.Signer]; f != nil && f.id == d.Object {
			return f
		}
	}
	embedded := object(d.Activity["object"])
	if a := s.actors[embedded.ID("actor")]; a != nil && embedded.is("Follow") {
		return a.follows[d.Signer]
	}
	return nil
}

func (s *Server) accepted(d *Delivery) error {
	f := s.requested(d)
	if f == nil {
		return broke("F2", "%s was asked for no such Follow: %s", d.Signer, d.Object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.state = Accepted
	return nil
}

// rejected also ends a Follow that was accepted before (F4).
func (s *Server) rejected(d *Delivery) error {
	f := s.requested(d)
	if f == nil {
		return broke("F4", "%s was asked for no such Follow: %s", d.Signer, d.Object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.state = Rejected
	s.dropEntries(func(e entry) bool { return !s.followsAny(e.by) })
	return nil
}

// undone finds what is undone by its kind, actor and object where it is
// embedded, and by its id otherwise (F5).
func (s *Server) undone(d *Delivery) error {
	what := object(d.Activity["object"])
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, a := range s.actors {
		if f := a.followers[d.Signer]; f != nil && (f.id == d.Object || (what.is("Follow") && what.ID("object") == a.ID)) {
			delete(a.followers, d.Signer)
			found = true
		}
	}
	if what.is("Like") && s.likes[what.ID("object")][d.Signer] {
		delete(s.likes[what.ID("object")], d.Signer)
		found = true
	}
	found = s.dropEntries(func(e entry) bool {
		return e.boostedBy == d.Signer && (e.announce == d.Object || (what.is("Announce") && e.status == what.ID("object")))
	}) || found
	if !found {
		return broke("F5", "nothing to undo in %s", d.Object)
	}
	return nil
}

// blockedBy ends follows in both directions (F8).
func (s *Server) blockedBy(d *Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.actors[d.Object]
	if a == nil {
		return broke("F8", "%s is nobody here", d.Object)
	}
	delete(a.follows, d.Signer)
	delete(a.followers, d.Signer)
	return nil
}

// created takes a post in if somebody here has to do with it (P1, P2).
func (s *Server) created(d *Delivery) error {
	doc := object(d.Activity["object"])
	if !sameHost(d.Object, d.Signer) {
		return broke("S3", "%s creates %q of another host", d.Signer, d.Object)
	}
	if s.Status(d.Object) != nil {
		return broke("P2", "%s is here already", d.Object)
	}
	if s.isBuried(d.Object) {
		return broke("P2", "%s was deleted", d.Object)
	}
	if doc == nil {
		var err error
		if doc, err = s.fetchNamed(s.ctx, d.Object); err != nil {
			return err
		}
	}
	if !s.concerns(d.Activity, doc) {
		return broke("P1", "nobody here follows %s, is addressed or replied to", d.Signer)
	}
	status, err := s.readStatus(doc, d.from)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[status.ID] = status
	if status.Visibility != "direct" {
		s.show(entry{status: status.ID, by: d.Signer})
	}
	return nil
}

// concerns is the gate of P1.
func (s *Server) concerns(activity, doc Object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	audience := slices.Concat(doc.IDs("to"), doc.IDs("cc"), activity.IDs("to"), activity.IDs("cc"))
	if slices.ContainsFunc(audience, func(id string) bool { return s.actors[id] != nil }) {
		return true
	}
	original := s.statuses[doc.ID("inReplyTo")]
	return s.followsAny(activity.ID("actor")) || (original != nil && s.actors[original.Author] != nil)
}

// followsAny reports whether an actor here follows the id. The lock is held.
func (s *Server) followsAny(id string) bool {
	for _, a := range s.actors {
		if f := a.follows[id]; f != nil && f.state == Accepted {
			return true
		}
	}
	return false
}

// show puts an entry in the timelines of who follows its author or booster.
// The lock is held.
func (s *Server) show(e entry) {
	for _, a := range s.actors {
		if f := a.follows[e.by]; f != nil && f.state == Accepted {
			a.home = append(a.home, e)
		}
	}
}

// dropEntries takes entries out of all timelines. The lock is held.
func (s *Server) dropEntries(drop func(entry) bool) bool {
	found := false
	for _, a := range s.actors {
		before := len(a.home)
		a.home = slices.DeleteFunc(a.home, drop)
		found = found || len(a.home) < before
	}
	return found
}

// isBuried reports whether a post was deleted for good, or within six hours.
func (s *Server) isBuried(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, found := s.buried[id]
	return found && (b.forever || s.now().Sub(b.at) < 6*time.Hour)
}

// updated is about the signer itself or about a post of its own (P11).
func (s *Server) updated(d *Delivery) error {
	doc := object(d.Activity["object"])
	if d.Object == d.Signer {
		a, err := s.readAccount(doc)
		if err != nil {
			return err
		}
		s.renew(a)
		return nil
	}
	if doc.is("Application", "Group", "Organization", "Person", "Service") {
		return broke("P11", "%s updates the actor %s", d.Signer, d.Object)
	}
	old := s.Status(d.Object)
	if old == nil {
		if at, err := parseTime(doc.String("updated")); err != nil || s.now().Sub(at) > 24*time.Hour {
			return broke("P11", "%s is not known, and its update is from %q", d.Object, doc.String("updated"))
		}
		return s.created(d)
	}
	if old.Author != d.Signer || !sameHost(d.Object, d.Signer) {
		return broke("P11", "%s updates %s, which is by %s", d.Signer, d.Object, old.Author)
	}
	status, err := s.readStatus(doc, d.from)
	if err != nil {
		return err
	}
	if !status.Edited.After(old.Edited) {
		return broke("P11", "%s: updated is %q, which is not newer", d.Object, doc.String("updated"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[status.ID] = status
	return nil
}

// deleted removes the signer or a post of its own, and remembers (P12).
func (s *Server) deleted(d *Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Object == d.Signer {
		delete(s.accounts, d.Signer)
		for _, a := range s.actors {
			delete(a.follows, d.Signer)
			delete(a.followers, d.Signer)
		}
		for id, status := range s.statuses {
			if status.Author == d.Signer {
				delete(s.statuses, id)
			}
		}
		s.dropEntries(func(e entry) bool { return s.statuses[e.status] == nil || e.by == d.Signer })
		return nil
	}
	if !sameHost(d.Object, d.Signer) {
		return broke("S3", "%s deletes %q of another host", d.Signer, d.Object)
	}
	status := s.statuses[d.Object]
	if status != nil && status.Author != d.Signer {
		return broke("P12", "%s deletes %s, which is by %s", d.Signer, d.Object, status.Author)
	}
	s.buried[d.Object] = burial{at: s.now(), forever: status != nil}
	if status == nil {
		return broke("D10", "%s is not here; it cannot come for six hours", d.Object)
	}
	delete(s.statuses, d.Object)
	s.dropEntries(func(e entry) bool { return e.status == d.Object })
	return nil
}

// announced fetches the post and shows it to the booster's followers (P14).
func (s *Server) announced(d *Delivery) error {
	s.mu.Lock()
	original := s.statuses[d.Object]
	mine := original != nil && s.actors[original.Author] != nil
	relevant := mine || s.followsAny(d.Signer)
	s.mu.Unlock()
	if !relevant {
		return broke("P1", "nobody here follows %s", d.Signer)
	}
	if s.local(d.Object) != nil || s.known(d.Object) != nil {
		return broke("P14", "%s is an actor", d.Object)
	}
	status, err := s.fetchStatus(s.ctx, d.Object)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show(entry{status: status.ID, by: d.Signer, boostedBy: d.Signer, announce: d.ID})
	return nil
}

// liked counts for posts of this server only (P14).
func (s *Server) liked(d *Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.statuses[d.Object]
	if status == nil || s.actors[status.Author] == nil {
		return broke("P14", "%s is no post of this server", d.Object)
	}
	if s.likes[d.Object] == nil {
		s.likes[d.Object] = map[string]bool{}
	}
	s.likes[d.Object][d.Signer] = true
	return nil
}

// added pins a post when the target is the signer's featured collection; all
// other targets mean nothing here (P17).
func (s *Server) added(d *Delivery) error {
	a := *d.from
	if d.Activity.ID("target") != a.doc.ID("featured") {
		return broke("P17", "target %q is not the featured collection", d.Activity.ID("target"))
	}
	status, err := s.featuredStatus(s.ctx, &a, d.Activity["object"])
	if err != nil {
		return err
	}
	a.Pinned = append(slices.Clone(a.Pinned), *status)
	s.store(&a)
	return nil
}

func (s *Server) removed(d *Delivery) error {
	a := *d.from
	if d.Activity.ID("target") != a.doc.ID("featured") {
		return broke("P17", "target %q is not the featured collection", d.Activity.ID("target"))
	}
	a.Pinned = slices.DeleteFunc(slices.Clone(a.Pinned), func(p Status) bool { return p.ID == d.Object })
	s.store(&a)
	return nil
}
