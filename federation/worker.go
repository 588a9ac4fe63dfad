package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/peering"
)

// The pace of the workers.
const (
	pollEvery        = 400 * time.Millisecond // for what another process left, or what waited for its time
	inboxBatch       = 200
	inboxLease       = time.Minute
	gatherInbox      = 20 * time.Millisecond
	jobLease         = 15 * time.Second // renewed while the job is worked on
	peersAtOnce      = 4                // that are found or read
	maxTries         = 12               // of a received activity; the last waits are hours
	maxInterruptions = 3                // of acting on one activity, before it waits like any that failed
	forgetInbox      = 72 * time.Hour   // longer than any signature is good for
	forgetRemoved    = 90 * 24 * time.Hour

	forgetActors     = 7 * 24 * time.Hour // of whom nothing came that is kept
	forgetCandidates = 30 * 24 * time.Hour
	forgetNews       = peering.NewsKept
	maxNews          = peering.MaxNews
	cleanEvery       = time.Hour
)

// job does one piece of work. An error has it tried again later; a time has it
// done again then.
type job func(ctx context.Context, j *directory.Job) (again time.Time, err error)

// lane is kinds of job that are done so many at once.
type lane struct {
	jobs   map[string]job
	places int
	awake  chan struct{}
}

// lanes returns what is to be done. What waits for other servers does not hold
// up what is done here; what is done here is done in order.
func (s *Server) lanes() []lane {
	open := s.ifOpen
	return []lane{
		{map[string]job{
			curation.PushJob: s.push, curation.PostJob: s.sendPost, keysJob: s.rotate, curation.PassJob: open(s.passOn),
			curation.CloseJob: s.close,
		}, 1, make(chan struct{}, 1)},
		{map[string]job{
			curation.FollowJob: open(s.follow), curation.UnfollowJob: s.unfollow, curation.SyncJob: open(s.sync),
			curation.PartingJob: s.part,
			curation.MoveJob:    s.moved,
			curation.DoubtJob:   open(s.doubt),
			curation.RepairJob:  open(s.repair),
			curation.MentionJob: s.findMentioned,
		}, peersAtOnce, make(chan struct{}, 1)},
		{map[string]job{curation.VisitJob: open(s.visit)}, 1, make(chan struct{}, 1)},
		{map[string]job{curation.AskJob: open(s.ask)}, 1, make(chan struct{}, 1)},
		{map[string]job{curation.PictureJob: s.removePicture}, 1, make(chan struct{}, 1)},
	}
}

// Run acts on what comes in, does what was queued and sends what goes out, until
// the context ends. Several processes may run at once on one PostgreSQL.
func (s *Server) Run(ctx context.Context) error {
	err := s.work(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // each database words its own error for that
	}
	return fmt.Errorf("federation workers: %w", err)
}

func (s *Server) work(ctx context.Context) error {
	if err := s.Store.FreeLeases(ctx); err != nil {
		return err
	}
	if err := s.peering.Start(ctx); err != nil {
		return err
	}
	lanes := s.lanes()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.watch(ctx, lanes) })
	group.Go(func() error { return s.workInbox(ctx) })
	for _, l := range lanes {
		group.Go(func() error { return s.workLane(ctx, l) })
	}
	group.Go(func() error { return s.delivery.Run(ctx) })
	group.Go(func() error { return s.clean(ctx) })
	return group.Wait()
}

// watch wakes the workers when something is due, wherever it came from: this
// process, another one, or a command.
func (s *Server) watch(ctx context.Context, lanes []lane) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		due, err := s.Store.Due(ctx, s.Now())
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "work not found", "err", err)
		}
		if err := s.reloadKeys(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "keys not loaded", "err", err)
		}
		if due.Received {
			wake(s.inbox)
		}
		if due.Jobs {
			for _, l := range lanes {
				wake(l.awake)
			}
		}
		if due.Deliveries {
			s.delivery.Wake()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func wake(worker chan struct{}) {
	select {
	case worker <- struct{}{}:
	default: // it is awake
	}
}

// workInbox acts on received activities, oldest first.
func (s *Server) workInbox(ctx context.Context) error {
	for {
		n, err := s.actOnBatch(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "inbox stalled", "err", err)
		}
		if n == inboxBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.inbox:
		}
		// A moment later more has come: it is acted on together.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gatherInbox):
		}
	}
}

func (s *Server) actOnBatch(ctx context.Context) (int, error) {
	now := s.Now()
	batch, err := s.Store.ClaimReceived(ctx, now, now.Add(inboxLease), inboxBatch)
	if err != nil {
		return 0, err
	}
	list := s.readAll(batch)
	for rest := list; len(rest) > 0; {
		// What concerns no entries is quick and disturbs nobody: as many as
		// follow each other share a transaction.
		n := slices.IndexFunc(rest, func(t todo) bool { return !t.light() })
		if n < 0 {
			n = len(rest)
		}
		if n < 2 || s.actTogether(ctx, rest[:n]) != nil {
			n = 1 // one of them may be to blame
			if err := s.actOnOne(ctx, &rest[0]); err != nil {
				return 0, err
			}
		}
		rest = rest[n:]
	}
	if len(batch) > 0 {
		s.delivery.Wake()
	}
	return len(batch), nil
}

// actTogether acts on activities and settles them, all or none. What may change
// entries has their lock before any other, see store.Change.
func (s *Server) actTogether(ctx context.Context, list []todo) error {
	ids := make([]string, len(list))
	begin := s.Store.Change
	if !slices.ContainsFunc(list, func(t todo) bool { return !t.light() && t.react != nil }) {
		begin = s.Store.Tx
	}
	err := begin(ctx, func(tx *store.Store) error {
		b, err := s.newBatch(ctx, tx, list)
		if err != nil {
			return err
		}
		for k := range list {
			ids[k] = list[k].ID
			if err := s.act(ctx, b, &list[k]); err != nil {
				return err
			}
		}
		return tx.FinishReceived(ctx, "", ids...)
	})
	for k := range list {
		if err == nil {
			s.acted(ctx, &list[k])
		}
	}
	return err
}

