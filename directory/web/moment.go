package web

import (
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/templates"
)

// moment is a time as a page shows it: how long ago, and exactly.
type moment struct {
	At   time.Time
	Ago  string
	Full string
}

// moment returns nil for the zero time.
func (s *Server) moment(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &moment{t, ago(s.now().Sub(t)), t.Format("2 January 2006, 15:04") + " UTC"}
}

// ago words how long ago something was, in the largest unit that there is one of.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length    time.Duration
		one, more string
	}{{365 * day, "year", "years"}, {30 * day, "month", "months"}, {day, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"}} {
		if n := int(d / unit.length); n > 0 {
			return fmt.Sprintf("%s ago", templates.Plural(n, unit.one, unit.more))
		}
	}
	return "less than a minute ago"
}
