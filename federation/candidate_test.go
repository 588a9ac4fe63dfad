package federation_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/peering"
)

// policy gives a city a policy on peers, with two vouches.
func policy(p directory.PeerPolicy) func(*federation.Options) {
	return func(o *federation.Options) { o.Peering, o.Vouches = p, 2 }
}

// follows makes the city follow others, which let it.
func (c *city) follows(others ...*city) {
	c.w.Helper()
	for _, o := range others {
		c.follow(o.instance.Host)
		c.untilPeer(o.instance.Host, directory.PeerFollowing)
	}
}

// in time goes on while the city waits for something.
func (c *city) inTime(what string, holds func() bool) {
	c.w.Helper()
	c.until(what, func() bool {
		c.w.clock.Advance(200 * time.Millisecond)
		return holds()
	})
}

// candidate returns what the city knows of one, with its vouchers.
func (c *city) candidate(host string) directory.Candidate {
	c.w.Helper()
	for _, state := range []directory.CandidateState{
		directory.CandidateFound, directory.CandidateWaiting, directory.CandidateUnfit, directory.CandidateFollowed, directory.CandidateRefused,
	} {
		list, err := c.store.Candidates(c.w.Context(), state, 100)
		if err != nil {
			c.w.Fatal(err)
		}
		for _, one := range list {
			if one.Host == host {
				return one
			}
		}
	}
	return directory.Candidate{}
}

func (c *city) isPeer(host string) bool {
	p, err := c.store.Peer(c.w.Context(), host)
	return err == nil && p.Wanted
}

// With policy open, whom two peers list is followed and carried; whom one lists is
// a stranger, at once if the operator named that one, else if no other voice comes
// in a day. Who is followed is listed in turn.
func TestFindsByVouches(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		x := w.dormant(s, policy(directory.PeersOpen))
		a, b := w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		twice, once := w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		named := w.city(storetest.Open(w.T))
		twice.publish("found")
		twice.follows(once)
		a.follows(twice, named)
		b.follows(twice)
		x.follow(a.instance.Host)
		x.follow(b.instance.Host) // added together, neither has the only say
		x.run()
		x.inTime("what two list", func() bool { return len(x.listed(twice.instance.Host)) == 1 })
		x.inTime("what one lists that was named", func() bool { return x.isPeer(named.instance.Host) })
		if got := x.candidate(named.instance.Host); !got.Stranger {
			w.Errorf("it is no stranger: %+v", got)
		}
		x.inTime("whom one of the others lists", func() bool { return len(x.candidate(once.instance.Host).Vouchers) > 0 })
		w.clock.Advance(peering.StrangerSpan - time.Hour)
		x.inTime("another visit", func() bool { return x.idle() })
		if x.isPeer(once.instance.Host) {
			w.Error("whom one of the peers lists is followed before the day is over")
		}
		w.clock.Advance(time.Hour)
		x.inTime("the other to be followed for want of others", func() bool { return x.isPeer(once.instance.Host) })
		got := x.candidate(once.instance.Host)
		if !slices.Equal(got.Vouchers, []string{twice.instance.Host}) || !got.Stranger || got.Decided.Sub(got.Found) < peering.StrangerSpan {
			w.Errorf("whom one peer lists: got %+v", got)
		}
		if two := x.candidate(twice.instance.Host); two.Stranger || !two.Decided.Before(got.Decided) {
			w.Errorf("whom two peers list: got %+v", two)
		}
		if got.Name != once.instance.Name || got.Point == nil || got.Locality != "Ghent" {
			w.Errorf("of a candidate is known %+v", got)
		}
		var ids []string
		for _, item := range x.items("/directory/peers") {
			ids = append(ids, strings.Trim(string(item), `"`))
		}
		for _, c := range []*city{a, b, twice} {
			if !slices.Contains(ids, c.instance.DirectoryID()) {
				w.Errorf("%s is not among those listed, %v", c.instance.Host, ids)
			}
		}
	})(t)
}

// TestRow: instances in a row, each told only of the next, soon know each other,
// though there are too few peers for two voices at first.
func TestRow(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		row := []*city{w.city(s, policy(directory.PeersOpen))}
		for range 4 {
			row = append(row, w.city(storetest.Open(w.T), policy(directory.PeersOpen)))
		}
		began := w.clock.Now()
		for k := range row[1:] {
			row[k].follow(row[k+1].instance.Host)
		}
		for _, c := range row {
			c.inTime("all others", func() bool {
				n := 0
				for _, o := range row {
					if c.isPeer(o.instance.Host) {
						n++
					}
				}
				return n == len(row)-1
			})
		}
		if took := w.clock.Now().Sub(began); took > 10*time.Minute {
			w.Errorf("it took %s", took)
		}
	})(t)
}

// idle reports whether nothing waits to be done now.
func (c *city) idle() bool {
	due, err := c.store.Due(context.Background(), c.w.clock.Now())
	return err == nil && !due.Jobs && !due.Working && !due.Received && !due.Deliveries
}

