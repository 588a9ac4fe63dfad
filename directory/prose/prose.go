// Package prose turns what people write into HTML that is safe to show, and
// HTML from elsewhere into plain text.
package prose

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy allows what Mastodon keeps of a post (sanitize_config.rb), so that a
// text looks the same here and there.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "span", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em", "ul", "ol", "li",
		"hr", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,6}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(mention|hashtag|mention hashtag|ellipsis|invisible)$`)).OnElements("a", "span")
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$`)).Globally()
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
})

// Clean returns HTML from anywhere without everything that is not on the
// allow-list.
func Clean(s string) string { return strings.TrimSpace(policy().Sanitize(s)) }

var (
	linkPattern = regexp.MustCompile(`https?://[^\s\p{Z}<>"]+[^\s\p{Z}<>".,;:!?')\]]`)
	// wordPattern finds #words and, after them, @user@host as Mastodon names
	// people: what a host may look like beyond that is for its lookup to say.
	wordPattern = regexp.MustCompile(`(^|[\s\p{Z}(])(?:#([\p{L}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*)|` +
		`@([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*@[\p{L}\p{N}]+(?:[.-]+[\p{L}\p{N}]+)*(?::[0-9]{1,5})?))`)
)

// Links say where the words of a text lead. What is nil, or leads to "", stays a
// word.
type Links struct {
	Tag     func(word string) string // of #word
	Mention func(acct string) string // of @user@host, given without its first @
}

// Plain returns plain text as HTML: paragraphs at empty lines, breaks at others,
// addresses as links, and #words linked to where tagURL says, if it is not nil.
func Plain(text string, tagURL func(tag string) string) string {
	return Linked(text, Links{Tag: tagURL})
}

// Linked is Plain with people linked as well, in the words that Mastodon knows
// them by.
func Linked(text string, l Links) string {
	var b strings.Builder
	text = strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(text, "\ufffd")), "\r\n", "\n")
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			fmt.Fprintf(&b, "<p>%s</p>", strings.ReplaceAll(l.inline(paragraph), "\n", "<br>"))
		}
	}
	return b.String()
}

func (l Links) inline(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range linkPattern.FindAllStringIndex(text, -1) {
		b.WriteString(l.words(text[last:m[0]]))
		link := html.EscapeString(text[m[0]:m[1]])
		fmt.Fprintf(&b, `<a href="%s" rel="nofollow noopener">%s</a>`, link, link)
		last = m[1]
	}
	b.WriteString(l.words(text[last:]))
	return b.String()
}

func (l Links) words(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range wordPattern.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(html.EscapeString(text[last:m[3]]))
		if m[4] >= 0 {
			b.WriteString(l.tag(text[m[4]:m[5]]))
		} else {
			b.WriteString(l.mention(text[m[6]:m[7]]))
		}
		last = m[1]
	}
	b.WriteString(html.EscapeString(text[last:]))
	return b.String()
}

func (l Links) tag(word string) string {
	href := ""
	if l.Tag != nil {
		href = l.Tag(word)
	}
	if href == "" {
		return "#" + html.EscapeString(word)
	}
	return fmt.Sprintf(`<a href="%s" class="mention hashtag" rel="tag">#<span>%s</span></a>`,
		html.EscapeString(href), html.EscapeString(word))
}

func (l Links) mention(acct string) string {
	href := ""
	if l.Mention != nil {
		href = l.Mention(acct)
	}
	if href == "" {
		return "@" + html.EscapeString(acct)
	}
	user, _, _ := strings.Cut(acct, "@")
	return fmt.Sprintf(`<span class="h-card" translate="no"><a href="%s" class="u-url mention">@<span>%s</span></a></span>`,
		html.EscapeString(href), html.EscapeString(user))
}

// Hashtags returns the #words of a plain text, without #, each once.
func Hashtags(text string) []string { return distinct(text, 2) }

// Mentions returns the people that a plain text names, as user@host, each once.
func Mentions(text string) []string { return distinct(text, 3) }

// distinct returns what the group of wordPattern found, each once whatever its
// case.
func distinct(text string, group int) []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range wordPattern.FindAllStringSubmatch(linkPattern.ReplaceAllString(text, " "), -1) {
		if folded := strings.ToLower(m[group]); folded != "" && !seen[folded] {
			seen[folded] = true
			out = append(out, m[group])
		}
	}
	return out
}
