package directory

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Post is news of an initiative: an ActivityPub Note, or Event if it invites to
// one. The first one introduces
// the initiative and stays pinned.
type Post struct {
	ID           string // "https://HOST/initiatives/HANDLE/posts/ULID"
	InitiativeID string
	Text         string // plain text or Markdown, as written
	Language     string // BCP 47; "" for the instance's
	Attachments  []Attachment
	Hashtags     []string  // those of the initiative's seed forms that the text lacks, without #
	Mentions     []Mention // who is named in the text and was found
	Event        *Event    // what it invites to; nil for plain news
	Pinned       bool
	Published    time.Time
	Updated      time.Time // equal to Published until edited
	Deleted      bool      // a tombstone: everything but ID, InitiativeID and dates is empty; of an Event, that it was one
}

// Mention is somebody of the fediverse whom a post names, as @user@host.
type Mention struct {
	Acct  string `json:"acct"` // "user@host", as written
	ID    string `json:"id"`
	URL   string `json:"url"`             // the profile's page
	Inbox string `json:"inbox,omitempty"` // "" for one of ours
}

// FullText returns the text with the hashtags that it lacks as its last line: a
// tag that nobody sees leaves readers wondering why a post turns up under it, and
// servers that fold tags away know a line of nothing else.
func (p *Post) FullText() string {
	if len(p.Hashtags) == 0 {
		return p.Text
	}
	return strings.TrimSpace(p.Text + "\n\n#" + strings.Join(p.Hashtags, " #"))
}

// MentionURL returns the page of somebody whom the post names, or "" for who was
// not found.
func (p *Post) MentionURL(acct string) string {
	for _, m := range p.Mentions {
		if strings.EqualFold(m.Acct, acct) {
			return m.URL
		}
	}
	return ""
}

// Attachment is a picture kept by this instance.
type Attachment struct {
	File      string `json:"file"` // name in the media store
	MediaType string `json:"media_type"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Alt       string `json:"alt,omitempty"`
	Blurhash  string `json:"blurhash,omitempty"` // what is seen until it has loaded
	Focus     *Focus `json:"focus,omitempty"`    // what stays when it is cropped; nil for the middle
}

// Focus is a point of a picture: 0, 0 is the middle, X grows to 1 at the right
// edge and Y at the upper one.
type Focus struct{ X, Y float64 }

// Limits on a post. Mastodon shows 4 pictures and refuses long alt texts.
const (
	MaxPost        = 5000
	MaxAttachments = 4
	MaxAlt         = 1500
	MaxMentions    = 10
	MaxPinned      = 5
)

// Validate returns an *Invalid for the first field that breaks a rule, or nil.
func (p *Post) Validate() error {
	n := utf8.RuneCountInString(p.Text)
	switch {
	case strings.TrimSpace(p.Text) == "" && p.Event == nil:
		return Invalidf("text", "is missing")
	case n > MaxPost:
		return Invalidf("text", "has %d characters, %d are allowed", n, MaxPost)
	case len(p.Attachments) > MaxAttachments:
		return Invalidf("image", "%d pictures, %d are allowed", len(p.Attachments), MaxAttachments)
	case p.Language != "":
		if err := ValidateLanguage("language", p.Language); err != nil {
			return err
		}
	}
	for _, a := range p.Attachments {
		if n := utf8.RuneCountInString(a.Alt); n > MaxAlt {
			return Invalidf("alt", "has %d characters, %d are allowed", n, MaxAlt)
		}
		if f := a.Focus; f != nil && !(math.Abs(f.X) <= 1 && math.Abs(f.Y) <= 1) { // also when it is not a number
			return Invalidf("focus", "%v,%v is outside the picture; both go from -1 to 1", f.X, f.Y)
		}
	}
	if p.Event != nil {
		return p.Event.Validate()
	}
	return nil
}
