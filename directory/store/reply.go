package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const replyColumns = `id, reply_key, initiative_id, post_id, in_reply_to, author_id, author_host, author_acct,
	author_name, author_url, author_icon, content, language, url, state, published, updated, received, edits`

type replyRow struct {
	ID           string `db:"id"`
	Key          string `db:"reply_key"`
	InitiativeID string `db:"initiative_id"`
	PostID       string `db:"post_id"`
	InReplyTo    string `db:"in_reply_to"`
	AuthorID     string `db:"author_id"`
	AuthorHost   string `db:"author_host"`
	AuthorAcct   string `db:"author_acct"`
	AuthorName   string `db:"author_name"`
	AuthorURL    string `db:"author_url"`
	AuthorIcon   string `db:"author_icon"`
	Content      string `db:"content"`
	Language     string `db:"language"`
	URL          string `db:"url"`
	State        string `db:"state"`
	Published    int64  `db:"published"`
	Updated      int64  `db:"updated"`
	Received     int64  `db:"received"`
	Edits        int    `db:"edits"`
}

func (r *replyRow) reply() directory.Reply {
	return directory.Reply{
		ID: r.ID, Key: r.Key, InitiativeID: r.InitiativeID, PostID: r.PostID, InReplyTo: r.InReplyTo,
		Author: directory.Author{
			ID: r.AuthorID, Acct: r.AuthorAcct, Name: r.AuthorName, URL: r.AuthorURL, Icon: r.AuthorIcon,
		},
		Content: r.Content, Language: r.Language, URL: r.URL, State: directory.ReplyState(r.State),
		Published: fromMicros(r.Published), Updated: fromMicros(r.Updated), Received: fromMicros(r.Received), Edits: r.Edits,
	}
}

// AddReply stores a reply unless one with its id is stored, and reports whether
// it did.
func (s *Store) AddReply(ctx context.Context, r *directory.Reply) (bool, error) {
	n, err := s.exec(ctx, "reply "+r.ID, `INSERT INTO replies (`+replyColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.Key, r.InitiativeID, r.PostID, r.InReplyTo, r.Author.ID, directory.HostOf(r.Author.ID), r.Author.Acct,
		r.Author.Name, r.Author.URL, r.Author.Icon, r.Content, r.Language, r.URL, string(r.State),
		micros(r.Published), micros(r.Updated), micros(r.Received), r.Edits)
	return n > 0, err
}

// ChangeReply writes the words and the state of a stored reply, and how often it
// was edited. The author, the conversation and the first date stay.
func (s *Store) ChangeReply(ctx context.Context, r *directory.Reply) error {
	_, err := s.exec(ctx, "reply "+r.ID,
		`UPDATE replies SET content = ?, language = ?, url = ?, state = ?, updated = ?, edits = ? WHERE id = ?`,
		r.Content, r.Language, r.URL, string(r.State), micros(r.Updated), r.Edits, r.ID)
	return err
}

// RemoveReply forgets the reply with the id if it is the author's, and reports
// whether it did.
func (s *Store) RemoveReply(ctx context.Context, id, authorID string) (bool, error) {
	n, err := s.exec(ctx, "reply "+id, `DELETE FROM replies WHERE id = ? AND author_id = ?`, id, authorID)
	return n > 0, err
}

// RemoveRepliesTo forgets whatever was written under a post.
func (s *Store) RemoveRepliesTo(ctx context.Context, postID string) error {
	_, err := s.exec(ctx, "replies to "+postID, `DELETE FROM replies WHERE post_id = ?`, postID)
	return err
}

// Reply returns the reply with the id or the key, or directory.ErrNotFound.
func (s *Store) Reply(ctx context.Context, idOrKey string) (*directory.Reply, error) {
	row, err := one[replyRow](ctx, s, "reply "+idOrKey,
		`SELECT `+replyColumns+` FROM replies WHERE id = ? OR reply_key = ?`, idOrKey, idOrKey)
	if err != nil {
		return nil, err
	}
	r := row.reply()
	return &r, nil
}

// SetReplyState moderates a reply as it was read, or fails with
// directory.ErrConflict when it was edited or removed since.
func (s *Store) SetReplyState(ctx context.Context, r *directory.Reply, state directory.ReplyState) error {
	n, err := s.exec(ctx, "reply "+r.ID, `UPDATE replies SET state = ? WHERE id = ? AND edits = ?`, string(state), r.ID, r.Edits)
	if err == nil && n == 0 {
		return fmt.Errorf("reply %s: %w", r.ID, directory.ErrConflict)
	}
	return err
}

