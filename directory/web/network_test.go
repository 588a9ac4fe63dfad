package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
				p.State, p.Confirmed, p.LastError, p.FailingSince = test.state, noon().Add(-72*time.Hour), "", time.Time{}
				p.Lacking = 0
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

// tableRow returns what the row of an instance says on the network page.
func tableRow(t *testing.T, page, host string) string {
	t.Helper()
	for row := range strings.SplitSeq(page, "<tr>") {
		if strings.Contains(strings.ReplaceAll(row, "<wbr>", ""), `<span class="small">`+host+"</span>") {
			return row
		}
	}
	t.Fatalf("there is no row of %s", host)
	return ""
}

// The network page says of each peer how far behind it is, as of when, what is
// wrong and how to mend it, and who lists it.
func TestNetwork(t *testing.T) {
	_, page := get(t, full(t), "/network")
	for host, want := range map[string][]string{
		"leuven.example": {
			"3 of its 4 missing", `as of <time datetime="2026-11-23T11:48:00Z" title="23 November 2026, 11:48 UTC">12 minutes ago</time>`,
			"compared then, 3 mended", `data-label="Listed by">lost.example<`, `data-label="Last contact"><time datetime="2026-11-23T12:00:00Z"`, "less than a minute ago",
		},
		"long.example":       {"12,300 of 100,000 read", "no other peer"},
		"lost.example":       {"behind", "not confirmed since", "left search and map", "lost.example does not answer in time.", "commonage peer remove lost.example", "1 month ago"},
		"shut.example":       {"behind", "it says “blocked by the operator of this instance”", "Trying again does not help", "ask those who run it", "as of"},
		"silent.example":     {"not carried", "It has not answered our request to follow it since 21 November 2026, 10:00 UTC", "commonage peer sync silent.example"},
		"closed.example":     {"not carried", "does not want us to follow it", "commonage peer add closed.example"},
		"doubted.example":    {"not read any more", "another key", "commonage peer trust doubted.example"},
		"manchester.example": {"leuven.example, lost.example"},
	} {
		row := tableRow(t, page, host)
		for _, w := range want {
			if !strings.Contains(row, w) {
				t.Errorf("of %s it does not say %q: %s", host, w, row)
			}
		}
	}
	for host, wrong := range map[string]string{"shut.example": "read<", "lost.example": "up to date", "long.example": "up to date"} {
		if strings.Contains(tableRow(t, page, host), wrong) {
			t.Errorf("of %s it says %q", host, wrong)
		}
	}
	for _, want := range []string{
		`href="/api/v1/network"`, "3 of the 4 entries of Leuven", "<strong>Closed</strong>", "<strong>Doubted</strong>", "<strong>Admirer</strong>",
		"<strong>Manchester, Silent</strong>", "1 server or person</strong>", "2 instances</strong>", "1 instance</strong>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, secret := range []string{"spam.example", "heard.example", "unfit.example", "spurned.example", "shy.example", "Shy"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page names %s", secret)
		}
	}
	if n := strings.Count(page, `class="tie bond"`); n != 3 {
		t.Errorf("%d lines between peers are drawn, want 3: leuven-manchester, leuven-lost, lost-manchester", n)
	}
	if n := strings.Count(page, `class="tie"`); n != 5 {
		t.Errorf("%d lines to us are drawn, want 5", n)
	}
}

