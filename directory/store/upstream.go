package store

import (
	"context"

	"codeberg.org/commonage/commonage/directory"
)

const upstreamColumns = `origin, actor_id, inbox, follow_id, accepted, since`

type upstreamRow struct {
	Origin   string `db:"origin"`
	ActorID  string `db:"actor_id"`
	Inbox    string `db:"inbox"`
	FollowID string `db:"follow_id"`
	Accepted bool   `db:"accepted"`
	Since    int64  `db:"since"`
}

// PutUpstream notes whom we asked to pass on what changes at an origin.
func (s *Store) PutUpstream(ctx context.Context, u *directory.Upstream) error {
	_, err := s.exec(ctx, "upstream "+u.ActorID, `INSERT INTO upstreams (`+upstreamColumns+`) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (origin, actor_id) DO UPDATE SET inbox = excluded.inbox, follow_id = excluded.follow_id,
		accepted = excluded.accepted, since = excluded.since`,
		u.Origin, u.ActorID, u.Inbox, u.FollowID, u.Accepted, micros(u.Since))
	return err
}

// Upstreams returns whom we have asked to pass on what changes at an origin, by id.
func (s *Store) Upstreams(ctx context.Context, origin string) ([]directory.Upstream, error) {
	rows, err := many[upstreamRow](ctx, s, "upstreams of "+origin,
		`SELECT `+upstreamColumns+` FROM upstreams WHERE origin = ? ORDER BY actor_id`, origin)
	list := make([]directory.Upstream, len(rows))
	for k, r := range rows {
		list[k] = directory.Upstream{
			Origin: r.Origin, ActorID: r.ActorID, Inbox: r.Inbox, FollowID: r.FollowID, Accepted: r.Accepted, Since: fromMicros(r.Since),
		}
	}
	return list, err
}

// IsUpstream reports whether we have asked an actor to pass anything on.
func (s *Store) IsUpstream(ctx context.Context, actorID string) (bool, error) {
	n, err := s.count(ctx, "upstream "+actorID, `SELECT COUNT(*) FROM upstreams WHERE actor_id = ?`, actorID)
	return n > 0, err
}

// OriginsAsked returns the origins of which we have asked others to pass on what
// changes.
func (s *Store) OriginsAsked(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "origins", `SELECT DISTINCT origin FROM upstreams ORDER BY origin`)
}

// AcceptUpstream notes that an actor does what our Follow with the id asked for,
// and reports whether we asked for that.
func (s *Store) AcceptUpstream(ctx context.Context, actorID, followID string) (bool, error) {
	n, err := s.exec(ctx, "upstream "+actorID,
		`UPDATE upstreams SET accepted = TRUE WHERE actor_id = ? AND follow_id = ?`, actorID, followID)
	return n > 0, err
}

// RemoveUpstream forgets what our Follow with the id asked of an actor, and reports
// whether we asked for that.
func (s *Store) RemoveUpstream(ctx context.Context, actorID, followID string) (bool, error) {
	n, err := s.exec(ctx, "upstream "+actorID, `DELETE FROM upstreams WHERE actor_id = ? AND follow_id = ?`, actorID, followID)
	return n > 0, err
}

// Downstreams returns the inboxes of those who have asked us to pass on what
// changes at origins, by origin.
func (s *Store) Downstreams(ctx context.Context, origins []string) (map[string][]string, error) {
	if len(origins) == 0 {
		return map[string][]string{}, nil
	}
	rows, err := manyIn[struct {
		Host  string `db:"host"`
		Inbox string `db:"inbox"`
	}](ctx, s, "downstreams", `SELECT peers.host, followers.inbox FROM followers
		JOIN peers ON peers.actor_id = followers.object_id
		WHERE peers.host IN (?) AND followers.peer ORDER BY followers.inbox`, origins)
	inboxes := map[string][]string{}
	for _, r := range rows {
		inboxes[r.Host] = append(inboxes[r.Host], r.Inbox)
	}
	return inboxes, err
}

// RemoveFollowers forgets who follows the actor.
func (s *Store) RemoveFollowers(ctx context.Context, objectID string) error {
	_, err := s.exec(ctx, "followers of "+objectID, `DELETE FROM followers WHERE object_id = ?`, objectID)
	return err
}

// PeerFollowers returns the directory actors that follow the actor, by id.
func (s *Store) PeerFollowers(ctx context.Context, objectID string) ([]string, error) {
	return many[string](ctx, s, "peers that follow "+objectID,
		`SELECT actor_id FROM followers WHERE object_id = ? AND peer ORDER BY actor_id`, objectID)
}

// CountPeerFollowers returns how many peers follow a directory.
func (s *Store) CountPeerFollowers(ctx context.Context, objectID string) (int, error) {
	return s.count(ctx, "peers that follow "+objectID, `SELECT COUNT(*) FROM followers WHERE object_id = ? AND peer`, objectID)
}
