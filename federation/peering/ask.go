package peering

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	maxAskPages  = 40 // of the list of news of one peer
	maxAsked     = 50 // activities asked for at once
	askTimeLimit = 4 * time.Minute
)

// Ask asks a random peer what came to it of late, and takes what we missed. A
// peer tells of all that it carries in one answer, whatever the number of
// origins, and nothing but ids until we want more. It returns when to ask again.
func (p *Peering) Ask(ctx context.Context) (again time.Time, err error) {
	now := p.Now()
	again = now.Add(AskEvery + rand.N(AskEvery/5)) //nolint:gosec // no secret
	last, err := p.Store.Asked(ctx)
	if err != nil {
		return again, err
	}
	peers, err := p.Store.FollowedPeers(ctx)
	if err != nil {
		return again, err
	}
	p.pace.peers.Store(int64(len(peers)))
	since, _ := AskSince(now, last)
	chosen, err := p.toAsk(ctx, peers, now, last)
	if err != nil || len(chosen) == 0 {
		return again, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeLimit)
	defer cancel()
	answered := false
	for k := range chosen {
		if err := p.askPeer(ctx, &chosen[k], since); err != nil {
			p.Log.InfoContext(ctx, "peer told no news", "peer", chosen[k].Host, "err", err)
			p.pace.waits.Store(waiting{chosen[k].Host, newsMatter}, now.Add(AskEvery))
			continue
		}
		answered = true
	}
	if !answered { // the next peer is asked about this time too
		others := len(p.mayAsk(peers, newsMatter)) > 0
		return p.Now().Add(AskAgain(!others)), nil
	}
	p.pace.asked.Store(now.UnixMicro())
	return again, p.Store.SetAsked(ctx, now)
}

// toAsk returns whom to ask for news, of those that need not be left alone; when this
// server was away, several, and one at least.
func (p *Peering) toAsk(ctx context.Context, peers []directory.Peer, now, last time.Time) ([]directory.Peer, error) {
	n, away := 1, now.Sub(last) > 2*AskEvery && now.Sub(time.UnixMicro(p.pace.asked.Load())) > 2*AskEvery
	if away {
		n = AskWhenAway
	}
	may := p.mayAsk(peers, newsMatter)
	chosen, err := p.someWell(ctx, may, n)
	if err != nil || len(chosen) > 0 {
		return chosen, err
	}
	if away {
		return p.someWell(ctx, peers, 1)
	}
	p.pace.asked.Store(now.UnixMicro())
	return nil, nil
}

// askPeer takes what came to one peer since a time.
func (p *Peering) askPeer(ctx context.Context, peer *directory.Peer, since time.Time) error {
	root := peer.ActorID + "/news"
	address := root + "?" + url.Values{"since": {since.UTC().Format(time.RFC3339Nano)}}.Encode()
	for read := map[string]bool{}; address != "" && !read[address] && len(read) < maxAskPages; {
		read[address] = true
		page, err := p.fetchPageOf(ctx, peer.Host, address, newsMatter)
		if status, ok := errors.AsType[*client.StatusError](err); ok && status.Status == http.StatusNotFound {
			return nil // it tells no news
		}
		if err != nil {
			return err
		}
		missing, err := p.missing(ctx, page)
		if err != nil {
			return err
		}
		for ids := range slices.Chunk(missing, maxAsked) {
			if err := p.takeNews(ctx, peer, root+"?"+url.Values{"activity": ids}.Encode()); err != nil {
				return err
			}
		}
		address = page.Next
	}
	return nil
}

// missing returns the ids of those activities of a page that we would take.
func (p *Peering) missing(ctx context.Context, page *vocab.Collection) (ids []string, err error) {
	list := make([]*vocab.Activity, 0, len(page.Items))
	entries := make([]string, 0, len(page.Items))
	for _, item := range page.Items {
		if a, err := vocab.ParseActivity(item); err == nil && a.ID != "" && a.Object.ID != "" {
			list, entries = append(list, a), append(entries, a.Object.ID)
		}
	}
	known, err := p.Store.LastChanges(ctx, entries)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if !known[a.Object.ID].Before(a.Published) {
			continue
		}
		fresh, err := p.fresh(ctx, p.Store, directory.HostOf(a.Actor), a)
		if err != nil {
			return nil, err
		}
		if fresh {
			ids = append(ids, a.ID)
		}
	}
	return ids, nil
}

// takeNews takes the activities that a peer gives at an address. They are not
// passed on: whoever missed them asks for them too.
func (p *Peering) takeNews(ctx context.Context, peer *directory.Peer, address string) error {
	page, err := p.fetchPage(ctx, peer.Host, address)
	if err != nil {
		return err
	}
	return p.Store.Change(ctx, func(tx *store.Store) error {
		for _, item := range page.Items[:min(len(page.Items), maxAsked)] {
			a, err := vocab.ParseActivity(item)
			if err != nil {
				p.Log.InfoContext(ctx, "news ignored", "peer", peer.Host, "err", err)
				continue
			}
			if err := p.hear(ctx, tx, peer.Host, a, false); err != nil {
				return err
			}
		}
		return nil
	})
}
