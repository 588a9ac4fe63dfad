package web_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestSearchPage(t *testing.T) {
	h := full(t)
	for _, c := range []struct{ name, path, heading, has, hasNot string }{
		{"everything", "/search", "7 initiatives", "newest first", "Clear all"},
		{"words", "/search?q=repair", "1 for repair", "best first", "Instrumentheek"},
		{"a town", "/search?q=repair+near+Ghent", "1 for repair near Ghent", "closest first", "Unicorn"},
		{"a position", "/search?q=food+co-op+near+53.48,-2.24", "1 for food co-op near 53.48,-2.24", "4.8 km", "Ledeberg"},
		{"a city only the atlas knows", "/search?q=near+Bruges", "", "closest first", ""},
		{"an unknown town", "/search?q=repair+near+Nowhereville", "1 for repair", "We know no place called Nowhereville", ""},
		{"an unknown town alone", "/search?q=near+Nowhereville", "Nothing for Nowhereville", "See everything there is", ""},
		{"nothing as near as that", "/search?q=unicorn+near+Liverpool", "1 for unicorn near Liverpool", "Nothing within 25 km", ""},
		{"nothing within 100 km", "/search?q=unicorn+near+Ghent", "1 for unicorn near Ghent", "here is the closest", ""},
		{"any distance", "/search?q=unicorn&place=Ghent&radius=any", "1 for unicorn near Ghent", "closest first", "within 25"},
		{"a town with namesakes", "/search?q=near+Vienna", "", "This is about Vienna, Austria. For another one, name the country too: Vienna, United States", ""},
		{"a town and its country", "/search?q=near+Vienna,+US", "", "closest first", "This is about"},
		{"a town in another language", "/search?q=repair+near+Gand", "1 for repair near Gand", "within 25 km", ""},
		{"a wrong letter", "/search?q=unicron", "1 for unicorn", "Nothing says unicron", ""},
		{"fields", "/search?q=form:repair-cafe+kind:urban+lang:nl", "1 initiative", "Remove filter </span>Dutch", ""},
		{"a town and a country", "/search?q=in:Belgium+kind:knowledge", "1 initiative", "Maakleerplek", "Unicorn"},
		{"in a town", "/search?q=food+in:Manchester", "1 for food in Manchester", "Remove filter </span>in Manchester", ""},
		{"left out", "/search?q=-repair+in:Ghent", "1 for -repair in Ghent", "Instrumentheek", "Ledeberg"},
		{"a phrase", "/search?q=%22keepers+of+Suva%22", "1 for \"keepers of Suva\"", "Seed keepers", ""},
		{"a phrase in another order", "/search?q=%22Suva+keepers%22", "Nothing for \"Suva keepers\"", "", ""},
		{"since", "/search?q=since:2027", "0 initiatives", "added or changed since 2027", ""},
		{"no field", "/search?q=kind:rural+repair", "", "kind:rural was read as words", ""},
		{"a filter", "/search?kind=knowledge", "2 initiatives", "Remove filter", "Instrumentheek"},
		{"an offer as it is written", "/search?offers=spare-parts", "1 initiative", "Remove filter </span>&lt;spare&gt; parts", "spare parts"},
		{"offers to choose from", "/search?q=repair", "", ">Soldering iron<", "soldering iron"},
		{"not on the map", "/search?kind=knowledge", "2 initiatives", "One of these has no position", ""},
		{"across the antimeridian", "/search?bbox=170,-30,-170,0", "1 initiative", "Seed keepers of Suva", "Ledeberg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, body := get(t, h, c.path)
			if got := heading(t, body); c.heading != "" && got != c.heading {
				t.Errorf("heading: got %q, want %q", got, c.heading)
			}
			if !strings.Contains(body, c.has) {
				t.Errorf("the page lacks %q", c.has)
			}
			if c.hasNot != "" && strings.Contains(body, c.hasNot) {
				t.Errorf("the page has %q", c.hasNot)
			}
		})
	}
}

func heading(t *testing.T, body string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "h1" {
			return text(n)
		}
	}
	return ""
}

func TestFiltersAreLinksThatToggle(t *testing.T) {
	h := full(t)
	_, body := get(t, h, "/search?q=what&kind=urban")
	for _, want := range []string{
		`href="/search?kind=urban&amp;kind=knowledge&amp;q=what"`, // one more
		`href="/search?q=what"`,                                   // one less
		`href="/api/v1/initiatives.csv?kind=urban&amp;q=what"`,    // exactly this
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestPagingReachesEverything(t *testing.T) {
	h := full(t)
	seen := map[string]bool{}
	for path := "/search?limit=2"; path != ""; {
		_, body := get(t, h, path)
		doc, err := html.Parse(strings.NewReader(body))
		must(t, err)
		path = ""
		for n := range doc.Descendants() {
			if id := attr(n, "data-id"); n.Data == "article" && id != "" {
				seen[id] = true
			}
			if attr(n, "rel") == "next" {
				path = attr(n, "href")
			}
		}
	}
	if got, want := len(seen), len(entries()); got != want {
		t.Errorf("pages list %d entries, want %d", got, want)
	}
}

// TestMapWorksWithoutScript follows the drawn clusters until every entry is a
// point of its own.
func TestMapWorksWithoutScript(t *testing.T) {
	h := full(t)
	found, seen := map[string]bool{}, map[string]bool{}
	waiting := []string{"/search"}
	for len(waiting) > 0 && len(seen) < 50 {
		path := waiting[0]
		waiting = waiting[1:]
		_, body := get(t, h, path)
		doc, err := html.Parse(strings.NewReader(body))
		must(t, err)
		for n := range doc.Descendants() {
			link := attr(n, "href")
			switch {
			case attr(n, "class") == "cluster" && !seen[link]:
				seen[link] = true
				waiting = append(waiting, link)
			case attr(n, "class") == "point":
				found[link] = true
			}
		}
	}
	want := 0
	for _, i := range entries() {
		if i.Place.Point != nil {
			want++
		}
	}
	if len(found) != want {
		t.Errorf("the map leads to %d entries, want %d: %v", len(found), want, found)
	}
}
