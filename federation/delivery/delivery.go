// Package delivery sends activities to the inboxes they are queued for: each
// host at its own pace, so that one that is slow or down delays nobody else,
// and over days if need be. Queued deliveries survive a crash.
package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
)

// Options are what a Worker is made with.
type Options struct {
	Store  *store.Store
	Client *client.Client
	// KeyFor returns the key with which an actor signs: the stored one with the
	// id, or the one in use for "".
	KeyFor  func(ctx context.Context, actor, keyID string) (signature.Key, error)
	Workers int // deliveries at once, not counting those that take long
	Log     *slog.Logger
	Now     func() time.Time
}

// The pace of deliveries.
const (
	lease     = 5 * time.Minute // longer than a delivery can wait in memory and take
	ahead     = 32              // claimed at once for one host
	perMinute = 50              // to a host without a shared inbox
	slowAfter = 250 * time.Millisecond
	giveUp    = 7 * 24 * time.Hour
	maxWait   = 12 * time.Hour
	ownWait   = 30 * time.Second
	grace     = 2 * time.Second // for what is under way when the server stops
)

// Worker sends what is queued. It is safe for concurrent use, but runs once at a time.
type Worker struct {
	Options
	awake chan struct{} // there may be something new
	freed chan struct{} // a place is free
	board *board
}

// New returns a worker.
func New(o Options) *Worker {
	return &Worker{
		Options: o, awake: make(chan struct{}, 1), freed: make(chan struct{}, 1),
		board: newBoard(o.Workers),
	}
}

// Wake has the worker look at the queue now.
func (w *Worker) Wake() { wake(w.awake) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake
	}
}

// Run sends what is due, and again whenever it is woken, until the context ends.
// What is under way then has a moment to end; everything else is left in the
// queue.
func (w *Worker) Run(ctx context.Context) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	var settling, running sync.WaitGroup
	end := &settler{w, make(chan settlement)}
	settling.Go(end.run)
	w.board.look()
	for ctx.Err() == nil {
		claimed := w.claim(ctx)
		for t := w.board.begin(); t != nil; t = w.board.begin() {
			running.Go(func() { w.work(sending, t, end) })
		}
		if claimed > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.freed:
		case <-w.awake:
			w.board.look()
		}
	}
	running.Wait()
	close(end.ended)
	settling.Wait()
	return errors.Join(ctx.Err(), w.leave())
}

// size is how many deliveries wait in memory: enough for every place.
func (w *Worker) size() int { return 8*max(1, w.Workers) + ahead }

// claim leases deliveries to be sent next, and returns how many.
func (w *Worker) claim(ctx context.Context) int {
	if err := w.Store.FreeDeliveries(ctx, w.board.giveBack(), w.Now()); err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "deliveries not given back, their lease will end", "err", err)
	}
	c := w.board.wants(w.size())
	if c.Limit == 0 {
		return 0
	}
	c.Now, c.PerHost, c.PerMinute = w.Now(), ahead, perMinute
	c.Lease = c.Now.Add(lease)
	list, err := w.Store.ClaimDeliveries(ctx, c)
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "deliveries stalled", "err", err)
	}
	w.board.add(list, c.Limit)
	return len(list)
}

// leave gives back what was claimed and not begun.
func (w *Worker) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	return w.Store.FreeDeliveries(ctx, w.board.clear(), w.Now())
}

// work sends one activity.
func (w *Worker) work(ctx context.Context, t *task, end *settler) {
	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(slowAfter, func() {
		if !w.board.linger(t) {
			cancel()
		}
		wake(w.freed)
	})
	err := w.deliver(sending, t, end)
	late.Stop()
	w.board.end(t)
	wake(w.freed)
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "delivery not settled", "inbox", t.Inbox, "err", err)
	}
}

