package store

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

const initiativeColumns = `num, id, handle, origin, own, state, name, summary, description, languages, forms,
	kind, role, currents, scope, status, founded, tags, links, image, place_name, address, postcode, locality,
	locality_folded, region, country, latitude, longitude, "precision", x, y, z, cell, source_name, source_url,
	source_licence, source_attribution, external_id, published, updated, revision, position, change, terms, also_known_as, moved_to,
	bucket, stamp, offers, needs`

// indexedColumns are those that the text index and the one in memory are made of.
const indexedColumns = `num, id, origin, state, name, summary, description, languages, forms, kind, role, currents, tags, offers, needs,
	place_name, address, postcode, locality, region, country, latitude, longitude, updated, terms`

// PutInitiative writes an entry, new or changed, with its search text and map
// cell. An own entry that is published or withdrawn also takes the next position
// of the directory's log with the change named; a carried one or a draft has
// change "". It fails with directory.ErrConflict when the handle is taken at its
// origin by another entry.
func (s *Store) PutInitiative(ctx context.Context, i *directory.Initiative, change directory.ChangeType) error {
	return s.PutInitiatives(ctx, []PutEntry{{i, change}})
}

// PutEntry is one entry to write, see PutInitiative.
type PutEntry struct {
	Initiative *directory.Initiative
	Change     directory.ChangeType
}

// PutInitiatives writes entries as PutInitiative does, in one transaction.
func (s *Store) PutInitiatives(ctx context.Context, entries []PutEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.Tx(ctx, func(tx *Store) error {
		// The first lock of all, see lockEntries.
		before, err := tx.advance(ctx, "version", 1)
		if err != nil {
			return err
		}
		rows, err := tx.numbered(ctx, entries)
		if err != nil {
			return err
		}
		for k := range rows {
			rows[k].Changed = before + 1
		}
		documents := documentsOf(entries)
		if err := tx.writeInitiatives(ctx, rows, documents); err != nil {
			return err
		}
		tx.noteWritten(before, entries, rows, documents)
		return nil
	})
}

// documentsOf returns what search knows of entries; nil for one that is not
// published, which is in no index.
func documentsOf(entries []PutEntry) []*search.Document {
	documents := make([]*search.Document, len(entries))
	for k := range entries {
		if i := entries[k].Initiative; i.State == directory.Published {
			documents[k] = new(search.NewDocument(i))
		}
	}
	return documents
}

// numbered returns the rows of entries: with the numbers they have, or the next
// ones, and with positions of the log for those that changed in public.
func (s *Store) numbered(ctx context.Context, entries []PutEntry) ([]initiativeRow, error) {
	known, err := s.numbers(ctx, entries)
	if err != nil {
		return nil, err
	}
	fresh, logged := int64(0), int64(0)
	changes := map[string]*digestChange{}
	for _, e := range entries {
		if _, ok := known[e.Initiative.ID]; !ok {
			fresh++
		}
		if e.Change != "" {
			logged++
		}
	}
	num, err := s.advance(ctx, "initiative", fresh)
	if err != nil {
		return nil, err
	}
	position, err := s.advance(ctx, "position", logged)
	if err != nil {
		return nil, err
	}
	rows := make([]initiativeRow, len(entries))
	for k, e := range entries {
		if rows[k], err = newInitiativeRow(e.Initiative); err != nil {
			return nil, err
		}
		if old := known[rows[k].ID]; old == nil {
			num++
			rows[k].Num = num
			collectChange(changes, nil, rows[k].version())
		} else {
			rows[k].Num = old.Num
			rows[k].Origin = old.Origin
			collectChange(changes, &old.entryVersion, rows[k].version())
		}
		known[rows[k].ID] = &numbered{rows[k].Num, *rows[k].version()}
		if e.Change != "" {
			position++
			rows[k].Position, rows[k].Change, rows[k].Own = new(position), string(e.Change), true
		}
	}
	return rows, s.changeDigests(ctx, changes)
}

// numbered is a row that exists.
type numbered struct {
	Num int64 `db:"num"`
	entryVersion
}

