package directory

import "time"

// PeerPolicy says what becomes of instances that this one hears of.
type PeerPolicy string

// The policies. Whatever the policy, blocks win over it.
const (
	PeersOpen      PeerPolicy = "open"      // followed when enough of our peers list them
	PeersReview    PeerPolicy = "review"    // wait for the operator
	PeersAllowlist PeerPolicy = "allowlist" // none is looked for
)

// Candidate is an instance that we heard of: one that a peer lists, or that
// introduced itself by following us.
type Candidate struct {
	Host   string
	Domain string // that somebody registered; hosts under one have one owner
	State  CandidateState
	Reason string // why it is unfit, in plain words

	Name        string
	Locality    string
	Country     string
	Point       *Point
	Initiatives int      // that it publishes, by its own word
	Samples     []string // names of some of them

	Unlisted   bool      // it does not want to be listed anywhere
	Stranger   bool      // it was followed on its own word alone
	Tries      int       // failed looks at it, in a row
	Introduced time.Time // when it followed us; zero for never
	Found      time.Time
	Checked    time.Time // the last look at it; zero for never
	Decided    time.Time // when it was followed or refused

	Vouchers []string // hosts of peers that list it; filled where said
}

// CandidateState is how far we are with a candidate.
type CandidateState string

// The states of a candidate.
const (
	CandidateFound    CandidateState = "found"    // not looked at yet
	CandidateWaiting  CandidateState = "waiting"  // fit; for vouches, or for the operator
	CandidateUnfit    CandidateState = "unfit"    // looked at again later
	CandidateFollowed CandidateState = "followed" // a peer now
	CandidateRefused  CandidateState = "refused"  // by the operator; never asked for again
)
