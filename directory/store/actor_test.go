package store_test

import (
	"errors"
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

// Actors that nothing is of are forgotten after a while, and no others.
func TestPurgeActors(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		old := time.Unix(1795435200, 0).UTC()
		post := "https://here.example/initiatives/rad/posts/1"
		keep := map[string]func(id string) error{
			"follower": func(id string) error {
				return s.PutFollower(t.Context(), &directory.Follower{ActorID: id, ObjectID: "https://here.example/initiatives/rad", Since: old})
			},
			"author": func(id string) error {
				_, err := s.AddReply(t.Context(), &directory.Reply{Key: "k", ID: id + "/1", PostID: post, Author: directory.Author{ID: id}, Received: old})
				return err
			},
			"fan": func(id string) error {
				return s.PutReaction(t.Context(), &directory.Reaction{ObjectID: post, Kind: directory.Liked, ActorID: id, Received: old})
			},
			"peer": func(id string) error {
				return s.PutPeer(t.Context(), &directory.Peer{Host: "there.example", ActorID: id, Added: old})
			},
			"blocker": func(id string) error {
				return s.PutBlocker(t.Context(), id, "https://here.example/initiatives/rad", id+"#block", old)
			},
			"upstream": func(id string) error {
				return s.PutUpstream(t.Context(), &directory.Upstream{Origin: "there.example", ActorID: id, Since: old})
			},
			"sender": func(id string) error {
				_, err := s.Receive(t.Context(), store.Arrival{Received: &directory.Received{ID: "1", Signer: id, Received: old}, Digest: "d"})
				return err
			},
			"new":  func(string) error { return nil },
			"gone": func(string) error { return nil },
		}
		for name, refer := range keep {
			a := &directory.RemoteActor{ID: "https://there.example/users/" + name, Type: "Person", Fetched: old}
			if name == "new" {
				a.Fetched = old.Add(time.Hour)
			}
			if err := errors.Join(s.PutActor(t.Context(), a), refer(a.ID)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.PurgeActors(t.Context(), old.Add(time.Second)); n != 1 || err != nil {
			t.Errorf("%d are forgotten, %v", n, err)
		}
		for name := range keep {
			_, err := s.Actor(t.Context(), "https://there.example/users/"+name)
			if gone := errors.Is(err, directory.ErrNotFound); gone != (name == "gone") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestFindActor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ann, ben := "https://mas.to/ap/users/1", "https://mas.to/ap/users/2"
		for _, a := range []directory.RemoteActor{
			{ID: ann, Handle: "Ann", URL: "https://mas.to/@Ann"},
			{ID: ben, Handle: "ben", URL: "https://mas.to/@ben"},
			{ID: "https://mas.to/ap/users/3", Handle: "ben"}, // of the same name before
			{ID: "https://evil.example/x", Handle: "ann", URL: "https://mas.to/@Ann"},
		} {
			if err := s.PutActor(t.Context(), &a); err != nil {
				t.Fatal(err)
			}
		}
		mill := &directory.Initiative{
			ID: "https://ghent.example/initiatives/mill", Origin: "ghent.example", Handle: "mill", Name: "Mill",
			State: directory.Published,
		}
		if err := s.PutInitiative(t.Context(), mill, ""); err != nil {
			t.Fatal(err)
		}
		for address, want := range map[string]string{
			ann: ann, "https://mas.to/@Ann": ann, "ann@mas.to": ann, "ANN@mas.to": ann,
			"ann@evil.example": "https://evil.example/x", "https://mas.to/@ben": ben,
			mill.ID: mill.ID, "mill@ghent.example": mill.ID,
			"ben@mas.to": "", "mill@mas.to": "", "https://mas.to/@nobody": "", "https://evil.example/@Ann": "",
		} {
			got, err := s.FindActor(t.Context(), address)
			if got != want || (want == "") != errors.Is(err, directory.ErrNotFound) {
				t.Errorf("%s: got %q %v, want %q", address, got, err, want)
			}
		}
	})
}
