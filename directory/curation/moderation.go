package curation

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Moderate decides whether a reply is shown. Its mark names it as it was when
// that was read. Its address, too, names it for who rejects it. It fails with
// directory.ErrNotFound when there is none, and with directory.ErrConflict when it
// may read otherwise by now.
func (c *Curator) Moderate(ctx context.Context, name string, state directory.ReplyState) (*directory.Reply, error) {
	var decided *directory.Reply
	err := c.store.Tx(ctx, func(tx *store.Store) error {
		r, err := tx.Reply(ctx, directory.ReplyKey(name))
		if err != nil {
			return err
		}
		if name != r.Mark() && (name != r.ID || state != directory.ReplyRejected) {
			return fmt.Errorf("reply %s: %w", name, directory.ErrConflict)
		}
		if err := tx.SetReplyState(ctx, r, state); err != nil {
			return err
		}
		r.State = state
		decided = r
		return nil
	})
	return decided, err
}

// CloseReport takes a report off the list of those that wait, or fails with
// directory.ErrNotFound.
func (c *Curator) CloseReport(ctx context.Context, id string) error {
	return c.store.CloseReport(ctx, id, c.now())
}
