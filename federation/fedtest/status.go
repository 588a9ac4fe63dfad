package fedtest

import (
	"context"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
)

// Status is a post as it is shown.
type Status struct {
	ID, Author  string
	Content     string // HTML as shown (P5, P10)
	Warning     string // summary of a Note (P7)
	Language    string // P6
	URL         string
	InReplyTo   string
	Visibility  string // P3: public, unlisted, private, direct
	Hashtags    []string
	Mentions    []string // ids of those who are told of it
	Attachments []Attachment
	Published   time.Time
	Edited      time.Time // zero: never
	BoostedBy   string    // in a timeline: who announced it
}

// Attachment is a picture or another file of a post.
type Attachment struct{ URL, MediaType, Alt string }

// displayPolicy keeps the HTML that Mastodon shows (P5). It turns headings
// into bold paragraphs; here their text stays without that.
func displayPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em",
		"ul", "ol", "li", "ruby", "rt", "rp")
	p.AllowAttrs("lang").Globally()
	p.AllowAttrs("href", "rel", "class", "translate").OnElements("a")
	p.AllowAttrs("class", "translate").OnElements("span")
	p.AllowAttrs("class").OnElements("p")
	p.AllowAttrs("start", "reversed").OnElements("ol")
	p.AllowAttrs("value").OnElements("li")
	p.AllowURLSchemes("http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini")
	p.RequireParseableURLs(true)
	return p
}

// readStatus reads a post: a Note or Question as it stands, others converted
// to a title, a summary and a link, the rest not at all (P10).
func (s *Server) readStatus(doc Object, author *account) (*Status, error) {
	id := doc.String("id")
	status := &Status{
		ID: id, Author: doc.ID("attributedTo"), URL: linkOf(doc["url"]), InReplyTo: doc.ID("inReplyTo"),
		Visibility: visibility(doc, author.doc.ID("followers")), Language: language(doc),
	}
	if status.Author == "" {
		status.Author = author.ID
	}
	if status.URL == "" || !strings.HasPrefix(status.URL, "http") {
		status.URL = id
	}
	var text string
	switch {
	case doc.is("Note", "Question"):
		text, status.Warning = content(doc), doc.String("summary")
	case doc.is("Article", "Event", "Page", "Image", "Video", "Audio"):
		link := html.EscapeString(status.URL)
		text = "<p><strong>" + html.EscapeString(doc.String("name")) + "</strong></p>" + doc.String("summary") +
			`<p><a href="` + link + `">` + link + "</a></p>"
	default:
		return nil, broke("P10", "%s is of type %v", id, doc["type"])
	}
	status.Content = s.policy.Sanitize(text)
	status.readTags(doc)
	status.readAttachments(doc)
	var err error
	if doc["published"] != nil {
		if status.Published, err = parseTime(doc.String("published")); err != nil {
			return nil, broke("P4", "%s: published: %v", id, err)
		}
	}
	if doc["updated"] != nil {
		edited, err := parseTime(doc.String("updated"))
		if err != nil {
			return nil, broke("P4", "%s: updated: %v", id, err)
		}
		if edited.After(status.Published) {
			status.Edited = edited
		}
	}
	return status, nil
}

// content is used, or else the text in a language (P6).
func content(doc Object) string {
	if text, ok := doc["content"].(string); ok {
		return text
	}
	return doc.Object("contentMap").String(language(doc))
}

// language is the key of a map of texts; with several, any may come first (P6).
func language(doc Object) string {
	for _, key := range []string{"contentMap", "nameMap", "summaryMap"} {
		for code := range doc.Object(key) {
			return code
		}
	}
	return ""
}

// visibility reads who may see a post (P3).
func visibility(doc Object, followers string) string {
	to, cc := doc.IDs("to"), doc.IDs("cc")
	switch {
	case slices.ContainsFunc(to, isPublic):
		return "public"
	case slices.ContainsFunc(cc, isPublic):
		return "unlisted"
	case followers != "" && slices.Contains(to, followers):
		return "private"
	}
	return "direct"
}

// linkOf reads url: a text, or the link to HTML in a list (P7).
func linkOf(v any) string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		link := object(v)
		if link == nil {
			return idOf(v)
		}
		if t := link.String("mediaType"); t == "" || t == "text/html" {
			return link.String("href")
		}
	}
	return ""
}

// readTags keeps hashtags, and mentions of those whom the post is for (P9).
func (status *Status) readTags(doc Object) {
	audience := append(doc.IDs("to"), doc.IDs("cc")...)
	for _, v := range doc.List("tag") {
		tag := object(v)
		switch {
		case tag.is("Hashtag"):
			status.Hashtags = append(status.Hashtags, tag.String("name"))
		case tag.is("Mention") && slices.Contains(audience, tag.String("href")):
			status.Mentions = append(status.Mentions, tag.String("href"))
		}
	}
}

// readAttachments keeps the first four (P8).
func (status *Status) readAttachments(doc Object) {
	for _, v := range doc.List("attachment") {
		a := object(v)
		if address := linkOf(a["url"]); address != "" && len(status.Attachments) < 4 {
			alt := a.String("summary")
			if alt == "" {
				alt = a.String("name")
			}
			status.Attachments = append(status.Attachments, Attachment{address, a.String("mediaType"), alt})
		}
	}
}

// fetchStatus returns a post from its origin, and stores it. Its author must
// be of the same host (P2).
func (s *Server) fetchStatus(ctx context.Context, id string) (*Status, error) {
	if status := s.Status(id); status != nil {
		return status, nil
	}
	doc, err := s.fetchNamed(ctx, id)
	if err != nil {
		return nil, err
	}
	if !sameHost(doc.ID("attributedTo"), id) {
		return nil, broke("P2", "%s is by %q of another host", id, doc.ID("attributedTo"))
	}
	author, err := s.account(ctx, doc.ID("attributedTo"))
	if err != nil {
		return nil, err
	}
	status, err := s.readStatus(doc, author)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[id] = status
	return status, nil
}

// Status returns what the server has stored of a post, or nil. The caller must
// not change it.
func (s *Server) Status(id string) *Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statuses[id]
}
