package config

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Effective is a setting as it holds now, for printing.
type Effective struct {
	Key    string
	Value  string // without secrets
	Source string // "default", "commonage.toml:3", "COMMONAGE_HOST", "--host"
	TOML   string // Value as the file would have it
}

// Redacted lists every setting with its source, without secrets.
func (c *Config) Redacted() []Effective {
	var all []Effective
	for _, s := range c.table() {
		text := s.shown(s.value.get())
		all = append(all, Effective{Key: s.key, Value: text, Source: c.sources[s.key], TOML: s.toTOML(text)})
	}
	return all
}

// WriteTOML writes a settings file that Load reads back to the same settings,
// passwords included: keep it from other people's eyes. Each setting has a
// comment above; those at their default are there as comments too.
func (c *Config) WriteTOML(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Settings of this Commonage instance. The environment (COMMONAGE_HOST) and\n" +
		"# flags (--host) go before what is written here.\n")
	for _, s := range c.table() {
		text := s.value.get()
		fmt.Fprintf(&b, "\n# %s.\n# Use %s.\n", capital(s.help), s.value.accepts)
		if text == s.fallback {
			b.WriteString("# ")
		}
		fmt.Fprintf(&b, "%s = %s\n", s.key, s.toTOML(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteList writes the documentation of all settings as a Markdown table.
func WriteList(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| Setting | Default | Accepts | What it is |\n| --- | --- | --- | --- |\n")
	for _, o := range Options() {
		fallback := ""
		if o.Default != "" {
			fallback = "`" + o.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Key, fallback, o.Accepts, capital(o.Help))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// toTOML returns the text as a TOML value.
func (s setting) toTOML(text string) string {
	if (s.value.number || s.value.boolean) && text != "" {
		return text
	}
	line, err := toml.Marshal(map[string]string{"x": text})
	if err != nil { // a string always encodes
		return strconv.Quote(text)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line), "x = "))
}

// capital returns the text with its first letter in upper case.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
