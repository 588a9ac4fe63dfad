package store_test

import (
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// claimable returns how many jobs, received activities and deliveries a worker
// would get at a time.
func claimable(t *testing.T, s *store.Store, at time.Time) [3]int {
	t.Helper()
	ctx := t.Context()
	until := at.Add(time.Hour)
	jobs, err := s.ClaimJobs(ctx, []string{"sync"}, at, until, 10)
	if err != nil {
		t.Fatal(err)
	}
	received, err := s.ClaimReceived(ctx, at, until, 10)
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := s.ClaimDeliveries(ctx, store.Claim{Now: at, Lease: until, PerHost: 10, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return [3]int{len(jobs), len(received), len(deliveries)}
}

// TestFreeLeases: what a killed server was working on waits for its lease only
// where another server may be at work.
func TestFreeLeases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		if err := s.PutJob(ctx, &directory.Job{ID: "1", Kind: "sync", Key: "a.example", Created: now}, now); err != nil {
			t.Fatal(err)
		}
		in := &directory.Received{ID: "1", Signer: "https://a.example/actor", Body: []byte("{}"), Received: now}
		if _, err := receive(ctx, s, in, "digest"); err != nil {
			t.Fatal(err)
		}
		out := store.Outgoing{ActivityID: "https://b.example/1", Body: []byte("{}"), Inboxes: []string{"https://a.example/inbox"}}
		if err := s.PutDeliveries(ctx, out, now, func() string { return "1" }); err != nil {
			t.Fatal(err)
		}

		later := now.Add(time.Second)
		for k, want := range [][3]int{{1, 1, 1}, {0, 0, 0}} {
			if got := claimable(t, s, later); got != want {
				t.Errorf("claim %d: got %v, want %v", k+1, got, want)
			}
		}
		if err := s.FreeLeases(ctx); err != nil {
			t.Fatal(err)
		}
		want := [3]int{1, 1, 1}
		if t.Name() == "TestFreeLeases/postgres" {
			want = [3]int{} // another server may be at it
		}
		if got := claimable(t, s, later); got != want {
			t.Errorf("after FreeLeases: got %v, want %v", got, want)
		}
		if got, want := claimable(t, s, later.Add(time.Hour)), [3]int{1, 1, 1}; got != want {
			t.Errorf("after the leases: got %v, want %v", got, want)
		}
	})
}

// TestLeaseJob: a worker keeps its job longer, or gives it up.
func TestLeaseJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		job := &directory.Job{ID: "1", Kind: "sync", Key: "a.example", Created: now}
		if err := s.PutJob(ctx, job, now); err != nil {
			t.Fatal(err)
		}
		claim := func(at time.Time, want int) {
			t.Helper()
			got, err := s.ClaimJobs(ctx, []string{"sync"}, at, at.Add(time.Minute), 1)
			if err != nil || len(got) != want {
				t.Fatalf("at %v: got %d jobs, want %d; %v", at, len(got), want, err)
			}
		}
		lease := func(until time.Time) {
			t.Helper()
			if err := s.LeaseJob(ctx, job, until); err != nil {
				t.Fatal(err)
			}
		}
		lease(now.Add(time.Hour)) // nobody has claimed it: nothing to keep
		claim(now, 1)
		lease(now.Add(2 * time.Minute))
		claim(now.Add(90*time.Second), 0)
		claim(now.Add(2*time.Minute), 1)
		lease(time.Time{})
		claim(now.Add(2*time.Minute), 1)
	})
}
