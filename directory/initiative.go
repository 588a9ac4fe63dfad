package directory

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Initiative is a commons initiative: one entry of the directory and one
// ActivityPub actor. Own and carried ones are the same type; Origin tells.
type Initiative struct {
	ID     string `json:"id"`     // the actor's id, "https://HOST/initiatives/HANDLE"; never changes
	Handle string `json:"handle"` // unique at its origin; the WebFinger user name
	Origin string `json:"origin"` // host of the instance that published it, with port if not the scheme's

	Name        string   `json:"name"`
	Summary     string   `json:"summary,omitempty"`     // one or two plain sentences
	Description string   `json:"description,omitempty"` // Markdown
	Languages   []string `json:"languages,omitempty"`   // BCP 47, the most used first

	Forms    []string  `json:"forms,omitempty"` // slugs of seed forms, the main one first
	Kind     Kind      `json:"kind,omitempty"`
	Role     Role      `json:"role,omitempty"`
	Currents []Current `json:"currents,omitempty"`
	Scope    Scope     `json:"scope,omitempty"`
	Status   Status    `json:"status,omitempty"`
	Founded  string    `json:"founded,omitempty"` // "2016", "2016-05" or "2016-05-21"
	Tags     []string  `json:"tags,omitempty"`    // free words
	Offers   []string  `json:"offers,omitempty"`  // what it has for others, in plain words: "cargo bike"; see Phrases
	Needs    []string  `json:"needs,omitempty"`   // what it looks for, likewise

	Place Place  `json:"place"`
	Links []Link `json:"links,omitempty"` // the website first
	Image *Image `json:"image,omitempty"`

	Source Source `json:"source"`

	AlsoKnownAs []string `json:"also_known_as,omitempty"` // ids of the actors that it was before
	MovedTo     string   `json:"moved_to,omitempty"`      // id of the actor that it is now

	State     State     `json:"state"`
	Published time.Time `json:"published"` // first made public
	Updated   time.Time `json:"updated"`   // last change, UTC, microseconds
	Revision  int       `json:"revision"`  // 1 for the first, one more with each change

	// Stamp is Updated as the origin's document writes it, "" where that is as Stamp writes it.
	Stamp string `json:"-"`
}

// Link is something about the initiative elsewhere on the web.
type Link struct {
	Name string `json:"name"` // "Website" where nothing better is known
	URL  string `json:"url"`
}

// Image is a picture by its address.
type Image struct {
	URL         string `json:"url"`
	Alt         string `json:"alt,omitempty"` // what it shows, for who cannot see it
	Attribution string `json:"attribution,omitempty"`
}

// Source says where an entry's facts came from, and on what terms.
type Source struct {
	Name        string `json:"name,omitempty"`        // of the collection it was imported from
	URL         string `json:"url,omitempty"`         // of the entry or of the collection
	Licence     string `json:"licence,omitempty"`     // SPDX id or the publisher's words
	Attribution string `json:"attribution,omitempty"` // whom to name
	ExternalID  string `json:"external_id,omitempty"` // the entry's id there
}

// State is the stage of publication.
type State string

// The states. A withdrawn initiative keeps its row as a tombstone: its handle is
// never given to another one; so does one that has moved away, whose actor only
// says where it is now.
const (
	Draft     State = "draft"
	Published State = "published"
	Unlisted  State = "unlisted" // carried from a limited server: shown by its address, in no list
	Moved     State = "moved"
	Withdrawn State = "withdrawn"
)

// MoveCooldown is how long an initiative that moved stays where it is: servers do
// not follow it on sooner.
const MoveCooldown = 7 * 24 * time.Hour

// IsOver reports whether the initiative is not here any more.
func (s State) IsOver() bool { return s == Withdrawn || s == Moved }

// Gone returns a *MovedError if the initiative moved away, ErrGone if it was
// withdrawn, and nil if it is here.
func (i *Initiative) Gone() error {
	switch i.State {
	case Moved:
		return &MovedError{To: i.MovedTo}
	case Withdrawn:
		return ErrGone
	case Draft, Published, Unlisted:
	}
	return nil
}

// MainForm returns the slug of the first seed form, or "".
func (i *Initiative) MainForm() string {
	if len(i.Forms) == 0 {
		return ""
	}
	return i.Forms[0]
}

// Acct returns the fediverse address without its first @: "handle@origin".
func (i *Initiative) Acct() string { return i.Handle + "@" + i.Origin }

// Website returns the address of the first link, or "".
func (i *Initiative) Website() string {
	if len(i.Links) == 0 {
		return ""
	}
	return i.Links[0].URL
}

// SameContent reports whether i and j say the same, whatever their identity,
// state, dates and revision.
func (i *Initiative) SameContent(j *Initiative) bool {
	return i.Name == j.Name && i.Summary == j.Summary && i.Description == j.Description &&
		slices.Equal(i.Languages, j.Languages) && slices.Equal(i.Forms, j.Forms) &&
		i.Kind == j.Kind && i.Role == j.Role && slices.Equal(i.Currents, j.Currents) &&
		i.Scope == j.Scope && i.Status == j.Status && i.Founded == j.Founded &&
		slices.Equal(i.Tags, j.Tags) &&
		slices.Equal(i.Offers, j.Offers) && slices.Equal(i.Needs, j.Needs) && i.Place.same(j.Place) && slices.Equal(i.Links, j.Links) &&
		sameValue(i.Image, j.Image) && i.Source == j.Source &&
		slices.Equal(i.AlsoKnownAs, j.AlsoKnownAs) && i.MovedTo == j.MovedTo
}

