package store_test

import (
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// TestHostsWell: what waits for a host that was away is due once it is back, and
// nothing else is.
func TestHostsWell(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		numbers := []string{"1", "2"}
		out := store.Outgoing{ActivityID: "https://b.example/1", Body: []byte("{}"), Inboxes: []string{"https://a.example/inbox", "https://c.example/inbox"}}
		err := s.PutDeliveries(ctx, out, now, func() string {
			id := numbers[0]
			numbers = numbers[1:]
			return id
		})
		if err != nil {
			t.Fatal(err)
		}
		claim := func() []string {
			t.Helper()
			list, err := s.ClaimDeliveries(ctx, store.Claim{Now: now, Lease: now.Add(time.Minute), PerHost: 1, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for k := range list {
				hosts = append(hosts, list[k].Host)
				at := now.Add(time.Hour)
				h := store.HostState{Name: list[k].Host, Fails: 3, FailingSince: now, NextAt: at}
				if err := s.PutHost(ctx, h); err != nil {
					t.Fatal(err)
				}
				if err := s.FreeDeliveries(ctx, []string{list[k].ID}, now); err != nil {
					t.Fatal(err)
				}
			}
			return hosts
		}
		if got := claim(); len(got) != 2 {
			t.Fatalf("got %v, want both", got)
		}
		if err := s.HostsWell(ctx, []string{"a.example", "unknown.example"}, now); err != nil {
			t.Fatal(err)
		}
		if got := claim(); len(got) != 1 || got[0] != "a.example" {
			t.Errorf("got %v, want a.example alone", got)
		}
		if h, err := s.Host(ctx, "c.example"); err != nil || h.Fails != 3 {
			t.Errorf("the other host: %+v, %v", h, err)
		}
	})
}
