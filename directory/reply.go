package directory

import (
	"strconv"
	"strings"
	"time"
)

// Reply is what somebody elsewhere wrote under a post of ours, or to an
// initiative by its address.
type Reply struct {
	ID           string // of the note, at its author's server
	Key          string // ours, sortable by time
	InitiativeID string // whose post it answers, or whom it mentions
	PostID       string // the post that its conversation began with; "" for a mention
	InReplyTo    string // the post or reply that it answers; "" for a mention
	Author       Author
	Content      string // HTML, sanitised
	Language     string // BCP 47; "" when unknown
	URL          string // its page
	State        ReplyState
	Published    time.Time
	Updated      time.Time // equal to Published until edited
	Received     time.Time
	Edits        int // how often its author edited it since it came
}

// Mark returns what people type to decide about the reply as it reads now: its
// key, with the number of edits once there are any.
func (r *Reply) Mark() string {
	if r.Edits == 0 {
		return r.Key
	}
	return r.Key + "." + strconv.Itoa(r.Edits)
}

// ReplyKey returns the key of the reply with a mark, or its id as it is.
func ReplyKey(markOrID string) string {
	if strings.Contains(markOrID, "/") { // an address
		return markOrID
	}
	key, _, _ := strings.Cut(markOrID, ".")
	return key
}

// Author is who wrote a reply, as far as that is known by now.
type Author struct {
	ID   string
	Acct string // "user@host"
	Name string
	URL  string // the page; the ID where it is not known
	Icon string // address of the picture; nothing here fetches it
}

// ReplyState is how far the moderation of a reply has come.
type ReplyState string

// The states of replies. A rejected one is kept, so that it is not taken for new.
const (
	ReplyPending  ReplyState = "pending"
	ReplyApproved ReplyState = "approved"
	ReplyRejected ReplyState = "rejected"
)

// ReplyStates lists every state of replies.
func ReplyStates() []ReplyState { return []ReplyState{ReplyPending, ReplyApproved, ReplyRejected} }

// ReplyPolicy is what becomes of a reply that comes in.
type ReplyPolicy string

// The policies.
const (
	ReplyReview ReplyPolicy = "review" // shown once a person here has approved it
	ReplyShow   ReplyPolicy = "show"   // shown at once, but for those of limited servers and people
	ReplyOff    ReplyPolicy = "off"    // neither kept nor shown
)

// Limits on replies. Who writes more within an hour is not heard until it is over.
const (
	MaxReply         = 20_000 // bytes of HTML
	RepliesPerAuthor = 20     // an hour
	RepliesPerHost   = 300    // an hour
)

// State returns how a reply begins: limited says that its author is.
func (p ReplyPolicy) State(limited bool) ReplyState {
	if p == ReplyShow && !limited {
		return ReplyApproved
	}
	return ReplyPending
}

// Reaction is a like or a share of a post of ours by somebody elsewhere.
type Reaction struct {
	ObjectID   string
	Kind       ReactionKind
	ActorID    string
	ActivityID string // may be ""
	Received   time.Time
}

// ReactionKind is what somebody did with a post.
type ReactionKind string

// The kinds of reactions.
const (
	Liked  ReactionKind = "like"
	Shared ReactionKind = "share"
)

// Counts is what came back to a post.
type Counts struct {
	Likes   int
	Shares  int
	Replies int // approved ones
}
