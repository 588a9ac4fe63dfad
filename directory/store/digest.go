package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Digests are what an origin's listed entries amount to, bucket by bucket.
type Digests [directory.Buckets]BucketDigest

// BucketDigest is what the entries of one bucket amount to.
type BucketDigest struct {
	Entries int
	Digest  directory.Digest
}

// entryVersion is one version of an entry, as the digests have it.
type entryVersion struct {
	ID      string `db:"id"`
	Origin  string `db:"origin"`
	State   string `db:"state"`
	Updated int64  `db:"updated"`
	Stamp   string `db:"stamp"`
}

const versionColumns = `id, origin, state, updated, stamp`

// counts reports whether the entry is one that its origin lists.
func (v *entryVersion) counts() bool {
	return v.State == string(directory.Published) || v.State == string(directory.Unlisted)
}

// stamp returns the text of the date of the version.
func (v *entryVersion) text() string {
	if v.Stamp != "" {
		return v.Stamp
	}
	return directory.Stamp(fromMicros(v.Updated))
}

// digestChange is what happens to the digests of one origin.
type digestChange struct {
	in, out []entryVersion
}

// changeDigests brings the digests of origins into line with entries that are
// written in the same transaction, which holds the lock on entries.
func (s *Store) changeDigests(ctx context.Context, changes map[string]*digestChange) error {
	for origin, c := range changes {
		if len(c.in)+len(c.out) == 0 {
			continue
		}
		d, err := s.Digests(ctx, origin)
		if err != nil {
			return err
		}
		for k := range c.in {
			d.toggle(&c.in[k], 1)
		}
		for k := range c.out {
			d.toggle(&c.out[k], -1)
		}
		if err := s.putDigests(ctx, origin, d); err != nil {
			return err
		}
	}
	return nil
}

func (d *Digests) toggle(v *entryVersion, n int) {
	b := &d[directory.BucketOf(v.ID)]
	b.Entries += n
	b.Digest.Toggle(directory.EntryDigest(v.ID, v.text()))
}

// collectChange notes that an entry goes from one version to another, either of
// which may be missing.
func collectChange(changes map[string]*digestChange, old, new *entryVersion) {
	if old != nil && new != nil && old.counts() && new.counts() && old.text() == new.text() {
		return
	}
	at := func(origin string) *digestChange {
		if changes[origin] == nil {
			changes[origin] = &digestChange{}
		}
		return changes[origin]
	}
	if old != nil && old.counts() {
		c := at(old.Origin)
		c.out = append(c.out, *old)
	}
	if new != nil && new.counts() {
		c := at(new.Origin)
		c.in = append(c.in, *new)
	}
}

// bucketSize is the bytes of a bucket in the database.
const bucketSize = 4 + len(directory.Digest{})

func (s *Store) putDigests(ctx context.Context, origin string, d *Digests) error {
	packed := make([]byte, 0, len(d)*bucketSize)
	var total BucketDigest
	for k := range d {
		packed = binary.BigEndian.AppendUint32(packed, uint32(d[k].Entries)) //nolint:gosec // far fewer
		packed = append(packed, d[k].Digest[:]...)
		total.Entries += d[k].Entries
		total.Digest.Toggle(d[k].Digest)
	}
	_, err := s.exec(ctx, "digests of "+origin, `INSERT INTO digests (origin, entries, digest, buckets) VALUES (?, ?, ?, ?)
		ON CONFLICT (origin) DO UPDATE SET entries = excluded.entries, digest = excluded.digest, buckets = excluded.buckets`,
		origin, total.Entries, total.Digest[:], packed)
	return err
}

// Digest returns what all the listed entries of an origin amount to. It reads one
// row, however many they are.
func (s *Store) Digest(ctx context.Context, origin string) (BucketDigest, error) {
	row, err := one[struct {
		Entries int    `db:"entries"`
		Digest  []byte `db:"digest"`
	}](ctx, s, "digest of "+origin, `SELECT entries, digest FROM digests WHERE origin = ?`, origin)
	var d BucketDigest
	if errors.Is(err, directory.ErrNotFound) {
		return d, nil // it has none
	}
	if err != nil {
		return d, err
	}
	if d.Entries = row.Entries; copy(d.Digest[:], row.Digest) != len(d.Digest) {
		return d, fmt.Errorf("digest of %s has %d bytes", origin, len(row.Digest))
	}
	return d, nil
}

// Digests returns what the listed entries of an origin amount to in each bucket.
func (s *Store) Digests(ctx context.Context, origin string) (*Digests, error) {
	rows, err := many[[]byte](ctx, s, "digests of "+origin, `SELECT buckets FROM digests WHERE origin = ?`, origin)
	d := new(Digests)
	if err != nil || len(rows) == 0 {
		return d, err
	}
	packed := rows[0]
	if len(packed) != len(d)*bucketSize {
		return nil, fmt.Errorf("digests of %s have %d bytes", origin, len(packed))
	}
	for k := range d {
		part := packed[k*bucketSize : (k+1)*bucketSize]
		d[k].Entries = int(binary.BigEndian.Uint32(part))
		copy(d[k].Digest[:], part[4:])
	}
	return d, nil
}

// EntryStamp is an entry and the date of its last change as its origin's document
// writes it.
type EntryStamp struct {
	ID      string
	Updated string
}

// Bucket returns the listed entries of an origin that are in a bucket, by id,
// after the id given, at most limit.
func (s *Store) Bucket(ctx context.Context, origin string, bucket int, after string, limit int) ([]EntryStamp, error) {
	rows, err := many[entryVersion](ctx, s, "bucket", `SELECT `+versionColumns+` FROM initiatives
		WHERE origin = ? AND bucket = ? AND id > ? AND state IN ('published', 'unlisted') ORDER BY id LIMIT ?`,
		origin, bucket, after, limit)
	out := make([]EntryStamp, len(rows))
	for k := range rows {
		out[k] = EntryStamp{rows[k].ID, rows[k].text()}
	}
	return out, err
}

