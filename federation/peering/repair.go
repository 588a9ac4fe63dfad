package peering

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	// RepairEvery is how often what is carried from a peer is compared at most with
	// what it has, whether or not anything seems amiss, see RepairAgain.
	RepairEvery = time.Hour

	// maxFetched is how many entries one run fetches one by one. When more differ,
	// the log is read again, a hundred entries a request.
	maxFetched = 200

	maxBuckets     = 64  // that one run reads, as long as little differs
	maxBucketPages = 200 // of 500 entries
	rereadAgain    = 24 * time.Hour
)

// Repair compares what is carried from the peer at host with what it has, and
// makes it the same: what the peer has no more goes, what is missing or of another
// date is fetched. It costs one request when nothing differs. It returns when to
// compare again.
func (p *Peering) Repair(ctx context.Context, host string) (again time.Time, err error) {
	peer, err := p.Store.Peer(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && (!peer.Wanted || peer.State != directory.PeerFollowing) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	if peer.Cursor == "" || peer.Backfill != "" {
		return p.nextRepair(), nil // it is still being read
	}
	more, err := p.repair(ctx, peer)
	if err != nil {
		return p.patiently(peer, p.nextRepair(), p.fail(ctx, host, err))
	}
	if more {
		return p.Now(), nil
	}
	return p.notBefore(p.nextRepair(), host, digestMatter), nil
}

// nextRepair returns when to compare again, not with all peers at once.
func (p *Peering) nextRepair() time.Time {
	wait := RepairAgain(int(p.pace.peers.Load()))
	return p.Now().Add(wait - wait/10 + rand.N(wait/5)) //nolint:gosec // no secret
}

// comparison is one repair under way.
type comparison struct {
	peer    *directory.Peer
	root    string // the peer's collection of initiatives
	memory  *store.Repair
	blocks  *directory.Blocks
	room    int  // entries that are not known here and may yet be carried
	listed  int  // entries that it says to have
	fetched int  // entries
	changed int  // entries
	missed  bool // one of them should have come by itself
	rest    bool
}

// repair compares and mends. It reports whether there is more to do than one run
// does.
func (p *Peering) repair(ctx context.Context, peer *directory.Peer) (more bool, err error) {
	c, err := p.newComparison(ctx, peer)
	if err != nil {
		return false, err
	}
	decisions, err := p.Store.Decisions(ctx)
	if err != nil {
		return false, err
	}
	// Ours first: what comes while we ask is then taken for a difference, looked
	// at and found to be none.
	ours, err := p.Store.Digest(ctx, peer.Host)
	if err != nil {
		return false, err
	}
	theirs, err := p.theirDigest(ctx, c)
	if err != nil {
		return false, err
	}
	m := c.memory
	known := m.Theirs == theirs.String() && m.Ours == ours.Digest.String() && m.Decisions == decisions && m.Most == p.MaxEntries
	if ours.Digest == theirs || m.Bucket == 0 { // else it goes on with what it began with
		m.Theirs, m.Ours, m.Decisions, m.Most = theirs.String(), "", decisions, p.MaxEntries
	}
	if ours.Digest == theirs || known {
		return false, p.settled(ctx, c)
	}
	if err := p.mend(ctx, c); err != nil || c.rest {
		return err == nil, errors.Join(err, p.mended(ctx, c), p.unfinished(ctx, c))
	}
	return false, errors.Join(p.mended(ctx, c), p.settled(ctx, c))
}

// newComparison returns one that has not asked anything yet.
func (p *Peering) newComparison(ctx context.Context, peer *directory.Peer) (c *comparison, err error) {
	c = &comparison{peer: peer, root: peer.ActorID + "/initiatives", room: maxBuckets * maxFetched}
	if c.memory, err = p.Store.Repair(ctx, peer.Host); err != nil {
		return nil, err
	}
	if c.blocks, err = p.Store.Blocks(ctx); err != nil || p.MaxEntries == 0 {
		return c, err
	}
	n, err := p.Store.CountOf(ctx, peer.Host)
	c.room = p.MaxEntries - n
	return c, err
}

// mended has the peer reminded that we follow it when it did not tell us of what
// was mended.
func (p *Peering) mended(ctx context.Context, c *comparison) error {
	if !c.missed {
		return nil
	}
	return p.Store.Change(ctx, func(tx *store.Store) error { return p.remind(ctx, tx, c.peer.Host) })
}

// unfinished notes what was mended by a run of a repair that others go on with.
func (p *Peering) unfinished(ctx context.Context, c *comparison) error {
	if c.changed == 0 {
		return nil
	}
	err := p.Store.UpdatePeer(ctx, c.peer.Host, func(peer *directory.Peer) error {
		peer.Mending += c.changed
		return nil
	})
	if errors.Is(err, directory.ErrNotFound) {
		return nil // removed since
	}
	return err
}

// theirDigest asks the peer what all its entries amount to.
func (p *Peering) theirDigest(ctx context.Context, c *comparison) (directory.Digest, error) {
	doc, err := p.fetchFrom(ctx, c.peer, c.root)
	if err != nil {
		return directory.Digest{}, err
	}
	p.told(c.peer.Host, digestMatter, &doc)
	collection, err := collectionOf(c.root, &doc)
	if err != nil {
		return directory.Digest{}, err
	}
	c.listed = collection.TotalItems
	d, err := directory.ParseDigest(collection.Digest)
	if err != nil {
		return d, invalid(c.root, err)
	}
	return d, nil
}

// fetchFrom fetches a document that must be on the peer's own host.
func (p *Peering) fetchFrom(ctx context.Context, peer *directory.Peer, address string) (client.Document, error) {
	if directory.HostOf(address) != peer.Host {
		return client.Document{}, invalid(address, fmt.Errorf("what %s says of its directory is on another host", peer.Host))
	}
	return p.Client.Document(ctx, address)
}

// settled remembers what a repair came to, so that what cannot be the same, as an
// entry that is blocked here, is not looked at again each hour.
func (p *Peering) settled(ctx context.Context, c *comparison) error {
	host := c.peer.Host
	err := p.Store.Change(ctx, func(tx *store.Store) error {
		peer, err := tx.Peer(ctx, host)
		if err != nil || !follows(peer) {
			return err
		}
		ours, err := tx.Digest(ctx, host)
		if err != nil {
			return err
		}
		c.memory.Ours, c.memory.Bucket, c.memory.Repaired = ours.Digest.String(), 0, p.Now()
		if err := tx.PutRepair(ctx, c.memory); err != nil {
			return err
		}
		peer.Settled(p.Now(), c.listed, ours.Entries, c.changed)
		if err := p.well(ctx, tx, peer); err != nil {
			return err
		}
		return tx.PutPeer(ctx, peer)
	})
	if errors.Is(err, directory.ErrNotFound) {
		return nil // removed since
	}
	return err
}

// mend finds the buckets that differ and mends them.
func (p *Peering) mend(ctx context.Context, c *comparison) error {
	ours, err := p.Store.Digests(ctx, c.peer.Host)
	if err != nil {
		return err
	}
	address := c.root + "/digests"
	doc, err := p.fetchFrom(ctx, c.peer, address)
	if err != nil {
		return err
	}
	theirs, err := vocab.ParseBuckets(doc.Body, directory.Buckets)
	if err != nil {
		return invalid(address, err)
	}
	var differ []int
	excess := 0
	for k := range theirs {
		if theirs[k].Digest == ours[k].Digest.String() {
			continue
		}
		differ = append(differ, k)
		excess += max(theirs[k].TotalItems-ours[k].Entries, 0)
	}
	if reread, err := p.reread(ctx, c, excess > maxFetched || len(differ) > maxBuckets); reread || err != nil {
		return err
	}
	began := c.memory.Bucket
	for _, k := range differ {
		if k < began {
			continue
		}
		if err := p.mendBucket(ctx, c, k, theirs[k].ID); err != nil {
			return err
		}
		if !c.rest {
			continue
		}
		c.memory.Bucket = k
		if k == began && c.changed == 0 { // nothing of it can be had
			c.memory.Bucket++
		}
		return p.Store.PutRepair(ctx, c.memory)
	}
	return nil
}

// reread has the whole log read again if much differs, once in a while. What that
// does not mend is mended one by one the next time.
func (p *Peering) reread(ctx context.Context, c *comparison, much bool) (bool, error) {
	if !much || p.Now().Sub(c.memory.Reread) < rereadAgain {
		return false, nil
	}
	c.memory.Reread = p.Now()
	err := p.Store.Change(ctx, func(tx *store.Store) error {
		if err := tx.PutRepair(ctx, c.memory); err != nil {
			return err
		}
		peer, err := tx.Peer(ctx, c.peer.Host)
		if err != nil {
			return err
		}
		peer.Cursor, peer.Backfill = "", ""
		if err := tx.PutPeer(ctx, peer); err != nil {
			return err
		}
		return p.queue(ctx, tx, curation.SyncJob, c.peer.Host, p.Now())
	})
	c.rest = true
	if errors.Is(err, directory.ErrNotFound) {
		return true, nil // removed since
	}
	return true, err
}

// mendBucket makes the entries of one bucket the same.
func (p *Peering) mendBucket(ctx context.Context, c *comparison, bucket int, address string) error {
	// Ours first: only what was so before we asked may be removed for not being
	// in the answer.
	seen, err := p.bucketHere(ctx, c.peer.Host, bucket)
	if err != nil {
		return err
	}
	theirs, err := p.bucketThere(ctx, c.peer, bucket, address)
	if err != nil {
		return err
	}
	var gone []string
	for id := range seen {
		if _, ok := theirs[id]; !ok {
			gone = append(gone, id)
		}
	}
	if err := p.removeGone(ctx, c, gone, seen); err != nil {
		return err
	}
	differs := len(gone) > 0
	for id, updated := range theirs {
		if seen[id] == updated {
			continue
		}
		differs = true
		if c.blocks.Blocked(id) {
			continue
		}
		if c.rest = c.fetched >= maxFetched; c.rest {
			return nil
		}
		if err := p.fetchEntry(ctx, c, id); err != nil {
			return err
		}
	}
	if !differs { // our own sums are wrong, or theirs
		return p.Store.RebuildDigests(ctx, c.peer.Host)
	}
	return nil
}

// bucketHere returns what we carry of a bucket: dates by id.
func (p *Peering) bucketHere(ctx context.Context, host string, bucket int) (map[string]string, error) {
	const batch = 1000
	all := map[string]string{}
	for after := ""; ; {
		list, err := p.Store.Bucket(ctx, host, bucket, after, batch)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			all[e.ID], after = e.Updated, e.ID
		}
		if len(list) < batch {
			return all, nil
		}
	}
}

