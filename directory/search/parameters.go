package search

import (
	"cmp"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Parameters of a query's address form, as in /search?q=repair&form=repair-cafe.
// A dimension's parameter may be repeated: its values are alternatives.
const (
	paramText   = "q"
	paramBox    = "bbox"
	paramNear   = "near"
	paramRadius = "radius"
	paramSince  = "since"
	paramLimit  = "limit"
	paramCursor = "cursor"
)

// Parse reads the address form. Unknown parameters and bad values are
// *directory.Invalid errors that name the parameter. Empty parameters, which
// HTML forms send for untouched fields, count as absent.
func Parse(values url.Values) (Query, error) {
	var q Query
	for name, given := range values {
		given = slices.DeleteFunc(slices.Clone(given), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(given) == 0 && known(name) {
			continue
		}
		if err := q.set(name, given); err != nil {
			return Query{}, err
		}
	}
	if err := q.readText(); err != nil {
		return Query{}, err
	}
	if q.Radius > 0 && q.Near == nil {
		return Query{}, directory.Invalidf(paramRadius, "needs near=latitude,longitude")
	}
	return q, nil
}

// readText moves the fields among the words to where they belong. What has a
// parameter of its own stays as that says.
func (q *Query) readText() error {
	if q.Text == "" {
		return nil
	}
	r := Read(q.Text)
	if r.Place != "" || r.In != "" {
		return directory.Invalidf(paramText, "names a place, which is only known where %s=latitude,longitude says where it is", paramNear)
	}
	q.Text = r.Query.Text
	for _, d := range Dimensions() {
		if more := r.Query.Values(d); len(more) > 0 {
			if err := q.setDimension(d, append(slices.Clone(q.Values(d)), more...)); err != nil {
				return err
			}
		}
	}
	if q.Near == nil {
		q.Near = r.Query.Near
	}
	q.Box, q.Radius, q.Since = cmp.Or(q.Box, r.Query.Box), cmp.Or(q.Radius, r.Query.Radius), cmp.Or(q.Since, r.Query.Since)
	return nil
}

func known(name string) bool {
	return slices.Contains(Names(), name)
}

// Names lists the parameters that Parse knows.
func Names() []string {
	names := []string{paramText, paramBox, paramNear, paramRadius, paramSince, paramLimit, paramCursor}
	for _, d := range Dimensions() {
		names = append(names, string(d))
	}
	return names
}

func (q *Query) set(name string, given []string) error {
	if slices.Contains(Dimensions(), Dimension(name)) {
		return q.setDimension(Dimension(name), given)
	}
	if !known(name) {
		return directory.Invalidf(name, "is not a parameter; known are %s", strings.Join(Names(), ", "))
	}
	if len(given) > 1 {
		return directory.Invalidf(name, "is given %d times, once is allowed", len(given))
	}
	return q.setSingle(name, given[0])
}

func (q *Query) setSingle(name, s string) (err error) {
	switch name {
	case paramText:
		if len(s) > 500 {
			return directory.Invalidf(name, "has %d bytes, 500 are allowed", len(s))
		}
		q.Text = strings.TrimSpace(s)
	case paramBox:
		q.Box, err = ParseBox(name, s)
	case paramNear:
		q.Near, err = ParsePoint(name, s)
	case paramRadius:
		q.Radius, err = parseRadius(name, s)
	case paramSince:
		q.Since, err = parseSince(name, s)
	case paramLimit:
		q.Limit, err = strconv.Atoi(s)
		if err != nil || q.Limit < 1 || q.Limit > MaxLimit {
			return directory.Invalidf(name, "%q is not a number from 1 to %d", s, MaxLimit)
		}
	case paramCursor:
		q.Cursor = s
		_, err = q.Offset()
	}
	return err
}

func (q *Query) setDimension(d Dimension, given []string) (err error) {
	if len(given) > maxValues {
		return directory.Invalidf(string(d), "is given %d times, %d are allowed", len(given), maxValues)
	}
	switch d {
	case ByKind:
		q.Kinds, err = parseAll(given, func(s string) (directory.Kind, error) { return directory.ParseKind(string(d), s) })
	case ByCurrent:
		q.Currents, err = parseAll(given, vocabulary(d, directory.Currents()))
	case ByRole:
		q.Roles, err = parseAll(given, vocabulary(d, directory.Roles()))
	case ByCountry:
		q.Countries, err = parseAll(given, parseCountry)
	case ByLanguage:
		q.Languages, err = parseAll(given, parseLanguage)
	case ByOffer:
		q.Offers, err = parseAll(given, func(s string) (string, error) { return parsePhrase(d, s) })
	case ByNeed:
		q.Needs, err = parseAll(given, func(s string) (string, error) { return parsePhrase(d, s) })
	case ByForm:
		q.Forms, err = parseAll(given, func(s string) (string, error) { return parsePattern(d, s, slugPattern) })
	case ByOrigin:
		q.Origins, err = parseAll(given, func(s string) (string, error) {
			return parsePattern(d, strings.ToLower(s), hostPattern)
		})
	}
	return err
}

var (
	slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	hostPattern = regexp.MustCompile(`^[\p{L}\p{N}.:\[\]-]{1,255}$`)
)

func parsePattern(d Dimension, s string, pattern *regexp.Regexp) (string, error) {
	if !pattern.MatchString(s) {
		return "", directory.Invalidf(string(d), "%q cannot be one", s)
	}
	return s, nil
}

// parsePhrase reads an offer or a need, as it is written or by its key.
func parsePhrase(d Dimension, s string) (string, error) {
	if key := PhraseKey(s); key != "" {
		return key, nil
	}
	return "", directory.Invalidf(string(d), "%q has no words", s)
}

func parseCountry(s string) (string, error) {
	code := strings.ToUpper(s)
	if len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", directory.Invalidf(string(ByCountry), "%q is not an ISO 3166-1 code of two letters", s)
	}
	return code, nil
}

// parseLanguage reads a language tag and keeps what the language is.
func parseLanguage(s string) (string, error) {
	if code := languageOf(s); code != "" {
		return code, nil
	}
	return "", directory.Invalidf(string(ByLanguage), "%q is not the code of a language, such as nl", s)
}

// languageOf returns the language of a tag such as "nl-BE" in lower case, or "".
func languageOf(tag string) string {
	code, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if len(code) < 2 || len(code) > 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return code
}

// parseSince reads a day, or the first one of a month or a year.
func parseSince(field, s string) (string, error) {
	if _, ok := sinceTime(s); !ok {
		return "", directory.Invalidf(field, "%q is not a year, a month (2020-05) or a day (2020-05-21)", s)
	}
	return s, nil
}

func sinceTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, t.Year() > 0
		}
	}
	return time.Time{}, false
}

