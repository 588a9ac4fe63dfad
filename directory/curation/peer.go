package curation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// PeerFarewell is the payload of an UnfollowJob: what is needed to say goodbye
// to a peer that is no longer known.
type PeerFarewell struct {
	ActorID  string `json:"actor_id"`
	Inbox    string `json:"inbox"`
	FollowID string `json:"follow_id"`
}

// ParseHost reads the host of an instance from what people paste: a host, an
// address of one of its pages or "@directory@host". A name in other letters is
// written in ASCII, as it goes over the wire.
func ParseHost(s string) (string, error) {
	host := strings.ToLower(strings.TrimSpace(s))
	host = strings.TrimPrefix(host, "@"+directory.DirectoryHandle+"@")
	if address, err := url.Parse(host); err == nil && (address.Scheme == "http" || address.Scheme == "https") {
		host = address.Host
	}
	u, err := url.Parse("https://" + host)
	if err == nil && u.Host == host {
		if name, notName := idna.Lookup.ToASCII(u.Hostname()); notName == nil && name != u.Hostname() {
			host = strings.Replace(host, u.Hostname(), name, 1)
		}
		if hostPattern.MatchString(host) && validPort(host, u.Port()) {
			return host, nil
		}
	}
	return "", directory.Invalidf("host", "%q is not a host such as ghent.example", s)
}

// hostPattern is a name or an address in brackets, each with or without a port.
var hostPattern = regexp.MustCompile(`^([a-z0-9][a-z0-9._-]{0,252}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// validPort reports whether the port at the end of host is one, if it has any.
func validPort(host, port string) bool {
	if port == "" {
		return !strings.HasSuffix(host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// AddPeer asks for the directory of the instance at host to be followed. It is
// found, asked and read by the running server.
func (c *Curator) AddPeer(ctx context.Context, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	if c.instance.IsCalled(host) {
		return directory.Invalidf("host", "%s is this instance", host)
	}
	return c.change(ctx, func(tx *store.Store) error {
		if err := blocked(ctx, tx, host); err != nil {
			return err
		}
		if err := WantPeer(ctx, tx, host, c.now()); err != nil {
			return err
		}
		return tx.SettleCandidate(ctx, host, directory.CandidateFollowed)
	})
}

// WantPeer notes in a transaction that the instance at host is to be followed,
// and leaves the job to do so.
func WantPeer(ctx context.Context, tx *store.Store, host string, now time.Time) error {
	p, err := tx.Peer(ctx, host)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		p = &directory.Peer{Host: host, Added: now}
	case err != nil:
		return err
	}
	p.Wanted = true
	if p.State != directory.PeerFollowing {
		p.State = directory.PeerSearching
	}
	if err := tx.PutPeer(ctx, p); err != nil {
		return err
	}
	return tx.PutJob(ctx, &directory.Job{ID: NewID(now), Kind: FollowJob, Key: host, Created: now}, now)
}

// RemovePeer stops following the instance at host and forgets its entries.
func (c *Curator) RemovePeer(ctx context.Context, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	return c.store.Change(ctx, func(tx *store.Store) error {
		if err := c.leave(ctx, tx, host); err != nil {
			return err
		}
		return refuse(ctx, tx, host, c.now())
	})
}

// leave forgets a peer, its entries and its news, and leaves the job that takes our
// Follow back.
func (c *Curator) leave(ctx context.Context, tx *store.Store, host string) error {
	p, err := tx.Peer(ctx, host)
	if err != nil {
		return err
	}
	if err := tx.RemovePeer(ctx, host); err != nil {
		return err
	}
	if err := tx.RemoveNews(ctx, host); err != nil || p.FollowID == "" {
		return err
	}
	payload, err := json.Marshal(PeerFarewell{ActorID: p.ActorID, Inbox: p.Inbox, FollowID: p.FollowID})
	if err != nil {
		return fmt.Errorf("write farewell to %s: %w", host, err)
	}
	return c.queue(ctx, tx, UnfollowJob, host, string(payload))
}

// TrustPeer believes the key that a peer shows, whatever it was before.
func (c *Curator) TrustPeer(ctx context.Context, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	return c.change(ctx, func(tx *store.Store) error {
		p, err := tx.Peer(ctx, host)
		if err != nil {
			return err
		}
		if p.State != directory.PeerDoubted {
			return directory.Invalidf("host", "the key of %s is not in doubt", host)
		}
		if err := tx.ForgetKeys(ctx, c.instance.Scheme+"://"+host); err != nil {
			return err
		}
		return WantPeer(ctx, tx, host, c.now())
	})
}

// SyncPeer asks for what is new at a followed peer to be read now; "" means at
// all of them; one that is not read yet is looked for, or asked, again. It returns
// the peers as they are now.
func (c *Curator) SyncPeer(ctx context.Context, host string) ([]directory.Peer, error) {
	return c.eachPeer(ctx, host, func(tx *store.Store, p *directory.Peer) error {
		return c.queue(ctx, tx, nextJob(p.State), p.Host, "")
	})
}

// RepairPeer asks for what is carried from a followed peer to be compared with
// what it has, and mended; "" means from all of them. What could not be mended
// before is tried again. It returns the peers as they are now.
func (c *Curator) RepairPeer(ctx context.Context, host string) ([]directory.Peer, error) {
	return c.eachPeer(ctx, host, func(tx *store.Store, p *directory.Peer) error {
		if p.State != directory.PeerFollowing {
			return c.queue(ctx, tx, FollowJob, p.Host, "")
		}
		if err := tx.ForgetRepair(ctx, p.Host); err != nil {
			return err
		}
		return c.queue(ctx, tx, RepairJob, p.Host, "")
	})
}

// eachPeer does something about a wanted peer, or about all if host is "", in one
// transaction. It returns the peers.
func (c *Curator) eachPeer(ctx context.Context, host string, do func(*store.Store, *directory.Peer) error) ([]directory.Peer, error) {
	if host != "" {
		var err error
		if host, err = ParseHost(host); err != nil {
			return nil, err
		}
	}
	var chosen []directory.Peer
	err := c.store.Tx(ctx, func(tx *store.Store) error {
		if err := open(ctx, tx); err != nil {
			return err
		}
		peers, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		if chosen, err = wanted(peers, host); err != nil {
			return err
		}
		for _, p := range chosen {
			if err := do(tx, &p); err != nil {
				return err
			}
		}
		return nil
	})
	return chosen, err
}

// wanted returns the wanted one of the peers with the host, or all if that is "".
func wanted(peers []directory.Peer, host string) (chosen []directory.Peer, err error) {
	for _, p := range peers {
		switch {
		case host != "" && p.Host != host:
		case p.Wanted:
			chosen = append(chosen, p)
		case host != "":
			return nil, directory.Invalidf("host", "%s follows us and is not followed here; 'commonage peer add %s' follows it", host, host)
		}
	}
	if host != "" && len(chosen) == 0 {
		return nil, fmt.Errorf("peer %s: %w", host, directory.ErrNotFound)
	}
	return chosen, nil
}

// nextJob returns the kind of job that brings a peer's entries, or comes nearer
// to them.
func nextJob(s directory.PeerState) string {
	if s == directory.PeerFollowing {
		return SyncJob
	}
	return FollowJob
}
