package directory

import (
	"slices"
	"strings"
)

// Kind says which commons an initiative mainly tends, after Michel Bauwens'
// five. The empty Kind means that nobody has said.
type Kind string

// The kinds of commons.
const (
	Knowledge  Kind = "knowledge"  // digital and knowledge commons
	Urban      Kind = "urban"      // civic, city commons
	Productive Kind = "productive" // commons of making and provisioning
	Natural    Kind = "natural"    // traditional and natural commons
	Migrant    Kind = "migrant"    // commons of newcomers
)

// Kinds lists every kind, in the order in which pages show them.
func Kinds() []Kind { return []Kind{Urban, Productive, Knowledge, Natural, Migrant} }

// Role says what an initiative does for a commons.
type Role string

// The roles.
const (
	Community          Role = "community"           // tends and contributes to a commons
	Livelihood         Role = "livelihood"          // earns a living around one
	Infrastructure     Role = "infrastructure"      // makes cooperation possible, for benefit
	PartnerInstitution Role = "partner-institution" // a public body that supports one
)

// Roles lists every role.
func Roles() []Role { return []Role{Community, Livelihood, Infrastructure, PartnerInstitution} }

// Current is one of the three movements that converge in the commons.
type Current string

// The currents.
const (
	Share Current = "share" // sharing of knowledge and things
	Care  Current = "care"  // care for the earth
	Fair  Current = "fair"  // fairness, solidarity, cooperation
)

// Currents lists every current.
func Currents() []Current { return []Current{Share, Care, Fair} }

// Scope says how far an initiative means to reach.
type Scope string

// The scopes.
const (
	Local         Scope = "local"
	Regional      Scope = "regional"
	National      Scope = "national"
	International Scope = "international"
)

// Scopes lists every scope, nearest first.
func Scopes() []Scope { return []Scope{Local, Regional, National, International} }

// Status says whether an initiative is alive.
type Status string

// The statuses.
const (
	Planned Status = "planned"
	Active  Status = "active"
	Paused  Status = "paused"
	Ended   Status = "ended"
)

// Statuses lists every status.
func Statuses() []Status { return []Status{Planned, Active, Paused, Ended} }

// Precision says how exactly a place's coordinates mean what they say.
type Precision string

// The precisions, finest first.
const (
	Exact       Precision = "exact"
	Street      Precision = "street"
	Postcode    Precision = "postcode"
	Settlement  Precision = "locality"
	LargeRegion Precision = "region"
)

// Precisions lists every precision, finest first.
func Precisions() []Precision {
	return []Precision{Exact, Street, Postcode, Settlement, LargeRegion}
}

// kindAliases are the longer names that published vocabularies use.
func kindAliases() map[string]Kind {
	return map[string]Kind{
		"digital-knowledge": Knowledge, "traditional-natural": Natural,
	}
}

// ParseKind reads a kind, also by its longer vocabulary name.
func ParseKind(field, s string) (Kind, error) {
	if k, ok := kindAliases()[strings.ToLower(strings.TrimSpace(s))]; ok {
		return k, nil
	}
	return ParseWord(field, s, Kinds())
}

// ParseWord reads one word of a vocabulary, in any case; empty stays empty.
// The *Invalid error names the field and lists the words.
func ParseWord[T ~string](field, s string, words []T) (T, error) {
	w := T(strings.ToLower(strings.TrimSpace(s)))
	if w == "" || slices.Contains(words, w) {
		return w, nil
	}
	list := make([]string, len(words))
	for i, known := range words {
		list[i] = string(known)
	}
	return "", Invalidf(field, "%q is not one of %s", s, strings.Join(list, ", "))
}
