package web_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/directory/web"
	"codeberg.org/commonage/commonage/templates"
)

// pages lists a path for each page and state of it.
func pages() map[string]int {
	return map[string]int{
		"/": 200, "/search": 200, "/search?q=repair": 200, "/search?q=repair+near+Ghent": 200, "/search?q=nothingatall": 200,
		"/search?kind=urban&form=repair-cafe&bbox=3,50,5,52": 200, "/search?place=Atlantis&q=repair": 200,
		"/search?near=51.05,3.72&radius=2": 200, "/search?bbox=170,-30,-170,0": 200, "/search?limit=2": 200,
		"/initiatives/repaircafe": 200, "/initiatives/nowhere": 200, "/initiatives/bare": 200,
		"/initiatives/unicorn@manchester.example": 200, "/initiatives/repaircafe/posts/01HELLO": 200,
		"/forms": 200, "/forms/repair-cafe": 200, "/forms/time-bank": 200, "/network": 200, "/about": 200, "/api": 200,
		"/initiatives/gone": 410, "/initiatives/draft": 404, "/initiatives/nobody": 404, "/initiatives/x@nowhere.example": 404,
		"/initiatives/moved/posts/01EVENT": 200, "/initiatives/moved/posts/01NONE": 404,
		"/initiatives/repaircafe/posts/01GONE": 410, "/initiatives/repaircafe/posts/01NONE": 404,
		"/forms/none": 404, "/nothing": 404, "/search?bbox=1": 400, "/search?fbclid=1&q=repair": 200, "/search?kind=what": 400, "/search?radius=-1&place=Ghent": 400,
	}
}

func TestPagesAreWellMade(t *testing.T) {
	filled, bare := full(t), empty(t)
	for path, status := range pages() {
		t.Run("full"+path, func(t *testing.T) { checkPage(t, filled, path, status) })
	}
	for _, path := range []string{"/", "/search", "/forms", "/forms/repair-cafe", "/network", "/about", "/api"} {
		t.Run("empty"+path, func(t *testing.T) { checkPage(t, bare, path, http.StatusOK) })
	}
}

// Where nothing has all the words, the page leads to what has all but one.
func TestNothingHasAllWords(t *testing.T) {
	_, body := get(t, full(t), "/search?q=repair+ledeberg+zebra&kind=urban")
	for _, want := range []string{`href="/search?kind=urban&amp;q=repair&#43;ledeberg"`, "Leave out zebra: 1 initiative<"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(body, "Leave out repair") {
		t.Error("the page leads to where nothing is found either")
	}
}

func checkPage(t *testing.T, h http.Handler, path string, status int) {
	t.Helper()
	answer, body := get(t, h, path)
	if answer.StatusCode != status {
		t.Fatalf("status: got %d, want %d", answer.StatusCode, status)
	}
	if got := answer.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Fatalf("content type: got %q", got)
	}
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	c := checker{t: t, ids: map[string]int{}}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			c.element(n)
		}
	}
	c.finish()
}

// checker gathers what a page must and must not have.
type checker struct {
	t      *testing.T
	ids    map[string]int
	refs   []string
	h1     int
	level  int
	mains  int
	labels []string // ids of fields with a label
	fields []*html.Node
}

func (c *checker) element(n *html.Node) {
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			c.t.Errorf("<%s> has %s, which the content security policy refuses", n.Data, a.Key)
		}
	}
	if id := attr(n, "id"); id != "" {
		c.ids[id]++
	}
	for _, name := range []string{"aria-labelledby", "aria-describedby"} {
		if ref := attr(n, name); ref != "" {
			c.refs = append(c.refs, ref)
		}
	}
	switch n.Data {
	case "style":
		c.t.Error("the page has a style of its own")
	case "script":
		if attr(n, "src") == "" && attr(n, "type") != "application/ld+json" {
			c.t.Error("the page has a script of its own")
		}
	case "main":
		c.mains++
	case "nav", "aside":
		if attr(n, "aria-label") == "" {
			c.t.Errorf("<%s> has no name", n.Data)
		}
	case "img":
		if _, ok := attribute(n, "alt"); !ok {
			c.t.Errorf("picture %s has no alt", attr(n, "src"))
		}
		if src := attr(n, "src"); !strings.HasPrefix(src, "/") {
			c.t.Errorf("picture %s is from another server", src)
		}
	case "label":
		c.labels = append(c.labels, attr(n, "for"))
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" {
			c.fields = append(c.fields, n)
		}
	case "a", "button":
		if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
			c.t.Errorf("<%s href=%q> has no name", n.Data, attr(n, "href"))
		}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		c.heading(n)
	}
}