// The JSON tells the states apart, and says of each peer what the page does.
func TestNetworkJSON(t *testing.T) {
	answer, body := get(t, full(t), "/api/v1/network")
	type peer struct {
		State, Trouble, Mend string
		Kind                 string `json:"trouble_kind"`
		Read, Total, Missing int
		Published, Mended    int
		Hidden               bool
		ListedBy             []string  `json:"listed_by"`
		NotConfirmed         time.Time `json:"not_confirmed_since"`
		AsOf                 time.Time `json:"as_of"`
		Lag                  *int64    `json:"lag_seconds"`
		Since                time.Time `json:"trouble_since"`
	}
	var got struct {
		Peers []struct {
			Host string
			peer
		}
		NotCarried map[string]int `json:"not_carried"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", answer.StatusCode, err)
	}
	states, of := map[string]string{}, map[string]peer{}
	for _, p := range got.Peers {
		states[p.Host], of[p.Host] = p.State, p.peer
	}
	if diff := cmp.Diff(map[string]string{
		"leuven.example": "following", "manchester.example": "requested", "lost.example": "following", "long.example": "following",
		"quiet.example": "searching", "silent.example": "requested", "closed.example": "refused", "doubted.example": "key-changed",
		"shut.example": "following", "admirer.example": "not-followed",
	}, states); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"blocked": 1, "limited": 0, "unlisted": 1, "refused": 1, "waiting": 2, "unfit": 1}, got.NotCarried); diff != "" {
		t.Error(diff)
	}
	if p := of["lost.example"]; !p.Hidden || p.NotConfirmed.IsZero() || p.Kind != "away" || p.Mend == "" || p.Since.IsZero() || p.Lag == nil || *p.Lag != 40*24*3600 {
		t.Errorf("got %+v", p)
	}
	if p := of["long.example"]; p.Read != 12300 || p.Total != 100000 || p.Hidden || !p.NotConfirmed.IsZero() || p.Mend != "" || p.Lag != nil {
		t.Errorf("got %+v", p)
	}
	if p := of["leuven.example"]; p.Missing != 3 || p.Published != 4 || p.Mended != 3 || !slices.Equal(p.ListedBy, []string{"lost.example"}) || *p.Lag != 720 {
		t.Errorf("got %+v", p)
	}
	if p := of["silent.example"]; p.Kind != "unanswered" || p.Trouble == "" || !p.Since.Equal(noon().Add(-50*time.Hour)) {
		t.Errorf("got %+v", p)
	}
	if p := of["shut.example"]; p.Kind != "refused" || p.Read != 0 || p.Total != 0 {
		t.Errorf("got %+v", p)
	}
}

// Instances are drawn wherever they are: around us if no two have said where, and
// below the map if some have not, with their names and lines.
func TestNetworkDrawing(t *testing.T) {
	draw := func(change func(*directory.Instance), points ...*directory.Point) string {
		t.Helper()
		s := storetest.Open(t)
		for k, at := range points {
			must(t, s.PutPeer(t.Context(), &directory.Peer{
				Host: fmt.Sprintf("p%d.example", k), Name: fmt.Sprintf("Peer %d", k), Point: at, Wanted: true, State: directory.PeerFollowing, Added: noon(),
			}))
		}
		must(t, s.PutVouches(t.Context(), &store.Vouches{Voucher: "p0.example", Hosts: []string{"p1.example"}, Now: noon()}))
		must(t, s.PutVouches(t.Context(), &store.Vouches{Voucher: "p1.example", Hosts: []string{"p0.example"}, Now: noon()}))
		us := ghent()
		change(&us)
		_, page := get(t, handler(t, us, s), "/network")
		return page
	}
	homeless := func(in *directory.Instance) { in.Point = nil }
	for name, c := range map[string]struct {
		page                string
		land, strip         bool
		spots, lines, bonds int
	}{
		"nobody":              {draw(homeless), false, false, 0, 0, 0},
		"nowhere":             {draw(homeless, nil, nil, nil), false, false, 4, 3, 1},
		"only we":             {draw(func(*directory.Instance) {}, nil, nil), false, false, 3, 2, 1},
		"we are nowhere":      {draw(homeless, at(51, 3), at(41, 2)), true, true, 3, 2, 1},
		"one of them":         {draw(func(*directory.Instance) {}, at(51, 3), nil), true, true, 3, 2, 1},
		"all have said where": {draw(func(*directory.Instance) {}, at(51, 3), at(41, 2)), true, false, 3, 2, 1},
		"a crowd":             {draw(homeless, make([]*directory.Point, 200)...), false, false, 41, 40, 1},
	} {
		has := func(what string) int { return strings.Count(c.page, what) }
		if has(`class="land"`) > 0 != c.land || has(`class="strip"`) > 0 != c.strip || has(`class="spot`)-has(`class="spotname`) != c.spots ||
			has(`class="tie"`) != c.lines || has(`class="tie bond"`) != c.bonds {
			t.Errorf("%s: %d lands, %d strips, %d spots, %d lines, %d bonds", name, has(`class="land"`), has(`class="strip"`),
				has(`class="spot`)-has(`class="spotname`), has(`class="tie"`), has(`class="tie bond"`))
		}
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
