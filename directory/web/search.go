package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/templates"
)

type searchPage struct {
	Page
	question
	Heading  string
	Sorted   string   // in which order the rows are
	Notes    []string // what was done differently from what was asked
	Meant    *choice  // a search with better spelling
	Total    int
	Rows     []entryRow
	From, To int
	Chips    []chip
	Clear    string
	Facets   []facet
	Roughly  bool // their counts are estimates
	Reaches  []choice
	Hidden   []hidden // what the form beside the results carries along
	Next     string
	First    string
	Map      drawnMap
	CSV      string
	GeoJSON  string
	JSON     string
	Advice   []tryLink // what to do when nothing was found
}

// chip is one active filter and the search without it.
type chip struct{ Text, Icon, Link string }

// facet is the values of a dimension with how many hits each has.
type facet struct {
	Name  string
	Few   []choice // always shown
	More  []choice // behind a click
	Total int
}

// choice is a value that can be switched on or off.
type choice struct {
	Text, Icon, Link string
	Count            int
	On               bool
}

type hidden struct{ Name, Value string }

func (s *Server) showSearch(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	// Other sites add parameters of theirs to links to us.
	a, err := s.ask(r, append(search.Names(), paramPlace, paramIn)...)
	if err != nil {
		return err
	}
	found, err := s.find(ctx, a.Query)
	if err != nil {
		return err
	}
	p := searchPage{
		Page: s.newPage(r, ""), question: a, Total: found.Total, Rows: s.entryRows(found.Hits),
		Heading: heading1(a, found.Total), Sorted: sorted(a), Notes: notes(a),
		CSV: a.answerAddress("/api/v1/initiatives.csv"), GeoJSON: a.answerAddress("/api/v1/initiatives.geojson"),
		JSON: a.answerAddress("/api/v1/initiatives"),
	}
	p.Title, p.Section, p.Question, p.HasMap = p.Heading, "search", cmp.Or(a.typed, a.Words()), true
	p.Canonical = s.instance.URL(a.link(a.Query))
	p.NoIndex = !a.Unfiltered()
	p.Alternates = a.alternates()
	p.paging(a, found)
	spelled, err := s.spellings(ctx, a, found.Facets)
	if err != nil {
		return err
	}
	p.Chips, p.Clear = s.chips(a, spelled), a.link(search.Query{Text: a.Text, Near: a.Near})
	if p.Roughly = found.Estimated; p.Roughly {
		found.Facets.Round()
	}
	p.Facets = s.facets(a, found.Facets, spelled)
	p.Reaches = reaches(a)
	p.Hidden = carried(a)
	if a.Meant != "" {
		q := a.Query
		q.Text = a.Meant
		p.Meant = &choice{Text: a.Meant, Count: a.meant, Link: a.link(q)}
	}
	if p.Map, err = s.mapOf(ctx, a, found, mapBesideResults()); err != nil {
		return err
	}
	if found.Total == 0 {
		if p.Advice, err = s.advice(ctx, a); err != nil {
			return err
		}
	}
	return s.render(w, "search", p)
}

// heading1 says what was found.
func heading1(a question, total int) string {
	words := a.Words()
	if words == "" {
		return templates.Plural(total, "initiative", "initiatives")
	}
	if total == 0 {
		return "Nothing for " + words
	}
	return templates.Number(total) + " for " + words
}

func sorted(a question) string {
	switch {
	case a.Near != nil && a.worded():
		return "best and closest first"
	case a.Near != nil:
		return "closest first"
	case a.worded():
		return "best first"
	}
	return "newest first"
}

// worded reports whether there are words to rank by.
func (a question) worded() bool { return len(search.NewMatch(a.Query).Words) > 0 }

func notes(a question) []string {
	if text := note(a); text != "" {
		return append([]string{text}, a.Notes...)
	}
	return a.Notes
}

func note(a question) string {
	switch {
	case a.Wrong != "":
		return "Nothing says " + a.Wrong + ", so here is what fits " + a.Text + "."
	case a.Unknown != "" && a.Text == a.Unknown:
		return "We know no place called " + a.Unknown + " yet, so we looked for the word itself."
	case a.Unknown != "":
		return "We know no place called " + a.Unknown + " yet, so here is what we have everywhere. A larger town nearby may help, or a position such as 51.05,3.72."
	case a.Wider && a.Radius > 0:
		return fmt.Sprintf("Nothing within %v km, so here is what lies within %v km.", nearRadii()[0], a.Radius)
	case a.Wider:
		return fmt.Sprintf("Nothing within %v km, so here is the closest.", nearRadii()[1])
	}
	return ""
}

func (p *searchPage) paging(a question, found *search.Result) {
	offset, err := a.Offset()
	if err != nil || len(found.Hits) == 0 {
		return
	}
	p.From, p.To = offset+1, offset+len(found.Hits)
	if found.Next != "" {
		q := a.Query
		q.Cursor = found.Next
		p.Next = a.link(q)
	}
	if offset > 0 {
		q := a.Query
		q.Cursor = ""
		p.First = a.link(q)
	}
}

