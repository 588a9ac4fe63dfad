package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	sqlitePrefix = "sqlite:"
	maxHostName  = 253 // RFC 1035, 2.3.4, without the root's dot
)

// hostName is the public host, with a port or without.
func hostName(field *string) value {
	accepts := "a host name such as commons.example.org, with :PORT if it is not the scheme's own"
	return parsed(field, accepts, func(s string) (string, error) {
		s = strings.ToLower(s)
		switch {
		case s == "":
			return "", nil // commands that need a host ask for it with Require
		case strings.Contains(s, "://"):
			return "", errors.New("has a scheme, which is a setting of its own")
		case strings.ContainsAny(s, "/?#"):
			return "", errors.New("has a path")
		case strings.Contains(s, "@"):
			return "", errors.New("has a user name")
		}
		host, port := splitPort(s)
		if port != "" && !validPort(port, 1) {
			return "", errors.New("has no port from 1 to 65535 after its colon")
		}
		return s, checkHost(host)
	})
}

// splitPort returns the host without brackets, and the port after the last
// colon, if there is one outside the brackets of an IPv6 address.
func splitPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return strings.Trim(s, "[]"), ""
	}
	if port = s[i+1:]; port == "" {
		port = ":" // never valid, unlike a missing one
	}
	return strings.Trim(s[:i], "[]"), port
}

// labelPattern is one part of a host name (RFC 1123, 2.1).
var labelPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkHost refuses what is neither an IP address nor a host name.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	for _, r := range host {
		if r >= 0x80 {
			return errors.New("has letters outside ASCII; write the form that begins with xn--")
		}
	}
	if len(host) > maxHostName {
		return errors.New("is too long")
	}
	for label := range strings.SplitSeq(host, ".") {
		if !labelPattern.MatchString(label) {
			return errors.New("is not a host name")
		}
	}
	return nil
}

// validPort reports whether s is a port number, least or above.
func validPort(s string, least uint64) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n >= least && s == strconv.FormatUint(n, 10)
}

// listenAddress is what to serve on: a host, an IP address or nothing for all,
// and a port; 0 takes a free one.
func listenAddress(field *string) value {
	return parsed(field, "an address and a port such as 127.0.0.1:8080, or :8080 for all addresses", func(s string) (string, error) {
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			return "", errUnaccepted
		}
		if !validPort(port, 0) {
			return "", errors.New("has no port from 0 to 65535")
		}
		if host == "" {
			return s, nil
		}
		return s, checkHost(strings.ToLower(host))
	})
}

// isLoopback reports whether the host, with or without a port, is this machine.
func isLoopback(host string) bool {
	name, _ := splitPort(host)
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.IsLoopback()
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// database is where the store is.
func database(field *string) value {
	v := parsed(field, "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", parseDatabase)
	v.redact = redactDatabase
	return v
}

func parseDatabase(s string) (string, error) {
	if err := plain(s, 4096); err != nil {
		return "", err
	}
	if path, ok := strings.CutPrefix(s, sqlitePrefix); ok {
		return s, checkSQLitePath(path)
	}
	u, err := url.Parse(s)
	if err != nil { // which quotes the text, password and all
		return "", errors.New("is not a URL; characters such as / and % in a password are written %2F and %25")
	}
	switch {
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return "", errUnaccepted
	case strayAt(u):
		return "", errors.New("has an @ after its host; characters such as / and @ in a password are written %2F and %40")
	case u.Opaque != "" || strings.Trim(u.Path, "/") == "":
		return "", errors.New("names no database after the host")
	}
	return "postgres" + strings.TrimPrefix(s, u.Scheme), nil
}

// strayAt reports whether an @ stands after the host: what is before it is then
// likely to be the rest of a password.
func strayAt(u *url.URL) bool {
	return strings.Contains(u.Host+u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@")
}

func checkSQLitePath(path string) error {
	base := filepath.Base(path)
	switch {
	case path == "" || strings.HasSuffix(path, "/") || base == "." || base == "..":
		return errors.New("names no file")
	case strings.HasPrefix(path, ":"):
		return errors.New("names a database in memory, which would be lost")
	case strings.HasPrefix(path, "//"):
		return errors.New("is not a path; an absolute one has a single slash, as in sqlite:/var/lib/commonage/commonage.db")
	case strings.ContainsAny(path, "?#%\n"):
		return errors.New("has one of the characters ? # % in its path")
	}
	return nil
}

// hidden stands for a text that may hold a secret in a place unknown.
const hidden = "(hidden)"

// redactDatabase returns the text without any password in it.
func redactDatabase(s string) string {
	if strings.HasPrefix(s, sqlitePrefix) {
		return s
	}
	u, err := url.Parse(s)
	switch {
	case err == nil && u.Opaque == "" && !strayAt(u) && (u.Scheme == "postgres" || u.Scheme == "postgresql"):
		return withoutPassword(u)
	case strings.Contains(s, "@") || strings.Contains(strings.ToLower(s), "pass"):
		return hidden
	}
	return s
}

func withoutPassword(u *url.URL) string {
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	parts := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
	u.RawQuery = strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		return err != nil || strings.Contains(strings.ToLower(name), "pass")
	}), "&")
	return u.String()
}

// tileAddress is the address of pictures of a map. It becomes part of a header
// and of pages, so it holds nothing that could end a value there.
func tileAddress(field *string) value {
	accepts := "an https URL with {z}, {x} and {y}, such as https://tiles.example.org/{z}/{x}/{y}.png"
	return parsed(field, accepts, func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		filled := s
		for _, part := range []string{"{z}", "{x}", "{y}"} {
			if strings.Count(s, part) != 1 {
				return "", errors.New("does not have " + part + " once")
			}
			filled = strings.Replace(filled, part, "0", 1)
		}
		u, err := url.Parse(filled)
		switch {
		case err != nil || strings.ContainsAny(filled, "{};,'\"<> \\"):
			return "", errors.New("is not a URL")
		case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Host)):
			return "", errors.New("is not an https URL")
		case u.User != nil:
			return "", errors.New("has a user name")
		}
		host, port := splitPort(u.Host)
		if port != "" && !validPort(port, 1) {
			return "", errors.New("has no port from 1 to 65535 after its colon")
		}
		return s, checkHost(host)
	})
}