func (p Place) same(q Place) bool {
	point, other := p.Point, q.Point
	p.Point, q.Point = nil, nil
	return p == q && sameValue(point, other)
}

// sameValue compares what two pointers point at.
func sameValue[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Limits on what an initiative may say, in characters or counts: about what
// other servers keep of an actor (Mastodon's FEDERATION.md), so that nothing is
// cut on the way.
const (
	MaxName        = 200
	MaxSummary     = 1000
	MaxDescription = 15000
	MaxList        = 50
	MaxWord        = 200
	MaxURL         = 2000
	MaxAliases     = 20 // what GoToSocial stores
)

var (
	handlePattern  = regexp.MustCompile(`^[a-z0-9_]{1,30}$`)
	foundedPattern = regexp.MustCompile(`^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$`)
	countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)
)

// ValidHandle reports whether s may be a handle: 1 to 30 of a-z, 0-9 and _.
func ValidHandle(s string) bool { return handlePattern.MatchString(s) && !reservedHandle(s) }

// reservedHandle reports whether the name is taken by an actor of the instance.
func reservedHandle(s string) bool {
	return s == DirectoryHandle || s == "actor" ||
		strings.HasPrefix(s, "form_") || strings.HasPrefix(s, "near_")
}

// Validate returns an *Invalid for the first field that breaks a rule, or nil.
func (i *Initiative) Validate() error {
	switch {
	case !handlePattern.MatchString(i.Handle):
		return Invalidf("handle", "%q must be 1 to 30 of a-z, 0-9 and _", i.Handle)
	case reservedHandle(i.Handle):
		return Invalidf("handle", "%q is kept for the instance", i.Handle)
	case strings.TrimSpace(i.Name) == "":
		return Invalidf("name", "is missing")
	case i.Founded != "" && !foundedPattern.MatchString(i.Founded):
		return Invalidf("founded", "%q is not a year, a month (2016-05) or a day (2016-05-21)", i.Founded)
	case i.Place.Country != "" && !countryPattern.MatchString(i.Place.Country):
		return Invalidf("country", "%q is not an ISO 3166-1 code of two letters", i.Place.Country)
	case i.Place.Point != nil && !i.Place.Point.Valid():
		return Invalidf("place", "latitude %v, longitude %v is not on the globe", i.Place.Point.Latitude, i.Place.Point.Longitude)
	}
	if err := i.validateWords(); err != nil {
		return err
	}
	return i.validateSizes()
}

func (i *Initiative) validateWords() error {
	errs := []error{
		checkWord("kind", i.Kind, Kinds()), checkWord("role", i.Role, Roles()), checkWord("scope", i.Scope, Scopes()),
		checkWord("status", i.Status, Statuses()), checkWord("precision", i.Place.Precision, Precisions()),
	}
	for _, c := range i.Currents {
		errs = append(errs, checkWord("currents", c, Currents()))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkWord is stricter than ParseWord: the word must be as it is written here.
func checkWord[T ~string](field string, word T, words []T) error {
	parsed, err := ParseWord(field, string(word), words)
	if err == nil && parsed != word {
		return Invalidf(field, "%q is not written %q", word, parsed)
	}
	return err
}

func (i *Initiative) validateSizes() error {
	texts := []struct {
		field, value string
		limit        int
	}{
		{"name", i.Name, MaxName},
		{"summary", i.Summary, MaxSummary},
		{"description", i.Description, MaxDescription},
		{"place name", i.Place.Name, MaxName},
		{"address", i.Place.Address, MaxSummary},
		{"locality", i.Place.Locality, MaxName},
		{"region", i.Place.Region, MaxName},
		{"postcode", i.Place.Postcode, MaxWord},
	}
	for _, t := range texts {
		if n := utf8.RuneCountInString(t.value); n > t.limit {
			return Invalidf(t.field, "has %d characters, %d are allowed", n, t.limit)
		}
	}
	lists := []struct {
		field string
		words []string
	}{{"languages", i.Languages}, {"forms", i.Forms}, {"tags", i.Tags}, {"offers", i.Offers}, {"needs", i.Needs}}
	for _, l := range lists {
		if err := validateList(l.field, l.words); err != nil {
			return err
		}
	}
	return i.validateAddresses()
}

func validateList(field string, words []string) error {
	if n := len(words); n > MaxList {
		return Invalidf(field, "has %d items, %d are allowed", n, MaxList)
	}
	for _, w := range words {
		if n := utf8.RuneCountInString(w); n > MaxWord {
			return Invalidf(field, "has an item of %d characters, %d are allowed", n, MaxWord)
		}
	}
	return nil
}

func (i *Initiative) validateAddresses() error {
	if n := len(i.Links); n > MaxList {
		return Invalidf("links", "has %d items, %d are allowed", n, MaxList)
	}
	for _, l := range i.Links {
		if err := ValidateURL("links", l.URL); err != nil {
			return err
		}
		if n := utf8.RuneCountInString(l.Name); n > MaxWord {
			return Invalidf("links", "has a name of %d characters, %d are allowed", n, MaxWord)
		}
	}
	if n := len(i.AlsoKnownAs); n > MaxAliases {
		return Invalidf("also known as", "has %d items, %d are allowed", n, MaxAliases)
	}
	for _, id := range i.AlsoKnownAs {
		if err := ValidateURL("also known as", id); err != nil {
			return err
		}
	}
	if i.Image != nil {
		return ValidateURL("image", i.Image.URL)
	}
	return nil
}
