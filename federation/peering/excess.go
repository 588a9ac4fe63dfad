package peering

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// What a peer brings is bounded in two ways: the way back through its log ends
// when it has told of more entries than it says that there are, and of no peer
// more entries are carried than the operator allows, however they come.

// claimSlack is how many more entries the way back through a log may have than
// its beginning said: it may have grown meanwhile.
const claimSlack = 1000

// overrun reports whether a peer has told of more entries than it said it has.
func overrun(peer *directory.Peer) bool {
	return peer.Total > 0 && peer.Read > peer.Total+peer.Total/10+claimSlack
}

// within returns what may be written of entries: nothing that is not known here
// yet once the origin has as many as it may.
func (p *Peering) within(ctx context.Context, tx *store.Store, origin string, entries []store.PutEntry, known map[string]*directory.Initiative) ([]store.PutEntry, error) {
	fresh := 0
	for _, e := range entries {
		if known[e.Initiative.ID] == nil {
			fresh++
		}
	}
	if p.MaxEntries == 0 || fresh == 0 {
		return entries, nil
	}
	n, err := tx.CountOf(ctx, origin)
	if err != nil || n+fresh <= p.MaxEntries {
		return entries, err
	}
	var kept []store.PutEntry
	for _, e := range entries {
		if known[e.Initiative.ID] == nil {
			if n++; n > p.MaxEntries {
				continue
			}
		}
		kept = append(kept, e)
	}
	p.Log.WarnContext(ctx, "entries left out", "peer", origin, "most", p.MaxEntries)
	return kept, nil
}

// excess says for an operator that not all of what a peer tells is taken, or "".
func (p *Peering) excess(ctx context.Context, tx *store.Store, peer *directory.Peer) (string, error) {
	if overrun(peer) {
		return fmt.Sprintf("%s says that it has %d entries and told of more; the rest was not read.", peer.Host, peer.Total), nil
	}
	if p.MaxEntries == 0 {
		return "", nil
	}
	n, err := tx.CountOf(ctx, peer.Host)
	if err != nil || n < p.MaxEntries {
		return "", err
	}
	return fmt.Sprintf("%s has as many entries here as it may, %d; new ones are left out. The setting peer_entries says how many.", peer.Host, p.MaxEntries), nil
}
