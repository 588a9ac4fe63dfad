package main

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/federation/peering"
)

// What happens to an instance.
const (
	arrives int8 = iota // an activity, from its origin, to be passed on
	direct              // the same, which everybody got
	passes              // its turn to pass on
	asks
	visits
	reads
	compares
	replaces
	edits
)

// Bytes of what is sent.
const (
	headers      = 700  // a request and its answer, without what they carry
	activityBody = 3200 // an entry in an activity, with its proof
	briefBody    = 60   // the name of a change in a list of news, compressed
	nameBody     = 12   // a name in a list of peers, compressed
	digestsBody  = 9000 // of all buckets
)

const (
	retries   = 3
	retryWait = time.Minute
	pageOf    = 500
	fetchOf   = 50
)

// change is an edit of an entry.
type change struct {
	origin     int
	planned    time.Duration // in order; at is later when its origin is down
	at         time.Duration
	fromOrigin int           // messages that the origin sent
	current    time.Duration // until 99.9% of those who carry it and are up know it
	watched    bool
	hour       [2]int // carriers that are up after an hour, and of these those that know it
}

// traffic counts messages and bytes of one instance.
type traffic struct{ sent, got, polls, bytes int64 }

// changing is the spreading of changes.
type changing struct {
	s       settings
	g       *graph
	r       *rand.Rand
	up      uptime
	q       queue
	list    []change
	known   []set // by instance
	pending [][]int32
	passed  []time.Duration
	passing []bool
	asked   []time.Duration
	rounds  []time.Duration          // of asking, that found somebody, or had nobody to ask
	turn    []int32                  // whose log is read next
	other   []int32                  // who is compared with next
	waits   []map[wait]time.Duration // until when an instance leaves others alone, where few are chosen
	of      [][]int32                // changes of each origin
	traffic []traffic
	wasted  int64 // deliveries to who does not carry it
	end     time.Duration
}

// load is how many changes happen.
type load struct {
	name  string
	every time.Duration // between two changes anywhere
	last  time.Duration // of the last
	watch int           // every how manieth change is looked at closely
}

func (s settings) changes(say printer, g *graph) {
	day := time.Duration(float64(24*time.Hour) / 10 / float64(s.instances)) // ten changes of each a day
	for _, l := range []load{
		{"quiet: a change anywhere every ten minutes", 10 * time.Minute, 8 * time.Hour, 1},
		{"busy: ten changes of each instance a day", day, 2 * time.Hour, 97},
		{"idle", 0, 0, 1},
	} {
		newChanging(s, g, l).run(say, l)
	}
}

// origin makes every time the same.
const epoch = 24 * time.Hour

func newChanging(s settings, g *graph, l load) *changing {
	c := &changing{
		s: s, g: g, r: s.chance(l.name), up: uptime{s.down, s.seed}, pending: make([][]int32, g.n),
		passed: make([]time.Duration, g.n), passing: make([]bool, g.n), asked: make([]time.Duration, g.n), rounds: make([]time.Duration, g.n),
		traffic: make([]traffic, g.n), known: make([]set, g.n), turn: make([]int32, g.n), other: make([]int32, g.n), of: make([][]int32, g.n), end: epoch + l.last + 2*time.Hour,
	}
	if l.every == 0 {
		c.end = epoch + 24*time.Hour
	}
	for at := epoch; l.every > 0 && at < epoch+l.last; at += l.every {
		origin := c.r.IntN(g.n)
		for g.countFollowers(origin) == 0 {
			origin = c.r.IntN(g.n)
		}
		k := len(c.list)
		c.list = append(c.list, change{origin: origin, planned: at, at: c.up.back(origin, at), watched: k%l.watch == 0})
		c.of[origin] = append(c.of[origin], int32(k))
		c.q.put(event{at: c.list[k].at, who: int32(origin), what: edits, items: []int32{int32(k)}})
	}
	for i := range g.n {
		c.known[i] = newSet(max(1, len(c.list)))
		c.waitsOf(i)
		c.asked[i], c.rounds[i] = epoch, epoch
		c.q.put(event{at: epoch + jitter(c.r, peering.AskEvery), who: int32(i), what: asks})
		c.q.put(event{at: epoch + jitter(c.r, time.Hour), who: int32(i), what: visits})
		c.startPolls(i)
	}
	return c
}

