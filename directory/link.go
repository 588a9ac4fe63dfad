package directory

import "net/url"

// ValidateURL returns an *Invalid unless s is an http or https address with a
// host and without a user name.
func ValidateURL(field, s string) error {
	u, err := url.Parse(s)
	switch {
	case len(s) > MaxURL:
		return Invalidf(field, "an address has %d characters, %d are allowed", len(s), MaxURL)
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return Invalidf(field, "%q is not an http or https address", s)
	case u.User != nil:
		return Invalidf(field, "%q names a user", s)
	}
	return nil
}
