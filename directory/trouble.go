package directory

import "time"

// Trouble is what kind of thing went wrong with a peer.
type Trouble string

// The kinds of trouble.
const (
	TroubleRefused     Trouble = "refused"     // it does not let us read
	TroubleMissing     Trouble = "missing"     // it answers, but there is no directory
	TroubleBusy        Trouble = "busy"        // it wants to be asked less
	TroubleBroken      Trouble = "broken"      // it says that it has trouble itself
	TroubleUnreadable  Trouble = "unreadable"  // it answers something else
	TroubleName        Trouble = "name"        // its name has no address
	TroubleAddress     Trouble = "address"     // it leads to what is not asked
	TroubleBlocked     Trouble = "blocked"     // by our own operator
	TroubleCertificate Trouble = "certificate" // it does not prove who it is
	TroubleAway        Trouble = "away"        // it does not answer
	TroubleHere        Trouble = "here"        // ours
	TroubleOther       Trouble = "other"       // see the log
	TroubleUnanswered  Trouble = "unanswered"  // it does not answer our request to follow it
)

// Problem is what is wrong with a peer, in plain words.
type Problem struct {
	Kind  Trouble // "" when it is not known
	Text  string
	Since time.Time // zero when it is not known
	Mend  string    // what an operator can do about it
}

// Problem returns what is wrong with the peer, or nil.
func (p *Peer) Problem(now time.Time) *Problem {
	switch {
	case p.LastError != "":
		return &Problem{Kind: p.Trouble, Text: p.LastError, Since: p.FailingSince, Mend: p.mend()}
	case p.State == PeerRequested && !p.Requested.IsZero() && now.Sub(p.Requested) >= UnansweredAfter:
		return &Problem{
			Kind: TroubleUnanswered, Since: p.Requested,
			Text: "It has not answered our request to follow it since " + p.Requested.Format("2 January 2006, 15:04 MST") + ".",
			Mend: "“commonage peer sync " + p.Host + "” asks again. Its operator may have to allow it.",
		}
	}
	return nil
}

// mend says what an operator can do about a peer that something is wrong with.
func (p *Peer) mend() string {
	switch {
	case p.State == PeerRefused:
		return "Ask its operator, then try again with “commonage peer add " + p.Host + "”."
	case p.State == PeerDoubted:
		return "Somebody else may have got hold of its name. Ask those who run it; if the key is theirs, “commonage peer trust " + p.Host + "” believes it."
	case !p.Wanted:
		return ""
	case p.State == PeerFollowing && p.FailingSince.IsZero():
		return "The entries that are here are kept up to date. “commonage peer remove " + p.Host + "” forgets them."
	}
	cure := p.cure()
	if p.Hidden {
		cure += " Its entries left search and map, and come back when it answers again; “commonage peer remove " + p.Host + "” forgets them."
	}
	return cure
}

// cure says what helps against the kind of trouble that the peer has.
func (p *Peer) cure() string {
	const byItself = "It is tried again by itself, less and less often. "
	again := "“commonage peer sync " + p.Host + "” tries again."
	switch p.Trouble {
	case TroubleRefused:
		return "Trying again does not help by itself: ask those who run it why. When they let us in, " + again
	case TroubleMissing, TroubleName, TroubleAddress:
		return "If the name is wrong, or there is no instance any more, take it back with “commonage peer remove " + p.Host + "”. Otherwise " + again
	case TroubleBusy:
		return "There is nothing to do: it is asked again later."
	case TroubleBroken, TroubleUnreadable, TroubleCertificate:
		return "Those who run it can mend it: tell them. " + byItself + "When it is mended, “commonage peer sync " + p.Host + "” tries at once."
	case TroubleBlocked:
		return "“commonage block list” shows what was decided. “commonage block remove” takes a decision back; then " + again
	case TroubleHere, TroubleOther:
		return "The log of this server says more. " + byItself + "“commonage peer sync " + p.Host + "” tries at once."
	}
	if p.State != PeerFollowing {
		return "It is tried again by itself. If the name is wrong, take it back with “commonage peer remove " + p.Host + "”."
	}
	return byItself + "“commonage peer sync " + p.Host + "” tries at once."
}
