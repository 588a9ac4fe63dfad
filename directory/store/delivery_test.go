package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// settle notes that a delivery arrived.
func settle(ctx context.Context, s *store.Store, list ...*directory.Delivery) error {
	settled := make([]store.Settled, len(list))
	for k, d := range list {
		settled[k] = store.Settled{Delivery: d, Arrived: true}
	}
	return s.SettleDeliveries(ctx, settled, noon)
}

// receive stores one activity that came in, and reports whether it is new.
func receive(ctx context.Context, s *store.Store, r *directory.Received, digest string) (bool, error) {
	fresh, err := s.Receive(ctx, store.Arrival{Received: r, Digest: digest})
	return fresh[0], err
}

// queue is a store with deliveries, and a clock.
type queue struct {
	testing.TB
	*store.Store
	now    time.Time
	serial int
}

func newQueue(t testing.TB, s *store.Store) *queue { return &queue{TB: t, Store: s, now: noon} }

// put queues an activity about an object for inboxes.
func (q *queue) put(id, object string, inboxes ...string) {
	q.Helper()
	newID := func() string { q.serial++; return fmt.Sprintf("%06d", q.serial) }
	out := store.Outgoing{ActivityID: id, ActorID: "https://a.example/x", ObjectID: object, Body: []byte(id), Inboxes: inboxes}
	if err := q.PutDeliveries(q.Context(), out, q.now, newID); err != nil {
		q.Fatal(err)
	}
}

// claim leases what is due and returns the bodies.
func (q *queue) claim(c store.Claim) (list []directory.Delivery, bodies []string) {
	q.Helper()
	c.Now, c.Lease = q.now, q.now.Add(time.Minute)
	if c.Limit == 0 {
		c.Limit = 100
	}
	if c.PerHost == 0 {
		c.PerHost = 100
	}
	list, err := q.ClaimDeliveries(q.Context(), c)
	if err != nil {
		q.Fatal(err)
	}
	for _, d := range list {
		bodies = append(bodies, string(d.Body))
	}
	return list, bodies
}

// due claims everything and compares.
func (q *queue) due(want ...string) []directory.Delivery {
	q.Helper()
	list, got := q.claim(store.Claim{})
	if diff := cmp.Diff(want, got); diff != "" {
		q.Fatalf("due (-want +got):\n%s", diff)
	}
	return list
}

func (q *queue) arrived(list ...directory.Delivery) {
	q.Helper()
	for k := range list {
		if err := q.SettleDeliveries(q.Context(), []store.Settled{{Delivery: &list[k], Arrived: true}}, q.now); err != nil {
			q.Fatal(err)
		}
	}
}

// fails notes that a delivery did not arrive, by which its host or, as told, its
// inbox alone waits for half a minute.
func (q *queue) fails(d directory.Delivery, how ...func(*store.Failure)) store.HostState {
	q.Helper()
	f := store.Failure{
		Delivery: &d, Began: q.now, Now: q.now, Error: "no route",
		Wait: func(int) time.Duration { return 30 * time.Second },
	}
	for _, change := range how {
		change(&f)
	}
	h, err := q.FailDelivery(q.Context(), f)
	if err != nil {
		q.Fatal(err)
	}
	return h
}

func ofInbox(f *store.Failure) { f.OfInbox = true }

func began(at time.Time) func(*store.Failure) { return func(f *store.Failure) { f.Began = at } }

const oneInbox = "https://one.example/inbox"

// TestDeliveryOrder: what is about an object waits for what was queued before.
func TestDeliveryOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		q.put("create", "post", oneInbox, "https://two.example/inbox")
		q.put("update", "post", oneInbox, "https://two.example/inbox")
		q.put("other", "", oneInbox)
		list := q.due("create", "create", "other")
		q.due()
		q.arrived(list[1], list[2])
		q.due("update")
		q.fails(list[0]) // at one.example
		q.due()
		q.now = q.now.Add(30 * time.Second)
		list = q.due("create") // and not the later ones: it failed
		q.arrived(list...)
		q.due("update")
	})
}

