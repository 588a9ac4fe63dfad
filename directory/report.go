package directory

import "time"

// Report is what another server's moderators were told about something of ours.
// Who reported it stays unknown; only their server is kept.
type Report struct {
	ID       string // sortable by time
	Host     string // the reporter's server
	Objects  []string
	Text     string // plain text as it came, at most MaxReport characters; to be escaped where it is shown
	Received time.Time
	Closed   time.Time // zero while it waits
}

// Limits on reports.
const (
	MaxReport        = 5000 // characters
	MaxReportObjects = 20
	ReportsPerHost   = 30 // an hour
)
