package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// Readers are who follows now and who was reached before, each inbox once.
func TestReaders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const rad = "https://a.example/initiatives/rad"
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for k, f := range []directory.Follower{
			{ActorID: "https://b.example/1", Delivery: "https://b.example/inbox"},
			{ActorID: "https://b.example/2", Delivery: "https://b.example/inbox"},
			{ActorID: "https://d.example/directory", Delivery: "https://d.example/inbox", Peer: true},
		} {
			f.ObjectID, f.FollowID, f.Inbox, f.Since = rad, fmt.Sprint(k), f.Delivery, now
			if err := s.PutFollower(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // again changes nothing
			if err := s.PutReached(t.Context(), rad, []string{"https://b.example/inbox", "https://c.example/inbox"}, now); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutReached(t.Context(), rad+"2", []string{"https://e.example/inbox"}, now); err != nil {
			t.Fatal(err)
		}
		got, err := s.Readers(t.Context(), rad)
		if diff := cmp.Diff([]string{"https://b.example/inbox", "https://c.example/inbox"}, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// Who blocked an actor is not among its readers, unless others may read the inbox.
func TestBlockersAreNoReaders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const rad = "https://a.example/initiatives/rad"
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		actors := []directory.RemoteActor{
			{ID: "https://b.example/alone", Inbox: "https://b.example/alone/inbox"},
			{ID: "https://c.example/shared", Inbox: "https://c.example/shared/inbox", SharedInbox: "https://c.example/inbox"},
			{ID: "https://d.example/one", Inbox: "https://d.example/inbox"},
			{ID: "https://d.example/two", Inbox: "https://d.example/inbox"},
			{ID: "https://e.example/reads", Inbox: "https://e.example/reads/inbox"},
		}
		var inboxes []string
		for k := range actors {
			if err := s.PutActor(t.Context(), &actors[k]); err != nil {
				t.Fatal(err)
			}
			inboxes = append(inboxes, actors[k].DeliveryInbox())
		}
		if err := s.PutReached(t.Context(), rad, inboxes, now); err != nil {
			t.Fatal(err)
		}
		const unknown = "https://f.example/unknown"
		for _, id := range []string{actors[0].ID, actors[1].ID, actors[2].ID, unknown} {
			if err := s.PutBlocker(t.Context(), id, rad, id+"#block", now); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutBlocker(t.Context(), actors[4].ID, rad+"2", "", now); err != nil {
			t.Fatal(err)
		}
		got, err := s.Readers(t.Context(), rad)
		if diff := cmp.Diff([]string{"https://c.example/inbox", "https://d.example/inbox", "https://e.example/reads/inbox"}, got); diff != "" || err != nil {
			t.Errorf("readers %v (-want +got):\n%s", err, diff)
		}
		blockers, err := s.Blockers(t.Context(), rad)
		want := map[string]string{actors[0].ID: actors[0].Inbox, actors[1].ID: "", actors[2].ID: "", unknown: ""}
		if diff := cmp.Diff(want, blockers); diff != "" || err != nil {
			t.Errorf("blockers %v (-want +got):\n%s", err, diff)
		}
		if err := s.RemoveActor(t.Context(), actors[1].ID); err != nil {
			t.Fatal(err)
		}
		if blockers, err = s.Blockers(t.Context(), rad); len(blockers) != 3 || err != nil {
			t.Errorf("after one was forgotten: %v %v", blockers, err)
		}
	})
}

// What a post says beyond its text comes back as it was.
func TestPostParts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 12, 5, 13, 0, 0, 123000, time.UTC)
		want := &directory.Post{
			ID: "https://a.example/initiatives/rad/posts/1", InitiativeID: "https://a.example/initiatives/rad", Text: "x", Language: "nl",
			Attachments: []directory.Attachment{{
				File: "f.jpg", MediaType: "image/jpeg", Width: 2, Height: 1, Blurhash: "L~", Focus: &directory.Focus{X: -1, Y: 0.5},
			}},
			Hashtags: []string{"RepairCafe"}, Mentions: []directory.Mention{{Acct: "b@b.example", ID: "https://b.example/b", URL: "https://b.example/@b"}},
			Event: &directory.Event{
				Name: "Day", Start: at, End: at.Add(time.Hour), Timezone: "Europe/Brussels", Status: directory.EventTentative,
				Place: &directory.Place{Name: "Mill", Point: &directory.Point{Latitude: 51, Longitude: 3}}, Online: "https://m.example",
			},
			Published: at, Updated: at,
		}
		if err := s.PutPost(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		want.Mentions = append(want.Mentions, directory.Mention{Acct: "c@c.example", ID: "https://c.example/c", Inbox: "https://c.example/inbox"})
		if err := s.SetMentions(t.Context(), want.ID, want.Mentions); err != nil {
			t.Fatal(err)
		}
		got, err := s.Post(t.Context(), want.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