// startPolls has an instance read logs and compare. Where everybody follows everybody,
// peers take turns, which saves an event for each of them.
func (c *changing) startPolls(i int) {
	n := c.g.countFollowed(i)
	if n == 0 {
		return
	}
	if every := c.replaceEvery(i); every > 0 {
		c.q.put(event{at: epoch + jitter(c.r, every), who: int32(i), what: replaces})
	}
	if c.g.followed == nil {
		c.turn[i], c.other[i] = int32(c.r.IntN(n)), int32(c.r.IntN(n))
		c.q.put(event{at: epoch + jitter(c.r, peering.ReadEvery(n)/time.Duration(n)), who: int32(i), what: reads})
		c.q.put(event{at: epoch + jitter(c.r, peering.RepairAgain(n)/time.Duration(n)), who: int32(i), what: compares})
		return
	}
	for _, p := range c.g.followed[i] {
		for what, every := range map[int8]time.Duration{reads: peering.ReadEvery(n), compares: peering.RepairAgain(n)} {
			at := epoch + jitter(c.r, max(every, c.waitOf(int(p), what)))
			c.q.put(event{at: at, who: int32(i), from: p, what: what})
		}
	}
}

// wait is what an instance leaves another alone with.
type wait struct {
	peer int32
	what int8
}

// waitsOf begins as in a network that is no longer new: with some of each wait over.
func (c *changing) waitsOf(i int) {
	if c.g.followed == nil {
		return // nobody comes back so soon
	}
	if c.waits == nil {
		c.waits = make([]map[wait]time.Duration, c.g.n)
	}
	c.waits[i] = map[wait]time.Duration{}
	for _, p := range c.g.followed[i] {
		for _, what := range []int8{asks, visits} {
			c.waits[i][wait{p, what}] = epoch + jitter(c.r, c.waitOf(int(p), what)+1)
		}
	}
}

// waitOf is for how long a peer would like to be left alone with something.
func (c *changing) waitOf(p int, what int8) time.Duration {
	if what == compares {
		return peering.ComparedAgain(c.g.countFollowers(p))
	}
	return peering.AskedAgain(c.g.countFollowers(p))
}

// choose returns a random peer that may be asked, or -1.
func (c *changing) choose(i int, what int8, at time.Duration) int {
	if c.waits == nil {
		return c.g.somePeer(i, c.r)
	}
	n, of := 0, -1
	for _, p := range c.g.followed[i] {
		if c.waits[i][wait{p, what}] > at {
			continue
		}
		if n++; c.r.IntN(n) == 0 {
			of = int(p)
		}
	}
	return of
}

// answered notes how long a peer that answered is left alone.
func (c *changing) answered(i, p int, what int8, at time.Duration) {
	c.leave(i, p, what, at+c.waitOf(p, what))
}

func (c *changing) leave(i, p int, what int8, until time.Duration) {
	if c.waits != nil {
		c.waits[i][wait{int32(p), what}] = until
	}
}

func (c *changing) run(say printer, l load) {
	next := epoch
	for len(c.q) > 0 {
		e := c.q.take()
		if e.at > c.end {
			break
		}
		for ; e.at > next; next += time.Minute {
			c.look(next)
		}
		c.happen(e)
	}
	c.report(say, l)
}

