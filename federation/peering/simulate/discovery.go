package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/peering"
)

// Each instance starts with the addresses of a few, the better known ones more
// often, policy open, two vouches. Hostile instances list nothing but each other
// and names that they made up under each other's domains, all of which answer.
const (
	vouches       = 2
	mostTold      = 3
	checkMessages = 7  // robots.txt, two of NodeInfo, WebFinger, actor, and what Follow looks up
	followPages   = 13 // Follow, Accept, the log of 1,000 entries
	listPage      = 1000
	peerEntries   = 200_000 // the setting peer_entries, unless an operator changes it
)

// searching is an instance that looks for others.
type searching struct {
	follows, strangers set
	known              set // heard of, followed ones too
	waited, recent     set // known for a day, and as of the last midnight
	newcomers          set // strangers as of the last midnight
	introduced         set
	enough             set      // candidates that two others list
	first              []uint16 // who lists it first, plus 1
	named              []int    // by the operator
	quiet              int
	told               map[int32]int // brought by a peer today
	day                int
	hour               int
	followedHour       int
	strangersDay       int
	introducedDay      int
	peers              int
	places             map[int32]int // where the reading of long lists stopped, by who has them
	unread             []int32       // who has them; some were read to their end since
	sent, got          int
	invented           []names // by hostile domain
}

// names are those made up under one domain, as one instance sees them.
type names struct {
	known, taken  uint8
	first, second int32 // who lists them, plus 1
}

// discovery is the search of all for all.
type discovery struct {
	s        settings
	r        *rand.Rand
	up       uptime
	all      []searching
	hostiles int // the first ones
	q        queue
}

func (s settings) discover(say printer) {
	n := s.instances
	d := &discovery{s: s, r: s.chance("discovery"), up: uptime{s.down, s.seed}, hostiles: int(float64(n) * s.hostile)}
	d.all = make([]searching, n)
	order := d.r.Perm(n) // in which they come up; hostile ones among them
	var ends []int32
	for k, i := range order {
		a := &d.all[i]
		*a = searching{
			follows: newSet(n), strangers: newSet(n), known: newSet(n), introduced: newSet(n), enough: newSet(n),
			waited: newSet(n), recent: newSet(n), newcomers: newSet(n),
			first: make([]uint16, n), told: map[int32]int{}, places: map[int32]int{}, invented: make([]names, d.hostiles),
		}
		for range 1 + d.r.IntN(mostTold) {
			if k == 0 {
				break
			}
			other := order[d.r.IntN(k)]
			if len(ends) > 0 && d.r.IntN(2) == 0 {
				other = int(ends[d.r.IntN(len(ends))])
			}
			ends = append(ends, int32(other))
			a.named = append(a.named, other)
			d.follow(i, other, false)
		}
		d.q.put(event{at: jitter(d.r, time.Hour), who: int32(i)})
	}
	d.watch(say)
}

// watch runs the search until nearly all follow nearly all.
func (d *discovery) watch(say printer) {
	say("\n-- finding each other: each starts with %d to %d addresses, a power law; policy open, %d vouches", 1, mostTold, vouches)
	most := time.Duration(d.s.hours) * time.Hour
	next, known, followed := time.Hour, time.Duration(0), time.Duration(0)
	for len(d.q) > 0 && followed == 0 {
		e := d.q.take()
		for ; e.at > next; next += time.Hour {
			k, f := d.progress()
			if known == 0 && k >= 0.99 {
				known = next
			}
			if followed == 0 && f >= 0.99 {
				followed = next
			}
			if h := int(next.Hours()); h&(h-1) == 0 || known == next || followed == next {
				say("after %4d h: %5.1f%% know, %5.1f%% follow 99%% of the others; %s", h, 100*k, 100*f, d.middle())
			}
		}
		if e.at > most {
			break
		}
		d.round(int(e.who), e.at)
	}
	say("99%% know 99%% of the others after: %s", hours(known))
	say("99%% follow 99%% of the others after: %s", hours(followed))
	d.report(say, next)
}