// deliver sends one activity and settles what becomes of it, or gives it back when
// the context ends; its own error is about the store.
func (w *Worker) deliver(ctx context.Context, t *task, end *settler) error {
	began := w.Now()
	err := w.send(ctx, t)
	switch {
	case err == nil:
		w.board.arrived(t)
		w.Log.DebugContext(ctx, "delivered", "inbox", t.Inbox, "activity", t.ActivityID, "took", w.Now().Sub(began))
		return end.settle(t, true)
	case ctx.Err() != nil:
		return w.Store.FreeDeliveries(context.WithoutCancel(ctx), []string{t.ID}, w.Now())
	case !client.Retryable(err):
		w.board.arrived(t)
		w.Log.WarnContext(ctx, "delivery refused", "inbox", t.Inbox, "activity", t.ActivityID, "err", err)
		return end.settle(t, false)
	}
	if _, ours := errors.AsType[*client.OwnError](err); ours {
		return w.notSent(ctx, t, err)
	}
	return w.postpone(ctx, t, began, err)
}

// notSent gives a delivery back for a moment, as something is wrong here.
func (w *Worker) notSent(ctx context.Context, t *task, cause error) error {
	err := w.Store.FreeDeliveries(ctx, []string{t.ID}, w.Now().Add(ownWait))
	w.Log.ErrorContext(ctx, "delivery not sent for a reason of our own, will be tried again", "inbox", t.Inbox, "err", cause)
	return err
}

// send makes one try. While a new key is being made known, who refuses one may know
// only the other.
func (w *Worker) send(ctx context.Context, t *task) error {
	err := w.post(ctx, t, t.KeyID)
	if t.KeyID == "" || !unauthorized(err) {
		return err
	}
	return w.post(ctx, t, "")
}

// post sends an activity signed with the stored key with an id.
func (w *Worker) post(ctx context.Context, t *task, keyID string) error {
	key, err := w.KeyFor(ctx, t.ActorID, keyID)
	if err != nil {
		return &client.OwnError{Err: err}
	}
	return w.Client.Post(ctx, key, t.Inbox, t.Body)
}

func unauthorized(err error) bool {
	status, ok := errors.AsType[*client.StatusError](err)
	return ok && status.Status == http.StatusUnauthorized
}

// postpone tries a delivery again later, and leaves its inbox or all of its host
// alone until then.
func (w *Worker) postpone(ctx context.Context, t *task, began time.Time, cause error) error {
	f := store.Failure{
		Delivery: t.Delivery, OfInbox: ofInbox(cause), Began: began, Now: w.Now(), Error: cause.Error(),
		Wait: func(fails int) time.Duration { return max(backoff(fails), retryAfter(cause)) },
	}
	if f.OfInbox {
		f.Release = w.board.inboxFailed(t)
	} else {
		f.Release = w.board.failed(t.Host)
	}
	f.GiveUp = f.Now.Sub(t.Created) > giveUp
	h, err := w.Store.FailDelivery(ctx, f)
	if err != nil {
		return err
	}
	switch {
	case h.Unavailable:
		w.Log.ErrorContext(ctx, "unavailable, nothing is sent there until the host sends something",
			"host", h.Name, "inbox", h.Inbox, "since", h.FailingSince, "err", cause)
	case f.GiveUp:
		w.Log.ErrorContext(ctx, "delivery given up", "inbox", t.Inbox, "activity", t.ActivityID, "tries", t.Tries+1, "err", cause)
	default:
		w.Log.WarnContext(ctx, "delivery failed, will be tried again",
			"inbox", t.Inbox, "tries", t.Tries+1, "wait", h.NextAt.Sub(f.Now), "err", cause)
	}
	return nil
}

// ofInbox says whether a failure tells of one inbox alone: its host answered, and
// did not ask to be left alone.
func ofInbox(cause error) bool {
	status, ok := errors.AsType[*client.StatusError](cause)
	return ok && status.Status != http.StatusTooManyRequests && status.Status != http.StatusServiceUnavailable
}

// retryAfter returns how long a host asked to be left alone.
func retryAfter(cause error) time.Duration {
	if status, ok := errors.AsType[*client.StatusError](cause); ok {
		return min(status.RetryAfter, maxWait)
	}
	return 0
}

// backoff returns how long to leave a host or inbox alone after so many failures in
// a row: 8 s, 16 s, ... up to 12 hours, and up to half of it more.
func backoff(fails int) time.Duration {
	wait := min(4*time.Second<<min(fails, 20), maxWait)
	return wait + rand.N(wait/2) //nolint:gosec // no secret
}
