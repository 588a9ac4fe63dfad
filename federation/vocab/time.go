package vocab

import (
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Time returns the spelling of t in every document: RFC 3339 in UTC with exactly
// six digits of a second's fraction. It is exact for years 1 to 9999.
func Time(t time.Time) string { return directory.Stamp(t) }

// ParseTime reads a date and time of another server: RFC 3339, also without
// seconds or without a zone (then UTC). The result is in UTC, cut to
// microseconds, so that ParseTime(Time(t)) is t for every t that we store.
func ParseTime(s string) (time.Time, error) {
	if len(s) > 64 {
		return time.Time{}, fmt.Errorf("a time has %d characters, 64 are allowed", len(s))
	}
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700",
	} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		t = t.UTC().Truncate(time.Microsecond)
		if t.Year() < 1 || t.Year() > 9999 {
			break
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is not a date and time of RFC 3339", s)
}
