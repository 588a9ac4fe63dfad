package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// maxMoveTries is how often we look whether who moved is known at the new place:
// for about three hours.
const maxMoveTries = 12

// onMove looks into the move of a carried initiative. People who follow ours and
// move need nothing: their new account follows by itself.
func (s *Server) onMove(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	i, err := tx.Initiative(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	// permit
	if in.Object.ID != in.from || i.State == directory.Moved || directory.HostOf(in.Target) == "" || in.Target == in.from {
		return nil
	}
	// answer: later, as the new actor has to be asked
	return tx.PutJob(ctx, &directory.Job{
		ID: s.newID(), Kind: curation.MoveJob, Key: in.from, Payload: in.Target, Created: s.Now(),
	}, s.Now())
}

// moved takes a carried initiative out of the directory once the actor that it
// says it is now says so too. The new entry comes with the directory that it is
// in.
func (s *Server) moved(ctx context.Context, j *directory.Job) (time.Time, error) {
	err := s.confirmMove(ctx, j.Key, j.Payload)
	if err != nil && client.Retryable(err) && j.Tries < maxMoveTries {
		return time.Time{}, err
	}
	if err != nil {
		s.Log.WarnContext(ctx, "move ignored", "actor", j.Key, "target", j.Payload, "err", err)
		return time.Time{}, nil
	}
	return time.Time{}, s.Store.Change(ctx, func(tx *store.Store) error {
		i, err := tx.Initiative(ctx, j.Key)
		if errors.Is(err, directory.ErrNotFound) || err == nil && s.Instance.Owns(i.ID) {
			return nil
		}
		if err != nil {
			return err
		}
		i.State, i.MovedTo, i.Updated = directory.Moved, j.Payload, i.Updated.Add(time.Microsecond)
		return tx.PutInitiative(ctx, i, "")
	})
}

func (s *Server) confirmMove(ctx context.Context, old, target string) error {
	if target, ok := strings.CutPrefix(target, s.Instance.URL("/initiatives/")); ok { // it came to us
		i, err := s.Store.InitiativeByHandle(ctx, s.Instance.Host, target)
		if err == nil && !slices.Contains(i.AlsoKnownAs, old) {
			err = notKnownAs(i.ID, old)
		}
		return err
	}
	_, err := MoveTarget(ctx, s.Client, old, target)
	return err
}

// MoveTarget returns the id of the actor that target names, by its id or as
// @user@host, when that actor says that it is also known as old. Otherwise the
// error says what is missing.
func MoveTarget(ctx context.Context, c *client.Client, old, target string) (string, error) {
	a, err := fetchActor(ctx, c, target)
	switch {
	case err != nil:
		return "", err
	case a.MovedTo != "":
		return "", &client.InvalidError{URL: target, Reason: "has itself moved to " + a.MovedTo}
	case a.ID == old:
		return "", &client.InvalidError{URL: target, Reason: "is the same actor"}
	case !slices.Contains(a.AlsoKnownAs, old):
		return "", fmt.Errorf("%w; there, 'commonage initiative edit HANDLE --also-known-as %s' says so", notKnownAs(a.ID, old), old)
	}
	return a.ID, nil
}

// FindActor asks for the actor that goes by an address, their id or a page that
// leads to it, or by @user@host, and returns the id. Of a page that is no document,
// it asks for whom such a page is usually of.
func FindActor(ctx context.Context, c *client.Client, address string) (string, error) {
	a, err := fetchActor(ctx, c, address)
	if acct, ok := acctOfPage(address); ok && err != nil {
		if found, notFound := fetchActor(ctx, c, acct); notFound == nil {
			a, err = found, nil
		}
	}
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// acctOfPage returns user@host for https://host/@user.
func acctOfPage(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	user, ok := strings.CutPrefix(u.Path, "/@")
	return user + "@" + u.Host, ok && !strings.ContainsAny(user, "/@")
}

func fetchActor(ctx context.Context, c *client.Client, address string) (*vocab.Actor, error) {
	fetch := c.Document
	if !strings.Contains(address, "://") {
		fetch = c.ResolveActor
	}
	doc, err := fetch(ctx, address)
	if err != nil {
		return nil, err
	}
	a, err := vocab.ParseActor(doc.Body)
	if err == nil {
		err = a.Check()
	}
	if err != nil {
		return nil, &client.InvalidError{URL: address, Reason: err.Error()}
	}
	return a, nil
}

func notKnownAs(target, old string) error {
	return &client.InvalidError{URL: target, Reason: fmt.Sprintf("does not say that it is also known as %s", old)}
}

// moveActivity returns the Move of an initiative that is elsewhere now.
func (s *Server) moveActivity(i *directory.Initiative) (id string, body json.RawMessage, err error) {
	id = fmt.Sprintf("%s#moves/%d", i.ID, i.Updated.UnixMicro())
	body, err = s.provedBy(i.ID, i.Updated)(vocab.Move(vocab.Envelope{
		ID: id, Actor: i.ID, To: []string{vocab.Public}, CC: []string{i.ID + "/followers"}, Published: i.Updated,
	}, i.MovedTo))
	return id, body, err
}

// pushMove queues the Move of an initiative for those who follow it and for peers,
// and for peers also that it left the directory.
func (s *Server) pushMove(ctx context.Context, tx *store.Store, c *directory.Change, peers []string) error {
	i := &c.Initiative
	followers, err := tx.FollowerInboxes(ctx, i.ID, store.Everyone)
	if err != nil {
		return err
	}
	move := store.Outgoing{ActorID: i.ID, ObjectID: i.ID, Inboxes: append(followers, peers...)}
	if move.ActivityID, move.Body, err = s.moveActivity(i); err != nil {
		return err
	}
	if err := tx.PutDeliveries(ctx, move, s.Now(), s.newID); err != nil {
		return err
	}
	remove := store.Outgoing{
		ActivityID: s.changeID(c.Position), ActorID: s.Instance.DirectoryID(), ObjectID: i.ID, Inboxes: peers,
	}
	if remove.Body, err = s.changeActivity(c); err != nil {
		return err
	}
	return tx.PutDeliveries(ctx, remove, s.Now(), s.newID)
}

// ownActor returns the own entry with the handle that has an actor: one that is
// published, or that moved and says where it is now.
func (s *Server) ownActor(ctx context.Context, tx *store.Store, handle string) (*directory.Initiative, error) {
	i, err := tx.InitiativeByHandle(ctx, s.Instance.Host, handle)
	if !errors.Is(err, directory.ErrGone) {
		return i, err
	}
	old, second := tx.Initiative(ctx, s.Instance.InitiativeID(handle))
	if second != nil {
		return nil, second
	}
	if old.State == directory.Moved {
		return old, nil
	}
	return nil, err
}
