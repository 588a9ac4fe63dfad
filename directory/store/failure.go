package store

import (
	"context"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// MaxFailDays is on how many distinct days a host or an inbox fails until it is
// taken as unavailable.
const MaxFailDays = 7

// Failure is a delivery that did not arrive, for now.
type Failure struct {
	Delivery *directory.Delivery
	OfInbox  bool      // others of its host may be well
	Release  []string  // ids of deliveries that were claimed and are not tried for the same reason
	Began    time.Time // when it was sent
	Now      time.Time
	Error    string
	GiveUp   bool                          // it is not tried again
	Wait     func(fails int) time.Duration // how long the host or inbox is left alone
}

// FailDelivery lets a delivery be claimed again later, and leaves its host alone
// until then, or its inbox if that alone failed: what one delivery found out,
// others need not. Failures of several that were under way together count as one.
// Who failed on MaxFailDays days loses its deliveries. It returns the new state of
// the host or the inbox.
func (s *Store) FailDelivery(ctx context.Context, f Failure) (failed HostState, err error) {
	err = s.Tx(ctx, func(tx *Store) error {
		host, err := tx.Host(ctx, f.Delivery.Host)
		if err != nil {
			return err
		}
		inbox, err := tx.troubledInbox(ctx, f.Delivery)
		if err != nil {
			return err
		}
		if f.OfInbox {
			inbox.fail(f)
			failed = inbox
		} else {
			host.fail(f)
			inbox.FailedAt = f.Now // the next to be tried is another's
			failed = host
		}
		if err := tx.putBack(ctx, f, failed); err != nil {
			return err
		}
		if f.OfInbox {
			err = tx.dueBy(ctx, f.Now, `name = ?`, host.Name)
		} else {
			err = tx.PutHost(ctx, host)
		}
		if err != nil {
			return err
		}
		return tx.putInbox(ctx, inbox)
	})
	return failed, err
}

// putBack does with what was claimed as is due after a failure.
func (s *Store) putBack(ctx context.Context, f Failure, failed HostState) (err error) {
	switch {
	case failed.Unavailable && f.OfInbox:
		_, err = s.dropDeliveries(ctx, `host = ? AND inbox = ?`, failed.Name, failed.Inbox)
		return err
	case failed.Unavailable:
		_, err = s.dropDeliveries(ctx, `host = ?`, failed.Name)
		return err
	case f.GiveUp:
		if _, err := s.DropDeliveries(ctx, f.Delivery.ID); err != nil {
			return err
		}
	}
	if _, err := s.exec(ctx, "delivery", `UPDATE deliveries SET leased = 0, run_at = ?, tries = tries + 1
		WHERE id = ?`, micros(f.Now), f.Delivery.ID); err != nil {
		return err
	}
	return s.FreeDeliveries(ctx, f.Release, f.Now)
}

// fail counts a failure.
func (h *HostState) fail(f Failure) {
	const day = 24 * time.Hour
	if h.Fails == 0 {
		h.FailingSince = f.Now
	}
	if !h.NextAt.After(f.Began) { // or else it began before this was found failing
		if h.Fails == 0 || !f.Now.Truncate(day).Equal(h.FailedAt.Truncate(day)) {
			h.FailDays++
		}
		h.Fails++
		h.FailedAt = f.Now
		h.NextAt = f.Now.Add(f.Wait(h.Fails))
	}
	h.Error = f.Error
	h.Unavailable = h.Unavailable || h.FailDays >= MaxFailDays
}
