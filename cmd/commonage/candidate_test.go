package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCandidates: an operator sees whom peers list, with what they publish, and
// decides, while the server runs.
func TestCandidates(t *testing.T) {
	us, peer, other := newCity(t, "us", onSQLite).start(), newCity(t, "peer", onSQLite).start(), newCity(t, "other", onSQLite).start()
	if out := us.do("peer", "candidates"); !strings.Contains(out, "There is no candidate") {
		t.Errorf("with no peer it says %q", out)
	}
	other.do("initiative", "add", "--name", "Bees of Other", "--form", "community-garden")
	befriend(peer, other)
	befriend(us, peer)
	eventually(t, seconds, func() error {
		out := us.do("peer", "candidates")
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, other.host+" ") && strings.Contains(line, peer.host) && strings.Contains(line, "Bees of Other") {
				return nil
			}
		}
		return fmt.Errorf("the candidate is not listed: %s", out)
	})
	us.do("peer", "refuse", other.host)
	if out := us.do("peer", "candidates"); strings.Contains(out, other.host) {
		t.Errorf("refused and still listed: %s", out)
	}
	if err := us.has(0); err != nil {
		t.Error(err)
	}
	us.do("peer", "accept", other.host)
	eventually(t, seconds, func() error { return us.has(1) })
	for _, wrong := range [][]string{{"accept", "unheard.example"}, {"refuse", other.host}, {"refuse", "not a host"}} {
		if r := us.try("peer", wrong[0], wrong[1]); r.code == 0 || r.stderr == "" {
			t.Errorf("peer %v: exit code %d, %q", wrong, r.code, r.stderr)
		}
	}
}
