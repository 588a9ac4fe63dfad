package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// Candidates are kept with who vouches for them, counted by domain, and forgotten
// when nobody lists them any more.
func TestCandidates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		full := directory.Candidate{
			Host: "a.one.example", Domain: "one.example", State: directory.CandidateWaiting, Name: "A", Locality: "Ghent", Country: "BE",
			Point: &directory.Point{Latitude: 51, Longitude: 3.5}, Initiatives: 7, Samples: []string{"One", "Two"}, Introduced: noon,
			Found: noon, Checked: noon.Add(time.Hour),
		}
		must(s.PutCandidate(ctx, &full))
		for k, c := range []directory.Candidate{
			{Host: "b.one.example", State: directory.CandidateFollowed, Decided: noon, Stranger: true},
			{Host: "c.one.example", State: directory.CandidateFollowed}, // by the operator
			{Host: "d.one.example", State: directory.CandidateRefused, Decided: noon},
			{Host: "e.two.example", State: directory.CandidateFound, Unlisted: true},
			{Host: "f.two.example", State: directory.CandidateUnfit, Checked: noon},
		} {
			c.Domain, c.Found = c.Host[2:], noon.Add(time.Duration(k)*time.Minute)
			must(s.PutCandidate(ctx, &c))
		}
		must(s.PutPeer(ctx, &directory.Peer{Host: "v1.example", Wanted: true, State: directory.PeerFollowing, Added: noon}))
		must(s.PutVouches(ctx, &store.Vouches{Voucher: "v1.example", Hosts: []string{full.Host, "f.two.example"}, Brought: []string{full.Host}, Now: noon, Since: noon}))
		must(s.PutVouches(ctx, &store.Vouches{Voucher: "v2.example", Hosts: []string{full.Host}, Now: noon, Since: noon}))

		got, err := s.Candidates(ctx, directory.CandidateWaiting, 10)
		must(err)
		full.Vouchers = []string{"v1.example", "v2.example"}
		if diff := cmp.Diff([]directory.Candidate{full}, got); diff != "" {
			t.Error(diff)
		}
		count, err := s.CountCandidates(ctx, noon, noon.Add(time.Hour))
		must(err)
		want := &store.CandidateCount{
			Undecided: 3, Followed: 1, Of: map[string]int{"one.example": 3, "two.example": 2},
			Taken: map[string]int{"one.example": 1, "two.example": 0},
		}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Error(diff)
		}
		hosts := func(list []directory.Candidate, err error) (names []string) {
			must(err)
			for _, c := range list {
				names = append(names, c.Host)
			}
			return names
		}
		if got := hosts(s.CandidatesToCheck(ctx, noon, noon, 10)); !slices.Equal(got, []string{"e.two.example"}) {
			t.Errorf("to check now: %v", got)
		}
		if got := hosts(s.CandidatesToCheck(ctx, noon, noon.Add(time.Hour), 10)); !slices.Equal(got, []string{"e.two.example", "f.two.example"}) {
			t.Errorf("to check later: %v", got)
		}
		if got := hosts(s.StrangeCandidates(ctx, noon)); !slices.Equal(got, []string{"b.one.example"}) {
			t.Errorf("strangers: %v", got)
		}
		if got := hosts(s.StrangeCandidates(ctx, noon.Add(time.Second))); len(got) != 0 {
			t.Errorf("strangers of late: %v", got)
		}
		must(s.PutVouches(ctx, &store.Vouches{Voucher: "v9.example", Hosts: []string{"b.one.example"}, Brought: []string{"b.one.example"}, Now: noon}))
		if n, err := s.CountBrought(ctx, "v1.example", noon); err != nil || n != 1 {
			t.Errorf("%d were brought, %v", n, err)
		}
		if n, err := s.CountBrought(ctx, "v9.example", noon); err != nil || n != 0 {
			t.Errorf("%d were brought that are followed by now, %v", n, err)
		}
		known, err := s.KnownCandidates(ctx)
		if err != nil || len(known) != 6 || known[full.Host].Vouchers != 2 || !known["b.one.example"].Stranger {
			t.Errorf("known are %v, %v", known, err)
		}

		// v2 is no peer, and v1 lists only one any more.
		later := store.Vouches{Voucher: "v1.example", Hosts: []string{"f.two.example"}, Now: noon.Add(time.Minute), Counted: noon.Add(time.Minute)}
		for what, since := range map[string]time.Time{"a part of a list": {}, "a list without one that counts": later.Now} {
			if later.Since = since; what != "a part of a list" {
				later.Counted = noon
			}
			must(s.PutVouches(ctx, &later))
			if known, err := s.KnownCandidates(ctx); err != nil || known[full.Host].Vouchers != 2 {
				t.Errorf("after %s: %v, %v", what, known, err)
			}
		}
		later.Counted, later.Since = noon.Add(time.Minute), noon.Add(time.Minute)
		must(s.PutVouches(ctx, &later))
		if n, err := s.PurgeCandidates(ctx, noon.Add(time.Hour)); err != nil || n != 1 {
			t.Errorf("%d were forgotten, %v", n, err)
		}
		if _, err := s.Candidate(ctx, full.Host); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("whom nobody lists is still there: %v", err)
		}
		must(s.SettleCandidate(ctx, "b.one.example", directory.CandidateFollowed))
		if c, err := s.Candidate(ctx, "b.one.example"); err != nil || c.Stranger || !c.Decided.IsZero() {
			t.Errorf("settled by the operator: %+v, %v", c, err)
		}
	})
}

