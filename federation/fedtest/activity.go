package fedtest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Activity returns an activity of the actor that nobody can fetch, as most of
// Mastodon's are (F1). The test may change it before it posts it.
func (a *Actor) Activity(kind string, object any) Object {
	return Object{
		"@context": activityStreams, "id": a.s.uuid(), "type": kind, "actor": a.ID, "object": object,
	}
}

// Post sends an activity to an inbox: an Object, or text or bytes as they are.
// The shapes change how the request is signed.
func (a *Actor) Post(inbox string, activity any, shapes ...Shape) Response {
	return a.post(a.s.ctx, inbox, activity, shapes...)
}

func (a *Actor) post(ctx context.Context, inbox string, activity any, shapes ...Shape) Response {
	body, err := encode(activity)
	if err != nil {
		return Response{Err: fmt.Errorf("encode an activity: %w", err)}
	}
	return a.s.send(ctx, query{
		method: http.MethodPost, url: inbox, body: body, by: a, shapes: shapes,
		header: http.Header{"Content-Type": {a.s.flavour.ContentType}},
	})
}

// Get fetches a document, signed by the actor.
func (a *Actor) Get(address string, shapes ...Shape) Response {
	return a.s.get(a.s.ctx, address, a.s.flavour.Accept, a, shapes...)
}

// inbox returns the personal inbox of another server's actor (D2).
func (s *Server) inbox(id string) (string, error) {
	other, err := s.account(s.ctx, id)
	if err != nil {
		return "", err
	}
	return other.Inbox, nil
}

// postTo sends an activity to an actor's personal inbox.
func (a *Actor) postTo(id string, activity Object, shapes ...Shape) Response {
	inbox, err := a.s.inbox(id)
	if err != nil {
		return Response{Err: err}
	}
	return a.Post(inbox, activity, shapes...)
}

// NewFollow returns a Follow of the target (F1), which from now on is requested.
func (a *Actor) NewFollow(target string) Object {
	activity := a.Activity("Follow", target)
	if path := a.s.flavour.FollowPath; path != nil {
		activity["id"] = a.s.URL + path(a.path, a.s.number())
	}
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.follows[target] = &follow{id: activity.String("id"), activity: activity, state: Requested}
	return activity
}

// Follow asks the target, another server's actor, at its own inbox (F1).
func (a *Actor) Follow(target string, shapes ...Shape) Response {
	return a.postTo(target, a.NewFollow(target), shapes...)
}

// NewUndoFollow returns the Undo of the actor's Follow of the target (F5); the
// actor follows it no more.
func (a *Actor) NewUndoFollow(target string) Object {
	n := a.s.number()
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	f := a.follows[target]
	if f == nil { // F5: as when a Mastodon finds a follower that it does not know of
		f = &follow{id: a.ID + "#follows/" + fmt.Sprint(n)}
	}
	delete(a.follows, target)
	a.home = slices.DeleteFunc(a.home, func(e entry) bool { return e.by == target })
	return Object{
		"@context": activityStreams, "id": fmt.Sprintf("%s#follows/%d/undo", a.ID, n), "type": "Undo", "actor": a.ID,
		"object": map[string]any{"id": f.id, "type": "Follow", "actor": a.ID, "object": target},
	}
}

// Unfollow takes the Follow of the target back.
func (a *Actor) Unfollow(target string, shapes ...Shape) Response {
	return a.postTo(target, a.NewUndoFollow(target), shapes...)
}

// answer sends an Accept or Reject of somebody's Follow (F2, F10). Its id has
// no number, as happens with Mastodon's (F6).
func (a *Actor) answer(kind, follower string, state FollowState) Response {
	a.s.mu.Lock()
	f := a.followers[follower]
	if f != nil {
		f.state = state
	}
	a.s.mu.Unlock()
	if f == nil {
		return Response{Err: fmt.Errorf("%s does not follow %s", follower, a.ID)}
	}
	activity := a.Activity(kind, map[string]any{
		"id": f.id, "type": "Follow", "actor": follower, "object": a.ID,
	})
	activity["id"] = a.ID + "#" + map[string]string{"Accept": "accepts", "Reject": "rejects"}[kind] + "/follows/"
	return a.postTo(follower, activity)
}

// AcceptFollow accepts the follower's Follow.
func (a *Actor) AcceptFollow(follower string) Response { return a.answer("Accept", follower, Accepted) }

// RejectFollow refuses the follower's Follow, or ends it later.
func (a *Actor) RejectFollow(follower string) Response { return a.answer("Reject", follower, Rejected) }

// Like likes a post of another server (F7).
func (a *Actor) Like(note string) Response {
	return a.toAuthor(note, a.numbered("Like", "likes", note, ""))
}

// Unlike takes that back; the Like in it has another id than the one sent, as
// nobody can fetch it anyway.
func (a *Actor) Unlike(note string) Response {
	return a.toAuthor(note, a.numbered("Undo", "likes", a.numbered("Like", "likes", note, ""), "/undo"))
}

// Boost announces a post of another server (F7).
func (a *Actor) Boost(note string) Response {
	boost := a.numbered("Announce", "statuses", note, "/activity")
	boost["to"], boost["cc"] = []string{Public}, []string{a.ID + "/followers"}
	return a.toAuthor(note, boost)
}

