package delivery

import (
	"context"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
)

// settlement is a delivery that ended, and who waits for that to be written down.
type settlement struct {
	store.Settled
	written chan error
}

// settler writes down what ended.
type settler struct {
	*Worker
	ended chan settlement
}

// maxSettled is how many deliveries are settled in one transaction.
const maxSettled = 128

// settle writes down that a delivery ended and returns when that is safe, so that
// at most the one in each place is repeated after a crash. All that ended while
// the transaction before was being written share the next one.
func (s *settler) settle(t *task, arrived bool) error {
	one := settlement{store.Settled{Delivery: t.Delivery, Arrived: arrived}, make(chan error, 1)}
	s.ended <- one
	return <-one.written
}

// run settles what ends until the channel is closed.
func (s *settler) run() {
	for first := range s.ended {
		batch := []settlement{first}
		for more := true; more && len(batch) < maxSettled; {
			select {
			case next, ok := <-s.ended:
				if more = ok; ok {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		list := make([]store.Settled, len(batch))
		for k := range batch {
			list[k] = batch[k].Settled
		}
		err := s.write(list)
		for k := range batch {
			batch[k].written <- err
		}
	}
}

// write settles deliveries. It tries more than once, as one that is not settled is
// sent again.
func (s *settler) write(list []store.Settled) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	for range 3 {
		if err = s.Store.SettleDeliveries(ctx, list, s.Now()); err == nil {
			return nil
		}
	}
	return err
}

// writeTime is how long the store may take to write something down, also when
// this server is being stopped.
const writeTime = 20 * time.Second
