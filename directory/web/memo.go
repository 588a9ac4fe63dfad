package web

import "sync"

// memo keeps answers that stay right until the directory changes.
type memo[T any] struct {
	mu      sync.Mutex
	version int64
	kept    map[string]T
}

// mostKept bounds the answers kept; the next one starts afresh.
const mostKept = 64

func newMemo[T any]() *memo[T] { return &memo[T]{kept: map[string]T{}} }

// get returns the answer kept under the key for the version of the directory.
func (m *memo[T]) get(version int64, key string) (answer T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version == version {
		answer, ok = m.kept[key]
	}
	return answer, ok
}

func (m *memo[T]) put(version int64, key string, answer T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version || len(m.kept) >= mostKept {
		m.version, m.kept = version, map[string]T{}
	}
	m.kept[key] = answer
}

// recent keeps the answers that were made or asked for last, of whatever
// version: about as many as it is made for, at most twice as many.
type recent[T any] struct {
	mu         sync.Mutex
	most       int
	new, older map[string]T
}

func newRecent[T any](most int) *recent[T] {
	return &recent[T]{most: most, new: map[string]T{}}
}

func (r *recent[T]) get(key string) (answer T, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer, ok = r.new[key]; ok {
		return answer, true
	}
	if answer, ok = r.older[key]; ok {
		r.keep(key, answer)
	}
	return answer, ok
}

func (r *recent[T]) put(key string, answer T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(key, answer)
}

func (r *recent[T]) keep(key string, answer T) {
	if len(r.new) >= r.most {
		r.older, r.new = r.new, make(map[string]T, r.most)
	}
	r.new[key] = answer
}
