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
		old, err := c.own(ctx, tx, handle)
		if err != nil {
			return err
		}
		switch {
		case old == nil || old.State == directory.Draft:
			return fmt.Errorf("initiative %s: %w", handle, directory.ErrNotFound)
		case old.State == directory.Withdrawn:
			return fmt.Errorf("initiative %s: %w", handle, directory.ErrGone)
		case old.State == directory.Moved && c.now().Sub(old.Updated) < directory.MoveCooldown:
			return directory.Invalidf("target", "%s moved to %s on %s; it may move again a week after that",
				handle, old.MovedTo, old.Updated.Format("2 January 2006"))
		}
		i := *old
		i.State, i.MovedTo, i.Updated, i.Revision = directory.Moved, target, c.after(old), old.Revision+1
		if err := tx.PutInitiative(ctx, &i, directory.Removed); err != nil {
			return err
		}
		return c.queue(ctx, tx, PushJob, "", "")
	})
}
