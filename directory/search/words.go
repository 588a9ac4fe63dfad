package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word in bytes; longer ones are cut, as nobody types them.
const maxWord = 64

// Words returns the words of a text as both databases index them: folded (case,
// accents, compatibility forms), split at everything that is neither letter nor
// digit. Scripts written without spaces come as overlapping pairs of
// characters, each with its marks. A compound with hyphens gives its parts and
// the whole: "co-op" is co, op and coop.
func Words(text string) []string {
	var out []string
	eachCompound(text, func(parts []string) {
		out = append(out, parts...)
		if len(parts) > 1 {
			out = append(out, cut(strings.Join(parts, "")))
		}
	})
	return out
}

// Fold returns the text in the form in which words are compared.
func Fold(text string) string {
	if isPlain(text) {
		return text
	}
	// After a byte that is no UTF-8, norm leaves some letters as they are.
	text = strings.ToValidUTF8(text, "\ufffd")
	folded := make([]byte, 0, len(text))
	for _, r := range norm.NFKD.String(text) {
		switch {
		case isAccent(r):
			continue
		case isVoicing(r):
			folded = voice(folded, r)
			continue
		}
		r = unicode.ToLower(r)
		if s, ok := foldLetter(r); ok {
			folded = append(folded, s...)
		} else {
			folded = utf8.AppendRune(folded, r)
		}
	}
	return string(folded)
}

// isPlain reports whether folding would change nothing.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || ('A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

// isAccent reports whether the mark only decorates: combining diacritics, Hebrew
// points, Arabic vowel signs, the looks of emoji, hints on where to break a line.
// Marks of other scripts are letters in their own right.
func isAccent(r rune) bool {
	switch {
	case r < 0x300:
		return r == softHyphen
	case r <= 0x36f, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff, r >= 0x20d0 && r <= 0x20ff,
		r >= 0x591 && r <= 0x5c7 && unicode.IsMark(r), // between them stands the Hebrew hyphen
		r >= 0x610 && r <= 0x61a, r >= 0x64b && r <= 0x65f, r == 0x670, r == 0x640,
		r == zeroWidthJoiner, r >= 0xfe00 && r <= 0xfe0f, r >= 0xfe20 && r <= 0xfe2f, r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}

const (
	softHyphen      = 0xad
	zeroWidthJoiner = 0x200d
)

// isVoicing reports whether the mark makes another kana of the one before it.
func isVoicing(r rune) bool { return r == 0x3099 || r == 0x309a }

// voice puts the mark and the kana at the end of folded together again, as they
// are one letter: か and が are as far apart as k and g.
func voice(folded []byte, mark rune) []byte {
	last, size := utf8.DecodeLastRune(folded)
	composed := norm.NFC.String(string(last) + string(mark))
	if utf8.RuneCountInString(composed) > 1 {
		return folded
	}
	return append(folded[:len(folded)-size], composed...)
}

// foldLetter spells letters that have no decomposition.
func foldLetter(r rune) (string, bool) {
	switch r {
	case 'ß':
		return "ss", true
	case 'ø':
		return "o", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'đ', 'ð':
		return "d", true
	case 'ł':
		return "l", true
	case 'þ':
		return "th", true
	case 'ı':
		return "i", true
	case 'ς':
		return "σ", true
	}
	return "", false
}

// eachCompound calls visit with the parts of every compound word of the text.
func eachCompound(text string, visit func(parts []string)) {
	var parts []string
	flush := func() {
		if len(parts) > 0 {
			visit(parts)
			parts = nil
		}
	}
	folded := Fold(text)
	for len(folded) > 0 {
		word, rest := nextWord(folded)
		if word == "" {
			r, size := utf8.DecodeRuneInString(folded)
			if !isHyphen(r) || !startsWord(folded[size:]) {
				flush()
			}
			folded = folded[size:]
			continue
		}
		if pairs := unspaced(word); pairs != nil {
			flush()
			for _, p := range pairs {
				visit([]string{p})
			}
		} else {
			parts = append(parts, cut(word))
		}
		folded = rest
	}
	flush()
}

func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isWordRune(r) && !isMark(r)
}

// nextWord returns the word that s starts with and what follows it. A change
// between a script with spaces and one without ends a word; a mark belongs to
// the letter before it and starts none.
func nextWord(s string) (word, rest string) {
	if !startsWord(s) {
		return "", s
	}
	first, _ := utf8.DecodeRuneInString(s)
	for i, r := range s {
		if !isWordRune(r) || !isMark(r) && isUnspaced(r) != isUnspaced(first) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isMark(r rune) bool { return r >= 0x300 && unicode.IsMark(r) }

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

// isHyphen reports whether r joins the parts of a compound: hyphens, also the
// Hebrew one, the dot of the Catalan col·lectiu and the Persian joint that is
// not seen.
func isHyphen(r rune) bool {
	switch r {
	case '-', '‐', '‑', '·', 0x5be, 0x200c:
		return true
	}
	return false
}

// isUnspaced reports whether the letter's script is written without spaces. The
// mark of a long vowel belongs to two of them, so it is in neither.
func isUnspaced(r rune) bool {
	return r >= 0xe00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}

// unspaced returns the overlapping pairs of letters of a word without spaces,
// the letter itself if there is only one, or nil for any other word.
func unspaced(word string) []string {
	r, _ := utf8.DecodeRuneInString(word)
	if !isUnspaced(r) {
		return nil
	}
	var starts []int
	for i, r := range word {
		if !isMark(r) {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(word))
	if len(starts) == 2 {
		return []string{cut(word)}
	}
	pairs := make([]string, 0, len(starts)-2)
	for i := range len(starts) - 2 {
		pairs = append(pairs, cut(word[starts[i]:starts[i+2]]))
	}
	return pairs
}

// cut bounds a word without cutting a character.
func cut(word string) string {
	if len(word) <= maxWord {
		return word
	}
	end := maxWord
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
