package drawing

import (
	"errors"
	"maps"
	"regexp"
	"strings"
)

// style is what properties are set to.
type style map[string]string

// get returns a property, or what it is where nobody says.
func (s style) get(property, otherwise string) string {
	if v := s[property]; v != "" {
		return v
	}
	return otherwise
}

// inherits are the properties that come from the element around it, and alone are
// those that do not.
var (
	inherits = []string{
		"color", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin",
		"stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "visibility", "marker", "marker-start", "marker-mid", "marker-end",
	}
	alone = []string{"display", "opacity", "clip-path", "mask", "filter", "stop-color", "stop-opacity"}
)

// style returns the style of an element in another of the style given: what its
// attributes say, then the rules for its tag, class and id, then its own.
func (d *document) style(e *element, around style) style {
	s := make(style, len(around))
	for _, property := range inherits {
		if v := around[property]; v != "" {
			s[property] = v
		}
	}
	alpha := 1.0
	if v, ok := around[groupOpacity]; ok {
		alpha = fraction(v, 1)
	}
	for _, list := range [][]string{inherits, alone} {
		for _, property := range list {
			s.set(property, e.attributes[property])
		}
	}
	maps.Copy(s, d.rules[e.name])
	for class := range strings.FieldsSeq(e.attributes["class"]) {
		maps.Copy(s, d.rules["."+class])
	}
	if id := e.attributes["id"]; id != "" {
		maps.Copy(s, d.rules["#"+id])
	}
	maps.Copy(s, declarations(e.attributes["style"]))
	// A group is as transparent as all that is in it, which is not quite the same.
	s[groupOpacity] = number(alpha * fraction(s.get("opacity", "1"), 1))
	return s
}

// groupOpacity is the property under which opacities are multiplied.
const groupOpacity = "opacity of the group"

func (s style) set(property, value string) {
	if value != "" && value != "inherit" {
		s[property] = value
	}
}

// asides are the comments of a style sheet, and what begins with @.
var asides = regexp.MustCompile(`(?s)/\*.*?\*/|@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})`)

// addRules reads a style sheet. Rules with other selectors than a tag, a class or
// an id are left out, and so is what begins with @.
func (d *document) addRules(sheet string) error {
	for block := range strings.SplitSeq(asides.ReplaceAllString(sheet, ""), "}") {
		selectors, body, found := strings.Cut(block, "{")
		if !found {
			continue
		}
		declared := declarations(body)
		for selector := range strings.SplitSeq(selectors, ",") {
			selector = strings.TrimSpace(selector)
			if d.rules[selector] == nil {
				if len(d.rules) >= maxRules {
					return errors.New("has too many rules of style")
				}
				d.rules[selector] = style{}
			}
			maps.Copy(d.rules[selector], declared)
		}
	}
	return nil
}

// declarations reads "fill: red; stroke: none".
func declarations(text string) style {
	s := style{}
	for declaration := range strings.SplitSeq(text, ";") {
		property, value, _ := strings.Cut(declaration, ":")
		value, _ = strings.CutSuffix(strings.TrimSpace(value), "!important")
		s.set(strings.TrimSpace(property), strings.TrimSpace(value))
	}
	return s
}