func (c *checker) heading(n *html.Node) {
	level := int(n.Data[1] - '0')
	if level > c.level+1 && c.level > 0 {
		c.t.Errorf("heading %q: h%d follows h%d", text(n), level, c.level)
	}
	if n.Data == "h1" {
		c.h1++
	}
	c.level = level
}

func (c *checker) finish() {
	if c.h1 != 1 {
		c.t.Errorf("the page has %d h1, want 1", c.h1)
	}
	if c.mains != 1 {
		c.t.Errorf("the page has %d main, want 1", c.mains)
	}
	for id, n := range c.ids {
		if n > 1 {
			c.t.Errorf("id %q is given %d times", id, n)
		}
	}
	for _, ref := range c.refs {
		if c.ids[ref] == 0 {
			c.t.Errorf("nothing has the id %q that is referred to", ref)
		}
	}
	for _, f := range c.fields {
		if attr(f, "aria-label") == "" && !slices.Contains(c.labels, attr(f, "id")) {
			c.t.Errorf("field %q has no label", attr(f, "name"))
		}
	}
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attr(n *html.Node, name string) string {
	value, _ := attribute(n, name)
	return value
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// TestEveryLinkLeadsSomewhere walks the site by its own links.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	h := full(t)
	waiting, seen := []string{"/"}, map[string]bool{"/": true}
	for len(waiting) > 0 && len(seen) < 600 {
		path := waiting[0]
		waiting = waiting[1:]
		answer, body := get(t, h, path)
		if answer.StatusCode >= 400 {
			t.Errorf("%s: status %d", path, answer.StatusCode)
		}
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, link := range links(t, body, path) {
			if !seen[link] && !strings.HasPrefix(link, "/media/") {
				seen[link] = true
				waiting = append(waiting, link)
			}
		}
	}
	for _, path := range []string{"/initiatives/repaircafe", "/forms/time-bank", "/api", "/initiatives/fiji@suva.example"} {
		if !seen[path] {
			t.Errorf("no link leads to %s", path)
		}
	}
}

// links returns the addresses on this site that a page names.
func links(t *testing.T, body, page string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	base, err := url.Parse(page)
	must(t, err)
	var out []string
	for n := range doc.Descendants() {
		for _, name := range []string{"href", "src"} {
			ref, ok := attribute(n, name)
			if !ok {
				continue
			}
			u, err := base.Parse(ref)
			if err != nil {
				t.Errorf("%s: bad address %q", page, ref)
				continue
			}
			if u.Host == "" && u.Scheme == "" {
				u.Fragment = ""
				out = append(out, u.String())
			}
		}
	}
	return out
}

func TestHeaders(t *testing.T) {
	h := full(t)
	answer, _ := get(t, h, "/")
	policy := answer.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'self'", "object-src 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("content security policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("content security policy %q is unsafe", policy)
	}
	if got := answer.Header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options: got %q", got)
	}
}

