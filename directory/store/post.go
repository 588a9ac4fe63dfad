package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const postColumns = `id, initiative_id, body, language, attachments, hashtags, mentions, event, pinned, deleted, published, updated`

type postRow struct {
	ID           string `db:"id"`
	InitiativeID string `db:"initiative_id"`
	Body         string `db:"body"`
	Language     string `db:"language"`
	Attachments  string `db:"attachments"`
	Hashtags     string `db:"hashtags"`
	Mentions     string `db:"mentions"`
	Event        string `db:"event"`
	Pinned       bool   `db:"pinned"`
	Deleted      bool   `db:"deleted"`
	Published    int64  `db:"published"`
	Updated      int64  `db:"updated"`
}

func (r *postRow) post() (directory.Post, error) {
	p := directory.Post{
		ID: r.ID, InitiativeID: r.InitiativeID, Text: r.Body, Language: r.Language, Pinned: r.Pinned,
		Deleted: r.Deleted, Published: fromMicros(r.Published), Updated: fromMicros(r.Updated),
	}
	return p, errors.Join(decode(r.Attachments, &p.Attachments), decode(r.Hashtags, &p.Hashtags),
		decode(r.Mentions, &p.Mentions), decode(r.Event, &p.Event))
}

// PutPost writes a post, new or changed.
func (s *Store) PutPost(ctx context.Context, p *directory.Post) error {
	var columns [4]string
	var errs [4]error
	for k, value := range []any{p.Attachments, p.Hashtags, p.Mentions, p.Event} {
		columns[k], errs[k] = encode(value)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	_, err := s.exec(ctx, "post "+p.ID, `INSERT INTO posts (`+postColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, language = excluded.language,
		attachments = excluded.attachments, hashtags = excluded.hashtags, mentions = excluded.mentions,
		event = excluded.event, pinned = excluded.pinned, deleted = excluded.deleted, updated = excluded.updated`,
		p.ID, p.InitiativeID, p.Text, p.Language, columns[0], columns[1], columns[2], columns[3],
		p.Pinned, p.Deleted, micros(p.Published), micros(p.Updated))
	return err
}

// SetMentions notes who is named in a post, once they were found.
func (s *Store) SetMentions(ctx context.Context, id string, mentions []directory.Mention) error {
	column, err := encode(mentions)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "mentions of "+id, `UPDATE posts SET mentions = ? WHERE id = ?`, column, id)
	return err
}

// Post returns the post with the id, a deleted one included, or
// directory.ErrNotFound.
func (s *Store) Post(ctx context.Context, id string) (*directory.Post, error) {
	row, err := one[postRow](ctx, s, "post "+id, `SELECT `+postColumns+` FROM posts WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	p, err := row.post()
	return &p, err
}

// Posts returns the newest posts of an initiative that are not deleted, at most
// limit.
func (s *Store) Posts(ctx context.Context, initiativeID string, limit int) ([]directory.Post, error) {
	return s.PostsBefore(ctx, initiativeID, time.Time{}, limit)
}

// PostsBefore returns the newest posts published before a time, or of any time
// if it is zero.
func (s *Store) PostsBefore(ctx context.Context, initiativeID string, before time.Time, limit int) ([]directory.Post, error) {
	last := micros(before)
	if last == 0 {
		last = 1 << 62
	}
	return s.posts(ctx, `initiative_id = ? AND NOT deleted AND published < ?
		ORDER BY published DESC, id DESC LIMIT ?`, initiativeID, last, limit)
}

// PinnedPosts returns the pinned posts of an initiative, newest first.
func (s *Store) PinnedPosts(ctx context.Context, initiativeID string) ([]directory.Post, error) {
	return s.posts(ctx, `initiative_id = ? AND pinned AND NOT deleted ORDER BY published DESC, id DESC`, initiativeID)
}

func (s *Store) posts(ctx context.Context, condition string, args ...any) ([]directory.Post, error) {
	rows, err := many[postRow](ctx, s, "posts", `SELECT `+postColumns+` FROM posts WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Post, len(rows))
	for k := range rows {
		if out[k], err = rows[k].post(); err != nil {
			return nil, fmt.Errorf("read post %s: %w", rows[k].ID, err)
		}
	}
	return out, nil
}

// CountPosts returns how many posts there are: of one initiative, or of all if
// its id is "".
func (s *Store) CountPosts(ctx context.Context, initiativeID string) (int, error) {
	if initiativeID == "" {
		return s.count(ctx, "posts", `SELECT COUNT(*) FROM posts WHERE NOT deleted`)
	}
	return s.count(ctx, "posts", `SELECT COUNT(*) FROM posts WHERE initiative_id = ? AND NOT deleted`, initiativeID)
}

// RemovePosts forgets every post of an initiative, and whatever was written to it,
// and returns what pictures the posts had.
func (s *Store) RemovePosts(ctx context.Context, initiativeID string) ([]directory.Attachment, error) {
	if _, err := s.exec(ctx, "replies to "+initiativeID, `DELETE FROM replies WHERE initiative_id = ?`, initiativeID); err != nil {
		return nil, err
	}
	rows, err := returning[string](ctx, s, "posts of "+initiativeID,
		`DELETE FROM posts WHERE initiative_id = ? RETURNING attachments`, initiativeID)
	if err != nil {
		return nil, err
	}
	var all []directory.Attachment
	for _, row := range rows {
		var list []directory.Attachment
		if err := decode(row, &list); err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// PictureUsed reports whether a post or an entry, of whatever instance, has the
// picture in the file, which is named by a digest.
func (s *Store) PictureUsed(ctx context.Context, file string) (bool, error) {
	ends := `%` + file + `"%` // as JSON writes a name or an address that ends so
	used, err := one[bool](ctx, s, "users of picture "+file, `SELECT
		EXISTS (SELECT 1 FROM posts WHERE attachments LIKE ?) OR EXISTS (SELECT 1 FROM initiatives WHERE image LIKE ?)`, ends, ends)
	if err != nil {
		return false, err
	}
	return *used, nil
}
