package prose

import (
	"html"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Foreign returns HTML of another server, at most limit bytes of it, as it may
// stand in a page: only what is on the allow-list, and with every element closed,
// so that none reaches into what comes after.
func Foreign(s string, limit int) string {
	cut := len(s) > limit
	if cut {
		s = s[:limit]
		for s != "" && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		s = strings.TrimRightFunc(s, func(r rune) bool { return r == utf8.RuneError })
		if open := strings.LastIndexByte(s, '<'); open > strings.LastIndexByte(s, '>') {
			s = s[:open] // a tag that was cut through
		}
	}
	clean := Clean(strings.ToValidUTF8(s, "\ufffd"))
	body := &nethtml.Node{Type: nethtml.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := nethtml.ParseFragment(strings.NewReader(clean), body)
	if err != nil {
		return "<p>" + html.EscapeString(Text(clean)) + "</p>" // too deep to be a text
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := nethtml.Render(&b, n); err != nil {
			return "<p>" + html.EscapeString(Text(clean)) + "</p>"
		}
	}
	return strings.TrimSpace(b.String())
}

// Text returns the words of HTML from anywhere, on one line.
func Text(s string) string {
	var b strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case nethtml.ErrorToken: // the end; a string has no other
			return strings.Join(strings.Fields(b.String()), " ")
		case nethtml.TextToken:
			b.Write(z.Text())
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.P, atom.Br, atom.Li, atom.Div, atom.Blockquote, atom.Pre:
				b.WriteByte(' ')
			}
		}
	}
}

// Spelled returns the words of HTML from anywhere as they stand, line by line, each
// link followed by where it leads unless it says that itself. It is for who judges
// a text without seeing it as a page.
func Spelled(s string) string {
	var b strings.Builder
	href, from := "", 0 // of the link that is open
	endLink := func() {
		if href != "" && strings.Join(strings.Fields(b.String()[from:]), "") != href {
			b.WriteString(" <" + href + ">")
		}
		href, from = "", b.Len()
	}
	z := nethtml.NewTokenizer(strings.NewReader(s))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() { // the end; a string has no other
		if kind == nethtml.TextToken {
			b.WriteString(strings.NewReplacer("\n", " ", "\r", " ").Replace(string(z.Text()))) // where HTML breaks no line
			continue
		}
		token := z.Token()
		switch token.DataAtom {
		case atom.P, atom.Br, atom.Li, atom.Div, atom.Blockquote, atom.Pre:
			b.WriteByte('\n')
		case atom.A:
			endLink()
			if kind == nethtml.StartTagToken {
				href = attribute(token, "href")
			}
		}
	}
	endLink()
	var lines []string
	for line := range strings.Lines(b.String()) {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return strings.Join(lines, "\n")
}

func attribute(t nethtml.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