// actOnOne acts on an activity and settles it; its own error is about the store.
func (s *Server) actOnOne(ctx context.Context, t *todo) error {
	err := s.actTogether(ctx, []todo{*t})
	for k := 0; k < maxInterruptions && s.Store.Interrupted(err); k++ {
		err = s.actTogether(ctx, []todo{*t})
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case t.Tries >= maxTries || final(err):
		s.Log.ErrorContext(ctx, "activity given up", "actor", t.Signer, "tries", t.Tries, "err", err)
		return s.Store.FinishReceived(ctx, err.Error(), t.ID)
	}
	s.Log.WarnContext(ctx, "activity failed, will be tried again", "actor", t.Signer, "tries", t.Tries, "err", err)
	return s.Store.RetryReceived(ctx, t.ID, s.Now().Add(backoff(t.Tries)), err.Error())
}

// final reports whether trying again cannot help.
func final(err error) bool {
	_, invalid := errors.AsType[*directory.Invalid](err)
	return invalid || errors.Is(err, directory.ErrConflict) || errors.Is(err, directory.ErrForbidden)
}

// workLane does the jobs of a lane.
func (s *Server) workLane(ctx context.Context, l lane) error {
	kinds := slices.Collect(maps.Keys(l.jobs))
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, l.places)
	for {
		// A place first: a job that is claimed and waits would lose its lease.
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		now := s.Now()
		batch, err := s.Store.ClaimJobs(ctx, kinds, now, now.Add(jobLease), 1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "jobs stalled", "err", err)
		}
		if len(batch) > 0 {
			running.Go(func() {
				defer func() { <-places }()
				s.do(ctx, l.jobs[batch[0].Kind], &batch[0])
				wake(l.awake) // it may be due again
			})
			continue
		}
		<-places
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.awake:
		}
	}
}

// do runs a job and settles what becomes of it.
func (s *Server) do(ctx context.Context, run job, j *directory.Job) {
	stop := s.holdJob(ctx, j)
	again, err := run(ctx, j)
	for k := 0; k < maxInterruptions && s.Store.Interrupted(err); k++ {
		again, err = run(ctx, j)
	}
	stop()
	if ctx.Err() != nil {
		s.freeJob(ctx, j) // to be done again
		return
	}
	if err := s.settle(ctx, j, again, err); err != nil {
		s.Log.ErrorContext(ctx, "job not settled", "job", j.Kind, "key", j.Key, "err", err)
	}
	s.delivery.Wake()
}

// holdJob renews the lease of a job until stop is called. The lease is short, so
// that what a killed server was working on is soon worked on again.
func (s *Server) holdJob(ctx context.Context, j *directory.Job) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	held := make(chan struct{})
	go func() {
		defer close(held)
		tick := time.NewTicker(jobLease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := s.Store.LeaseJob(ctx, j, s.Now().Add(jobLease)); err != nil && ctx.Err() == nil {
					s.Log.WarnContext(ctx, "lease not renewed", "job", j.Kind, "key", j.Key, "err", err)
				}
			}
		}
	}()
	return func() {
		cancel()
		<-held
	}
}

// freeJob leaves a job to whoever works next, when this server stops.
func (s *Server) freeJob(ctx context.Context, j *directory.Job) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.Store.LeaseJob(ctx, j, time.Time{}); err != nil {
		s.Log.WarnContext(ctx, "lease not given up", "job", j.Kind, "key", j.Key, "err", err)
	}
}

func (s *Server) settle(ctx context.Context, j *directory.Job, again time.Time, cause error) error {
	switch {
	case cause == nil && again.IsZero():
		return s.Store.FinishJob(ctx, j)
	case cause == nil:
		return s.Store.RepeatJob(ctx, j, again)
	}
	wait := backoff(j.Tries)
	if status, ok := errors.AsType[*client.StatusError](cause); ok {
		wait = max(wait, status.RetryAfter)
	}
	s.Log.WarnContext(ctx, "job failed, will be tried again",
		"job", j.Kind, "key", j.Key, "tries", j.Tries, "wait", wait, "err", cause)
	return s.Store.RetryJob(ctx, j, s.Now().Add(wait), cause.Error())
}

// backoff returns how long to wait after so many tries: 2 s, 4 s, ... up to
// about an hour, and up to half of it more, so that many do not come back at once.
func backoff(tries int) time.Duration {
	wait := time.Second << min(tries, 12)
	return wait + rand.N(wait/2) //nolint:gosec // no secret
}

// clean forgets, now and then, what is only kept for a while.
func (s *Server) clean(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		now := s.Now()
		_, inbox := s.Store.PurgeReceived(ctx, now.Add(-forgetInbox))
		_, removed := s.Store.PurgeTombstones(ctx, now.Add(-forgetRemoved).UnixMicro())
		_, departed := s.Store.PurgeDeparted(ctx, now.Add(-rememberDeparted))
		_, news := s.Store.PurgeNews(ctx, now.Add(-forgetNews), maxNews)
		_, candidates := s.Store.PurgeCandidates(ctx, now.Add(-forgetCandidates))
		_, actors := s.Store.PurgeActors(ctx, now.Add(-forgetActors))
		if err := errors.Join(inbox, removed, departed, candidates, news, actors); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "clean-up failed", "err", err)
		}
		if err := s.hide(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "entries not hidden", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
