package exchange

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"codeberg.org/commonage/commonage/directory"
)

// entry makes the record of a draft. The error is a *RowError.
func (im *importer) entry(d *draft) (*Record, error) {
	i := &directory.Initiative{}
	if i.Name = im.line(d, "name", directory.MaxName); i.Name == "" {
		return nil, d.bad("name", "is missing")
	}
	im.own(d)
	if first := im.repeated(d.key(), d.line); first > 0 {
		return nil, d.bad("id", "%q was on line %d already", d.key(), first)
	}
	if err := im.words(d, i); err != nil {
		return nil, err
	}
	d.found(i)
	im.describe(d, i)
	if err := im.locate(d, i); err != nil {
		return nil, err
	}
	im.connect(d, i)
	i.Forms = limit(d, "forms", im.classify(d))
	if i.Tags = d.tags; !d.verbatim {
		i.Tags = foldTags(d)
	}
	if i.Tags = slices.DeleteFunc(i.Tags, func(t string) bool { return t == "" }); len(i.Tags) == 0 {
		i.Tags = nil
	}
	i.Tags = limit(d, "tags", i.Tags)
	i.Offers = limit(d, "offers", directory.Phrases(splitList(d.values["offers"])))
	i.Needs = limit(d, "needs", directory.Phrases(splitList(d.values["needs"])))
	i.Source = im.sourceOf(directory.Source{
		Name: im.line(d, "source_name", directory.MaxName), URL: im.sourceURL(d),
		Licence:     im.line(d, "source_licence", directory.MaxName),
		Attribution: im.line(d, "source_attribution", directory.MaxSummary),
		ExternalID:  im.line(d, "source_id", directory.MaxURL),
	}, d.verbatim)
	if err := valid(i); err != nil {
		return nil, d.bad(err.Field, "%s", err.Text)
	}
	return &Record{Line: d.line, Index: d.index, ID: d.id, Initiative: i, Warnings: lost(d, i)}, nil
}

// own moves the lists of our own formats into place.
func (im *importer) own(d *draft) {
	if !d.verbatim {
		return
	}
	d.types = append(d.types, splitList(d.values["forms"])...)
	d.tags = append(d.tags, splitList(d.values["tags"])...)
	for _, l := range splitList(d.values["links"]) {
		d.links = append(d.links, parseLink(l))
	}
}

func (d *draft) key() string {
	if id := d.values["source_id"]; id != "" {
		return id
	}
	return d.id
}

// valid checks all that the entry can be checked for before it has a handle.
func valid(i *directory.Initiative) *directory.Invalid {
	check := *i
	if check.Handle == "" {
		check.Handle = "unnamed"
	}
	invalid, _ := errors.AsType[*directory.Invalid](check.Validate())
	return invalid
}

// lost adds a warning if characters of the entry were lost on its way to us.
func lost(d *draft, i *directory.Initiative) []Warning {
	for _, t := range []struct{ field, text string }{
		{"name", i.Name},
		{"description", i.Description},
		{"summary", i.Summary},
		{"address", i.Place.Address},
		{"locality", i.Place.Locality},
	} {
		if strings.ContainsRune(t.text, utf8.RuneError) {
			d.warn(BadText, t.field, "%q has lost characters in the file", cut(t.text, maxTag))
		}
	}
	return d.warnings
}

func limit(d *draft, field string, list []string) []string {
	if len(list) > directory.MaxList {
		d.warn(TooMuch, field, "only the first %d of %d were kept", directory.MaxList, len(list))
		return list[:directory.MaxList]
	}
	return list
}

// line returns the column's text on one line, cut to at most n characters.
func (im *importer) line(d *draft, column string, n int) string {
	value := d.values[column]
	if value == "" {
		return ""
	}
	if d.verbatim {
		return d.fit(column, tidy(value), n)
	}
	return d.fit(column, line(value), n)
}

func (d *draft) fit(column, text string, n int) string {
	short := cut(text, n)
	if short != text {
		d.warn(TooMuch, column, "was cut from %d to %d characters", utf8.RuneCountInString(text), n)
	}
	return short
}