// Under review everybody waits for the operator, with samples. Who was refused, or
// removed, is not asked for again.
func TestReview(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		x := w.city(s, policy(directory.PeersReview))
		a, good, bad := w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T)), w.city(storetest.Open(w.T))
		good.publish("sample")
		a.follows(good, bad)
		x.follows(a)
		for _, c := range []*city{good, bad} {
			x.inTime(c.instance.Name, func() bool { return x.candidate(c.instance.Host).State == directory.CandidateWaiting })
		}
		if got := x.candidate(good.instance.Host); !slices.Equal(got.Samples, []string{"Café Ümit – Rad & Tat"}) || got.Initiatives != 1 {
			w.Errorf("got %+v", got)
		}
		// One that follows us waits as well, whoever lists it.
		stranger := w.city(storetest.Open(w.T))
		stranger.follows(x)
		x.inTime("the stranger", func() bool { return x.candidate(stranger.instance.Host).State == directory.CandidateWaiting })
		if x.candidate(stranger.instance.Host).Introduced.IsZero() || x.isPeer(stranger.instance.Host) {
			w.Errorf("got %+v", x.candidate(stranger.instance.Host))
		}
		if err := x.AcceptCandidate(w.Context(), good.instance.Host); err != nil {
			w.Fatal(err)
		}
		if err := x.RefuseCandidate(w.Context(), bad.instance.Host); err != nil {
			w.Fatal(err)
		}
		if err := x.AcceptCandidate(w.Context(), "unheard.example"); err == nil {
			w.Error("accepted whom nobody knows")
		}
		if err := x.RefuseCandidate(w.Context(), a.instance.Host); err == nil {
			w.Error("refused a peer")
		}
		x.inTime("the accepted one", func() bool { return len(x.listed(good.instance.Host)) == 1 })
		if err := x.RemovePeer(w.Context(), good.instance.Host); err != nil {
			w.Fatal(err)
		}
		w.clock.Advance(2 * time.Hour)
		x.inTime("more visits", func() bool { return x.idle() })
		for _, c := range []*city{good, bad} {
			if got := x.candidate(c.instance.Host); got.State != directory.CandidateRefused || x.isPeer(c.instance.Host) {
				w.Errorf("got %+v", got)
			}
		}
	})(t)
}

// Nobody is followed or waits who does not want to be listed, whose robots.txt
// keeps us out, who chooses peers by name, or who is no instance; and nothing at
// all is asked of who is blocked.
func TestConsent(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		x := w.city(s, policy(directory.PeersOpen))
		hidden := w.city(storetest.Open(w.T), func(o *federation.Options) { o.Unlisted = true })
		chosen := w.city(storetest.Open(w.T), policy(directory.PeersAllowlist))
		a, blocked, other, closed := w.city(storetest.Open(w.T)), w.mastodon(), w.mastodon(), w.mastodon()
		a.follows(hidden, chosen)
		closed.Answer("/robots.txt", fedtest.Answer{Status: 200, Body: "User-agent: *\nDisallow: /\n", Always: true})
		x.block(directory.Blocked, blocked.Host)
		for _, there := range []*fedtest.Server{blocked, other, closed} {
			a.letIn(there)
		}
		x.follows(a) // the only peer: one vouch is enough
		for host, reason := range map[string]string{
			hidden.instance.Host: "does not want to be listed", chosen.instance.Host: "its operator chose",
			other.Host: "publishes no directory", closed.Host: "robots.txt",
		} {
			x.inTime(reason, func() bool { return x.candidate(host).State == directory.CandidateUnfit })
			if got := x.candidate(host); !strings.Contains(got.Reason, reason) || x.isPeer(host) {
				w.Errorf("got %+v", got)
			}
		}
		if got := x.candidate(blocked.Host); got.Host != "" {
			w.Errorf("blocked, and yet: %+v", got)
		}
		for _, r := range blocked.Requests() {
			if strings.Contains(r.Header.Get("User-Agent"), x.instance.Host) {
				w.Errorf("the blocked host was asked for %s", r.Target)
			}
		}
		// Whoever follows it does not list it either, once it has heard that.
		y := w.city(storetest.Open(w.T), policy(directory.PeersReview))
		y.follows(hidden, a)
		y.inTime("the list without it", func() bool { return len(y.items("/directory/peers")) == 1 })
	})(t)
}

// An instance that follows us is followed back, if few do so at once.
func TestStranger(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		x := w.city(s, policy(directory.PeersOpen))
		y := w.city(storetest.Open(w.T), policy(directory.PeersOpen))
		y.publish("theirs")
		y.follows(x)
		x.inTime("the stranger", func() bool { return len(x.listed(y.instance.Host)) == 1 })
		if got := x.candidate(y.instance.Host); !got.Stranger || got.State != directory.CandidateFollowed {
			w.Errorf("got %+v", got)
		}
	})(t)
}

// A host that does not answer holds up finding others, not asking peers for news.
func TestSilentCandidate(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		x := w.city(s, policy(directory.PeersReview))
		a, silent := w.city(storetest.Open(w.T)), w.mastodon()
		asked, release := make(chan struct{}), make(chan struct{})
		var once, gone atomic.Bool
		silent.Handle("/robots.txt", func(_ http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.UserAgent(), x.instance.Host) {
				return
			}
			if !once.Swap(true) {
				close(asked)
			}
			select {
			case <-release:
			case <-r.Context().Done():
				gone.Store(true)
			}
		})
		defer close(release)
		a.letIn(silent)
		x.follows(a)
		x.inTime("the silent one to be looked at", once.Load)
		<-asked
		before, err := s.Asked(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		x.inTime("news to be asked for", func() bool {
			at, err := s.Asked(w.Context())
			return err == nil && at.After(before)
		})
		if gone.Load() {
			w.Error("news were asked for only once the silent host was left alone")
		}
	})(t)
}
