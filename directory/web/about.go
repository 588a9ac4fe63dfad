package web

import (
	"fmt"
	"net/http"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

type aboutPage struct {
	Page
	overview
	Where     string
	People    []person
	Neighbour int
	Version   string
	Address   string // of the directory actor, without the first @
}

type person struct {
	Name, Role, Contact, Link string
}

func (s *Server) showAbout(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	o, err := s.overview(ctx)
	if err != nil {
		return err
	}
	users, err := s.store.Users(ctx)
	if err != nil {
		return fmt.Errorf("list who runs this: %w", err)
	}
	peers, err := s.neighbours(ctx)
	if err != nil {
		return err
	}
	p := aboutPage{
		Page: s.newPage(r, "About"), overview: o, Neighbour: len(peers), Version: s.version,
		Where:   joined(", ", s.instance.Locality, countryName(s.instance.Country)),
		Address: directory.DirectoryHandle + "@" + s.instance.Domain(),
	}
	p.Section = "about"
	for _, u := range users {
		p.People = append(p.People, newPerson(u))
	}
	return s.render(w, "about", p)
}

func newPerson(u directory.User) person {
	p := person{Name: u.Display, Contact: u.Contact, Role: "looks after the entries"}
	if p.Name == "" {
		p.Name = u.Name
	}
	if u.Role == directory.Admin {
		p.Role = "runs this instance"
	}
	handle, host, _ := strings.Cut(strings.TrimPrefix(u.Contact, "@"), "@")
	switch {
	case directory.ValidateURL("contact", u.Contact) == nil:
		p.Link = u.Contact
	case strings.HasPrefix(u.Contact, "@") && host != "":
		p.Link = "https://" + host + "/@" + handle
	case host != "":
		p.Link = "mailto:" + u.Contact
	}
	return p
}

type apiPage struct {
	Page
	Base       string
	Parameters []parameter
	Examples   []tryLink
	Limit      int
	Default    int
	MaxZoom    int
	Grammar    string
}

type parameter struct{ Name, Example, Text string }

func (s *Server) showAPI(w http.ResponseWriter, r *http.Request) error {
	p := apiPage{
		Page: s.newPage(r, "API"), Base: s.instance.URL("/api/v1/initiatives"),
		Parameters: parameters(), Limit: search.MaxLimit, Default: search.DefaultLimit, MaxZoom: search.MaxZoom, Grammar: search.Grammar,
	}
	p.Section = "about"
	p.Description = "How programs search this directory: JSON, GeoJSON and CSV, without a key."
	town := s.instance.Locality
	if town == "" {
		town = "Ghent"
	}
	for _, query := range []string{
		"q=repair&limit=3", "q=food+co-op+near+" + strings.ReplaceAll(town, " ", "+"),
		"near=51.05,3.72&radius=10", "form=tool-library&form=library-of-things", "bbox=2.5,49.5,6.4,51.6&kind=urban",
	} {
		p.Examples = append(p.Examples, tryLink{"/api/v1/initiatives?" + query, "/api/v1/initiatives?" + query})
	}
	return s.render(w, "api", p)
}

func parameters() []parameter {
	return []parameter{
		{"q", "repair café", "What one types into the search box: words, in any script. Accents and case do not matter, and the last word may be unfinished. How to ask, above, has the rest."},
		{"form", "tool-library", "Slug of a seed form. May be repeated: any of them."},
		{"kind", "urban", "Kind of commons: " + list(directory.Kinds()) + ". May be repeated."},
		{"current", "share", "Current: " + list(directory.Currents()) + ". May be repeated."},
		{"role", "livelihood", "Role: " + list(directory.Roles()) + ". May be repeated."},
		{"origin", "ghent.example", "Host of the instance that published the entry. May be repeated."},
		{"country", "BE", "ISO 3166-1 code of two letters. May be repeated."},
		{"lang", "nl", "Code of a language that the initiative speaks. May be repeated."},
		{"offers", "cargo-bike", "Something that the initiative has for others, in its words. Case, accents and whether blanks or hyphens join the words do not matter. May be repeated: any of them."},
		{"needs", "workshop-space", "Something that it looks for, likewise."},
		{"since", "2026-05", "A year, a month or a day: only what was added or changed since."},
		{"in", "Ghent", "A town, or a country by its name: only what is there."},
		{"bbox", "2.5,49.5,6.4,51.6", "West, south, east, north in degrees. West may exceed east: the box then crosses the antimeridian."},
		{"near", "51.05,3.72", "Latitude, longitude. The closest come first, each with its distance_km."},
		{"place", "Ghent", "A town instead of near. Without a radius, the first of 25 km, 100 km and any distance that gives something."},
		{"radius", "10", "Kilometres around near or place; any for no limit."},
		{"limit", "20", "Items in one answer."},
		{"cursor", "k", "Where to go on: next of the answer before."},
	}
}

func list[T ~string](words []T) string {
	var out []string
	for _, w := range words {
		out = append(out, string(w))
	}
	return strings.Join(out, ", ")
}
