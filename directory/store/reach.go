package store

import (
	"context"
	"slices"

	"codeberg.org/commonage/commonage/directory"
)

// What a decision about servers concerns is found by asking the rule about each
// distinct host or id here, as only the rule knows what a name covers.

// rows of one table that belong to an actor or a host.
type subjectCount struct {
	Subject string `db:"subject"`
	N       int    `db:"n"`
}

// Reach returns what of ours concerns the ids and hosts for which matches is
// true.
func (s *Store) Reach(ctx context.Context, matches func(idOrHost string) bool) (*directory.Reach, error) {
	r := &directory.Reach{Entries: map[string]int{}}
	var err error
	if r.Followers, err = s.matching(ctx, matches, `SELECT DISTINCT actor_id FROM followers ORDER BY actor_id`); err != nil {
		return nil, err
	}
	if r.Peers, err = s.matching(ctx, matches, `SELECT host FROM peers ORDER BY host`); err != nil {
		return nil, err
	}
	entries, err := s.countMatching(ctx, matches, `SELECT origin AS subject, COUNT(*) AS n FROM initiatives
		WHERE NOT own AND state IN ('published', 'unlisted') GROUP BY origin`)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		r.Entries[e.Subject] = e.N
	}
	for table, n := range map[string]*int{
		`SELECT author_id AS subject, COUNT(*) AS n FROM replies GROUP BY author_id`: &r.Replies,
		`SELECT actor_id AS subject, COUNT(*) AS n FROM reactions GROUP BY actor_id`: &r.Reactions,
		`SELECT inbox AS subject, COUNT(*) AS n FROM deliveries GROUP BY inbox`:      &r.Deliveries,
	} {
		list, err := s.countMatching(ctx, matches, table)
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			*n += one.N
		}
	}
	return r, nil
}

// Listed returns how many of the entries carried from each origin are in lists.
func (s *Store) Listed(ctx context.Context) (map[string]int, error) {
	list, err := many[subjectCount](ctx, s, "listed entries", `SELECT origin AS subject, COUNT(*) AS n FROM initiatives
		WHERE NOT own AND state = 'published' GROUP BY origin`)
	counts := make(map[string]int, len(list))
	for _, one := range list {
		counts[one.Subject] = one.N
	}
	return counts, err
}

func (s *Store) matching(ctx context.Context, matches func(string) bool, query string) ([]string, error) {
	list, err := many[string](ctx, s, "what is concerned", query)
	return slices.DeleteFunc(list, func(v string) bool { return !matches(v) }), err
}

func (s *Store) countMatching(ctx context.Context, matches func(string) bool, query string) ([]subjectCount, error) {
	list, err := many[subjectCount](ctx, s, "what is concerned", query)
	return slices.DeleteFunc(list, func(c subjectCount) bool { return !matches(c.Subject) }), err
}

