package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/client"
)

func TestGate(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/blocked", http.StatusFound)
	}))
	t.Cleanup(server.Close)
	c := client.New(client.Options{Scheme: "http", AllowPrivate: true})
	t.Cleanup(c.Close)
	c.SetGate(func(_ context.Context, address string) error {
		if strings.HasSuffix(address, "/blocked") {
			return &client.BlockedError{Address: address}
		}
		return nil
	})
	for path, want := range map[string]int{"/blocked": 0, "/leads-there": 1} {
		asked = 0
		_, err := c.Document(t.Context(), server.URL+path)
		if _, ok := errors.AsType[*client.BlockedError](err); !ok || client.Retryable(err) {
			t.Errorf("%s: got %v, want a lasting BlockedError", path, err)
		}
		if asked != want {
			t.Errorf("%s: %d requests arrived, want %d", path, asked, want)
		}
	}
}
