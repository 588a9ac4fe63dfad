package search

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
)

// Grammar is how a question is typed, in the notation of the Go specification:
// what the search box takes, and the parameter q of the API. A field says the
// same as the parameter of its name. Between any two items stand blanks.
const Grammar = `question = { item } [ "near" place ] .
item     = [ "-" ] ( word [ "*" ] | phrase ) | field .
phrase   = quote { any character but a quote } quote .
field    = name ":" ( phrase | value { "," value } ) .
name     = "form" | "kind" | "current" | "role" | "lang" | "origin" | "country"
         | "offers" | "needs" | "in" | "near" | "radius" | "bbox" | "since" .
word     = characters without blanks .
value    = characters without blanks and commas .
place    = { word } .
quote    = a straight or a typographic double quotation mark .`

// Reading is a typed question as it was understood.
type Reading struct {
	Query   Query    // Near and Radius too, where the point was typed in numbers
	Place   string   // near which place, by its name; "" for none
	In      string   // in which town or country; "" for any
	Remarks []string // what was not read as it was typed, a sentence each
}

// Fields of a typed question that are no parameters of Parse.
const (
	fieldIn    = "in"
	fieldPlace = "place"
	fieldLang  = "language"
)

// item is what a typed question is made of.
type item struct {
	not    bool   // it is to be missing
	name   string // of a field
	text   string // what it says, without quotation marks
	phrase bool
	open   bool // its closing quotation mark is missing
}

// scan splits a typed question into its items.
func scan(text string) []item {
	var items []item
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return items
		}
		var i item
		if rest := text[1:]; text[0] == '-' && rest != "" && rest[0] != '-' && !startsBlank(rest) {
			i.not, text = true, rest
		}
		if name, value, ok := strings.Cut(text, ":"); ok && isName(name) && !startsBlank(value) && value != "" {
			i.name, text = strings.ToLower(name), value
		}
		text = i.take(text)
		items = append(items, i)
	}
}

// take reads the text of the item and returns what follows it.
func (i *item) take(text string) (rest string) {
	if r, size := utf8.DecodeRuneInString(text); isQuote(r) {
		i.phrase = true
		inner := text[size:]
		end := strings.IndexFunc(inner, isQuote)
		if end < 0 {
			i.phrase, i.open = false, true
			text = inner // without its mark it is words
			return i.takeWord(text)
		}
		i.text = strings.Join(strings.Fields(inner[:end]), " ")
		_, size := utf8.DecodeRuneInString(inner[end:])
		return inner[end+size:]
	}
	return i.takeWord(text)
}

func (i *item) takeWord(text string) (rest string) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	i.text = text[:end]
	return text[end:]
}

func startsBlank(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && unicode.IsSpace(r)
}

func isName(s string) bool {
	return s != "" && len(s) <= 12 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
}

func isQuote(r rune) bool { return strings.ContainsRune(`"“”„«»`, r) }

// String returns the item as it is typed.
func (i item) String() string {
	var b strings.Builder
	if i.not {
		b.WriteByte('-')
	}
	if i.name != "" {
		b.WriteString(i.name + ":")
	}
	if i.phrase {
		return b.String() + `"` + i.text + `"`
	}
	return b.String() + i.text
}

// isPrefix reports whether the word may go on.
func (i item) isPrefix() bool { return !i.phrase && strings.HasSuffix(i.text, "*") }

// Read reads a typed question. It finds fault with nothing: what is no field is
// words, and the remarks say so.
func Read(text string) Reading {
	var r Reading
	values := url.Values{}
	var kept []item
	for _, i := range scan(strings.ToValidUTF8(text, "\ufffd")) {
		if i.open {
			r.remark("A quotation mark had no partner, so it was left out.")
			i.text = strings.ReplaceAll(plainly(i.text), " ", "")
		}
		switch {
		case i.name == "":
			kept = append(kept, i)
		case i.not:
			r.remark("Only words and “phrases” can be left out, so %s was not read.", i)
		default:
			kept = append(kept, r.field(i, values)...)
		}
	}
	kept = r.takeNear(kept)
	if r.Query.Radius > 0 && r.Query.Near == nil && r.Place == "" && r.In == "" {
		r.remark("A radius needs a place to be around, so it was not read.")
		r.Query.Radius = 0
	}
	parts := make([]string, 0, len(kept))
	for _, i := range kept {
		if i.text != "" {
			parts = append(parts, i.String())
		}
	}
	r.Query.Text = strings.Join(parts, " ")
	if r.Query.Text != "" && len(Words(r.Query.Text)) == 0 {
		r.remark("There is no word in %s, so it was not read.", r.Query.Text)
		r.Query.Text = ""
	}
	return r
}

