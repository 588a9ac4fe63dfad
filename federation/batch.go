package federation

import (
	"context"
	"errors"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// batch is what the activities that share a transaction ask the store for. It is
// read for all of them when the first one asks; what one of them changes of it, the
// next ones see.
type batch struct {
	tx     *store.Store
	list   []todo
	now    time.Time
	blocks *directory.Blocks

	actors        map[string]*directory.RemoteActor // who signed, as far as they are known
	posts         map[string]*directory.Post        // nil where there is none
	departed      map[store.Departure]bool
	byAuthor      map[string]int // replies of the last hour
	byHost        map[string]int
	reached       map[[2]string]bool // initiatives and inboxes that were noted
	departedAbout map[string]bool    // ids that departed was asked for
}

// newBatch begins to act on activities: whoever signed one is there.
func (s *Server) newBatch(ctx context.Context, tx *store.Store, list []todo) (*batch, error) {
	b := &batch{tx: tx, list: list, now: s.Now(), posts: map[string]*directory.Post{}, reached: map[[2]string]bool{}}
	var err error
	if b.blocks, err = tx.Blocks(ctx); err != nil {
		return nil, err
	}
	hosts := b.distinct(func(t *todo) string { return directory.HostOf(t.Signer) })
	if err := tx.HostsWell(ctx, hosts, b.now); err != nil {
		return nil, err
	}
	return b, s.peering.Returned(ctx, tx, hosts...)
}

// distinct returns what the activities have of something, each once.
func (b *batch) distinct(of func(*todo) string) []string {
	var all []string
	for k := range b.list {
		if v := of(&b.list[k]); v != "" {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func signerOf(t *todo) string { return t.Signer }

// actor returns what is known of who signed, or directory.ErrNotFound.
func (b *batch) actor(ctx context.Context, signer string) (*directory.RemoteActor, error) {
	if b.actors == nil {
		var err error
		if b.actors, err = b.tx.Actors(ctx, b.distinct(signerOf)); err != nil {
			return nil, err
		}
	}
	if a := b.actors[signer]; a != nil {
		return a, nil
	}
	return nil, directory.ErrNotFound
}

// post returns the post with the id, or directory.ErrNotFound.
func (b *batch) post(ctx context.Context, id string) (*directory.Post, error) {
	p, seen := b.posts[id]
	if !seen {
		var err error
		if p, err = b.tx.Post(ctx, id); err != nil && !errors.Is(err, directory.ErrNotFound) {
			return nil, err
		}
		b.posts[id] = p
	}
	if p == nil {
		return nil, directory.ErrNotFound
	}
	return p, nil
}

// hasDeparted reports whether an actor has taken the thing with the id back before
// it came.
func (b *batch) hasDeparted(ctx context.Context, id, actor string) (bool, error) {
	since := b.now.Add(-rememberDeparted)
	if b.departed == nil {
		ids := b.distinct(func(t *todo) string {
			if reactionKind(t.activity.Type) != "" || t.activity.Type == "Follow" {
				return t.activity.ID
			}
			return t.activity.Object.ID
		})
		list, err := b.tx.DepartedAmong(ctx, ids, since)
		if err != nil {
			return false, err
		}
		b.departed, b.departedAbout = make(map[store.Departure]bool, len(list)), make(map[string]bool, len(ids))
		for _, d := range list {
			b.departed[d] = true
		}
		for _, id := range ids {
			b.departedAbout[id] = true
		}
	}
	if !b.departedAbout[id] {
		return b.tx.Departed(ctx, id, actor, since)
	}
	return b.departed[store.Departure{ID: id, ActorID: actor}], nil
}

// forgetDeparted forgets that an actor took the thing with the id back.
func (b *batch) forgetDeparted(ctx context.Context, id, actor string) error {
	delete(b.departed, store.Departure{ID: id, ActorID: actor})
	return b.tx.ForgetDeparted(ctx, id, actor)
}

// noteDeparted remembers that an actor takes back what did not come yet.
func (b *batch) noteDeparted(ctx context.Context, id, actor string) error {
	if b.departed != nil {
		b.departed[store.Departure{ID: id, ActorID: actor}] = true
	}
	return b.tx.NoteDeparted(ctx, id, actor, b.now)
}

// repliesOf returns how many replies an author, and its whole host, sent in the
// last hour.
func (b *batch) repliesOf(ctx context.Context, author string) (ofAuthor, ofHost int, err error) {
	if b.byAuthor == nil {
		if b.byAuthor, b.byHost, err = b.tx.CountRepliesSince(ctx, b.distinct(signerOf), b.now.Add(-time.Hour)); err != nil {
			return 0, 0, err
		}
	}
	return b.byAuthor[author], b.byHost[directory.HostOf(author)], nil
}

// addReply stores a reply, once.
func (b *batch) addReply(ctx context.Context, r *directory.Reply) error {
	added, err := b.tx.AddReply(ctx, r)
	if added && b.byAuthor != nil {
		b.byAuthor[r.Author.ID]++
		b.byHost[directory.HostOf(r.Author.ID)]++
	}
	return err
}

// noteReader notes that somebody's server has something of an initiative of ours:
// it is to hear when that is changed or taken back (PO5).
func (b *batch) noteReader(ctx context.Context, reader, initiativeID string) error {
	a, err := b.actor(ctx, reader)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	one := [2]string{initiativeID, a.DeliveryInbox()}
	if b.reached[one] {
		return nil
	}
	b.reached[one] = true
	return b.tx.PutReached(ctx, initiativeID, one[1:], b.now)
}
