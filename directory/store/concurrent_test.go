package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// together runs f n times at once and fails the test with each error.
func together(t *testing.T, n int, f func(k int) error) {
	t.Helper()
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() {
			if err := f(k); err != nil {
				t.Errorf("%d of %d at once: %v", k+1, n, err)
			}
		})
	}
	all.Wait()
}

// A reader that goes on after the last position it saw misses no change,
// however many are written at once.
func TestLogIsReadWhileItIsWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const writers, each = 6, 20
		var running atomic.Int32
		running.Store(writers)
		seen := map[string]bool{}
		var reader sync.WaitGroup
		reader.Go(func() {
			position := int64(0)
			for last := false; ; {
				page, err := s.ChangesAfter(t.Context(), position, 7)
				if err != nil {
					t.Error(err)
					return
				}
				for _, c := range page {
					if c.Position <= position {
						t.Errorf("position %d after %d", c.Position, position)
					}
					position = c.Position
					seen[c.Initiative.Handle] = true
				}
				if last && len(page) == 0 {
					return
				}
				last = running.Load() == 0
			}
		})
		together(t, writers, func(w int) error {
			defer running.Add(-1)
			for k := range each {
				entries := []store.PutEntry{
					{Initiative: initiative(fmt.Sprintf("w%d_%d_a", w, k)), Change: directory.Added},
					{Initiative: initiative(fmt.Sprintf("w%d_%d_b", w, k)), Change: directory.Added},
				}
				if err := s.PutInitiatives(t.Context(), entries); err != nil {
					return err
				}
			}
			return nil
		})
		reader.Wait()
		if got, want := len(seen), 2*writers*each; got != want {
			t.Errorf("the reader saw %d entries, want %d", got, want)
		}
	})
}

// One entry written by several at once is one row, and search shows what the row
// says.
func TestAnEntryIsWrittenByManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const rounds, writers = 10, 4
		for round := range rounds {
			handle := fmt.Sprintf("entry_%d", round)
			together(t, writers, func(w int) error {
				i := initiative(handle)
				i.Name = fmt.Sprintf("name%dx%d", round, w)
				return s.PutInitiative(t.Context(), i, directory.Added)
			})
			i, err := s.InitiativeByHandle(t.Context(), "ghent.example", handle)
			if err != nil {
				t.Fatal(err)
			}
			for w := range writers {
				name, want := fmt.Sprintf("name%dx%d", round, w), 0
				if name == i.Name {
					want = 1
				}
				if got := find(t, s, search.Query{Text: name + " "}).Total; got != want {
					t.Errorf("the entry is called %s, %s finds %d, want %d", i.Name, name, got, want)
				}
			}
		}
		if n, err := s.CountChanges(t.Context()); n != rounds || err != nil {
			t.Errorf("the log has %d changes, %v, want %d", n, err, rounds)
		}
	})
}

// What Change reads stays true until it has written.
func TestChangeIsAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		put(t, s, directory.Added, initiative("sum"))
		const changers, each = 5, 10
		together(t, changers, func(int) error {
			for range each {
				err := s.Change(ctx, func(tx *store.Store) error {
					i, err := tx.InitiativeByHandle(ctx, "ghent.example", "sum")
					if err != nil {
						return err
					}
					i.Revision++
					return tx.PutInitiative(ctx, i, directory.Edited)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		i, err := s.InitiativeByHandle(ctx, "ghent.example", "sum")
		if err != nil {
			t.Fatal(err)
		}
		if want := 1 + changers*each; i.Revision != want {
			t.Errorf("after %d changes the revision is %d, want %d", changers*each, i.Revision, want)
		}
	})
}

// A peer is forgotten while its entries come in: nobody waits for the other for
// ever, and in the end nothing of it is left.
func TestPeerIsRemovedWhileItIsRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const host = "b.example"
		carried := func(k int) store.PutEntry {
			i := initiative(fmt.Sprintf("c%d", k))
			i.ID, i.Origin = "https://b.example/initiatives/"+i.Handle, host
			return store.PutEntry{Initiative: i}
		}
		for range 10 {
			if err := s.PutPeer(ctx, &directory.Peer{Host: host, Wanted: true, Added: noon}); err != nil {
				t.Fatal(err)
			}
			together(t, 4, func(w int) error {
				if w == 0 {
					return s.RemovePeer(ctx, host)
				}
				return s.PutInitiatives(ctx, []store.PutEntry{carried(1), carried(w), carried(9)})
			})
		}
	})
}

// Whoever reads a peer in a transaction in order to write it loses nothing that
// another writes meanwhile.
func TestPeerIsWrittenByTwo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const host, times = "ghent.example", 100
		if err := s.PutPeer(t.Context(), &directory.Peer{Host: host, Wanted: true, Added: time.Now()}); err != nil {
			t.Fatal(err)
		}
		changes := []func() error{
			func() error {
				return s.UpdatePeer(t.Context(), host, func(p *directory.Peer) error {
					p.Read++
					return nil
				})
			},
			func() error {
				return s.Tx(t.Context(), func(tx *store.Store) error {
					p, err := tx.Peer(t.Context(), host)
					if err != nil {
						return err
					}
					p.Total++
					return tx.PutPeer(t.Context(), p)
				})
			},
		}
		together(t, len(changes), func(k int) error {
			for range times {
				if err := changes[k](); err != nil {
					return err
				}
			}
			return nil
		})
		if p, err := s.Peer(t.Context(), host); err != nil || p.Read != times || p.Total != times {
			t.Errorf("got %+v, %v, want %d of both", p, err, times)
		}
	})
}

