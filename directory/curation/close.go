package curation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// Closing is what becomes of the published initiatives when the directory closes
// for good.
type Closing struct {
	Moves     []Handover
	Withdrawn []Handover // To is ""
}

// Handover is what becomes of one initiative.
type Handover struct {
	ID, Handle, Name string
	To               string // id of the entry that it is then
}

// PlanClosing returns what Close would do: initiatives move to the heirs, which the
// caller has found and trusts, and the others are withdrawn. It changes nothing. When
// two heirs want the same one, the error is directory.Invalid and names them.
func (c *Curator) PlanClosing(ctx context.Context, heirs []directory.Heir) (*Closing, error) {
	to := map[string][]string{}
	for _, h := range heirs {
		if !slices.Contains(to[h.Old], h.ID) {
			to[h.Old] = append(to[h.Old], h.ID)
		}
	}
	plan := &Closing{}
	err := c.eachPublished(ctx, func(i *directory.Initiative) error {
		h := Handover{ID: i.ID, Handle: i.Handle, Name: i.Name}
		switch targets := to[i.ID]; len(targets) {
		case 0:
			plan.Withdrawn = append(plan.Withdrawn, h)
		case 1:
			h.To = targets[0]
			plan.Moves = append(plan.Moves, h)
		default:
			return directory.Invalidf("initiative "+i.Handle, "%s all say that they are it; "+
				"'commonage initiative move %s ADDRESS' moves it to the right one", strings.Join(targets, " and "), i.Handle)
		}
		return nil
	})
	return plan, err
}

// Close ends the directory for good, as planned: nothing more is published or
// followed here, initiatives move or are withdrawn, those that the plan does not know
// too, no peer is followed any more, and everyone who follows the directory is told
// that it ends. It can be begun again after an interruption.
func (c *Curator) Close(ctx context.Context, plan *Closing) error {
	// What is being published meanwhile is either seen below or refused.
	if err := c.store.Change(ctx, func(tx *store.Store) error {
		return tx.PutClosed(ctx, c.instance.Host, c.now())
	}); err != nil {
		return err
	}
	to := make(map[string]string, len(plan.Moves))
	for _, h := range plan.Moves {
		to[h.ID] = h.To
	}
	err := c.eachPublished(ctx, func(i *directory.Initiative) (err error) {
		if target, ok := to[i.ID]; ok {
			err = c.Move(ctx, i.Handle, target)
		} else {
			err = c.Withdraw(ctx, i.Handle)
		}
		if err != nil {
			return fmt.Errorf("close %s: %w", i.Handle, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.leaveAll(ctx); err != nil {
		return err
	}
	return c.queue(ctx, c.store, CloseJob, "", "")
}

// eachPublished calls do with each initiative that is published here.
func (c *Curator) eachPublished(ctx context.Context, do func(*directory.Initiative) error) error {
	const batch = 200
	for after := ""; ; {
		list, err := c.store.OwnInitiatives(ctx, c.instance.Host, directory.Published, after, batch)
		if err != nil {
			return err
		}
		for _, i := range list {
			after = i.Handle
			if err := do(i); err != nil {
				return err
			}
		}
		if len(list) < batch {
			return nil
		}
	}
}

// leaveAll forgets every peer, one after the other, as each can have many entries.
func (c *Curator) leaveAll(ctx context.Context) error {
	peers, err := c.store.Peers(ctx)
	if err != nil {
		return err
	}
	for _, p := range peers {
		err := c.store.Change(ctx, func(tx *store.Store) error { return c.leave(ctx, tx, p.Host) })
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return fmt.Errorf("leave %s: %w", p.Host, err)
		}
	}
	return nil
}
