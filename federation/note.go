package federation

import (
	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// note returns a post as other servers see it.
func (s *Server) note(p *directory.Post) vocab.Note {
	text := p.FullText()
	n := vocab.Note{
		ID: p.ID, Author: p.InitiativeID, URL: p.ID, Language: p.Language, Event: p.Event,
		Content:   prose.Linked(text, prose.Links{Tag: s.Instance.TagURL, Mention: p.MentionURL}),
		Published: p.Published, Updated: p.Updated,
	}
	for _, word := range prose.Hashtags(text) {
		n.Tags = append(n.Tags, vocab.Tag{Name: "#" + word, Href: s.Instance.TagURL(word)})
	}
	for _, m := range p.Mentions {
		n.Tags = append(n.Tags, vocab.Tag{Type: "Mention", Name: "@" + m.Acct, Href: m.ID})
	}
	for _, a := range p.Attachments {
		picture := vocab.Attachment{
			URL: s.Instance.MediaURL(a.File), MediaType: a.MediaType, Alt: a.Alt, Width: a.Width, Height: a.Height, Blurhash: a.Blurhash,
		}
		if a.Focus != nil {
			picture.Focus = &[2]float64{a.Focus.X, a.Focus.Y}
		}
		n.Attachments = append(n.Attachments, picture)
	}
	return n
}

// typeOf returns the ActivityStreams type of a post.
func typeOf(p *directory.Post) string {
	if p.Event != nil {
		return "Event"
	}
	return "Note"
}