// TestDropObject: what is queued about a thing goes with it, but not what is
// under way.
func TestDropObject(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		const rad = "https://a.example/initiatives/rad"
		q.put("update", rad, oneInbox)
		q.put("create", rad+"/posts/1", oneInbox)
		q.put("edit", rad+"/posts/1", oneInbox)
		q.put("other", rad+"0", oneInbox)
		q.put("another", "https://a.example/initiatives/ra", oneInbox)
		claimed, got := q.claim(store.Claim{PerHost: 1})
		if diff := cmp.Diff([]string{"update"}, got); diff != "" {
			t.Fatal(diff)
		}
		if n, err := s.DropObject(t.Context(), rad, q.now); err != nil || n != 2 {
			t.Fatalf("got %d, %v, want 2 dropped", n, err)
		}
		q.put("delete", rad, oneInbox)
		q.due("other", "another")
		q.arrived(claimed...)
		q.due("delete")
	})
}

// TestUnavailableHost (DE3): a host that failed on seven days loses its queue, and
// nothing is queued until it is heard of.
func TestUnavailableHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		q.put("1", "", oneInbox)
		for day := range store.MaxFailDays {
			for range 3 { // as often as it likes on one day
				h := q.fails(q.due("1")[0])
				if h.Unavailable != (day == store.MaxFailDays-1) || h.FailDays != day+1 {
					t.Fatalf("day %d: got %+v", day, h)
				}
				if h.Unavailable {
					break
				}
				q.now = q.now.Add(2 * time.Minute)
			}
			q.now = q.now.Truncate(24 * time.Hour).Add(36 * time.Hour)
		}
		q.put("2", "", oneInbox, "https://two.example/inbox")
		q.due("2")
		if n, err := s.CountDeliveries(t.Context()); err != nil || n != 1 {
			t.Errorf("got %d deliveries, %v, want that to the other host", n, err)
		}
		if err := s.HostsWell(t.Context(), []string{"one.example"}, q.now); err != nil {
			t.Fatal(err)
		}
		q.put("3", "", oneInbox)
		list := q.due("3")
		if h := q.fails(list[0]); h.Unavailable || h.FailDays != 1 {
			t.Errorf("heard of again: got %+v", h)
		}
	})
}

// TestHostProbe: of a host that failed, one delivery finds out whether it is well.
func TestHostProbe(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		for k := range 4 {
			q.put(fmt.Sprint(k), "", oneInbox)
		}
		list := q.due("0", "1", "2", "3")
		for k := range 3 { // under way together: one failure
			if h := q.fails(list[k], began(q.now.Add(-time.Duration(k)*time.Second))); h.Fails != 1 {
				t.Errorf("failure %d: got %+v", k, h)
			}
		}
		if err := s.FreeDeliveries(t.Context(), []string{list[3].ID}, q.now); err != nil {
			t.Fatal(err)
		}
		q.due()
		q.now = q.now.Add(30 * time.Second)
		if list, _ := q.claim(store.Claim{NoProbes: true}); len(list) > 0 {
			t.Errorf("got %v, though nothing for hosts that failed was asked for", list)
		}
		list = q.due("0")
		if !list[0].Probe {
			t.Error("it does not say that its host failed")
		}
		q.due()
		q.arrived(list...)
		q.due("1", "2", "3")
	})
}

// TestProbeOfAnother: of a host that failed, the inbox that failed longest ago is
// tried, however much waits for the others.
func TestProbeOfAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		const inboxes = 3
		inbox := func(k int) string { return fmt.Sprintf("https://one.example/u/%d", k) }
		for k := range inboxes {
			for post := range 3 {
				q.put(fmt.Sprintf("%d-%d", k, post), "", inbox(k))
			}
		}
		list, _ := q.claim(store.Claim{PerHost: 1})
		for round := range 3 * inboxes {
			if len(list) != 1 || list[0].Inbox != inbox(round%inboxes) {
				t.Fatalf("probe %d: got %v, want %s", round, list, inbox(round%inboxes))
			}
			q.fails(list[0])
			q.now = q.now.Add(30 * time.Second)
			list, _ = q.claim(store.Claim{})
		}
	})
}

