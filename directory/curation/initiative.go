package curation

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Publish makes a new initiative public, with a first post that introduces it,
// or a draft that was stored before. Handle and what Validate asks for must be
// given; ID, Origin, dates and what follows from the seed forms are filled in.
// It fails with directory.ErrConflict when the handle is taken and with
// directory.ErrGone when it belonged to a withdrawn one.
func (c *Curator) Publish(ctx context.Context, i *directory.Initiative) error {
	if err := i.Validate(); err != nil {
		return err
	}
	return c.change(ctx, func(tx *store.Store) error {
		old, err := c.draft(ctx, tx, i.Handle)
		if err != nil {
			return err
		}
		c.complete(i, old)
		i.State = directory.Published
		if err := c.dropPictures(ctx, tx, c.logoOf(old), c.logoOf(i)); err != nil {
			return err
		}
		return c.announce(ctx, tx, i)
	})
}

// Draft stores a new initiative that nobody sees before Publish, or changes a
// draft. It fails as Publish does.
func (c *Curator) Draft(ctx context.Context, i *directory.Initiative) error {
	if err := i.Validate(); err != nil {
		return err
	}
	return c.change(ctx, func(tx *store.Store) error {
		old, err := c.draft(ctx, tx, i.Handle)
		if err != nil {
			return err
		}
		c.complete(i, old)
		i.State = directory.Draft
		if err := c.dropPictures(ctx, tx, c.logoOf(old), c.logoOf(i)); err != nil {
			return err
		}
		return tx.PutInitiative(ctx, i, "")
	})
}

// announce writes a newly published initiative with its introduction.
func (c *Curator) announce(ctx context.Context, tx *store.Store, i *directory.Initiative) error {
	if err := tx.PutInitiative(ctx, i, directory.Added); err != nil {
		return err
	}
	post := c.introduction(i)
	if err := tx.PutPost(ctx, post); err != nil {
		return err
	}
	if err := c.queuePost(ctx, tx, PostCreated, post.ID); err != nil {
		return err
	}
	return c.queue(ctx, tx, PushJob, "", "")
}

// Edit changes a published initiative: change alters the current one. What says
// the same as before changes nothing. It fails with directory.ErrNotFound or
// directory.ErrGone when there is none.
func (c *Curator) Edit(ctx context.Context, handle string, change func(*directory.Initiative) error) (*directory.Initiative, error) {
	var edited *directory.Initiative
	err := c.store.Change(ctx, func(tx *store.Store) error {
		old, err := tx.InitiativeByHandle(ctx, c.instance.Host, handle)
		if err != nil {
			return err
		}
		// Read again, not copied: change may alter what a copy would share.
		i, err := tx.InitiativeByHandle(ctx, c.instance.Host, handle)
		if err != nil {
			return err
		}
		if err := change(i); err != nil {
			return err
		}
		i.ID, i.Handle, i.Origin, i.State = old.ID, old.Handle, old.Origin, old.State
		if err := i.Validate(); err != nil {
			return err
		}
		c.complete(i, old)
		edited = old
		if i.SameContent(old) {
			return nil
		}
		edited = i
		if err := tx.PutInitiative(ctx, i, directory.Edited); err != nil {
			return err
		}
		if err := c.dropPictures(ctx, tx, c.logoOf(old), c.logoOf(i)); err != nil {
			return err
		}
		return c.queue(ctx, tx, PushJob, "", "")
	})
	return edited, err
}

// Withdraw takes an initiative out of the directory for good: what remains is
// its id, handle and name, so that nobody else is ever taken for it. Its posts
// and pictures go.
func (c *Curator) Withdraw(ctx context.Context, handle string) error {
	return c.store.Change(ctx, func(tx *store.Store) error {
		old, err := c.own(ctx, tx, handle)
		if err != nil {
			return err
		}
		if old == nil {
			return fmt.Errorf("initiative %s: %w", handle, directory.ErrNotFound)
		}
		if old.State == directory.Withdrawn {
			return fmt.Errorf("initiative %s: %w", handle, directory.ErrGone)
		}
		change := directory.Removed
		if old.State == directory.Draft {
			change = "" // nobody has seen it
		}
		if err := tx.PutInitiative(ctx, c.tombstone(old), change); err != nil {
			return err
		}
		pictures, err := tx.RemovePosts(ctx, old.ID)
		if err != nil {
			return err
		}
		if err := c.dropPictures(ctx, tx, append(filesOf(pictures), c.logoOf(old)...), nil); err != nil {
			return err
		}
		return c.queue(ctx, tx, PushJob, "", "")
	})
}

