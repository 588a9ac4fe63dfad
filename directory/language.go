package directory

import "regexp"

// languagePattern has the outer form of BCP 47 tags, not their registry.
var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$`)

// ValidateLanguage returns an *Invalid about the field unless the value is the tag
// of a language by its form.
func ValidateLanguage(field, value string) error {
	if !languagePattern.MatchString(value) {
		return Invalidf(field, "%q is not a language tag such as nl or pt-BR", value)
	}
	return nil
}
