package main

import "math/bits"

// set is a set of small numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) has(k int) bool { return s[k>>6]&(1<<(k&63)) != 0 }
func (s set) add(k int)      { s[k>>6] |= 1 << (k & 63) }

func (s set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// nth returns the member before which there are n others.
func (s set) nth(n int) int {
	for k, w := range s {
		c := bits.OnesCount64(w)
		if n >= c {
			n -= c
			continue
		}
		for ; n > 0; n-- {
			w &= w - 1
		}
		return k<<6 + bits.TrailingZeros64(w)
	}
	return -1
}

// each calls f with the members of a word of a set.
func each(k int, w uint64, f func(int)) {
	for ; w != 0; w &= w - 1 {
		f(k<<6 + bits.TrailingZeros64(w))
	}
}
