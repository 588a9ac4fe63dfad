package store

import (
	"context"

	"codeberg.org/commonage/commonage/directory"
)

const followerColumns = `actor_id, object_id, follow_id, inbox, delivery, peer, since`

type followerRow struct {
	ActorID  string `db:"actor_id"`
	ObjectID string `db:"object_id"`
	FollowID string `db:"follow_id"`
	Inbox    string `db:"inbox"`
	Delivery string `db:"delivery"`
	Peer     bool   `db:"peer"`
	Since    int64  `db:"since"`
}

// PutFollower notes that somebody follows one of our actors; a repeated Follow
// replaces the id of the first.
func (s *Store) PutFollower(ctx context.Context, f *directory.Follower) error {
	_, err := s.exec(ctx, "follower "+f.ActorID, `INSERT INTO followers (`+followerColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (object_id, actor_id) DO UPDATE SET follow_id = excluded.follow_id, inbox = excluded.inbox,
		delivery = excluded.delivery, peer = excluded.peer`,
		f.ActorID, f.ObjectID, f.FollowID, f.Inbox, f.Delivery, f.Peer, micros(f.Since))
	return err
}

// RemoveFollower ends that actor follows object, and reports whether it did.
func (s *Store) RemoveFollower(ctx context.Context, actorID, objectID string) (bool, error) {
	n, err := s.exec(ctx, "follower "+actorID,
		`DELETE FROM followers WHERE actor_id = ? AND object_id = ?`, actorID, objectID)
	return n > 0, err
}

// RemoveFollowID ends what the actor's Follow with the id began, and returns
// whom it followed, "" if nothing.
func (s *Store) RemoveFollowID(ctx context.Context, actorID, followID string) (objectID string, err error) {
	rows, err := returning[string](ctx, s, "follow "+followID,
		`DELETE FROM followers WHERE actor_id = ? AND follow_id = ? RETURNING object_id`, actorID, followID)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0], nil
}

// Followers returns who follows the actor, by id, after an id, at most limit.
func (s *Store) Followers(ctx context.Context, objectID, after string, limit int) ([]directory.Follower, error) {
	rows, err := many[followerRow](ctx, s, "followers of "+objectID, `SELECT `+followerColumns+`
		FROM followers WHERE object_id = ? AND actor_id > ? ORDER BY actor_id LIMIT ?`, objectID, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Follower, len(rows))
	for k, r := range rows {
		out[k] = directory.Follower{
			ActorID: r.ActorID, ObjectID: r.ObjectID, FollowID: r.FollowID, Inbox: r.Inbox,
			Delivery: r.Delivery, Peer: r.Peer, Since: fromMicros(r.Since),
		}
	}
	return out, nil
}

// CountFollowers returns how many follow the actor.
func (s *Store) CountFollowers(ctx context.Context, objectID string) (int, error) {
	return s.count(ctx, "followers", `SELECT COUNT(*) FROM followers WHERE object_id = ?`, objectID)
}

// Audience is which of an actor's followers a delivery is for.
type Audience string

// The audiences.
const (
	Everyone Audience = "everyone"
	Peers    Audience = "peers"  // directory actors of instances
	People   Audience = "people" // everyone else
)

// FollowerInboxes returns the distinct inboxes that reach the actor's followers
// of the audience: one for each shared inbox.
func (s *Store) FollowerInboxes(ctx context.Context, objectID string, to Audience) ([]string, error) {
	condition := map[Audience]string{Everyone: "", Peers: ` AND peer`, People: ` AND NOT peer`}[to]
	return many[string](ctx, s, "inboxes of followers",
		`SELECT DISTINCT delivery FROM followers WHERE object_id = ?`+condition+` ORDER BY delivery`, objectID)
}

// Followed returns the actors of ours that somebody follows, by id, after an id,
// at most limit.
func (s *Store) Followed(ctx context.Context, after string, limit int) ([]string, error) {
	return many[string](ctx, s, "followed actors",
		`SELECT DISTINCT object_id FROM followers WHERE object_id > ? ORDER BY object_id LIMIT ?`, after, limit)
}

// SharedInboxes returns the shared inboxes of all actors that are known.
func (s *Store) SharedInboxes(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "shared inboxes",
		`SELECT DISTINCT shared_inbox FROM actors WHERE shared_inbox <> '' ORDER BY shared_inbox`)
}

// KnownInboxes returns the distinct inboxes that reach everyone who follows any
// actor of ours, and our peers.
func (s *Store) KnownInboxes(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "known inboxes", `SELECT delivery FROM followers
		UNION SELECT inbox FROM peers WHERE inbox <> '' AND (follows_us OR wanted) ORDER BY 1`)
}
