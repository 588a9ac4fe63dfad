package curation

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Adopt publishes here an initiative that is carried from another instance, with
// the address that it had there among those that it was before. There it has to be
// moved to the new one. It fails with directory.ErrNotFound when it is not carried
// and with directory.ErrConflict when its handle is taken here.
func (c *Curator) Adopt(ctx context.Context, id string) (*directory.Initiative, error) {
	i, err := c.store.Initiative(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.instance.Owns(id) {
		return nil, directory.Invalidf("initiative", "%s is of this instance already", id)
	}
	if err := i.Gone(); err != nil {
		return nil, fmt.Errorf("initiative %s: %w", id, err)
	}
	adopted := *i
	adopted.AlsoKnownAs = append([]string{id}, i.AlsoKnownAs...)
	adopted.MovedTo, adopted.Stamp, adopted.Revision = "", "", 0
	if len(adopted.AlsoKnownAs) > directory.MaxAliases {
		adopted.AlsoKnownAs = adopted.AlsoKnownAs[:directory.MaxAliases]
	}
	return &adopted, c.Publish(ctx, &adopted)
}

// Close ends the directory for good: initiatives that another instance carries on,
// as an entry carried from there says, move to it, the others are withdrawn, and
// everyone who follows the directory is told that it ends. It can be begun again
// after an interruption. It returns how many initiatives moved and how many were
// withdrawn.
func (c *Curator) Close(ctx context.Context) (moved, withdrawn int, err error) {
	heirs, err := c.store.Heirs(ctx)
	if err != nil {
		return 0, 0, err
	}
	const batch = 200
	for after := ""; ; {
		list, err := c.store.OwnInitiatives(ctx, c.instance.Host, directory.Published, after, batch)
		if err != nil {
			return moved, withdrawn, err
		}
		for _, i := range list {
			after = i.Handle
			if heir, ok := heirs[i.ID]; ok {
				err = c.Move(ctx, i.Handle, heir)
				moved++
			} else {
				err = c.Withdraw(ctx, i.Handle)
				withdrawn++
			}
			if err != nil {
				return moved, withdrawn, fmt.Errorf("close %s: %w", i.Handle, err)
			}
		}
		if len(list) < batch {
			return moved, withdrawn, c.store.Tx(ctx, func(tx *store.Store) error {
				return c.queue(ctx, tx, CloseJob, "", "")
			})
		}
	}
}
