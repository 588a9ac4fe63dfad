package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"codeberg.org/commonage/commonage/federation/peering"
)

// graph says who follows whom.
type graph struct {
	n         int
	followed  [][]int32 // by each; nil when everybody follows everybody
	followers [][]int32
	askers    [][][]int32 // by origin and place among its followers: those who asked that one to pass on
}

func everybody(n int) *graph { return &graph{n: n} }

// powerLaw makes instances follow few or many others: half of them at most five,
// a few of them thousands; the popular ones are followed by most.
func powerLaw(n int, r *rand.Rand) *graph {
	g := &graph{n: n, followed: make([][]int32, n), followers: make([][]int32, n)}
	popular := r.Perm(n)
	for i := range n {
		want := min(n/3, int(3*math.Pow(1-r.Float64(), -1/1.1)))
		seen := map[int]bool{i: true}
		for len(g.followed[i]) < want {
			// The chance to be chosen falls with the square root of the rank.
			j := popular[int(float64(n)*math.Pow(r.Float64(), 2))%n]
			if seen[j] {
				j = r.IntN(n)
			}
			if seen[j] {
				continue
			}
			seen[j] = true
			g.followed[i] = append(g.followed[i], int32(j))
			g.followers[j] = append(g.followers[j], int32(i))
		}
		slices.Sort(g.followed[i])
	}
	g.askAround(r)
	return g
}

// askAround has each who follows an origin that does not tell all ask random others
// to pass on.
func (g *graph) askAround(r *rand.Rand) {
	g.askers = make([][][]int32, g.n)
	for origin, all := range g.followers {
		g.askers[origin] = make([][]int32, len(all))
		if len(all) <= peering.MaxDirect {
			continue
		}
		for k, i := range all {
			if !g.needsUpstreams(int(i), origin, r) {
				continue
			}
			asked := map[int]bool{k: true}
			for tries := 0; len(asked) <= peering.Upstreams && tries < 10; tries++ {
				j := r.IntN(len(all))
				if !asked[j] && len(g.askers[origin][j]) < peering.MaxAskers {
					asked[j] = true
					g.askers[origin][j] = append(g.askers[origin][j], i)
				}
			}
		}
	}
}

// needsUpstreams is the decision of i about an origin that all of these follow.
func (g *graph) needsUpstreams(i, origin int, r *rand.Rand) bool {
	const named = 8
	mine := 0
	for range named {
		if g.carries(i, g.someFollower(origin, r)) {
			mine++
		}
	}
	return peering.NeedsUpstreams(g.countFollowed(i), named, mine)
}

// askersOf returns who asked i to pass on what changes at an origin.
func (g *graph) askersOf(i, origin int) []int32 {
	if g.askers == nil {
		return nil
	}
	k, ok := slices.BinarySearch(g.followers[origin], int32(i))
	if !ok {
		return nil
	}
	return g.askers[origin][k]
}

func (g *graph) carries(i, origin int) bool {
	if g.followed == nil || i == origin {
		return true
	}
	_, ok := slices.BinarySearch(g.followed[i], int32(origin))
	return ok
}

func (g *graph) countFollowers(i int) int {
	if g.followed == nil {
		return g.n - 1
	}
	return len(g.followers[i])
}

func (g *graph) countFollowed(i int) int {
	if g.followed == nil {
		return g.n - 1
	}
	return len(g.followed[i])
}

// someFollower returns a random follower, or -1.
func (g *graph) someFollower(i int, r *rand.Rand) int { return g.some(g.followers, i, r) }

// somePeer returns a random one that i follows, or -1.
func (g *graph) somePeer(i int, r *rand.Rand) int { return g.some(g.followed, i, r) }

func (g *graph) some(of [][]int32, i int, r *rand.Rand) int {
	switch {
	case of == nil:
		j := r.IntN(g.n - 1)
		if j >= i {
			j++
		}
		return j
	case len(of[i]) == 0:
		return -1
	}
	return int(of[i][r.IntN(len(of[i]))])
}

// nthPeer returns one of those that i follows.
func (g *graph) nthPeer(i, n int) int {
	if g.followed != nil {
		return int(g.followed[i][n])
	}
	if n >= i {
		n++
	}
	return n
}

// eachFollower calls f with all that carry the entries of an origin.
func (g *graph) eachFollower(origin int, f func(int)) {
	if g.followed == nil {
		for i := range g.n {
			if i != origin {
				f(i)
			}
		}
		return
	}
	for _, i := range g.followers[origin] {
		f(int(i))
	}
}
