package main

import (
	"math/rand/v2"
	"time"
)

// uptime says when an instance is down: at times that chance makes, from the
// instance's own number, so that nothing has to be kept.
type uptime struct {
	share float64
	seed  uint64
}

// outage is how long an instance is down at a time.
const outage = time.Hour

// down reports whether an instance is down, in hours drawn by lot.
func (u uptime) down(instance int, at time.Duration) bool {
	shift := time.Duration(mix(u.seed^uint64(instance)) % uint64(outage))
	hour := uint64((at + shift) / outage)
	return float64(mix(u.seed+uint64(instance)*0x9E3779B97F4A7C15+hour)>>11)/(1<<53) < u.share
}

// back returns when an instance that is down is up again.
func (u uptime) back(instance int, at time.Duration) time.Duration {
	shift := time.Duration(mix(u.seed^uint64(instance)) % uint64(outage))
	for u.down(instance, at) {
		at = ((at+shift)/outage+1)*outage - shift
	}
	return at
}

// mix scatters the bits of a number (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// event is something that happens to an instance.
type event struct {
	at    time.Duration
	who   int32
	what  int8
	tries int8
	from  int32
	items []int32 // changes that arrive
}

// queue holds events by time, a binary heap.
type queue []event

func (q *queue) put(e event) {
	*q = append(*q, e)
	h := *q
	for k := len(h) - 1; k > 0; {
		up := (k - 1) / 2
		if h[up].at <= h[k].at {
			break
		}
		h[up], h[k] = h[k], h[up]
		k = up
	}
}

func (q *queue) take() event {
	h := *q
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], event{}
	h = h[:last]
	for k := 0; ; {
		least := k
		for _, down := range [2]int{2*k + 1, 2*k + 2} {
			if down < last && h[down].at < h[least].at {
				least = down
			}
		}
		if least == k {
			break
		}
		h[least], h[k] = h[k], h[least]
		k = least
	}
	*q = h
	return first
}

func jitter(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
