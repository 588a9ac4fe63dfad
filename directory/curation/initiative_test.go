package curation_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		given := library()
		c.publish(t, given)
		want := library()
		want.ID, want.Origin = "https://ghent.example/initiatives/instrumentheek", "ghent.example"
		want.Kind, want.Currents = directory.Urban, []directory.Current{directory.Share, directory.Care}
		want.Status, want.State = directory.Active, directory.Published
		want.Published, want.Updated, want.Revision = noon, noon, 1
		same(t, "stored", want, c.entry(t, want.Handle))
		same(t, "given back", want, given)
		same(t, "log", []string{"add instrumentheek"}, c.changes(t))
		if got := c.count(t, "instrumenth"); got != 1 {
			t.Errorf("search finds %d, want 1", got)
		}
		posts, err := c.store.PinnedPosts(t.Context(), want.ID)
		if err != nil || len(posts) != 1 {
			t.Fatalf("pinned: %v, %v, want one", posts, err)
		}
		same(t, "jobs", map[string]int{"post create " + posts[0].ID: 1, "push": 1}, c.jobs(t))
		same(t, "introduction", directory.Post{
			ID: posts[0].ID, InitiativeID: want.ID, Language: "nl-BE", Pinned: true, Published: noon, Updated: noon,
			Text: "Instrumentheek\n\nBorrow a drill.\n\nGhent, BE\nhttps://instrumentheek.example/\n\n#ToolLibrary #RepairCafe",
		}, posts[0])
	})
}

func TestIntroductionSaysWhatThereIs(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		for _, test := range []struct {
			change func(*directory.Initiative)
			want   string
		}{
			{func(*directory.Initiative) {}, "Bare"},
			{func(i *directory.Initiative) { i.Place.Country = "BE" }, "Bare\n\nBE"},
			{func(i *directory.Initiative) { i.Links = library().Links }, "Bare\n\nhttps://instrumentheek.example/"},
			{func(i *directory.Initiative) { i.Forms = []string{"csa"} }, "Bare\n\n#CSA"},
		} {
			i := &directory.Initiative{Handle: fmt.Sprintf("bare_%d", len(test.want)), Name: "Bare"}
			test.change(i)
			c.publish(t, i)
			posts, err := c.store.PinnedPosts(t.Context(), i.ID)
			if err != nil || len(posts) != 1 || posts[0].Text != test.want || posts[0].Language != "nl" {
				t.Errorf("introduced by %+v, %v, want %q in nl", posts, err, test.want)
			}
			if err := posts[0].Validate(); err != nil {
				t.Errorf("introduction: %v", err)
			}
		}
	})
}

func TestPublishRefuses(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		nameless := library()
		nameless.Name = " "
		wantInvalid(t, "no name", c.Publish(ctx, nameless), "name")
		wantInvalid(t, "no name", c.Draft(ctx, nameless), "name")
		taken := library()
		taken.Handle = "directory"
		wantInvalid(t, "the instance's handle", c.Publish(ctx, taken), "handle")
		same(t, "log", nil, c.changes(t))

		c.publish(t, library())
		other := library()
		other.Name = "Another"
		wantErr(t, "a handle that is taken", c.Publish(ctx, other), directory.ErrConflict)
		wantErr(t, "a draft of it", c.Draft(ctx, other), directory.ErrConflict)
		if got := c.entry(t, "instrumentheek").Name; got != "Instrumentheek" {
			t.Errorf("the name is %s, want what was published first", got)
		}
		if err := c.Withdraw(ctx, "instrumentheek"); err != nil {
			t.Fatal(err)
		}
		wantErr(t, "a handle that was withdrawn", c.Publish(ctx, other), directory.ErrGone)
		wantErr(t, "a draft of it", c.Draft(ctx, other), directory.ErrGone)
	})
}

