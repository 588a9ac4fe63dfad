package index

import (
	"math"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// Question is a search as the index takes it.
type Question struct {
	search.Query
	Match search.Match // search.NewMatch of the query
	Limit int          // hits wanted
	Skip  int          // hits to leave out, the best first
	// Newest orders by the last change alone, whatever the words and the point.
	Newest bool
	After  *search.Key // only what comes after it; nil for everything
	// Where the match has phrases, the entries that have all of those asked for,
	// ascending, and those that have one of those to leave out; the index itself
	// does not know which word follows which.
	Only, Except []uint32
}

// Found is the answer to a Question.
type Found struct {
	Total     int
	Keys      []search.Key // of the hits, in order
	Facets    search.Facets
	Estimated bool // the facets, of more than search.MaxFacetHits hits
}

// Find answers a question.
func (x *Index) Find(q Question) Found {
	x.mu.RLock()
	defer x.mu.RUnlock()
	w := x.newWalk(q)
	w.tallies = make([][]uint32, len(x.columns))
	for k, c := range x.columns {
		w.tallies[k] = make([]uint32, len(c.sets))
	}
	w.run()
	return Found{Total: w.total, Keys: w.best.sorted(q.Skip), Facets: x.facets(w.tallies), Estimated: w.sampled}
}

// First returns the keys of the first hits only, which is quicker than Find.
func (x *Index) First(q Question) []search.Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	w := x.newWalk(q)
	w.run()
	return w.best.sorted(q.Skip)
}

// Count returns how many entries fit a question.
func (x *Index) Count(q Question) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q.Limit, q.Skip = 0, 0
	w := x.newWalk(q)
	w.run()
	return w.total
}

// walk is one pass over the entries that may fit a question, a block at a time.
type walk struct {
	x       *Index
	q       Question
	narrow  []narrowing
	worded  bool
	vector  [3]float64
	around  directory.Box // of the radius
	least   float64       // product within the radius
	tallies [][]uint32    // by column and set; nil if nobody counts
	sampled bool          // what was tallied is an estimate
	visit   func(at int, places []uint16)
	total   int
	best    ranking
	without map[uint32]struct{} // entries to leave out
	since   int64               // of the last change

	alone  bool       // the only narrowing is all there is: what fails it need not be counted
	passed []uint16   // places in the block of the entries that fit
	scores []float32  // of those, if there are words
	failed [][]uint16 // for each narrowing, those that fail it alone
}

func (x *Index) newWalk(q Question) *walk {
	w := &walk{x: x, q: q, narrow: x.narrowings(q.Match), worded: len(q.Match.Words) > 0}
	w.failed = make([][]uint16, len(w.narrow))
	w.since = q.Earliest()
	w.without = x.leftOut(q)
	w.best = ranking{size: q.Limit + q.Skip, after: q.After}
	if q.Near != nil {
		w.vector = q.Near.UnitVector()
		if q.Radius > 0 {
			w.around = directory.BoxAround(*q.Near, q.Radius)
			w.least = search.LeastProduct(q.Radius)
		}
	}
	return w
}

// isEverywhere reports whether neither words nor places narrow the question.
func (w *walk) isEverywhere() bool {
	return !w.worded && w.q.Box == nil && w.q.Radius == 0 && len(w.without) == 0 && w.since == math.MinInt64
}

// leftOut returns the entries that have what a question leaves out.
func (x *Index) leftOut(q Question) map[uint32]struct{} {
	if len(q.Match.Not) == 0 {
		return nil
	}
	out := map[uint32]struct{}{}
	for _, num := range q.Except {
		out[num] = struct{}{}
	}
	for _, g := range q.Match.Not {
		if g.Phrase {
			continue // among Except
		}
		for _, p := range x.group(g) {
			out[p.num()] = struct{}{}
		}
	}
	return out
}

func (w *walk) run() {
	w.alone = w.isEverywhere() && len(w.narrow) == 1
	switch {
	case w.worded:
		h := w.x.match(w.q.Match.Words)
		if len(search.Phrases(w.q.Match.Words)) > 0 {
			h.keep(w.q.Only)
		}
		w.runOver(h)
	case w.isEverywhere() && len(w.narrow) == 0:
		w.runOverAll()
	case w.isEverywhere():
		w.runOver(w.candidates())
	default:
		w.runOver(hits{all: true})
	}
	if w.alone {
		// Without its only condition the question finds everything.
		w.tallyEverything(w.narrow[0].letter)
	}
}

