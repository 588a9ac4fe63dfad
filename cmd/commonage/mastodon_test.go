package main_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// accepted is a delivery of the kind that the server has taken.
func accepted(kind string) func(fedtest.Delivery) bool {
	return func(d fedtest.Delivery) bool { return d.Type == kind && d.Status == http.StatusAccepted }
}

// await waits for a delivery that matches, but not for ever.
func await(t testing.TB, s *fedtest.Server, match func(fedtest.Delivery) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*seconds)
	defer cancel()
	s.Await(ctx, match)
}

func taken(t testing.TB, r fedtest.Response) {
	t.Helper()
	if r.Status != http.StatusAccepted {
		t.Fatalf("got %d %s %v, want 202", r.Status, r.Body, r.Err)
	}
}

// TestMastodon: a person on a server like Mastodon finds an initiative by its
// handle, follows it, is accepted, reads a post that the command line made, and
// leaves; after that nothing comes any more.
func TestMastodon(t *testing.T) {
	t.Parallel() // most of the time is waiting
	for _, flavour := range []fedtest.Flavour{fedtest.Mastodon47(), fedtest.Mastodon43(), fedtest.GoToSocial()} {
		t.Run(flavour.Software+" "+flavour.Version, func(t *testing.T) {
			onEach(t, func(t *testing.T, db database) { followAndLeave(t, db, flavour) })
		})
	}
}

func followAndLeave(t *testing.T, db database, flavour fedtest.Flavour) {
	c := newCity(t, "ghent", db).start()
	there := fedtest.NewServer(t, fedtest.WithFlavour(flavour))
	ana := there.Actor("ana")
	c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library", "--summary", "Drills to borrow.")

	profile, err := there.Lookup(t.Context(), "@tool_library@"+c.host)
	if err != nil {
		t.Fatalf("find the initiative: %v", err)
	}
	if profile.Name != "Tool Library" || !strings.Contains(profile.Note, "Drills to borrow.") || len(profile.Pinned) != 1 {
		t.Errorf("the profile is %+v", profile)
	}
	if _, err := there.Lookup(t.Context(), "@directory@"+c.host); err != nil {
		t.Errorf("find the directory: %v", err)
	}

	taken(t, ana.Follow(profile.ID))
	await(t, there, accepted("Accept"))
	if got := ana.Follows(profile.ID); got != fedtest.Accepted {
		t.Fatalf("the follow is %q", got)
	}
	if again, err := there.Lookup(t.Context(), "@tool_library@"+c.host); err != nil || again.Followers != 1 {
		t.Errorf("it has %d followers: %v", again.Followers, err)
	}

	id := postWithPicture(t, c)
	await(t, there, func(d fedtest.Delivery) bool { return accepted("Create")(d) && d.Object == id })
	got := shown(ana, id)
	if got == nil || !strings.Contains(got.Content, "The saw is here") || got.Visibility != "public" ||
		!slices.Contains(got.Hashtags, "#repair") || len(got.Attachments) != 1 || got.Attachments[0].Alt != "A red table saw" {
		t.Errorf("the post is %+v in %+v", got, ana.Timeline())
	}

	c.do("post", "edit", id, "The saw is lent out.")
	await(t, there, accepted("Update"))
	if got := there.Status(id); got == nil || !strings.Contains(got.Content, "lent out") {
		t.Errorf("the edited post is %+v", got)
	}
	c.do("post", "delete", id)
	await(t, there, accepted("Delete"))
	if got := shown(ana, id); got != nil {
		t.Errorf("the deleted post is still there: %+v", got)
	}
	leave(t, c, there, ana, profile.ID)
}

// shown returns a post in the timeline, or nil. Who follows at once has the
// introduction there too.
func shown(a *fedtest.Actor, id string) *fedtest.Status {
	for _, s := range a.Timeline() {
		if s.ID == id {
			return &s
		}
	}
	return nil
}

func postWithPicture(t testing.TB, c *city) string {
	t.Helper()
	picture := filepath.Join(t.TempDir(), "saw.png")
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(c.do("post", "tool_library", "The saw is here. #repair", "--image", picture, "--alt", "A red table saw"))
}

// leave unfollows. A post after that reaches another follower, and nobody else.
func leave(t testing.TB, c *city, there *fedtest.Server, ana *fedtest.Actor, id string) {
	t.Helper()
	taken(t, ana.Unfollow(id))
	eventually(t, seconds, func() error {
		return c.contains("/initiatives/tool_library/followers", `"totalItems":0`)
	})
	elsewhere := fedtest.NewServer(t)
	ben := elsewhere.Actor("ben")
	taken(t, ben.Follow(id))
	await(t, elsewhere, accepted("Accept"))
	before := len(there.Deliveries())
	post := strings.TrimSpace(c.do("post", "tool_library", "Only for those who stay."))
	await(t, elsewhere, func(d fedtest.Delivery) bool { return accepted("Create")(d) && d.Object == post })
	if all := there.Deliveries(); len(all) != before {
		t.Errorf("after they left came %v", all[before:])
	}
}

// TestMastodonAway: what could not be delivered comes when the server speaks
// again, however long it asked to be left alone.
func TestMastodonAway(t *testing.T) {
	t.Parallel() // most of the time is waiting
	c := newCity(t, "ghent", onSQLite).start()
	there := fedtest.NewServer(t)
	ana, ben := there.Actor("ana"), there.Actor("ben")
	c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	id := "http://" + c.host + "/initiatives/tool_library"
	taken(t, ana.Follow(id))
	await(t, there, accepted("Accept"))

	away := fedtest.Answer{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"36000"}}, Always: true}
	there.Answer(there.URL+"/inbox", away)
	post := strings.TrimSpace(c.do("post", "tool_library", "While you were away."))
	await(t, there, func(d fedtest.Delivery) bool { return d.Scripted }) // this post, or the introduction
	eventually(t, seconds, func() error {
		if log := c.journal(20); !strings.Contains(log, "delivery failed") {
			return fmt.Errorf("the failure is not noted:\n%s", log)
		}
		return nil
	})
	there.AsUsual(there.URL + "/inbox")

	taken(t, ben.Follow(id))
	await(t, there, func(d fedtest.Delivery) bool { return accepted("Create")(d) && d.Object == post })
	if shown(ana, post) == nil {
		t.Errorf("the timeline is %+v", ana.Timeline())
	}
}
