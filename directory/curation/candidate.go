package curation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// AcceptCandidate has an instance followed that we heard of, or fails with
// directory.ErrNotFound if we did not.
func (c *Curator) AcceptCandidate(ctx context.Context, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	if _, err := c.store.Candidate(ctx, host); err != nil {
		return err
	}
	return c.AddPeer(ctx, host)
}

// RefuseCandidate has an instance never asked for again, whoever lists it, until
// it is accepted or added. One that is followed is not refused but removed.
func (c *Curator) RefuseCandidate(ctx context.Context, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	return c.store.Change(ctx, func(tx *store.Store) error {
		p, err := tx.Peer(ctx, host)
		if err == nil && p.Wanted {
			return directory.Invalidf("host", "%s is followed; 'commonage peer remove %s' ends that", host, host)
		}
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		return refuse(ctx, tx, host, c.now())
	})
}

// refuse notes the operator's decision against an instance.
func refuse(ctx context.Context, tx *store.Store, host string, now time.Time) error {
	known, err := tx.Candidate(ctx, host)
	if errors.Is(err, directory.ErrNotFound) {
		known, err = &directory.Candidate{Host: host, Found: now}, nil
	}
	if err != nil {
		return err
	}
	known.State, known.Decided = directory.CandidateRefused, now
	if err := tx.PutCandidate(ctx, known); err != nil {
		return fmt.Errorf("refuse %s: %w", host, err)
	}
	return nil
}
