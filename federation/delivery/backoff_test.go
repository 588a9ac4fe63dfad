package delivery_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/delivery"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/signature"
)

// TestOneOutageCountsOnce: deliveries that fail side by side tell of one failure
// of their host, not of as many.
func TestOneOutageCountsOnce(t *testing.T) {
	const atOnce = 4 // to one host
	var together sync.WaitGroup
	together.Add(atOnce)
	next := make(chan struct{}, atOnce)
	var well sync.Once // it takes the first, or else no others would begin with it
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		first := false
		if well.Do(func() { first = true }); first {
			return
		}
		together.Done()
		select {
		case <-next: // one answer after the other, to what began at the same time
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(sink.Close)

	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := storetest.Open(t)
	for k := range 1 + atOnce {
		id := strconv.Itoa(k)
		out := store.Outgoing{ActivityID: "https://a.example/" + id, Body: []byte("{}"), Inboxes: []string{sink.URL + "/inbox"}}
		if err := s.PutDeliveries(t.Context(), out, now, func() string { return id }); err != nil {
			t.Fatal(err)
		}
	}
	run(t, s, client.Options{}, clock)

	// A first failure is tried again within twelve seconds, and what is still
	// being sent has a lease of minutes: a minute later exactly what has failed
	// can be had.
	together.Wait()
	later := now.Add(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range atOnce {
		next <- struct{}{}
		for failed := 0; failed == 0; {
			list, err := s.ClaimDeliveries(t.Context(), store.Claim{Now: later, Lease: later.Add(time.Hour), PerHost: 1, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			failed = len(list)
			h, err := s.Host(t.Context(), sink.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if h.Fails > 1 {
				t.Fatalf("one outage counts as %d failures", h.Fails)
			}
			<-tick.C
		}
	}
}

const workers = 32

// run has a worker send what is queued until the test ends.
func run(t *testing.T, s *store.Store, o client.Options, clock func() time.Time, edit ...func(*delivery.Options)) {
	t.Helper()
	o.UserAgent, o.AllowPrivate, o.Now = "test", true, clock
	key := signature.Key{ID: "https://a.example/actor#main-key", Private: fedtest.Key(t, 0)}
	options := delivery.Options{
		Store: s, Client: client.New(o), Workers: workers, Log: slog.New(slog.DiscardHandler), Now: clock,
		KeyFor: func(context.Context, string, string) (signature.Key, error) { return key, nil },
	}
	for _, change := range edit {
		change(&options)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = delivery.New(options).Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		options.Client.Close()
	})
}
