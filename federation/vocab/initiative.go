package vocab

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"github.com/go-fed/activity/streams"

	"codeberg.org/commonage/commonage/directory"
)

// InitiativeActor returns the document of an own initiative: what people see on
// other servers, and as data everything that another instance needs to carry
// the entry. Its dates are the initiative's, and so are the actors that it was
// before or is now, where it names some. An initiative of another instance is an
// error: only its origin speaks for it.
func InitiativeActor(in directory.Instance, i *directory.Initiative, p Profile) (json.RawMessage, error) {
	if !in.Owns(i.ID) {
		return nil, fmt.Errorf("write initiative %s: it is not of %s: %w", i.ID, in.Host, directory.ErrForbidden)
	}
	p.Published, p.Updated = i.Published, i.Updated
	if len(i.AlsoKnownAs) > 0 {
		p.AlsoKnownAs = i.AlsoKnownAs
	}
	if i.MovedTo != "" {
		p.MovedTo = i.MovedTo
	}
	a := actor{id: i.ID, handle: i.Handle, name: i.Name, in: in}
	extra, err := a.extra(p)
	if err != nil {
		return nil, err
	}
	extra["featuredTags"] = i.ID + "/tags"
	setEntry(extra, i)
	setList(extra, "makesOffer", proposals("offer", i.Offers))
	setList(extra, "seeks", proposals("request", i.Needs))
	setSource(extra, i.Source)
	setList(extra, "attachment", profileFields(in, i))
	setList(extra, "tag", profileTags(in, i))
	if err := setPlace(extra, i.Place); err != nil {
		return nil, err
	}
	if err := setPicture(extra, i.Image); err != nil {
		return nil, err
	}
	t := streams.NewActivityStreamsOrganization()
	a.fill(t, p)
	if len(i.Offers)+len(i.Needs) > 0 {
		return document(t, offersContext, extra)
	}
	return document(t, actorContext, extra)
}

// proposals returns offers or needs as Proposals of FEP-0837 that have nothing but
// a name: who is interested writes to the initiative.
func proposals(purpose string, phrases []string) []fields {
	list := make([]fields, len(phrases))
	for n, phrase := range phrases {
		list[n] = fields{"type": "Proposal", "purpose": purpose, "name": phrase}
	}
	return list
}

// setEntry sets the entry's data. The abstract is there even if empty: it tells
// a reader that the texts are data, and need not be guessed from the HTML.
func setEntry(m fields, i *directory.Initiative) {
	m["abstract"] = i.Summary
	if i.Description != "" {
		m["source"] = fields{"content": i.Description, "mediaType": "text/markdown"}
	}
	setList(m, "knowsLanguage", i.Languages)
	setList(m, "keywords", i.Tags)
	setList(m, "seedForm", i.Forms)
	setList(m, "current", i.Currents)
	setText(m, "commonsKind", string(i.Kind))
	setText(m, "role", string(i.Role))
	setText(m, "scope", string(i.Scope))
	setText(m, "status", string(i.Status))
	setText(m, "founded", i.Founded)
}

// setSource sets where the facts came from, with licence and attribution.
func setSource(m fields, s directory.Source) {
	if s == (directory.Source{}) {
		return
	}
	source := fields{"type": "Dataset"}
	setText(source, "name", s.Name)
	setText(source, "url", s.URL)
	setText(source, "license", s.Licence)
	setText(source, "creditText", s.Attribution)
	setText(source, "identifier", s.ExternalID)
	m["isBasedOn"] = source
}

// setPicture sets the icon. An SVG goes to image instead, as servers refuse it
// as an icon.
func setPicture(m fields, picture *directory.Image) error {
	if picture == nil {
		return nil
	}
	mediaType := imageType(picture.URL)
	f, err := Attachment{URL: picture.URL, MediaType: mediaType, Alt: picture.Alt}.fields()
	if err != nil {
		return err
	}
	setText(f, "creditText", picture.Attribution)
	key := "icon"
	if mediaType == "image/svg+xml" {
		key = "image"
	}
	m[key] = f
	return nil
}

// imageType guesses a picture's media type from its address, or returns "".
func imageType(address string) string {
	path, _, _ := strings.Cut(address, "?")
	switch ext := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:]); ext {
	case "jpg", "jpeg":
		return "image/jpeg"
	case "png", "gif", "webp":
		return "image/" + ext
	case "svg":
		return "image/svg+xml"
	}
	return ""
}

// profileFields returns the lines that other servers show below the summary:
// the website, the facts, the other links. Mastodon keeps the first 50.
func profileFields(in directory.Instance, i *directory.Initiative) []fields {
	list := make([]fields, 0, len(i.Links)+4)
	add := func(name, content string) {
		if content != "" {
			list = append(list, fields{"type": "PropertyValue", "name": name, "value": content})
		}
	}
	website := min(len(i.Links), 1)
	for _, l := range i.Links[:website] {
		add(l.Name, anchor(l.URL, l.URL, "me nofollow noopener"))
	}
	addFacts(add, in, i)
	for _, l := range i.Links[website:] {
		add(l.Name, anchor(l.URL, l.URL, "me nofollow noopener"))
	}
	return list
}

func addFacts(add func(name, content string), in directory.Instance, i *directory.Initiative) {
	add("Place", html.EscapeString(placeLine(i.Place)))
	forms := make([]string, len(i.Forms))
	for n, slug := range i.Forms {
		forms[n] = anchor(FormTag(in, slug).Href, formName(slug), "tag")
	}
	add("Seed forms", strings.Join(forms, ", "))
	if i.Kind != "" {
		add("Kind", html.EscapeString(string(i.Kind))+" commons")
	}
	add("Since", html.EscapeString(i.Founded))
}

// anchor returns a link that Mastodon can verify: nothing but one <a>.
func anchor(address, label, rel string) string {
	return `<a href="` + html.EscapeString(address) + `" rel="` + rel + `">` + html.EscapeString(label) + `</a>`
}

// placeLine returns the place as a person would write it on one line.
func placeLine(p directory.Place) string {
	parts := make([]string, 0, 4)
	town := strings.TrimSpace(p.Postcode + " " + p.Locality)
	for _, part := range []string{p.Name, strings.ReplaceAll(p.Address, "\n", ", "), town, p.Country} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

func formName(slug string) string {
	if form, ok := directory.FormBySlug(slug); ok {
		return form.Name
	}
	return strings.ReplaceAll(slug, "-", " ")
}

// profileTags returns the Hashtags of the seed forms and of the free words.
func profileTags(in directory.Instance, i *directory.Initiative) []fields {
	list := make([]fields, 0, len(i.Forms)+len(i.Tags))
	for _, slug := range i.Forms {
		list = append(list, FormTag(in, slug).fields())
	}
	for _, word := range i.Tags {
		if t := WordTag(in, word); t.Name != "" {
			list = append(list, t.fields())
		}
	}
	return list
}
