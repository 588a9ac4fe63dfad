// Package index holds the published entries of a directory in memory, in the
// few bytes of each that answer a search: where it is, what it is counted by,
// when it changed, and for each word of its text that the word occurs and in
// which column. A search then reads some megabytes instead of a database. It
// counts every hit; by value it counts a sample where there are very many.
//
// It is plain data: package store feeds it what changed and reads the entries
// that a page shows. A million entries take about 200 MB.
package index

import (
	"math"
	"sync"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Entry is what the index is told of a published entry.
type Entry struct {
	Num      int64 // its number in the database, below MaxNum
	Point    *directory.Point
	Updated  int64 // microseconds
	Terms    string
	Document search.Document
	Quality  uint8 // search.Quality
}

// MaxNum is the highest number of an entry that fits.
const MaxNum = 1<<30 - 1

// Index answers searches. It is safe for concurrent use; a change waits for the
// searches that run, which take milliseconds.
type Index struct {
	mu       sync.RWMutex
	blocks   []*block
	homes    homes
	columns  []*valueColumn // one for each dimension, by the letter of its terms
	segments []*segment     // the oldest first
	live     int            // entries held
	placed   int            // of them on the map
	lastID   uint32         // of a segment

	tidying sync.Mutex // one Tidy at a time
	scratch sync.Pool  // *scratch
}

// New returns an empty index.
func New() *Index {
	return &Index{}
}

// Len returns how many entries there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.live
}

// Apply takes entries that are new or changed, each once, and the numbers of
// those that are not published any more or were never. Searches see all of it or
// nothing.
func (x *Index) Apply(entries []Entry, gone []int64) {
	fresh := newSegment(entries) // without the lock, as it takes longest
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, num := range gone {
		x.forget(num)
	}
	if len(entries) == 0 {
		return
	}
	x.lastID++
	fresh.id = x.lastID
	x.segments = append(x.segments, fresh)
	for k := range entries {
		x.forget(entries[k].Num)
		x.enter(&entries[k], fresh.id)
	}
}

// A block holds the columns of the entries whose numbers differ in the low bits
// only.
const (
	blockBits = 12
	blockSize = 1 << blockBits
)

type block struct {
	cell      [blockSize]int64 // on the map; nowhere for none
	latitude  [blockSize]float64
	longitude [blockSize]float64
	vector    [blockSize][3]float32 // its point as a unit vector, roughly
	updated   [blockSize]int64
	quality   [blockSize]uint8
	newest    int64 // no entry was updated later
}

// nowhere is the cell of what has no point.
const nowhere = -1

// ends is one past the highest number that there may be.
func (x *Index) ends() uint32 { return uint32(len(x.blocks)) << blockBits } //nolint:gosec // MaxNum bounds it

// homes holds of each entry, in blocks, the id of the segment with its words; 0
// where there is no entry.
type homes []*[blockSize]uint32

func (h homes) at(num uint32) uint32 {
	if b := num >> blockBits; int(b) < len(h) {
		return h[b][num%blockSize]
	}
	return 0
}

func (h homes) set(num, id uint32) { h[num>>blockBits][num%blockSize] = id }

// clone returns a copy that does not change.
func (h homes) clone() homes {
	out := make(homes, len(h))
	for k, b := range h {
		out[k] = new(*b)
	}
	return out
}

func (x *Index) enter(e *Entry, home uint32) {
	num := uint32(e.Num) //nolint:gosec // MaxNum bounds it
	for num >= x.ends() {
		x.blocks = append(x.blocks, new(block))
		x.homes = append(x.homes, new([blockSize]uint32))
	}
	b, k := x.blocks[num>>blockBits], num%blockSize
	x.homes.set(num, home)
	b.updated[k], b.quality[k], b.cell[k] = e.Updated, e.Quality, nowhere
	b.newest = max(b.newest, e.Updated)
	if p := e.Point; p != nil {
		b.cell[k], b.latitude[k], b.longitude[k] = int64(search.CellAt(*p)), p.Latitude, p.Longitude
		for axis, v := range p.UnitVector() {
			b.vector[k][axis] = float32(v)
		}
		x.placed++
	}
	x.setValues(num, e.Terms)
	x.live++
}

func (x *Index) forget(num int64) {
	if num < 0 || num > MaxNum || x.homes.at(uint32(num)) == 0 {
		return
	}
	n := uint32(num)
	if x.blocks[n>>blockBits].cell[n%blockSize] != nowhere {
		x.placed--
	}
	x.homes.set(n, 0)
	x.clearValues(n)
	x.live--
}

// product returns the cosine of the angle between an entry and a unit vector,
// exactly as far as float64 goes; -Inf for an entry that is nowhere.
func (b *block) product(k uint16, v [3]float64) float64 {
	if b.cell[k] == nowhere {
		return math.Inf(-1)
	}
	u := directory.Point{Latitude: b.latitude[k], Longitude: b.longitude[k]}.UnitVector()
	return u[0]*v[0] + u[1]*v[1] + u[2]*v[2]
}
