package vocab

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"codeberg.org/commonage/commonage/directory"
)

// ParseInitiative reads the entry that an actor's document holds. Documents of
// our own kind give back exactly what they were made from; those of other
// software give what can be told from name, summary, location, tags and profile
// fields. The result keeps the directory's rules: parts that break them are
// dropped, and only a missing or unusable id, handle or name is an error.
//
// Whether the actor wants to be listed is not asked here: see Actor.Discoverable.
func ParseInitiative(raw []byte) (*directory.Initiative, error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("read initiative: %w", err)
	}
	return initiativeFrom(o)
}

func initiativeFrom(o object) (*directory.Initiative, error) {
	i := &directory.Initiative{
		ID:     o.iri("id"),
		Handle: strings.ToLower(o.text("preferredUsername", directory.MaxWord)),
		Name:   o.text("name", directory.MaxName),
		State:  directory.Published, Published: o.time("published"), Updated: o.time("updated"), Revision: 1,
	}
	i.Origin = directory.HostOf(i.ID)
	if stamp, _ := unquote(o.get("updated")); !i.Updated.IsZero() && stamp != directory.Stamp(i.Updated) {
		i.Stamp = stamp // ParseTime bounds it
	}
	switch t := o.typeOf(isInitiative); {
	case !isInitiative(t):
		return nil, fmt.Errorf("read initiative %q: type %q is neither Organization nor Group", i.ID, t)
	case i.Origin == "":
		return nil, fmt.Errorf("read initiative: its id %q is not an http or https address", i.ID)
	}
	// Only our own kind says what its texts are apart from the HTML.
	if o.get("abstract") != nil {
		readEntry(o, i)
	} else {
		readForeign(o, i)
	}
	i.Offers, i.Needs = proposalsOf(o, "makesOffer"), proposalsOf(o, "seeks")
	i.Place = placeOf(o.get("location"))
	i.Image = pictureOf(o)
	for _, id := range o.iris("alsoKnownAs", directory.MaxAliases) {
		if directory.ValidateURL("alsoKnownAs", id) == nil {
			i.AlsoKnownAs = append(i.AlsoKnownAs, id)
		}
	}
	if to := o.iri("movedTo"); directory.HostOf(to) != "" {
		i.MovedTo = to
	}
	if err := dropInvalid(i); err != nil {
		return nil, fmt.Errorf("read initiative %s: %w", i.ID, err)
	}
	return i, nil
}

// proposalsOf returns the names of what is offered or sought, whatever its type;
// an item may also be just its name.
func proposalsOf(o object, name string) []string {
	var list []string
	for _, raw := range o.list(name, directory.MaxList) {
		item, err := split(raw)
		switch {
		case err != nil:
		case item == nil:
			list = append(list, textOf(raw, directory.MaxWord))
		default:
			list = append(list, item.text("name", directory.MaxWord))
		}
	}
	return directory.Phrases(list)
}

func isInitiative(t string) bool { return t == "Organization" || t == "Group" }

// readEntry reads the data of our own kind of document.
func readEntry(o object, i *directory.Initiative) {
	i.Summary = o.text("abstract", directory.MaxSummary)
	i.Description = markdownOf(o)
	i.Tags = o.words("keywords", directory.MaxList)
	for _, tag := range o.words("knowsLanguage", directory.MaxList) {
		if isWord(tag, 35) {
			i.Languages = append(i.Languages, tag)
		}
	}
	for _, slug := range o.words("seedForm", directory.MaxList) {
		if isWord(slug, 64) {
			i.Forms = append(i.Forms, slug)
		}
	}
	for _, s := range o.words("current", directory.MaxList) {
		if c := wordOf(s, directory.Currents()); c != "" {
			i.Currents = append(i.Currents, c)
		}
	}
	if kind, err := directory.ParseKind("kind", o.text("commonsKind", directory.MaxWord)); err == nil {
		i.Kind = kind
	}
	i.Role = wordOf(o.text("role", directory.MaxWord), directory.Roles())
	i.Scope = wordOf(o.text("scope", directory.MaxWord), directory.Scopes())
	i.Status = wordOf(o.text("status", directory.MaxWord), directory.Statuses())
	i.Founded = o.text("founded", directory.MaxWord)
	i.Links = linksOf(o, isOwnLink)
	i.Source = sourceOf(o.object("isBasedOn"))
}

// readForeign guesses the same from what other software writes. A summary that
// is too long for ours becomes the description as well.
func readForeign(o object, i *directory.Initiative) {
	summary := plainText(o.text("summary", maxActorSummary), directory.MaxDescription)
	i.Summary = firstSentences(summary)
	i.Description = markdownOf(o)
	if i.Description == "" && i.Summary != summary {
		i.Description = summary
	}
	for _, item := range o.list("tag", directory.MaxList) {
		if t, ok := tagOf(item); ok && t.Type == "Hashtag" {
			if word := strings.TrimSpace(strings.TrimLeft(t.Name, "#")); word != "" {
				i.Tags = append(i.Tags, word)
			}
		}
	}
	i.Links = linksOf(o, anyLink)
}

// firstSentences cuts a text to the length of a summary, behind a word.
func firstSentences(s string) string {
	cut := clean(s, directory.MaxSummary)
	if cut == s {
		return s
	}
	cut = clean(s, directory.MaxSummary-1)
	if end := strings.LastIndexFunc(cut, unicode.IsSpace); end > 0 {
		cut = cut[:end]
	}
	return strings.TrimRightFunc(cut, unicode.IsSpace) + "…"
}

