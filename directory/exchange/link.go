package exchange

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"codeberg.org/commonage/commonage/directory"
)

// hostPattern is a name of at least two labels, the last one of letters, or an
// IPv4 address; with or without a port.
var hostPattern = regexp.MustCompile(`^(([a-z0-9]([a-z0-9_-]*[a-z0-9])?\.)+([a-z]{2,}|xn--[a-z0-9-]+)|\d{1,3}(\.\d{1,3}){3})(:\d{1,5})?$`)

// addresses returns the web addresses in a value that should be one, written in
// full, and what else it holds. A value without any letter or digit is nothing.
func addresses(value string) (found []string, rest string) {
	var junk []string
	for word := range strings.FieldsSeq(separate(value)) {
		word = strings.Trim(word, `;,()<>"'|`)
		switch address, ok := webAddress(word); {
		case ok:
			found = append(found, address)
		case strings.HasPrefix(strings.ToLower(word), "http"):
			return nil, value // broken in the middle: what follows is not an address of its own
		case strings.IndexFunc(word, wordRune) >= 0:
			junk = append(junk, word)
		}
	}
	if len(found) == 0 && len(junk) > 0 {
		return nil, value
	}
	return found, strings.Join(junk, " ")
}

// separate puts a blank between addresses that only a separator parts.
func separate(s string) string {
	if strings.ContainsAny(s, ";,|") {
		s = strings.NewReplacer(";http", " http", ",http", " http", "|http", " http", ";www.", " www.", ",www.", " www.", "|www.", " www.").Replace(s)
	}
	return s
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// webAddress returns the http or https address that the word means.
func webAddress(word string) (string, bool) {
	if strings.HasPrefix(word, "www.http") {
		word = strings.TrimPrefix(word, "www.")
	}
	for _, twice := range []string{"http://http", "https://http"} {
		if strings.HasPrefix(word, twice) {
			word = word[len(twice)-len("http"):]
		}
	}
	if !strings.Contains(word, "://") {
		// A sign before the first slash: an e-mail address or somebody's @name.
		if host, _, _ := strings.Cut(word, "/"); strings.Contains(host, "@") {
			return "", false
		}
		word = "https://" + word
	}
	u, err := url.Parse(strings.TrimRight(word, ".,;:"))
	if err != nil {
		return "", false
	}
	host, port, _ := strings.Cut(u.Host, ":")
	if host, err = idna.Lookup.ToASCII(host); err != nil {
		return "", false
	}
	if u.Host = host; port != "" {
		u.Host += ":" + port
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if !hostPattern.MatchString(u.Host) || strings.HasPrefix(u.Host, "www.") && strings.Count(u.Host, ".") < 2 {
		return "", false
	}
	full := u.String()
	return full, directory.ValidateURL("", full) == nil
}

// bareAddress returns what two addresses of one page have in common.
func bareAddress(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return strings.TrimRight(strings.TrimPrefix(rest, "www."), "/")
}

// profile returns the address of somebody's page on a network, given as an
// address or as a name there.
func profile(prefix, value string) string {
	name := strings.TrimPrefix(strings.TrimSpace(value), "@")
	if prefix != "" && name != "" && !strings.ContainsAny(name, "./@ ") {
		return prefix + name
	}
	return value
}

// picture returns the address of the picture that a value names.
func picture(value string) (string, bool) {
	if strings.HasPrefix(value, "data:") {
		return "", false
	}
	found, _ := addresses(value)
	if len(found) == 0 {
		return "", false
	}
	// What people copy from a search for pictures holds the picture's address.
	if u, err := url.Parse(found[0]); err == nil && strings.HasPrefix(u.Host, "www.google.") && u.Path == "/imgres" {
		return webAddress(u.Query().Get("imgurl"))
	}
	return found[0], true
}

// linkName returns what to call a further address of an initiative.
func linkName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "Website"
	}
	for domain, name := range map[string]string{
		"facebook.com": "Facebook", "twitter.com": "Twitter", "instagram.com": "Instagram",
		"youtube.com": "YouTube", "etsy.com": "Etsy", "openstreetmap.org": "OpenStreetMap",
	} {
		if u.Host == domain || strings.HasSuffix(u.Host, "."+domain) {
			return name
		}
	}
	return "Website"
}
