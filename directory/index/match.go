package index

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory/search"
)

// hits is the entries that have the words asked for, ascending, and how well.
type hits struct {
	list    []posting
	scores  []float32               // of each; nil where only the column counts
	weights [columnMask + 1]float32 // what the column counts
	all     bool                    // every entry instead
}

// score returns how well the k-th hit has the words.
func (h *hits) score(k int) float32 {
	if h.scores != nil {
		return h.scores[k]
	}
	return h.weights[h.list[k].column()]
}

// match returns the entries that satisfy every group. A word counts the more
// the fewer entries have it, and the more the weightier its column is.
func (x *Index) match(groups []search.Group) hits {
	type list struct {
		group    search.Group
		postings []posting
	}
	lists := make([]list, len(groups))
	for k, g := range groups {
		lists[k] = list{g, x.group(g)}
	}
	slices.SortStableFunc(lists, func(a, b list) int { return len(a.postings) - len(b.postings) })
	h := hits{list: lists[0].postings, weights: x.weights(len(lists[0].postings))}
	for _, l := range lists[1:] {
		h.narrow(l.postings, x.weights(len(l.postings)))
	}
	for _, l := range lists {
		if exact := l.group.Exact(); exact != nil && len(h.list) > 0 {
			postings := x.group(*exact)
			h.raise(postings, x.weights(len(postings)))
		}
	}
	return h
}

// raise adds to the hits that are in the list what that counts.
func (h *hits) raise(list []posting, weights [columnMask + 1]float32) {
	if h.scores == nil {
		h.scores = make([]float32, len(h.list))
		for k, p := range h.list {
			h.scores[k] = h.weights[p.column()]
		}
	}
	for k, p := range h.list {
		list = list[seek(list, p.num()):]
		if len(list) == 0 {
			return
		}
		if list[0].num() == p.num() {
			h.scores[k] += weights[list[0].column()]
		}
	}
}

// keep leaves only the hits that are in an ascending list.
func (h *hits) keep(list []uint32) {
	kept := hits{scores: make([]float32, 0, min(len(list), len(h.list)))}
	for k, p := range h.list {
		if _, ok := slices.BinarySearch(list, p.num()); ok {
			kept.list, kept.scores = append(kept.list, p), append(kept.scores, h.score(k))
		}
	}
	*h = kept
}

// weights returns what a word that n entries have counts in each column.
func (x *Index) weights(n int) (weights [columnMask + 1]float32) {
	rarity := math.Log1p(float64(x.live) / float64(n+1))
	for c := search.NameColumn; c <= search.BodyColumn; c++ {
		weights[c] = float32(c.Weight() * rarity)
	}
	return weights
}

// narrow keeps the hits that are in the list too, and adds what that counts.
func (h *hits) narrow(list []posting, weights [columnMask + 1]float32) {
	kept := hits{list: make([]posting, 0, len(h.list)), scores: make([]float32, 0, len(h.list))}
	for k, p := range h.list {
		list = list[seek(list, p.num()):]
		if len(list) == 0 {
			break
		}
		if list[0].num() == p.num() {
			kept.list = append(kept.list, p)
			kept.scores = append(kept.scores, h.score(k)+weights[list[0].column()])
		}
	}
	*h = kept
}

