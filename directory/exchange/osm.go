package exchange

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"codeberg.org/commonage/commonage/directory"
)

// text returns a JSON value as a tag would have it: lists joined by semicolons,
// objects left out.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		var items []string
		for _, item := range v {
			if s := text(item); s != "" {
				items = append(items, s)
			}
		}
		return strings.Join(items, ";")
	}
	return ""
}

// tags are a feature's properties in OpenStreetMap's manner.
type tags struct {
	of   map[string]string
	keys []string // in order
}

// first returns the value of the first of the keys that has one.
func (t tags) first(keys ...string) string {
	for _, k := range keys {
		if v := strings.TrimSpace(t.of[k]); v != "" {
			return v
		}
	}
	return ""
}

// fillTagged takes the properties of a feature with OpenStreetMap-style tags.
func (im *importer) fillTagged(d *draft, properties map[string]any) {
	t := tags{of: make(map[string]string, len(properties))}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		value := text(properties[key])
		if value == "" {
			continue
		}
		if column, mapped := im.mapping.column(key); mapped {
			im.assign(d, column, value)
			continue
		}
		t.of[key] = value
		t.keys = append(t.keys, key)
	}
	for _, f := range im.tagged {
		im.set(d, f.column, t.first(f.keys...))
	}
	im.set(d, "address", im.street(t, d.values["country"]))
	im.set(d, "status", life(t))
	d.texts = append(d.texts, descriptions(t)...)
	d.hours(t)
	d.profiles(t)
	im.identify(d, t)
	d.sort(t)
}

// taggedColumn is one of our columns and the keys for it, the best first.
type taggedColumn struct {
	column string
	keys   []string
}

// taggedColumns lists them. Our own names count where OpenStreetMap has none.
func taggedColumns() []taggedColumn {
	return []taggedColumn{
		{"name", []string{"name", "title", "name:en", "int_name", "official_name"}},
		{"handle", []string{"handle"}},
		{"summary", []string{"summary"}},
		{"role", []string{"role"}},
		{"founded", []string{"start_date", "founded", "opening_date"}},
		{"status", []string{"status"}},
		{"image", []string{"image"}},
		{"image_alt", []string{"image:description", "image_alt"}},
		{"image_attribution", []string{"image:attribution", "image_attribution"}},
		{"place_name", []string{"addr:housename", "place_name"}},
		{"postcode", []string{"addr:postcode", "postcode"}},
		{"locality", []string{"addr:city", "addr:town", "addr:village", "addr:hamlet", "addr:place", "addr:suburb", "locality", "city"}},
		{"region", []string{"addr:state", "addr:province", "addr:region", "addr:county", "region"}},
		{"country", []string{"addr:country", "country", "is_in:country"}},
		{"precision", []string{"precision"}},
		{"source_licence", []string{"license", "licence"}},
		{"source_attribution", []string{"attribution"}},
	}
}

// numberFirst are the countries that write the number of a house before its
// street.
const numberFirst = "AU CA FR GB IE IN LU MT NZ US ZA"

// street puts the lines of an address together.
func (im *importer) street(t tags, country string) string {
	name, number := t.first("addr:street", "addr:place"), t.first("addr:housenumber")
	switch {
	case t.first("addr:full", "address") != "" && name == "":
		return t.first("addr:full", "address")
	case name == "" || number == "":
		return name + number
	}
	if len(number) > 12 || strings.Contains(number, " ") && strings.IndexFunc(number, unicode.IsLetter) >= 0 {
		return number + "\n" + name // a building or an address of its own
	}
	code, _ := im.countries.Code(country)
	if code != "" && strings.Contains(numberFirst, code) {
		return number + " " + name
	}
	return name + " " + number
}

// life reads how OpenStreetMap marks what is no more, or not yet: a prefix before
// the main tag. Beside another main tag it tells what was there before.
func life(t tags) string {
	if t.of["end_date"] != "" {
		return string(directory.Ended)
	}
	status := directory.Status("")
	for _, key := range t.keys {
		if slices.Contains(mainKeys(), key) {
			return ""
		}
		prefix, key, _ := strings.Cut(key, ":")
		if !slices.Contains(mainKeys(), key) {
			continue
		}
		switch prefix {
		case "disused", "abandoned", "was", "demolished", "removed":
			status = directory.Ended
		case "proposed", "planned", "construction":
			status = directory.Planned
		}
	}
	return string(status)
}

// mainKeys are the keys that say what something is.
func mainKeys() []string {
	return []string{
		"garden:type", "social_facility", "amenity", "leisure", "landuse", "club", "office", "shop", "craft", "tourism",
		"repair", "service:bicycle:diy", "identity",
	}
}

// descriptions returns the texts on the initiative, the one that names no
// language first.
func descriptions(t tags) []translation {
	var texts []translation
	if main := t.first("description", "abstract", "note:description"); main != "" {
		texts = append(texts, translation{"", main})
	}
	for _, key := range t.keys {
		if tag, ok := descriptionLanguage(key); ok && strings.TrimSpace(t.of[key]) != "" {
			texts = append(texts, translation{tag, t.of[key]})
		}
	}
	return texts
}

// descriptionLanguage reads keys such as description:fr and description_de, also
// with a slip or two in the word.
func descriptionLanguage(key string) (string, bool) {
	const word = "description"
	at := strings.LastIndexAny(key, ":_")
	if at < len(word)-2 || at > len(word)+1 || !strings.HasPrefix(key, "des") {
		return "", false
	}
	if key[:at] != word && !oneEdit(key[:at], word) {
		return "", false
	}
	code := strings.ToLower(key[at+1:])
	switch code { // codes of countries that stand for their language
	case "gr":
		code = "el"
	case "cz":
		code = "cs"
	case "dk":
		code = "da"
	}
	tag, err := language.Parse(code)
	return tag.String(), err == nil
}

