package delivery_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/client"
)

// network is a network in memory.
type network func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

// TestHanging: however many hosts do not answer, others get what is theirs.
func TestHanging(t *testing.T) {
	t.Run("for the first time", func(t *testing.T) { hanging(t, false) })
	t.Run("as before", func(t *testing.T) { hanging(t, true) })
}

func hanging(t *testing.T, failed bool) {
	const hosts = 300 // more than there are places for those that are slow
	arrived := make(chan struct{})
	there := network(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.Host, "well") {
			close(arrived)
			return &http.Response{StatusCode: http.StatusAccepted, Body: http.NoBody, Request: r}, nil
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := storetest.Open(t)
	out := store.Outgoing{ActivityID: "https://a.example/1", Body: []byte("{}"), Inboxes: []string{"https://well.example/inbox"}}
	for k := range hosts {
		host := fmt.Sprintf("hangs%d.example", k)
		out.Inboxes = append(out.Inboxes, "https://"+host+"/inbox")
		if !failed {
			continue
		}
		if err := s.PutHost(t.Context(), store.HostState{Name: host, Fails: 1, NextAt: now.Add(-time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	serial := 0
	if err := s.PutDeliveries(t.Context(), out, now, func() string { serial++; return fmt.Sprintf("%04d", serial) }); err != nil {
		t.Fatal(err)
	}
	run(t, s, client.Options{Transport: there, Limits: client.Limits{Total: time.Hour}}, func() time.Time { return now })
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Error("the host that is well waits")
	}
}