// words reads what has to be one of a few words. In our own formats another word
// is an error, in foreign ones it may mean something else.
func (im *importer) words(d *draft, i *directory.Initiative) error {
	var err error
	read := func(column string, parse func(string) error) {
		value := strings.TrimSpace(d.values[column])
		if value == "" || err != nil {
			return
		}
		invalid, bad := errors.AsType[*directory.Invalid](parse(value))
		switch {
		case bad && d.verbatim:
			err = d.bad(column, "%s", invalid.Text)
		case bad:
			d.warn(BadWord, column, "%s; dropped", invalid.Text)
		}
	}
	read("kind", func(s string) (e error) { i.Kind, e = directory.ParseKind("kind", s); return e })
	read("role", func(s string) (e error) { i.Role, e = directory.ParseWord("role", s, directory.Roles()); return e })
	read("scope", func(s string) (e error) { i.Scope, e = directory.ParseWord("scope", s, directory.Scopes()); return e })
	read("status", func(s string) (e error) { i.Status, e = parseStatus(s); return e })
	read("precision", func(s string) (e error) {
		i.Place.Precision, e = directory.ParseWord("precision", s, directory.Precisions())
		return e
	})
	read("currents", func(s string) error {
		for _, item := range splitList(s) {
			c, e := directory.ParseWord("currents", item, directory.Currents())
			if e != nil {
				return e
			}
			i.Currents = append(i.Currents, c)
		}
		return nil
	})
	if i.Handle = strings.ToLower(strings.TrimSpace(d.values["handle"])); i.Handle != "" && !directory.ValidHandle(i.Handle) && err == nil {
		err = d.bad("handle", "%q must be 1 to 30 of a-z, 0-9 and _, and none of the instance's own", i.Handle)
	}
	return err
}

// found sets the date of foundation.
func (d *draft) found(i *directory.Initiative) {
	value := strings.TrimSpace(d.values["founded"])
	if value == "" {
		return
	}
	date, ok := parseFounded(value)
	if !ok {
		d.warn(BadFounded, "founded", "%q is not a likely year, month (2016-05) or day (2016-05-21); dropped", cut(line(value), maxTag))
	}
	i.Founded = date
}

// parseStatus also knows the words of Murmurations.
func parseStatus(s string) (directory.Status, error) {
	switch strings.ToLower(s) {
	case "completed", "cancelled", "closed":
		return directory.Ended, nil
	case "on_hold":
		return directory.Paused, nil
	case "in_planning":
		return directory.Planned, nil
	}
	return directory.ParseWord("status", s, directory.Statuses())
}

// A year beyond these is a slip of the pen. Some commons are very old.
const (
	earliestFounded = 500
	latestFounded   = 2100
)

// parseFounded reads a date in ISO 8601 or, where it cannot be mistaken, with the
// day first.
func parseFounded(s string) (string, bool) {
	for _, f := range []struct{ layout, as string }{
		{"2006", "2006"},
		{"2006-01", "2006-01"},
		{time.DateOnly, time.DateOnly},
		{time.RFC3339, time.DateOnly},
		{time.DateTime, time.DateOnly},
		{"2.1.2006", time.DateOnly},
		{"1.2006", "2006-01"},
	} {
		if t, err := time.Parse(f.layout, s); err == nil && t.Year() >= earliestFounded && t.Year() <= latestFounded {
			return t.Format(f.as), true
		}
	}
	return "", false
}

// describe sets summary, description and languages.
func (im *importer) describe(d *draft, i *directory.Initiative) {
	for _, tag := range slices.Concat(d.languages, splitList(d.values["languages"])) {
		im.speak(d, i, tag)
	}
	if d.verbatim {
		i.Summary = d.fit("summary", tidy(d.values["summary"]), directory.MaxSummary)
		i.Description = d.fit("description", tidy(d.values["description"]), directory.MaxDescription)
	} else {
		im.compose(d, i)
	}
	if len(i.Languages) == 0 && im.language != "" && i.Description+i.Summary != "" {
		i.Languages = []string{im.language}
	}
	i.Languages = limit(d, "languages", i.Languages)
}

