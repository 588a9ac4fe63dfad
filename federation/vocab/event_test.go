package vocab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

func event() vocab.Note {
	n := post()
	n.Event = &directory.Event{
		Name: "Sharpening day", Timezone: "Europe/Brussels",
		Start: time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC), End: time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
		Place: &directory.Place{
			Name: "The <old> dairy", Address: "Coupure 1", Postcode: "9000", Locality: "Ghent", Country: "BE",
			Point: &directory.Point{Latitude: 51.05, Longitude: 3.71},
		},
		Online: "https://meet.example/knives?a=1&b=2",
	}
	return n
}

func TestEventDocuments(t *testing.T) {
	golden(t, "event.json", must(t)(vocab.NoteDocument(event())))
	golden(t, "create_event.json", must(t)(vocab.Create(envelope("/posts/01J/activity"), event())))
	cancelled := event()
	cancelled.Updated, cancelled.Event.Status = date(7, 0), directory.EventCancelled
	golden(t, "update_event.json", must(t)(vocab.UpdateNote(envelope("/posts/01J#updates/2"), cancelled)))
}

// PO2: an event says what servers of events need, and in its summary what
// servers need that show nothing else. The clocks go forward in this one.
func TestEvent(t *testing.T) {
	got := decode(t, must(t)(vocab.NoteDocument(event())))
	for name, want := range map[string]any{
		"type": "Event", "name": "Sharpening day", "timezone": "Europe/Brussels", "attributedTo": umit,
		"startTime": "2026-03-29T01:30:00+01:00", "endTime": "2026-03-29T03:30:00+02:00",
		"eventStatus": "EventScheduled", "url": umit + "/posts/01J", "joinMode": "none",
		"summary": "<p>2026-03-29, 01:30–03:30 (Europe/Brussels)<br>The &lt;old&gt; dairy, Coupure 1, 9000 Ghent, BE<br>" +
			`<a href="https://meet.example/knives?a=1&amp;b=2" rel="nofollow noopener">https://meet.example/knives?a=1&amp;b=2</a></p>`,
		"displayEndTime": nil,
		"organizers":     map[string]any{"type": "Collection", "totalItems": 1.0, "items": []any{umit}},
		"location": []any{
			map[string]any{
				"type": "Place", "name": "The <old> dairy", "latitude": 51.05, "longitude": 3.71,
				"address": map[string]any{
					"type": "PostalAddress", "streetAddress": "Coupure 1", "postalCode": "9000",
					"addressLocality": "Ghent", "addressCountry": "BE",
				},
			},
			map[string]any{"type": "VirtualLocation", "name": "Online", "url": "https://meet.example/knives?a=1&b=2"},
		},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if content, ok := got["content"].(string); !ok || !strings.Contains(content, "Zaterdag") {
		t.Errorf("content = %v", got["content"])
	}
}

// An event without an end has one for programs; without a place it has none.
func TestOpenEvent(t *testing.T) {
	n := event()
	n.Event.End, n.Event.Place, n.Event.Online = time.Time{}, nil, ""
	n.Event.Status = directory.EventTentative
	got := decode(t, must(t)(vocab.NoteDocument(n)))
	for name, want := range map[string]any{
		"endTime": "2026-03-29T05:30:00+02:00", "displayEndTime": false, "location": nil, "eventStatus": "EventTentative",
		"summary": "<p><strong>Not certain yet</strong><br>2026-03-29, 01:30 (Europe/Brussels)</p>",
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestMentionedHear: who is named is addressed too, once.
func TestMentionedHear(t *testing.T) {
	n := post()
	ana := vocab.Tag{Type: "Mention", Name: "@ana@m.example", Href: "https://m.example/users/ana"}
	n.Tags = append(n.Tags, ana, ana)
	create := decode(t, must(t)(vocab.Create(envelope("/posts/01J/activity"), n)))
	want := []any{umit + "/followers", ana.Href}
	for _, m := range []map[string]any{create, create["object"].(map[string]any)} {
		if diff := cmp.Diff(want, m["cc"]); diff != "" {
			t.Errorf("%v cc (-want +got):\n%s", m["type"], diff)
		}
	}
}