// discount takes carried entries, which are about to go, out of the digests.
func (s *Store) discount(ctx context.Context, ids []string) error {
	rows, err := manyIn[entryVersion](ctx, s, "entries", `SELECT `+versionColumns+` FROM initiatives WHERE id IN (?) AND NOT own`, ids)
	if err != nil {
		return err
	}
	changes := map[string]*digestChange{}
	for k := range rows {
		collectChange(changes, &rows[k], nil)
	}
	return s.changeDigests(ctx, changes)
}

// forgetDigests forgets what the entries of an origin amounted to, as they are all
// gone.
func (s *Store) forgetDigests(ctx context.Context, origin string) error {
	if _, err := s.exec(ctx, "digests of "+origin, `DELETE FROM digests WHERE origin = ?`, origin); err != nil {
		return err
	}
	_, err := s.exec(ctx, "repair of "+origin, `DELETE FROM repairs WHERE host = ?`, origin)
	return err
}

// RebuildDigests makes the digests of an origin from its entries, whatever they
// were.
func (s *Store) RebuildDigests(ctx context.Context, origin string) error {
	return s.Change(ctx, func(tx *Store) error {
		const batch = 2000
		d := new(Digests)
		for after := ""; ; {
			rows, err := many[bucketedVersion](ctx, tx, "entries", `SELECT `+versionColumns+`, bucket FROM initiatives
				WHERE origin = ? AND id > ? ORDER BY id LIMIT ?`, origin, after, batch)
			if err != nil {
				return err
			}
			if err := tx.addTo(ctx, d, rows); err != nil {
				return err
			}
			if len(rows) < batch {
				return tx.putDigests(ctx, origin, d)
			}
			after = rows[batch-1].ID
		}
	})
}

// bucketedVersion is a version of an entry and the bucket that its row has.
type bucketedVersion struct {
	entryVersion
	Bucket int `db:"bucket"`
}

// addTo adds entries to digests, and puts each into its bucket.
func (s *Store) addTo(ctx context.Context, d *Digests, rows []bucketedVersion) error {
	for k := range rows {
		r := &rows[k]
		if r.counts() {
			d.toggle(&r.entryVersion, 1)
		}
		b := directory.BucketOf(r.ID)
		if b == r.Bucket {
			continue
		}
		if _, err := s.exec(ctx, "bucket", `UPDATE initiatives SET bucket = ? WHERE id = ?`, b, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// completeDigests makes the digests of origins with entries that a program before
// this one wrote.
func (s *Store) completeDigests(ctx context.Context) error {
	origins, err := many[string](ctx, s, "origins without digests", `SELECT DISTINCT origin FROM initiatives WHERE bucket < 0`)
	if err != nil {
		return err
	}
	for _, origin := range origins {
		if err := s.RebuildDigests(ctx, origin); err != nil {
			return fmt.Errorf("make digests of %s: %w", origin, err)
		}
	}
	return nil
}

// Repair is how the last repair of what is carried from a host ended, or how far
// one that is under way has come.
type Repair struct {
	Host   string
	Theirs string // digest when it began, hex
	Ours   string // after it

	// What else it came to depends on: see Decisions, and how many entries might be
	// carried.
	Decisions int64
	Most      int

	Bucket   int       // with which one that is under way goes on; 0 for none
	Repaired time.Time // when it ended; zero for never
	Reread   time.Time // when much differed and its whole log was to be read again
}

// Repair returns how the last repair of a host ended; one that was never repaired
// has no times.
func (s *Store) Repair(ctx context.Context, host string) (*Repair, error) {
	rows, err := many[struct {
		Theirs    string `db:"theirs"`
		Ours      string `db:"ours"`
		Decisions int64  `db:"decisions"`
		Most      int    `db:"most"`
		Bucket    int    `db:"bucket"`
		Repaired  int64  `db:"repaired"`
		Reread    int64  `db:"reread"`
	}](ctx, s, "repair of "+host, `SELECT theirs, ours, decisions, most, bucket, repaired, reread FROM repairs WHERE host = ?`, host)
	if err != nil || len(rows) == 0 {
		return &Repair{Host: host}, err
	}
	r := rows[0]
	return &Repair{host, r.Theirs, r.Ours, r.Decisions, r.Most, r.Bucket, fromMicros(r.Repaired), fromMicros(r.Reread)}, nil
}

// PutRepair writes how a repair ended, or how far it has come.
func (s *Store) PutRepair(ctx context.Context, r *Repair) error {
	_, err := s.exec(ctx, "repair of "+r.Host, `INSERT INTO repairs (host, theirs, ours, decisions, most, bucket, repaired, reread)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (host) DO UPDATE SET theirs = excluded.theirs, ours = excluded.ours, decisions = excluded.decisions,
		most = excluded.most, bucket = excluded.bucket, repaired = excluded.repaired, reread = excluded.reread`,
		r.Host, r.Theirs, r.Ours, r.Decisions, r.Most, r.Bucket, micros(r.Repaired), micros(r.Reread))
	return err
}

// ForgetRepair forgets what the repair of a host came to, so that the next one
// compares everything.
func (s *Store) ForgetRepair(ctx context.Context, host string) error {
	_, err := s.exec(ctx, "repair of "+host,
		`UPDATE repairs SET theirs = '', ours = '', bucket = 0, repaired = 0 WHERE host = ?`, host)
	return err
}
