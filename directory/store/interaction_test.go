package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

func TestReplyComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		want := directory.Reply{
			ID: "https://town.example/1", Key: "01A", InitiativeID: "https://ghent.example/initiatives/rad",
			PostID: "https://ghent.example/initiatives/rad/posts/1", InReplyTo: "https://ghent.example/initiatives/rad/posts/1",
			Author: directory.Author{
				ID: "https://town.example/users/ann", Acct: "ann@town.example", Name: "Ann \x00\xff", URL: "https://town.example/@ann",
				Icon: "https://town.example/ann.png",
			},
			Content: "<p>Hello</p>", Language: "nl", URL: "https://town.example/@ann/1", State: directory.ReplyPending,
			Published: at, Updated: at, Received: at.Add(time.Second),
		}
		for n := range 2 {
			if added, err := s.AddReply(t.Context(), &want); err != nil || added != (n == 0) {
				t.Fatalf("added: %v %v", added, err)
			}
		}
		want.Author.Name = "Ann \ufffd"
		for _, id := range []string{want.ID, want.Key} {
			got, err := s.Reply(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Error(diff)
			}
		}
		if removed, err := s.RemoveReply(t.Context(), want.ID, "https://town.example/users/bob"); err != nil || removed {
			t.Errorf("somebody else removed it: %v %v", removed, err)
		}
		bob := "https://town.example/users/bob" // has written nothing
		authors := []string{want.Author.ID, bob, "https://a.example/c"}
		byAuthor, byHost, err := s.CountRepliesSince(t.Context(), authors, at)
		if diff := cmp.Diff([]map[string]int{{want.Author.ID: 1}, {"town.example": 1}}, []map[string]int{byAuthor, byHost}); diff != "" || err != nil {
			t.Error(diff, err)
		}
		byAuthor, byHost, err = s.CountRepliesSince(t.Context(), authors, at.Add(time.Minute))
		if len(byAuthor) != 0 || len(byHost) != 0 || err != nil {
			t.Errorf("since later: got %v %v %v", byAuthor, byHost, err)
		}
	})
}

func TestCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for k, r := range []directory.Reaction{
			{ObjectID: "p", Kind: directory.Liked, ActorID: "a", ActivityID: "1"},
			{ObjectID: "p", Kind: directory.Liked, ActorID: "a", ActivityID: "2"},
			{ObjectID: "p", Kind: directory.Liked, ActorID: "b"},
			{ObjectID: "p", Kind: directory.Shared, ActorID: "a", ActivityID: "3"},
			{ObjectID: "q", Kind: directory.Shared, ActorID: "b"},
		} {
			if err := s.PutReaction(ctx, &r); err != nil {
				t.Fatalf("reaction %d: %v", k, err)
			}
		}
		counts := func(want map[string]directory.Counts) {
			t.Helper()
			got, err := s.Counts(ctx, []string{"p", "q", "r"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		counts(map[string]directory.Counts{"p": {Likes: 2, Shares: 1}, "q": {Shares: 1}})
		if found, err := s.RemoveReactionID(ctx, "a", "1"); found || err != nil {
			t.Errorf("the replaced like was found: %v %v", found, err)
		}
		if found, err := s.RemoveReactionID(ctx, "b", ""); found || err != nil {
			t.Errorf("a like without an id was found: %v %v", found, err)
		}
		if err := s.RemoveActor(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		counts(map[string]directory.Counts{"p": {Likes: 1}, "q": {Shares: 1}})
	})
}

// What another process decides holds here at once, and what a transaction takes
// back never did.
func TestBlocksHoldAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		check := func(want directory.BlockKind) {
			t.Helper()
			blocks, err := s.Blocks(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := blocks.Of("https://spam.example/users/a"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		put := func(s *store.Store, kind directory.BlockKind) {
			t.Helper()
			if err := s.PutBlock(ctx, &directory.Block{Subject: "spam.example", Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
		check("")
		put(s, directory.Blocked)
		check(directory.Blocked)
		back := fmt.Errorf("back")
		if err := s.Tx(ctx, func(tx *store.Store) error {
			put(tx, directory.Allowed)
			if blocks, err := tx.Blocks(ctx); err != nil || blocks.Of("spam.example") != directory.Allowed {
				t.Errorf("within: %v", err)
			}
			return back
		}); err == nil {
			t.Fatal("it was not taken back")
		}
		check(directory.Blocked)
		put(s, directory.Limited) // with the number that was taken back
		check(directory.Limited)
		if err := s.RemoveBlock(ctx, "spam.example"); err != nil {
			t.Fatal(err)
		}
		check("")
	})
}

func TestCut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		hosts := []string{"spam.example", "a.spam.example", "good.example"}
		for k, host := range hosts {
			actor := "https://" + host + "/users/ann"
			if err := s.PutActor(ctx, &directory.RemoteActor{ID: actor, Inbox: actor + "/inbox", Fetched: now}); err != nil {
				t.Fatal(err)
			}
			if err := s.PutFollower(ctx, &directory.Follower{ActorID: actor, ObjectID: "x", Inbox: actor + "/inbox", Delivery: actor + "/inbox"}); err != nil {
				t.Fatal(err)
			}
			if err := s.PutPeer(ctx, &directory.Peer{Host: host}); err != nil {
				t.Fatal(err)
			}
			if err := s.PutInitiative(ctx, &directory.Initiative{
				ID: "https://" + host + "/initiatives/rad", Handle: "rad", Origin: host, Name: "Rad", State: directory.Published,
			}, ""); err != nil {
				t.Fatal(err)
			}
			out := store.Outgoing{ActivityID: "a", ActorID: "x", Body: []byte("{}"), Inboxes: []string{actor + "/inbox"}}
			if err := s.PutDeliveries(ctx, out, now, func() string { return fmt.Sprint("d", k) }); err != nil {
				t.Fatal(err)
			}
		}
		spam := func(id string) bool { return strings.Contains(id, "spam.example") }
		reach, err := s.Reach(ctx, spam)
		if err != nil {
			t.Fatal(err)
		}
		want := &directory.Reach{
			Followers: []string{"https://a.spam.example/users/ann", "https://spam.example/users/ann"},
			Peers:     []string{"a.spam.example", "spam.example"}, Entries: map[string]int{"a.spam.example": 1, "spam.example": 1},
			Deliveries: 2,
		}
		if diff := cmp.Diff(want, reach); diff != "" {
			t.Error(diff)
		}
		if err := s.Cut(ctx, spam); err != nil {
			t.Fatal(err)
		}
		if reach, err := s.Reach(ctx, spam); err != nil || !reach.Empty() {
			t.Errorf("left: %+v %v", reach, err)
		}
		reach, err = s.Reach(ctx, func(string) bool { return true })
		if err != nil || len(reach.Followers) != 1 || len(reach.Peers) != 1 || reach.Entries["good.example"] != 1 || reach.Deliveries != 1 {
			t.Errorf("of the others is left: %+v %v", reach, err)
		}
	})
}
