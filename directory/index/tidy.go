package index

import (
	"slices"
)

// fan is how many segments of about one size become one of the next size.
const fan = 8

// Tidy joins segments where there are many, and those that hold mostly words of
// entries that changed since. It reports whether there may be more to do.
// Searches go on meanwhile, but for a moment at the end. Call it now and then.
func (x *Index) Tidy() bool { return x.tidy(x.due) }

// Pack joins all segments, which is worth its time after many changes.
func (x *Index) Pack() {
	x.tidy(func() []*segment {
		if len(x.segments) < 2 {
			return nil
		}
		return slices.Clone(x.segments)
	})
}

func (x *Index) tidy(choose func() []*segment) bool {
	x.tidying.Lock()
	defer x.tidying.Unlock()
	x.mu.RLock()
	due := choose()
	if due == nil {
		x.mu.RUnlock()
		return false
	}
	then := x.homes.clone()
	x.mu.RUnlock()
	joined := then.join(due) // of large segments it takes seconds, and nobody waits
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lastID++
	joined.id = x.lastID
	joined.docs = slices.DeleteFunc(joined.docs, func(num uint32) bool {
		home := x.homes.at(num)
		return !slices.ContainsFunc(due, func(s *segment) bool { return s.id == home })
	})
	for _, num := range joined.docs {
		x.homes.set(num, joined.id)
	}
	at := slices.Index(x.segments, due[0])
	x.segments = slices.DeleteFunc(x.segments, func(s *segment) bool { return slices.Contains(due, s) })
	if len(joined.docs) > 0 {
		x.segments = slices.Insert(x.segments, min(at, len(x.segments)), joined)
	}
	return true
}

// due returns the segments to join next, nil for none.
func (x *Index) due() []*segment {
	byTier := map[int][]*segment{}
	for _, s := range x.segments {
		byTier[tier(len(s.docs))] = append(byTier[tier(len(s.docs))], s)
	}
	lowest := -1
	for t, list := range byTier {
		if len(list) >= fan && (lowest < 0 || t < lowest) {
			lowest = t
		}
	}
	if lowest >= 0 {
		return byTier[lowest]
	}
	for _, s := range x.segments {
		if x.homes.alive(s)*2 < len(s.docs) {
			return []*segment{s}
		}
	}
	return nil
}

func tier(n int) int {
	t := 0
	for ; n >= fan; n /= fan {
		t++
	}
	return t
}

// alive counts the entries whose home is the segment.
func (h homes) alive(s *segment) int {
	n := 0
	for _, num := range s.docs {
		if h.at(num) == s.id {
			n++
		}
	}
	return n
}

// join returns the segments as one, without what has changed since.
func (h homes) join(segments []*segment) *segment {
	var w segmentWriter
	bytes, words := 0, 0
	for _, s := range segments {
		bytes, words = bytes+len(s.lists), max(words, s.size())
	}
	w.s.lists = make([]byte, 0, bytes) // which is hardly too much
	w.s.wordEnds, w.s.listEnds = make([]uint32, 0, words), make([]uint32, 0, words)
	next := make([]int, len(segments))
	var list, more, merged []posting
	for {
		word, ok := least(segments, next)
		if !ok {
			break
		}
		list = list[:0]
		for k, s := range segments {
			if next[k] >= s.size() || s.word(next[k]) != word {
				continue
			}
			more = h.decode(more[:0], s, s.list(next[k]))
			merged = mergePostings(merged[:0], list, more)
			list, merged = merged, list
			next[k]++
		}
		if len(list) > 0 {
			w.add(word, list)
		}
	}
	var docs []uint32
	for _, s := range segments {
		for _, num := range s.docs {
			if h.at(num) == s.id {
				docs = append(docs, num)
			}
		}
	}
	slices.Sort(docs)
	return w.done(docs)
}

// least returns the first of the next words.
func least(segments []*segment, next []int) (word string, ok bool) {
	for k, s := range segments {
		if next[k] < s.size() && (!ok || s.word(next[k]) < word) {
			word, ok = s.word(next[k]), true
		}
	}
	return word, ok
}

// mergePostings appends two ascending lists to out as one; of an entry that is
// in both, the weightier column stays.
func mergePostings(out, a, b []posting) []posting {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].num() < b[0].num():
			out = append(out, a[0])
			a = a[1:]
		case a[0].num() > b[0].num():
			out = append(out, b[0])
			b = b[1:]
		default:
			out = append(out, min(a[0], b[0]))
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
