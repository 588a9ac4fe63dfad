package curation_test

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

func TestPosts(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		i := c.publish(t, library())
		c.jobs(t)
		p := &directory.Post{Text: "New saws.", Attachments: []directory.Attachment{{File: "a.jpg", MediaType: "image/jpeg", Width: 2, Height: 1, Alt: "Saws"}}}
		if err := c.Post(ctx, i.Handle, p); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.ID, i.ID+"/posts/") || p.Language != "nl" || !p.Published.Equal(noon) || !p.Updated.Equal(noon) || p.Pinned {
			t.Errorf("posted as %+v", p)
		}
		stored, err := c.store.Post(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "stored", p, stored)
		same(t, "jobs of a post", map[string]int{"post create " + p.ID: 1}, c.jobs(t))

		if err := c.EditPost(ctx, p.ID, "New saws and planes."); err != nil {
			t.Fatal(err)
		}
		edited, err := c.store.Post(ctx, p.ID)
		if err != nil || edited.Text != "New saws and planes." || !edited.Updated.After(noon) || !edited.Published.Equal(noon) {
			t.Errorf("edited to %+v, %v", edited, err)
		}
		same(t, "jobs of an edit", map[string]int{"post update " + p.ID: 1}, c.jobs(t))
		wantInvalid(t, "an empty text", c.EditPost(ctx, p.ID, " \n"), "text")

		c.now = c.now.Add(time.Minute)
		if err := c.DeletePost(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		tombstone, err := c.store.Post(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		tombstone.Language = ""
		same(t, "tombstone", &directory.Post{
			ID: p.ID, InitiativeID: i.ID, Published: noon, Updated: c.now, Deleted: true,
		}, tombstone)
		same(t, "jobs of a deletion", map[string]int{"post delete " + p.ID: 1}, c.jobs(t))
		wantErr(t, "deleted again", c.DeletePost(ctx, p.ID), directory.ErrGone)
		wantErr(t, "edited when deleted", c.EditPost(ctx, p.ID, "Back."), directory.ErrGone)
		wantErr(t, "no such post", c.DeletePost(ctx, i.ID+"/posts/none"), directory.ErrNotFound)
	})
}

func TestPostRefuses(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		c.publish(t, library())
		c.jobs(t)
		for field, p := range map[string]*directory.Post{
			"text":  {Text: strings.Repeat("é", directory.MaxPost+1)},
			"image": {Text: "x", Attachments: make([]directory.Attachment, directory.MaxAttachments+1)},
			"alt":   {Text: "x", Attachments: []directory.Attachment{{Alt: strings.Repeat("é", directory.MaxAlt+1)}}},
		} {
			wantInvalid(t, field, c.Post(ctx, "instrumentheek", p), field)
		}
		wantInvalid(t, "nothing", c.Post(ctx, "instrumentheek", &directory.Post{Text: "\t"}), "text")
		wantErr(t, "nobody", c.Post(ctx, "nobody", &directory.Post{Text: "x"}), directory.ErrNotFound)
		if got := c.jobs(t); len(got) != 0 {
			t.Errorf("refused posts left the jobs %v", got)
		}
	})
}

// Posts of one moment keep their order, and none takes the place of another.
func TestPostsOfOneMoment(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		i := c.publish(t, library())
		const n = 20
		for range n {
			if err := c.Post(t.Context(), i.Handle, &directory.Post{Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		posts, err := c.store.Posts(t.Context(), i.ID, 100)
		if err != nil || len(posts) != n+1 {
			t.Fatalf("%d posts, %v, want %d", len(posts), err, n+1)
		}
		for k := 1; k < len(posts); k++ {
			if posts[k].ID >= posts[k-1].ID {
				t.Errorf("%s comes after %s, newest first", posts[k].ID, posts[k-1].ID)
			}
		}
	})
}
