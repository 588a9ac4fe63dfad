package exchange

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/language"

	"codeberg.org/commonage/commonage/directory"
)

// Mapping tells what a file's own words mean. The package comment shows one in
// TOML. The keys of the maps are matched without regard to case.
type Mapping struct {
	Language string                       // of texts that do not say theirs
	Source   directory.Source             // wins over what the file says
	Columns  map[string]string            // the file's column or property -> ours, "" to leave it
	Values   map[string]map[string]string // our column -> the file's value -> ours
	Forms    map[string]string            // the file's kind of initiative -> slug, "" for none
}

// mappingFile is a Mapping as it stands in TOML.
type mappingFile struct {
	Language string `toml:"language"`
	Source   struct {
		Name        string `toml:"name"`
		URL         string `toml:"url"`
		Licence     string `toml:"licence"`
		Attribution string `toml:"attribution"`
	} `toml:"source"`
	Columns map[string]string            `toml:"columns"`
	Values  map[string]map[string]string `toml:"values"`
	Forms   map[string]string            `toml:"forms"`
}

// maxMapping bounds a mapping file.
const maxMapping = 1 << 20

// ReadMapping reads a mapping in TOML. The error for a wrong key or value is a
// *directory.Invalid that names the line and what would be accepted.
func ReadMapping(r io.Reader) (*Mapping, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMapping))
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	var f mappingFile
	meta, err := toml.Decode(string(text), &f)
	if pe, ok := errors.AsType[toml.ParseError](err); ok {
		return nil, directory.Invalidf(fmt.Sprintf("mapping line %d", pe.Position.Line), "%s", pe.Message)
	}
	if err != nil {
		return nil, directory.Invalidf("mapping", "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	for _, key := range meta.Undecoded() {
		return nil, invalidKey(text, key[len(key)-1], "%q is not one of %s", key.String(), accepted(key))
	}
	m := &Mapping{Language: f.Language, Columns: lower(f.Columns), Forms: lower(f.Forms), Values: map[string]map[string]string{}}
	m.Source = directory.Source{Name: f.Source.Name, URL: f.Source.URL, Licence: f.Source.Licence, Attribution: f.Source.Attribution}
	for column, table := range f.Values {
		m.Values[column] = lower(table)
	}
	if err := m.check(text, f); err != nil {
		return nil, err
	}
	return m, nil
}

// accepted lists what may stand beside a key.
func accepted(key toml.Key) string {
	if len(key) > 1 && key[0] == "source" {
		return "source.name, source.url, source.licence, source.attribution"
	}
	return "language, [source], [columns], [values.COLUMN], [forms]"
}

// invalidKey names the line on which a key stands.
func invalidKey(text []byte, key, format string, args ...any) error {
	field := "mapping"
	pattern := `(?m)^[ \t]*(\[.*\b)?["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*[=\].]`
	if at := regexp.MustCompile(pattern).FindIndex(text); at != nil {
		field = fmt.Sprintf("mapping line %d", strings.Count(string(text[:at[0]]), "\n")+1)
	}
	return directory.Invalidf(field, format, args...)
}

func (m *Mapping) check(text []byte, f mappingFile) error {
	if m.Language != "" {
		if _, err := language.Parse(m.Language); err != nil {
			return invalidKey(text, "language", "language %q is not a tag such as en or pt-BR", m.Language)
		}
	}
	if m.Source.URL != "" {
		if err := directory.ValidateURL("source.url", m.Source.URL); err != nil {
			return invalidKey(text, "url", "%s", err)
		}
	}
	ours := Columns()
	for _, theirs := range slices.Sorted(maps.Keys(f.Columns)) {
		if column := f.Columns[theirs]; column != "" && !slices.Contains(ours, column) {
			return invalidKey(text, theirs, "%q is not one of our columns: %s", column, strings.Join(ours, ", "))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(f.Values)) {
		if !slices.Contains(ours, column) {
			return invalidKey(text, column, "%q is not one of our columns: %s", column, strings.Join(ours, ", "))
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(f.Forms)) {
		if _, ok := directory.FormBySlug(f.Forms[typ]); !ok && f.Forms[typ] != "" {
			return invalidKey(text, typ, "%q is not a seed form: %s", f.Forms[typ], strings.Join(slugs(), ", "))
		}
	}
	return nil
}

func slugs() []string {
	var all []string
	for _, f := range directory.SeedForms() {
		all = append(all, f.Slug)
	}
	return all
}

func lower(table map[string]string) map[string]string {
	folded := make(map[string]string, len(table))
	for key, value := range table {
		folded[strings.ToLower(key)] = value
	}
	return folded
}

// column returns our column for one of the file's, and whether it is mapped.
func (m *Mapping) column(theirs string) (string, bool) {
	ours, ok := m.Columns[strings.ToLower(theirs)]
	return ours, ok
}

// value returns what a value of one of our columns means.
func (m *Mapping) value(column, theirs string) string {
	if table := m.Values[column]; len(table) > 0 {
		if ours, ok := table[strings.ToLower(strings.TrimSpace(theirs))]; ok {
			return ours
		}
	}
	return theirs
}

// form returns the slug for one of the file's types, and whether it is mapped.
func (m *Mapping) form(typ string) (string, bool) {
	if len(m.Forms) == 0 {
		return "", false
	}
	slug, ok := m.Forms[strings.ToLower(typ)]
	return slug, ok
}
