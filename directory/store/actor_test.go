package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// What is known of an actor is kept whole, and replaced whole.
func TestActor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		id := "https://mas.to/users/ann"
		bare := directory.RemoteActor{ID: id, Type: "Person", Inbox: id + "/inbox", Fetched: time.Unix(1795435200, 0).UTC()}
		full := directory.RemoteActor{
			ID: id, Type: "Service", Handle: "ann", Name: "Ann", URL: "https://mas.to/@ann", Icon: "https://mas.to/ann.png",
			Inbox: id + "/inbox", SharedInbox: "https://mas.to/inbox", KeyID: id + "#main-key", KeyPEM: "PEM",
			ProofKeys: []directory.ProofKey{{ID: id + "#ed25519-key", Multibase: "z6MkA"}, {ID: id + "#two", Multibase: "z6MkB"}},
			Directory: true, Fetched: time.Unix(1795435300, 123_000).UTC(),
		}
		for _, want := range []directory.RemoteActor{bare, full, bare} {
			if err := s.PutActor(t.Context(), &want); err != nil {
				t.Fatal(err)
			}
			got, err := s.Actor(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Error(diff)
			}
			byKey, _, err := s.KeyOwner(t.Context(), want.KeyID)
			if diff := cmp.Diff(&store.KeyOwner{ID: id, PEM: want.KeyPEM, Fetched: want.Fetched}, byKey); diff != "" || err != nil {
				t.Errorf("by key: %s %v", diff, err)
			}
		}
		if got, _, err := s.KeyOwner(t.Context(), full.KeyID); got != nil || err != nil {
			t.Errorf("by a key that it had: got %v %v, want nobody", got, err)
		}
	})
}
