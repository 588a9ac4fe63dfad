package main_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// seconds is how long a change may take from one city to the other on a very busy
// machine; it takes about one.
const seconds = time.Minute

// patience is how long a test waits for what takes many seconds.
const patience = 5 * time.Minute

// befriend makes a follow b and waits until it does.
func befriend(a, b *city) {
	a.t.Helper()
	a.do("peer", "add", b.host)
	eventually(a.t, seconds, func() error {
		line := peerLine(a, b.host)
		if fields := strings.Fields(line); len(fields) == 0 || !strings.Contains(line, "  yes  ") {
			return fmt.Errorf("%s does not follow %s: %q", a.host, b.host, line)
		}
		return nil
	})
}

// peerLine returns what `peer list` says of a host, or "".
func peerLine(c *city, host string) string {
	c.t.Helper()
	for line := range strings.Lines(c.do("peer", "list")) {
		if strings.HasPrefix(line, host+" ") {
			return line
		}
	}
	return ""
}

// shows returns an error unless a page of the city has all the words.
func (c *city) shows(path string, words ...string) error {
	page, err := c.get(path, "")
	if err != nil {
		return err
	}
	for _, w := range words {
		if !strings.Contains(page, w) {
			return fmt.Errorf("%s%s does not say %q", c.host, path, w)
		}
	}
	return nil
}

// answers returns an error unless a path of the city gives the status.
func (c *city) answers(path string, status int) error {
	if got := c.status(path); got != status {
		return fmt.Errorf("%s%s: status %d, want %d", c.host, path, got, status)
	}
	return nil
}

// TestChangesTravel is RE1: what a city publishes, edits and withdraws shows at
// the one that follows it, within seconds, and nothing else changes there.
func TestChangesTravel(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		a, b := newCity(t, "a", db).start(), newCity(t, "b", db).start()
		b.do("initiative", "add", "--name", "Bees of B", "--form", "community-garden")
		b.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library", "--summary", "That of B.")
		a.do("initiative", "add", "--name", "Old Mill", "--form", "repair-cafe")
		befriend(b, a)
		eventually(t, seconds, func() error { return b.has(3) })
		before := b.everything()

		carried := "/initiatives/tool_library@" + a.host
		a.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library", "--summary", "Drills to borrow.",
			"--locality", "Ghent", "--country", "BE", "--at", "51.05,3.72")
		eventually(t, seconds, func() error {
			return b.shows(carried, "Tool Library", "Drills to borrow.", "Ghent", a.host)
		})
		eventually(t, seconds, func() error { return b.has(4) })

		a.do("initiative", "edit", "tool_library", "--summary", "Saws to borrow.", "--name", "Saw Library")
		eventually(t, seconds, func() error { return b.shows(carried, "Saw Library", "Saws to borrow.") })
		if found := b.ask("q=drills"); found.Total != 0 {
			t.Errorf("the old words are still found: %+v", found.Items)
		}
		if found := b.ask("q=saw library&origin=" + a.host); found.Total != 1 || found.Items[0].Acct != "tool_library@"+a.host {
			t.Errorf("the new words are not found: %+v", found)
		}

		a.do("initiative", "withdraw", "tool_library")
		eventually(t, seconds, func() error { return b.answers(carried, http.StatusGone) })
		eventually(t, seconds, func() error { return b.has(3) })
		if got := a.status("/initiatives/tool_library"); got != http.StatusGone {
			t.Errorf("the withdrawn page of A answers %d", got)
		}

		after := b.everything()
		for id, was := range before {
			if is := after[id]; is.Name != was.Name || is.Summary != was.Summary || !is.Updated.Equal(was.Updated) {
				t.Errorf("%s was %+v and is %+v", id, was, is)
			}
		}
		if err := a.has(1); err != nil {
			t.Errorf("A follows nobody, and yet: %v", err)
		}
	})
}

// TestReturn is RE2: a city that was away has everything once it is back.
func TestReturn(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		a, b := newCity(t, "a", db).start(), newCity(t, "b", db).start()
		for _, name := range []string{"Kept", "Edited", "Withdrawn"} {
			a.do("initiative", "add", "--name", name, "--form", "repair-cafe")
		}
		befriend(b, a)
		eventually(t, seconds, func() error { return b.has(3) })

		b.stop()
		a.do("initiative", "add", "--name", "Added", "--form", "tool-library")
		a.do("initiative", "edit", "edited", "--summary", "While B was away.")
		a.do("initiative", "withdraw", "withdrawn")
		a.do("initiative", "add", "--name", "Brief", "--form", "tool-library")
		a.do("initiative", "withdraw", "brief")
		b.start()
		eventually(t, seconds, func() error { return b.shows("/initiatives/edited@"+a.host, "While B was away.") })
		eventually(t, seconds, func() error { return b.shows("/initiatives/added@"+a.host, "Added") })
		eventually(t, seconds, func() error { return b.answers("/initiatives/withdrawn@"+a.host, http.StatusGone) })
		same(t, a, b)

		// And what comes after that arrives as ever.
		a.do("initiative", "edit", "kept", "--summary", "Afterwards.")
		eventually(t, seconds, func() error { return b.shows("/initiatives/kept@"+a.host, "Afterwards.") })
		same(t, a, b)
	})
}

// TestBack: a city that was away for long, so that others have given up trying
// for hours, is told of changes again as soon as it is back.
func TestBack(t *testing.T) {
	t.Parallel() // most of the time is waiting
	a, b := newCity(t, "a", onSQLite).start(), newCity(t, "b", onSQLite).start()
	a.do("initiative", "add", "--name", "Mill", "--form", "repair-cafe")
	befriend(b, a)
	eventually(t, seconds, func() error { return b.has(1) })

	b.stop()
	tried := make(chan struct{}, 100)
	front := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "36000")
		w.WriteHeader(http.StatusServiceUnavailable)
		tried <- struct{}{}
	})}
	l, err := net.Listen("tcp", b.listen)
	if err != nil {
		t.Fatal(err)
	}
	go front.Serve(l)
	t.Cleanup(func() { front.Close() })
	a.do("initiative", "edit", "mill", "--summary", "While B was away.")
	select {
	case <-tried:
	case <-t.Context().Done():
	}
	front.Close()

	b.start()
	eventually(t, seconds, func() error { return b.shows("/initiatives/mill@"+a.host, "While B was away.") })
	a.do("initiative", "edit", "mill", "--summary", "After it was back.")
	eventually(t, seconds, func() error { return b.shows("/initiatives/mill@"+a.host, "After it was back.") })
}

// TestOriginAway: a city that cannot be reached when it is added is followed
// once it can, and its restart loses nothing.
func TestOriginAway(t *testing.T) {
	t.Parallel() // most of the time is waiting
	a, b := newCity(t, "a", onSQLite), newCity(t, "b", onSQLite).start()
	b.do("peer", "add", a.host)
	eventually(t, seconds, func() error {
		if line := peerLine(b, a.host); !strings.Contains(line, "nothing listens there") {
			return fmt.Errorf("the list does not say why: %q", line)
		}
		return nil
	})
	a.do("initiative", "add", "--name", "Early", "--form", "repair-cafe")
	a.start()
	eventually(t, patience, func() error { return b.has(1) })
	if line := peerLine(b, a.host); strings.Contains(line, "nothing listens") {
		t.Errorf("the old trouble is still listed: %q", line)
	}

	a.stop()
	a.do("initiative", "add", "--name", "Late", "--form", "repair-cafe")
	a.start()
	eventually(t, seconds, func() error { return b.has(2) })
	same(t, a, b)
}
