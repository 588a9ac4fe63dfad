package delivery

import (
	"sync"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// The places on a board.
const (
	perHost    = 4   // deliveries at once to one host
	slowPlaces = 256 // deliveries at once that take long
	maxSlow    = 4096
)

// board is what was claimed: what waits in memory and what is under way. Who
// takes long does so in places of their own: however many hosts are slow or dead,
// the others find theirs free. Who failed before begins there.
type board struct {
	mu      sync.Mutex
	quick   int  // places for deliveries that take no time to speak of
	more    bool // the queue may have something for which there is room
	waiting []*directory.Delivery
	hosts   map[string]*host
	begun   map[place]int
	back    []string // ids of what goes back to the queue, to be claimed later
}

// host is what a board knows of a host: that it has something here, or was slow.
type host struct {
	waiting, active int
	well            bool // it has taken a delivery
	slow            bool // the last delivery to it took long or failed, maybe before the server started
	more            bool // the queue may have more for it
}

// place is a kind of place.
type place bool

const (
	quickPlace place = false
	slowPlace  place = true
)

func newBoard(workers int) *board {
	return &board{quick: max(1, workers), hosts: map[string]*host{}, begun: map[place]int{}}
}

func (b *board) host(name string) *host {
	h, ok := b.hosts[name]
	if !ok {
		h = &host{}
		b.hosts[name] = h
	}
	return h
}

// look notes that the queue may have something new.
func (b *board) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.more = true
}

// wants says what to claim: at most size deliveries, and none for a host that has
// something here or would find no place. It is nothing while enough waits here, or
// there is nothing to have.
func (b *board) wants(size int) (c store.Claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.more || len(b.waiting) > size/2 {
		return c
	}
	b.more = false
	c.Limit = size - len(b.waiting)
	if free := b.freeSlow(); free > 0 {
		c.Limit = min(c.Limit, free) // all may be for hosts that failed
	} else {
		c.NoProbes = true
	}
	for name, h := range b.hosts {
		switch {
		case h.waiting > 0 || h.slow && (h.active > 0 || b.begun[slowPlace] >= slowPlaces):
			c.Busy = append(c.Busy, name)
			h.more = true
		case h.slow:
			c.Slow = append(c.Slow, name)
		}
	}
	return c
}

// freeSlow returns how many places are free for hosts that are slow and have
// nothing here yet.
func (b *board) freeSlow() int {
	free := slowPlaces - b.begun[slowPlace]
	for _, d := range b.waiting {
		if b.hosts[d.Host].slow {
			free--
		}
	}
	return free
}

// add takes in what was claimed of the room for it.
func (b *board) add(list []directory.Delivery, room int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.more = b.more || len(list) > 0
	for k := range list {
		d := &list[k]
		b.waiting = append(b.waiting, d)
		h := b.host(d.Host)
		h.waiting++
		h.slow = h.slow || d.Probe
		h.more = h.more || h.waiting == ahead || len(list) == room
	}
}

// task is a delivery under way, in a place.
type task struct {
	*directory.Delivery
	place place
	late  bool // it has taken long
	ended bool
}

// begin takes the next delivery for which there is a place, or returns nil.
func (b *board) begin() *task {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, d := range b.waiting {
		h := b.hosts[d.Host]
		kind := place(h.slow)
		if h.active >= h.atOnce() || b.begun[kind] >= b.places(kind) {
			continue
		}
		b.waiting = append(b.waiting[:k], b.waiting[k+1:]...)
		b.begun[kind]++
		h.waiting--
		h.active++
		b.drained(h)
		return &task{Delivery: d, place: kind}
	}
	return nil
}

// atOnce is how many deliveries a host gets at once: one, until it has shown that
// it takes them.
func (h *host) atOnce() int {
	if h.well && !h.slow {
		return perHost
	}
	return 1
}

// drained sees whether the queue may have more for a host that has room again.
func (b *board) drained(h *host) {
	if h.more && h.waiting == 0 && (!h.slow || h.active == 0) {
		b.more, h.more = true, false
	}
}

func (b *board) places(kind place) int {
	if kind == slowPlace {
		return slowPlaces
	}
	return b.quick
}

// linger notes that a delivery takes long, and moves it out of the way. It reports
// whether there is a place for it; if not, it must end. What else waits for its host
// goes back to the queue: it would fill the room that others need until this one
// ends.
func (b *board) linger(t *task) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.ended {
		return true
	}
	t.late = true
	h := b.hosts[t.Host]
	h.slow = true
	if ids := b.release(func(d *directory.Delivery) bool { return d.Host == t.Host }); len(ids) > 0 {
		b.back = append(b.back, ids...)
		b.more, h.more = true, true // there is room again, and more for this host later
	}
	if t.place == slowPlace {
		return true
	}
	if b.begun[slowPlace] >= slowPlaces {
		h.more = true
		return false
	}
	b.begun[quickPlace]--
	b.begun[slowPlace]++
	t.place = slowPlace
	return true
}

// end frees the place of a delivery.
func (b *board) end(t *task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.ended = true
	if t.place == slowPlace && b.begun[slowPlace] >= slowPlaces {
		b.more = true // others have waited for its place
	}
	b.begun[t.place]--
	h := b.hosts[t.Host]
	h.active--
	b.drained(h)
	if h.active == 0 && h.waiting == 0 && (!h.slow || len(b.hosts) > maxSlow) {
		delete(b.hosts, t.Host)
	}
}

// arrived notes that a delivery was answered: if that was soon, its host is quick.
func (b *board) arrived(t *task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[t.Host]
	h.well, h.slow = true, t.late
}

// failed notes that a host does not take deliveries, and returns those that wait
// for it, which are not here any more.
func (b *board) failed(name string) (released []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	released = b.release(func(d *directory.Delivery) bool { return d.Host == name })
	h := b.hosts[name]
	h.slow, h.more = true, false
	return released
}

// inboxFailed notes that an inbox does not take deliveries though its host answers,
// and returns those that wait for it, which are not here any more.
func (b *board) inboxFailed(t *task) (released []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	released = b.release(func(d *directory.Delivery) bool { return d.Inbox == t.Inbox })
	h := b.hosts[t.Host]
	h.slow, h.more = t.late, h.more || len(released) > 0
	return released
}

// release takes out those of the deliveries that wait.
func (b *board) release(which func(*directory.Delivery) bool) (released []string) {
	var left []*directory.Delivery
	for _, d := range b.waiting {
		if which(d) {
			released = append(released, d.ID)
			b.hosts[d.Host].waiting--
		} else {
			left = append(left, d)
		}
	}
	b.waiting = left
	return released
}

// giveBack returns what goes back to the queue, which is not here any more.
func (b *board) giveBack() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	back := b.back
	b.back = nil
	return back
}

// clear returns everything that waits or goes back, which is not here any more.
func (b *board) clear() (released []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	released, b.back = b.back, nil
	for _, d := range b.waiting {
		released = append(released, d.ID)
	}
	b.waiting = nil
	return released
}