// runOverAll answers what narrows nothing: the counts are known.
func (w *walk) runOverAll() {
	w.tallyEverything(0)
	w.total = w.x.live
	if w.best.size == 0 && w.visit == nil {
		return
	}
	for at, homes := range w.x.homes {
		if w.q.Near == nil && w.visit == nil && w.best.isBeyond(w.x.blocks[at].newest) {
			continue
		}
		w.passed = w.passed[:0]
		for k, home := range homes {
			if home != 0 {
				w.passed = append(w.passed, uint16(k))
			}
		}
		w.deliver(at)
	}
}

// tallyEverything sets the counts of the dimension with the letter to those of
// the whole directory, or with 0 of every dimension.
func (w *walk) tallyEverything(letter byte) {
	for k, tally := range w.tallies {
		if c := w.x.columns[k]; letter == 0 || c.letter == letter {
			for set := range c.sets {
				tally[set] = uint32(c.sets[set].entries) //nolint:gosec // MaxNum bounds it
			}
		}
	}
}

// candidates returns a list of entries that may fit the narrowings. Where facets
// are counted it holds also those that fail just one: with several narrowings,
// each of these passes one of any two. Where that is much of the directory, the
// list is not worth making.
func (w *walk) candidates() hits {
	needed := 1
	if w.tallies != nil && len(w.narrow) > 1 {
		needed = 2
	}
	all := slices.Clone(w.q.Match.Terms)
	slices.SortStableFunc(all, func(a, b []string) int { return w.x.bytes(a) - w.x.bytes(b) })
	terms := slices.Concat(all[:needed]...)
	if w.x.bytes(terms) > w.x.live/4 {
		return hits{all: true}
	}
	var lists [][]posting
	for _, term := range terms {
		lists = append(lists, w.x.word(term, false))
	}
	return hits{list: w.x.union(lists)}
}

// bytes returns how long the lists of the words are, which is at least how many
// entries are in them.
func (x *Index) bytes(words []string) int {
	n := 0
	for _, s := range x.segments {
		for _, word := range words {
			n += len(s.listOf(word))
		}
	}
	return n
}

// runOver looks at the entries of a list, ascending, or at all.
func (w *walk) runOver(h hits) {
	if h.all {
		for at, homes := range w.x.homes {
			w.begin()
			if w.alone {
				w.takeAccepted(at, homes)
			} else {
				for k, home := range homes {
					if home != 0 {
						w.take(at, uint16(k), 0)
					}
				}
			}
			w.end(at)
		}
		return
	}
	for k := 0; k < len(h.list); {
		at := h.list[k].num() >> blockBits
		w.begin()
		for ; k < len(h.list) && h.list[k].num()>>blockBits == at; k++ {
			w.take(int(at), uint16(h.list[k].num()%blockSize), h.score(k))
		}
		w.end(int(at))
	}
}

func (w *walk) begin() {
	w.passed, w.scores = w.passed[:0], w.scores[:0]
	for n := range w.failed {
		w.failed[n] = w.failed[n][:0]
	}
}

// take looks at an entry that has the words.
func (w *walk) take(at int, k uint16, score float32) {
	if (w.q.Box != nil || w.q.Radius > 0) && !w.isWithin(w.x.blocks[at], k) {
		return
	}
	if w.x.blocks[at].updated[k] < w.since {
		return
	}
	if w.without != nil {
		if _, out := w.without[uint32(at)<<blockBits|uint32(k)]; out { //nolint:gosec // MaxNum bounds it
			return
		}
	}
	failed := -1 // the only narrowing that it fails
	for n := range w.narrow {
		if w.narrow[n].passes(at, k) {
			continue
		}
		if failed >= 0 || w.tallies == nil || w.alone {
			return
		}
		failed = n
	}
	if failed >= 0 {
		w.failed[failed] = append(w.failed[failed], k)
		return
	}
	w.passed = append(w.passed, k)
	if w.worded {
		w.scores = append(w.scores, score)
	}
}

// takeAccepted takes the entries of a block that pass the only narrowing.
func (w *walk) takeAccepted(at int, homes *[blockSize]uint32) {
	n := &w.narrow[0]
	if n.column == nil || at >= len(n.column.of) {
		return
	}
	sets := n.column.of[at]
	for k, home := range homes {
		if home != 0 && n.accepts[sets[k]] {
			w.passed = append(w.passed, uint16(k))
		}
	}
}

// isWithin reports whether an entry is in the box and the radius asked for.
func (w *walk) isWithin(b *block, k uint16) bool {
	p := directory.Point{Latitude: b.latitude[k], Longitude: b.longitude[k]}
	if b.cell[k] == nowhere || w.q.Box != nil && !w.q.Box.Contains(p) {
		return false
	}
	return w.q.Radius == 0 || w.around.Contains(p) && b.product(k, w.vector) >= w.least
}