// bucketThere asks the peer what is in one of its buckets: dates by id. What does
// not belong there is left out.
func (p *Peering) bucketThere(ctx context.Context, peer *directory.Peer, bucket int, address string) (map[string]string, error) {
	all, read := map[string]string{}, map[string]bool{}
	for address != "" && len(read) < maxBucketPages && !read[address] {
		doc, err := p.fetchFrom(ctx, peer, address)
		if err != nil {
			return nil, err
		}
		page, err := collectionOf(address, &doc)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			id, updated, err := vocab.ParseEntryStamp(item)
			if err != nil || !p.speaksFor(peer.Host, id) || directory.BucketOf(id) != bucket {
				continue
			}
			all[id] = updated
		}
		read[address] = true
		address = page.Next
	}
	if address != "" {
		return nil, invalid(address, errors.New("the list of a bucket does not end")) // what is missing in a part is not gone
	}
	return all, nil
}

// speaksFor reports whether the id is one that the instance at host may tell of. The
// host alone would let anyone between us speak for it without encryption.
func (p *Peering) speaksFor(host, id string) bool {
	return client.SameOrigin(id, p.Instance.Scheme+"://"+host)
}

// removeGone removes carried entries that their origin has no more, unless they
// changed since they were seen.
func (p *Peering) removeGone(ctx context.Context, c *comparison, ids []string, seen map[string]string) error {
	if len(ids) == 0 {
		return nil
	}
	host := c.peer.Host
	return p.Store.Change(ctx, func(tx *store.Store) error {
		list, err := tx.Initiatives(ctx, ids)
		if err != nil {
			return err
		}
		var entries []store.PutEntry
		for _, i := range list {
			if i.Origin != host || i.State.IsOver() || stampOf(i) != seen[i.ID] {
				continue
			}
			// An Add from before that comes late does not bring it back.
			gone := tombstone(host, i.ID, i.Updated.Add(time.Microsecond))
			gone.Handle, gone.Name, gone.Published, gone.Revision = i.Handle, i.Name, i.Published, i.Revision+1
			entries = append(entries, store.PutEntry{Initiative: gone})
			c.changed, c.missed = c.changed+1, true
		}
		return tx.PutInitiatives(ctx, entries)
	})
}

