package federation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
)

// intake stores what came in before it is answered. All that comes while one
// transaction is being written shares the next: each is as safe as alone, and
// many take little longer than one.
type intake struct {
	store *store.Store
	fresh func() // is told that there is something to act on

	mu      sync.Mutex
	waiting []arrival
	writing bool
}

// arrival is something that came in and that somebody waits for an answer to.
type arrival struct {
	store.Arrival
	written chan error
}

const (
	maxIntake  = 64               // in one transaction
	intakeTime = 20 * time.Second // that it may take
)

// put stores one activity and returns when it is stored.
func (in *intake) put(ctx context.Context, a store.Arrival) error {
	one := arrival{a, make(chan error, 1)}
	in.mu.Lock()
	in.waiting = append(in.waiting, one)
	if !in.writing {
		in.writing = true
		go in.write(context.WithoutCancel(ctx))
	}
	in.mu.Unlock()
	select {
	case <-ctx.Done():
		return fmt.Errorf("store activity: %w", ctx.Err())
	case err := <-one.written:
		return err
	}
}

// write stores what waits until nothing does.
func (in *intake) write(ctx context.Context) {
	for batch := in.next(); len(batch) > 0; batch = in.next() {
		if in.writeBatch(ctx, batch...) == nil {
			continue
		}
		for _, a := range batch { // one of them may be to blame
			if err := in.writeBatch(ctx, a); err != nil {
				a.written <- err
			}
		}
	}
}

// next returns what is to be stored next, nothing when there is nothing more.
func (in *intake) next() []arrival {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := min(maxIntake, len(in.waiting))
	batch := slices.Clone(in.waiting[:n])
	in.waiting = slices.Delete(in.waiting, 0, n)
	in.writing = n > 0
	return batch
}

// writeBatch stores activities and, if that is done, tells who waits.
func (in *intake) writeBatch(ctx context.Context, batch ...arrival) error {
	ctx, cancel := context.WithTimeout(ctx, intakeTime)
	defer cancel()
	list := make([]store.Arrival, len(batch))
	for k := range batch {
		list[k] = batch[k].Arrival
	}
	fresh, err := in.store.Receive(ctx, list...)
	if err != nil {
		return err
	}
	if slices.Contains(fresh, true) {
		in.fresh()
	}
	for _, a := range batch {
		a.written <- nil
	}
	return nil
}