func (c *changing) happen(e event) {
	i := int(e.who)
	if e.what == arrives || e.what == direct {
		c.arrive(e)
		return
	}
	if c.up.down(i, e.at) {
		e.at = c.up.back(i, e.at)
		c.q.put(e)
		return
	}
	switch e.what {
	case edits:
		c.edit(i, e)
	case passes:
		c.passOn(i, e.at)
	case asks:
		every := peering.AskAgain(c.ask(i, e.at))
		c.q.put(event{at: e.at + every + jitter(c.r, every/5), who: e.who, what: asks})
	case visits:
		c.visit(i, e.at)
		every := peering.VisitEvery(c.g.countFollowed(i), longQuiet)
		c.q.put(event{at: e.at + every + jitter(c.r, every/5), who: e.who, what: visits})
	case reads, compares:
		c.lookAt(i, e)
	case replaces:
		c.replace(i)
		c.q.put(event{at: e.at + c.replaceEvery(i), who: e.who, what: replaces})
	}
}

// lookAt has an instance read the log of a peer, or compare.
func (c *changing) lookAt(i int, e event) {
	n := c.g.countFollowed(i)
	p, every, turn, do := int(e.from), peering.ReadEvery(n), c.turn, c.read
	if e.what == compares {
		every, turn, do = peering.RepairAgain(n), c.other, c.repair
	}
	if c.g.followed == nil {
		p = c.g.nthPeer(i, int(turn[i])%n)
		turn[i]++
		every /= time.Duration(n)
	} else {
		every = max(every, c.waitOf(p, e.what))
	}
	do(i, p, e.at)
	if e.at += every; e.what == reads {
		e.at += jitter(c.r, every/5)
	}
	c.q.put(e)
}

// longQuiet is how many rounds of visits brought nothing new in a settled network.
const longQuiet = 1000

// visit has an instance read the lists of a few peers. Of long ones it reads a page,
// of one of them the next page, without what comes before.
func (c *changing) visit(i int, at time.Duration) {
	for k := range min(peering.VisitAtOnce, c.g.countFollowed(i)) {
		p := c.choose(i, visits, at)
		if p < 0 {
			return
		}
		c.answered(i, p, visits, at)
		names := c.g.countFollowed(p)
		c.poll(i, p, nameBody*min(names, listPage))
		if names > listPage && k > 0 {
			c.poll(i, p, 0)
		}
		const lookups = 2 // of NodeInfo, whether it still wants to be listed, a month later
		if rounds := 30 * 24 * time.Hour / peering.VisitEvery(names, longQuiet); c.g.countFollowed(i) > peering.VisitAtOnce*int(rounds) && k > 0 {
			for range lookups {
				c.poll(i, p, 0)
			}
		}
	}
}

// repair has an instance compare what it carries of a peer, and fetch what differs.
func (c *changing) repair(i, p int, at time.Duration) {
	c.poll(i, p, 0)
	if c.up.down(p, at) || c.r.Float64() < c.s.lost {
		return
	}
	missing := 0
	for _, k := range c.of[p] {
		if c.list[k].at < at && !c.known[i].has(int(k)) {
			c.known[i].add(int(k))
			missing++
		}
	}
	if missing > 0 {
		c.poll(i, p, digestsBody)
	}
	for range missing {
		c.poll(i, p, headers) // a bucket
		c.poll(i, p, activityBody)
	}
}

