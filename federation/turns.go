package federation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/peering"
)

// turns bounds how much all who send something together make us fetch: how much at
// once, of all servers and of those under one registered domain, and how much
// there that turns out to be in vain. Anybody can name keys at anybody's server
// (INTEROP S10). It is safe for concurrent use.
type turns struct {
	all chan struct{}

	mu sync.Mutex
	of map[string]*turn // by registered domain
}

// turn is what is fetched under one domain.
type turn struct {
	places chan struct{}
	users  int // who has a place or waits for one
	vain   int // fetches in vain, less one for each forgiveVain since
	at     time.Time
}

const (
	maxFetches       = 512
	maxDomainFetches = 16
	maxVain          = 30
	forgiveVain      = 10 * time.Second
	maxTurns         = 4096 // domains that are remembered

	// signerRequests is how many requests finding out who signed one thing may
	// take: a key and its owner, perhaps the actor of what is passed on; each with a
	// second try, and a redirect here and there.
	signerRequests = 12
)

func newTurns() turns {
	return turns{all: make(chan struct{}, maxFetches), of: map[string]*turn{}}
}

// enter waits for a place to fetch something at an address, until the context
// ends; leave gives it up. It fails at once where too much was in vain of late: who
// asked with good reason tries again.
func (t *turns) enter(ctx context.Context, address string, now time.Time) (leave func(), err error) {
	own, err := t.join(address, now)
	if err != nil {
		return nil, err
	}
	for k, places := range []chan struct{}{own.places, t.all} {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			if k > 0 {
				<-own.places
			}
			t.quit(own)
			return nil, fmt.Errorf("too much is fetched from the domain of %.200s: %w", address, ctx.Err())
		}
	}
	return func() {
		<-t.all
		<-own.places
		t.quit(own)
	}, nil
}

func (t *turns) join(address string, now time.Time) (*turn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.turn(address, now)
	if own.vain >= maxVain {
		return nil, fmt.Errorf("too much was fetched in vain from the domain of %.200s", address)
	}
	own.users++
	return own, nil
}

func (t *turns) quit(own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own.users--
}

// vain notes that something was fetched in vain at an address.
func (t *turns) vain(address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(address, now).vain++
}

// turn returns that of an address's domain, as it is now. The caller holds the
// lock.
func (t *turns) turn(address string, now time.Time) *turn {
	domain := peering.RegisteredDomain(directory.HostOf(address))
	own, ok := t.of[domain]
	if !ok {
		t.makeRoom(now)
		own = &turn{places: make(chan struct{}, maxDomainFetches), at: now}
		t.of[domain] = own
	}
	own.forgive(now)
	return own
}

func (own *turn) forgive(now time.Time) {
	n := int(now.Sub(own.at) / forgiveVain)
	own.vain = max(0, own.vain-n)
	own.at = own.at.Add(time.Duration(n) * forgiveVain)
}

// makeRoom forgets domains where nothing is under way: those that nothing is held
// against, or any if there are none.
func (t *turns) makeRoom(now time.Time) {
	for _, forgiven := range []bool{true, false} {
		for domain, own := range t.of {
			if len(t.of) < maxTurns {
				return
			}
			if own.forgive(now); own.users == 0 && (own.vain == 0 || !forgiven) {
				delete(t.of, domain)
			}
		}
	}
}
