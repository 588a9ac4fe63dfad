package curation

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Move says that the initiative with the handle is now the actor with the id
// target, on another instance. It leaves the directory; its actor stays and says
// where it is, its followers are told, and its handle is never given to another
// one. That the target names it among those that it was before is for the caller
// to check: else nobody follows it there. It may move once in
// directory.MoveCooldown.
func (c *Curator) Move(ctx context.Context, handle, target string) error {
	if err := directory.ValidateURL("target", target); err != nil {
		return err
	}
	if c.instance.Owns(target) && c.instance.Handle(target) == handle {
		return directory.Invalidf("target", "%s is the initiative itself", target)
	}
	return c.store.Change(ctx, func(tx *store.Store) error {
		old, err := c.movable(ctx, tx, handle)
		if err != nil {
			return err
		}
		i := *old
		i.State, i.MovedTo, i.Updated, i.Revision = directory.Moved, target, c.after(old), old.Revision+1
		if err := tx.PutInitiative(ctx, &i, directory.Removed); err != nil {
			return err
		}
		return c.queue(ctx, tx, PushJob, "", "")
	})
}

// CheckMove returns the error with which Move would fail whatever the target.
func (c *Curator) CheckMove(ctx context.Context, handle string) error {
	_, err := c.movable(ctx, c.store, handle)
	return err
}

// movable returns the own entry with the handle if it may move now.
func (c *Curator) movable(ctx context.Context, tx *store.Store, handle string) (*directory.Initiative, error) {
	i, err := c.own(ctx, tx, handle)
	switch {
	case err != nil:
		return nil, err
	case i == nil || i.State == directory.Draft:
		return nil, fmt.Errorf("initiative %s: %w", handle, directory.ErrNotFound)
	case i.State == directory.Withdrawn:
		return nil, fmt.Errorf("initiative %s: %w", handle, directory.ErrGone)
	case i.State == directory.Moved && c.now().Sub(i.Updated) < directory.MoveCooldown:
		return nil, directory.Invalidf("target", "%s moved to %s on %s; it may move again a week after that",
			handle, i.MovedTo, i.Updated.Format("2 January 2006"))
	}
	return i, nil
}