// Unboost takes that back.
func (a *Actor) Unboost(note string) Response {
	return a.toAuthor(note, a.numbered("Undo", "announces", a.numbered("Announce", "statuses", note, "/activity"), "/undo"))
}

// Block tells another server's actor that it is blocked (F8, P16).
func (a *Actor) Block(target string) Response {
	a.s.mu.Lock()
	delete(a.follows, target)
	delete(a.followers, target)
	a.s.mu.Unlock()
	return a.postTo(target, a.Activity("Block", target))
}

// Unblock takes that back, by a copy of the Block that has another id (F5).
func (a *Actor) Unblock(target string) Response {
	return a.postTo(target, a.Activity("Undo", map[string]any(a.Activity("Block", target))))
}

// Report tells the moderators of another server, by the instance actor (P15).
func (s *Server) Report(text, account string, notes ...string) Response {
	flag := s.instance.Activity("Flag", append([]string{account}, notes...))
	flag["content"] = text
	return s.instance.postTo(account, flag)
}

// numbered returns an activity whose id is a fragment or path of the actor (F7).
func (a *Actor) numbered(kind, path string, object any, suffix string) Object {
	activity := a.Activity(kind, object)
	mark := "#"
	if path == "statuses" {
		mark = "/"
	}
	activity["id"] = fmt.Sprintf("%s%s%s/%d%s", a.ID, mark, path, a.s.number(), suffix)
	return activity
}

// toAuthor sends an activity to the inbox of a post's author.
func (a *Actor) toAuthor(note string, activity Object) Response {
	status, err := a.s.fetchStatus(a.s.ctx, note)
	if err != nil {
		return Response{Err: err}
	}
	return a.postTo(status.Author, activity)
}

// Note makes a post of the actor, which is served from now on but sent to
// nobody. With more, such as inReplyTo, it is completed or changed.
func (a *Actor) Note(content string, more Object) (Object, error) {
	id := fmt.Sprintf("%s/statuses/%d", a.ID, a.s.number())
	note := Object{
		"@context": activityStreams, "id": id, "type": "Note", "attributedTo": a.ID, "content": content,
		"contentMap": map[string]any{"en": content}, "url": id, "published": a.s.now().UTC().Format(time.RFC3339),
		"to": []any{Public}, "cc": []any{a.ID + "/followers"}, "sensitive": false, "tag": []any{}, "attachment": []any{},
	}
	maps.Copy(note, more)
	doc, err := a.document()
	if err != nil {
		return nil, err
	}
	status, err := a.s.readStatus(note, &account{doc: doc, Profile: Profile{ID: a.ID}})
	if err != nil {
		return nil, err
	}
	a.s.mu.Lock()
	a.s.statuses[id] = status
	a.notes = append(a.notes, note)
	a.s.mu.Unlock()
	a.s.serveDocument(id, a, func() (Object, error) { return note, nil })
	return note, nil
}

// NewCreate returns the Create of a post.
func (a *Actor) NewCreate(note Object) Object {
	create := a.Activity("Create", map[string]any(note))
	create["id"] = note.String("id") + "/activity"
	create["to"], create["cc"], create["published"] = note["to"], note["cc"], note["published"]
	return create
}

// Reply answers a post of another server, and mentions its author (P9).
func (a *Actor) Reply(to, content string) (string, Response) {
	original, err := a.s.fetchStatus(a.s.ctx, to)
	if err != nil {
		return "", Response{Err: err}
	}
	note, err := a.Note(content, Object{
		"inReplyTo": to, "cc": []any{a.ID + "/followers", original.Author},
		"tag": []any{map[string]any{"type": "Mention", "href": original.Author, "name": "@somebody"}},
	})
	if err != nil {
		return "", Response{Err: err}
	}
	return note.String("id"), a.postTo(original.Author, a.NewCreate(note))
}

// Pin puts a post of the actor in its featured collection.
func (a *Actor) Pin(note string) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.pinned = append(a.pinned, note)
}

// Publish sends an activity to all followers, once to each shared inbox (D2),
// and returns the answers by inbox.
func (a *Actor) Publish(activity Object) map[string]Response {
	answers := map[string]Response{}
	for _, id := range a.members("followers") {
		follower, err := a.s.account(a.s.ctx, id)
		if err != nil {
			answers[id] = Response{Err: err}
			continue
		}
		if inbox := follower.inboxFor(); answers[inbox].Status == 0 {
			answers[inbox] = a.Post(inbox, activity)
		}
	}
	return answers
}

// NewUpdate returns the Update of the actor by itself (F7, H9).
func (a *Actor) NewUpdate() (Object, error) {
	doc, err := a.document()
	if err != nil {
		return nil, err
	}
	update := a.Activity("Update", map[string]any(doc))
	update["id"] = fmt.Sprintf("%s#updates/%d", a.ID, a.s.now().Unix())
	update["to"] = []string{Public}
	return update, nil
}

// NewDelete returns the Delete of the actor or of a post of its (F7, P12).
func (a *Actor) NewDelete(id string) Object {
	var what any = id
	if id != a.ID {
		what = map[string]any{"id": id, "type": "Tombstone"}
	}
	del := a.Activity("Delete", what)
	del["id"], del["to"] = id+"#delete", []string{Public}
	return del
}
