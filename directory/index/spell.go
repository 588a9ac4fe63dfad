package index

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How far a word may be from what is meant by it: one letter wrong, missing, too
// many, or two swapped; in a long word two of these, not at its beginning.
const (
	leastMended = 4 // letters of a word that is mended
	longWord    = 8
	// A word that the directory has is wrong only if another one is so many times
	// as common.
	commoner = 30
)

// Mend returns the word of the directory that is most likely meant by one that
// it does not have, or has less often: the nearest, of those the one that most
// entries have; "" if none is near.
func (x *Index) Mend(word string) string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := utf8.RuneCountInString(word)
	if n < leastMended {
		return ""
	}
	most := 1
	if n >= longWord {
		most = 2
	}
	m := mender{x: x, word: []rune(word), most: most, found: map[string]int{}}
	for _, s := range x.segments {
		m.rows = m.rows[:0]
		first := make([]int, n+1)
		for k := range first {
			first[k] = k
		}
		m.rows = append(m.rows, first)
		m.path = m.path[:0]
		m.walk(s, 0, s.size(), 0)
	}
	return m.best(len(x.word(word, false)))
}

// mender walks the sorted words of a segment as if they were a tree of letters,
// with a row of the table of edits for each letter, and leaves a branch as soon
// as it is too far.
type mender struct {
	x     *Index
	word  []rune
	most  int
	path  []rune
	rows  [][]int
	found map[string]int // distance
}

// walk looks at the words from first to end, which share the path of so many
// bytes.
func (m *mender) walk(s *segment, first, end, size int) {
	if first < end && len(s.word(first)) == size {
		if d := m.rows[len(m.rows)-1][len(m.word)]; d > 0 && d <= m.most {
			m.found[strings.Clone(s.word(first))] = d
		}
		first++
	}
	for first < end {
		r, width := utf8.DecodeRuneInString(s.word(first)[size:])
		path := s.word(first)[:size+width]
		next := s.past(first, end, path)
		if row := m.row(r); row != nil {
			m.path, m.rows = append(m.path, r), append(m.rows, row)
			m.walk(s, first, next, size+width)
			m.path, m.rows = m.path[:len(m.path)-1], m.rows[:len(m.rows)-1]
		}
		first = next
	}
}

// row returns the edits between the path with one more letter and each beginning
// of the word, or nil if no word that goes on so is near.
func (m *mender) row(r rune) []int {
	if m.most > 1 && len(m.path) == 0 && r != m.word[0] {
		return nil
	}
	if len(m.path) == 0 && !unicode.IsLetter(r) {
		return nil // terms, numbers
	}
	last := m.rows[len(m.rows)-1]
	row := make([]int, len(last))
	row[0] = last[0] + 1
	least := row[0]
	for k, letter := range m.word {
		cost := 1
		if letter == r {
			cost = 0
		}
		row[k+1] = min(row[k]+1, last[k+1]+1, last[k]+cost)
		if n := len(m.path); n > 0 && k > 0 && letter == m.path[n-1] && m.word[k-1] == r {
			row[k+1] = min(row[k+1], m.rows[n-1][k-1]+1) // swapped
		}
		least = min(least, row[k+1])
	}
	if least > m.most {
		return nil
	}
	return row
}

// best returns the nearest of the words found that more entries have.
func (m *mender) best(held int) string {
	best, entries := "", held
	for _, word := range slices.Sorted(maps.Keys(m.found)) {
		n := len(m.x.word(word, false))
		if n <= held*commoner {
			continue
		}
		if near, nearest := m.found[word], m.found[best]; best == "" || near < nearest || near == nearest && n > entries {
			best, entries = word, n
		}
	}
	return best
}

// past returns the place after the words that begin with a prefix, of which the
// one at first is one.
func (s *segment) past(first, end int, prefix string) int {
	step, low := 1, first
	for low+step < end && strings.HasPrefix(s.word(low+step), prefix) {
		low += step
		step *= 2
	}
	high := min(low+step, end)
	for low++; low < high; {
		middle := int(uint(low+high) >> 1)
		if strings.HasPrefix(s.word(middle), prefix) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