// The last of an activity's deliveries takes the activity with it, also when
// several finish at the same time.
func TestActivityGoesWithItsLastDelivery(t *testing.T) {
	address := storetest.PostgresAddress(t)
	ctx := context.Background()
	s, err := store.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var id atomic.Int64
	newID := func() string { return fmt.Sprintf("%08d", id.Add(1)) }
	const rounds, inboxes = 15, 6
	for round := range rounds {
		out := store.Outgoing{ActivityID: fmt.Sprintf("https://a.example/%d", round), ActorID: "https://a.example/x", Body: []byte("{}")}
		for k := range inboxes {
			out.Inboxes = append(out.Inboxes, fmt.Sprintf("https://h%d.example/inbox", k))
		}
		if err := s.PutDeliveries(ctx, out, noon, newID); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.ClaimDeliveries(ctx, store.Claim{Now: noon, Lease: noon.Add(time.Minute), PerHost: 9, Limit: 99})
		if err != nil || len(claimed) != inboxes {
			t.Fatalf("claimed %d, %v, want %d", len(claimed), err, inboxes)
		}
		together(t, inboxes, func(k int) error { return settle(ctx, s, &claimed[k]) })
	}
	db, err := sql.Open("postgres", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var left int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM activities`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("%d of %d activities were left behind", left, rounds)
	}
}

// What is dropped while it arrives, by one who has just queued something for the
// same host, waits for no one who waits for it.
func TestDeliveriesAreDroppedWhileTheyArrive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var id atomic.Int64
		newID := func() string { return fmt.Sprintf("%08d", id.Add(1)) }
		const inbox, author = "https://one.example/inbox", "https://a.example/x"
		queue := func(s *store.Store, activity string) error {
			return s.PutDeliveries(ctx, store.Outgoing{
				ActivityID: "https://a.example/" + activity, ActorID: author, Body: []byte("{}"), Inboxes: []string{inbox},
			}, noon, newID)
		}
		for round := range 30 {
			for k := range 4 {
				if err := queue(s, fmt.Sprintf("%d-%d", round, k)); err != nil {
					t.Fatal(err)
				}
			}
			claimed, err := s.ClaimDeliveries(ctx, store.Claim{Now: noon, Lease: noon.Add(time.Minute), PerHost: 99, Limit: 99})
			if err != nil {
				t.Fatal(err)
			}
			if len(claimed) != 4 {
				t.Fatalf("claimed %d deliveries, want 4", len(claimed))
			}
			// A host that failed is locked when it is well again.
			if err := s.PutHost(ctx, store.HostState{Name: "one.example", Fails: 1, NextAt: noon}); err != nil {
				t.Fatal(err)
			}
			together(t, 2, func(k int) error {
				if k == 0 {
					return settle(ctx, s, &claimed[3], &claimed[1], &claimed[2], &claimed[0])
				}
				return s.Tx(ctx, func(tx *store.Store) error {
					if err := queue(tx, fmt.Sprint(round)); err != nil {
						return err
					}
					_, err := tx.DropDeliveriesTo(ctx, author, inbox)
					return err
				})
			})
		}
		if n, err := s.CountDeliveries(ctx); err != nil || n != 0 {
			t.Errorf("%d deliveries are left, %v", n, err)
		}
	})
}

// An activity that is queued again while its last delivery ends is not lost
// under its deliveries.
func TestActivityIsQueuedAgainWhileItEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var id atomic.Int64
		newID := func() string { return fmt.Sprintf("%08d", id.Add(1)) }
		claim := func() []directory.Delivery {
			claimed, err := s.ClaimDeliveries(ctx, store.Claim{Now: noon, Lease: noon.Add(time.Minute), PerHost: 9, Limit: 99})
			if err != nil {
				t.Fatal(err)
			}
			return claimed
		}
		for round := range 15 {
			out := store.Outgoing{
				ActivityID: fmt.Sprintf("https://a.example/%d", round), ActorID: "https://a.example/x", Body: []byte("{}"),
				Inboxes: []string{"https://one.example/inbox"},
			}
			if err := s.PutDeliveries(ctx, out, noon, newID); err != nil {
				t.Fatal(err)
			}
			first := claim()
			again := out
			again.Inboxes = []string{"https://two.example/inbox"}
			together(t, 2, func(k int) error {
				if k == 0 {
					return settle(ctx, s, &first[0])
				}
				return s.PutDeliveries(ctx, again, noon, newID)
			})
			second := claim()
			if len(second) != 1 || second[0].ActorID != out.ActorID || string(second[0].Body) != "{}" {
				t.Fatalf("round %d: claimed %+v", round, second)
			}
			if err := settle(ctx, s, &second[0]); err != nil {
				t.Fatal(err)
			}
		}
	})
}
