package directory_test

import (
	"errors"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

func TestEventWhen(t *testing.T) {
	start := time.Date(2026, 12, 31, 22, 30, 0, 0, time.UTC)
	for want, e := range map[string]directory.Event{
		"2026-12-31, 23:30 (Europe/Brussels)":                     {Start: start, Timezone: "Europe/Brussels"},
		"2026-12-31, 23:30–23:45 (Europe/Brussels)":               {Start: start, End: start.Add(15 * time.Minute), Timezone: "Europe/Brussels"},
		"2026-12-31, 23:30 – 2027-01-01, 01:30 (Europe/Brussels)": {Start: start, End: start.Add(2 * time.Hour), Timezone: "Europe/Brussels"},
		"2027-01-01, 04:15 (Asia/Kathmandu)":                      {Start: start, Timezone: "Asia/Kathmandu"},
	} {
		if got := e.When(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEventValidate(t *testing.T) {
	start := time.Date(2026, 12, 5, 13, 0, 0, 0, time.UTC)
	for field, change := range map[string]func(*directory.Event){
		"":         func(*directory.Event) {},
		"name":     func(e *directory.Event) { e.Name = "Two\nlines" },
		"start":    func(e *directory.Event) { e.Start = time.Time{} },
		"end":      func(e *directory.Event) { e.End = start },
		"timezone": func(e *directory.Event) { e.Timezone = "../../etc/passwd" },
		"status":   func(e *directory.Event) { e.Status = "maybe" },
		"place":    func(e *directory.Event) { e.Place = &directory.Place{Point: &directory.Point{Latitude: 91}} },
		"online":   func(e *directory.Event) { e.Online = "javascript:alert(1)" },
	} {
		e := directory.Event{Name: "Day", Start: start, Timezone: "Europe/Brussels"}
		change(&e)
		err := (&directory.Post{Event: &e}).Validate()
		var invalid *directory.Invalid
		if field == "" && err != nil || field != "" && (!errors.As(err, &invalid) || invalid.Field != field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	for _, zone := range []string{"", "Local"} {
		if (&directory.Event{Name: "Day", Start: start, Timezone: zone}).Validate() == nil {
			t.Errorf("the zone %q is taken", zone)
		}
	}
}

func TestFullText(t *testing.T) {
	for want, p := range map[string]directory.Post{
		"x":          {Text: "x"},
		"x\n\n#A #B": {Text: "x", Hashtags: []string{"A", "B"}},
		"#A":         {Hashtags: []string{"A"}},
	} {
		if got := p.FullText(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
