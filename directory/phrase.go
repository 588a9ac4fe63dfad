package directory

import (
	"slices"
	"strings"
)

// Phrases returns a list of offers or needs as an initiative keeps it: each on one
// line without blanks around it, none empty, and none twice but for its case. It
// returns nil for none.
func Phrases(list []string) []string {
	var out []string
	for _, phrase := range list {
		phrase = strings.Join(strings.Fields(phrase), " ")
		same := func(other string) bool { return strings.EqualFold(other, phrase) }
		if phrase != "" && !slices.ContainsFunc(out, same) {
			out = append(out, phrase)
		}
	}
	return out
}
