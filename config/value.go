package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
)

// value reads and writes one field of a Config as text.
type value struct {
	accepts string             // the accepted values, to follow "use"
	set     func(string) error // says in a few words what is wrong: "is not accepted"
	get     func() string      // what set would read again
	boolean bool
	number  bool                // written without quotes in the file, as a boolean is
	redact  func(string) string // for a secret: the text without its secret part
}

// errUnaccepted is the reason when there is no better one.
var errUnaccepted = errors.New("is not accepted")

// parsed returns a value whose field is what parse makes of the text.
func parsed(field *string, accepts string, parse func(string) (string, error)) value {
	return value{
		accepts: accepts,
		get:     func() string { return *field },
		set: func(s string) error {
			text, err := parse(s)
			if err == nil {
				*field = text
			}
			return err
		},
	}
}

// word is one of a few words.
func word[T ~string](field *T, words ...T) value {
	return value{
		accepts: alternatives(words),
		get:     func() string { return string(*field) },
		set: func(s string) error {
			if !slices.Contains(words, T(s)) {
				return errUnaccepted
			}
			*field = T(s)
			return nil
		},
	}
}

// line is text without a line break, of at least so many characters.
func line(field *string, least int) value {
	accepts := fmt.Sprintf("one line of at most %d characters", directory.MaxName)
	return parsed(field, accepts, func(s string) (string, error) {
		s = strings.TrimSpace(s)
		switch {
		case utf8.RuneCountInString(s) < least:
			return "", errors.New("is empty")
		case strings.ContainsAny(s, "\n\r"):
			return "", errors.New("has more than one line")
		}
		return s, plain(s, directory.MaxName)
	})
}

// paragraph is text that may have several lines.
func paragraph(field *string) value {
	accepts := fmt.Sprintf("text of at most %d characters", directory.MaxSummary)
	return parsed(field, accepts, func(s string) (string, error) {
		s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
		return s, plain(s, directory.MaxSummary)
	})
}

// plain refuses text that cannot be shown or stored everywhere.
func plain(s string, most int) error {
	switch {
	case !utf8.ValidString(s):
		return errors.New("is not UTF-8 text")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return errors.New("has control characters")
	case utf8.RuneCountInString(s) > most:
		return fmt.Errorf("has more than %d characters", most)
	}
	return nil
}

// path is the name of a folder.
func path(field *string) value {
	return parsed(field, "the path of a folder", func(s string) (string, error) {
		if s == "" {
			return "", errors.New("is empty")
		}
		if err := plain(s, directory.MaxURL); err != nil {
			return "", err
		}
		return filepath.Clean(s), nil
	})
}

// language is the tag of a language.
func language(field *string) value {
	return parsed(field, "a BCP 47 tag such as en, pt-BR or zh-Hant", func(s string) (string, error) {
		if directory.ValidateLanguage("language", s) != nil {
			return "", errUnaccepted
		}
		return s, nil
	})
}

// degrees is a coordinate, or nothing.
func degrees(field **float64, limit float64, positive string) value {
	return value{
		accepts: fmt.Sprintf("degrees from %v to %v, %s positive", -limit, limit, positive),
		number:  true,
		get: func() string {
			if *field == nil {
				return ""
			}
			return strconv.FormatFloat(**field, 'f', -1, 64)
		},
		set: func(s string) error {
			if s == "" {
				*field = nil
				return nil
			}
			n, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return errUnaccepted
			}
			if !(math.Abs(n) <= limit) { // also when it is not a number
				return errors.New("is not on the globe")
			}
			n += 0 // which makes a negative zero a plain one
			*field = &n
			return nil
		},
	}
}

// boolean is true or false.
func boolean(field *bool) value {
	return value{
		accepts: "true or false",
		boolean: true,
		get:     func() string { return strconv.FormatBool(*field) },
		set: func(s string) error {
			if s != "true" && s != "false" {
				return errUnaccepted
			}
			*field = s == "true"
			return nil
		},
	}
}

// whole is a whole number within bounds.
func whole(field *int, least, most int) value {
	return value{
		accepts: fmt.Sprintf("a whole number from %d to %d", least, most),
		number:  true,
		get:     func() string { return strconv.Itoa(*field) },
		set: func(s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n < least || n > most {
				return errUnaccepted
			}
			*field = n
			return nil
		},
	}
}

// level is the least level of log lines.
func level(field *slog.Level) value {
	levels := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	names := make([]string, len(levels))
	for i, l := range levels {
		names[i] = strings.ToLower(l.String())
	}
	return value{
		accepts: alternatives(names),
		get:     func() string { return strings.ToLower(field.String()) },
		set: func(s string) error {
			i := slices.Index(names, s)
			if i < 0 {
				return errUnaccepted
			}
			*field = levels[i]
			return nil
		},
	}
}

// alternatives joins words as a sentence does: "a, b or c".
func alternatives[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
