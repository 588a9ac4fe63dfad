package peering

import (
	"context"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// An instance that many follow answers each of them less often: with what is asked
// for again and again it says when that makes sense again, in Retry-After. We keep to
// that, and forget it with the process.

// matter is what is asked for again and again.
type matter string

const (
	newsMatter   matter = "news"
	listMatter   matter = "peers"
	logMatter    matter = "log"
	digestMatter matter = "digest"
)

// waiting is what the peer at a host is left alone with.
type waiting struct {
	host   string
	matter matter
}

// told notes for how long a peer wants nobody to ask for something again.
func (p *Peering) told(host string, m matter, doc *client.Document) {
	if doc.RetryAfter > 0 {
		p.pace.waits.Store(waiting{host, m}, p.Now().Add(min(doc.RetryAfter, LongestWait)))
		return
	}
	p.pace.waits.Delete(waiting{host, m})
}

// notBefore returns at, or until when the peer at host is left alone with something
// if that is later.
func (p *Peering) notBefore(at time.Time, host string, m matter) time.Time {
	if until, ok := p.pace.waits.Load(waiting{host, m}); ok && until.(time.Time).After(at) {
		return until.(time.Time)
	}
	return at
}

// mayAsk returns those of the peers that need not be left alone with something.
func (p *Peering) mayAsk(peers []directory.Peer, m matter) []directory.Peer {
	now := p.Now()
	var may []directory.Peer
	for k := range peers {
		if !p.notBefore(now, peers[k].Host, m).After(now) {
			may = append(may, peers[k])
		}
	}
	return may
}

// fetchPageOf is fetchPage for what is asked for again and again.
func (p *Peering) fetchPageOf(ctx context.Context, host, address string, m matter) (*vocab.Collection, error) {
	doc, err := p.fetchOf(ctx, host, address, "")
	if err != nil {
		return nil, err
	}
	p.told(host, m, &doc)
	return collectionOf(address, &doc)
}
