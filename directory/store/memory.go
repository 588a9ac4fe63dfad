package store

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/index"
	"codeberg.org/commonage/commonage/directory/search"
)

// memory is the index that answers searches, and how far it follows the
// database. Who asks brings it up to date first, so an answer holds everything
// that was committed before the question; but after an import of thousands into
// a large directory it may be some seconds behind.
type memory struct {
	index atomic.Pointer[index.Index] // nil until it is filled
	seen  atomic.Int64                // version of the directory that it has
	kept  atomic.Bool                 // KeepIndex runs

	mu sync.Mutex // held by who brings it up to date
	at place      // up to where
}

// place is how far the changes of entries were read: up to those of a version,
// and of the next one up to an entry.
type place struct{ version, num int64 }

// Limits on what somebody who asks waits for.
const (
	// smallDirectory is how many entries are read for the first question; a larger
	// directory is asked by SQL until KeepIndex has read it.
	smallDirectory = 20_000
	// patience is how many changed entries a question to a larger one reads while
	// KeepIndex runs, which reads the rest within seconds.
	patience   = 500
	indexBatch = 2000
)

// KeepIndex fills the index and keeps it up to date until the context ends, and
// calls report with what goes wrong, after which it tries again. Without it,
// searches in a large directory read the database instead of memory.
func (s *Store) KeepIndex(ctx context.Context, report func(error)) {
	s.memory.kept.Store(true)
	defer s.memory.kept.Store(false)
	const pause = time.Second
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := s.FillIndex(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// FillIndex brings the index up to date, however much there is to read.
func (s *Store) FillIndex(ctx context.Context) error {
	if s.memory.index.Load() == nil {
		if err := s.buildIndex(ctx); err != nil {
			return err
		}
	}
	for more := true; more; {
		var err error
		s.memory.mu.Lock()
		more, err = s.catchUp(ctx, indexBatch)
		s.memory.mu.Unlock()
		if err != nil {
			return err
		}
	}
	if x := s.memory.index.Load(); x != nil {
		for x.Tidy() && ctx.Err() == nil {
		}
	}
	return nil
}

// current returns the index, up to date, or nil where SQL has to answer: within
// a transaction, whose changes nobody else sees yet, and before the index is
// filled.
func (s *Store) current(ctx context.Context) (*index.Index, error) {
	if s.tx != nil {
		return nil, nil //nolint:nilnil // documented
	}
	version, err := s.Version(ctx)
	if err != nil {
		return nil, err
	}
	m := s.memory
	if x := m.index.Load(); x != nil && m.seen.Load() >= version {
		return x, nil
	}
	if m.index.Load() == nil {
		highest, err := s.counter(ctx, "initiative")
		if err != nil || highest > smallDirectory || m.kept.Load() {
			return nil, err
		}
		if err := s.buildIndex(ctx); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := patience
	if x := m.index.Load(); !m.kept.Load() || x != nil && x.Len() <= smallDirectory {
		limit = math.MaxInt32
	}
	if m.seen.Load() < version {
		if _, err := s.catchUp(ctx, limit); err != nil {
			return nil, err
		}
	}
	x := m.index.Load()
	if x != nil && !m.kept.Load() {
		for x.Tidy() {
		}
	}
	return x, nil
}

// buildIndex reads every entry. One that changes meanwhile is read again by who
// catches up.
func (s *Store) buildIndex(ctx context.Context) error {
	m := s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.index.Load() != nil {
		return nil
	}
	version, err := s.Version(ctx)
	if err != nil {
		return err
	}
	x := index.New()
	batches := make(chan []initiativeRow, 2)
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return s.eachBatch(inner, batches)
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for rows := range batches {
				if err := enter(x, rows); err != nil {
					return err
				}
				for x.Tidy() && inner.Err() == nil {
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("fill the index: %w", err)
	}
	if x.Len() > smallDirectory {
		debug.FreeOSMemory() // of the rows that were read, several times the index
		defer debug.FreeOSMemory()
	}
	x.Pack()
	m.at = place{version: version, num: math.MaxInt64}
	m.seen.Store(version)
	m.index.Store(x)
	return nil
}

// eachBatch sends every entry, in the order of their numbers.
func (s *Store) eachBatch(ctx context.Context, batches chan<- []initiativeRow) error {
	for last := int64(0); ; {
		rows, err := many[initiativeRow](ctx, s, "entries", `SELECT `+indexedColumns+` FROM initiatives
			WHERE num > ? ORDER BY num LIMIT ?`, last, indexBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1].Num
		select {
		case batches <- rows:
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the other side's error counts
		}
	}
}

// catchUp reads at most so many of the entries that changed since, and reports
// whether there are more. The caller holds the lock.
func (s *Store) catchUp(ctx context.Context, limit int) (more bool, err error) {
	m := s.memory
	version, err := s.Version(ctx)
	if err != nil || version <= m.seen.Load() || m.index.Load() == nil {
		return false, err
	}
	if version-m.seen.Load() >= vanishedKept {
		m.index.Store(nil) // what is gone since then is forgotten
		return false, nil
	}
	gone, err := many[int64](ctx, s, "entries that are gone",
		`SELECT num FROM vanished WHERE changed > ?`, m.seen.Load())
	if err != nil {
		return false, err
	}
	m.index.Load().Apply(nil, gone)
	for limit > 0 {
		size := min(limit, indexBatch)
		rows, err := many[initiativeRow](ctx, s, "changed entries", `SELECT changed, `+indexedColumns+` FROM initiatives
			WHERE (changed, num) > (?, ?) ORDER BY changed, num LIMIT ?`, m.at.version, m.at.num, size)
		if err != nil {
			return false, err
		}
		if err := enter(m.index.Load(), rows); err != nil {
			return false, err
		}
		if n := len(rows); n > 0 {
			m.at = place{rows[n-1].Changed, rows[n-1].Num}
		}
		if len(rows) < size {
			m.seen.Store(version)
			return false, nil
		}
		limit -= size
	}
	return true, nil
}

// written is what a transaction has written that the index has to learn. When it is
// all that changed since, the index takes it as it is, and nothing is read again.
type written struct {
	before, after int64 // versions of the directory; 0 where nothing was written
	entries       []index.Entry
	gone          []int64
	more          bool // more has changed than that
}

// mostWritten is how many entries a transaction holds for the index.
const mostWritten = 20_000

// noteWritten notes what was written as the version after before.
func (s *Store) noteWritten(before int64, entries []PutEntry, rows []initiativeRow, documents []*search.Document) {
	w := s.written
	if w.after > 0 || len(rows) > mostWritten || s.memory.index.Load() == nil || !distinct(rows) || beyond(rows) {
		w.more = true // an entry may be there twice
	}
	if w.more {
		*w = written{more: true}
		return
	}
	w.before, w.after = before, before+1
	for k := range rows {
		if documents[k] == nil {
			w.gone = append(w.gone, rows[k].Num)
			continue
		}
		w.entries = append(w.entries, indexEntry(&rows[k], entries[k].Initiative, *documents[k]))
	}
}

// beyond reports whether the index has no room for one of the rows, which who reads
// them then says.
func beyond(rows []initiativeRow) bool {
	return slices.ContainsFunc(rows, func(r initiativeRow) bool { return r.Num > index.MaxNum })
}

// follow brings the index up to date with what was just committed, if that is all
// that it lacks, and nobody else is at it.
func (m *memory) follow(w *written) {
	if w.after == 0 || w.more || !m.mu.TryLock() {
		return
	}
	defer m.mu.Unlock()
	x := m.index.Load()
	if x == nil || m.seen.Load() != w.before {
		return
	}
	x.Apply(w.entries, w.gone)
	m.at = place{w.after, math.MaxInt64}
	m.seen.Store(w.after)
}

// vanishedKept is for how many versions of the directory the entries that are
// gone are remembered, for those who have yet to hear.
const vanishedKept = 1_000_000

// depart counts a change of the directory and remembers the carried entries that
// fit the condition as gone, which the caller then deletes.
func (s *Store) depart(ctx context.Context, condition string, args ...any) error {
	before, err := s.advance(ctx, "version", 1)
	if err != nil {
		return err
	}
	s.written.more = true
	if _, err := s.exec(ctx, "vanished entries", `INSERT INTO vanished (num, changed)
		SELECT num, CAST(? AS BIGINT) FROM initiatives WHERE NOT own AND `+condition, append([]any{before + 1}, args...)...); err != nil {
		return err
	}
	_, err = s.exec(ctx, "vanished entries", `DELETE FROM vanished WHERE changed < ?`, before-vanishedKept)
	return err
}

// enter tells the index of rows as they are now.
func enter(x *index.Index, rows []initiativeRow) error {
	entries := make([]index.Entry, 0, len(rows))
	var gone []int64
	for k := range rows {
		r := &rows[k]
		if r.Num > index.MaxNum {
			return fmt.Errorf("entry %s has the number %d, and the index ends at %d", r.ID, r.Num, index.MaxNum)
		}
		if r.State != string(directory.Published) {
			gone = append(gone, r.Num)
			continue
		}
		i, err := r.initiative()
		if err != nil {
			return err
		}
		entries = append(entries, indexEntry(r, i, search.NewDocument(i)))
	}
	x.Apply(entries, gone)
	return nil
}

func indexEntry(r *initiativeRow, i *directory.Initiative, d search.Document) index.Entry {
	d.Terms = r.Terms
	return index.Entry{Num: r.Num, Point: i.Place.Point, Updated: r.Updated, Terms: r.Terms, Document: d, Quality: search.Quality(i)}
}

// question returns a query as the index takes it, and the index; nil where SQL
// has to answer.
func (s *Store) question(ctx context.Context, q search.Query) (index.Question, *index.Index, error) {
	m := search.NewMatch(q)
	if !indexable(q, m) {
		return index.Question{}, nil, nil
	}
	question := index.Question{Query: q, Match: m}
	x, err := s.current(ctx)
	if err != nil || x == nil {
		return question, x, err
	}
	if phrases := search.Phrases(m.Words); len(phrases) > 0 {
		if question.Only, err = s.entriesWith(ctx, search.Match{Words: phrases}); err != nil {
			return question, nil, err
		}
	}
	for _, phrase := range search.Phrases(m.Not) {
		nums, err := s.entriesWith(ctx, search.Match{Words: []search.Group{phrase}})
		if err != nil {
			return question, nil, err
		}
		question.Except = append(question.Except, nums...)
	}
	return question, x, nil
}

// entriesWith returns the numbers of the entries that fit a match, ascending; the
// index knows which of them are published.
func (s *Store) entriesWith(ctx context.Context, m search.Match) ([]uint32, error) {
	return many[uint32](ctx, s, "entries with a phrase", s.dialect.numbersOf, s.dialect.expression(m))
}

// indexable reports whether the index knows everything that is asked. What a
// query learns later is asked in SQL until the index learns it too.
func indexable(q search.Query, m search.Match) bool {
	known := search.Query{
		Text: q.Text, Forms: q.Forms, Kinds: q.Kinds, Currents: q.Currents, Roles: q.Roles, Origins: q.Origins,
		Countries: q.Countries, Languages: q.Languages, Offers: q.Offers, Needs: q.Needs, Box: q.Box, Near: q.Near, Radius: q.Radius, Since: q.Since,
		Limit: q.Limit, Cursor: q.Cursor,
	}
	match := search.Match{Terms: m.Terms, Words: slices.Clone(m.Words), Not: slices.Clone(m.Not)}
	for _, groups := range [][]search.Group{match.Words, match.Not} {
		for k, g := range groups {
			groups[k] = search.Group{Alternatives: g.Alternatives, Terms: g.Terms, Stems: g.Stems, Prefix: g.Prefix, Phrase: g.Phrase}
		}
	}
	return reflect.DeepEqual(q, known) && reflect.DeepEqual(m, match)
}