// hours notes when it is open.
func (d *draft) hours(t tags) {
	value := line(t.of["opening_hours"])
	found, rest := addresses(value)
	switch {
	case strings.IndexFunc(value, wordRune) < 0 || strings.EqualFold(value, "none"):
	case len(found) > 0 && rest == "":
		d.links = append(d.links, directory.Link{Name: "Opening hours", URL: value})
	default:
		d.notes = append(d.notes, "**Opening hours:** "+markdown(value))
	}
	if v := t.of["opening_hours:url"]; v != "" {
		d.links = append(d.links, directory.Link{Name: "Opening hours", URL: v})
	}
}

// profiles collects the links. Addresses under several keys for the website are
// all kept; e-mail addresses and telephone numbers are not taken over.
func (d *draft) profiles(t tags) {
	for _, key := range []string{"website", "contact:website", "url", "contact:url", "homepage"} {
		if t.of[key] != "" {
			d.links = append(d.links, directory.Link{URL: t.of[key]})
		}
	}
	if d.values["website"] == "" && len(d.links) > 0 {
		// The first one is the website, even where it is a page on a network.
		for n, l := range d.links {
			if l.Name == "" {
				d.values["website"] = l.URL
				d.links = slices.Delete(d.links, n, n+1)
				break
			}
		}
	}
	for _, network := range []struct{ name, key, prefix string }{
		{"Facebook", "facebook", "https://www.facebook.com/"},
		{"Twitter", "twitter", "https://twitter.com/"},
		{"Instagram", "instagram", "https://www.instagram.com/"},
		{"YouTube", "youtube", "https://www.youtube.com/@"},
		{"Mastodon", "mastodon", ""},
	} {
		if v := t.first("contact:"+network.key, network.key); v != "" {
			d.links = append(d.links, directory.Link{Name: network.name, URL: profile(network.prefix, v)})
		}
	}
	if v := t.of["video"]; v != "" {
		d.links = append(d.links, directory.Link{Name: "Video", URL: v})
	}
	if v := t.of["osm"]; v != "" {
		d.links = append(d.links, directory.Link{Name: "OpenStreetMap", URL: v})
	}
	if lang, title, ok := strings.Cut(t.of["wikipedia"], ":"); ok && len(lang) <= 3 {
		d.links = append(d.links, directory.Link{
			Name: "Wikipedia", URL: "https://" + lang + ".wikipedia.org/wiki/" + strings.ReplaceAll(title, " ", "_"),
		})
	}
	if d.values["image_attribution"] == "" {
		credit := strings.Join(strings.Fields(t.first("image:credit", "image:author")+" "+t.of["image:license"]), " ")
		d.values["image_attribution"] = credit
	}
}

// identify finds the entry's id and address at its source.
func (im *importer) identify(d *draft, t tags) {
	if d.id == "" {
		d.id = t.first("@id", "_id", "id", "osm_id", "uuid")
	}
	if d.values["source_id"] == "" {
		d.values["source_id"] = d.id
	}
	own := t.first("_uri", "source:url", "source_url")
	if typ, number, ok := strings.Cut(d.id, "/"); own == "" && ok && number != "" && (typ == "node" || typ == "way" || typ == "relation") {
		own = "https://www.openstreetmap.org/" + d.id
	}
	im.set(d, "source_url", own)
}

// sort collects what the tags call the initiative, and its keywords.
func (d *draft) sort(t tags) {
	for _, key := range []string{"type_of_initiative", "forms"} {
		for _, typ := range keywords(t.of[key]) {
			if typ = strings.TrimSpace(typ); typ != "" {
				d.types = append(d.types, typ)
			}
		}
	}
	for _, key := range mainKeys() {
		if t.of[key] == "" {
			continue
		}
		for value := range strings.SplitSeq(t.of[key], ";") {
			if value = strings.TrimSpace(value); value != "" {
				d.types = append(d.types, key+"="+value)
			}
		}
	}
	d.label(t)
	for _, key := range t.keys {
		// OpenStreetMap's keys have neither blanks nor capitals: somebody typed
		// two keywords where key and value belong.
		if key != "POI_TYPE" && key != "SSEDAS_PARTNER" && strings.IndexFunc(key, foreignToKeys) >= 0 && !strings.Contains(t.of[key], "://") {
			d.tags = append(d.tags, key, t.of[key])
		}
	}
}

// label collects the keywords that stand under keys for them.
func (d *draft) label(t tags) {
	for _, key := range []string{
		"POI_TYPE", "free_keywords", "free-keywords", "free_keywords1", "free_keywords2", "free_tags", "keywords", "tags",
		"category", "categories", "provides", "interaction", "cuisine",
	} {
		for _, word := range keywords(t.of[key]) {
			if word = strings.TrimSpace(word); strings.Contains(word, "_") {
				d.types = append(d.types, word) // a value of another list
			} else {
				d.tags = append(d.tags, word)
			}
		}
	}
	for _, key := range []string{"organic", "fair-trade", "fair_trade", "regional", "vegan", "vegetarian"} {
		if v := t.of[key]; v == "yes" || v == "only" || v == "limited" {
			d.tags = append(d.tags, strings.ReplaceAll(key, "-", " "))
		}
	}
}

func foreignToKeys(r rune) bool { return r == ' ' || unicode.IsUpper(r) }