func TestPagesNameTheirActivityPubObject(t *testing.T) {
	h := full(t)
	for path, id := range map[string]string{
		"/initiatives/repaircafe":               "https://ghent.example/initiatives/repaircafe",
		"/initiatives/repaircafe/posts/01HELLO": "https://ghent.example/initiatives/repaircafe/posts/01HELLO",
	} {
		answer, body := get(t, h, path)
		want := "<" + id + `>; rel="alternate"; type="application/activity+json"`
		if got := answer.Header.Get("Link"); got != want {
			t.Errorf("%s: Link: got %q, want %q", path, got, want)
		}
		if !slices.Contains(answer.Header.Values("Vary"), "Accept") {
			t.Errorf("%s: Vary: got %q, want Accept among them", path, answer.Header.Values("Vary"))
		}
		for _, want := range []string{
			`<link rel="alternate" type="application/activity+json" href="` + id + `">`,
			`<meta name="fediverse:creator" content="@repaircafe@ghent.example">`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
	}
}

func TestInitiativeShowsWhatItMay(t *testing.T) {
	_, body := get(t, full(t), "/initiatives/repaircafe")
	for _, want := range []string{
		"<em>broken</em>", `href="https://repair.example"`, "CC-BY-4.0", "List people", `href="https://list.example/7"`,
		"since May 2016", "@repaircafe@ghent.example", "Hundelgemsesteenweg 1", `lang="nl"`, "shed stays **ours**",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"alert(1)", "javascript:", "spy.example/x.png", `src="https://spy.example`} {
		if strings.Contains(body, not) {
			t.Errorf("the page has %q", not)
		}
	}
}

// A source is shown, and its licence kept to, also where it has no name.
// An event goes by its name, news by who published it and when.
func TestHeadingsOfPosts(t *testing.T) {
	pages := full(t)
	for path, want := range map[string]string{
		"/initiatives/moved/posts/01EVENT":      "Sharpening day",
		"/initiatives/repaircafe/posts/01HELLO": "Repair Café Ledeberg, 23 November 2026",
	} {
		_, body := get(t, pages, path)
		if !regexp.MustCompile(`<h1[^>]*>`+want+`</h1>`).MatchString(body) || strings.Count(body, "<strong>"+want) > 0 {
			t.Errorf("%s: want the heading %s, once, in %s", path, want, body)
		}
	}
	if _, body := get(t, pages, "/initiatives/moved/posts/01EVENT"); !strings.Contains(body, "<title>Sharpening day, Tool Shed") {
		t.Error("the event's page is not called by its name")
	}
}

func TestSourceWithoutName(t *testing.T) {
	_, body := get(t, full(t), "/initiatives/maakleerplek@leuven.example")
	if want := `<a href="https://data.example/place/9" rel="noopener nofollow">data.example</a><br>Mappers</dd>`; !strings.Contains(body, want) {
		t.Errorf("the page lacks %s", want)
	}
}

func TestCarriedInitiativeNamesItsOrigin(t *testing.T) {
	answer, body := get(t, full(t), "/initiatives/unicorn@manchester.example")
	if got := answer.Header.Get("Link"); got != "" {
		t.Errorf("Link: got %q for an entry that is not ours", got)
	}
	for _, want := range []string{
		"Published by <strong>manchester.example</strong>", `href="https://manchester.example/initiatives/unicorn"`,
		`<link rel="canonical" href="https://manchester.example/initiatives/unicorn">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// The page of a carried initiative that moved leads on: to its page here if there is
// one, else it says where it is.
func TestCarriedInitiativeThatMoved(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	for handle, to := range map[string]string{
		"here": "https://manchester.example/initiatives/unicorn", "ours": "https://ghent.example/initiatives/tools",
		"away": "https://far.example/@x", "lost": "https://ghent.example/initiatives/gone", "self": "https://york.example/initiatives/self",
	} {
		must(t, s.PutInitiative(t.Context(), entry("york.example", handle, "Y", nil, func(i *directory.Initiative) {
			i.State, i.MovedTo = directory.Moved, to
		}), ""))
	}
	h := handler(t, ghent(), s)
	for handle, want := range map[string]string{"here": "/initiatives/unicorn@manchester.example", "ours": "/initiatives/tools"} {
		answer, _ := get(t, h, "/initiatives/"+handle+"@york.example")
		if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusMovedPermanently || got != want {
			t.Errorf("%s: %d to %q, want %q", handle, answer.StatusCode, got, want)
		}
	}
	for handle, want := range map[string]string{"away": "https://far.example/@x", "lost": "https://ghent.example/initiatives/gone", "self": "https://york.example/initiatives/self"} {
		path := "/initiatives/" + handle + "@york.example"
		checkPage(t, h, path, http.StatusGone)
		if _, body := get(t, h, path); !strings.Contains(body, `<a href="`+want+`" rel="noopener">`) || !strings.Contains(body, "This has moved") {
			t.Errorf("%s: %s", handle, body)
		}
	}
}

func TestOwnHandleWithOurHostRedirects(t *testing.T) {
	answer, _ := get(t, full(t), "/initiatives/repaircafe@ghent.example")
	if got, want := answer.Header.Get("Location"), "/initiatives/repaircafe"; answer.StatusCode != http.StatusMovedPermanently || got != want {
		t.Errorf("got %d to %q, want 301 to %q", answer.StatusCode, got, want)
	}
}

func TestHealth(t *testing.T) {
	answer, body := get(t, full(t), "/healthz")
	if answer.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("got %d %q, want 200 ok", answer.StatusCode, body)
	}
}

func TestPicturesOfTheOperatorsTileServer(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	set, err := templates.New()
	must(t, err)
	server, err := web.New(web.Options{
		Instance: ghent(), Store: s, Templates: set, Logger: slog.New(slog.DiscardHandler), Now: noon,
		MapTiles: web.MapTiles{URL: "https://tiles.example.org:8443/{z}/{x}/{y}.png", Attribution: "© Street <mappers>"},
	})
	must(t, err)
	answer, body := get(t, server.Handler(), "/search")
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' data: https://tiles.example.org:8443;") {
		t.Errorf("policy %q does not allow the pictures, or more", policy)
	}
	for _, want := range []string{`data-street="https://tiles.example.org:8443/{z}/{x}/{y}.png"`, "© Street &lt;mappers&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	answer, body = get(t, full(t), "/search")
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' data:;") || strings.Contains(body, "data-street") {
		t.Errorf("without a tile server, policy %q", policy)
	}
}
