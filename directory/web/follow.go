package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// fediverseHandle is "@you@your.server" or "you@your.server". The host has a
// dot and letters only where a name of the public network has them, so that
// nobody is sent to an address or a port of a local network.
var fediverseHandle = regexp.MustCompile(
	`^@?([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)$`)

// createFollow sends a visitor to their own server, which asks them whether to
// follow the initiative.
func (s *Server) createFollow(w http.ResponseWriter, r *http.Request) error {
	i, err := s.initiative(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return directory.Invalidf("handle", "could not be read")
	}
	typed := strings.TrimSpace(r.PostForm.Get("handle"))
	host := followHost(typed)
	if host == "" {
		p, err := s.initiativePage(r, i)
		if err != nil {
			return err
		}
		p.Canonical = i.ID
		p.Follow.Handle = shorten(typed, 100)
		p.Follow.Error = "That is not a fediverse handle. It looks like an e-mail address: you@your.server."
		return s.renderStatus(w, http.StatusBadRequest, "initiative", p)
	}
	there := url.URL{
		Scheme: "https", Host: host, Path: "/authorize_interaction",
		RawQuery: url.Values{"uri": {s.instance.Acct(i)}}.Encode(),
	}
	http.Redirect(w, r, there.String(), http.StatusSeeOther)
	return nil
}

// followHost returns the host of a fediverse handle, or "".
func followHost(typed string) string {
	if len(typed) > 320 {
		return ""
	}
	user, host, _ := strings.Cut(strings.TrimPrefix(typed, "@"), "@")
	m := fediverseHandle.FindStringSubmatch(user + "@" + strings.ToLower(host))
	if m == nil || len(m[2]) > 253 {
		return ""
	}
	return m[2]
}