func (c *Curator) tombstone(i *directory.Initiative) *directory.Initiative {
	return &directory.Initiative{
		ID: i.ID, Handle: i.Handle, Origin: i.Origin, Name: i.Name, State: directory.Withdrawn,
		Source:    directory.Source{Name: i.Source.Name, ExternalID: i.Source.ExternalID},
		Published: i.Published, Updated: c.after(i), Revision: i.Revision + 1,
	}
}

// draft returns the draft with the handle, nil if it is free, or an error if it
// is taken.
func (c *Curator) draft(ctx context.Context, tx *store.Store, handle string) (*directory.Initiative, error) {
	old, err := c.own(ctx, tx, handle)
	if err != nil || old == nil {
		return nil, err
	}
	switch {
	case old.State == directory.Draft:
		return old, nil
	case old.State.IsOver():
		return nil, fmt.Errorf("handle %s was that of an initiative that is gone: %w", handle, directory.ErrGone)
	}
	return nil, fmt.Errorf("handle %s is taken: %w", handle, directory.ErrConflict)
}

// own returns the own entry with the handle in any state, or nil.
func (c *Curator) own(ctx context.Context, tx *store.Store, handle string) (*directory.Initiative, error) {
	list, err := tx.Initiatives(ctx, []string{c.instance.InitiativeID(handle)})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// complete fills in what the instance decides: identity, dates, revision, and
// the kind and currents that follow from the seed forms when nobody chose
// others. old is the entry as stored, or nil.
func (c *Curator) complete(i, old *directory.Initiative) {
	i.ID, i.Origin = c.instance.InitiativeID(i.Handle), c.instance.Host
	if i.Kind == "" {
		i.Kind = directory.KindOf(i.Forms)
	}
	if len(i.Currents) == 0 {
		i.Currents = directory.CurrentsOf(i.Forms)
	}
	if i.Status == "" {
		i.Status = directory.Active
	}
	if old == nil {
		i.Published, i.Updated, i.Revision = c.now(), c.now(), 1
		return
	}
	i.Published, i.Updated, i.Revision = old.Published, c.after(old), old.Revision+1
	if old.State == directory.Draft {
		i.Published = i.Updated
	}
}

// introduction returns the first post of an initiative. Its words are the
// initiative's own, so that it needs no translation.
func (c *Curator) introduction(i *directory.Initiative) *directory.Post {
	parts := []string{i.Name}
	if i.Summary != "" {
		parts = append(parts, i.Summary)
	}
	var where []string
	for _, s := range []string{i.Place.Locality, i.Place.Country} {
		if s != "" {
			where = append(where, s)
		}
	}
	line := strings.Join(where, ", ")
	if site := i.Website(); site != "" {
		line = strings.TrimPrefix(line+"\n"+site, "\n")
	}
	if line != "" {
		parts = append(parts, line)
	}
	var tags []string
	for _, slug := range i.Forms {
		if f, ok := directory.FormBySlug(slug); ok {
			tags = append(tags, f.Hashtag())
		}
	}
	if len(tags) > 0 {
		parts = append(parts, strings.Join(tags, " "))
	}
	p := &directory.Post{
		ID: c.postID(i.ID), InitiativeID: i.ID, Text: strings.Join(parts, "\n\n"), Language: c.instance.Language,
		Pinned: true, Published: i.Published, Updated: i.Published,
	}
	if len(i.Languages) > 0 && directory.ValidateLanguage("languages", i.Languages[0]) == nil {
		p.Language = i.Languages[0]
	}
	return p
}
