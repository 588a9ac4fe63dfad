package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/delivery"
	"codeberg.org/commonage/commonage/federation/signature"
)

// lines passes a log's lines on.
type lines chan string

// Write implements io.Writer.
func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// TestOwnTrouble: what goes wrong here is no failure of the host; the delivery waits
// a little, untried.
func TestOwnTrouble(t *testing.T) {
	locked := errors.New("database is locked")
	for name, trouble := range map[string]func(*delivery.Options){
		"no key": func(o *delivery.Options) {
			o.KeyFor = func(context.Context, string, string) (signature.Key, error) { return signature.Key{}, locked }
		},
		"bad key": func(o *delivery.Options) {
			o.KeyFor = func(context.Context, string, string) (signature.Key, error) { return signature.Key{}, nil }
		},
		"no answer whether it is blocked": func(o *delivery.Options) {
			o.Client.SetGate(func(context.Context, string) error { return locked })
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			s, log := storetest.Open(t), make(lines, 1)
			out := store.Outgoing{ActivityID: "https://a.example/1", Body: []byte("{}"), Inboxes: []string{"https://b.example/inbox"}}
			if err := s.PutDeliveries(t.Context(), out, now, func() string { return "1" }); err != nil {
				t.Fatal(err)
			}
			there := network(func(*http.Request) (*http.Response, error) {
				t.Error("something was sent")
				return nil, http.ErrServerClosed
			})
			run(t, s, client.Options{Transport: there}, func() time.Time { return now }, trouble, func(o *delivery.Options) {
				o.Log = slog.New(slog.NewTextHandler(log, nil))
			})
			line := <-log
			if h, err := s.Host(t.Context(), "b.example"); err != nil || h.Fails != 0 {
				t.Errorf("got %+v, %v, want a host that did not fail; %s", h, err, line)
			}
			list, err := s.Deliveries(t.Context(), "b.example", 10)
			if err != nil || len(list) != 1 || list[0].Tries != 0 {
				t.Fatalf("got %+v, %v, want a delivery that was not tried", list, err)
			}
			if wait := list[0].NextAt.Sub(now); wait <= 0 || wait > time.Minute {
				t.Errorf("it waits %v, want a little", wait)
			}
		})
	}
}
