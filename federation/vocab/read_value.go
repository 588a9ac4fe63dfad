package vocab

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// unquote returns the string that a JSON value is, and whether it is one.
func unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", false
	}
	return s, true
}

// textOf returns the plain text that a value is, or "".
func textOf(raw []byte, limit int) string {
	s, _ := unquote(raw)
	return clean(s, limit)
}

// clean removes control characters, which no database and no page wants, and
// cuts what is longer than limit characters.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i]
		}
		n++
	}
	return s
}

// iriOf returns the IRI that a value is or has: a string, the id of an object,
// the href of a Link, or that of the first item of a list. What is too long or
// holds control characters is "".
func iriOf(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		s, _ := unquote(raw)
		if len(s) > maxIRI || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return ""
		}
		return s
	case '{':
		o, err := split(raw)
		if err != nil {
			return ""
		}
		if id := iriOf(o.get("id")); id != "" {
			return id
		}
		return iriOf(o.get("href"))
	case '[':
		return iriOf(first(raw))
	}
	return ""
}

// webPage returns the address of a page from a url property: a string, a Link,
// or the first of a list of Links that is HTML or does not say.
func webPage(raw []byte) string {
	for _, item := range elements(raw, 20) {
		o, err := split(item)
		if err != nil {
			continue
		}
		if t := o.text("mediaType", 100); o == nil || t == "" || t == "text/html" {
			return iriOf(item)
		}
	}
	return ""
}

// typeOf returns the first of an object's types that is known, or else the
// first, without the prefix of ActivityStreams.
func (o object) typeOf(known func(string) bool) string {
	unknown := ""
	for _, t := range o.words("type", 16) {
		t = strings.TrimPrefix(strings.TrimPrefix(t, "as:"), activityStreams+"#")
		if known(t) {
			return t
		}
		if unknown == "" {
			unknown = t
		}
	}
	return unknown
}

// plainText returns the text of HTML that is not trusted: no tag and no script
// is left, paragraphs are set apart by an empty line. It is cut at limit
// characters.
func plainText(source string, limit int) string {
	var w textWriter
	z := html.NewTokenizer(strings.NewReader(source))
	hidden := false
	for {
		switch z.Next() {
		case html.ErrorToken: // the end; reading from a string has no other error
			return clean(w.out.String(), limit)
		case html.TextToken:
			if !hidden {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			hidden = tag == atom.Script || tag == atom.Style || tag == atom.Title
			w.breakLine(tag)
		case html.EndTagToken:
			name, _ := z.TagName()
			hidden = false
			w.breakLine(atom.Lookup(name))
		}
	}
}

// textWriter joins words with single spaces, and lines as blocks ask for.
type textWriter struct {
	out   strings.Builder
	lines int  // newlines due before the next word
	gap   bool // a space is due before the next word
}

func (w *textWriter) words(s string) {
	for i, word := range strings.Fields(s) {
		space := i > 0 || w.gap || strings.TrimLeftFunc(s, unicode.IsSpace) != s
		switch {
		case w.out.Len() == 0:
		case w.lines > 0:
			w.out.WriteString("\n\n"[:w.lines])
		case space:
			w.out.WriteByte(' ')
		}
		w.out.WriteString(word)
		w.lines, w.gap = 0, false
	}
	w.gap = w.gap || strings.TrimRightFunc(s, unicode.IsSpace) != s
}

func (w *textWriter) breakLine(tag atom.Atom) {
	switch tag {
	case atom.Br, atom.Li, atom.Tr, atom.Dt, atom.Dd:
		w.lines = max(w.lines, 1)
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Blockquote, atom.Pre,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article:
		w.lines = 2
	}
}

// anchorOf returns the address of HTML that begins with a link, and the link's
// rel, or "".
func anchorOf(source string) (href, rel string) {
	z := html.NewTokenizer(strings.NewReader(source))
	for range 8 { // a few wrapping tags at most
		switch z.Next() {
		case html.StartTagToken:
			token := z.Token()
			if token.DataAtom != atom.A {
				continue
			}
			for _, a := range token.Attr {
				switch a.Key {
				case "href":
					href = a.Val
				case "rel":
					rel = a.Val
				}
			}
			return href, rel
		case html.TextToken:
			if strings.TrimSpace(string(z.Raw())) != "" {
				return "", ""
			}
		case html.ErrorToken:
			return "", ""
		}
	}
	return "", ""
}
