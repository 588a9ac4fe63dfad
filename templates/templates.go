// Package templates holds what pages are made of: the frame they share, their
// parts, the pages themselves, and the style sheets, scripts, icons and base map
// they use. It parses and renders; what a page says is decided in directory/web.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

//go:embed layout.html parts pages
var sources embed.FS

// Set is every page, parsed. It is safe for concurrent use.
type Set struct {
	Assets *Assets
	pages  map[string]*template.Template
}

// New parses every page.
func New() (*Set, error) {
	assets, err := newAssets()
	if err != nil {
		return nil, err
	}
	frame, err := template.New("layout.html").Funcs(functions(assets)).ParseFS(sources, "layout.html", "parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout and parts: %w", err)
	}
	files, err := fs.Glob(sources, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	s := &Set{Assets: assets, pages: map[string]*template.Template{}}
	for _, file := range files {
		page, err := frame.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy layout for %s: %w", file, err)
		}
		if page, err = page.ParseFS(sources, file); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		s.pages[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return s, nil
}

// Render writes the page whole or, on an error, not at all.
func (s *Set) Render(w io.Writer, page string, data any) error {
	t, ok := s.pages[page]
	if !ok {
		return fmt.Errorf("render page %q: there is no such page", page)
	}
	var body bytes.Buffer
	if err := t.Execute(&body, data); err != nil {
		return fmt.Errorf("render page %q: %w", page, err)
	}
	if _, err := body.WriteTo(w); err != nil {
		return fmt.Errorf("write page %q: %w", page, err)
	}
	return nil
}

// Pages lists the names of the pages.
func (s *Set) Pages() []string {
	names := make([]string, 0, len(s.pages))
	for name := range s.pages {
		names = append(names, name)
	}
	return names
}

// functions are what templates may call. They know no data but their arguments.
func functions(assets *Assets) template.FuncMap {
	return template.FuncMap{
		"asset":  assets.Path,
		"icon":   assets.Icon,
		"number": Number,
		"plural": Plural,
		"host":   breakableHost,
		"site":   directory.HostOf,
		"date":   func(t time.Time) string { return t.Format("2 January 2006") },
		"stamp":  func(t time.Time) string { return t.Format(time.RFC3339) },
		"pair":   func(first, second any) [2]any { return [2]any{first, second} },
	}
}

// breakableHost lets a line break between the labels of a host, which has no
// spaces; a text with spaces stays as it is.
func breakableHost(text string) template.HTML {
	text = template.HTMLEscapeString(text)
	if !strings.Contains(text, " ") {
		text = strings.NewReplacer(".", ".<wbr>", ":", "<wbr>:").Replace(text)
	}
	return template.HTML(text) //nolint:gosec // escaped above
}

// Number writes a count with thousands apart: "3,127".
func Number(n int) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Plural writes a count and its noun: "1 initiative", "3,127 initiatives".
func Plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + more
}
