package peering

import (
	"context"
	"path"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// Apply changes the carried entry that an activity of the origin tells of. Only
// a later state replaces an earlier one, so that activities may come in any
// order and any number of times; what the origin may not tell of is ignored.
func (p *Peering) Apply(ctx context.Context, tx *store.Store, origin string, a *vocab.Activity) error {
	entry := p.read(ctx, origin, a)
	if entry == nil {
		return nil
	}
	_, err := p.put(ctx, tx, []*directory.Initiative{entry})
	return err
}

// readAll returns the states that the activities of a page bring entries into.
func (p *Peering) readAll(ctx context.Context, origin string, page *vocab.Collection) []*directory.Initiative {
	entries := make([]*directory.Initiative, 0, len(page.Items))
	for k := range page.Items {
		a, err := page.Activity(k)
		if err != nil {
			p.Log.WarnContext(ctx, "log entry ignored", "peer", origin, "err", err)
			continue
		}
		if entry := p.read(ctx, origin, a); entry != nil {
			entries = append(entries, entry)
		}
	}
	return entries
}

// latest returns the latest state of each entry that pages tell of, in any order.
func latest(pages []page) []*directory.Initiative {
	at := map[string]int{}
	var entries []*directory.Initiative
	for _, page := range pages {
		for _, entry := range page.entries {
			k, ok := at[entry.ID]
			switch {
			case !ok:
				at[entry.ID] = len(entries)
				entries = append(entries, entry)
			case entry.Updated.After(entries[k].Updated):
				entries[k] = entry
			}
		}
	}
	return entries
}

// read returns the state that an activity brings an entry into, or nil when it
// tells of none that the origin may tell of.
func (p *Peering) read(ctx context.Context, origin string, a *vocab.Activity) *directory.Initiative {
	if !p.speaksFor(origin, a.Object.ID) || !p.speaksFor(origin, a.Actor) {
		return nil
	}
	switch a.Type {
	case "Remove", "Delete":
		gone := tombstone(origin, a.Object.ID, a.Published)
		if to := a.Object.MovedTo(); gone != nil && directory.HostOf(to) != "" && to != gone.ID {
			gone.MovedTo = to
		}
		return gone
	case "Add", "Update":
	default:
		return nil
	}
	if a.Object.Raw == nil {
		return nil // nothing but an id: the entry comes with the log
	}
	entry, listed, err := a.Object.Entry()
	if err != nil {
		p.Log.WarnContext(ctx, "entry ignored", "peer", origin, "activity", a.ID, "err", err)
		return nil
	}
	if !listed {
		return tombstone(origin, entry.ID, entry.Updated) // it does not want to be listed
	}
	entry.Origin, entry.State = origin, directory.Published
	return entry
}

// tombstone returns what is kept of a withdrawn entry, so that an older Add
// that comes late does not bring it back; nil if it does not say when. Its handle
// is a guess, as its document is gone, and "" if its address tells none.
func tombstone(origin, id string, withdrawn time.Time) *directory.Initiative {
	if withdrawn.IsZero() {
		return nil
	}
	handle := strings.ToLower(path.Base(id))
	if !directory.ValidHandle(handle) {
		handle = ""
	}
	return &directory.Initiative{
		ID: id, Handle: handle, Origin: origin, State: directory.Withdrawn,
		Published: withdrawn, Updated: withdrawn, Revision: 1,
	}
}

// put writes those of the entries that are later than what is stored, and
// returns them. It reads and writes alone, so that of two changes that come at once
// the later one stays.
func (p *Peering) put(ctx context.Context, tx *store.Store, entries []*directory.Initiative) (later []store.PutEntry, err error) {
	if len(entries) == 0 {
		return nil, nil
	}
	err = tx.Change(ctx, func(tx *store.Store) error {
		if later, err = p.later(ctx, tx, entries, false); err != nil {
			return err
		}
		if err := p.followMoves(ctx, tx, later); err != nil {
			return err
		}
		return tx.PutInitiatives(ctx, later)
	})
	return later, err
}

// followMoves has it looked into whether entries that are gone are where they say:
// until the new place agrees, they are only gone.
func (p *Peering) followMoves(ctx context.Context, tx *store.Store, entries []store.PutEntry) error {
	for _, e := range entries {
		i := e.Initiative
		if i.State != directory.Withdrawn || i.MovedTo == "" {
			continue
		}
		to := i.MovedTo
		i.MovedTo = ""
		if i.Revision == 1 { // never heard of before
			continue
		}
		now := p.Now()
		err := tx.PutJob(ctx, &directory.Job{ID: curation.NewID(now), Kind: curation.MoveJob, Key: i.ID, Payload: to, Created: now}, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// later returns what is to be written of the entries: those that are later than
// what is stored, or, asked for at their origin, all. Those that are blocked, or
// whose handle is another's, are left out.
func (p *Peering) later(ctx context.Context, tx *store.Store, entries []*directory.Initiative, asked bool) ([]store.PutEntry, error) {
	ids, handles := make([]string, len(entries)), make([]string, len(entries))
	for k, e := range entries {
		ids[k], handles[k] = e.ID, e.Handle
	}
	stored, err := tx.Initiatives(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := map[string]*directory.Initiative{}
	for _, i := range stored {
		known[i.ID] = i
	}
	owners, err := tx.HandleOwners(ctx, entries[0].Origin, handles)
	if err != nil {
		return nil, err
	}
	blocks, err := tx.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	var later []store.PutEntry
	for _, e := range entries {
		old := known[e.ID]
		if old != nil && !asked && !e.Updated.After(old.Updated) || blocks.Blocked(e.ID) {
			continue
		}
		if e.State == directory.Published && blocks.Of(e.ID) == directory.Limited {
			e.State = directory.Unlisted
		}
		if old != nil {
			e.Handle, e.Revision = old.Handle, old.Revision+1
		} else if owner, ok := owners[e.Handle]; ok && owner != e.ID || e.Handle == "" {
			p.Log.WarnContext(ctx, "entry ignored, its handle is another's", "peer", e.Origin, "entry", e.ID, "other", owner)
			continue
		}
		owners[e.Handle] = e.ID
		later = append(later, store.PutEntry{Initiative: e})
	}
	return p.within(ctx, tx, entries[0].Origin, later, known)
}
