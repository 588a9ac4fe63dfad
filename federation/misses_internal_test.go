package federation

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/client"
)

// However many keys are asked for, what is remembered of them stays small, and
// the latest is remembered.
func TestMissesAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var m misses
	for n := range 3 * maxMisses {
		key := fmt.Sprintf("https://there.example/%d#main-key", n)
		m.note(key, errUntrusted, now)
		if err := m.of(key, now); !errors.Is(err, errUntrusted) {
			t.Fatalf("%d: got %v", n, err)
		}
		if n%1000 == 0 {
			now = now.Add(time.Minute)
		}
	}
	if got := len(m.byKey); got > maxMisses {
		t.Errorf("%d misses are remembered, at most %d may be", got, maxMisses)
	}
}

// What may be better soon is asked for again soon.
func TestMissesEnd(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		err  error
		want time.Duration
	}{
		"not found":   {&client.StatusError{Status: 404}, refetchAfter},
		"gone":        {&client.StatusError{Status: 410}, refetchAfter},
		"bad address": {&client.AddressError{}, refetchAfter},
		"untrusted":   {fmt.Errorf("%w: no key", errUntrusted), refetchAfter},
		"trouble":     {&client.StatusError{Status: 500}, shortMiss},
		"no answer":   {errors.New("connection refused"), shortMiss},
	}
	for name, tt := range cases {
		var m misses
		m.note("key", tt.err, now)
		if err := m.of("key", now.Add(tt.want-time.Nanosecond)); !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v before %v, want %v", name, err, tt.want, tt.err)
		}
		if err := m.of("key", now.Add(tt.want)); err != nil {
			t.Errorf("%s: got %v after %v", name, err, tt.want)
		}
		if err := m.of("other", now); err != nil {
			t.Errorf("%s: got %v of another key", name, err)
		}
	}
}