// chips lists what narrows the search.
func (s *Server) chips(a question, spelled map[string]string) []chip {
	var out []chip
	if a.Near != nil && a.Radius > 0 {
		out = append(out, chip{Text: fmt.Sprintf("within %v km", a.Radius), Link: a.within(anyDistance)})
	}
	if a.Box != nil {
		q := a.Query
		q.Box, q.Cursor = nil, ""
		text := "in this area"
		if a.In != "" {
			text = "in " + a.In
		}
		out = append(out, chip{Text: text, Link: a.link(q)})
	}
	if a.Since != "" {
		q := a.Query
		q.Since, q.Cursor = "", ""
		out = append(out, chip{Text: "added or changed since " + a.Since, Link: a.link(q)})
	}
	for _, d := range search.Dimensions() {
		values := a.Values(d)
		for _, v := range values {
			out = append(out, chip{Text: s.spelledWord(d, v, spelled), Icon: icon(d, v), Link: a.link(a.With(d, without(values, v)...))})
		}
	}
	return out
}

func icon(d search.Dimension, value string) string {
	switch d {
	case search.ByKind:
		return "kind-" + value
	case search.ByForm:
		return "form-" + value
	}
	return ""
}

func without(values []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == value })
}

// How many values of a facet are shown at once, and at all.
const (
	fewValues  = 6
	mostValues = 60
)

// spellings returns how entries write the values that are shown of what they offer
// and need, which are known by a folded form.
func (s *Server) spellings(ctx context.Context, a question, counted search.Facets) (map[string]string, error) {
	values := map[search.Dimension][]string{}
	for _, d := range []search.Dimension{search.ByOffer, search.ByNeed} {
		for _, c := range counted[d][:min(len(counted[d]), mostValues)] {
			values[d] = append(values[d], c.Value)
		}
		values[d] = append(values[d], a.Values(d)...)
	}
	spelled, err := s.store.Spellings(ctx, values)
	if err != nil {
		return nil, fmt.Errorf("spell what is offered and needed: %w", err)
	}
	return spelled, nil
}

func (s *Server) spelledWord(d search.Dimension, value string, spelled map[string]string) string {
	if text := spelled[value]; text != "" && (d == search.ByOffer || d == search.ByNeed) {
		return text
	}
	return s.word(d, value)
}

func (s *Server) facets(a question, counted search.Facets, spelled map[string]string) []facet {
	var out []facet
	for _, d := range search.Dimensions() {
		counts := withChosen(counted[d], a.Values(d))
		if len(counts) == 0 {
			continue
		}
		f := facet{Name: heading(d), Total: len(counts)}
		for i, c := range counts[:min(len(counts), mostValues)] {
			ch := s.choice(a, d, c, spelled)
			if i < fewValues || ch.On {
				f.Few = append(f.Few, ch)
			} else {
				f.More = append(f.More, ch)
			}
		}
		out = append(out, f)
	}
	return out
}

// withChosen adds the chosen values that have no hit.
func withChosen(counts []search.Count, chosen []string) []search.Count {
	for _, value := range chosen {
		if !slices.ContainsFunc(counts, func(c search.Count) bool { return c.Value == value }) {
			counts = append(slices.Clone(counts), search.Count{Value: value})
		}
	}
	return counts
}

func (s *Server) choice(a question, d search.Dimension, c search.Count, spelled map[string]string) choice {
	values := a.Values(d)
	on := slices.Contains(values, c.Value)
	next := without(values, c.Value)
	if !on {
		next = append(slices.Clone(values), c.Value)
	}
	ch := choice{Text: s.spelledWord(d, c.Value, spelled), Count: c.Count, On: on, Link: a.link(a.With(d, next...))}
	if d == search.ByKind {
		ch.Icon = icon(d, c.Value)
	}
	return ch
}

// reaches lists the distances to choose from, when the search is near a place.
func reaches(a question) []choice {
	if a.Near == nil {
		return nil
	}
	var out []choice
	for _, km := range []float64{2, 5, 10, 25, 100} {
		out = append(out, choice{Text: fmt.Sprintf("%v km", km), Link: a.within(fmt.Sprint(km)), On: a.Radius == km})
	}
	return append(out, choice{Text: "any distance", Link: a.within(anyDistance), On: a.Radius == 0})
}

// carried lists what the form for a place keeps of the search.
func carried(a question) []hidden {
	q := a.Query
	q.Near, q.Radius, q.Box, q.Cursor = nil, 0, nil, ""
	var out []hidden
	for name, values := range q.Encode() {
		for _, v := range values {
			out = append(out, hidden{name, v})
		}
	}
	slices.SortFunc(out, func(x, y hidden) int { return strings.Compare(x.Name+x.Value, y.Name+y.Value) })
	return out
}

// advice suggests what to do where nothing was found: first what would find
// something.
func (s *Server) advice(ctx context.Context, a question) ([]tryLink, error) {
	const mostWords = 6
	var out []tryLink
	words, texts := search.Without(a.Text)
	for k, text := range texts[:min(len(texts), mostWords)] {
		q := a.Query
		q.Text = text
		n, err := s.store.Count(ctx, q)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, tryLink{"Leave out " + words[k] + ": " + templates.Plural(n, "initiative", "initiatives"), a.link(q)})
		}
	}
	if a.Near != nil && a.Radius > 0 {
		out = append(out, tryLink{"Look at any distance", a.within(anyDistance)})
	}
	if a.Box != nil {
		q := a.Query
		q.Box = nil
		out = append(out, tryLink{"Look everywhere", a.link(q)})
	}
	if len(s.chips(a, nil)) > 0 {
		out = append(out, tryLink{"Search without filters", a.link(search.Query{Text: a.Text, Near: a.Near})})
	}
	return append(out, tryLink{"See everything there is", "/search"}, tryLink{"Browse the seed forms", "/forms"}), nil
}
