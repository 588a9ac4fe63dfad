package curation

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/directory/store"
)

func (c *Curator) postID(initiativeID string) string {
	return initiativeID + "/posts/" + NewID(c.now())
}

// after returns a time that is later than the entry's last change, even when
// the clock was set back.
func (c *Curator) after(i *directory.Initiative) time.Time { return later(c.now(), i.Updated) }

func later(now, last time.Time) time.Time {
	if now.After(last) {
		return now
	}
	return last.Add(time.Microsecond)
}

// Post publishes news of the initiative with the handle, or an event. Text or an
// event is needed; identity, dates and the hashtags of the initiative's seed
// forms are filled in.
func (c *Curator) Post(ctx context.Context, handle string, p *directory.Post) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return c.store.Change(ctx, func(tx *store.Store) error {
		i, err := tx.InitiativeByHandle(ctx, c.instance.Host, handle)
		if err != nil {
			return err
		}
		p.ID, p.InitiativeID = c.postID(i.ID), i.ID
		p.Published = c.now()
		p.Updated = p.Published
		p.Hashtags, p.Mentions = missingTags(i.Forms, p.Text), nil
		p.Language = cmp.Or(p.Language, c.instance.Language)
		if err := tx.PutPost(ctx, p); err != nil {
			return err
		}
		return c.sendPost(ctx, tx, PostCreated, p)
	})
}

// maxFormTags bounds the hashtags that a post gets from its initiative.
const maxFormTags = 4

// missingTags returns the hashtags of the first seed forms, without #, that the
// text does not have. They are stored with the post, so that it stays the same
// when its initiative changes.
func missingTags(forms []string, text string) []string {
	there := prose.Hashtags(text)
	var missing []string
	for _, slug := range forms[:min(len(forms), maxFormTags)] {
		form, ok := directory.FormBySlug(slug)
		word := strings.TrimPrefix(form.Hashtag(), "#")
		if ok && !slices.ContainsFunc(there, func(w string) bool { return strings.EqualFold(w, word) }) {
			missing = append(missing, word)
		}
	}
	return missing
}

// sendPost leaves the job that sends a post, or first the one that finds the
// people it names.
func (c *Curator) sendPost(ctx context.Context, tx *store.Store, change string, p *directory.Post) error {
	if len(prose.Mentions(p.Text)) == 0 {
		return c.queuePost(ctx, tx, change, p.ID)
	}
	return c.queue(ctx, tx, MentionJob, change+" "+p.ID, p.ID)
}

// EditPost changes the words of a post.
func (c *Curator) EditPost(ctx context.Context, id, text string) error {
	return c.ChangePost(ctx, id, func(p *directory.Post) error {
		p.Text = text
		return nil
	})
}

// ChangePost changes a post: change alters the current one. What says the same
// as before changes nothing. It fails with directory.ErrNotFound or
// directory.ErrGone when there is none.
func (c *Curator) ChangePost(ctx context.Context, id string, change func(*directory.Post) error) error {
	return c.changePost(ctx, id, func(tx *store.Store, p *directory.Post) error {
		old := *p // whose parts the change may alter in place
		p.Attachments = slices.Clone(p.Attachments)
		if old.Event != nil {
			event := *p.Event
			p.Event = &event
		}
		if err := change(p); err != nil {
			return err
		}
		p.ID, p.InitiativeID, p.Published, p.Pinned = old.ID, old.InitiativeID, old.Published, old.Pinned
		p.Language = cmp.Or(p.Language, c.instance.Language)
		if err := p.Validate(); err != nil || reflect.DeepEqual(*p, old) {
			return err
		}
		i, err := tx.Initiative(ctx, p.InitiativeID)
		if err != nil {
			return err
		}
		p.Hashtags, p.Updated = missingTags(i.Forms, p.Text), later(c.now(), p.Updated)
		named := prose.Mentions(p.Text)
		p.Mentions = slices.DeleteFunc(slices.Clone(p.Mentions), func(m directory.Mention) bool {
			return !slices.ContainsFunc(named, func(acct string) bool { return strings.EqualFold(acct, m.Acct) })
		})
		if err := tx.PutPost(ctx, p); err != nil {
			return err
		}
		if err := c.dropPictures(ctx, tx, filesOf(old.Attachments), filesOf(p.Attachments)); err != nil {
			return err
		}
		return c.sendPost(ctx, tx, PostEdited, p)
	})
}

// PinPost puts a post among those that a profile shows first, or takes it from
// there.
func (c *Curator) PinPost(ctx context.Context, id string, pinned bool) error {
	return c.changePost(ctx, id, func(tx *store.Store, p *directory.Post) error {
		if p.Pinned == pinned {
			return nil
		}
		others, err := tx.PinnedPosts(ctx, p.InitiativeID)
		if err != nil {
			return err
		}
		if pinned && len(others) >= directory.MaxPinned {
			return directory.Invalidf("pin", "%d posts are pinned, which is the most; take one down first", len(others))
		}
		p.Pinned = pinned
		if err := tx.PutPost(ctx, p); err != nil {
			return err
		}
		return c.queuePost(ctx, tx, PostPinned, p.ID)
	})
}

// DeletePost takes a post back with its pictures and replies; what remains is a tombstone.
func (c *Curator) DeletePost(ctx context.Context, id string) error {
	return c.changePost(ctx, id, func(tx *store.Store, p *directory.Post) error {
		tombstone := &directory.Post{
			ID: p.ID, InitiativeID: p.InitiativeID, Published: p.Published,
			Updated: later(c.now(), p.Updated), Deleted: true,
		}
		if p.Event != nil {
			tombstone.Event = &directory.Event{} // all that is still said of it
		}
		if err := tx.PutPost(ctx, tombstone); err != nil {
			return err
		}
		if err := tx.RemoveRepliesTo(ctx, p.ID); err != nil {
			return err
		}
		if err := c.dropPictures(ctx, tx, filesOf(p.Attachments), nil); err != nil {
			return err
		}
		return c.queuePost(ctx, tx, PostDeleted, p.ID)
	})
}

func (c *Curator) changePost(ctx context.Context, id string, apply func(*store.Store, *directory.Post) error) error {
	return c.store.Change(ctx, func(tx *store.Store) error {
		p, err := tx.Post(ctx, id)
		if err != nil {
			return err
		}
		if p.Deleted {
			return fmt.Errorf("post %s: %w", id, directory.ErrGone)
		}
		return apply(tx, p)
	})
}
