package exchange

import (
	"strconv"
	"strings"

	"github.com/gosimple/unidecode"

	"codeberg.org/commonage/commonage/directory"
)

// maxHandle is the length of the longest handle.
const maxHandle = 30

// Handle makes a handle of a name in any script: "Café Ümit" gives cafe_umit.
// It is always valid and ends with a whole word where it can; it is up to the
// caller that it is not taken: see Numbered. A name without any letter or digit
// gives "initiative".
func Handle(name string) string {
	name = strings.NewReplacer("'", "", "’", "", "‘", "", "`", "", "´", "").Replace(cutBytes(name))
	handle := ""
	for word := range strings.FieldsSeq(strings.ToLower(unidecode.Unidecode(name))) {
		// "co-operative" is cut off whole or not at all.
		w := strings.Join(strings.FieldsFunc(word, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9')
		}), "_")
		switch {
		case w == "":
		case handle == "":
			handle = strings.TrimRight(w[:min(len(w), maxHandle)], "_")
		case len(handle)+1+len(w) <= maxHandle:
			handle += "_" + w
		default:
			return unreserved(handle)
		}
	}
	return unreserved(handle)
}

// cutBytes bounds what is transliterated: no handle needs more.
func cutBytes(name string) string {
	const enough = 400
	if len(name) <= enough {
		return name
	}
	return strings.ToValidUTF8(name[:enough], "")
}

func unreserved(handle string) string {
	if handle == "" {
		return "initiative"
	}
	if !directory.ValidHandle(handle) {
		return strings.Trim(("the_" + handle)[:min(len(handle)+4, maxHandle)], "_")
	}
	return handle
}

// Numbered returns the handle with "_n" at its end, within the length that a
// handle may have.
func Numbered(handle string, n int) string {
	suffix := "_" + strconv.Itoa(n)
	return strings.TrimRight(handle[:min(len(handle), maxHandle-len(suffix))], "_") + suffix
}
