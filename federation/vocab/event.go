package vocab

import (
	"html"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// openEnd is how long an event without an end is taken to last: FEP-8a8e wants
// an end that programs go by, and says so when people are not to see it.
const openEnd = 3 * time.Hour

// setEvent makes a note the Event that it invites to (FEP-8a8e).
func setEvent(f fields, n Note) error {
	e := n.Event
	f["type"] = "Event"
	f["name"] = e.Name
	f["summary"] = eventSummary(e)
	f["startTime"] = e.Local(e.Start).Format(time.RFC3339)
	end := e.End
	if end.IsZero() {
		end = e.Start.Add(openEnd)
		f["displayEndTime"] = false
	}
	f["endTime"] = e.Local(end).Format(time.RFC3339)
	f["timezone"] = e.Timezone
	f["eventStatus"] = eventStatus(e.Status)
	f["joinMode"] = "none" // a Join is answered with nothing
	f["organizers"] = fields{"type": "Collection", "totalItems": 1, "items": []any{n.Author}}
	var locations []fields
	if e.Place != nil {
		place, err := placeFields(*e.Place)
		if err != nil {
			return err
		}
		if e.Place.Name == "" {
			setText(place, "name", placeLine(*e.Place)) // some know no other part of a place
		}
		locations = append(locations, place)
	}
	if e.Online != "" {
		locations = append(locations, fields{"type": "VirtualLocation", "name": "Online", "url": e.Online})
	}
	switch len(locations) {
	case 0:
	case 1:
		f["location"] = locations[0]
	default:
		f["location"] = locations
	}
	return nil
}

func eventStatus(s directory.EventStatus) string {
	switch s {
	case directory.EventCancelled:
		return "EventCancelled"
	case directory.EventTentative:
		return "EventTentative"
	case directory.EventScheduled, "":
	}
	return "EventScheduled"
}

// eventSummary says when and where, for servers that show nothing else of an
// event but its name and address (INTEROP P10).
func eventSummary(e *directory.Event) string {
	lines := make([]string, 0, 4)
	switch e.Status {
	case directory.EventCancelled:
		lines = append(lines, "<strong>Cancelled</strong>")
	case directory.EventTentative:
		lines = append(lines, "<strong>Not certain yet</strong>")
	case directory.EventScheduled, "":
	}
	lines = append(lines, html.EscapeString(e.When()))
	if e.Place != nil {
		if where := placeLine(*e.Place); where != "" {
			lines = append(lines, html.EscapeString(where))
		}
	}
	if e.Online != "" {
		lines = append(lines, anchor(e.Online, e.Online, "nofollow noopener"))
	}
	return "<p>" + strings.Join(lines, "<br>") + "</p>"
}
