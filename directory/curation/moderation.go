package curation

import (
	"context"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// Moderate decides whether the reply with the id or key is shown. It fails with
// directory.ErrNotFound when there is none.
func (c *Curator) Moderate(ctx context.Context, idOrKey string, state directory.ReplyState) (*directory.Reply, error) {
	var decided *directory.Reply
	err := c.store.Tx(ctx, func(tx *store.Store) error {
		r, err := tx.Reply(ctx, idOrKey)
		if err != nil {
			return err
		}
		r.State = state
		decided = r
		return tx.SetReplyState(ctx, r.ID, state)
	})
	return decided, err
}

// CloseReport takes a report off the list of those that wait, or fails with
// directory.ErrNotFound.
func (c *Curator) CloseReport(ctx context.Context, id string) error {
	return c.store.CloseReport(ctx, id, c.now())
}
