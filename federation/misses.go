package federation

import (
	"errors"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/federation/client"
)

// misses remembers which keys could not be had, and why: without it, everyone
// could have us ask any server for anything, as often as they like (INTEROP
// S10). It is safe for concurrent use.
type misses struct {
	mu    sync.Mutex
	byKey map[string]miss
}

type miss struct {
	err   error
	until time.Time
}

const (
	maxMisses = 4096
	shortMiss = 30 * time.Second // of what may be better soon; senders come again
)

// of returns why the key could not be had a while ago, or nil.
func (m *misses) of(keyID string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.byKey[keyID]
	if !ok || !now.Before(found.until) {
		return nil
	}
	return found.err
}

// note remembers why a key could not be had.
func (m *misses) note(keyID string, err error, now time.Time) {
	until := now.Add(refetchAfter)
	if !errors.Is(err, errUntrusted) && client.Retryable(err) {
		until = now.Add(shortMiss)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey == nil {
		m.byKey = make(map[string]miss)
	}
	if len(m.byKey) >= maxMisses {
		m.makeRoom(now)
	}
	m.byKey[keyID] = miss{err, until}
}

// makeRoom drops what is over, or anything if nothing is.
func (m *misses) makeRoom(now time.Time) {
	for keyID, old := range m.byKey {
		if !now.Before(old.until) {
			delete(m.byKey, keyID)
		}
	}
	for keyID := range m.byKey {
		if len(m.byKey) < maxMisses {
			return
		}
		delete(m.byKey, keyID)
	}
}