// markdownOf returns the source of the summary if it is Markdown.
func markdownOf(o object) string {
	source := o.object("source")
	if t := source.text("mediaType", 100); t != "text/markdown" {
		return ""
	}
	return source.text("content", directory.MaxDescription)
}

// wordOf returns the word of a vocabulary, or "" for any other.
func wordOf[T ~string](s string, words []T) T {
	w, err := directory.ParseWord("", s, words)
	if err != nil {
		return ""
	}
	return w
}

// isWord reports whether s is letters, digits, - and _ only.
func isWord(s string, limit int) bool {
	return len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// linksOf reads the profile fields whose value is a link.
func linksOf(o object, address func(value string) string) []directory.Link {
	var list []directory.Link
	for _, item := range o.list("attachment", directory.MaxList+16) { // ours has facts among them
		field, err := split(item)
		if err != nil || field.typeOf(isField) != "PropertyValue" || len(list) == directory.MaxList {
			continue
		}
		l := directory.Link{
			Name: field.text("name", directory.MaxWord),
			URL:  address(field.text("value", 4*directory.MaxURL)),
		}
		if l.URL == "" || directory.ValidateURL("links", l.URL) != nil {
			continue
		}
		if l.Name == "" {
			l.Name = "Website"
		}
		list = append(list, l)
	}
	return list
}

func isField(t string) bool { return t == "PropertyValue" }

// isOwnLink returns the address of a link that our own kind of document has
// written: facts may have links too, but no rel=me.
func isOwnLink(value string) string {
	href, rel := anchorOf(value)
	if !strings.HasPrefix(rel, "me ") {
		return ""
	}
	return href
}

// anyLink returns the address of a link or of a bare address.
func anyLink(value string) string {
	if href, _ := anchorOf(value); href != "" {
		return href
	}
	s := strings.TrimSpace(plainText(value, directory.MaxURL))
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return ""
	}
	return s
}

func sourceOf(o object) directory.Source {
	s := directory.Source{
		Name: o.text("name", directory.MaxSummary), URL: o.iri("url"),
		Licence:     o.text("license", directory.MaxSummary),
		Attribution: o.text("creditText", directory.MaxSummary),
		ExternalID:  o.text("identifier", directory.MaxSummary),
	}
	if directory.ValidateURL("source", s.URL) != nil {
		s.URL = ""
	}
	return s
}

// placeOf reads a location: a Place, the first of several, or just a name. The
// address may be schema.org's or one text.
func placeOf(raw []byte) directory.Place {
	var p directory.Place
	raw = first(raw)
	o, err := split(raw)
	if err != nil {
		return p
	}
	if o == nil {
		if name := textOf(raw, directory.MaxName); directory.HostOf(name) == "" {
			p.Name = name
		}
		return p
	}
	p.Name = o.text("name", directory.MaxName)
	p.Precision = wordOf(o.text("precision", directory.MaxWord), directory.Precisions())
	latitude, north := o.number("latitude")
	longitude, east := o.number("longitude")
	if point := (directory.Point{Latitude: latitude, Longitude: longitude}); north && east && point.Valid() {
		p.Point = &point
	}
	readAddress(o, &p)
	return p
}

func readAddress(o object, p *directory.Place) {
	address := o.object("address")
	if address == nil {
		p.Address = o.text("address", directory.MaxSummary)
		return
	}
	p.Address = address.text("streetAddress", directory.MaxSummary)
	p.Postcode = address.text("postalCode", directory.MaxWord)
	p.Locality = address.text("addressLocality", directory.MaxName)
	p.Region = address.text("addressRegion", directory.MaxName)
	p.Country = strings.ToUpper(address.text("addressCountry", directory.MaxWord))
}

// pictureOf reads the icon, or else the image.
func pictureOf(o object) *directory.Image {
	for _, name := range []string{"icon", "image"} {
		address := imageAddress(o.get(name))
		if address == "" || directory.ValidateURL("image", address) != nil {
			continue
		}
		picture := o.object(name)
		return &directory.Image{
			URL: address, Alt: picture.alt(), Attribution: picture.text("creditText", directory.MaxSummary),
		}
	}
	return nil
}

// dropInvalid clears what breaks the directory's rules, one field at a time,
// until the initiative keeps them all.
func dropInvalid(i *directory.Initiative) error {
	for range 32 { // more than there are fields
		err := i.Validate()
		var invalid *directory.Invalid
		if !errors.As(err, &invalid) || !drop(i, invalid.Field) {
			return err
		}
	}
	return i.Validate()
}

// drop clears a field by the name that Validate gives it. An initiative cannot
// be without the others.
func drop(i *directory.Initiative, field string) bool {
	texts := map[string]*string{
		"summary": &i.Summary, "description": &i.Description, "founded": &i.Founded,
		"place name": &i.Place.Name, "address": &i.Place.Address, "locality": &i.Place.Locality,
		"region": &i.Place.Region, "country": &i.Place.Country,
	}
	lists := map[string]*[]string{"languages": &i.Languages, "forms": &i.Forms, "tags": &i.Tags, "offers": &i.Offers, "needs": &i.Needs, "also known as": &i.AlsoKnownAs}
	switch {
	case texts[field] != nil:
		*texts[field] = ""
	case lists[field] != nil:
		*lists[field] = nil
	case field == "links":
		i.Links = nil
	case field == "image":
		i.Image = nil
	case field == "place":
		i.Place.Point = nil
	default:
		return false // the words were checked when they were read
	}
	return true
}
