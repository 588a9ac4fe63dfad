package curation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// ParseSubject reads what a decision is about from what people paste: a host, an
// address of one of its pages with nothing behind it, an actor's id or another of
// their addresses, or @user@host, which is returned as user@host. Hosts are returned
// as ParseHost does.
func ParseSubject(s string) (string, error) {
	s = strings.TrimSpace(s)
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		end := len(rest)
		if k := strings.IndexAny(rest, "/?#"); k >= 0 {
			end = k
		}
		host, err := ParseHost(rest[:end])
		if path := rest[end:]; err == nil && path != "" && path != "/" {
			host = strings.ToLower(scheme) + "://" + host + path
			err = directory.ValidateURL("subject", host)
		}
		return host, err
	}
	user, host, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "acct:"), "@"), "@")
	if ok && user != "" && user != directory.DirectoryHandle {
		host, err := ParseHost(host)
		return user + "@" + host, err
	}
	return ParseHost(strings.TrimSuffix(s, "/"))
}

// Preview returns what of ours would be cut off, or leave lists, if the decisions
// were made, on top of those that hold. It fails where Block would.
func (c *Curator) Preview(ctx context.Context, list []directory.Block) (*directory.Reach, error) {
	if err := c.checkBlocks(ctx, list); err != nil {
		return nil, err
	}
	all, err := c.store.BlockList(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, list...)
	cut, err := cutOff(ctx, c.store, all)
	if err != nil {
		return nil, err
	}
	reach, err := c.store.Reach(ctx, cut)
	if err != nil {
		return nil, err
	}
	return reach, c.reachEntries(ctx, all, reach)
}

// reachEntries adds what decisions mean for single entries, and for lists. Those of
// blocked origins are counted.
func (c *Curator) reachEntries(ctx context.Context, list []directory.Block, reach *directory.Reach) error {
	blocks := directory.NewBlocks(list)
	listed, err := c.store.Listed(ctx)
	if err != nil {
		return err
	}
	decided, err := c.store.Initiatives(ctx, actorsOf(list))
	if err != nil {
		return err
	}
	unlisted := map[string]int{}
	for origin, n := range listed {
		if blocks.Of(origin) == directory.Limited {
			unlisted[origin] = n
		}
	}
	for _, i := range decided {
		kind, ofOrigin := blocks.Of(i.ID), blocks.Of(i.Origin)
		if ofOrigin == directory.Blocked || i.State != directory.Published && i.State != directory.Unlisted {
			continue
		}
		if kind == directory.Blocked {
			reach.Entries[i.Origin]++
		}
		switch {
		case i.State != directory.Published:
		case ofOrigin == directory.Limited && kind != directory.Limited:
			unlisted[i.Origin]--
		case ofOrigin != directory.Limited && kind == directory.Limited:
			unlisted[i.Origin]++
		}
	}
	maps.DeleteFunc(unlisted, func(_ string, n int) bool { return n == 0 })
	reach.Unlisted = unlisted
	return nil
}

// actorsOf returns the ids of the actors that decisions are about.
func actorsOf(list []directory.Block) []string {
	var ids []string
	for k := range list {
		if list[k].IsActor() {
			ids = append(ids, list[k].Subject)
		}
	}
	return ids
}

// cutOff returns whether an id, a host or an inbox is cut off by decisions. An inbox
// is cut off with the actor whose own it is; one that an excepted actor shares with
// a blocked server is not.
func cutOff(ctx context.Context, tx *store.Store, list []directory.Block) (func(subject string) bool, error) {
	blocks := directory.NewBlocks(list)
	actors, err := tx.Actors(ctx, actorsOf(list))
	if err != nil {
		return nil, err
	}
	inboxes := map[string]bool{}
	for id, a := range actors {
		if blocks.Blocked(id) {
			inboxes[a.Inbox] = true
		}
	}
	for id, a := range actors {
		if !blocks.Blocked(id) {
			inboxes[a.Inbox], inboxes[a.SharedInbox] = false, false
		}
	}
	return func(subject string) bool {
		if cut, decided := inboxes[subject]; decided {
			return cut
		}
		return blocks.Blocked(subject)
	}, nil
}

// Covers reports whether a decision is about this instance itself.
func (c *Curator) Covers(b *directory.Block) bool {
	return directory.NewBlocks([]directory.Block{*b}).Of(c.instance.Host) != "" || c.instance.IsCalled(b.Host())
}

