package peering

import (
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// What an instance decides by itself is decided here, by functions that know
// nothing but their arguments: the simulation runs on the same ones. README.md
// says how the numbers were found.

// The bounds on what is heard of other instances.
const (
	VisitAtOnce   = 2    // peers whose lists are read in a round
	MaxListed     = 5000 // names read of one list in a visit; the next one goes on from there
	MaxBrought    = 500  // hosts that one peer may be the first to tell of, in a day
	MaxIntroduced = 500  // hosts nobody told of that may introduce themselves, in a day
	MaxInVain     = 100  // hosts of those that one peer brought which are kept for more than a day though they were looked at in vain
	MaxCandidates = 20000
	MaxOfDomain   = 20  // candidates under one registered domain
	TakenOfDomain = 5   // instances under one that are followed without the operator
	MaxFollowed   = 200 // instances followed in an hour without the operator
	MaxStrangers  = 5   // of these in a day, followed though not enough peers list them
	MaxVouchers   = 20  // that are noted of a candidate
	MaxShown      = 6   // that are noted of a peer
	FewPeers      = 12  // up to so many, one that the operator named needs no second voice to bring a stranger
	CheckAtOnce   = 200 // candidates that are looked at in a round

	StrangerSpan = 24 * time.Hour // for which an instance is a stranger
	FollowedSpan = time.Hour
	BroughtSpan  = 24 * time.Hour
)

// The bounds on how changes are passed on.
const (
	MaxDirect   = 14   // up to so many peers are all sent a change of our own; some twice
	MaxSeeds    = 8    // of more, so many are, to pass it on
	MaxBulk     = 5    // the same for each of many changes at once
	Fanout      = 2    // peers to which a change of another instance is passed on
	Upstreams   = 2    // instances that are asked to pass on what changes at one that does not tell all
	MaxAskers   = 8    // who may ask us so for one origin
	ManyPeers   = 1000 // with more, what came is also passed on to any: nearly all may follow the same
	MaxPassed   = 100  // activities in one delivery
	MaxOrigin   = 500  // activities of one origin that are passed on or kept in an hour
	MaxNews     = 20000
	NewsKept    = 24 * time.Hour
	AskBack     = time.Hour        // how far before the last asking for news is looked
	AskWhenAway = 3                // peers that are asked at once when this server was away
	AskEvery    = 20 * time.Minute // a random peer is asked for news
	askRetry    = time.Minute      // another one, if that does not answer
	passJitter  = 3 * time.Second
	passPause   = 30 * time.Second // between two rounds of passing on

	upstreamKept = 90 * day         // after which another one is asked, if there are few peers
	upstreamEach = day              // between replacing those of any two origins, when there are many
	upstreamWait = time.Hour        // for an answer, and before an origin is asked again for whom to ask
	relaysAgain  = 24 * time.Hour   // the same, when it named nobody
	missedAfter  = 10 * time.Minute // how old what only the log told of is when it should have been passed on
)

// The times of reading.
const (
	visitEvery    = time.Hour
	visitQuietly  = 4 * time.Hour // when nothing is expected
	visitEagerly  = 2 * time.Second
	quietRounds   = 24 // rounds of visits in a row that brought nothing new, after which nothing is expected
	visitPerPeer  = time.Second
	longAway      = NewsKept - AskBack // after which news do not tell of all that was missed
	repairPause   = 10 * time.Second   // between comparing with two of few peers after a start
	catchUpEvery  = 2 * time.Second    // between first readings of two peers after a start
	doubtJitter   = 5 * time.Minute    // before an origin is asked about what cannot be proved
	recheckUnfit  = 7 * 24 * time.Hour
	recheckFailed = time.Hour
	recheckListed = 30 * 24 * time.Hour
)

// Facts are what it depends on whether a candidate is followed.
type Facts struct {
	Policy     directory.PeerPolicy
	Vouches    int  // how many the operator asks for
	Vouchers   int  // registered domains, other than its own, of the peers that list it
	Peers      int  // registered domains, other than its own, of all peers that may vouch
	Introduced bool // it follows us
	Chosen     bool // one of the peers that list it was named by our operator
	Waited     bool // we have known it for StrangerSpan
	Taken      int  // instances under its domain that were followed without the operator
	Followed   int  // instances followed so in FollowedSpan
	Strangers  int  // instances followed in StrangerSpan that too few peers listed
}

// Verdict is what becomes of a candidate.
type Verdict string

// The verdicts.
const (
	Wait           Verdict = "wait"
	Follow         Verdict = "follow"          // enough peers list it
	FollowStranger Verdict = "follow stranger" // none needs to
)

// Decide says what becomes of a candidate that is fit to be a peer.
//
// With the policy open it is followed when Vouches peers list it. While we have
// fewer peers than that, all of them must: a new instance trusts the one whose
// address it was told. One that follows us, alone under its domain, is followed
// back even if nobody lists it, a few a day: otherwise nobody could be the
// first to list a newcomer. So is one that a peer lists which our operator named,
// while we have few: else two groups that know each other through one instance
// only would not grow together. So is one that has waited for a day for a second
// peer to list it: else an instance whose first peers list only each other would
// never get away from them. For a day such a stranger is not counted among our
// peers here, and its own list does not count, unless enough of them list it.
func Decide(f Facts) Verdict {
	if f.Policy != directory.PeersOpen || f.Taken >= TakenOfDomain || f.Followed >= MaxFollowed {
		return Wait
	}
	if needed := max(1, min(f.Vouches, f.Peers)); f.Vouchers >= needed {
		return Follow
	}
	due := f.Introduced || f.Chosen && f.Peers <= FewPeers || f.Waited && f.Vouchers > 0
	if due && f.Taken == 0 && f.Strangers < MaxStrangers {
		return FollowStranger
	}
	return Wait
}

// Voices returns which peers may vouch for others: those that are no strangers;
// and as long as there are none, strangers.
func Voices[P any](peers []P, stranger func(*P) bool) []P {
	var voices []P
	for k := range peers {
		if !stranger(&peers[k]) {
			voices = append(voices, peers[k])
		}
	}
	if len(voices) == 0 {
		return peers
	}
	return voices
}

// VisitEvery returns how long after a round of visits the next one comes, when so
// many rounds in a row brought nothing new. It is short while the network is
// small or young.
func VisitEvery(peers, quiet int) time.Duration {
	if quiet >= quietRounds {
		return visitQuietly
	}
	wait := max(visitEagerly, time.Duration(peers)*visitPerPeer) << min(quiet, 12)
	return min(visitEvery, wait)
}

// WaitsForLists reports whether a peer's list is left alone for as long as the peer
// asks, when so many rounds in a row brought nothing new: not in a young network.
func WaitsForLists(quiet int) bool { return quiet >= quietRounds }

// ListedAtOnce returns how many names of a peer's list are read in a visit, when so
// many rounds in a row brought nothing new. Pages are read whole: it is one at least.
func ListedAtOnce(quiet int) int {
	if quiet >= quietRounds {
		return 1
	}
	return MaxListed
}

// The requests of a day by which peers are asked whether anything was missed, whatever
// their number: that an idle instance makes and answers fewer than 500 in all is what
// an operator can rely on. Comparing tells more for the same price, and comes first.
const (
	polledDay   = 90
	comparedDay = 72 // of them, comparisons at most
)

// ReadEvery returns how long after a reading of a peer's log it is read again,
// whether or not it tells of news: as many readings a day for many peers as for
// few, since news come by other ways.
func ReadEvery(peers int) time.Duration {
	peers = max(peers, 1)
	compared := min(int(day/RepairEvery)*peers, comparedDay)
	return time.Duration(peers) * day / time.Duration(polledDay-compared)
}

// RepairAgain returns how long after what is carried from a peer was compared with
// what it has it is compared again: an hour with few peers, longer with many.
func RepairAgain(peers int) time.Duration {
	return max(RepairEvery, time.Duration(peers)*day/comparedDay)
}

// ComparedAgain returns how long who compared what they carry of us is asked to wait
// before they do so again, when so many peers follow us: they all share the requests
// that one instance answers in a day. None has to wait for longer than two weeks.
func ComparedAgain(followers int) time.Duration {
	return min(time.Duration(followers)*comparedSpacing, longestComparing)
}

// AskedAgain is ComparedAgain for who read our log or our peers, or asked for news: what
// was missed they learn from others, too.
func AskedAgain(followers int) time.Duration {
	return min(time.Duration(followers)*askedSpacing, LongestWait)
}

const (
	comparedSpacing  = 12 * time.Minute // 120 a day
	askedSpacing     = 36 * time.Minute // 40 a day of each kind
	longestComparing = 14 * day
	// LongestWait is how long we wait before we ask for the same again, whatever we are
	// asked to.
	LongestWait = 60 * day
)

const day = 24 * time.Hour

// RepairAt returns how long after a start the k-th of so many peers is compared,
// with random in [0, 1): soon where they are few, else spread as RepairAgain has
// them later.
func RepairAt(k, peers int, random float64) time.Duration {
	if peers <= MaxDirect {
		return time.Duration(k+1) * repairPause
	}
	return time.Duration(random * float64(RepairAgain(peers)))
}

// Targets returns to how many of so many peers that follow us an own change is
// sent, when so many changes wait. All is true when it reaches every one of
// them, so that nobody needs to pass it on.
func Targets(followers, changes int) (n int, all bool) {
	switch {
	case followers <= MaxDirect:
		return followers, true
	case changes > MaxDirect:
		return MaxBulk, false
	}
	return MaxSeeds, false
}

// NeedsUpstreams reports whether an instance with so many peers has to ask others to
// pass on what changes at an origin, when it follows mine of so many that the
// origin names: not where nearly all follow nearly all, and what came is passed on to
// any of them.
func NeedsUpstreams(peers, named, mine int) bool {
	return peers <= ManyPeers || mine < named
}

// KeepsUpstream reports whether who passes on what changes at an origin need not be
// replaced: they have taken it on, or have time to, and nothing was missed.
func KeepsUpstream(u *directory.Upstream, now time.Time, missed bool, peers int) bool {
	age := now.Sub(u.Since)
	return !missed && age < UpstreamKept(peers) && (u.Accepted || age < upstreamWait)
}

// UpstreamKept returns for how long the same instances pass on what changes at an
// origin, with so many peers: only a few are replaced in a day.
func UpstreamKept(peers int) time.Duration {
	return max(upstreamKept, time.Duration(peers)*upstreamEach)
}

// PassAt returns when what just came is passed on, with random in [0, 1): soon,
// but with what else comes until then when we passed something on a moment ago.
func PassAt(now, last time.Time, random float64) time.Time {
	soon := now.Add(time.Duration(random * float64(passJitter)))
	if next := last.Add(passPause); next.After(soon) {
		return next
	}
	return soon
}

// AskAgain returns how long after asking for news they are asked for again:
// another peer soon if none answered.
func AskAgain(answered bool) time.Duration {
	if answered {
		return AskEvery
	}
	return askRetry
}

// AskSince returns from when on news are asked for, if they were last asked for
// at a time. Complete is false when peers may have forgotten some of it: then
// every log has to be read.
func AskSince(now, last time.Time) (since time.Time, complete bool) {
	if last.IsZero() || now.Sub(last) > longAway {
		return now.Add(-NewsKept), false
	}
	return last.Add(-AskBack), true
}
