package peering

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// A peer can bring only so many names, under one domain and in all, and vouches
// for no more than those; names that we know already cost no room.
func TestHearing(t *testing.T) {
	names := func(n int, domain string) (list []string) {
		for k := range n {
			list = append(list, fmt.Sprintf("h%d.%s", k, domain))
		}
		return list
	}
	heard := func() *hearing {
		return &hearing{
			known: map[string]store.KnownCandidate{
				"waits.example":   {State: string(directory.CandidateWaiting)},
				"crowded.example": {State: string(directory.CandidateWaiting), Vouchers: MaxVouchers},
				"refused.example": {State: string(directory.CandidateRefused)},
				"taken.example":   {State: string(directory.CandidateFollowed)},
				"famous.example":  {State: string(directory.CandidateFollowed), Vouchers: MaxShown},
				"banned.example":  {State: string(directory.CandidateFollowed)},
				"strange.example": {State: string(directory.CandidateFollowed), Stranger: true},
			},
			ofDomain: map[string]int{}, room: MaxBrought,
			skip: func(host string) bool {
				return slices.Contains([]string{"blocked.example", "banned.example", "strange.example", "taken.example", "famous.example"}, host)
			},
			peer: func(host string) bool {
				return slices.Contains([]string{"strange.example", "taken.example", "famous.example"}, host)
			},
		}
	}
	t.Run("one domain", func(t *testing.T) {
		vouched, brought := heard().sort(names(5000, "sybil.example"))
		if len(brought) != MaxOfDomain || len(vouched) != MaxOfDomain {
			t.Errorf("%d names under one domain were brought, %d vouched for", len(brought), len(vouched))
		}
	})
	t.Run("many domains", func(t *testing.T) {
		var list []string
		for k := range 1000 {
			list = append(list, names(2, fmt.Sprintf("d%d.example", k))...)
		}
		if _, brought := heard().sort(list); len(brought) != MaxBrought {
			t.Errorf("%d names were brought", len(brought))
		}
		full := heard()
		full.room = -3
		if vouched, brought := full.sort(append(list, "waits.example")); len(brought) != 0 || len(vouched) != 1 {
			t.Errorf("without room %d names were brought, %d vouched for", len(brought), len(vouched))
		}
	})
	t.Run("known ones", func(t *testing.T) {
		vouched, brought := heard().sort([]string{
			"waits.example", "crowded.example", "refused.example", "taken.example", "strange.example", "blocked.example",
			"famous.example", "banned.example",
		})
		if fmt.Sprint(vouched) != "[waits.example taken.example strange.example]" || len(brought) != 0 {
			t.Errorf("got %v and %v", vouched, brought)
		}
	})
}

// Vouchers under one domain have one voice, and none for their own.
func TestVoucherDomains(t *testing.T) {
	hosts := []string{"a.one.example", "b.one.example", "two.example", "c.self.example"}
	if got := voucherDomains(hosts, "self.example"); len(got) != 2 || !got["one.example"] || !got["two.example"] {
		t.Errorf("got %v", got)
	}
}

// Doubts are counted for each peer, by the hour.
func TestDoubts(t *testing.T) {
	var d doubts
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	allowed := 0
	for range 10 * maxDoubts {
		if d.another("mallory.example", now) {
			allowed++
		}
	}
	if allowed != maxDoubts || !d.another("alice.example", now) || !d.another("mallory.example", now.Add(2*FollowedSpan)) {
		t.Errorf("%d doubts were raised", allowed)
	}
}