// TestBrokenInbox: an inbox that alone fails waits alone, with what is queued for it
// meanwhile, and loses what waits after seven days, until its host is heard of.
func TestBrokenInbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		const broken, well = "https://one.example/u/alice", "https://one.example/u/bob"
		q.put("1", "", broken)
		q.put("2", "", broken)
		q.put("3", "", well)
		list := q.due("1", "2", "3")
		for k := range 2 { // under way together: one failure
			if h := q.fails(list[k], ofInbox); h.Fails != 1 || h.Inbox != broken {
				t.Errorf("got %+v", h)
			}
		}
		q.put("4", "", broken, well)
		q.arrived(list[2])
		q.arrived(q.due("4")...) // at the other
		q.now = q.now.Add(30 * time.Second)
		list = q.due("1", "2", "4")
		q.arrived(list[0])
		q.now = q.now.Add(time.Minute) // and the leases of the others end
		list = q.due("2", "4")
		q.arrived(list[1])
		for range store.MaxFailDays {
			q.fails(list[0], ofInbox)
			q.now = q.now.Add(24 * time.Hour)
			list, _ = q.claim(store.Claim{})
		}
		q.put("5", "", broken, well)
		q.arrived(q.due("5")...)
		hosts, err := s.Hosts(t.Context())
		if err != nil || len(hosts) != 1 || hosts[0].Inbox != broken || !hosts[0].Unavailable {
			t.Errorf("in trouble: got %+v, %v, want the one inbox, unavailable", hosts, err)
		}
		if err := s.HostsWell(t.Context(), []string{"one.example"}, q.now); err != nil {
			t.Fatal(err)
		}
		q.put("6", "", broken)
		q.arrived(q.due("6")...)
		if hosts, err := s.Hosts(t.Context()); err != nil || len(hosts) != 0 {
			t.Errorf("in trouble: got %+v, %v, want none", hosts, err)
		}
	})
}

// TestBrokenInboxIsTriedAgain: what waits for an inbox is sent when the operator says
// so, and not because its host is heard of.
func TestBrokenInboxIsTriedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		q.put("1", "", oneInbox)
		day := func(f *store.Failure) { f.Wait = func(int) time.Duration { return 24 * time.Hour } }
		for _, again := range []func() error{
			func() error {
				_, err := s.RetryDeliveries(t.Context(), "one.example", q.now)
				return err
			},
			func() error {
				_, err := s.RetryDeliveries(t.Context(), "000001", q.now)
				return err
			},
		} {
			q.fails(q.due("1")[0], ofInbox, day)
			q.now = q.now.Add(time.Minute)
			if err := s.HostsWell(t.Context(), []string{"one.example"}, q.now); err != nil {
				t.Fatal(err)
			}
			q.due()
			if list, err := s.Deliveries(t.Context(), "one.example", 10); err != nil || len(list) != 1 ||
				!list[0].NextAt.Equal(q.now.Add(24*time.Hour-time.Minute)) {
				t.Errorf("waiting: got %+v, %v", list, err)
			}
			if err := again(); err != nil {
				t.Fatal(err)
			}
		}
		q.arrived(q.due("1")...)
	})
}