// seek returns the place of the first posting of num or a later entry; near ones
// are found at once, far ones in ever longer steps.
func seek(list []posting, num uint32) int {
	low, step := 0, 1
	for low+step < len(list) && list[low+step].num() < num {
		low += step
		step *= 2
	}
	high := min(low+step, len(list))
	for low < high {
		middle := int(uint(low+high) >> 1)
		if list[middle].num() < num {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// group returns the entries that satisfy one of the alternatives or have one of
// the terms.
func (x *Index) group(g search.Group) []posting {
	var ways [][]posting
	for _, words := range g.Alternatives {
		var all []posting
		for k, word := range words {
			list := x.word(word, g.Prefix && k == len(words)-1)
			if k == 0 {
				all = list
			} else {
				all = both(all, list)
			}
		}
		ways = append(ways, all)
	}
	for _, term := range g.Terms {
		ways = append(ways, x.word(term, false))
	}
	for _, stem := range g.Stems {
		if list := x.word(stem, false); len(list) > 0 {
			ways = append(ways, list)
		}
	}
	return x.union(ways)
}

// both returns the entries that are in both lists, each in the lesser column of
// the two.
func both(a, b []posting) []posting {
	if len(a) > len(b) {
		a, b = b, a
	}
	out := make([]posting, 0, len(a))
	for _, p := range a {
		b = b[seek(b, p.num()):]
		if len(b) == 0 {
			break
		}
		if b[0].num() == p.num() {
			out = append(out, max(p, b[0]))
		}
	}
	return out
}

// word returns the entries with the word, or with any word that begins so.
func (x *Index) word(word string, prefix bool) []posting {
	var lists [][]posting
	for _, s := range x.segments {
		if !prefix {
			if list := s.listOf(word); list != nil {
				lists = append(lists, x.homes.decode(make([]posting, 0, len(list)), s, list))
			}
			continue
		}
		first := s.find(word)
		end := first
		for end < s.size() && strings.HasPrefix(s.word(end), word) {
			end++
		}
		if end > first {
			lists = append(lists, x.beginning(s, first, end))
		}
	}
	return x.union(lists)
}

// fewWords is how many lists of alike lengths are merged one by one; of more,
// every entry is marked on a board instead.
const fewWords = 3

// beginning returns the entries that have a word of a range.
func (x *Index) beginning(s *segment, first, end int) []posting {
	var lists [][]posting
	if end-first <= fewWords {
		for k := first; k < end; k++ {
			lists = append(lists, x.homes.decode(nil, s, s.list(k)))
		}
		return x.union(lists)
	}
	board := x.borrow()
	defer x.scratch.Put(board)
	var list []posting
	for k := first; k < end; k++ {
		list = x.homes.decode(list[:0], s, s.list(k))
		board.mark(list)
	}
	return board.gather()
}

// union returns the entries of all lists. It may return one of them.
func (x *Index) union(lists [][]posting) []posting {
	if len(lists) == 0 {
		return nil
	}
	slices.SortFunc(lists, func(a, b []posting) int { return len(a) - len(b) })
	longest, rest := lists[len(lists)-1], 0
	for _, list := range lists[:len(lists)-1] {
		rest += len(list)
	}
	if len(lists) > fewWords && rest > len(longest)/4 {
		board := x.borrow()
		defer x.scratch.Put(board)
		for _, list := range lists {
			board.mark(list)
		}
		return board.gather()
	}
	all := lists[0]
	for _, list := range lists[1:] {
		if len(all) == 0 {
			all = list
		} else if len(list) > 0 {
			all = mergePostings(make([]posting, 0, len(all)+len(list)), all, list)
		}
	}
	return all
}

// scratch is a board with a place for every entry: 0, or one more than the
// weightiest column so far.
type scratch struct {
	places []uint8
	marked int
}

func (x *Index) borrow() *scratch {
	b, ok := x.scratch.Get().(*scratch)
	if !ok || len(b.places) < int(x.ends()) {
		b = &scratch{places: make([]uint8, x.ends())}
	}
	return b
}

func (b *scratch) mark(list []posting) {
	for _, p := range list {
		column := uint8(p&columnMask) + 1
		switch before := b.places[p.num()]; {
		case before == 0:
			b.marked++
			b.places[p.num()] = column
		case before > column:
			b.places[p.num()] = column
		}
	}
}

// gather returns what is marked and wipes the board.
func (b *scratch) gather() []posting {
	out := make([]posting, 0, b.marked)
	const stride = 8 // divides the size of a block
	for first := 0; first < len(b.places); first += stride {
		few := b.places[first : first+stride]
		if binary.LittleEndian.Uint64(few) == 0 {
			continue
		}
		for k, column := range few {
			if column > 0 {
				out = append(out, newPosting(uint32(first+k), search.Column(column-1)))
			}
		}
	}
	clear(b.places)
	b.marked = 0
	return out
}