// Cut forgets everything here that belongs to the ids and hosts for which matches
// is true: their actors, followings, replies and reactions, their directories and
// the entries carried from them, and what waits for them or came from them. Whom
// they blocked here is remembered: they still want to hear nothing of it.
func (s *Store) Cut(ctx context.Context, matches func(idOrHost string) bool) error {
	return s.Change(ctx, func(tx *Store) error {
		for _, t := range []struct{ list, remove string }{
			{`SELECT DISTINCT actor_id FROM followers`, `DELETE FROM followers WHERE actor_id IN (?)`},
			{`SELECT DISTINCT author_id FROM replies`, `DELETE FROM replies WHERE author_id IN (?)`},
			{`SELECT DISTINCT actor_id FROM reactions`, `DELETE FROM reactions WHERE actor_id IN (?)`},
			{`SELECT DISTINCT actor_id FROM upstreams`, `DELETE FROM upstreams WHERE actor_id IN (?)`},
			{`SELECT DISTINCT origin FROM upstreams`, `DELETE FROM upstreams WHERE origin IN (?)`},
			{`SELECT id FROM actors`, `DELETE FROM actors WHERE id IN (?)`},
			{`SELECT DISTINCT inbox FROM reached`, `DELETE FROM reached WHERE inbox IN (?)`},
			{`SELECT DISTINCT inbox FROM deliveries`, `DELETE FROM deliveries WHERE inbox IN (?)`},
			{`SELECT DISTINCT signer FROM inbox WHERE NOT done`, `DELETE FROM inbox WHERE NOT done AND signer IN (?)`},
			{`SELECT host FROM peers`, `DELETE FROM peers WHERE host IN (?)`},
			{`SELECT name FROM hosts`, `DELETE FROM hosts WHERE name IN (?)`},
			{`SELECT inbox FROM troubled_inboxes`, `DELETE FROM troubled_inboxes WHERE inbox IN (?)`},
			{
				`SELECT DISTINCT job_key FROM jobs WHERE kind IN ('follow', 'sync', 'repair', 'unfollow', 'move')`,
				`DELETE FROM jobs WHERE kind IN ('follow', 'sync', 'repair', 'unfollow', 'move') AND job_key IN (?)`,
			},
		} {
			list, err := tx.matching(ctx, matches, t.list)
			if err != nil {
				return err
			}
			for part := range slices.Chunk(list, maxList) {
				if err := tx.execIn(ctx, "what is cut off", t.remove, part); err != nil {
					return err
				}
			}
		}
		if _, err := tx.PurgeActivities(ctx); err != nil {
			return err
		}
		return tx.cutEntries(ctx, matches)
	})
}

// cutEntries forgets the entries carried from origins for which matches is true.
func (s *Store) cutEntries(ctx context.Context, matches func(string) bool) error {
	origins, err := s.CarriedOrigins(ctx)
	if err != nil {
		return err
	}
	for _, origin := range slices.DeleteFunc(origins, func(o string) bool { return !matches(o) }) {
		if err := s.removeCarried(ctx, origin, everyCarried, origin); err != nil {
			return err
		}
	}
	return nil
}

// DropDeliveriesTo forgets what one of our actors still has to send to an inbox.
func (s *Store) DropDeliveriesTo(ctx context.Context, actorID, inbox string) (int64, error) {
	return s.dropDeliveries(ctx, `inbox = ? AND activity_id IN (SELECT id FROM activities WHERE actor_id = ?)`,
		inbox, actorID)
}

// CarriedOrigins returns the hosts from which entries are carried.
func (s *Store) CarriedOrigins(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "origins", `SELECT DISTINCT origin FROM initiatives WHERE NOT own ORDER BY origin`)
}

// CarriedIDs returns the ids of entries carried from an origin that are in a
// state, at most limit.
func (s *Store) CarriedIDs(ctx context.Context, origin string, state directory.State, limit int) ([]string, error) {
	return many[string](ctx, s, "carried entries",
		`SELECT id FROM initiatives WHERE origin = ? AND state = ? AND NOT own LIMIT ?`, origin, string(state), limit)
}

// RemoveCarried forgets those of the entries that are carried.
func (s *Store) RemoveCarried(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return s.Change(ctx, func(tx *Store) error {
		if err := tx.discount(ctx, ids); err != nil {
			return err
		}
		query, args, err := in(`id IN (?)`, ids)
		if err != nil {
			return err
		}
		if err := tx.depart(ctx, query, args...); err != nil {
			return err
		}
		if tx.dialect.name == "sqlite" {
			if err := tx.execIn(ctx, "search text", `DELETE FROM initiative_text WHERE rowid IN
				(SELECT num FROM initiatives WHERE id IN (?) AND NOT own)`, ids); err != nil {
				return err
			}
		}
		return tx.execIn(ctx, "carried entries", `DELETE FROM initiatives WHERE id IN (?) AND NOT own`, ids)
	})
}