// TestFreeDeliveries: what is given back is due at the time given, untried and in
// its place, unless its host has to wait longer; what others hold stays theirs.
func TestFreeDeliveries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		free := func(at time.Time, list ...directory.Delivery) {
			t.Helper()
			var ids []string
			for _, d := range list {
				ids = append(ids, d.ID)
			}
			if err := s.FreeDeliveries(t.Context(), ids, at); err != nil {
				t.Fatal(err)
			}
		}
		q.put("1", "x", oneInbox)
		q.put("2", "x", oneInbox) // about the same, so it waits for the first
		q.put("3", "", oneInbox)
		held := q.due("1", "3")
		free(q.now)
		q.due()

		free(q.now, held[0])
		again := q.due("1")
		if again[0].Tries != 0 || again[0].ID != held[0].ID || !again[0].Created.Equal(held[0].Created) {
			t.Errorf("got %+v, want %+v", again[0], held[0])
		}
		free(q.now.Add(10*time.Second), again[0])
		q.due()
		q.now = q.now.Add(10 * time.Second)
		again = q.due("1")

		h := q.fails(again[0]) // its host waits
		free(q.now, held[1])
		q.due()
		q.now = h.NextAt
		q.due("1")
		if n, err := s.CountDeliveries(t.Context()); err != nil || n != 3 {
			t.Errorf("got %d deliveries, %v, want 3", n, err)
		}
		free(q.now, directory.Delivery{ID: "gone"})
	})
}

// TestPerMinute (DE1, D8): a host without a shared inbox gets so many a minute.
func TestPerMinute(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		var one, many []string
		for k := range 500 {
			one = append(one, fmt.Sprintf("https://one.example/u/%d", k))
			many = append(many, fmt.Sprintf("https://many.example/u/%d", k))
		}
		if err := s.PutActor(t.Context(), &directory.RemoteActor{
			ID: "https://many.example/a", Inbox: "https://many.example/u/1", SharedInbox: "https://many.example/inbox",
		}); err != nil {
			t.Fatal(err)
		}
		q.put("1", "", append(one, many...)...)
		begun := map[string]int{}
		for range 60 {
			for range 5 {
				list, _ := q.claim(store.Claim{PerHost: 32, PerMinute: 50})
				for _, d := range list {
					begun[d.Host]++
				}
				q.arrived(list...)
			}
			q.now = q.now.Add(5 * time.Second)
		}
		if n := begun["one.example"]; n < 200 || n > 300 {
			t.Errorf("one.example: got %d in five minutes, want at most 300", n)
		}
		if n := begun["many.example"]; n != 500 {
			t.Errorf("many.example: got %d in five minutes, want all 500", n)
		}
	})
}

// TestPerMinuteSent: what was claimed and given back does not count as sent.
func TestPerMinuteSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		const limit = 50
		var inboxes []string
		for k := range 2 * limit {
			inboxes = append(inboxes, fmt.Sprintf("https://one.example/u/%d", k))
		}
		q.put("1", "", inboxes...)
		claim := func() []directory.Delivery {
			list, _ := q.claim(store.Claim{PerHost: 32, PerMinute: limit})
			return list
		}
		for minute := range 2 {
			sent := 0
			for list := claim(); len(list) > 0; list = claim() {
				q.arrived(list[0])
				sent++
				var back []string
				for _, d := range list[1:] {
					back = append(back, d.ID)
				}
				if err := s.FreeDeliveries(t.Context(), back, q.now); err != nil {
					t.Fatal(err)
				}
			}
			if sent != limit {
				t.Errorf("minute %d: %d were sent, want %d", minute, sent, limit)
			}
			q.now = q.now.Add(time.Minute)
		}
	})
}

// TestSlowHost: one delivery at a time is claimed for a host that is slow.
func TestSlowHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		q := newQueue(t, s)
		q.put("1", "", oneInbox, "https://two.example/inbox")
		q.put("2", "", oneInbox, "https://two.example/inbox")
		list, _ := q.claim(store.Claim{Slow: []string{"one.example"}})
		var hosts []string
		for _, d := range list {
			hosts = append(hosts, d.Host)
		}
		if diff := cmp.Diff([]string{"one.example", "two.example", "two.example"}, hosts); diff != "" {
			t.Error(diff)
		}
		q.arrived(list...)
		q.due("2")
	})
}
