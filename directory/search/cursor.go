package search

import (
	"math"
	"strconv"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// Position is where a page of hits starts: after so many, or, what costs nothing
// however deep the page is, after the hit with a key.
type Position struct {
	Skip int  // hits before the page
	Key  *Key // of the last of them; nil where it is not known
}

// Key is where a hit stands in the order of an answer. The highest Rank comes
// first, among equals the latest Updated, among those the highest Num.
type Key struct {
	Rank    float64 // how well the words fit, or how near it is; 0 without either
	Updated int64   // in microseconds; 0 near a point
	Num     int64   // of the entry in this database
}

// Before reports whether a hit with the key comes before one with the other.
func (k Key) Before(other Key) bool {
	switch {
	case k.Rank != other.Rank:
		return k.Rank > other.Rank
	case k.Updated != other.Updated:
		return k.Updated > other.Updated
	}
	return k.Num > other.Num
}

// maxOffset bounds how deep pages without a key go, as skipping costs what it
// skips.
const maxOffset = 100_000

// cursorPrefix tells a cursor from any other word.
const cursorPrefix = "at-"

// Cursor returns the position as Query.Cursor holds it: "at-k", or with a key
// "at-k.RANK.UPDATED.NUM", all numbers to the base of 36. It is "" for one that
// is too deep.
func (p Position) Cursor() string {
	if p.Key == nil && p.Skip > maxOffset {
		return ""
	}
	cursor := cursorPrefix + strconv.FormatInt(int64(p.Skip), cursorBase)
	if p.Key == nil {
		return cursor
	}
	return cursor + "." + strconv.FormatUint(math.Float64bits(p.Key.Rank), cursorBase) +
		"." + strconv.FormatInt(p.Key.Updated, cursorBase) + "." + strconv.FormatInt(p.Key.Num, cursorBase)
}

const cursorBase = 36

// Position returns where the query's page starts.
func (q Query) Position() (Position, error) {
	if q.Cursor == "" {
		return Position{}, nil
	}
	bad := directory.Invalidf(paramCursor, "%q is not a cursor of this search", q.Cursor)
	text, ok := strings.CutPrefix(q.Cursor, cursorPrefix)
	parts := strings.Split(text, ".")
	skip, err := strconv.ParseInt(parts[0], cursorBase, 32)
	if !ok || err != nil || skip < 0 || len(parts) != 1 && len(parts) != 4 {
		return Position{}, bad
	}
	p := Position{Skip: int(skip)}
	if len(parts) == 1 {
		if p.Skip > maxOffset {
			return Position{}, bad
		}
		return p, nil
	}
	rank, err1 := strconv.ParseUint(parts[1], cursorBase, 64)
	updated, err2 := strconv.ParseInt(parts[2], cursorBase, 64)
	num, err3 := strconv.ParseInt(parts[3], cursorBase, 64)
	if err1 != nil || err2 != nil || err3 != nil || math.IsNaN(math.Float64frombits(rank)) {
		return Position{}, bad
	}
	p.Key = &Key{math.Float64frombits(rank), updated, num}
	return p, nil
}

// Offset returns how many hits the cursor skips.
func (q Query) Offset() (int, error) {
	p, err := q.Position()
	return p.Skip, err
}

// CursorAt returns the cursor that skips n hits, or "" if that is too deep.
func CursorAt(n int) string { return Position{Skip: n}.Cursor() }
