package exchange

import (
	"slices"
	"strconv"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// column is one of our own format's: what stands in it, a text or a list.
type column struct {
	name string
	text func(*directory.Initiative) string
	list func(*directory.Initiative) []string
}

// Columns lists the columns of our csv, in the order in which Write gives them.
func Columns() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return names
}

func columns() []column {
	return slices.Concat(aboutColumns(), linkColumns(), placeColumns(), sourceColumns())
}

func aboutColumns() []column {
	return []column{
		{name: "id", text: func(i *directory.Initiative) string { return i.ID }},
		{name: "handle", text: func(i *directory.Initiative) string { return i.Handle }},
		{name: "name", text: func(i *directory.Initiative) string { return i.Name }},
		{name: "summary", text: func(i *directory.Initiative) string { return i.Summary }},
		{name: "description", text: func(i *directory.Initiative) string { return i.Description }},
		{name: "languages", list: func(i *directory.Initiative) []string { return i.Languages }},
		{name: "forms", list: func(i *directory.Initiative) []string { return i.Forms }},
		{name: "kind", text: func(i *directory.Initiative) string { return string(i.Kind) }},
		{name: "role", text: func(i *directory.Initiative) string { return string(i.Role) }},
		{name: "currents", list: func(i *directory.Initiative) []string { return words(i.Currents) }},
		{name: "scope", text: func(i *directory.Initiative) string { return string(i.Scope) }},
		{name: "status", text: func(i *directory.Initiative) string { return string(i.Status) }},
		{name: "founded", text: func(i *directory.Initiative) string { return i.Founded }},
		{name: "tags", list: func(i *directory.Initiative) []string { return i.Tags }},
		{name: "offers", list: func(i *directory.Initiative) []string { return i.Offers }},
		{name: "needs", list: func(i *directory.Initiative) []string { return i.Needs }},
	}
}

func linkColumns() []column {
	return []column{
		{name: "website", text: func(i *directory.Initiative) string {
			site, _ := website(i)
			return site
		}},
		{name: "links", list: func(i *directory.Initiative) []string {
			_, others := website(i)
			list := make([]string, len(others))
			for n, l := range others {
				list[n] = formatLink(l)
			}
			return list
		}},
		{name: "image", text: func(i *directory.Initiative) string { return image(i).URL }},
		{name: "image_alt", text: func(i *directory.Initiative) string { return image(i).Alt }},
		{name: "image_attribution", text: func(i *directory.Initiative) string { return image(i).Attribution }},
	}
}

func placeColumns() []column {
	return []column{
		{name: "place_name", text: func(i *directory.Initiative) string { return i.Place.Name }},
		{name: "address", text: func(i *directory.Initiative) string { return i.Place.Address }},
		{name: "postcode", text: func(i *directory.Initiative) string { return i.Place.Postcode }},
		{name: "locality", text: func(i *directory.Initiative) string { return i.Place.Locality }},
		{name: "region", text: func(i *directory.Initiative) string { return i.Place.Region }},
		{name: "country", text: func(i *directory.Initiative) string { return i.Place.Country }},
		{name: "latitude", text: func(i *directory.Initiative) string {
			if i.Place.Point == nil {
				return ""
			}
			return degrees(i.Place.Point.Latitude)
		}},
		{name: "longitude", text: func(i *directory.Initiative) string {
			if i.Place.Point == nil {
				return ""
			}
			return degrees(i.Place.Point.Longitude)
		}},
		{name: "precision", text: func(i *directory.Initiative) string { return string(i.Place.Precision) }},
	}
}

func sourceColumns() []column {
	return []column{
		{name: "source_name", text: func(i *directory.Initiative) string { return i.Source.Name }},
		{name: "source_url", text: func(i *directory.Initiative) string { return i.Source.URL }},
		{name: "source_licence", text: func(i *directory.Initiative) string { return i.Source.Licence }},
		{name: "source_attribution", text: func(i *directory.Initiative) string { return i.Source.Attribution }},
		{name: "source_id", text: func(i *directory.Initiative) string { return i.Source.ExternalID }},
	}
}

func degrees(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func words[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for n, w := range list {
		texts[n] = string(w)
	}
	return texts
}

func image(i *directory.Initiative) directory.Image {
	if i.Image == nil {
		return directory.Image{}
	}
	return *i.Image
}

// websiteName is the name of a link that stands in the column website.
const websiteName = "Website"

// website returns the address for the column website and the links that remain.
func website(i *directory.Initiative) (string, []directory.Link) {
	if len(i.Links) > 0 && i.Links[0].Name == websiteName {
		return i.Links[0].URL, i.Links[1:]
	}
	return "", i.Links
}

// plainAddress writes the signs that would end an address early as URLs do.
func plainAddress(s string) string {
	if !strings.ContainsAny(s, "<> ") {
		return s
	}
	return strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20").Replace(s)
}

// formatLink returns "Name <URL>".
func formatLink(l directory.Link) string {
	address := plainAddress(l.URL)
	if l.Name == "" {
		return "<" + address + ">"
	}
	return l.Name + " <" + address + ">"
}

// parseLink reads "Name <URL>", "<URL>" or a bare address.
func parseLink(s string) directory.Link {
	at := strings.LastIndexByte(s, '<')
	if at < 0 || !strings.HasSuffix(s, ">") {
		return directory.Link{Name: websiteName, URL: strings.TrimSpace(s)}
	}
	return directory.Link{Name: strings.TrimSpace(s[:at]), URL: s[at+1 : len(s)-1]}
}

// joinList writes a list into one cell; splitList reads it. Items are parted by
// semicolons, a backslash takes its meaning from the sign after it.
func joinList(items []string) string {
	escaped := make([]string, len(items))
	for n, item := range items {
		if escaped[n] = item; !strings.ContainsAny(item, `\;`) {
			continue
		}
		escaped[n] = strings.NewReplacer(`\`, `\\`, ";", `\;`).Replace(item)
	}
	return strings.Join(escaped, ";")
}

func splitList(s string) []string {
	var items []string
	var item strings.Builder
	add := func() {
		if text := strings.TrimSpace(item.String()); text != "" {
			items = append(items, text)
		}
		item.Reset()
	}
	escaped := false
	for _, r := range s {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == ';':
			add()
			continue
		case escaped && r != ';' && r != '\\':
			item.WriteByte('\\') // in front of anything else it is just a sign
		}
		escaped = false
		item.WriteRune(r)
	}
	if escaped {
		item.WriteByte('\\')
	}
	add()
	return items
}

// formula reports whether a spreadsheet would take the cell for a formula, were
// it not for the apostrophes in front.
func formula(cell string) bool {
	cell = strings.TrimLeft(cell, "'")
	for _, sign := range []string{"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, sign) {
			return true
		}
	}
	return false
}

// guard puts an apostrophe before what a spreadsheet would take for a formula;
// unguard takes it away.
func guard(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && formula(cell) {
		return cell[1:]
	}
	return cell
}