func hours(t time.Duration) string {
	if t == 0 {
		return "not in the time given"
	}
	return t.String()
}

// progress returns the shares of honest instances that know, and that follow, 99%
// of the honest others.
func (d *discovery) progress() (known, followed float64) {
	honest := len(d.all) - d.hostiles
	enough := honest * 99 / 100
	for i := d.hostiles; i < len(d.all); i++ {
		if d.all[i].known.count() >= enough {
			known++
		}
		if d.all[i].follows.count() >= enough {
			followed++
		}
	}
	return known / float64(honest), followed / float64(honest)
}

// middle returns how many honest instances know and follow on average.
func (d *discovery) middle() string {
	known, followed := 0, 0
	for i := d.hostiles; i < len(d.all); i++ {
		known += d.all[i].known.count()
		followed += d.all[i].follows.count()
	}
	honest := len(d.all) - d.hostiles
	return fmt.Sprintf("on average %d known, %d followed", known/honest, followed/honest)
}

func (d *discovery) report(say printer, took time.Duration) {
	var sent, invented, mostInvented, hostileFollowed, mostSent int
	for i := d.hostiles; i < len(d.all); i++ {
		a := &d.all[i]
		sent += a.sent + a.got
		mostSent = max(mostSent, a.sent+a.got)
		n := 0
		for _, v := range a.invented {
			n += int(v.taken)
		}
		invented += n
		mostInvented = max(mostInvented, n)
		for h := range d.hostiles {
			if a.follows.has(h) {
				hostileFollowed++
			}
		}
	}
	honest := float64(len(d.all) - d.hostiles)
	say("messages meanwhile, sent and received, reading 1,000 entries of each peer: %.0f an hour on average, %.0f at the busiest",
		float64(sent)/honest/took.Hours(), float64(mostSent)/took.Hours())
	say("%d hostile hosts got followed %.1f times by each instance; with %d made up names each, together %.1f more (at most %d), that is %.2f for each domain",
		d.hostiles, float64(hostileFollowed)/honest, peering.MaxListed, float64(invented)/honest, mostInvented,
		float64(invented)/honest/float64(max(1, d.hostiles)))
	d.reportInjected(say, float64(invented)/honest+float64(hostileFollowed)/honest)
}

// reportInjected prints how much hostile hosts can put into the directories of
// others: names that are followed, times the entries that are taken of each.
func (d *discovery) reportInjected(say printer, followed float64) {
	names := followed / float64(max(1, d.hostiles))
	say("entries that a hostile host can inject into each instance: %.1f names followed of its domain, times %d = %.0f; all together %.0f",
		names, peerEntries, names*peerEntries, followed*peerEntries)
}

// round is a visit to a few peers, and what is decided after it.
func (d *discovery) round(i int, at time.Duration) {
	if d.up.down(i, at) {
		d.q.put(event{at: d.up.back(i, at), who: int32(i)})
		return
	}
	if i < d.hostiles { // follows whom it was told, and answers
		return
	}
	a := &d.all[i]
	a.turn(at)
	voices := d.voices(a)
	n := voices.count()
	busy := false
	for _, p := range d.toVisit(a, voices, n) {
		a.sent++
		d.all[p].got++
		if d.up.down(p, at) || d.r.Float64() < d.s.lost {
			continue
		}
		if p < d.hostiles {
			busy = d.readHostile(a, p) || busy
		} else {
			busy = d.readList(i, p) || busy
		}
	}
	busy = d.decide(i, at, n) || busy
	if busy {
		a.quiet = 0
	}
	every := peering.VisitEvery(n, a.quiet)
	a.quiet++
	d.q.put(event{at: at + every + jitter(d.r, every/5+1), who: int32(i)})
}