// sampleStep is of how many entries one is tallied, and counts for all of them,
// once there are more hits than are counted exactly.
const sampleStep = 8

// end counts what was found in a block.
func (w *walk) end(at int) {
	w.total += len(w.passed)
	step := 1
	if w.total > search.MaxFacetHits {
		step, w.sampled = sampleStep, w.tallies != nil
	}
	for k, tally := range w.tallies {
		c := w.x.columns[k]
		sets := c.block(at)
		tallySets(tally, sets, w.passed, at%step, step)
		for n := range w.narrow {
			if w.narrow[n].letter == c.letter {
				tallySets(tally, sets, w.failed[n], at%step, step)
			}
		}
	}
	w.deliver(at)
}

// tallySets counts every so many of the entries of a block as that many. Where in
// the block it starts must differ from block to block: neighbours are often alike.
func tallySets(tally []uint32, sets *[blockSize]uint32, places []uint16, first, step int) {
	for k := first; k < len(places); k += step {
		tally[sets[places[k]%blockSize]] += uint32(step) //nolint:gosec // sampleStep at most
	}
}

// deliver hands on the entries of a block that fit.
func (w *walk) deliver(at int) {
	if w.visit != nil {
		w.visit(at, w.passed)
	}
	if w.best.size == 0 {
		return
	}
	b, first := w.x.blocks[at], int64(at)<<blockBits
	switch {
	case w.worded && !w.q.Newest:
		for n, k := range w.passed {
			score := search.Score(float64(w.scores[n]), b.quality[k], b.updated[k])
			if w.q.Near != nil {
				score *= search.Closeness(b.product(k, w.vector))
			}
			w.best.offer(search.Key{Rank: score, Updated: b.updated[k], Num: first | int64(k)})
		}
	case w.q.Near != nil && !w.q.Newest:
		w.rankNear(b, first)
	default:
		for _, k := range w.passed {
			if updated := b.updated[k]; !w.best.isBeyond(updated) {
				w.best.offer(search.Key{Updated: updated, Num: first | int64(k)})
			}
		}
	}
}

// roughly is more than a product of single precision is wrong by.
const roughly = 1e-6

// rankNear takes the exact product only of those that may be among the nearest.
func (w *walk) rankNear(b *block, first int64) {
	v := [3]float32{float32(w.vector[0]), float32(w.vector[1]), float32(w.vector[2])}
	for _, k := range w.passed {
		if bar, full := w.best.bar(); full {
			u := &b.vector[k]
			if rough := u[0]*v[0] + u[1]*v[1] + u[2]*v[2]; float64(rough) < bar-roughly {
				continue
			}
		}
		w.best.offer(search.Key{Rank: b.product(k, w.vector), Num: first | int64(k)})
	}
}

// ranking keeps the first hits of an order, as a heap with the last of them on
// top.
type ranking struct {
	size  int
	after *search.Key
	heap  []search.Key
}

// bar returns the rank of the last hit, once there are enough.
func (r *ranking) bar() (rank float64, full bool) {
	if len(r.heap) < r.size || len(r.heap) == 0 {
		return math.Inf(-1), false
	}
	return r.heap[0].Rank, true
}

// isBeyond reports whether nothing without a rank that was updated then or
// earlier gets among the hits any more.
func (r *ranking) isBeyond(updated int64) bool {
	return len(r.heap) == r.size && r.size > 0 && updated < r.heap[0].Updated
}

func (r *ranking) offer(k search.Key) {
	if len(r.heap) == r.size && (r.size == 0 || !k.Before(r.heap[0])) {
		return
	}
	if r.after != nil && !r.after.Before(k) {
		return
	}
	if len(r.heap) < r.size {
		r.heap = append(r.heap, k)
		r.up(len(r.heap) - 1)
		return
	}
	r.heap[0] = k
	r.down()
}

func (r *ranking) up(k int) {
	for k > 0 {
		parent := (k - 1) / 2
		if !r.heap[parent].Before(r.heap[k]) {
			return
		}
		r.heap[parent], r.heap[k] = r.heap[k], r.heap[parent]
		k = parent
	}
}

func (r *ranking) down() {
	for k := 0; ; {
		last := k
		for child := 2*k + 1; child <= 2*k+2 && child < len(r.heap); child++ {
			if r.heap[last].Before(r.heap[child]) {
				last = child
			}
		}
		if last == k {
			return
		}
		r.heap[last], r.heap[k] = r.heap[k], r.heap[last]
		k = last
	}
}

// sorted returns the hits in order, without the first ones.
func (r *ranking) sorted(skip int) []search.Key {
	slices.SortFunc(r.heap, func(a, b search.Key) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	return r.heap[min(skip, len(r.heap)):]
}
