package exchange

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxTags = 25 // that we take of a foreign entry
	maxTag  = 60 // characters: beyond it is not a word but a text
)

// foldTag brings a source's keyword into one spelling: lower case, blanks for
// underscores, no signs around it. It gives "" where nothing is left.
func foldTag(s string) string {
	s = strings.ToLower(line(strings.ReplaceAll(s, "_", " ")))
	return strings.TrimFunc(s, func(r rune) bool { return !wordRune(r) && r != '♥' && r != ')' && r != '+' })
}

// foldTags folds a foreign entry's tags and drops those that say nothing new.
func foldTags(d *draft) []string {
	var tags []string
	for _, t := range d.tags {
		t = foldTag(t)
		switch {
		case t == "" || utf8.RuneCountInString(t) < 2 || slices.Contains(tags, t):
		case utf8.RuneCountInString(t) > maxTag:
			d.warn(TooMuch, "tags", "%q is too long for a tag; dropped", cut(t, maxTag))
		case len(tags) == maxTags:
			d.warn(TooMuch, "tags", "only the first %d were kept", maxTags)
			return tags
		default:
			tags = append(tags, t)
		}
	}
	return tags
}

// keywords splits a source's list of words, separated by ; , or |.
func keywords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ',' || r == '|' || r == '\n' })
}