// toVisit returns whose lists are read: random ones, one of them with a list that was
// not read to its end.
func (d *discovery) toVisit(a *searching, voices set, n int) []int {
	var chosen []int
	for range min(peering.VisitAtOnce, n) {
		chosen = append(chosen, voices.nth(d.r.IntN(n)))
	}
	for len(chosen) > 0 && len(a.unread) > 0 {
		k := d.r.IntN(len(a.unread))
		p := a.unread[k]
		if a.places[p] > 0 && voices.has(int(p)) {
			chosen[0] = int(p)
			break
		}
		a.unread[k] = a.unread[len(a.unread)-1]
		a.unread = a.unread[:len(a.unread)-1]
	}
	return chosen
}

// turn forgets what is counted by the hour and the day.
func (a *searching) turn(at time.Duration) {
	if h := int(at / peering.FollowedSpan); h != a.hour {
		a.hour, a.followedHour = h, 0
	}
	if day := int(at / peering.BroughtSpan); day != a.day {
		a.day, a.strangersDay, a.introducedDay = day, 0, 0
		clear(a.told)
		copy(a.waited, a.recent)
		copy(a.recent, a.known)
		for k := range a.strangers {
			a.strangers[k] &^= a.newcomers[k]
		}
		copy(a.newcomers, a.strangers)
	}
}

// voices are the peers that may vouch.
func (d *discovery) voices(a *searching) set {
	v, any := newSet(len(d.all)), false
	for k := range v {
		v[k] = a.follows[k] &^ a.strangers[k]
		any = any || v[k] != 0
	}
	if !any {
		return a.follows
	}
	return v
}

// readList notes whom a peer lists, from where the last visit stopped; at most so
// many that nobody told of before.
func (d *discovery) readList(i, p int) bool {
	a, list := &d.all[i], d.part(i, p)
	var fresh []int
	for k := range list {
		each(k, list[k]&a.known[k]&^a.enough[k]&(^a.follows[k]|a.strangers[k]), func(c int) { a.vouch(c, p) })
		each(k, list[k]&^a.known[k], func(c int) {
			if c != i {
				fresh = append(fresh, c)
			}
		})
	}
	room := peering.MaxBrought - a.told[int32(p)]
	d.r.Shuffle(len(fresh), func(x, y int) { fresh[x], fresh[y] = fresh[y], fresh[x] })
	fresh = fresh[:max(0, min(room, len(fresh)))]
	a.told[int32(p)] += len(fresh)
	for _, c := range fresh {
		a.known.add(c)
		a.vouch(c, p)
	}
	return len(fresh) > 0
}

// part returns what one visit reads of a list. Long ones come in pages, in order.
func (d *discovery) part(i, p int) set {
	a, all := &d.all[i], d.all[p].follows
	if d.all[p].peers <= listPage {
		return all
	}
	most := (peering.ListedAtOnce(a.quiet) + listPage - 1) / listPage * listPage
	a.sent += most / listPage
	d.all[p].got += most / listPage
	part, names := newSet(len(d.all)), 0
	for k := a.places[int32(p)]; k < len(d.all); k++ {
		if names == most {
			if a.places[int32(p)] == 0 {
				a.unread = append(a.unread, int32(p))
			}
			a.places[int32(p)] = k
			return part
		}
		if all.has(k) {
			part.add(k)
			names++
		}
	}
	delete(a.places, int32(p))
	return part
}

func (a *searching) vouch(c, p int) {
	switch a.first[c] {
	case 0:
		a.first[c] = uint16(p + 1)
	case uint16(p + 1):
	default:
		a.enough.add(c)
	}
}

// readHostile notes whom a hostile peer lists: its kind, and what they made up.
func (d *discovery) readHostile(a *searching, p int) bool {
	room := peering.MaxBrought - a.told[int32(p)]
	was := room
	for h := range d.hostiles {
		if h == p {
			continue
		}
		if !a.known.has(h) && room > 0 {
			a.known.add(h)
			room--
		}
		if a.known.has(h) {
			a.vouch(h, p)
		}
		v := &a.invented[h]
		more := max(0, min(room, peering.MaxOfDomain-int(v.known)))
		v.known += uint8(more)
		room -= more
		switch {
		case v.known == 0:
		case v.first == 0:
			v.first = int32(p + 1)
		case v.first != int32(p+1):
			v.second = int32(p + 1)
		}
	}
	a.told[int32(p)] += was - room
	return room < was
}

