package vocab

import (
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

// Limits on what is kept of another server's post, those of Mastodon.
const (
	maxContent  = 100_000
	maxNoteTags = 100
	maxAltText  = 10_000
)

// ParseNote reads a post of another server: a Note, or a Question without its
// answers. Its HTML is as it came: sanitise it before it is shown.
func ParseNote(raw []byte) (*Note, error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("read note: %w", err)
	}
	isNote := func(t string) bool { return t == "Note" || t == "Question" }
	if t := o.typeOf(isNote); !isNote(t) {
		return nil, fmt.Errorf("read note: type %q is not Note or Question", t)
	}
	n := &Note{
		ID: o.iri("id"), Author: o.iri("attributedTo"), Content: o.text("content", maxContent),
		Summary: o.text("summary", maxActorSummary), URL: webPage(o.get("url")), InReplyTo: o.iri("inReplyTo"),
		To: o.iris("to", maxAudience), CC: o.iris("cc", maxAudience),
		Published: o.time("published"), Updated: o.time("updated"), Sensitive: o.flag("sensitive"),
	}
	if n.ID == "" || n.Author == "" {
		return nil, fmt.Errorf("read note %q: its id or attributedTo is missing", n.ID)
	}
	n.readLanguage(o)
	for _, item := range o.list("tag", maxNoteTags) {
		if t, ok := tagOf(item); ok {
			n.Tags = append(n.Tags, t)
		}
	}
	for _, item := range o.list("attachment", directory.MaxAttachments) {
		if a, ok := attachmentOf(item); ok {
			n.Attachments = append(n.Attachments, a)
		}
	}
	return n, nil
}

// readLanguage takes the language from contentMap, and the content too if it
// stands nowhere else.
func (n *Note) readLanguage(o object) {
	translations := o.object("contentMap")
	if len(translations) == 0 {
		return
	}
	n.Language = clean(string(translations[0].name), 35)
	if n.Content == "" {
		n.Content = textOf(translations[0].value, maxContent)
	}
}

func tagOf(raw []byte) (Tag, bool) {
	o, err := split(raw)
	if err != nil || o == nil {
		return Tag{}, false
	}
	t := Tag{
		Type: o.typeOf(func(t string) bool { return t == "Hashtag" || t == "Mention" }),
		Name: o.text("name", directory.MaxWord), Href: o.iri("href"),
	}
	return t, t.Type != ""
}

func attachmentOf(raw []byte) (Attachment, bool) {
	o, err := split(raw)
	if err != nil || o == nil {
		return Attachment{}, false
	}
	a := Attachment{URL: o.iri("url"), MediaType: o.text("mediaType", 100), Alt: o.alt()}
	width, _ := o.number("width")
	height, _ := o.number("height")
	if width > 0 && height > 0 && width < 1<<20 && height < 1<<20 {
		a.Width, a.Height = int(width), int(height)
	}
	return a, a.URL != ""
}

// alt returns the text of a picture.
func (o object) alt() string {
	if s := o.text("summary", maxAltText); s != "" {
		return s
	}
	return o.text("name", maxAltText)
}
