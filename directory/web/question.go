package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
	"codeberg.org/commonage/commonage/templates"
)

// question is a search: what is asked of the store, and how it was put.
type question struct {
	search.Query
	Place   string   // near which: a name, or "latitude,longitude"
	In      string   // in which town; the box is around it
	Notes   []string // what the search box says about how it was read
	typed   string   // what the search box held, if that had fields
	Unknown string   // a place that nobody here knows; the words were searched alone
	Meant   string   // the words as they were likely meant, where few or none were found
	meant   int      // hits of those
	Wrong   string   // the words as typed, where nothing fits them and others were searched
	Wider   bool     // nothing lay as near as places are searched by default
	radius  string   // as given: kilometres, "any", or "" for the default
}

// Parameters of searches beside those of search.Parse, whose near is a point in
// numbers: place may be a name, in is a town or a country, and radius may be "any".
const (
	paramText   = "q"
	paramPlace  = "place"
	paramIn     = "in"
	paramNear   = "near"
	paramBox    = "bbox"
	paramRadius = "radius"
	anyDistance = "any"
)

// nearRadii are the distances tried in turn for a place given without one, in
// kilometres; 0 is any distance.
func nearRadii() []float64 { return []float64{25, 100, 0} }

// parametersOf returns the parameters of a request, or only those with the names.
// What cannot be read as one is an error: without it the answer would be to
// another question.
func parametersOf(r *http.Request, only ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, directory.Invalidf("query", "%q cannot be read: %s", strings.ToValidUTF8(r.URL.RawQuery, "\ufffd"), err)
	}
	for name, list := range values {
		if len(only) > 0 && !slices.Contains(only, name) {
			delete(values, name)
			continue
		}
		for _, value := range list {
			if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
				return nil, directory.Invalidf(name, "%q is no text in UTF-8", value)
			}
		}
	}
	return values, nil
}

// ask reads the address form of a search, in which a place can also be typed
// behind "near".
// Parameters that are not among those named, if any are, do not count.
func (s *Server) ask(r *http.Request, only ...string) (question, error) {
	ctx := r.Context()
	values, err := parametersOf(r, only...)
	if err != nil {
		return question{}, err
	}
	a := question{
		Place: strings.TrimSpace(values.Get(paramPlace)), In: strings.TrimSpace(values.Get(paramIn)),
		radius: strings.TrimSpace(values.Get(paramRadius)),
	}
	a.read(values)
	values.Del(paramPlace)
	values.Del(paramIn)
	if a.radius == anyDistance {
		values.Del(paramRadius)
	}
	near := strings.TrimSpace(values.Get(paramNear))
	if err := s.enclose(ctx, &a, values); err != nil {
		return question{}, err
	}
	if a.Place != "" && near == "" {
		if err := s.locate(ctx, &a, values); err != nil {
			return question{}, err
		}
	}
	if a.Query, err = search.Parse(values); err != nil {
		return question{}, fmt.Errorf("read the search: %w", err)
	}
	if near != "" {
		a.Place = near
		if a.Radius == 0 {
			a.radius = anyDistance
		}
	}
	if err := s.reach(ctx, &a); err != nil {
		return question{}, err
	}
	return a, s.mend(ctx, &a)
}

// mend looks for what was meant where few or no entries fit the words, and
// searches for that where none does.
func (s *Server) mend(ctx context.Context, a *question) error {
	const few = 2
	if a.Text == "" || a.Cursor != "" {
		return nil
	}
	found, err := s.find(ctx, a.Query)
	if err != nil || found.Total > few {
		return err
	}
	text, total, err := s.store.Mend(ctx, a.Query)
	if err != nil || text == "" {
		return err //nolint:wrapcheck // the store says what it did
	}
	if found.Total > 0 {
		a.Meant, a.meant = text, total
		return nil
	}
	a.Wrong, a.Text, a.typed = a.Text, text, ""
	return s.reach(ctx, a)
}

// read moves the fields of the typed words to the parameters of their names. What
// was given as a parameter counts more, as links are made of them.
func (a *question) read(values url.Values) {
	const longest = 500 // of what Parse takes
	if len(values[paramText]) != 1 || len(values.Get(paramText)) > longest {
		return
	}
	r := search.Read(values.Get(paramText))
	fields := r.Query.Encode()
	fields.Del(paramText)
	if len(fields) > 0 || r.In != "" || len(r.Remarks) > 0 {
		a.typed = strings.TrimSpace(values.Get(paramText))
	}
	values.Set(paramText, r.Query.Text)
	for name, more := range fields {
		if len(values[name]) == 0 || slices.Contains(search.Dimensions(), search.Dimension(name)) {
			values[name] = append(slices.Clone(values[name]), more...)
		}
	}
	if a.radius == "" {
		a.radius = values.Get(paramRadius)
	}
	if values.Get(paramNear) == "" {
		a.Place = cmp.Or(a.Place, r.Place)
	}
	a.In = cmp.Or(a.In, r.In)
	a.Notes = r.Remarks
	if len(r.Remarks) > 0 {
		a.Notes = append(slices.Clone(a.Notes), "So this was read as: "+cmp.Or(r.String(), "everything")+".")
	}
}

// inRadius is how far a town reaches, in kilometres, for who looks in it.
const inRadius = 12

