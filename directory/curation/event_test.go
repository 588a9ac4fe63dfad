package curation_test

import (
	"slices"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Seed forms give a post their hashtags, but for those that it has; an edit looks
// again.
func TestHashtagsOfForms(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		i := c.publish(t, library())
		p := &directory.Post{Text: "News"}
		if err := c.Post(t.Context(), i.Handle, p); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(p.Hashtags, "ToolLibrary") {
			t.Errorf("got %v", p.Hashtags)
		}
		if err := c.EditPost(t.Context(), p.ID, "News #toollibrary"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.store.Post(t.Context(), p.ID); err != nil || slices.Contains(got.Hashtags, "ToolLibrary") {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// Who is named is looked for before a post is sent.
func TestMentionsAreFoundFirst(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		i := c.publish(t, library())
		c.jobs(t)
		p := &directory.Post{Text: "Thanks, @ana@m.example."}
		if err := c.Post(t.Context(), i.Handle, p); err != nil {
			t.Fatal(err)
		}
		same(t, "jobs of a post", map[string]int{"mention create " + p.ID: 1}, c.jobs(t))
		found := []directory.Mention{{Acct: "ana@m.example", ID: "https://m.example/ana"}}
		if err := c.store.SetMentions(t.Context(), p.ID, found); err != nil {
			t.Fatal(err)
		}
		if err := c.EditPost(t.Context(), p.ID, "Thanks."); err != nil {
			t.Fatal(err)
		}
		same(t, "jobs of an edit", map[string]int{"post update " + p.ID: 1}, c.jobs(t))
		if got, err := c.store.Post(t.Context(), p.ID); err != nil || len(got.Mentions) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// An edit that says the same is none; a pin is no edit, and there are few.
func TestChangesOfEvents(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		i := c.publish(t, library())
		p := &directory.Post{Event: &directory.Event{Name: "Day", Start: noon, Timezone: "Europe/Brussels"}}
		if err := c.Post(t.Context(), i.Handle, p); err != nil {
			t.Fatal(err)
		}
		c.jobs(t)
		rename := func(p *directory.Post) error { p.Event.Name = "Long day"; return nil }
		for range 2 {
			if err := c.ChangePost(t.Context(), p.ID, rename); err != nil {
				t.Fatal(err)
			}
		}
		edited, err := c.store.Post(t.Context(), p.ID)
		if err != nil || edited.Event.Name != "Long day" || !edited.Updated.Equal(p.Published.Add(time.Microsecond)) {
			t.Errorf("got %+v, %v", edited, err)
		}
		same(t, "jobs of an edit", map[string]int{"post update " + p.ID: 1}, c.jobs(t))
		wantInvalid(t, "a bad edit", c.ChangePost(t.Context(), p.ID, func(p *directory.Post) error {
			p.Event.End = p.Event.Start
			return nil
		}), "end")

		for _, pinned := range []bool{true, true, false} {
			if err := c.PinPost(t.Context(), p.ID, pinned); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "jobs of pins", map[string]int{"post pin " + p.ID: 1}, c.jobs(t))
		if got, err := c.store.Post(t.Context(), p.ID); err != nil || !got.Updated.Equal(edited.Updated) || got.Pinned {
			t.Errorf("got %+v, %v", got, err)
		}
		for k := range directory.MaxPinned { // the introduction is one
			q := &directory.Post{Text: "x"}
			if err := c.Post(t.Context(), i.Handle, q); err != nil {
				t.Fatal(err)
			}
			err := c.PinPost(t.Context(), q.ID, true)
			if k < directory.MaxPinned-1 && err != nil {
				t.Fatal(err)
			} else if k == directory.MaxPinned-1 {
				wantInvalid(t, "one pin too many", err, "pin")
			}
		}
		if err := c.DeletePost(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := c.store.Post(t.Context(), p.ID); err != nil || got.Event == nil || got.Event.Name != "" {
			t.Errorf("the tombstone is %+v, %v", got, err)
		}
	})
}
