package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory/search"
)

// A posting says that an entry has a word, and in which of the columns the
// weightiest: the entry's number in the high bits, the column in the low ones.
type posting uint32

const (
	columnBits = 2
	columnMask = 1<<columnBits - 1
)

func newPosting(num uint32, c search.Column) posting { return posting(num<<columnBits | uint32(c)) } //nolint:gosec // four columns

func (p posting) num() uint32 { return uint32(p >> columnBits) }

func (p posting) column() search.Column { return search.Column(p & columnMask) }

// segment is the words of some entries, unchanging but for its id. A word of it
// counts for an entry only while the entry's home is this segment: that is how
// entries are changed and forgotten.
type segment struct {
	id    uint32
	docs  []uint32 // numbers of its entries, ascending
	words string   // all of them in ascending order, one after the other
	// For each word, where it ends in words and its list ends in lists.
	wordEnds, listEnds []uint32
	lists              []byte
}

// size is how many words there are.
func (s *segment) size() int { return len(s.wordEnds) }

func (s *segment) word(k int) string {
	start := uint32(0)
	if k > 0 {
		start = s.wordEnds[k-1]
	}
	return s.words[start:s.wordEnds[k]]
}

func (s *segment) list(k int) []byte {
	start := uint32(0)
	if k > 0 {
		start = s.listEnds[k-1]
	}
	return s.lists[start:s.listEnds[k]]
}

// find returns the place of the first word that is not less than w.
func (s *segment) find(w string) int {
	low, high := 0, s.size()
	for low < high {
		middle := int(uint(low+high) >> 1)
		if s.word(middle) < w {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// listOf returns the encoded list of a word, nil for none.
func (s *segment) listOf(w string) []byte {
	if k := s.find(w); k < s.size() && s.word(k) == w {
		return s.list(k)
	}
	return nil
}

// decode appends to out the postings of a list whose entries live here.
func (h homes) decode(out []posting, s *segment, list []byte) []posting {
	last := uint64(0)
	for len(list) > 0 {
		step, n := uint64(list[0]), 1
		if step >= 0x80 {
			step, n = binary.Uvarint(list)
		}
		list = list[n:]
		column := step & columnMask
		last += step >> columnBits
		num := uint32(last) //nolint:gosec // written from one
		if h[num>>blockBits][num%blockSize] == s.id {
			out = append(out, posting(num<<columnBits|uint32(column)))
		}
	}
	return out
}

// first returns the number of the first entry of a list that lives here.
func (h homes) first(s *segment, list []byte) (num uint32, ok bool) {
	last := uint64(0)
	for len(list) > 0 {
		step, n := binary.Uvarint(list)
		list = list[n:]
		last += step >> columnBits
		if num = uint32(last); h.at(num) == s.id { //nolint:gosec // written from one
			return num, true
		}
	}
	return 0, false
}

// segmentWriter makes a segment of words that come in ascending order.
type segmentWriter struct {
	words strings.Builder
	s     segment
}

func (w *segmentWriter) add(word string, list []posting) {
	w.words.WriteString(word)
	last := uint32(0)
	for _, p := range list {
		step := uint64(p.num()-last)<<columnBits | uint64(p&columnMask)
		w.s.lists = binary.AppendUvarint(w.s.lists, step)
		last = p.num()
	}
	w.end()
}

func (w *segmentWriter) addEncoded(word string, list []byte) {
	w.words.WriteString(word)
	w.s.lists = append(w.s.lists, list...)
	w.end()
}

func (w *segmentWriter) end() {
	w.s.wordEnds = append(w.s.wordEnds, uint32(w.words.Len()))  //nolint:gosec // entries are few enough
	w.s.listEnds = append(w.s.listEnds, uint32(len(w.s.lists))) //nolint:gosec // as above
}

func (w *segmentWriter) done(docs []uint32) *segment {
	s := w.s
	s.docs, s.words = fitted(docs), strings.Clone(w.words.String())
	s.lists, s.wordEnds, s.listEnds = fitted(s.lists), fitted(s.wordEnds), fitted(s.listEnds)
	return &s
}

// fitted returns the list without room to grow, unless that is little.
func fitted[T any](list []T) []T {
	if cap(list)-len(list) > len(list)/10 {
		return slices.Clone(list)
	}
	return list
}

// growing is the list of a word while a segment is made, encoded.
type growing struct {
	last uint32
	list []byte
}

// newSegment returns the words of the entries.
func newSegment(entries []Entry) *segment {
	ordered := make([]*Entry, len(entries))
	docs := make([]uint32, len(entries))
	for k := range entries {
		ordered[k] = &entries[k]
	}
	slices.SortFunc(ordered, func(a, b *Entry) int { return cmp.Compare(a.Num, b.Num) })
	at := map[string]int{}
	var lists []growing
	for k, e := range ordered {
		docs[k] = uint32(e.Num) //nolint:gosec // MaxNum bounds it
		d := &e.Document
		for column, text := range []string{d.Name, d.Forms + " " + d.Terms, d.Place, d.Body + " " + d.Stems} {
			for word := range strings.FieldsSeq(text) {
				id, ok := at[word]
				if !ok {
					id = len(lists)
					at[word] = id
					lists = append(lists, growing{})
				}
				lists[id].put(docs[k], uint64(column)) //nolint:gosec // four of them
			}
		}
	}
	words := make([]string, 0, len(at))
	for word := range at {
		words = append(words, word)
	}
	slices.Sort(words)
	var w segmentWriter
	for _, word := range words {
		w.addEncoded(word, lists[at[word]].list)
	}
	return w.done(docs)
}

// put notes the word in a column of an entry. Columns come in the order of their
// weight, so the first is the one to keep.
func (g *growing) put(num uint32, column uint64) {
	if len(g.list) > 0 && g.last == num {
		return
	}
	g.list = binary.AppendUvarint(g.list, uint64(num-g.last)<<columnBits|column)
	g.last = num
}