// compose makes Markdown of the source's texts: the main one, those in other
// languages under the language's name, then what else there is to say. A text
// that the summary holds in full is not repeated.
func (im *importer) compose(d *draft, i *directory.Initiative) {
	i.Summary = im.line(d, "summary", directory.MaxSummary)
	var parts []string
	seen := map[string]bool{"": true}
	for _, t := range d.texts {
		plain := prose(t.text)
		if seen[plain] {
			continue
		}
		seen[plain] = true
		if i.Summary == "" {
			i.Summary = summary(plain)
		}
		text := markdown(plain)
		if len(parts) > 0 && t.language != "" {
			text = "**" + languageName(t.language) + "**\n\n" + text
		}
		if t.language != "" {
			im.speak(d, i, t.language)
		} else if im.language != "" {
			im.speak(d, i, im.language)
		}
		parts = append(parts, text)
	}
	if len(parts) == 1 && i.Summary == prose(d.texts[0].text) {
		parts = nil
	}
	parts = append(parts, d.notes...)
	i.Description = d.fit("description", strings.Join(parts, "\n\n"), directory.MaxDescription)
}

// speak adds a language unless it is there.
func (im *importer) speak(d *draft, i *directory.Initiative, tag string) {
	if _, err := language.Parse(tag); err != nil || len(tag) > maxTag {
		d.warn(BadLanguage, "languages", "%q is not a language tag such as en or pt-BR; dropped", cut(tag, maxTag))
		return
	}
	if !slices.Contains(i.Languages, tag) {
		i.Languages = append(i.Languages, tag)
	}
}

// languageName returns the language's own name for itself.
func languageName(tag string) string {
	if name := display.Self.Name(language.Make(tag)); name != "" {
		return name
	}
	return tag
}

// locate sets the place.
func (im *importer) locate(d *draft, i *directory.Initiative) error {
	p := &i.Place
	p.Name = im.line(d, "place_name", directory.MaxName)
	p.Postcode = im.line(d, "postcode", maxTag)
	p.Locality = im.line(d, "locality", directory.MaxName)
	p.Region = im.line(d, "region", directory.MaxName)
	if d.verbatim {
		p.Address = d.fit("address", tidy(d.values["address"]), directory.MaxSummary)
	} else {
		p.Address = d.fit("address", addressLines(d.values["address"]), directory.MaxSummary)
		p.Postcode, p.Locality = strings.TrimRight(p.Postcode, " .,;"), strings.Trim(p.Locality, " ,;")
	}
	if err := im.position(d, p); err != nil {
		return err
	}
	im.country(d, p)
	return nil
}

