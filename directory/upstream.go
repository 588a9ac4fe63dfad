package directory

import "time"

// Upstream is another instance that we have asked to pass on to us what changes in
// a directory that both follow.
type Upstream struct {
	Origin   string // host of the directory
	ActorID  string // directory actor of who passes on
	Inbox    string
	FollowID string // of the Follow that asked for it
	Accepted bool
	Since    time.Time
}