func stampOf(i *directory.Initiative) string {
	if i.Stamp != "" {
		return i.Stamp
	}
	return directory.Stamp(i.Updated)
}

// fetchEntry carries an entry as its origin serves it now, be it later or earlier
// than what is known: asked itself, the origin is right. If something else came
// meanwhile, that stays. What there is no room for is not asked for.
func (p *Peering) fetchEntry(ctx context.Context, c *comparison, id string) error {
	peer := c.peer
	before, err := p.stored(ctx, p.Store, id)
	if err != nil || before == nil && c.room <= 0 {
		return err
	}
	c.fetched++
	entry, err := p.entryThere(ctx, peer, id)
	if err != nil || entry == nil {
		return err
	}
	return p.Store.Change(ctx, func(tx *store.Store) error {
		now, err := p.stored(ctx, tx, id)
		if err != nil || !sameVersion(before, now) {
			return err
		}
		peer, err := tx.Peer(ctx, peer.Host)
		if errors.Is(err, directory.ErrNotFound) || err == nil && !follows(peer) {
			return nil // not any more
		}
		if err != nil {
			return err
		}
		later, err := p.later(ctx, tx, []*directory.Initiative{entry}, true)
		if err != nil || len(later) == 0 {
			return err
		}
		c.changed, c.missed = c.changed+1, c.missed || p.overdue(later[0])
		if before == nil {
			c.room--
		}
		return tx.PutInitiatives(ctx, later)
	})
}