// replaceEvery returns how often an instance asks others in place of those that pass
// on what changes at an origin, or 0 where it asks nobody.
func (c *changing) replaceEvery(i int) time.Duration {
	if c.g.askers == nil {
		return 0
	}
	n := 0
	for _, p := range c.g.followed[i] {
		if c.g.countFollowers(int(p)) > peering.MaxDirect {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return peering.UpstreamKept(c.g.countFollowed(i)) / time.Duration(n)
}

// replace counts what it takes to ask others: whom to ask, finding these, a Follow of
// each with its Accept, and taking back the ones before.
func (c *changing) replace(i int) {
	origin := c.g.somePeer(i, c.r)
	c.poll(i, origin, 0)
	for range peering.Upstreams {
		j := c.g.someFollower(origin, c.r)
		const made, answered = 4, 1
		for range made {
			c.poll(i, j, activityBody)
		}
		for range answered {
			c.poll(j, i, activityBody)
		}
	}
}

// read has an instance read the log of a peer.
func (c *changing) read(i, p int, at time.Duration) {
	c.poll(i, p, 0)
	if c.up.down(p, at) || c.r.Float64() < c.s.lost {
		return
	}
	if c.g.countFollowed(i) > peering.ManyPeers && c.g.countFollowers(p) > peering.MaxDirect {
		c.poll(i, p, nameBody*peering.MaxSeeds) // whom it names to be asked
	}
	for _, k := range c.of[p] {
		if c.list[k].at < at && !c.known[i].has(int(k)) {
			c.known[i].add(int(k))
			c.traffic[i].bytes += activityBody
			c.traffic[p].bytes += activityBody
		}
	}
}

// poll counts a request that is made whether or not anything happened.
func (c *changing) poll(i, p, bytes int) {
	c.traffic[i].polls++
	c.traffic[p].polls++
	c.traffic[i].bytes += int64(headers + bytes)
	c.traffic[p].bytes += int64(headers + bytes)
}

// message counts one that an instance sends to another, and that arrives or not.
func (c *changing) message(from, to, bytes int, arrives bool) {
	c.traffic[from].sent++
	c.traffic[from].bytes += int64(bytes + headers)
	if arrives {
		c.traffic[to].got++
		c.traffic[to].bytes += int64(bytes + headers)
	}
}

// send puts a delivery on its way.
func (c *changing) send(at time.Duration, from, to int, what int8, items []int32) {
	c.q.put(event{at: at + jitter(c.r, 2*time.Second), who: int32(to), from: int32(from), what: what, items: items})
}

// edit sends a change to as many peers as peering says.
func (c *changing) edit(i int, e event) {
	c.known[i].add(int(e.items[0]))
	n, all := peering.Targets(c.g.countFollowers(i), 1)
	if all {
		c.g.eachFollower(i, func(j int) { c.send(e.at, i, j, direct, e.items) })
		return
	}
	seen := map[int]bool{}
	for tries := 0; len(seen) < n && tries < 10*n; tries++ { // some may be down
		j := c.g.someFollower(i, c.r)
		if !seen[j] && !c.up.down(j, e.at) {
			seen[j] = true
			c.send(e.at, i, j, arrives, e.items)
		}
	}
}

// arrive is a delivery coming in, or not.
func (c *changing) arrive(e event) {
	i := int(e.who)
	down := c.up.down(i, e.at)
	lost := !down && c.r.Float64() < c.s.lost
	c.message(int(e.from), i, activityBody*len(e.items), !down && !lost)
	if ch := &c.list[e.items[0]]; ch.origin == int(e.from) {
		ch.fromOrigin++
	}
	if down { // what waits goes out when the host shows that it is back
		e.at = c.up.back(i, e.at) + jitter(c.r, retryWait)
		c.q.put(e)
		return
	}
	if lost {
		if e.tries++; e.tries <= retries {
			e.at += retryWait<<(e.tries-1) + jitter(c.r, retryWait)
			c.q.put(e)
		}
		return
	}
	use := false
	for _, k := range e.items {
		if !c.g.carries(i, c.list[k].origin) {
			continue
		}
		use = true
		if c.known[i].has(int(k)) {
			continue
		}
		c.known[i].add(int(k))
		if e.what == arrives {
			c.pending[i] = append(c.pending[i], k)
		}
	}
	if !use {
		c.wasted++
	}
	if len(c.pending[i]) > 0 && !c.passing[i] {
		c.passing[i] = true
		base := time.Unix(0, 0)
		at := peering.PassAt(base.Add(e.at), base.Add(c.passed[i]), c.r.Float64()).Sub(base)
		c.q.put(event{at: at, who: e.who, what: passes})
	}
}

// passOn sends what came to those who asked for it, and, where nearly all follow
// the same, to a few random followers. A hostile instance keeps it.
func (c *changing) passOn(i int, at time.Duration) {
	items := c.pending[i]
	c.pending[i], c.passing[i], c.passed[i] = nil, false, at
	if c.hostile(i) {
		return
	}
	var any []int32
	for range min(peering.Fanout, c.g.countFollowers(i)) {
		any = append(any, int32(c.g.someFollower(i, c.r)))
	}
	to := map[int32][]int32{}
	for _, k := range items {
		below := c.g.askersOf(i, c.list[k].origin)
		if c.g.countFollowed(i) > peering.ManyPeers && !c.g.needsUpstreams(i, c.list[k].origin, c.r) {
			below = any
		}
		for _, j := range below {
			to[j] = append(to[j], k)
		}
	}
	for _, j := range slices.Sorted(maps.Keys(to)) {
		for batch := range slices.Chunk(to[j], peering.MaxPassed) {
			c.send(at, i, int(j), arrives, batch)
		}
	}
}

// hostile reports whether an instance takes everything and passes nothing on.
func (c *changing) hostile(i int) bool {
	return float64(mix(c.s.seed+uint64(i)*0x9E3779B97F4A7C15)>>11)/(1<<53) < c.s.hostile
}

// ask has an instance ask a random peer, or several when it was away, and reports
// whether one answered, or there is nobody else to ask.
func (c *changing) ask(i int, at time.Duration) (answered bool) {
	base := time.Unix(0, 0)
	since, _ := peering.AskSince(base.Add(at), base.Add(c.asked[i]))
	n, away := 1, at-c.rounds[i] > 2*peering.AskEvery
	if away {
		n = peering.AskWhenAway
	}
	for k := range n {
		p := c.choose(i, asks, at)
		if p < 0 && away && k == 0 { // whoever it is
			p = c.g.somePeer(i, c.r)
		}
		if p < 0 && k > 0 {
			break
		}
		if p < 0 {
			c.rounds[i] = at
			return true
		}
		first, _ := slices.BinarySearchFunc(c.list, since.Sub(base)-2*outage, func(ch change, t time.Duration) int {
			return cmp.Compare(ch.planned, t)
		})
		c.poll(i, p, 0)
		if c.up.down(p, at) || c.r.Float64() < c.s.lost {
			c.leave(i, p, asks, at+peering.AskEvery)
			continue
		}
		answered = true
		c.answered(i, p, asks, at)
		c.takeNews(i, p, first, since.Sub(base))
	}
	if answered {
		c.asked[i], c.rounds[i] = at, at
	}
	return answered || c.choose(i, asks, at) < 0
}

// takeNews gives an instance what a peer knows of the changes since a time, none of
// which is before the first, and it does not.
func (c *changing) takeNews(i, p, first int, since time.Duration) {
	told, missing := 0, 0
	for k := first >> 6; k < len(c.known[i]); k++ {
		each(k, c.known[p][k], func(e int) {
			if e < first || c.list[e].at < since {
				return
			}
			told++
			if !c.known[i].has(e) && c.g.carries(i, c.list[e].origin) {
				missing++
				c.known[i].add(e)
			}
		})
	}
	c.traffic[i].bytes += int64(told * briefBody)
	c.traffic[p].bytes += int64(told * briefBody)
	for range told / pageOf { // more pages than the first
		c.message(p, i, 0, true)
	}
	for ; missing > 0; missing -= fetchOf {
		c.message(p, i, activityBody*min(missing, fetchOf), true)
	}
}

// look sees which of the watched changes are known to 99.9% of those who carry
// them and are up.
func (c *changing) look(now time.Duration) {
	for k := range c.list {
		ch := &c.list[k]
		if !ch.watched || ch.hour[0] > 0 || ch.at >= now {
			continue
		}
		up, know := 0, 0
		c.g.eachFollower(ch.origin, func(i int) {
			if c.up.down(i, now) {
				return
			}
			up++
			if c.known[i].has(k) {
				know++
			}
		})
		if float64(know) >= 0.999*float64(up) && ch.current == 0 {
			ch.current = now - ch.at
		}
		if now-ch.at >= time.Hour {
			ch.hour = [2]int{up, know}
		}
	}
}
