package prose

import (
	"bytes"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown parses the Markdown that people write; a line break is one.
var markdown = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Linkify, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(lowerHeadings{}, 100))),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)
})

// Markdown returns the text as safe HTML: paragraphs, lists, emphasis, links,
// and headings from the second level on, as the page has the first. Pictures and
// raw HTML are left out.
func Markdown(source string) string {
	var b bytes.Buffer
	source = strings.ToValidUTF8(source, "\ufffd")
	if err := markdown().Convert([]byte(source), &b); err != nil {
		return Plain(source, nil) // a buffer does not fail; the text is kept whatever happens
	}
	return Clean(b.String())
}

// lowerHeadings makes headings fit under a page's own.
type lowerHeadings struct{}

// Transform implements parser.ASTTransformer.
func (lowerHeadings) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	const top = 2
	lowerIn(doc, top, top)
}

// lowerIn lowers the headings within a block, also those of quotes and lists: to
// top and below it, none deeper than deepest, which it returns for what follows.
func lowerIn(block ast.Node, top, deepest int) int {
	for n := block.FirstChild(); n != nil && n.Type() == ast.TypeBlock; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			// No step down is deeper than one, so that the outline has no holes.
			h.Level = min(h.Level+top-1, deepest, 6)
			deepest = h.Level + 1
			continue
		}
		deepest = lowerIn(n, top, deepest)
	}
	return deepest
}