// numbers returns the entries that exist, by id.
func (s *Store) numbers(ctx context.Context, entries []PutEntry) (map[string]*numbered, error) {
	ids := make([]string, len(entries))
	for k, e := range entries {
		ids[k] = e.Initiative.ID
	}
	rows, err := manyIn[numbered](ctx, s, "entry numbers", `SELECT num, `+versionColumns+` FROM initiatives WHERE id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*numbered, len(rows))
	for k := range rows {
		known[rows[k].ID] = &rows[k]
	}
	return known, nil
}

// advance moves a counter by n and returns its value before. The row stays
// locked until the transaction ends, so that what is numbered becomes visible in
// the order of its numbers.
func (s *Store) advance(ctx context.Context, name string, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	rows, err := returning[int64](ctx, s, "counter "+name,
		`INSERT INTO counters (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`, name, n)
	if err != nil {
		return 0, err
	}
	return rows[0] - n, nil
}

const initiativeValues = `(:num, :id, :handle, :origin, :own, :state, :name, :summary, :description, :languages, :forms,
	:kind, :role, :currents, :scope, :status, :founded, :tags, :links, :image, :place_name, :address, :postcode, :locality,
	:locality_folded, :region, :country, :latitude, :longitude, :precision, :x, :y, :z, :cell, :source_name, :source_url,
	:source_licence, :source_attribution, :external_id, :published, :updated, :revision, :position, :change, :terms,
	:also_known_as, :moved_to, :bucket, :stamp, :offers, :needs, :changed)`

const initiativeUpsert = `INSERT INTO initiatives (` + initiativeColumns + `, changed) VALUES ` + initiativeValues + initiativeUpdate

const initiativeUpdate = `
	ON CONFLICT (id) DO UPDATE SET own = excluded.own, state = excluded.state, name = excluded.name,
	summary = excluded.summary, description = excluded.description, languages = excluded.languages,
	forms = excluded.forms, kind = excluded.kind, role = excluded.role, currents = excluded.currents,
	scope = excluded.scope, status = excluded.status, founded = excluded.founded, tags = excluded.tags,
	links = excluded.links, image = excluded.image, place_name = excluded.place_name, address = excluded.address,
	postcode = excluded.postcode, locality = excluded.locality, locality_folded = excluded.locality_folded,
	region = excluded.region, country = excluded.country, latitude = excluded.latitude,
	longitude = excluded.longitude, "precision" = excluded."precision", x = excluded.x, y = excluded.y,
	z = excluded.z, cell = excluded.cell, source_name = excluded.source_name, source_url = excluded.source_url,
	source_licence = excluded.source_licence, source_attribution = excluded.source_attribution,
	external_id = excluded.external_id, published = excluded.published, updated = excluded.updated,
	revision = excluded.revision, position = excluded.position, change = excluded.change, terms = excluded.terms,
	also_known_as = excluded.also_known_as, moved_to = excluded.moved_to,
	bucket = excluded.bucket, stamp = excluded.stamp,
	offers = excluded.offers, needs = excluded.needs, changed = excluded.changed`

// withWords is the upsert where the text index is a column.
func withWords() string {
	columns := strings.Replace(initiativeUpsert, ", changed) VALUES", ", changed, words) VALUES", 1)
	return strings.Replace(columns, ", :changed)", ", :changed, CAST(:words AS tsvector))", 1) + `, words = excluded.words`
}

func (s *Store) writeInitiatives(ctx context.Context, rows []initiativeRow, documents []*search.Document) error {
	upsert := initiativeUpsert
	if s.dialect.wordsColumn {
		upsert = withWords()
		for k := range rows {
			rows[k].setWords(documents[k])
		}
		if len(rows) >= copyFrom && distinct(rows) {
			return s.copyInitiatives(ctx, rows)
		}
	}
	statement, err := s.tx.PrepareNamedContext(ctx, upsert)
	if err != nil {
		return fmt.Errorf("prepare entries: %w", err)
	}
	defer statement.Close()
	for k := range rows {
		if _, err := statement.ExecContext(ctx, rows[k]); err != nil {
			if s.dialect.unique(err) {
				return fmt.Errorf("handle %s at %s is taken: %w", rows[k].Handle, rows[k].Origin, directory.ErrConflict)
			}
			return fmt.Errorf("write entry %s: %w", rows[k].ID, err)
		}
	}
	if s.dialect.wordsColumn {
		return nil
	}
	return s.writeTexts(ctx, rows, documents)
}

// writeTexts brings the text index in step where it is a table of its own.
func (s *Store) writeTexts(ctx context.Context, rows []initiativeRow, documents []*search.Document) error {
	index, err := s.newTextWriter(ctx)
	if err != nil {
		return err
	}
	defer index.Close()
	for k := range rows {
		if err := index.write(ctx, &rows[k], documents[k]); err != nil {
			return err
		}
	}
	return nil
}

// distinct reports whether every entry is there once.
func distinct(rows []initiativeRow) bool {
	seen := make(map[int64]bool, len(rows))
	for k := range rows {
		if seen[rows[k].Num] {
			return false
		}
		seen[rows[k].Num] = true
	}
	return true
}

func (s *Store) initiative(ctx context.Context, what, condition string, args ...any) (*directory.Initiative, error) {
	row, err := one[initiativeRow](ctx, s, what, `SELECT `+initiativeColumns+` FROM initiatives WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	return row.initiative()
}

// Initiative returns the entry with the id, whatever its state, or
// directory.ErrNotFound.
func (s *Store) Initiative(ctx context.Context, id string) (*directory.Initiative, error) {
	return s.initiative(ctx, "entry "+id, `id = ?`, id)
}

// InitiativeByHandle returns the entry with the handle at the origin that is
// published, or carried without being listed; directory.ErrGone when it was
// withdrawn, a *directory.MovedError when it moved away, or directory.ErrNotFound.
func (s *Store) InitiativeByHandle(ctx context.Context, origin, handle string) (*directory.Initiative, error) {
	what := "entry " + handle + "@" + origin
	i, err := s.initiative(ctx, what, `origin = ? AND handle = ?`, origin, handle)
	if err != nil {
		return nil, err
	}
	if i.State == directory.Draft {
		return nil, fmt.Errorf("%s: %w", what, directory.ErrNotFound)
	}
	if err := i.Gone(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return i, nil
}

// InitiativesByExternalID returns the own entries that were imported with the
// ids from the source, by external id.
func (s *Store) InitiativesByExternalID(ctx context.Context, origin, source string, ids []string) (map[string]*directory.Initiative, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, args, err := in(`SELECT `+initiativeColumns+` FROM initiatives
		WHERE external_id IN (?) AND source_name = ? AND origin = ?`, ids, source, origin)
	if err != nil {
		return nil, err
	}
	found := map[string]*directory.Initiative{}
	rows, err := many[initiativeRow](ctx, s, "entries by external id", query, args...)
	for k := range rows {
		i, err := rows[k].initiative()
		if err != nil {
			return nil, err
		}
		found[i.Source.ExternalID] = i
	}
	return found, err
}

// TakenHandles returns which of the handles are taken at the origin, by entries
// in any state.
func (s *Store) TakenHandles(ctx context.Context, origin string, handles []string) ([]string, error) {
	if len(handles) == 0 {
		return nil, nil
	}
	return manyIn[string](ctx, s, "handles", `SELECT handle FROM initiatives WHERE origin = ? AND handle IN (?)`, origin, handles)
}

// HandleOwners returns which entries at the origin have the handles: ids by
// handle.
func (s *Store) HandleOwners(ctx context.Context, origin string, handles []string) (map[string]string, error) {
	if len(handles) == 0 {
		return map[string]string{}, nil
	}
	rows, err := manyIn[struct {
		Handle string `db:"handle"`
		ID     string `db:"id"`
	}](ctx, s, "owners of handles", `SELECT handle, id FROM initiatives WHERE origin = ? AND handle IN (?)`, origin, handles)
	if err != nil {
		return nil, err
	}
	owners := make(map[string]string, len(rows))
	for _, r := range rows {
		owners[r.Handle] = r.ID
	}
	return owners, nil
}

// HandlesLike returns which handles at the origin start with the prefix.
func (s *Store) HandlesLike(ctx context.Context, origin, prefix string) ([]string, error) {
	return many[string](ctx, s, "handles",
		`SELECT handle FROM initiatives WHERE origin = ? AND handle >= ? AND handle < ?`, origin, prefix, prefix+"~")
}

// Initiatives returns the entries with the ids that exist, in no order.
func (s *Store) Initiatives(ctx context.Context, ids []string) ([]*directory.Initiative, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := manyIn[initiativeRow](ctx, s, "entries", `SELECT `+initiativeColumns+` FROM initiatives WHERE id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	return initiatives(rows)
}

func initiatives(rows []initiativeRow) ([]*directory.Initiative, error) {
	out := make([]*directory.Initiative, len(rows))
	for k := range rows {
		i, err := rows[k].initiative()
		if err != nil {
			return nil, err
		}
		out[k] = i
	}
	return out, nil
}

// OwnInitiatives returns own entries in a state, by handle, after the handle
// given, at most limit.
func (s *Store) OwnInitiatives(ctx context.Context, origin string, state directory.State, after string, limit int) ([]*directory.Initiative, error) {
	rows, err := many[initiativeRow](ctx, s, "own entries", `SELECT `+initiativeColumns+` FROM initiatives
		WHERE origin = ? AND state = ? AND handle > ? ORDER BY handle LIMIT ?`, origin, string(state), after, limit)
	if err != nil {
		return nil, err
	}
	return initiatives(rows)
}
