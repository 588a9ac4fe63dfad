package index

import (
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory/search"
)

// valueColumn is what entries are counted and narrowed by in one dimension.
// Most entries share their values with many others, so each holds the number of
// a set of values.
type valueColumn struct {
	letter  byte
	values  []string // all there were, each once
	byValue map[string]uint32
	sets    []valueSet
	byKey   map[string]uint32
	of      []*[blockSize]uint32 // of each entry: its set, in blocks as the other columns
}

// valueSet is the values of an entry in a dimension.
type valueSet struct {
	values  []uint32 // by their numbers in the column
	entries int      // that have exactly these
}

// column returns the column of the terms with the letter, nil for none.
func (x *Index) column(letter byte) *valueColumn {
	for _, c := range x.columns {
		if c.letter == letter {
			return c
		}
	}
	return nil
}

// Example returns the number of an entry that has a value.
func (x *Index) Example(d search.Dimension, value string) (num uint32, ok bool) {
	term := search.Term(d, value)
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.segments {
		if num, ok := x.homes.first(s, s.listOf(term)); ok {
			return num, true
		}
	}
	return 0, false
}

// setValues notes the terms of an entry.
func (x *Index) setValues(num uint32, terms string) {
	byLetter := map[byte][]string{}
	for term := range strings.FieldsSeq(terms) {
		if len(term) > len(":x") {
			byLetter[term[1]] = append(byLetter[term[1]], strings.Clone(term))
		}
	}
	for letter := range byLetter {
		if x.column(letter) == nil {
			x.columns = append(x.columns, &valueColumn{
				letter: letter, byValue: map[string]uint32{}, sets: []valueSet{{}}, byKey: map[string]uint32{"": 0},
			})
		}
	}
	for _, c := range x.columns {
		set := c.set(byLetter[c.letter])
		for len(c.of) < len(x.blocks) {
			c.of = append(c.of, &noValues)
		}
		c.put(num, set)
		c.sets[set].entries++
	}
}

// put notes the set of an entry.
func (c *valueColumn) put(num, set uint32) {
	b := num >> blockBits
	if c.of[b] == &noValues {
		if set == 0 {
			return
		}
		c.of[b] = new([blockSize]uint32)
	}
	c.of[b][num%blockSize] = set
}

func (x *Index) clearValues(num uint32) {
	for _, c := range x.columns {
		c.sets[c.at(num)].entries--
	}
}

// at returns the set of an entry.
func (c *valueColumn) at(num uint32) uint32 {
	b := num >> blockBits
	if int(b) >= len(c.of) {
		return 0
	}
	return c.of[b][num%blockSize]
}

// block returns the sets of the entries in a block.
func (c *valueColumn) block(at int) *[blockSize]uint32 {
	if c == nil || at >= len(c.of) {
		return &noValues
	}
	return c.of[at]
}

// noValues is a block of entries without values; nobody writes to it.
var noValues [blockSize]uint32

// set returns the number of the set of just these terms.
func (c *valueColumn) set(terms []string) uint32 {
	key := strings.Join(terms, " ")
	if known, ok := c.byKey[key]; ok {
		return known
	}
	n := uint32(len(c.sets)) //nolint:gosec // as many as there are entries at most
	set := valueSet{values: make([]uint32, len(terms))}
	for k, term := range terms {
		set.values[k] = c.value(term[len(":x"):])
	}
	c.sets = append(c.sets, set)
	c.byKey[key] = n
	return n
}

// value returns the number of a value.
func (c *valueColumn) value(value string) uint32 {
	known, ok := c.byValue[value]
	if !ok {
		known = uint32(len(c.values)) //nolint:gosec // as above
		c.values = append(c.values, value)
		c.byValue[value] = known
	}
	return known
}

// accepts tells for every set whether it has one of the terms.
func (c *valueColumn) accepts(terms []string) []bool {
	var wanted []uint32
	for _, term := range terms {
		if value, ok := c.byValue[term[len(":x"):]]; ok {
			wanted = append(wanted, value)
		}
	}
	out := make([]bool, len(c.sets))
	for k, s := range c.sets {
		out[k] = slices.ContainsFunc(s.values, func(v uint32) bool { return slices.Contains(wanted, v) })
	}
	return out
}

// narrowing is a dimension that a search narrows.
type narrowing struct {
	column  *valueColumn // nil: no entry has a value in it
	letter  byte
	accepts []bool
}

// passes reports whether an entry has one of the accepted values.
func (n *narrowing) passes(at int, k uint16) bool {
	return n.column != nil && at < len(n.column.of) && n.accepts[n.column.of[at][k%blockSize]]
}

// narrowings returns what the terms of a match ask of the values.
func (x *Index) narrowings(m search.Match) []narrowing {
	var out []narrowing
	for _, terms := range m.Terms {
		n := narrowing{letter: terms[0][1]}
		if n.column = x.column(n.letter); n.column != nil {
			n.accepts = n.column.accepts(terms)
		}
		out = append(out, n)
	}
	return out
}

// facets counts the values of the entries tallied by set.
func (x *Index) facets(tallies [][]uint32) search.Facets {
	facets := search.Facets{}
	for _, d := range search.Dimensions() {
		facets[d] = []search.Count{}
		for at, c := range x.columns {
			if c.letter == search.Term(d, "")[1] {
				facets[d] = c.counts(tallies[at])
			}
		}
	}
	return facets
}

// counts returns how many entries have each value, given how many have each set
// of values; the commonest first.
func (c *valueColumn) counts(tally []uint32) []search.Count {
	byValue := make([]int, len(c.values))
	for set, n := range tally {
		if n == 0 {
			continue
		}
		for _, value := range c.sets[set].values {
			byValue[value] += int(n)
		}
	}
	counts := []search.Count{}
	for value, n := range byValue {
		if n > 0 {
			counts = append(counts, search.Count{Value: c.values[value], Count: n})
		}
	}
	slices.SortFunc(counts, func(a, b search.Count) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Value, b.Value)
	})
	return counts
}
