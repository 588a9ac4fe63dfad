package store

import (
	"context"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const newsColumns = `entry_id, activity_id, origin, type, changed, came, pass`

type newsRow struct {
	EntryID    string `db:"entry_id"`
	ActivityID string `db:"activity_id"`
	Origin     string `db:"origin"`
	Type       string `db:"type"`
	Changed    int64  `db:"changed"`
	Came       int64  `db:"came"`
	Pass       bool   `db:"pass"`
	Body       []byte `db:"body"`
}

func newsOf(rows []newsRow, err error) ([]directory.News, error) {
	list := make([]directory.News, len(rows))
	for k, r := range rows {
		list[k] = directory.News{
			EntryID: r.EntryID, ActivityID: r.ActivityID, Origin: r.Origin, Type: r.Type,
			Changed: fromMicros(r.Changed), Came: fromMicros(r.Came), Pass: r.Pass, Body: r.Body,
		}
	}
	return list, err
}

// PutNews keeps the latest proven activity of an entry; the one before is
// forgotten. It must be later than that.
func (s *Store) PutNews(ctx context.Context, n *directory.News) error {
	return s.Tx(ctx, func(tx *Store) error {
		if _, err := tx.exec(ctx, "news of "+n.EntryID, `DELETE FROM news WHERE entry_id = ? OR activity_id = ?`,
			n.EntryID, n.ActivityID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "news of "+n.EntryID, `INSERT INTO news (`+newsColumns+`, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			n.EntryID, n.ActivityID, n.Origin, n.Type, micros(n.Changed), micros(n.Came), n.Pass, n.Body)
		return err
	})
}

// NewsSince returns news that came at a time or later, without their bodies, the
// first first, at most limit; of what came at the very time, only that of entries
// after one.
func (s *Store) NewsSince(ctx context.Context, since time.Time, after string, limit int) ([]directory.News, error) {
	return newsOf(many[newsRow](ctx, s, "news", `SELECT `+newsColumns+` FROM news
		WHERE came > ? OR came = ? AND entry_id > ? ORDER BY came, entry_id LIMIT ?`, micros(since), micros(since), after, limit))
}

// NewsOf returns the news with the ids of activities, and their bodies.
func (s *Store) NewsOf(ctx context.Context, activities []string) ([]directory.News, error) {
	if len(activities) == 0 {
		return nil, nil
	}
	return newsOf(manyIn[newsRow](ctx, s, "news", `SELECT `+newsColumns+`, body FROM news WHERE activity_id IN (?) ORDER BY came, entry_id`, activities))
}

// NewsToPass returns news that are to be passed on, with their bodies, the first
// first, at most limit.
func (s *Store) NewsToPass(ctx context.Context, limit int) ([]directory.News, error) {
	return newsOf(many[newsRow](ctx, s, "news", `SELECT `+newsColumns+`, body FROM news
		WHERE pass ORDER BY came, entry_id LIMIT ?`, limit))
}

// Passed notes that news were passed on.
func (s *Store) Passed(ctx context.Context, activities []string) error {
	return s.execIn(ctx, "news", `UPDATE news SET pass = FALSE WHERE activity_id IN (?)`, activities)
}

// CountNews returns how many news of an origin came since a time.
func (s *Store) CountNews(ctx context.Context, origin string, since time.Time) (int, error) {
	return s.count(ctx, "news of "+origin, `SELECT COUNT(*) FROM news WHERE origin = ? AND came >= ?`, origin, micros(since))
}

// RemoveNews forgets the news of an origin.
func (s *Store) RemoveNews(ctx context.Context, origin string) error {
	_, err := s.exec(ctx, "news of "+origin, `DELETE FROM news WHERE origin = ?`, origin)
	return err
}

// PurgeNews forgets news that came before a time, and the first of those that
// are more than most.
func (s *Store) PurgeNews(ctx context.Context, before time.Time, most int) (int64, error) {
	newest, err := many[int64](ctx, s, "news", `SELECT came FROM news ORDER BY came DESC LIMIT 1 OFFSET ?`, most)
	if err != nil {
		return 0, err
	}
	limit := micros(before)
	if len(newest) > 0 {
		limit = max(limit, newest[0]+1)
	}
	return s.exec(ctx, "news", `DELETE FROM news WHERE came < ?`, limit)
}

// LastChanges returns as of when the entries with the ids are known here,
// withdrawn ones too; those that are not known are left out.
func (s *Store) LastChanges(ctx context.Context, ids []string) (map[string]time.Time, error) {
	known := make(map[string]time.Time, len(ids))
	for chunk := range slices.Chunk(ids, maxList) {
		rows, err := manyIn[struct {
			ID      string `db:"id"`
			Updated int64  `db:"updated"`
		}](ctx, s, "last changes", `SELECT id, updated FROM initiatives WHERE id IN (?)`, chunk)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			known[r.ID] = fromMicros(r.Updated)
		}
	}
	return known, nil
}

// Asked returns when peers were last asked for news; zero for never.
func (s *Store) Asked(ctx context.Context) (time.Time, error) {
	at, err := s.counter(ctx, "asked")
	return fromMicros(at), err
}

// SetAsked notes when peers were asked for news.
func (s *Store) SetAsked(ctx context.Context, at time.Time) error {
	_, err := s.exec(ctx, "time of asking", `INSERT INTO counters (name, value) VALUES ('asked', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, micros(at))
	return err
}
