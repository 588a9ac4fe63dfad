package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// feedSize is how many entries a feed holds: who follows a search looks more
// often than so many change.
const feedSize = 50

// feed is a search as feeds tell of it: what was added or changed last.
type feed struct {
	Title   string
	Self    string // address of the feed
	Page    string // address of the search
	Updated time.Time
	Entries []*directory.Initiative
}

func (s *Server) feed(r *http.Request) (*feed, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	a.Cursor = ""
	most := feedSize
	if a.Limit > 0 {
		most = min(a.Limit, feedSize)
	}
	entries, err := s.store.Newest(r.Context(), a.Query, most)
	if err != nil {
		return nil, fmt.Errorf("make a feed: %w", err)
	}
	f := &feed{
		Title: s.instance.Name, Self: s.instance.URL(a.answerAddress(r.URL.Path)), Page: s.instance.URL(a.link(a.Query)),
		Updated: time.Unix(0, 0).UTC(), Entries: entries,
	}
	if words := a.Words(); words != "" {
		f.Title += ": " + words
	}
	if len(entries) > 0 {
		f.Updated = entries[0].Updated.UTC()
	}
	return f, nil
}

// Atom (RFC 4287) with GeoRSS Simple.
type atomFeed struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	GeoRSS    string      `xml:"xmlns:georss,attr"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Updated   string      `xml:"updated"`
	Links     []atomLink  `xml:"link"`
	Author    atomPerson  `xml:"author"`
	Generator string      `xml:"generator"`
	Entries   []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomCategory struct {
	Term   string `xml:"term,attr"`
	Scheme string `xml:"scheme,attr"`
	Label  string `xml:"label,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Updated    string         `xml:"updated"`
	Published  string         `xml:"published"`
	Link       atomLink       `xml:"link"`
	Author     atomPerson     `xml:"author"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"`
	Rights     string         `xml:"rights,omitempty"`
	Point      string         `xml:"georss:point,omitempty"` // latitude, longitude
	Where      string         `xml:"georss:featurename,omitempty"`
}

const atomType = "application/atom+xml"

func (s *Server) showAtom(w http.ResponseWriter, r *http.Request) error {
	f, err := s.feed(r)
	if err != nil {
		return err
	}
	out := atomFeed{
		GeoRSS: "http://www.georss.org/georss", ID: f.Self, Title: f.Title, Updated: f.Updated.Format(time.RFC3339),
		Links:  []atomLink{{"self", atomType, f.Self}, {"alternate", "text/html", f.Page}},
		Author: atomPerson{s.instance.Name, s.instance.URL("/")}, Generator: "Commonage",
	}
	for _, i := range f.Entries {
		e := atomEntry{
			ID: i.ID, Title: i.Name, Updated: i.Updated.UTC().Format(time.RFC3339), Published: i.Published.UTC().Format(time.RFC3339),
			Link: atomLink{"alternate", "text/html", s.instance.URL(s.entryPath(i))}, Author: atomPerson{Name: i.Origin},
			Summary: i.Summary, Rights: i.Source.Licence, Where: placeLine(i.Place),
		}
		for _, slug := range i.Forms {
			e.Categories = append(e.Categories, atomCategory{slug, s.instance.URL("/forms/"), formName(slug)})
		}
		if p := i.Place.Point; p != nil {
			e.Point = strconv.FormatFloat(p.Latitude, 'f', -1, 64) + " " + strconv.FormatFloat(p.Longitude, 'f', -1, 64)
		}
		out.Entries = append(out.Entries, e)
	}
	body, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return fmt.Errorf("write Atom: %w", err)
	}
	serve(w, r, atomType+"; charset=utf-8", append([]byte(xml.Header), body...))
	return nil
}

// JSON Feed 1.1.
type jsonFeed struct {
	Version string     `json:"version"`
	Title   string     `json:"title"`
	Page    string     `json:"home_page_url"`
	Self    string     `json:"feed_url"`
	Items   []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string           `json:"id"`
	URL       string           `json:"url"`
	Title     string           `json:"title"`
	Text      string           `json:"content_text"`
	Image     string           `json:"image,omitempty"`
	Published time.Time        `json:"date_published"`
	Modified  time.Time        `json:"date_modified"`
	Tags      []string         `json:"tags,omitempty"`
	Language  string           `json:"language,omitempty"`
	Authors   []jsonAuthor     `json:"authors"`
	Place     *directory.Place `json:"_place,omitempty"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

func (s *Server) showJSONFeed(w http.ResponseWriter, r *http.Request) error {
	f, err := s.feed(r)
	if err != nil {
		return err
	}
	out := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: f.Title, Page: f.Page, Self: f.Self, Items: []jsonItem{}}
	for _, i := range f.Entries {
		item := jsonItem{
			ID: i.ID, URL: s.instance.URL(s.entryPath(i)), Title: i.Name, Text: i.Summary, Published: i.Published.UTC(),
			Modified: i.Updated.UTC(), Authors: []jsonAuthor{{i.Origin}}, Place: &i.Place,
		}
		for _, slug := range i.Forms {
			item.Tags = append(item.Tags, formName(slug))
		}
		if len(i.Languages) > 0 {
			item.Language = i.Languages[0]
		}
		out.Items = append(out.Items, item)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write a JSON Feed: %w", err)
	}
	serve(w, r, "application/feed+json", body)
	return nil
}

// serve answers with a document, or with 304 to who has it already. It gives no
// date of the last change: what is withdrawn changes a feed and leaves none.
func serve(w http.ResponseWriter, r *http.Request, mediaType string, body []byte) {
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("ETag", `W/"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Content-Type", mediaType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// alternates are the addresses of a search as a feed.
func (a question) alternates() []alternative {
	return []alternative{
		{"Atom", atomType, a.answerAddress("/api/v1/initiatives.atom")},
		{"JSON Feed", "application/feed+json", a.answerAddress("/api/v1/initiatives.feed.json")},
		{"Events", "text/calendar", a.answerAddress("/api/v1/events.ics")},
	}
}
