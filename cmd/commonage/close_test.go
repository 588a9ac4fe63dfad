package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestCloseForGood: an instance that closes hands over what another one adopted
// and withdraws the rest, and its neighbour is left with what is its own.
func TestCloseForGood(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		a, b := newCity(t, "a", db).start(), newCity(t, "b", db).start()
		for _, name := range []string{"Mill", "Library"} {
			a.do("initiative", "add", "--name", name, "--form", "repair-cafe", "--summary", "Of A.")
		}
		befriend(b, a)
		befriend(a, b)
		eventually(t, seconds, func() error { return b.has(2) })

		unknown := "http://" + a.host + "/initiatives/nobody"
		b.try("initiative", "adopt", unknown).wants(t, 1, unknown)
		mill := "http://" + a.host + "/initiatives/mill"
		b.try("initiative", "adopt", mill).wants(t, 0, mill+" is adopted as http://"+b.host+"/initiatives/mill")
		eventually(t, seconds, func() error { return a.shows("/initiatives/mill@"+b.host, "Mill", "Of A.") })

		a.try("close").wants(t, 2, "cannot be taken back", "--for-good")
		if err := a.answers("/initiatives/library", http.StatusOK); err != nil {
			t.Errorf("asked without --for-good: %v", err)
		}
		a.try("close", "--for-good").wants(t, 0, "1 moved, 1 withdrawn")
		for path, status := range map[string]int{"/initiatives/library": http.StatusGone, "/initiatives/mill": http.StatusMovedPermanently} {
			if err := a.answers(path, status); err != nil {
				t.Error(err)
			}
		}
		there := "http://" + b.host + "/initiatives/mill"
		a.try("post", "mill", "Are you here?").wants(t, 1, "initiative mill moved to "+there)
		a.try("initiative", "edit", "mill", "--name", "Old Mill").wants(t, 1, "initiative mill moved to "+there)
		if err := a.contains("/initiatives/mill", fmt.Sprintf(`"movedTo":"http://%s/initiatives/mill"`, b.host)); err != nil {
			t.Errorf("it does not say where it moved: %v", err)
		}
		eventually(t, seconds, func() error {
			if line := peerLine(b, a.host); !strings.Contains(line, "closed for good") || strings.Contains(line, "  yes  ") {
				return fmt.Errorf("the neighbour was not told: %q", line)
			}
			return b.has(1)
		})
		if err := b.shows("/initiatives/mill", "Mill", "Of A."); err != nil {
			t.Error(err)
		}
		eventually(t, seconds, func() error {
			if left := a.do("delivery", "list"); strings.Contains(left, b.host) {
				return fmt.Errorf("still to be sent: %s", left)
			}
			return nil
		})
		a.try("close", "--for-good").wants(t, 0, "0 moved, 0 withdrawn") // nothing is left to end
	})
}