// decision is what is decided in one round.
type decision struct {
	*searching
	d      *discovery
	i      int
	at     time.Duration
	voices int
	taken  int
}

// facts are those about any candidate that so many list.
func (r *decision) facts(vouchers int) peering.Facts {
	return peering.Facts{
		Policy: directory.PeersOpen, Vouches: vouches, Vouchers: vouchers, Peers: r.voices,
		Followed: r.followedHour, Strangers: r.strangersDay,
	}
}

// chosen reports whether the one who listed a candidate first, plus 1, was named by
// the operator.
func (r *decision) chosen(first int) bool { return slices.Contains(r.named, first-1) }

// decide follows whom the decisions of peering let it.
func (d *discovery) decide(i int, at time.Duration, voices int) bool {
	a := &d.all[i]
	r := &decision{searching: a, d: d, i: i, at: at, voices: voices}
	for k := range a.known {
		w := a.known[k] & (^a.follows[k] | a.strangers[k])
		if voices >= vouches {
			worth := a.enough[k] | a.introduced[k] | a.strangers[k]
			switch {
			case a.strangersDay >= peering.MaxStrangers:
			case voices <= peering.FewPeers:
				worth |= a.known[k] &^ a.follows[k]
			default:
				worth |= a.waited[k] & a.known[k] &^ a.follows[k]
			}
			w &= worth
		}
		each(k, w, r.consider)
	}
	return d.decideInvented(r) || r.taken > 0
}

// consider decides about one candidate, or one stranger.
func (r *decision) consider(c int) {
	if r.taken >= peering.CheckAtOnce || c == r.i || r.followedHour >= peering.MaxFollowed {
		return
	}
	vouchers := 0
	if r.first[c] > 0 {
		vouchers++
	}
	if r.enough.has(c) {
		vouchers++
	}
	f := r.facts(vouchers)
	if r.strangers.has(c) {
		if peering.Decide(f) == peering.Follow {
			r.strangers[c>>6] &^= 1 << (c & 63)
		}
		return
	}
	f.Introduced, f.Chosen, f.Waited = r.introduced.has(c), r.chosen(int(r.first[c])), r.waited.has(c)
	verdict := peering.Decide(f)
	if verdict == peering.Wait || r.d.up.down(c, r.at) {
		return
	}
	r.taken++
	r.followedHour++
	r.sent += checkMessages
	r.d.all[c].got += checkMessages
	if verdict == peering.FollowStranger {
		r.strangersDay++
	}
	r.d.follow(r.i, c, verdict == peering.FollowStranger)
}

// decideInvented follows made up names as far as the decisions let it.
func (d *discovery) decideInvented(r *decision) bool {
	a, busy := r.searching, false
	for h := range a.invented {
		v := &a.invented[h]
		vouchers := 0
		if v.first > 0 {
			vouchers++
		}
		if v.second > 0 {
			vouchers++
		}
		for v.taken < v.known {
			f := r.facts(vouchers)
			f.Chosen, f.Taken = r.chosen(int(v.first)), int(v.taken)
			verdict := peering.Decide(f)
			if verdict == peering.Wait {
				break
			}
			if verdict == peering.FollowStranger {
				a.strangersDay++
			}
			v.taken++
			a.followedHour++
			a.sent += checkMessages + followPages
			busy = true
		}
	}
	return busy
}

// follow makes one follow another, which hears of it by that.
func (d *discovery) follow(i, c int, stranger bool) {
	a, b := &d.all[i], &d.all[c]
	a.follows.add(c)
	a.known.add(c)
	a.peers++
	a.sent += followPages
	b.got += followPages
	if stranger {
		a.strangers.add(c)
	}
	if b.follows != nil && !b.follows.has(i) {
		if !b.known.has(i) {
			if b.introducedDay >= peering.MaxIntroduced {
				return
			}
			b.introducedDay++
		}
		b.introduced.add(i)
		b.known.add(i)
	}
}
