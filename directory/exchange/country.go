package exchange

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"codeberg.org/commonage/commonage/directory"
)

// Countries finds the ISO 3166-1 code of a country by its name in any language
// that CLDR knows. It makes its index of some 27,000 names on the first name
// asked for and holds it, so let go of it when the work is done. It is not for
// use by several goroutines at once. The zero value is ready.
type Countries struct {
	names map[string]string // folded name -> code, "" for a name of two countries
	known map[string]string // what was asked -> code, "" for none
}

// maxKnown bounds what is remembered of a file with a different junk in each row.
const maxKnown = 4096

// Code returns the alpha-2 code of the country that s means: an alpha-2 or
// alpha-3 code; a name in any language, case and accents aside; a part with a
// name of its own, such as Scotland; the last part of "Ghent, Belgium"; or a
// name with one letter wrong, missing, too many or swapped, if only one country
// is that near. It reports false rather than guess.
func (c *Countries) Code(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if code := strings.ToUpper(s); len(s) == 2 && isCountry(code) {
		return code, true
	}
	code, ok := c.known[s]
	if !ok {
		code = c.find(s)
		if c.known == nil || len(c.known) >= maxKnown {
			c.known = map[string]string{}
		}
		c.known[s] = code
	}
	return code, code != ""
}

func (c *Countries) find(s string) string {
	if c.names == nil {
		c.names = countryNames()
	}
	if len(s) > directory.MaxName {
		return ""
	}
	outside := s
	if i, j := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')'); i > 0 && j > i {
		outside = s[:i] + s[j+1:]
	}
	for _, name := range []string{s, outside, s[strings.LastIndexAny(s, ",;/")+1:]} {
		if code := c.names[foldName(name)]; code != "" {
			return code
		}
	}
	return c.nearest(foldName(s))
}

// nearest returns the only country with a name one edit away, or "". Short names
// are too near to one another.
func (c *Countries) nearest(name string) string {
	const shortest = 5
	found := ""
	if _, ambiguous := c.names[name]; ambiguous || utf8.RuneCountInString(name) < shortest {
		return found
	}
	for known, code := range c.names {
		if code == "" || code == found || len(known) < shortest || !oneEdit(known, name) {
			continue
		}
		if found != "" {
			return ""
		}
		found = code
	}
	return found
}

// oneEdit reports whether one letter wrong, missing, too many or swapped with its
// neighbour makes b of a.
func oneEdit(a, b string) bool {
	if d := len(a) - len(b); d > utf8.UTFMax || d < -utf8.UTFMax {
		return false
	}
	for a != "" && b != "" {
		r, n := utf8.DecodeRuneInString(a)
		q, m := utf8.DecodeRuneInString(b)
		if r == q {
			a, b = a[n:], b[m:]
			continue
		}
		if a[n:] == b[m:] || a[n:] == b || a == b[m:] {
			return true
		}
		r2, n2 := utf8.DecodeRuneInString(a[n:])
		q2, m2 := utf8.DecodeRuneInString(b[m:])
		return r == q2 && q == r2 && a[n+n2:] == b[m+m2:]
	}
	return utf8.RuneCountInString(a+b) == 1
}

// countryNames makes the index. Codes and English names go before those of other
// languages; a name that two countries have in two of these is nobody's.
func countryNames() map[string]string {
	names := make(map[string]string, 30000)
	maps.Copy(names, countryAliases())
	codes := countryCodes()
	english := display.Regions(language.English)
	for _, r := range codes {
		for _, name := range []string{r.String(), r.ISO3(), english.Name(r)} {
			names[foldName(name)] = r.String()
		}
	}
	delete(names, "")
	certain := make(map[string]bool, len(names))
	for name := range names {
		certain[name] = true
	}
	seen := make(map[string]string, 30000) // as spelled, to fold each spelling once
	for _, tag := range display.Supported.Tags() {
		// The variants of a language by country hardly differ in these names.
		if _, confidence := tag.Region(); confidence == language.Exact {
			continue
		}
		local := display.Regions(tag)
		if local == nil {
			continue
		}
		for _, r := range codes {
			spelled := local.Name(r)
			if code := r.String(); seen[spelled] != code {
				seen[spelled] = code
				addName(names, certain, foldName(spelled), code)
			}
		}
	}
	return names
}

func addName(names map[string]string, certain map[string]bool, name, code string) {
	known, ok := names[name]
	switch {
	case name == "" || certain[name] || known == code:
	case ok:
		names[name] = ""
	default:
		names[name] = code
	}
}