// Of what was looked at in vain little is kept for each who told of it, and the
// worst gives way first; what waits, was not looked at, or is new stays.
func TestForgetCandidates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var hosts []string
		for _, c := range []directory.Candidate{
			{Host: "waits.example", State: directory.CandidateWaiting},
			{Host: "fresh.example", State: directory.CandidateFound},
			{Host: "new.example", State: directory.CandidateUnfit, Tries: 9, Found: noon.Add(time.Hour)},
			{Host: "often.example", State: directory.CandidateUnfit, Tries: 5},
			{Host: "once.example", State: directory.CandidateFound, Tries: 1},
			{Host: "older.example", State: directory.CandidateUnfit, Found: noon.Add(-time.Hour)},
			{Host: "old.example", State: directory.CandidateUnfit},
			{Host: "unlisted.example", State: directory.CandidateUnfit, Unlisted: true},
			{Host: "taken.example", State: directory.CandidateFollowed, Tries: 1},
		} {
			if c.Domain = c.Host; c.Found.IsZero() {
				c.Found = noon
			}
			must(s.PutCandidate(ctx, &c))
			hosts = append(hosts, c.Host)
		}
		must(s.PutVouches(ctx, &store.Vouches{Voucher: "v1.example", Hosts: hosts, Brought: hosts, Now: noon}))
		must(s.PutVouches(ctx, &store.Vouches{Voucher: "v2.example", Hosts: hosts, Now: noon}))
		stays := func(when string, want ...string) {
			t.Helper()
			known, err := s.KnownCandidates(ctx)
			must(err)
			for _, h := range hosts {
				_, is := known[h]
				if is != slices.Contains(want, h) {
					t.Errorf("%s: %s is kept %v", when, h, is)
				}
				if is && known[h].Vouchers != 2 {
					t.Errorf("%s: %s is listed by %d", when, h, known[h].Vouchers)
				}
			}
		}
		later := noon.Add(time.Minute)
		must(s.ForgetBrought(ctx, "v2.example", later, 0)) // brought none
		must(s.ForgetBrought(ctx, "v1.example", later, 4))
		stays("4 of one peer", "waits.example", "fresh.example", "new.example", "once.example", "older.example", "old.example", "unlisted.example", "taken.example")
		must(s.ForgetWorst(ctx, later, 2))
		stays("two fewer", "waits.example", "fresh.example", "new.example", "old.example", "unlisted.example", "taken.example")
		must(s.ForgetBrought(ctx, "v1.example", later, 1))
		stays("1 of one peer", "waits.example", "fresh.example", "new.example", "unlisted.example", "taken.example")
		must(s.ForgetAbandoned(ctx, later))
		stays("all that somebody lists", "waits.example", "fresh.example", "new.example", "unlisted.example", "taken.example")
		must(s.ForgetWorst(ctx, later, 9))
		stays("none", "waits.example", "fresh.example", "new.example", "taken.example")
		must(s.PutCandidate(ctx, &directory.Candidate{Host: "abandoned.example", State: directory.CandidateUnfit, Found: noon}))
		must(s.ForgetAbandoned(ctx, later))
		if _, err := s.Candidate(ctx, "abandoned.example"); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("whom nobody lists is still there: %v", err)
		}
	})
}

// News hold one activity for each entry, the latest, and are bounded by age and
// number.
func TestNews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		put := func(entry string, activity, minute int) directory.News {
			t.Helper()
			n := directory.News{
				EntryID: entry, ActivityID: fmt.Sprintf("https://a.example/log/%d", activity), Origin: "a.example", Type: "Update",
				Changed: noon, Came: noon.Add(time.Duration(minute) * time.Minute), Pass: activity%2 == 1, Body: []byte(`{"x":1}`),
			}
			if err := s.PutNews(ctx, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		put("https://a.example/1", 1, 0)
		two := put("https://a.example/2", 2, 1)
		three := put("https://a.example/1", 3, 1)
		four := put("https://a.example/4", 4, 2)
		brief := func(list ...directory.News) []directory.News {
			for k := range list {
				list[k].Body = nil
			}
			return list
		}
		for _, c := range []struct {
			since time.Time
			after string
			limit int
			want  []directory.News
		}{
			{noon, "", 10, brief(three, two, four)},
			{noon, "", 2, brief(three, two)},
			{noon.Add(time.Minute), "https://a.example/1", 10, brief(two, four)},
			{noon.Add(time.Hour), "", 10, []directory.News{}},
		} {
			got, err := s.NewsSince(ctx, c.since, c.after, c.limit)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("since %s after %q: %v %s", c.since, c.after, err, diff)
			}
		}
		got, err := s.NewsToPass(ctx, 10)
		if diff := cmp.Diff([]directory.News{three}, got); diff != "" || err != nil {
			t.Errorf("to pass: %v %s", err, diff)
		}
		if err := s.Passed(ctx, []string{three.ActivityID}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.NewsToPass(ctx, 10); len(got) != 0 || err != nil {
			t.Errorf("passed on and still to pass: %v %v", got, err)
		}
		if got, err := s.NewsOf(ctx, []string{two.ActivityID, "https://a.example/log/1"}); len(got) != 1 || err != nil {
			t.Errorf("by id: %v %v", got, err)
		}
		if n, err := s.CountNews(ctx, "a.example", noon.Add(2*time.Minute)); n != 1 || err != nil {
			t.Errorf("%d came of late, %v", n, err)
		}
		if n, err := s.PurgeNews(ctx, noon, 1); n != 2 || err != nil {
			t.Errorf("%d too many, %v", n, err)
		}
		if n, err := s.PurgeNews(ctx, noon.Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("%d too old, %v", n, err)
		}
	})
}