// entryThere returns an entry as its origin serves it, or nil if it cannot be had.
func (p *Peering) entryThere(ctx context.Context, peer *directory.Peer, id string) (*directory.Initiative, error) {
	doc, err := p.fetchFrom(ctx, peer, id)
	if status, ok := errors.AsType[*client.StatusError](err); ok && (status.Gone() || status.Status == http.StatusNotFound) {
		return nil, nil // withdrawn since: the next comparison sees it
	}
	if err != nil && !client.Retryable(err) {
		p.Log.WarnContext(ctx, "entry ignored", "peer", peer.Host, "entry", id, "err", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entry, err := vocab.ParseInitiative(doc.Body)
	if err != nil || entry.ID != id {
		p.Log.WarnContext(ctx, "entry ignored", "peer", peer.Host, "entry", id, "err", err)
		return nil, nil
	}
	if actor, err := vocab.ParseActor(doc.Body); err == nil && actor.Discoverable {
		entry.Origin = peer.Host
		return entry, nil
	}
	return tombstone(peer.Host, id, entry.Updated), nil // it does not want to be listed
}

// follows reports whether what a peer tells is carried.
func follows(peer *directory.Peer) bool { return peer.Wanted && peer.State == directory.PeerFollowing }

// stored returns the entry as stored, or nil.
func (p *Peering) stored(ctx context.Context, s *store.Store, id string) (*directory.Initiative, error) {
	list, err := s.Initiatives(ctx, []string{id})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func sameVersion(a, b *directory.Initiative) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.State == b.State && a.Updated.Equal(b.Updated) && a.Revision == b.Revision
}

// afterReading leaves the job to compare once a peer's log was read: soon after an
// outage or when nothing was compared since it was read from its beginning, else
// when it is time. Missed says that it told of something that should have come by
// itself.
func (p *Peering) afterReading(ctx context.Context, tx *store.Store, peer *directory.Peer, missed bool) error {
	if missed {
		if err := p.remind(ctx, tx, peer.Host); err != nil {
			return err
		}
	}
	memory, err := tx.Repair(ctx, peer.Host)
	if err != nil {
		return err
	}
	at := p.nextRepair() // unless it waits for an earlier time
	if peer.LastError != "" || !memory.Repaired.After(memory.Reread) {
		at = p.Now()
	}
	return p.queue(ctx, tx, curation.RepairJob, peer.Host, at)
}

// startRepairs has what is carried compared soon, as this server may have been
// away, but not with all peers at once.
func (p *Peering) startRepairs(ctx context.Context) error {
	peers, err := p.Store.FollowedPeers(ctx)
	if err != nil {
		return err
	}
	for k := range peers {
		at := p.Now().Add(RepairAt(k, len(peers), rand.Float64())) //nolint:gosec // no secret
		if err := p.queue(ctx, p.Store, curation.RepairJob, peers[k].Host, at); err != nil {
			return err
		}
	}
	return nil
}