// Earliest returns the time that Since begins with, in microseconds, or the
// least number there is.
func (q Query) Earliest() int64 {
	if t, ok := sinceTime(q.Since); ok {
		return t.UnixMicro()
	}
	return math.MinInt64
}

func vocabulary[T ~string](d Dimension, words []T) func(string) (T, error) {
	return func(s string) (T, error) { return directory.ParseWord(string(d), s, words) }
}

// maxValues bounds the alternatives of one dimension.
const maxValues = 50

func parseAll[T comparable](given []string, parse func(string) (T, error)) ([]T, error) {
	var out []T
	for _, s := range given {
		v, err := parse(strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out, nil
}

// ParsePoint reads "latitude,longitude" in degrees.
func ParsePoint(field, s string) (*directory.Point, error) {
	n, ok := numbers(s, 2)
	if !ok {
		return nil, directory.Invalidf(field, "%q is not latitude,longitude", s)
	}
	p := directory.Point{Latitude: n[0], Longitude: n[1]}
	if !p.Valid() {
		return nil, directory.Invalidf(field, "%q is not on the globe: latitude -90 to 90, longitude -180 to 180", s)
	}
	return &p, nil
}

// ParseBox reads "west,south,east,north" in degrees. West may exceed east: the
// box then crosses the antimeridian.
func ParseBox(field, s string) (*directory.Box, error) {
	n, ok := numbers(s, 4)
	if !ok {
		return nil, directory.Invalidf(field, "%q is not west,south,east,north", s)
	}
	b := directory.Box{West: n[0], South: n[1], East: n[2], North: n[3]}
	southWest := directory.Point{Latitude: b.South, Longitude: b.West}
	northEast := directory.Point{Latitude: b.North, Longitude: b.East}
	if !southWest.Valid() || !northEast.Valid() || b.South > b.North {
		return nil, directory.Invalidf(field, "%q is not a box on the globe: west,south,east,north with south below north", s)
	}
	return &b, nil
}

func numbers(s string, n int) ([]float64, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != n {
		return nil, false
	}
	out := make([]float64, n)
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

// maxRadius is half the way around the earth.
const maxRadius = 20037

func parseRadius(field, s string) (float64, error) {
	r, err := strconv.ParseFloat(s, 64)
	if err != nil || !(r > 0 && r <= maxRadius) {
		return 0, directory.Invalidf(field, "%q is not a number of kilometres from 0 to %d", s, maxRadius)
	}
	return r, nil
}

// Encode returns the address form: Parse(q.Encode()) is q again.
func (q Query) Encode() url.Values {
	v := url.Values{}
	if q.Text != "" {
		v.Set(paramText, q.Text)
	}
	for _, d := range Dimensions() {
		for _, value := range q.Values(d) {
			v.Add(string(d), value)
		}
	}
	if b := q.Box; b != nil {
		v.Set(paramBox, join(b.West, b.South, b.East, b.North))
	}
	if p := q.Near; p != nil {
		v.Set(paramNear, join(p.Latitude, p.Longitude))
	}
	if q.Radius > 0 {
		v.Set(paramRadius, join(q.Radius))
	}
	if q.Since != "" {
		v.Set(paramSince, q.Since)
	}
	if q.Limit > 0 {
		v.Set(paramLimit, strconv.Itoa(q.Limit))
	}
	if q.Cursor != "" {
		v.Set(paramCursor, q.Cursor)
	}
	return v
}

func join(numbers ...float64) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.FormatFloat(n, 'f', -1, 64)
	}
	return strings.Join(parts, ",")
}

// PageSize returns the hits per page.
func (q Query) PageSize() int {
	if q.Limit <= 0 {
		return DefaultLimit
	}
	return min(q.Limit, MaxLimit)
}
