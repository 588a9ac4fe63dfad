package exchange

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// tidy keeps a text as it is but for control characters, the ends of lines and
// the blanks around it. It is for our own formats.
func tidy(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n':
				return r
			case r == '\r':
				return '\n'
			case r == '\t':
				return ' '
			case unicode.IsControl(r):
				return -1
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

// prose turns a foreign text, which may be HTML, into plain text: paragraphs are
// separated by an empty line, items of lists begin with "- ". Scripts and accents
// stay; the form is NFC.
func prose(s string) string {
	if strings.ContainsAny(s, "<&") {
		s = withoutHTML(s)
	}
	if simple(s) {
		return s
	}
	return norm.NFC.String(collapse(s, "\n", "\n\n"))
}

// collapse makes one blank of several, and one or paragraph of one or several
// ends of lines.
func collapse(s, one, paragraph string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank, lines := false, 0
	for _, r := range s {
		switch r = normalRune(r); {
		case r < 0:
			continue
		case r == ' ':
			blank = true
			continue
		case r == '\n':
			lines++
			continue
		case b.Len() == 0:
		case lines > 1:
			b.WriteString(paragraph)
		case lines == 1:
			b.WriteString(one)
		case blank:
			b.WriteByte(' ')
		}
		blank, lines = false, 0
		b.WriteRune(r)
	}
	return b.String()
}

// simple reports whether there is nothing for prose to do, as in most values.
func simple(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// normalRune maps one character: blanks of any width to one blank, ends of lines
// to \n; controls, invisible marks and overrides of direction to nothing. The
// joiners of Indic and Arabic scripts and of emoji stay.
func normalRune(r rune) rune {
	switch {
	case r >= ' ' && r <= '~':
		return r
	case r == '\n' || r == '\u2028' || r == '\u2029' || r == '\r':
		return '\n'
	case r == '\t' || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.IsControl(r),
		r == '\u00AD', r == '\u200B', r == '\u2060', r == '\uFEFF', // soft hyphen, zero-width blanks
		r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return -1
	}
	return r
}

// line is prose on one line.
func line(s string) string {
	if s = prose(s); strings.Contains(s, "\n") {
		return collapse(s, " ", " ")
	}
	return s
}

// entity needs its semicolon: an address in a text may well go on with "&copy=2".
var entity = regexp.MustCompile(`&(#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z][0-9A-Za-z]*);`)

// withoutHTML keeps the words of a text with tags and entities. Only tags that
// HTML knows are taken for tags, so that "<3" and "<name>" stay.
func withoutHTML(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	href, from := "", 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			b.Write(z.Raw()) // a tag that is never closed is not a tag
			return b.String()
		case html.TextToken:
			b.WriteString(entity.ReplaceAllStringFunc(string(z.Raw()), html.UnescapeString))
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			raw := string(z.Raw())
			tag := z.Token()
			switch {
			case tag.DataAtom == 0:
				b.WriteString(raw)
			case tag.DataAtom == atom.A && tag.Type == html.StartTagToken:
				href, from = attribute(tag, "href"), b.Len()
			case tag.DataAtom == atom.A:
				b.WriteString(reference(href, b.String()[from:]))
				href, from = "", b.Len()
			case tag.Type == html.StartTagToken && hidden(tag.DataAtom):
				skipTo(z, tag.DataAtom)
			default:
				b.WriteString(gap(tag))
			}
		}
	}
}

// reference returns what to write after the text of a link.
func reference(href, text string) string {
	if !strings.HasPrefix(href, "http") || strings.Contains(text, href) {
		return ""
	}
	return " (" + href + ")"
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hidden(a atom.Atom) bool {
	return a == atom.Script || a == atom.Style || a == atom.Iframe || a == atom.Noscript || a == atom.Template
}

// skipTo reads on until the end of the element or of the text.
func skipTo(z *html.Tokenizer, a atom.Atom) {
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.EndTagToken:
			if name, _ := z.TagName(); atom.Lookup(name) == a {
				return
			}
		}
	}
}

// gap returns what stands for a tag: what it does to lines.
func gap(t html.Token) string {
	switch t.DataAtom {
	case atom.Br:
		return "\n"
	case atom.Li:
		if t.Type == html.EndTagToken {
			return ""
		}
		return "\n- "
	case atom.Img:
		return attribute(t, "alt")
	case atom.Td, atom.Th:
		return " "
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol,
		atom.Table, atom.Tr, atom.Blockquote, atom.Section, atom.Article, atom.Hr, atom.Pre:
		return "\n\n"
	}
	return ""
}

// markdown returns Markdown that shows the plain text. Lines that begin with "- "
// or a number become lists, as their writer meant.
func markdown(s string) string {
	if !strings.ContainsAny(s, "\\`*_]<&~#>+=-") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/16)
	start := true
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && (inlineMark(s, i) || start && lineMark(s[i:])) {
			b.WriteByte('\\')
		}
		start = s[i] == '\n'
		b.WriteByte(s[i])
	}
	return b.String()
}

// inlineMark reports whether the sign at i would be Markdown: emphasis, code, the
// middle of a link, a tag, an entity or a strike-through.
func inlineMark(s string, i int) bool {
	rest := s[i+1:]
	switch s[i] {
	case '\\', '`', '*':
		return true
	case '_': // within a word it is a letter
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(rest)
		return !wordRune(before) || !wordRune(after)
	case ']':
		return strings.HasPrefix(rest, "(")
	case '~':
		return strings.HasPrefix(rest, "~")
	case '<':
		return rest != "" && (rest[0] == '/' || rest[0] == '!' || rest[0] == '?' || letter(rest[0]))
	case '&':
		return entity.MatchString(s[i:min(len(s), i+40)])
	}
	return false
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// lineMark reports whether a line would be a heading, a quotation, a rule or a
// list with plus signs.
func lineMark(s string) bool {
	line, _, _ := strings.Cut(s, "\n")
	switch s[0] {
	case '#', '>', '+':
		return true
	case '=', '-':
		return len(line) > 1 && strings.Trim(line, line[:1]+" ") == ""
	}
	return strings.HasPrefix(s, "~~~")
}

// summaryLength is what a summary aims to stay within, in characters.
const summaryLength = 300

// summary returns the first sentences of a text: as many as fit, or the
// beginning of the first one.
func summary(text string) string {
	if long := 2 * utf8.UTFMax * summaryLength; len(text) > long {
		// What follows cannot be part of it; the last sentence may be cut here.
		text = strings.ToValidUTF8(text[:long], "")
	}
	if strings.Contains(text, "\n") {
		text = collapse(strings.ReplaceAll(text, "\n- ", "\n"), " ", " ")
	}
	if utf8.RuneCountInString(text) <= summaryLength {
		return text
	}
	rest, state, end, length := text, -1, 0, 0
	for rest != "" {
		var sentence string
		sentence, rest, state = uniseg.FirstSentenceInString(rest, state)
		length += utf8.RuneCountInString(sentence)
		if length > summaryLength+1 { // the blank at its end does not count
			break
		}
		end = len(text) - len(rest)
	}
	if end == 0 {
		return cut(text, summaryLength)
	}
	return strings.TrimSpace(text[:end])
}

// cut shortens a text to at most n characters, at a word, and says so with "…".
// It never cuts within what readers see as one character.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	word, end, count, state := 0, 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		count += utf8.RuneCountInString(cluster)
		if count > n-1 {
			break
		}
		if cluster == " " || cluster == "\n" {
			word = end
		}
		end += len(cluster)
	}
	if word > end/2 {
		end = word
	}
	return strings.TrimRight(s[:end], " \n,;:–-") + "…"
}
