package peering_test

import (
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/peering"
)

// The rules of vouching, and what hostile hosts try against them.
func TestDecide(t *testing.T) {
	open := peering.Facts{Policy: directory.PeersOpen, Vouches: 2, Peers: 5}
	with := func(change func(f *peering.Facts)) peering.Facts {
		f := open
		change(&f)
		return f
	}
	cases := []struct {
		name  string
		facts peering.Facts
		want  peering.Verdict
	}{
		{"nobody lists it", open, peering.Wait},
		{"one lists it", with(func(f *peering.Facts) { f.Vouchers = 1 }), peering.Wait},
		{"two list it", with(func(f *peering.Facts) { f.Vouchers = 2 }), peering.Follow},
		{"two list it, three are needed", with(func(f *peering.Facts) { f.Vouchers, f.Vouches = 2, 3 }), peering.Wait},
		{"two list it, under review", with(func(f *peering.Facts) { f.Vouchers, f.Policy = 2, directory.PeersReview }), peering.Wait},
		{"two list it, with an allowlist", with(func(f *peering.Facts) { f.Vouchers, f.Policy = 2, directory.PeersAllowlist }), peering.Wait},
		{"two list it, nothing is looked for", with(func(f *peering.Facts) { f.Vouchers, f.Policy = 2, "" }), peering.Wait},
		{"the only peer lists it", with(func(f *peering.Facts) { f.Vouchers, f.Peers = 1, 1 }), peering.Follow},
		{"one of two peers lists it", with(func(f *peering.Facts) { f.Vouchers, f.Peers = 1, 2 }), peering.Wait},
		{"no peer, and nobody lists it", with(func(f *peering.Facts) { f.Peers = 0 }), peering.Wait},
		{"enough of its domain are here", with(func(f *peering.Facts) { f.Vouchers, f.Taken = 9, peering.TakenOfDomain }), peering.Wait},
		{"one more of its domain", with(func(f *peering.Facts) { f.Vouchers, f.Taken = 2, peering.TakenOfDomain-1 }), peering.Follow},
		{"enough for an hour", with(func(f *peering.Facts) { f.Vouchers, f.Followed = 9, peering.MaxFollowed }), peering.Wait},
		{"it follows us", with(func(f *peering.Facts) { f.Introduced = true }), peering.FollowStranger},
		{"it follows us, as others of its domain", with(func(f *peering.Facts) { f.Introduced, f.Taken = true, 1 }), peering.Wait},
		{"it follows us, strangers enough", with(func(f *peering.Facts) { f.Introduced, f.Strangers = true, peering.MaxStrangers }), peering.Wait},
		{"it follows us, under review", with(func(f *peering.Facts) { f.Introduced, f.Policy = true, directory.PeersReview }), peering.Wait},
		{"one lists it for a day", with(func(f *peering.Facts) { f.Vouchers, f.Waited = 1, true }), peering.FollowStranger},
		{"one that the operator named lists it", with(func(f *peering.Facts) { f.Vouchers, f.Chosen = 1, true }), peering.FollowStranger},
		{"one of many, that the operator named, lists it", with(func(f *peering.Facts) { f.Vouchers, f.Chosen, f.Peers = 1, true, peering.FewPeers+1 }), peering.Wait},
		{"one that the operator named lists a second of its domain", with(func(f *peering.Facts) { f.Vouchers, f.Chosen, f.Taken = 1, true, 1 }), peering.Wait},
		{"one that the operator named lists it, strangers enough", with(func(f *peering.Facts) { f.Vouchers, f.Chosen, f.Strangers = 1, true, peering.MaxStrangers }), peering.Wait},
		{"nobody lists it for a day", with(func(f *peering.Facts) { f.Waited = true }), peering.Wait},
		{"one lists a second of its domain for a day", with(func(f *peering.Facts) { f.Vouchers, f.Waited, f.Taken = 1, true, 1 }), peering.Wait},
	}
	for _, c := range cases {
		if got := peering.Decide(c.facts); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Whoever has a domain has all names under it: they have one vote and few places.
func TestRegisteredDomain(t *testing.T) {
	for host, want := range map[string]string{
		"ghent.example":            "ghent.example",
		"a.b.ghent.example:8443":   "ghent.example",
		"GHENT.example.":           "ghent.example",
		"ghent.co.uk":              "ghent.co.uk",
		"x.ghent.co.uk":            "ghent.co.uk",
		"co.uk":                    "co.uk",
		"ghent.github.io":          "ghent.github.io", // whose owners are not one
		"ghent.localhost:8001":     "ghent.localhost:8001",
		"x.ghent.localhost:8001":   "x.ghent.localhost:8001",
		"127.0.0.1:8001":           "127.0.0.1:8001",
		"127.0.0.1:8002":           "127.0.0.1:8002",
		"[::1]:8001":               "[::1]:8001",
		"203.0.113.7:8443":         "203.0.113.0/24",
		"203.0.113.8":              "203.0.113.0/24",
		"[2001:db8:1:2::3]":        "2001:db8:1::/48",
		"[2001:db8:1:ffff::1]:443": "2001:db8:1::/48",
	} {
		if got := peering.RegisteredDomain(host); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
}

// However many peers there are, an idle instance makes and answers fewer than 500
// requests a day; as many are answered as made, on average.
func TestRequestsOfADay(t *testing.T) {
	const (
		day   = 24.0 // hours
		later = 1.1  // pauses are up to a fifth longer, by chance
		again = 1.06 // of those that are lost or find nobody
	)
	for peers := 1; peers <= 100000; peers += 1 + peers/10 {
		rounds := day / peering.VisitEvery(peers, 100).Hours() / later
		lists := rounds * float64(min(peers, peering.VisitAtOnce))
		if peers > 300 { // NodeInfo is looked at again, and a list has pages
			lists *= 4
		}
		asks := day / peering.AskAgain(true).Hours() / later * again
		repairs := float64(peers) * day / peering.RepairAgain(peers).Hours()
		reads := float64(peers) * day / peering.ReadEvery(peers).Hours() / later
		relays := reads // who is named to be asked; or else the following
		replaced := 11 * float64(peers) * day / peering.UpstreamKept(peers).Hours()
		made := lists + asks + repairs + reads + replaced
		if peers > peering.ManyPeers {
			made = lists + asks + repairs + reads + relays
		}
		if 2*made >= 500 || lists == 0 || asks == 0 || repairs == 0 || reads == 0 {
			t.Errorf("%d peers: %.0f made and answered: of lists %.0f, of news %.0f, comparisons %.0f, readings %.0f",
				peers, 2*made, lists, asks, repairs, reads)
		}
		if hourly := peering.RepairAgain(peers) == time.Hour; peers <= 3 && !hourly {
			t.Errorf("%d peers are compared every %s", peers, peering.RepairAgain(peers))
		}
	}
	if first, later := peering.VisitEvery(3, 0), peering.VisitEvery(3, 5); first > 10*time.Second || later <= first || peering.VisitEvery(3, 20) != time.Hour || peering.VisitEvery(3, 30) <= time.Hour {
		t.Errorf("a young network is visited after %s, then after %s", first, later)
	}
}

// However many follow an instance, it answers so many in a day who keep to what it
// says, until that would be for too long.
func TestAnsweredInADay(t *testing.T) {
	for _, followers := range []int{1, 5, 50, 800} {
		n := float64(followers)
		compared, asked := n*24/peering.ComparedAgain(followers).Hours(), 3*n*24/peering.AskedAgain(followers).Hours()
		if compared+asked > 245 || compared < 100 || asked < 100 {
			t.Errorf("%d followers: compared %.0f times, asked %.0f times", followers, compared, asked)
		}
	}
	if peering.ComparedAgain(100000) != 14*24*time.Hour || peering.AskedAgain(100000) != peering.LongestWait || peering.AskedAgain(0) != 0 {
		t.Error("some wait for too long, or for nothing")
	}
}

// After a start few peers are compared soon, many bit by bit.
func TestRepairAt(t *testing.T) {
	if first, last := peering.RepairAt(0, 14, 0.9), peering.RepairAt(13, 14, 0.1); first > 10*time.Second || last > 3*time.Minute || last <= first {
		t.Errorf("few: the first after %s, the last after %s", first, last)
	}
	for _, peers := range []int{15, 1000} {
		soon, late := peering.RepairAt(0, peers, 0), peering.RepairAt(0, peers, 0.999)
		if soon != 0 || late < peering.RepairAgain(peers)*9/10 || late > peering.RepairAgain(peers) {
			t.Errorf("%d: from %s to %s after, compared again after %s", peers, soon, late, peering.RepairAgain(peers))
		}
	}
	if got := peering.RepairAgain(1); got != time.Hour {
		t.Errorf("one peer is compared again after %s", got)
	}
}

// An instance sends a change to few, whatever the size of the network.
func TestTargets(t *testing.T) {
	for _, c := range []struct {
		followers, changes, n int
		all                   bool
	}{
		{0, 1, 0, true},
		{3, 1, 3, true},
		{3, 5000, 3, true},
		{peering.MaxDirect, 1, peering.MaxDirect, true},
		{peering.MaxDirect + 1, 1, peering.MaxSeeds, false},
		{10000, 1, peering.MaxSeeds, false},
		{10000, peering.MaxDirect + 1, peering.MaxBulk, false},
	} {
		if n, all := peering.Targets(c.followers, c.changes); n != c.n || all != c.all {
			t.Errorf("%d followers, %d changes: got %d %v, want %d %v", c.followers, c.changes, n, all, c.n, c.all)
		}
	}
}

// What comes after a while of quiet is passed on at once, what comes soon after
// that together with what else comes.
func TestPassAt(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	if at := peering.PassAt(now, now.Add(-time.Hour), 0.5); at.Before(now) || at.After(now.Add(5*time.Second)) {
		t.Errorf("after quiet: %s later", at.Sub(now))
	}
	if at := peering.PassAt(now, now.Add(-time.Second), 0); at.Sub(now) < 20*time.Second || at.Sub(now) > time.Minute {
		t.Errorf("soon after: %s later", at.Sub(now))
	}
}

// News are asked for from before the last time on, and from as far back as they
// are kept when that is too long ago.
func TestAskSince(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		last     time.Time
		back     time.Duration
		complete bool
	}{
		{"a moment ago", now.Add(-15 * time.Minute), 15*time.Minute + peering.AskBack, true},
		{"never", time.Time{}, peering.NewsKept, false},
		{"days ago", now.Add(-72 * time.Hour), peering.NewsKept, false},
	} {
		since, complete := peering.AskSince(now, c.last)
		if now.Sub(since) != c.back || complete != c.complete {
			t.Errorf("%s: got %s back, %v", c.name, now.Sub(since), complete)
		}
	}
}

// Strangers have no say, but where there is nobody else.
func TestVoices(t *testing.T) {
	odd := func(n *int) bool { return *n%2 == 1 }
	if got := peering.Voices([]int{1, 2, 3, 4}, odd); len(got) != 2 || got[0] != 2 || got[1] != 4 {
		t.Errorf("got %v", got)
	}
	if got := peering.Voices([]int{1, 3}, odd); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

// Others are asked to pass on, unless nearly all follow the same; who does not do it
// is replaced.
func TestUpstreamDecisions(t *testing.T) {
	for _, c := range []struct {
		peers, named, mine int
		want               bool
	}{
		{3, 8, 0, true},
		{3, 8, 8, true},
		{peering.ManyPeers, 8, 8, true},
		{peering.ManyPeers + 1, 8, 7, true},
		{peering.ManyPeers + 1, 8, 8, false},
	} {
		if got := peering.NeedsUpstreams(c.peers, c.named, c.mine); got != c.want {
			t.Errorf("%d peers, %d of %d: got %v", c.peers, c.mine, c.named, got)
		}
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		accepted bool
		age      time.Duration
		missed   bool
		want     bool
	}{
		"asked just now":   {false, time.Minute, false, true},
		"never answered":   {false, 2 * time.Hour, false, false},
		"does it":          {true, 89 * 24 * time.Hour, false, true},
		"did it for long":  {true, 91 * 24 * time.Hour, false, false},
		"missed something": {true, time.Hour, true, false},
	} {
		u := &directory.Upstream{Accepted: c.accepted, Since: now.Add(-c.age)}
		if got := peering.KeepsUpstream(u, now, c.missed, 5); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
