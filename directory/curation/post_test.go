package curation_test

import (
	"slices"
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
		same(t, "jobs of a deletion", map[string]int{"post delete " + p.ID: 1, "picture a.jpg": 1}, c.jobs(t))
		wantErr(t, "deleted again", c.DeletePost(ctx, p.ID), directory.ErrGone)
		wantErr(t, "edited when deleted", c.EditPost(ctx, p.ID, "Back."), directory.ErrGone)
		wantErr(t, "no such post", c.DeletePost(ctx, i.ID+"/posts/none"), directory.ErrNotFound)
	})
}

// TestRepliesGoWithTheirPost: what was written to something that is gone waits for
// no decision, nor is it kept.
func TestRepliesGoWithTheirPost(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		i := c.publish(t, library())
		var posts [2]directory.Post
		for k := range posts {
			posts[k].Text = "News."
			if err := c.Post(ctx, i.Handle, &posts[k]); err != nil {
				t.Fatal(err)
			}
		}
		for id, r := range map[string]directory.Reply{
			"pending": {PostID: posts[0].ID, State: directory.ReplyPending}, "approved": {PostID: posts[0].ID, State: directory.ReplyApproved},
			"other": {PostID: posts[1].ID, State: directory.ReplyPending}, "mention": {State: directory.ReplyPending},
		} {
			r.ID, r.Key, r.InitiativeID, r.Author.ID = "https://town.example/"+id, id, i.ID, "https://town.example/users/ann"
			if _, err := c.store.AddReply(ctx, &r); err != nil {
				t.Fatal(err)
			}
		}
		left := func() (keys []string) {
			t.Helper()
			for _, state := range directory.ReplyStates() {
				list, err := c.store.Replies(ctx, state, "", 9)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					keys = append(keys, r.Key)
				}
			}
			return keys
		}
		if err := c.DeletePost(ctx, posts[0].ID); err != nil {
			t.Fatal(err)
		}
		same(t, "without the post", []string{"mention", "other"}, left())
		_, err := c.Moderate(ctx, "pending", directory.ReplyApproved)
		wantErr(t, "a decision about what is gone", err, directory.ErrNotFound)
		if err := c.Withdraw(ctx, i.Handle); err != nil {
			t.Fatal(err)
		}
		same(t, "without the initiative", nil, left())
	})
}

// TestPicturesDropped: of whatever an initiative and its posts have no more, it is
// seen whether anything else has it.
func TestPicturesDropped(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		logo := func(name string) *directory.Initiative {
			i := library()
			i.Image = &directory.Image{URL: "https://ghent.example/media/" + name}
			return i
		}
		if err := c.Draft(ctx, logo("draft.png")); err != nil {
			t.Fatal(err)
		}
		i := c.publish(t, logo("first.png"))
		p := &directory.Post{Text: "Saws.", Attachments: []directory.Attachment{{File: "a.jpg"}, {File: "b.jpg"}}}
		if err := c.Post(ctx, i.Handle, p); err != nil {
			t.Fatal(err)
		}
		dropped := func(what string, want ...string) {
			t.Helper()
			var got []string
			for job := range c.jobs(t) {
				if file, ok := strings.CutPrefix(job, "picture "); ok {
					got = append(got, file)
				}
			}
			slices.Sort(got)
			same(t, what, want, got)
		}
		dropped("of a draft", "draft.png")
		edit := func(url string) {
			t.Helper()
			_, err := c.Edit(ctx, i.Handle, func(i *directory.Initiative) error {
				i.Image = &directory.Image{URL: url}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		edit("https://ghent.example/media/second.png")
		dropped("of another logo", "first.png")
		edit("https://elsewhere.example/media/third.png")
		dropped("of a logo elsewhere", "second.png")
		edit("https://ghent.example/media/fourth.png")
		dropped("of one that was elsewhere")
		err := c.ChangePost(ctx, p.ID, func(p *directory.Post) error {
			p.Attachments = p.Attachments[:1]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		dropped("of a changed post", "b.jpg")
		if err := c.EditPost(ctx, p.ID, "Two saws."); err != nil {
			t.Fatal(err)
		}
		dropped("of changed words")
		if err := c.Withdraw(ctx, i.Handle); err != nil {
			t.Fatal(err)
		}
		dropped("of a withdrawn initiative", "a.jpg", "fourth.png")
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

			"language": {Text: "x", Language: "Deutsch"},
		} {
			wantInvalid(t, field, c.Post(ctx, "instrumentheek", p), field)
		}
		for _, language := range []string{`"><script>`, "nl_BE", "-", "n"} {
			wantInvalid(t, language, c.Post(ctx, "instrumentheek", &directory.Post{Text: "x", Language: language}), "language")
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