// Replies returns the replies in a state, the longest waiting first, after a key,
// at most limit.
func (s *Store) Replies(ctx context.Context, state directory.ReplyState, after string, limit int) ([]directory.Reply, error) {
	return s.replies(ctx, `state = ? AND reply_key > ? ORDER BY reply_key LIMIT ?`, string(state), after, limit)
}

// RepliesTo returns the approved replies under a post, the oldest first, after
// the one with the key if it is not "", at most limit.
func (s *Store) RepliesTo(ctx context.Context, postID, after string, limit int) ([]directory.Reply, error) {
	return s.replies(ctx, `post_id = ? AND state = 'approved' AND reply_key > ? ORDER BY reply_key LIMIT ?`,
		postID, after, limit)
}

// MentionsOf returns what was approved of those who name an initiative and answer
// no post of it, the newest first, at most limit.
func (s *Store) MentionsOf(ctx context.Context, initiativeID string, limit int) ([]directory.Reply, error) {
	return s.replies(ctx, `initiative_id = ? AND post_id = '' AND state = 'approved' ORDER BY reply_key DESC LIMIT ?`,
		initiativeID, limit)
}

func (s *Store) replies(ctx context.Context, condition string, args ...any) ([]directory.Reply, error) {
	rows, err := many[replyRow](ctx, s, "replies", `SELECT `+replyColumns+` FROM replies WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Reply, len(rows))
	for k := range rows {
		out[k] = rows[k].reply()
	}
	return out, nil
}

// CountRepliesSince returns how many replies each of the authors, and each of
// their hosts, sent since a time; where there are none, nothing.
func (s *Store) CountRepliesSince(ctx context.Context, authors []string, since time.Time) (byAuthor, byHost map[string]int, err error) {
	var hosts []string
	for _, id := range authors {
		hosts = append(hosts, directory.HostOf(id))
	}
	slices.Sort(hosts)
	if byAuthor, err = s.countReplies(ctx, `SELECT author_id AS subject, COUNT(*) AS n FROM replies
		WHERE author_id IN (?) AND received >= ? GROUP BY author_id`, authors, since); err != nil {
		return nil, nil, err
	}
	byHost, err = s.countReplies(ctx, `SELECT author_host AS subject, COUNT(*) AS n FROM replies
		WHERE author_host IN (?) AND received >= ? GROUP BY author_host`, slices.Compact(hosts), since)
	return byAuthor, byHost, err
}

func (s *Store) countReplies(ctx context.Context, query string, subjects []string, since time.Time) (map[string]int, error) {
	counts := make(map[string]int, len(subjects))
	if len(subjects) == 0 {
		return counts, nil
	}
	rows, err := manyIn[subjectCount](ctx, s, "numbers of replies", query, subjects, micros(since))
	for _, r := range rows {
		counts[r.Subject] = r.N
	}
	return counts, err
}

// NoteDeparted remembers that the actor deleted or undid the thing with the id,
// which never came, or did not come yet.
func (s *Store) NoteDeparted(ctx context.Context, id, actorID string, now time.Time) error {
	_, err := s.exec(ctx, "departed "+id, `INSERT INTO departed (id, actor_id, noted) VALUES (?, ?, ?)
		ON CONFLICT (id, actor_id) DO NOTHING`, id, actorID, micros(now))
	return err
}

// Departed reports whether the actor has deleted or undone the thing with the id
// since a time.
func (s *Store) Departed(ctx context.Context, id, actorID string, since time.Time) (bool, error) {
	n, err := s.count(ctx, "departed "+id,
		`SELECT COUNT(*) FROM departed WHERE id = ? AND actor_id = ? AND noted >= ?`, id, actorID, micros(since))
	return n > 0, err
}

// ForgetDeparted forgets that the actor deleted or undid the thing with the id.
func (s *Store) ForgetDeparted(ctx context.Context, id, actorID string) error {
	_, err := s.exec(ctx, "departed "+id, `DELETE FROM departed WHERE id = ? AND actor_id = ?`, id, actorID)
	return err
}

// Departure is that an actor deleted or undid the thing with an id before it came.
type Departure struct {
	ID      string `db:"id"`
	ActorID string `db:"actor_id"`
}

// DepartedAmong returns what has been deleted or undone of the things with the ids
// since a time, and by whom.
func (s *Store) DepartedAmong(ctx context.Context, ids []string, since time.Time) ([]Departure, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return manyIn[Departure](ctx, s, "departed", `SELECT id, actor_id FROM departed WHERE id IN (?) AND noted >= ?`, ids, micros(since))
}

// PurgeDeparted forgets what was noted before a time.
func (s *Store) PurgeDeparted(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "departed", `DELETE FROM departed WHERE noted < ?`, micros(before))
}
