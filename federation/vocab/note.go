package vocab

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-fed/activity/streams"

	"codeberg.org/commonage/commonage/directory"
)

// Note is a post, ours or another server's. Of ours, one with an Event is of that
// type, which others show by its name, Summary and URL.
type Note struct {
	ID          string
	Author      string // attributedTo
	Content     string // HTML; of another server it is not sanitised
	Language    string // BCP 47; "" when unknown
	Summary     string // a content warning
	URL         string // the page; ours is the ID where it is empty
	InReplyTo   string
	To, CC      []string // ours is public and for the author's followers where both are empty
	Tags        []Tag
	Attachments []Attachment
	Event       *directory.Event
	Published   time.Time
	Updated     time.Time // zero, or not after Published, unless edited
	Sensitive   bool
	Replies     *Tally // what came back; nil for what is not told
	Likes       *Tally
	Shares      *Tally
}

// Tally is a collection that a document tells the size of.
type Tally struct {
	ID    string // its address, if it can be read
	First string // its first page
	Total int
}

func (t *Tally) set(f fields, key string) {
	if t == nil {
		return
	}
	tally := fields{"type": "Collection", "totalItems": t.Total}
	if t.First != "" {
		tally["type"], tally["first"] = "OrderedCollection", t.First
	}
	setText(tally, "id", t.ID)
	f[key] = tally
}

// Tag is a Hashtag or a Mention.
type Tag struct {
	Type string // "Hashtag" where empty
	Name string // "#RepairCafe", "@user@host"
	Href string
}

// Attachment is a picture or another file that belongs to a document.
type Attachment struct {
	URL           string
	MediaType     string
	Alt           string // what it shows, for who cannot see it
	Width, Height int    // 0 when unknown
	Focus         *[2]float64
	Blurhash      string
}

// FormTag returns the Hashtag of a seed form.
func FormTag(in directory.Instance, slug string) Tag {
	form, ok := directory.FormBySlug(slug)
	if !ok {
		form.Slug = slug
	}
	return Tag{Name: form.Hashtag(), Href: in.URL("/forms/" + url.PathEscape(slug))}
}

// WordTag returns the Hashtag of a free word or phrase: its letters and digits,
// each word after a gap with a capital. Name is empty if there is no letter.
func WordTag(in directory.Instance, word string) Tag {
	var b strings.Builder
	letter, capital := false, false
	for _, r := range word {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r):
			letter = true
			if capital {
				r = unicode.ToUpper(r)
			}
		case unicode.IsDigit(r) || r == '_':
		default:
			capital = true
			continue
		}
		capital = false
		b.WriteRune(r)
	}
	if !letter {
		return Tag{}
	}
	return Tag{Name: "#" + b.String(), Href: in.URL("/search?q=" + url.QueryEscape(word))}
}

func (t Tag) fields() fields {
	if t.Type == "" {
		t.Type = "Hashtag"
	}
	return fields{"type": t.Type, "name": t.Name, "href": t.Href}
}

// fields returns an Image, its text under both names that servers look for.
func (a Attachment) fields() (fields, error) {
	t := streams.NewActivityStreamsImage()
	t.SetActivityStreamsUrl(many(streams.NewActivityStreamsUrlProperty(), a.URL))
	if a.MediaType != "" {
		t.SetActivityStreamsMediaType(value(streams.NewActivityStreamsMediaTypeProperty(), a.MediaType))
	}
	if a.Alt != "" {
		t.SetActivityStreamsName(text(streams.NewActivityStreamsNameProperty(), a.Alt))
		t.SetActivityStreamsSummary(text(streams.NewActivityStreamsSummaryProperty(), a.Alt))
	}
	if a.Width > 0 && a.Height > 0 {
		t.SetActivityStreamsWidth(value(streams.NewActivityStreamsWidthProperty(), a.Width))
		t.SetActivityStreamsHeight(value(streams.NewActivityStreamsHeightProperty(), a.Height))
	}
	f, err := plain(t)
	if err != nil {
		return nil, err
	}
	if a.Focus != nil {
		f["focalPoint"] = []any{a.Focus[0], a.Focus[1]}
	}
	setText(f, "blurhash", a.Blurhash)
	return f, nil
}

// NoteDocument returns a post's own document. Attachments after the fourth are
// left out, as other servers would drop them.
func NoteDocument(n Note) (json.RawMessage, error) {
	f, err := n.fields()
	if err != nil {
		return nil, err
	}
	return encode(f, n.context())
}

func (n Note) context() string {
	if n.Event != nil {
		return eventContext
	}
	return noteContext
}

// addressed returns the note with its audience said: everybody, and by name those
// it mentions, who hear of it only then (INTEROP P9).
func (n Note) addressed() Note {
	if len(n.To) > 0 || len(n.CC) > 0 {
		return n
	}
	n.To, n.CC = []string{Public}, []string{n.Author + "/followers"}
	for _, t := range n.Tags {
		if t.Type == "Mention" && !slices.Contains(n.CC, t.Href) {
			n.CC = append(n.CC, t.Href)
		}
	}
	return n
}

func (n Note) fields() (fields, error) {
	if n.ID == "" || n.Author == "" {
		return nil, fmt.Errorf("write note %q by %q: its id or author is missing", n.ID, n.Author)
	}
	n = n.addressed()
	t := streams.NewActivityStreamsNote()
	setID(t, n.ID)
	t.SetActivityStreamsAttributedTo(many(streams.NewActivityStreamsAttributedToProperty(), n.Author))
	t.SetActivityStreamsContent(text(streams.NewActivityStreamsContentProperty(), n.Content))
	t.SetActivityStreamsTo(many(streams.NewActivityStreamsToProperty(), n.To...))
	t.SetActivityStreamsCc(many(streams.NewActivityStreamsCcProperty(), n.CC...))
	page := n.URL
	if page == "" {
		page = n.ID
	}
	t.SetActivityStreamsUrl(many(streams.NewActivityStreamsUrlProperty(), page))
	if n.InReplyTo != "" {
		t.SetActivityStreamsInReplyTo(many(streams.NewActivityStreamsInReplyToProperty(), n.InReplyTo))
	}
	if n.Summary != "" {
		t.SetActivityStreamsSummary(text(streams.NewActivityStreamsSummaryProperty(), n.Summary))
	}
	f, err := plain(t)
	if err != nil {
		return nil, err
	}
	return f, n.extra(f)
}

// extra sets what go-fed lacks or would not write exactly.
func (n Note) extra(f fields) error {
	f["sensitive"] = n.Sensitive
	n.Replies.set(f, "replies")
	n.Likes.set(f, "likes")
	n.Shares.set(f, "shares")
	if n.Language != "" {
		f["contentMap"] = map[string]string{n.Language: n.Content}
	}
	setTime(f, "published", n.Published)
	if n.Updated.After(n.Published) {
		setTime(f, "updated", n.Updated)
	}
	tags := make([]fields, len(n.Tags))
	for i, tag := range n.Tags {
		tags[i] = tag.fields()
	}
	setList(f, "tag", tags)
	var pictures []fields
	for _, a := range n.Attachments[:min(len(n.Attachments), directory.MaxAttachments)] {
		picture, err := a.fields()
		if err != nil {
			return err
		}
		pictures = append(pictures, picture)
	}
	setList(f, "attachment", pictures)
	if n.Event != nil {
		return setEvent(f, n)
	}
	return nil
}
