package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"codeberg.org/commonage/commonage/directory"
)

// What a calendar holds.
const (
	mostEvents = 500
	keptEvents = 30 * 24 * time.Hour // after they began
)

// showCalendar answers with the events of the initiatives that a search finds, as
// iCalendar (RFC 5545).
func (s *Server) showCalendar(w http.ResponseWriter, r *http.Request) error {
	a, err := s.ask(r)
	if err != nil {
		return err
	}
	posts, err := s.store.Events(r.Context(), a.Query, mostEvents)
	if err != nil {
		return fmt.Errorf("make a calendar: %w", err)
	}
	earliest := s.now().Add(-keptEvents)
	posts = slices.DeleteFunc(posts, func(p directory.Post) bool { return p.Event == nil || p.Event.Start.Before(earliest) })
	slices.SortStableFunc(posts, func(p, q directory.Post) int { return p.Event.Start.Compare(q.Event.Start) })
	calendar := ics.NewCalendarFor("Commonage")
	calendar.SetMethod(ics.MethodPublish)
	calendar.SetXWRCalName(s.instance.Name)
	for k := range posts {
		addEvent(calendar, &posts[k])
	}
	serve(w, r, "text/calendar; charset=utf-8", []byte(calendar.Serialize()))
	return nil
}

func addEvent(calendar *ics.Calendar, p *directory.Post) {
	e := calendar.AddEvent(p.ID)
	e.SetDtStampTime(p.Updated)
	e.SetCreatedTime(p.Published)
	e.SetModifiedAt(p.Updated)
	e.SetSummary(p.Event.Name)
	e.SetDescription(p.Text)
	e.SetStartAt(p.Event.Start)
	if !p.Event.End.IsZero() {
		e.SetEndAt(p.Event.End)
	}
	e.SetURL(p.ID)
	if place := p.Event.Place; place != nil {
		e.SetLocation(joined(", ", place.Name, place.Address, place.Locality))
		if place.Point != nil {
			e.SetGeo(place.Point.Latitude, place.Point.Longitude)
		}
	} else if p.Event.Online != "" {
		e.SetLocation(p.Event.Online)
	}
	switch p.Event.Status {
	case directory.EventCancelled:
		e.SetStatus(ics.ObjectStatusCancelled)
	case directory.EventTentative:
		e.SetStatus(ics.ObjectStatusTentative)
	case directory.EventScheduled, "":
		e.SetStatus(ics.ObjectStatusConfirmed)
	}
}

// OpenSearch 1.1 with its Geo extension, which browsers and feed readers learn
// to search here by.
type openSearch struct {
	XMLName     xml.Name        `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	Geo         string          `xml:"xmlns:geo,attr"`
	ShortName   string          `xml:"ShortName"`
	Description string          `xml:"Description"`
	URLs        []openSearchURL `xml:"Url"`
	Image       openSearchImage `xml:"Image"`
	Language    string          `xml:"Language,omitempty"`
	Input       string          `xml:"InputEncoding"`
	Output      string          `xml:"OutputEncoding"`
}

type openSearchURL struct {
	Type     string `xml:"type,attr"`
	Rel      string `xml:"rel,attr,omitempty"`
	Template string `xml:"template,attr"`
}

type openSearchImage struct {
	Type string `xml:"type,attr"`
	URL  string `xml:",chardata"`
}

const openSearchType = "application/opensearchdescription+xml"

func (s *Server) showOpenSearch(w http.ResponseWriter, r *http.Request) error {
	name := s.instance.Name
	for utf8.RuneCountInString(name) > 16 { // which the format allows
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	const asked = "?q={searchTerms}&bbox={geo:box?}"
	body, err := xml.MarshalIndent(openSearch{
		Geo: "http://a9.com/-/opensearch/extensions/geo/1.0/", ShortName: name, Description: "Search " + s.instance.Name,
		Language: s.instance.Language, Input: "UTF-8", Output: "UTF-8",
		Image: openSearchImage{"image/svg+xml", s.instance.URL("/favicon.svg")},
		URLs: []openSearchURL{
			{"text/html", "", s.instance.URL("/search") + asked},
			{atomType, "", s.instance.URL("/api/v1/initiatives.atom") + asked},
			{"application/x-suggestions+json", "suggestions", s.instance.URL("/opensearch/suggest") + "?q={searchTerms}"},
			{openSearchType, "self", s.instance.URL("/opensearch.xml")},
		},
	}, "", " ")
	if err != nil {
		return fmt.Errorf("write the OpenSearch description: %w", err)
	}
	serve(w, r, openSearchType+"; charset=utf-8", append([]byte(xml.Header), body...))
	return nil
}
