package directory

import "time"

// News is the latest activity about an entry, own or carried, that its origin has
// proved to be its own, so that anybody may pass it on.
type News struct {
	EntryID    string
	ActivityID string
	Origin     string // host
	Type       string // Add, Update or Remove
	Changed    time.Time
	Came       time.Time // when it came here
	Pass       bool      // it is still to be passed on
	Body       []byte    // the activity as its origin wrote it; nil where not read
}
