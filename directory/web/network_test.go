package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// What is carried of an instance that has not answered for more than a day says
// since when, on its page and in the API, and again nothing once it answers; one
// whose key is in doubt is no longer read.
func TestNotConfirmed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		fill(t, s)
		h := handler(t, ghent(), s)
		const path = "/initiatives/maakleerplek@leuven.example"
		for _, test := range []struct {
			name    string
			failing time.Duration
			state   directory.PeerState
			since   string // on the page; "" for not there
			network string
		}{
			{"it answers", 0, directory.PeerFollowing, "", "up to date"},
			{"for some hours", 23 * time.Hour, directory.PeerFollowing, "", "behind"},
			{"for two days", 48 * time.Hour, directory.PeerFollowing, "2026-11-20T12:00:00Z", "not confirmed since"},
			{"its key is in doubt", 25 * time.Hour, directory.PeerDoubted, "2026-11-20T12:00:00Z", "commonage peer trust leuven.example"},
			{"it answers again", 0, directory.PeerFollowing, "", "up to date"},
		} {
			must(t, s.UpdatePeer(t.Context(), "leuven.example", func(p *directory.Peer) error {
				p.State, p.LastContact, p.LastError, p.FailingSince = test.state, noon().Add(-72*time.Hour), "", time.Time{}
				if test.failing > 0 {
					p.Fails(noon().Add(-test.failing), "leuven.example does not answer in time.")
				}
				return nil
			}))
			_, page := get(t, h, path)
			if says := strings.Contains(page, "Not confirmed since"); says != (test.since != "") || !strings.Contains(page, test.since) {
				t.Errorf("%s: the page says it: %t, want %q", test.name, says, test.since)
			}
			_, list := get(t, h, "/api/v1/initiatives?origin=leuven.example")
			if says := strings.Contains(list, `"not_confirmed_since":"`+test.since); says != (test.since != "") {
				t.Errorf("%s: the API says it: %t, want %q", test.name, says, test.since)
			}
			if _, network := get(t, h, "/network"); !strings.Contains(network, test.network) {
				t.Errorf("%s: the network page does not say %q", test.name, test.network)
			}
		}
		if _, page := get(t, h, "/initiatives/repaircafe"); strings.Contains(page, "Not confirmed since") {
			t.Error("an own entry needs nobody to confirm it")
		}
	})
}

// The network page and its JSON say how far behind each peer is, what is wrong and
// how to mend it.
func TestNetwork(t *testing.T) {
	h := full(t)
	_, page := get(t, h, "/network")
	for _, want := range []string{
		"12,300 of 100,000 read", "up to date", "not confirmed since", "left search and map", "lost.example does not answer in time.",
		"commonage peer remove lost.example", `href="/api/v1/network"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	answer, body := get(t, h, "/api/v1/network")
	var got struct {
		Peers []struct {
			Host, Trouble, Mend string
			Read, Total         int
			Hidden              bool
			NotConfirmed        time.Time `json:"not_confirmed_since"`
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", answer.StatusCode, err)
	}
	seen := 0
	for _, p := range got.Peers {
		switch p.Host {
		case "lost.example":
			seen++
			if !p.Hidden || p.NotConfirmed.IsZero() || p.Trouble == "" || p.Mend == "" {
				t.Errorf("got %+v", p)
			}
		case "long.example":
			seen++
			if p.Read != 12300 || p.Total != 100000 || p.Hidden || !p.NotConfirmed.IsZero() || p.Mend != "" {
				t.Errorf("got %+v", p)
			}
		}
	}
	if seen != 2 {
		t.Errorf("got %s", body)
	}
}

// An instance that is limited is in no list: neither a page nor the API names it.
func TestLimitedIsNotNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		fill(t, s)
		h := handler(t, ghent(), s)
		paths := []string{"/network", "/api/v1/network", "/"}
		for _, path := range paths {
			if _, body := get(t, h, path); !strings.Contains(body, "Leuven") {
				t.Fatalf("%s does not name it before", path)
			}
		}
		c := curation.New(s, ghent(), noon)
		must(t, c.Block(t.Context(), directory.Block{Subject: "leuven.example", Kind: directory.Limited}))
		for _, path := range paths {
			if _, body := get(t, h, path); strings.Contains(body, "Leuven") || strings.Contains(body, "leuven.example") {
				t.Errorf("%s names it", path)
			}
		}
	})
}