func TestDraft(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		for k := range 2 {
			i := library()
			i.Summary = fmt.Sprint("Version ", k+1)
			if err := c.Draft(ctx, i); err != nil {
				t.Fatal(err)
			}
			c.now = c.now.Add(time.Minute)
		}
		if got := c.entry(t, "instrumentheek"); got.State != directory.Draft || got.Summary != "Version 2" || got.Revision != 2 {
			t.Errorf("the draft is %+v", got)
		}
		_, err := c.store.InitiativeByHandle(ctx, "ghent.example", "instrumentheek")
		wantErr(t, "a visitor", err, directory.ErrNotFound)
		_, err = c.Edit(ctx, "instrumentheek", func(*directory.Initiative) error { return nil })
		wantErr(t, "an edit", err, directory.ErrNotFound)
		if n := c.count(t, ""); n != 0 || c.changes(t) != nil || len(c.jobs(t)) != 0 {
			t.Errorf("a draft is seen: %d found, log %v", n, c.changes(t))
		}
		c.publish(t, library())
		got := c.entry(t, "instrumentheek")
		if got.State != directory.Published || !got.Published.Equal(c.now) || !got.Updated.Equal(c.now) || got.Revision != 3 {
			t.Errorf("published as %+v", got)
		}
		same(t, "log", []string{"add instrumentheek"}, c.changes(t))
	})
}

func TestEdit(t *testing.T) {
	none := func(*directory.Initiative) error { return nil }
	fault := errors.New("fault")
	tests := []struct {
		name    string
		change  func(*directory.Initiative) error
		changed bool
		err     error
	}{
		{"nothing", none, false, nil},
		{"the same again", func(i *directory.Initiative) error { i.Name = "Instrumentheek"; return nil }, false, nil},
		{"kind and currents as they follow", func(i *directory.Initiative) error {
			i.Kind, i.Currents, i.Status = "", nil, ""
			return nil
		}, false, nil},
		{"who it is", func(i *directory.Initiative) error {
			i.ID, i.Handle, i.Origin, i.State, i.Revision = "https://x.example/", "x", "x.example", directory.Draft, 9
			i.Published = noon.Add(time.Hour)
			return nil
		}, false, nil},
		{"the summary", func(i *directory.Initiative) error { i.Summary = "Two drills."; return nil }, true, nil},
		{"a tag in place", func(i *directory.Initiative) error { i.Tags[0] = "drills"; return nil }, true, nil},
		{"the point in place", func(i *directory.Initiative) error { i.Place.Point.Latitude = 51.06; return nil }, true, nil},
		{"the picture in place", func(i *directory.Initiative) error { i.Image.Alt = "Two drills"; return nil }, true, nil},
		{"a fault", func(i *directory.Initiative) error { i.Name = "Lost"; return fault }, false, fault},
	}
	each(t, func(t *testing.T, c *city) {
		c.publish(t, library())
		c.jobs(t)
		for _, test := range tests {
			c.now = c.now.Add(time.Minute)
			before := c.entry(t, "instrumentheek")
			got, err := c.Edit(t.Context(), "instrumentheek", test.change)
			wantErr(t, test.name, err, test.err)
			after := c.entry(t, "instrumentheek")
			if err == nil {
				same(t, test.name+": given back", after, got)
			}
			if !test.changed {
				same(t, test.name, before, after)
				same(t, test.name+": jobs", map[string]int{}, c.jobs(t))
				continue
			}
			if after.SameContent(before) || after.Revision != before.Revision+1 || !after.Updated.Equal(c.now) || !after.Published.Equal(noon) {
				t.Errorf("%s: edited to %+v", test.name, after)
			}
			same(t, test.name+": log", []string{"update instrumentheek"}, c.changes(t))
			same(t, test.name+": jobs", map[string]int{"push": 1}, c.jobs(t))
		}
		_, err := c.Edit(t.Context(), "instrumentheek", func(i *directory.Initiative) error { i.Place.Country = "Belgium"; return nil })
		wantInvalid(t, "a bad country", err, "country")
		_, err = c.Edit(t.Context(), "nobody", none)
		wantErr(t, "one that is not there", err, directory.ErrNotFound)
	})
}

func TestUpdatedOnlyGrows(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		c.publish(t, library())
		last := c.entry(t, "instrumentheek").Updated
		for k, step := range []time.Duration{0, 0, -time.Hour, time.Nanosecond, time.Minute, -time.Minute} {
			c.now = c.now.Add(step)
			_, err := c.Edit(ctx, "instrumentheek", func(i *directory.Initiative) error {
				i.Summary = fmt.Sprint("Edit ", k)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			now := c.entry(t, "instrumentheek").Updated
			if !now.After(last) || now.Nanosecond()%1000 != 0 {
				t.Errorf("edit %d was at %v, the one before at %v", k, now, last)
			}
			last = now
		}
		c.now = noon
		if err := c.Withdraw(ctx, "instrumentheek"); err != nil {
			t.Fatal(err)
		}
		if now := c.entry(t, "instrumentheek").Updated; !now.After(last) {
			t.Errorf("withdrawn at %v, edited at %v", now, last)
		}
	})
}