func (r *Reading) remark(format string, args ...any) {
	const most = 5
	if text := fmt.Sprintf(format, args...); len(r.Remarks) < most && !slices.Contains(r.Remarks, text) {
		r.Remarks = append(r.Remarks, text)
	}
}

// field sets what a field says, or returns the words that it is read as.
func (r *Reading) field(i item, values url.Values) []item {
	err := r.set(i, values)
	if err == nil {
		return nil
	}
	plain := plainly(i.text)
	if errors.Is(err, errNoField) {
		// An address or a time of day has a colon too: words, and nothing to say.
		plain = plainly(i.name + " " + i.text)
	} else {
		text := err.Error()
		if invalid, ok := errors.AsType[*directory.Invalid](err); ok {
			text = invalid.Text
		}
		r.remark("%s was read as words: %s.", i, text)
	}
	var words []item
	for word := range strings.FieldsSeq(plain) {
		words = append(words, item{text: word})
	}
	return words
}

var errNoField = errors.New("is no field")

func (r *Reading) set(i item, values url.Values) error {
	name := i.name
	if name == fieldLang {
		name = string(ByLanguage)
	}
	switch name {
	case fieldIn:
		return place(&r.In, i)
	case fieldPlace:
		return place(&r.Place, i)
	case paramNear:
		if p, err := ParsePoint(name, i.text); err == nil && !i.phrase {
			r.Query.Near = p
			return nil
		}
		return place(&r.Place, i)
	case paramText, paramLimit, paramCursor:
		return errNoField
	}
	d := Dimension(name)
	if !slices.Contains(Dimensions(), d) {
		if !known(name) {
			return errNoField
		}
		return r.Query.setSingle(name, i.text)
	}
	given := []string{i.text}
	if !i.phrase {
		given = strings.FieldsFunc(i.text, func(c rune) bool { return c == ',' })
	}
	if d == ByForm {
		given = formsNamed(given)
	}
	before := values[name]
	values[name] = append(slices.Clone(before), given...)
	if err := r.Query.setDimension(d, values[name]); err != nil || len(given) == 0 {
		values[name] = before
		_ = r.Query.setDimension(d, before) //nolint:errcheck // it was well before
		if err == nil {
			err = errNoField
		}
		return err
	}
	return nil
}

func place(field *string, i item) error {
	const longest = 100
	name := strings.Join(strings.Fields(plainName(i.text)), " ")
	if name == "" || len(name) > longest {
		return directory.Invalidf(i.name, "it is no name of a place")
	}
	*field = name
	return nil
}

// formsNamed replaces names of seed forms, in any language, by their slugs.
func formsNamed(given []string) []string {
	var out []string
	for _, name := range given {
		if _, ok := directory.FormBySlug(name); ok {
			out = append(out, name)
		} else if slugs := formNames()[nameKey(name)]; len(slugs) > 0 {
			out = append(out, slugs...)
		} else {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}

// plainly returns the words of a text without anything that means something in
// a question.
func plainly(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsNumber(c)
	}), " ")
}

// plainName is a name without quotation marks.
func plainName(text string) string {
	return strings.Map(func(c rune) rune {
		if isQuote(c) || unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}

// takeNear takes "near PLACE" from the end of the words.
func (r *Reading) takeNear(kept []item) []item {
	if r.Place != "" || r.Query.Near != nil {
		return kept
	}
	for k, i := range kept {
		if i.not || i.phrase || Fold(strings.TrimSuffix(i.text, ":")) != "near" || k == len(kept)-1 {
			continue
		}
		var words []string
		for _, word := range kept[k+1:] {
			if word.not {
				return kept
			}
			words = append(words, word.text)
		}
		if place(&r.Place, item{name: paramNear, text: strings.Join(words, " ")}) != nil {
			return kept
		}
		return kept[:k]
	}
	return kept
}

// String returns the question as it is typed: Read gives the same again.
func (r Reading) String() string {
	parts := make([]string, 0, 8)
	if r.Query.Text != "" {
		parts = append(parts, r.Query.Text)
	}
	add := func(name, value string) { parts = append(parts, name+":"+value) }
	for _, d := range Dimensions() {
		for _, v := range r.Query.Values(d) {
			add(string(d), v)
		}
	}
	if b := r.Query.Box; b != nil {
		add(paramBox, join(b.West, b.South, b.East, b.North))
	}
	if r.In != "" {
		add(fieldIn, `"`+r.In+`"`)
	}
	if r.Place != "" {
		add(paramNear, `"`+r.Place+`"`)
	}
	if p := r.Query.Near; p != nil {
		add(paramNear, join(p.Latitude, p.Longitude))
	}
	if r.Query.Radius > 0 {
		add(paramRadius, strconv.FormatFloat(r.Query.Radius, 'f', -1, 64))
	}
	if r.Query.Since != "" {
		add(paramSince, r.Query.Since)
	}
	return strings.Join(parts, " ")
}
