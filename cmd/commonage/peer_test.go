package main_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"codeberg.org/commonage/commonage/directory"
)

// What peers call themselves, and what went wrong, is one line each of the list,
// and nothing in it steers the terminal.
func TestPeerListOfForeignNames(t *testing.T) {
	c := newCity(t, "alpha", onSQLite)
	c.do("migrate")
	s := c.open()
	defer s.Close()
	now := time.Now()
	forged := "Evil\nforged.example\tForged\t9\r\x1b[2J\u009b31m\u202e"
	for _, p := range []directory.Peer{
		{Host: "evil.example", Name: forged, Added: now, Wanted: true, State: directory.PeerFollowing, LastError: forged, LastErrorAt: now},
		{Host: "silent.example", Added: now, Wanted: true, State: directory.PeerRequested, Requested: now.Add(-50 * time.Hour)},
		{Host: "fresh.example", Added: now, Wanted: true, State: directory.PeerRequested, Requested: now},
	} {
		if err := s.PutPeer(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
	out := c.do("peer", "list")
	if n := strings.Count(out, "\n"); n != 4 || strings.Contains(out, "\nforged") || strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("the list is %q", out)
	}
	if line := peerLine(c, "silent.example"); !strings.Contains(line, "has not answered our request to follow it since") || !strings.Contains(line, "commonage peer sync silent.example") {
		t.Errorf("of one that does not answer it says %q", line)
	}
	if line := peerLine(c, "fresh.example"); strings.Contains(line, "has not answered") {
		t.Errorf("of one that was just asked it says %q", line)
	}
}

// What is left for the server to do is said as it is, for one that follows us only,
// one that was not found, and with no server running; what a comparison came to is
// on the list.
func TestPeerWork(t *testing.T) {
	a, b := newCity(t, "alpha", onSQLite).start(), newCity(t, "beta", onSQLite).start()
	a.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	befriend(b, a)
	eventually(t, seconds, func() error { return b.has(1) })
	eventually(t, seconds, func() error {
		if line := peerLine(a, b.host); !strings.Contains(line, "  no  ") || !strings.Contains(line, "  yes  ") {
			return fmt.Errorf("%q", line)
		}
		return nil
	})
	for _, work := range []string{"repair", "sync"} {
		a.try("peer", work, b.host).wants(t, 1, b.host+" follows us and is not followed here; 'commonage peer add "+b.host+"' follows it")
		a.try("peer", work, "unheard.example").wants(t, 1, "there is no peer unheard.example here")
		a.try("peer", work).wants(t, 0, "No peer is followed; ")
	}
	if out := b.do("peer", "repair"); out != "The server will compare what it carries with "+a.host+".\n" {
		t.Errorf("with a server running it says %q", out)
	}
	eventually(t, seconds, func() error {
		if line := peerLine(b, a.host); !strings.Contains(line, "ago, nothing to mend") {
			return fmt.Errorf("the list does not say what the comparison came to: %q", line)
		}
		return nil
	})

	b.stop()
	s := b.open()
	defer s.Close()
	if err := s.RemoveCarried(t.Context(), []string{"http://" + a.host + "/initiatives/tool_library"}); err != nil {
		t.Fatal(err)
	}
	nobody := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	b.do("peer", "add", nobody)
	b.try("peer", "repair").wants(t, 0, "compare what it carries with "+a.host, "look for "+nobody+" again, which it has not found yet",
		"None answers at "+b.listen+" now: this waits until one runs.")
	b.start()
	eventually(t, seconds, func() error {
		if line := peerLine(b, a.host); !strings.Contains(line, "1 mended") {
			return fmt.Errorf("the list does not say what was mended: %q", line)
		}
		return b.has(1)
	})
	eventually(t, seconds, func() error {
		if !strings.Contains(peerLine(b, nobody), "nothing listens there. ") {
			return errors.New("nothing is said of who does not answer")
		}
		return nil
	})
}