// What is said to be spoken there is not always a language.
func TestIntroductionInAnUnknownLanguage(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		i := library()
		i.Languages = []string{"Deutsch"}
		c.publish(t, i)
		posts, err := c.store.Posts(t.Context(), i.ID, 2)
		if err != nil || len(posts) != 1 || posts[0].Language != "nl" {
			t.Errorf("got %+v, %v, want the instance's language", posts, err)
		}
	})
}

func TestWithdraw(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		i := library()
		i.Source = directory.Source{Name: "Survey", URL: "https://survey.example", ExternalID: "7"}
		c.publish(t, i)
		if err := c.Post(ctx, i.Handle, &directory.Post{Text: "We moved."}); err != nil {
			t.Fatal(err)
		}
		c.jobs(t)
		c.now = c.now.Add(time.Minute)
		if err := c.Withdraw(ctx, i.Handle); err != nil {
			t.Fatal(err)
		}
		same(t, "tombstone", &directory.Initiative{
			ID: i.ID, Handle: i.Handle, Origin: i.Origin, Name: i.Name, State: directory.Withdrawn,
			Source:    directory.Source{Name: "Survey", ExternalID: "7"},
			Published: noon, Updated: c.now, Revision: 2,
		}, c.entry(t, i.Handle))
		same(t, "log", []string{"remove instrumentheek"}, c.changes(t))
		same(t, "jobs", map[string]int{"push": 1}, c.jobs(t))
		if n := c.count(t, ""); n != 0 {
			t.Errorf("search still finds %d", n)
		}
		if n, err := c.store.CountPosts(ctx, ""); n != 0 || err != nil {
			t.Errorf("%d posts are left, %v", n, err)
		}
		wantErr(t, "again", c.Withdraw(ctx, i.Handle), directory.ErrGone)
		wantErr(t, "one that is not there", c.Withdraw(ctx, "nobody"), directory.ErrNotFound)
		wantErr(t, "a post", c.Post(ctx, i.Handle, &directory.Post{Text: "Hello."}), directory.ErrGone)
		_, err := c.Edit(ctx, i.Handle, func(*directory.Initiative) error { return nil })
		wantErr(t, "an edit", err, directory.ErrGone)
	})
}

// Nobody has seen a draft, so nobody hears that it went; its handle stays taken.
func TestWithdrawDraft(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		if err := c.Draft(t.Context(), library()); err != nil {
			t.Fatal(err)
		}
		if err := c.Withdraw(t.Context(), "instrumentheek"); err != nil {
			t.Fatal(err)
		}
		same(t, "log", nil, c.changes(t))
		wantErr(t, "its handle", c.Publish(t.Context(), library()), directory.ErrGone)
	})
}

func TestManyPublishOneHandle(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		const rounds, people = 5, 4
		for round := range rounds {
			var all sync.WaitGroup
			var published atomic.Int32
			for k := range people {
				all.Go(func() {
					i := library()
					i.Handle, i.Name = fmt.Sprintf("handle_%d", round), fmt.Sprint("Name ", k)
					switch err := c.Publish(t.Context(), i); {
					case err == nil:
						published.Add(1)
					case !errors.Is(err, directory.ErrConflict):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got := published.Load(); got != 1 {
				t.Errorf("%d of %d got the same handle, want 1", got, people)
			}
		}
		if got := len(c.changes(t)); got != rounds {
			t.Errorf("the log has %d lines, want %d", got, rounds)
		}
	})
}

func TestManyEditOneInitiative(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.publish(t, library())
		const people = 8
		var all sync.WaitGroup
		for k := range people {
			all.Go(func() {
				_, err := c.Edit(t.Context(), "instrumentheek", func(i *directory.Initiative) error {
					i.Tags = append(i.Tags, fmt.Sprint("tag", k))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := c.entry(t, "instrumentheek"); len(got.Tags) != 1+people || got.Revision != 1+people {
			t.Errorf("after %d edits there are the tags %v at revision %d", people, got.Tags, got.Revision)
		}
	})
}