// countryAliases are names that CLDR does not have or keeps for something else,
// folded: parts of countries, former names, what people say.
func countryAliases() map[string]string {
	aliases := map[string]string{}
	for code, names := range map[string]string{
		"GB": "uk,u k,gb,great britain,britain,england,scotland,wales,northern ireland,cymru,alba,schottland,inglaterra," +
			"ecosse,angleterre,united kingdom of great britain and northern ireland",
		"US": "usa,u s a,u s,united states of america,the states,estados unidos de america",
		"CZ": "czech republic,ceska republika,tschechische republik,republique tcheque,republica checa",
		"GR": "el,hellas,hellenic republic",
		"NL": "holland,the netherlands",
		"IE": "eire,republic of ireland",
		"MK": "macedonia,north macedonia,severna makedonija,fyrom",
		"SZ": "swaziland,eswatini",
		"TR": "turkiye,turkey",
		"MM": "burma",
		"CI": "ivory coast,cote d ivoire",
		"CV": "cape verde",
		"TL": "east timor",
		"KR": "south korea,republic of korea,korea republic of",
		"KP": "north korea",
		"RU": "russian federation",
		"MD": "republic of moldova,moldova republic of",
		"SK": "slovak republic,slovenska republika",
		"VA": "vatican,holy see",
		"PS": "palestine,state of palestine",
		"TZ": "united republic of tanzania",
		"BO": "bolivia plurinational state of",
		"VE": "venezuela bolivarian republic of",
		"IR": "islamic republic of iran,iran islamic republic of",
		"SY": "syrian arab republic",
		"CD": "drc,democratic republic of the congo,congo kinshasa",
		"CG": "republic of the congo,congo brazzaville",
		"DE": "bundesrepublik deutschland,brd",
		"AT": "republik osterreich",
		"ES": "euskadi,catalunya,cataluna,catalonia,pais vasco",
		"XK": "kosova",
	} {
		for name := range strings.SplitSeq(names, ",") {
			aliases[name] = code
		}
	}
	return aliases
}

// foldName folds case, accents and punctuation.
func foldName(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r >= 'a' && r <= 'z' && !space:
			b.WriteByte(byte(r))
			continue
		case unicode.Is(unicode.Mn, r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mc, r):
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch r = unicode.ToLower(r); r {
		case 'ø':
			r = 'o'
		case 'ł':
			r = 'l'
		case 'đ', 'ð':
			r = 'd'
		case 'ı':
			r = 'i'
		case 'ς':
			r = 'σ'
		}
		b.WriteRune(r)
	}
	return strings.TrimPrefix(b.String(), "the ")
}

// notISO are regions that x/text counts as countries and ISO 3166-1 does not, or
// no longer.
const notISO = "AC AN CP CQ CS CT DG EA EZ FQ IC JT MI NQ NT PC PU PZ SU TA UN WK YU ZZ"

func isCountry(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && r.IsCountry() && r.Canonicalize() == r && r.String() == code && !strings.Contains(notISO, code)
}

// countryCodes lists the regions of ISO 3166-1, and Kosovo.
func countryCodes() []language.Region {
	var all []language.Region
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string([]rune{a, b}); isCountry(code) {
				all = append(all, language.MustParseRegion(code))
			}
		}
	}
	return all
}

// contradicts reports whether a point lies on another continent than the
// country. France, the Netherlands and the United States have land on several.
func contradicts(code string, p directory.Point) bool {
	country, err := language.ParseRegion(code)
	if err != nil || code == "FR" || code == "NL" || code == "US" {
		return false
	}
	for group, box := range continents() {
		if r, err := language.ParseRegion(group); err == nil && r.Contains(country) {
			return !box.Contains(p)
		}
	}
	return false
}

// continents are rough boxes around the UN's regions of the world, with the far
// islands of their countries.
func continents() map[string]directory.Box {
	return map[string]directory.Box{
		"002": {West: -27, South: -50, East: 75, North: 39},    // Africa
		"009": {West: 70, South: -60, East: -105, North: 32},   // Oceania, over the date line
		"019": {West: 170, South: -60, East: -10, North: 84},   // the Americas, with the Aleutians
		"142": {West: 25, South: -13, East: 180, North: 56},    // Asia
		"150": {West: -32, South: 27, East: -168, North: 82.5}, // Europe, with all of Russia
	}
}
