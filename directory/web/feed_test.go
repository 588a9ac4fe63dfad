package web_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

const searched = "?q=repair&kind=urban&bbox=3,50,4,52"

func TestAtom(t *testing.T) {
	answer, body := get(t, full(t), "/api/v1/initiatives.atom"+searched)
	if got := answer.Header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		t.Errorf("content type: got %q", got)
	}
	var feed struct {
		XMLName xml.Name  `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string    `xml:"id"`
		Title   string    `xml:"title"`
		Updated time.Time `xml:"updated"`
		Entries []struct {
			ID       string `xml:"id"`
			Title    string `xml:"title"`
			Point    string `xml:"http://www.georss.org/georss point"`
			Category struct {
				Term string `xml:"term,attr"`
			} `xml:"category"`
			Link struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	must(t, xml.Unmarshal([]byte(body), &feed))
	if feed.ID != "https://ghent.example/api/v1/initiatives.atom?bbox=3,50,4,52&kind=urban&q=repair" || feed.Title != "Commonage Ghent: repair" ||
		!feed.Updated.Equal(noon()) || len(feed.Entries) != 1 {
		t.Fatalf("got %+v", feed)
	}
	e := feed.Entries[0]
	if e.ID != "https://ghent.example/initiatives/repaircafe" || e.Point != "51.037 3.74" || e.Category.Term != "repair-cafe" ||
		e.Link.Href != "https://ghent.example/initiatives/repaircafe" {
		t.Errorf("got %+v", e)
	}
}

func TestJSONFeed(t *testing.T) {
	_, body := get(t, full(t), "/api/v1/initiatives.feed.json"+searched)
	var feed struct {
		Version string
		Home    string `json:"home_page_url"`
		Items   []struct{ ID, Title string }
	}
	must(t, json.Unmarshal([]byte(body), &feed))
	if feed.Version != "https://jsonfeed.org/version/1.1" || !strings.HasPrefix(feed.Home, "https://ghent.example/search?") || len(feed.Items) != 1 ||
		feed.Items[0].Title != "Repair Café Ledeberg" {
		t.Errorf("got %s", body)
	}
}

// A feed lists what changed last, in whatever order the search is.
func TestFeedIsInTheOrderOfChange(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	late := entry("ghent.example", "late", "Late", at(51.2, 3.9), func(i *directory.Initiative) { i.Updated = noon().Add(time.Hour) })
	must(t, s.PutInitiative(t.Context(), late, ""))
	for _, query := range []string{"", "?near=51.055,3.73&radius=50", "?q=what"} {
		_, body := get(t, handler(t, ghent(), s), "/api/v1/initiatives.feed.json"+query)
		var feed struct{ Items []struct{ Title string } }
		must(t, json.Unmarshal([]byte(body), &feed))
		if len(feed.Items) < 3 || feed.Items[0].Title != "Late" {
			t.Errorf("%s: got %+v, want Late first", query, feed.Items)
		}
	}
}

func TestFeedsAreAskedForAgain(t *testing.T) {
	h := full(t)
	for _, path := range []string{"/api/v1/initiatives.atom", "/api/v1/initiatives.feed.json", "/api/v1/events.ics", "/opensearch.xml"} {
		first, _ := get(t, h, path)
		tag := first.Header.Get("ETag")
		again, body := ask(t, h, http.MethodGet, path, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
		if tag == "" || again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s with %s: status %d", path, tag, again.StatusCode)
		}
		other, _ := ask(t, h, http.MethodGet, path, func(r *http.Request) { r.Header.Set("If-None-Match", `W/"x"`) })
		if other.StatusCode != http.StatusOK {
			t.Errorf("%s with another tag: status %d", path, other.StatusCode)
		}
	}
	if bad, _ := get(t, h, "/api/v1/initiatives.atom?kind=x"); bad.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad search: status %d", bad.StatusCode)
	}
}

func TestCalendar(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	author := "https://ghent.example/initiatives/repaircafe"
	event := func(id, name string, start time.Time, status directory.EventStatus) {
		must(t, s.PutPost(t.Context(), &directory.Post{
			ID: author + "/posts/" + id, InitiativeID: author, Text: "Bring a lamp, a bike; anything.", Published: noon(), Updated: noon(),
			Event: &directory.Event{
				Name: name, Start: start, End: start.Add(2 * time.Hour), Timezone: "Europe/Brussels", Status: status,
				Place: &directory.Place{Name: "Hall", Locality: "Ghent", Point: at(51.037, 3.74)},
			},
		}))
	}
	event("01SOON", "Mending", noon().Add(48*time.Hour), "")
	event("02OFF", "Called off", noon().Add(24*time.Hour), directory.EventCancelled)
	event("03LONGAGO", "Long ago", noon().AddDate(-1, 0, 0), "")
	h := handler(t, ghent(), s)
	names := func(query string) (out []string) {
		answer, body := get(t, h, "/api/v1/events.ics"+query)
		if got := answer.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8" {
			t.Errorf("content type: got %q", got)
		}
		calendar, err := ics.ParseCalendar(strings.NewReader(body))
		must(t, err)
		for _, e := range calendar.Events() {
			out = append(out, e.GetProperty(ics.ComponentPropertySummary).Value+" "+e.GetProperty(ics.ComponentPropertyDtStart).Value+
				" "+e.GetProperty(ics.ComponentPropertyStatus).Value)
		}
		return out
	}
	want := []string{"Called off 20261124T120000Z CANCELLED", "Mending 20261125T120000Z CONFIRMED"}
	for _, query := range []string{"", "?q=repair", "?form=repair-cafe&near=51,3.7&radius=20"} {
		if diff := cmp.Diff(want, names(query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	if got := names("?q=unicorn"); len(got) != 0 {
		t.Errorf("events of others: got %v", got)
	}
}

func TestOpenSearchDescription(t *testing.T) {
	_, body := get(t, full(t), "/opensearch.xml")
	var d struct {
		XMLName xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		Name    string   `xml:"ShortName"`
		URLs    []struct {
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		} `xml:"Url"`
	}
	must(t, xml.Unmarshal([]byte(body), &d))
	if len(d.Name) > 16 || len(d.URLs) != 4 {
		t.Fatalf("got %+v", d)
	}
	filled := strings.NewReplacer("https://ghent.example", "", "{searchTerms}", "repair", "{geo:box?}", "").Replace(d.URLs[0].Template)
	if answer, page := get(t, full(t), filled); answer.StatusCode != http.StatusOK || heading(t, page) != "1 for repair" {
		t.Errorf("%s: status %d", filled, answer.StatusCode)
	}
}

func TestSearchPageLinksItsFeeds(t *testing.T) {
	_, body := get(t, full(t), "/search?q=repair+kind:urban")
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	got := map[string]string{}
	for n := range doc.Descendants() {
		if n.Data == "link" && (attr(n, "rel") == "alternate" || attr(n, "rel") == "search") {
			got[attr(n, "type")] = attr(n, "href")
		}
	}
	want := map[string]string{
		"application/atom+xml":                  "/api/v1/initiatives.atom?kind=urban&q=repair",
		"application/feed+json":                 "/api/v1/initiatives.feed.json?kind=urban&q=repair",
		"text/calendar":                         "/api/v1/events.ics?kind=urban&q=repair",
		"application/opensearchdescription+xml": "/opensearch.xml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}
