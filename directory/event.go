package directory

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Event is what a post invites to.
type Event struct {
	Name     string      `json:"name"` // plain text
	Start    time.Time   `json:"start"`
	End      time.Time   `json:"end,omitzero"` // zero: open
	Timezone string      `json:"timezone"`     // "Europe/Brussels": where clocks show Start and End
	Place    *Place      `json:"place,omitempty"`
	Online   string      `json:"online,omitempty"` // address of the meeting on the web
	Status   EventStatus `json:"status,omitempty"`
}

// EventStatus says whether an event takes place.
type EventStatus string

// The statuses.
const (
	EventScheduled EventStatus = "scheduled"
	EventTentative EventStatus = "tentative"
	EventCancelled EventStatus = "cancelled"
)

// EventStatuses lists them.
func EventStatuses() []EventStatus {
	return []EventStatus{EventScheduled, EventTentative, EventCancelled}
}

// Local returns a time as clocks show it where the event is; in UTC if this
// machine does not know the time zone.
func (e *Event) Local(t time.Time) time.Time {
	zone, err := time.LoadLocation(e.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone)
}

// When returns date and time of the event in figures, so that every language
// reads them: "2026-12-05, 19:00–22:00 (Europe/Brussels)".
func (e *Event) When() string {
	const day, clock = "2006-01-02", "15:04"
	start, end := e.Local(e.Start), e.Local(e.End)
	text := start.Format(day + ", " + clock)
	switch {
	case e.End.IsZero():
	case start.Format(day) == end.Format(day):
		text += "–" + end.Format(clock)
	default:
		text += " – " + end.Format(day+", "+clock)
	}
	return text + " (" + e.Timezone + ")"
}

// Validate returns an *Invalid for the first field that breaks a rule, or nil.
func (e *Event) Validate() error {
	_, status := ParseWord("status", string(e.Status), EventStatuses())
	_, zone := time.LoadLocation(e.Timezone)
	switch {
	case strings.TrimSpace(e.Name) == "":
		return Invalidf("name", "is missing")
	case strings.ContainsAny(e.Name, "\n\r"):
		return Invalidf("name", "has more than one line")
	case utf8.RuneCountInString(e.Name) > MaxName:
		return Invalidf("name", "has %d characters, %d are allowed", utf8.RuneCountInString(e.Name), MaxName)
	case e.Start.IsZero():
		return Invalidf("start", "is missing")
	case !e.End.IsZero() && !e.End.After(e.Start):
		return Invalidf("end", "is not after the start")
	case zone != nil || e.Timezone == "" || e.Timezone == "Local":
		return Invalidf("timezone", "%q is not a time zone such as Europe/Brussels", e.Timezone)
	case status != nil:
		return status
	case e.Place != nil && e.Place.Point != nil && !e.Place.Point.Valid():
		return Invalidf("place", "is not on the globe")
	case e.Online != "":
		return ValidateURL("online", e.Online)
	}
	return nil
}
