package web

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// How the values of the vocabularies read on a page.
func wording() map[string]string {
	return map[string]string{
		string(directory.Knowledge): "Knowledge", string(directory.Urban): "Urban", string(directory.Productive): "Productive",
		string(directory.Natural): "Natural", string(directory.Migrant): "Migrant",
		string(directory.Share): "Sharing", string(directory.Care): "Care for the earth", string(directory.Fair): "Fairness",
		string(directory.Community): "Community", string(directory.Livelihood): "Livelihood",
		string(directory.Infrastructure): "Infrastructure", string(directory.PartnerInstitution): "Partner institution",
		string(directory.Local): "Its neighbourhood or town", string(directory.Regional): "Its region",
		string(directory.National): "Its country", string(directory.International): "Many countries",
		string(directory.Planned): "Being planned", string(directory.Paused): "Paused", string(directory.Ended): "Ended",
	}
}

// headings are what the dimensions are called.
func heading(d search.Dimension) string {
	return map[search.Dimension]string{
		search.ByKind: "Kind of commons", search.ByForm: "Seed form", search.ByCurrent: "Current",
		search.ByRole: "Role", search.ByOrigin: "Published by", search.ByCountry: "Country",
		search.ByLanguage: "Language", search.ByOffer: "Offers", search.ByNeed: "Needs",
	}[d]
}

// word returns how a value of a dimension reads.
func (s *Server) word(d search.Dimension, value string) string {
	switch d {
	case search.ByForm:
		return formName(value)
	case search.ByCountry:
		return countryName(value)
	case search.ByLanguage:
		return languageName(value)
	case search.ByOffer, search.ByNeed:
		return strings.ReplaceAll(value, "-", " ")
	case search.ByOrigin:
		if value == s.instance.Host {
			return "This instance"
		}
		return value
	}
	if text, ok := wording()[value]; ok {
		return text
	}
	return value
}

func formName(slug string) string {
	if f, ok := directory.FormBySlug(slug); ok {
		return f.Name
	}
	return slug
}

func kindName(k directory.Kind) string {
	if k == "" {
		return ""
	}
	return wording()[string(k)] + " commons"
}

// countryName returns the English name of a country by its code, or the code.
func countryName(code string) string {
	if code == "" {
		return ""
	}
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return code
}

// countryCodes finds the code of a country by its name, folded, in the languages
// of the catalogue.
var countryCodes = sync.OnceValue(func() map[string]string {
	codes := map[string]string{}
	namers := []display.Namer{display.English.Regions()}
	for _, tag := range []string{"fr", "de", "es", "it", "nl", "pt", "ca", "pl", "sv", "el", "ru", "da"} {
		namers = append(namers, display.Regions(language.Make(tag)))
	}
	for _, namer := range namers {
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				region, err := language.ParseRegion(string(a) + string(b))
				if err != nil || !region.IsCountry() || region.String() != string(a)+string(b) {
					continue
				}
				if name := search.Fold(namer.Name(region)); name != "" && codes[name] == "" {
					codes[name] = region.String()
				}
			}
		}
	}
	return codes
})

// countryCode returns the code of a country by its code or its name, or "".
func countryCode(name string) string {
	if len(name) == 2 && countryName(strings.ToUpper(name)) != strings.ToUpper(name) {
		return strings.ToUpper(name)
	}
	return countryCodes()[search.Fold(name)]
}

// languageName returns the English name of a language by its code, or the code.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if name := display.English.Languages().Name(tag); name != "" {
		return name
	}
	return code
}

// placeLine returns where something is, in a few words: "Ghent, Belgium".
func placeLine(p directory.Place) string {
	where := p.Locality
	if where == "" {
		where = p.Region
	}
	return joined(", ", where, countryName(p.Country))
}

// joined puts the parts that are not empty together.
func joined(between string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, between)
}