// addressLines keeps the lines of an address, without what separated them.
func addressLines(s string) string {
	var lines []string
	for l := range strings.SplitSeq(prose(s), "\n") {
		if l = strings.Trim(l, " ,;"); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

// parseDegrees also reads the decimal comma that spreadsheets write in much of
// the world.
func parseDegrees(s string) (float64, error) {
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	return strconv.ParseFloat(s, 64) //nolint:wrapcheck // callers word it
}

func (im *importer) position(d *draft, p *directory.Place) error {
	lat, lon := strings.TrimSpace(d.values["latitude"]), strings.TrimSpace(d.values["longitude"])
	if lat == "" && lon == "" {
		return nil
	}
	latitude, err := parseDegrees(lat)
	if err != nil {
		return d.bad("latitude", "%q is not a number of degrees", lat)
	}
	longitude, err := parseDegrees(lon)
	if err != nil {
		return d.bad("longitude", "%q is not a number of degrees", lon)
	}
	point := directory.Point{Latitude: latitude, Longitude: longitude}
	switch {
	case !point.Valid():
		d.warn(BadPoint, "latitude", "%s, %s is not on the globe; dropped", lat, lon)
	case latitude == 0 && longitude == 0 && !d.verbatim:
		d.warn(BadPoint, "latitude", "0, 0 stands for not known; dropped")
	default:
		p.Point = &point
	}
	return nil
}

// country finds the country's code and holds it against the position: a code of
// two letters may be meant otherwise (SR for the Slovak Republic), and latitude
// and longitude are easily swapped.
func (im *importer) country(d *draft, p *directory.Place) {
	name := im.line(d, "country", directory.MaxName)
	if name == "" {
		return
	}
	code, ok := im.countries.Code(name)
	if !ok {
		d.warn(BadCountry, "country", "%q is no country we know; dropped", name)
		return
	}
	p.Country = code
	if d.verbatim || p.Point == nil || !contradicts(code, *p.Point) {
		return
	}
	swapped := directory.Point{Latitude: p.Point.Longitude, Longitude: p.Point.Latitude}
	at := degrees(p.Point.Latitude) + ", " + degrees(p.Point.Longitude)
	switch {
	case swapped.Valid() && !contradicts(code, swapped):
		p.Point = &swapped
		d.warn(BadPoint, "latitude", "%s is far from %s; latitude and longitude were swapped back", at, name)
	case len(name) == len(code):
		p.Country = ""
		d.warn(BadCountry, "country", "%q is the code of %s, but %s is on another continent; dropped (a mapping can say what is meant)", name, english(code), at)
	default:
		d.warn(BadPoint, "latitude", "%s is far from %s", at, name)
	}
}

func english(code string) string {
	return display.English.Regions().Name(language.MustParseRegion(code))
}

// connect sets links and image.
func (im *importer) connect(d *draft, i *directory.Initiative) {
	if d.verbatim {
		d.connectOwn(i)
	} else {
		links := append([]directory.Link{{Name: websiteName, URL: d.values["website"]}}, d.links...)
		for _, l := range links {
			d.connectForeign(i, l)
		}
	}
	if len(i.Links) > directory.MaxList {
		d.warn(TooMuch, "links", "only the first %d of %d were kept", directory.MaxList, len(i.Links))
		i.Links = i.Links[:directory.MaxList]
	}
	im.picture(d, i)
}

func (d *draft) connectOwn(i *directory.Initiative) {
	links := d.links
	if site := tidy(d.values["website"]); site != "" {
		links = append([]directory.Link{{Name: websiteName, URL: site}}, links...)
	}
	for _, l := range links {
		if l.URL = plainAddress(l.URL); directory.ValidateURL("links", l.URL) != nil {
			address, ok := webAddress(l.URL)
			if !ok {
				d.warn(BadLink, "links", "%q is not a web address; dropped", cut(l.URL, directory.MaxWord))
				continue
			}
			l.URL = address
		}
		l.Name = d.fit("links", tidy(l.Name), directory.MaxWord)
		i.Links = append(i.Links, l)
	}
}

func (d *draft) connectForeign(i *directory.Initiative, l directory.Link) {
	found, rest := addresses(l.URL)
	if rest != "" && strings.IndexFunc(rest, wordRune) >= 0 {
		d.warn(BadLink, "website", "%q is not a web address; dropped", cut(line(rest), directory.MaxWord))
	}
	for n, address := range found {
		if slices.ContainsFunc(i.Links, func(k directory.Link) bool { return bareAddress(k.URL) == bareAddress(address) }) {
			continue
		}
		name := l.Name
		if name == "" || n > 0 {
			name = linkName(address)
		}
		i.Links = append(i.Links, directory.Link{Name: name, URL: address})
	}
}

func (im *importer) picture(d *draft, i *directory.Initiative) {
	value := tidy(d.values["image"])
	if value == "" {
		return
	}
	address, ok := value, directory.ValidateURL("image", value) == nil
	if !d.verbatim || !ok {
		address, ok = picture(value)
	}
	if !ok {
		d.warn(BadImage, "image", "%q is not the address of a picture; dropped", cut(value, maxTag))
		return
	}
	i.Image = &directory.Image{
		URL: address,
		Alt: im.line(d, "image_alt", directory.MaxSummary), Attribution: im.line(d, "image_attribution", directory.MaxName),
	}
}

// sourceURL returns the entry's address at its source, if it is one.
func (im *importer) sourceURL(d *draft) string {
	value := tidy(d.values["source_url"])
	if value == "" || directory.ValidateURL("", value) == nil {
		return value
	}
	d.warn(BadLink, "source_url", "%q is not a web address; dropped", cut(value, directory.MaxWord))
	return ""
}