func (c *Curator) checkBlocks(ctx context.Context, list []directory.Block) error {
	for k := range list {
		if err := list[k].Validate(); err != nil {
			return err
		}
		if c.Covers(&list[k]) {
			return directory.Invalidf("subject", "%s is this instance", list[k].Subject)
		}
		if err := c.checkName(ctx, &list[k]); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses a host that is a single word, unless there is such a peer, or a
// decision about it.
func (c *Curator) checkName(ctx context.Context, b *directory.Block) error {
	if !b.IsName() {
		return nil
	}
	_, noPeer := c.store.Peer(ctx, b.Subject)
	_, undecided := c.store.Block(ctx, b.Subject)
	if noPeer == nil || undecided == nil {
		return nil
	}
	return directory.Invalidf("subject", "%q has no dot: it would be a whole top-level domain, not a server such as spam.example", b.Subject)
}

// Block makes decisions about servers and actors, all of them or none. Whoever is
// blocked is cut off at once: its followings, replies and entries are forgotten,
// and what was to be sent to it is not. A decision about the same subject is
// replaced.
func (c *Curator) Block(ctx context.Context, list ...directory.Block) error {
	if err := c.checkBlocks(ctx, list); err != nil {
		return err
	}
	return c.store.Change(ctx, func(tx *store.Store) error {
		for k := range list {
			list[k].Created = c.now()
			if err := tx.PutBlock(ctx, &list[k]); err != nil {
				return err
			}
		}
		return c.enforce(ctx, tx, list)
	})
}

// Unblock takes a decision back, or fails with directory.ErrNotFound. What was
// cut off does not come back by itself; what was only limited is listed again.
func (c *Curator) Unblock(ctx context.Context, subject string) error {
	return c.store.Change(ctx, func(tx *store.Store) error {
		if err := tx.RemoveBlock(ctx, subject); err != nil {
			return err
		}
		return c.enforce(ctx, tx, nil)
	})
}

// enforce brings what is here into line with decisions that were just made.
func (c *Curator) enforce(ctx context.Context, tx *store.Store, list []directory.Block) error {
	known, err := tx.BlockList(ctx)
	if err != nil {
		return err
	}
	cut, err := cutOff(ctx, tx, known)
	if err != nil {
		return err
	}
	if err := tx.Cut(ctx, cut); err != nil {
		return err
	}
	var entries []string
	for k := range list {
		if list[k].IsActor() && list[k].Kind == directory.Blocked {
			entries = append(entries, list[k].Subject)
		}
	}
	if err := tx.RemoveCarried(ctx, entries); err != nil {
		return err
	}
	return relist(ctx, tx)
}

// relist is List for every origin: what is hidden stays so.
func relist(ctx context.Context, tx *store.Store) error {
	origins, err := tx.CarriedOrigins(ctx)
	if err != nil {
		return err
	}
	hidden, err := tx.HiddenPeers(ctx)
	if err != nil {
		return err
	}
	for _, origin := range origins {
		if err := List(ctx, tx, origin, !slices.Contains(hidden, origin)); err != nil {
			return err
		}
	}
	return nil
}

// List puts the entries carried from an origin into all lists, or takes them out.
// Those that are limited, themselves or with their server, stay out.
func List(ctx context.Context, tx *store.Store, origin string, listed bool) error {
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return err
	}
	change := func(id string) (from, to directory.State) {
		if listed && blocks.Of(id) != directory.Limited {
			return directory.Unlisted, directory.Published
		}
		return directory.Published, directory.Unlisted
	}
	from, to := change(origin)
	if err := restate(ctx, tx, origin, from, to); err != nil {
		return err
	}
	list, err := tx.Initiatives(ctx, blocks.ActorsOn(origin))
	if err != nil {
		return err
	}
	var decided []store.PutEntry
	for _, i := range list {
		if from, to := change(i.ID); i.Origin == origin && i.State == from {
			i.State = to
			decided = append(decided, store.PutEntry{Initiative: i})
		}
	}
	return tx.PutInitiatives(ctx, decided)
}

// restate moves the entries carried from an origin from one state to another.
func restate(ctx context.Context, tx *store.Store, origin string, from, to directory.State) error {
	const batch = 500
	for {
		ids, err := tx.CarriedIDs(ctx, origin, from, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		list, err := tx.Initiatives(ctx, ids)
		if err != nil {
			return err
		}
		entries := make([]store.PutEntry, len(list))
		for k, i := range list {
			i.State = to
			entries[k] = store.PutEntry{Initiative: i}
		}
		if err := tx.PutInitiatives(ctx, entries); err != nil {
			return err
		}
	}
}

// blocked returns why a host is not to be dealt with, or nil.
func blocked(ctx context.Context, tx *store.Store, host string) error {
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return err
	}
	if blocks.Blocked(host) {
		return fmt.Errorf("%s is blocked here; take that back first: %w", host, directory.ErrForbidden)
	}
	return nil
}
