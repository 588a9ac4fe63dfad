package directory

import "time"

// Peer is an instance whose directory we follow, or that follows ours.
type Peer struct {
	Host     string
	ActorID  string // its directory actor; "" until it was found
	Name     string // what it calls itself
	Inbox    string
	Locality string
	Country  string
	Point    *Point

	Wanted      bool      // our operator asked to follow it
	State       PeerState // of our following
	FollowsUs   bool
	FollowID    string // of our latest Follow activity
	Added       time.Time
	Asked       time.Time // when that was sent; zero for never
	LastContact time.Time // last successful exchange; zero for never
	Confirmed   time.Time // when its log or its digests last told what it has; zero for never
	LastError   string    // in plain words; "" when the last exchange went well
	LastErrorAt time.Time
	Trouble     Trouble   // of what kind that error is; "" when it is not known
	Requested   time.Time // when we first asked to follow it, while it has not answered

	Backfill string // next page to read on the way back in its log; "" when done
	Cursor   string // the link that leads to what is newer than all we read

	Read  int // entries of its log that the first reading has read so far
	Total int // entries of its log when that began; 0 if it does not say

	FailingSince time.Time // first failure after the last success; zero while it answers
	Hidden       bool      // its entries are in no list: it has not answered for so long, or refuses us

	AsOf     time.Time // when its log was last read to the end, or compared; zero for never
	Compared time.Time // when what is carried was last compared with what it has; zero for never
	MendedAt time.Time // the last comparison that mended something; zero for none
	Mended   int       // entries that it mended
	Mending  int       // the same of one that is not finished
	Listed   int       // entries that it said to have when compared
	Lacking  int       // of these, not carried after that

	Entries int // its entries carried here; counted when listed
}

// PeerState is how far our following of a peer has come.
type PeerState string

// The states of following.
const (
	PeerNone      PeerState = ""          // not followed
	PeerSearching PeerState = "searching" // its directory actor is being looked up
	PeerRequested PeerState = "requested" // our Follow was sent
	PeerFollowing PeerState = "following" // it accepted
	PeerRefused   PeerState = "refused"   // it rejected
	PeerDoubted   PeerState = "doubted"   // it shows another key, unannounced
)

// UnconfirmedAfter is for how long a peer must not answer before people are told
// that its entries are not confirmed.
const UnconfirmedAfter = 24 * time.Hour

// UnansweredAfter is for how long a request to follow may be without an answer
// before that is called trouble.
const UnansweredAfter = time.Hour

// Asks notes that a request to follow the peer is sent, be it the first or not.
func (p *Peer) Asks(now time.Time) {
	if p.State != PeerRequested || p.Requested.IsZero() {
		p.Requested = now
	}
	p.State = PeerRequested
}

// Settled notes that what is carried was compared with the listed entries that the
// peer says to have, of which so many are carried now; mended is how many differed
// in the last run of the comparison.
func (p *Peer) Settled(now time.Time, listed, carried, mended int) {
	p.Compared, p.AsOf = now, now
	if mended += p.Mending; mended > 0 {
		p.Mended, p.MendedAt, p.Mending = mended, now, 0
	}
	p.Listed, p.Lacking = max(listed, 0), max(listed-carried, 0)
}

// Answers notes that the peer answered.
func (p *Peer) Answers(now time.Time) {
	p.LastContact, p.LastError, p.Trouble, p.FailingSince = now, "", "", time.Time{}
}

// Confirms notes that the peer has told what it has.
func (p *Peer) Confirms(now time.Time) {
	p.Answers(now)
	p.Confirmed = now
}

// Fails notes in plain words that an exchange with the peer went wrong.
func (p *Peer) Fails(now time.Time, why string) {
	p.LastError, p.LastErrorAt, p.Trouble = why, now, ""
	if p.FailingSince.IsZero() {
		p.FailingSince = now
	}
}

// Unconfirmed returns since when nobody has confirmed the peer's entries, or the
// zero time if they are as good as confirmed. Only what we read there confirms
// them, not that the peer sends something.
func (p *Peer) Unconfirmed(now time.Time) time.Time {
	failing := !p.FailingSince.IsZero() && now.Sub(p.FailingSince) >= UnconfirmedAfter
	if !failing && !p.Hidden {
		return time.Time{}
	}
	if p.Confirmed.IsZero() {
		return p.FailingSince
	}
	return p.Confirmed
}