// enclose narrows the values to the country or town that is named.
func (s *Server) enclose(ctx context.Context, a *question, values url.Values) error {
	if a.In == "" {
		return nil
	}
	if code := countryCode(a.In); code != "" {
		values.Add(string(search.ByCountry), code)
		a.In = ""
		return nil
	}
	if strings.TrimSpace(values.Get(paramBox)) != "" {
		a.In = "" // the map was moved since
		return nil
	}
	point, err := s.placeNamed(ctx, a, a.In)
	if errors.Is(err, directory.ErrNotFound) {
		a.Unknown, a.In = a.In, ""
		return nil
	}
	if err != nil {
		return err
	}
	box := directory.BoxAround(*point, inRadius)
	values.Set(paramBox, search.Query{Box: &box}.Encode().Get(paramBox))
	return nil
}

// locate puts the place's position into the values. A place that nobody knows is
// searched for as words if there are no others.
func (s *Server) locate(ctx context.Context, a *question, values url.Values) error {
	point, err := s.placeNamed(ctx, a, a.Place)
	if errors.Is(err, directory.ErrNotFound) {
		a.Unknown, a.Place, a.radius = a.Place, "", ""
		values.Del(paramRadius)
		if values.Get(paramText) == "" {
			values.Set(paramText, a.Unknown)
		}
		return nil
	}
	if err != nil {
		return err
	}
	values.Set(paramNear, search.Query{Near: point}.Encode().Get(paramNear))
	return nil
}

// placeNamed returns the position of "latitude,longitude", of a town, with or
// without its country, or of a place that entries name. Where several towns have
// the name it says which one was taken.
func (s *Server) placeNamed(ctx context.Context, a *question, name string) (*directory.Point, error) {
	if p, err := search.ParsePoint(paramPlace, name); err == nil {
		return p, nil
	}
	town, country := name, ""
	if before, after, ok := strings.Cut(name, ","); ok && countryCode(strings.TrimSpace(after)) != "" {
		town, country = strings.TrimSpace(before), countryCode(strings.TrimSpace(after))
	}
	towns := atlas.Towns(town, s.instance.Point)
	if country != "" {
		towns = slices.DeleteFunc(towns, func(t atlas.Town) bool { return t.Country != country })
	}
	own, err := s.store.PlaceNamed(ctx, name)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, err //nolint:wrapcheck // the store says what it looked for
	}
	const sameTown = 50 // kilometres
	if err == nil {
		// Where entries lie decides between namesakes.
		slices.SortStableFunc(towns, func(x, y atlas.Town) int {
			return boolean(y.Point.Distance(*own) < sameTown) - boolean(x.Point.Distance(*own) < sameTown)
		})
	}
	if len(towns) > 1 {
		a.Notes = append(slices.Clone(a.Notes), namesakes(towns))
	}
	switch {
	case err == nil:
		return own, nil
	case len(towns) > 0:
		return &towns[0].Point, nil
	}
	for _, city := range s.atlas.Cities() {
		if search.Fold(city.Name) == search.Fold(name) {
			return &city.Point, nil
		}
	}
	return nil, err //nolint:wrapcheck // as above
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// namesakes says which of the towns with a name was taken.
func namesakes(towns []atlas.Town) string {
	first := towns[0].Name + ", " + countryName(towns[0].Country)
	for _, other := range towns[1:] {
		if other.Country != towns[0].Country {
			elsewhere := other.Name + ", " + countryName(other.Country)
			return fmt.Sprintf("This is about %s. For another one, name the country too: %s.", first, elsewhere)
		}
	}
	return fmt.Sprintf("This is about the %s of %s inhabitants; there are others there.", first, templates.Number(towns[0].Population*1000))
}

// reach chooses the distance where a place was given without one: the first at
// which there is something.
func (s *Server) reach(ctx context.Context, a *question) error {
	if a.Near == nil || a.Radius > 0 || a.radius == anyDistance {
		return nil
	}
	for i, radius := range nearRadii() {
		a.Radius, a.Wider = radius, i > 0
		if radius == 0 {
			break
		}
		found, err := s.find(ctx, a.Query)
		if err != nil {
			return err
		}
		if found.Total > 0 {
			break
		}
	}
	return nil
}

// find answers a query, from memory if the directory did not change since it was
// last asked. The answer is shared: do not change it.
func (s *Server) find(ctx context.Context, q search.Query) (*search.Result, error) {
	version, err := s.store.Version(ctx)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	key := q.Encode().Encode()
	if kept, ok := s.answers.get(version, key); ok {
		return kept, nil
	}
	found, err := s.store.Search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if len(found.Hits) <= search.DefaultLimit {
		s.answers.put(version, key, found)
	}
	return found, nil
}

// link returns the page of a search that differs from this one in the query.
func (a question) link(q search.Query) string {
	v := q.Encode()
	if a.In != "" && q.Box != nil && a.Box != nil && *q.Box == *a.Box {
		v.Del(paramBox)
		v.Set(paramIn, a.In)
	}
	if a.Place != "" && q.Near != nil {
		v.Del(paramNear)
		v.Del(paramRadius)
		v.Set(paramPlace, a.Place)
		if a.radius != "" {
			v.Set(paramRadius, a.radius)
		}
	}
	return address("/search", v)
}

// within returns the page of this search with another distance.
func (a question) within(radius string) string {
	a.radius, a.Cursor = radius, ""
	return a.link(a.Query)
}

// answerAddress returns an address of the API that gives exactly this answer.
func (a question) answerAddress(path string) string {
	q := a.Query
	q.Cursor, q.Limit = "", 0
	return address(path, q.Encode())
}

// Words returns the question as one would type it.
func (a question) Words() string {
	words := a.Text
	if a.In != "" {
		words += " in " + a.In
	}
	if a.Place != "" {
		words += " near " + a.Place
	}
	return strings.TrimSpace(words)
}

func address(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	// Commas and colons need no escape in a query, and links are for reading.
	return path + "?" + strings.NewReplacer("%2C", ",", "%3A", ":").Replace(v.Encode())
}
