package peering_test

import (
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/peering"
)

// told is an instance in a line, which was told of its predecessor.
type told struct {
	follows, strangers, introduced map[int]bool
	vouchers                       map[int]map[int]bool
	named                          int // -1: none
	pending                        bool
	today                          int
}

type toldLine []*told

func newLine(n int) toldLine {
	l := make(toldLine, n)
	for k := range l {
		l[k] = &told{
			follows: map[int]bool{}, strangers: map[int]bool{}, introduced: map[int]bool{},
			vouchers: map[int]map[int]bool{}, named: k - 1, pending: k > 0,
		}
	}
	return l
}

func (l toldLine) follow(i, j int) {
	l[i].follows[j] = true
	l[j].introduced[i] = true
}

func (l toldLine) voices(i int) []int {
	var peers []int
	for p := range len(l) {
		if l[i].follows[p] {
			peers = append(peers, p)
		}
	}
	return peering.Voices(peers, func(p *int) bool { return l[i].strangers[*p] })
}

func (l toldLine) hear(i, p int) {
	for c := range l[p].follows {
		if c != i {
			if l[i].vouchers[c] == nil {
				l[i].vouchers[c] = map[int]bool{}
			}
			l[i].vouchers[c][p] = true
		}
	}
}

// decide is a round of decisions of one of them; it reports whether there were any.
func (l toldLine) decide(i int) (changed bool) {
	a := l[i]
	voices := l.voices(i)
	for c := range len(l) {
		if c == i || a.follows[c] && !a.strangers[c] || a.pending && c == a.named {
			continue
		}
		f := peering.Facts{Policy: directory.PeersOpen, Vouches: 2, Introduced: a.introduced[c], Strangers: a.today}
		for _, v := range voices {
			if v == c {
				continue
			}
			f.Peers++
			if a.vouchers[c][v] {
				f.Vouchers++
				f.Chosen = f.Chosen || v == a.named
			}
		}
		if a.pending {
			f.Peers++
		}
		switch v := peering.Decide(f); {
		case v == peering.Follow && a.strangers[c]:
			delete(a.strangers, c)
			a.today--
			changed = true
		case v == peering.Wait || a.follows[c]:
		default:
			l.follow(i, c)
			if v == peering.FollowStranger {
				a.strangers[c] = true
				a.today++
			}
			changed = true
		}
	}
	return changed
}

// TestAnyLine: whatever the order in which instances that were told of one only
// do things, they find each other within the day.
func TestAnyLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		l := newLine(n)
		for _, e := range rapid.SliceOfN(rapid.IntRange(0, 1<<20), 0, 40*n).Draw(t, "events") {
			i, what := e%n, e/n%4
			if what == 0 && l[i].pending {
				l[i].pending = false
				l.follow(i, l[i].named)
				continue
			}
			if v := l.voices(i); len(v) > 0 {
				l.hear(i, v[e/n/4%len(v)])
			}
			l.decide(i)
		}
		for i := range n {
			if l[i].pending {
				l[i].pending = false
				l.follow(i, l[i].named)
			}
		}
		for changed := true; changed; {
			changed = false
			for i := range n {
				for _, v := range l.voices(i) {
					l.hear(i, v)
				}
				changed = l.decide(i) || changed
			}
		}
		for i := range n {
			if len(l[i].follows) != n-1 {
				t.Fatalf("%d follows %v", i, l[i].follows)
			}
		}
	})
}
