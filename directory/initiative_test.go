package directory_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// valid returns an initiative with every field set, none of them shared.
func valid() *directory.Initiative {
	return &directory.Initiative{
		ID: "https://ghent.example/initiatives/rad", Handle: "rad", Origin: "ghent.example",
		Name: "Rad", Summary: "Bikes.", Description: "We *mend* bikes.", Languages: []string{"nl"},
		Forms: []string{"bike-kitchen"}, Kind: directory.Urban, Role: directory.Community,
		Currents: []directory.Current{directory.Care}, Scope: directory.Local, Status: directory.Active,
		Founded: "2016-05-21", Tags: []string{"bikes"},
		Place: directory.Place{
			Name: "Shed", Address: "Street 1", Postcode: "9000", Locality: "Ghent", Region: "Flanders", Country: "BE",
			Point: &directory.Point{Latitude: 51.05, Longitude: 3.72}, Precision: directory.Exact,
		},
		Links:  []directory.Link{{Name: "Website", URL: "https://rad.example/"}},
		Image:  &directory.Image{URL: "https://rad.example/a.jpg", Alt: "A bike"},
		Source: directory.Source{Name: "Survey", URL: "https://survey.example", Licence: "CC0-1.0", Attribution: "S", ExternalID: "1"},
		State:  directory.Published, Revision: 1,
	}
}

func times(s string, n int) string { return strings.Repeat(s, n) }

func TestInitiativeRules(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (&directory.Initiative{Handle: "x", Name: "X"}).Validate(); err != nil {
		t.Errorf("nothing but handle and name: %v", err)
	}
	type change = func(*directory.Initiative)
	for field, changes := range map[string][]change{
		"handle": {
			func(i *directory.Initiative) { i.Handle = "" }, func(i *directory.Initiative) { i.Handle = "Rad" },
			func(i *directory.Initiative) { i.Handle = "rad-2" }, func(i *directory.Initiative) { i.Handle = "rad\n" },
			func(i *directory.Initiative) { i.Handle = times("r", 31) }, func(i *directory.Initiative) { i.Handle = "directory" },
			func(i *directory.Initiative) { i.Handle = "form_rad" }, func(i *directory.Initiative) { i.Handle = "near_rad" },
		},
		"name": {
			func(i *directory.Initiative) { i.Name = "\u00a0 " }, func(i *directory.Initiative) { i.Name = times("é", directory.MaxName+1) },
		},
		"summary":     {func(i *directory.Initiative) { i.Summary = times("é", directory.MaxSummary+1) }},
		"description": {func(i *directory.Initiative) { i.Description = times("é", directory.MaxDescription+1) }},
		"founded": {
			func(i *directory.Initiative) { i.Founded = "16" }, func(i *directory.Initiative) { i.Founded = "2016-13" },
			func(i *directory.Initiative) { i.Founded = "2016-5" }, func(i *directory.Initiative) { i.Founded = "2016-05-32" },
			func(i *directory.Initiative) { i.Founded = "2016\n" },
		},
		"country":    {func(i *directory.Initiative) { i.Place.Country = "be" }, func(i *directory.Initiative) { i.Place.Country = "BEL" }},
		"place name": {func(i *directory.Initiative) { i.Place.Name = times("x", directory.MaxName+1) }},
		"address":    {func(i *directory.Initiative) { i.Place.Address = times("x", directory.MaxSummary+1) }},
		"locality":   {func(i *directory.Initiative) { i.Place.Locality = times("x", directory.MaxName+1) }},
		"region":     {func(i *directory.Initiative) { i.Place.Region = times("x", directory.MaxName+1) }},
		"postcode":   {func(i *directory.Initiative) { i.Place.Postcode = times("x", directory.MaxWord+1) }},
		"place": {
			func(i *directory.Initiative) { i.Place.Point.Latitude = 90.01 }, func(i *directory.Initiative) { i.Place.Point.Longitude = -180.01 },
			func(i *directory.Initiative) { i.Place.Point.Latitude = math.NaN() }, func(i *directory.Initiative) { i.Place.Point.Longitude = math.Inf(1) },
		},
		"precision": {func(i *directory.Initiative) { i.Place.Precision = "rough" }},
		"kind":      {func(i *directory.Initiative) { i.Kind = "rural" }, func(i *directory.Initiative) { i.Kind = "Urban" }, func(i *directory.Initiative) { i.Kind = " urban" }},
		"role":      {func(i *directory.Initiative) { i.Role = "boss" }},
		"scope":     {func(i *directory.Initiative) { i.Scope = "cosmic" }},
		"status":    {func(i *directory.Initiative) { i.Status = "dormant" }},
		"currents":  {func(i *directory.Initiative) { i.Currents = []directory.Current{"care", "fast"} }},
		"languages": {func(i *directory.Initiative) { i.Languages = make([]string, directory.MaxList+1) }},
		"forms": {
			func(i *directory.Initiative) { i.Forms = make([]string, directory.MaxList+1) },
			func(i *directory.Initiative) { i.Forms = []string{times("f", directory.MaxWord+1)} },
		},
		"offers": {func(i *directory.Initiative) { i.Offers = make([]string, directory.MaxList+1) }},
		"needs":  {func(i *directory.Initiative) { i.Needs = []string{times("é", directory.MaxWord+1)} }},
		"tags": {
			func(i *directory.Initiative) { i.Tags = make([]string, directory.MaxList+1) },
			func(i *directory.Initiative) { i.Tags = []string{"a", times("é", directory.MaxWord+1)} },
		},
		"links": {
			func(i *directory.Initiative) { i.Links = make([]directory.Link, directory.MaxList+1) },
			func(i *directory.Initiative) { i.Links[0].URL = "javascript:x" },
			func(i *directory.Initiative) { i.Links[0].Name = times("x", directory.MaxWord+1) },
		},
		"image": {func(i *directory.Initiative) { i.Image.URL = "/a.jpg" }},
	} {
		for k, change := range changes {
			i := valid()
			change(i)
			err := i.Validate()
			var invalid *directory.Invalid
			if !errors.As(err, &invalid) || invalid.Field != field || invalid.Text == "" {
				t.Errorf("%s, case %d: got %v, want an Invalid about it", field, k, err)
			}
			if i.SameContent(valid()) && field != "handle" {
				t.Errorf("%s, case %d: says the same as before", field, k)
			}
		}
	}
}

func TestSameContent(t *testing.T) {
	other := valid()
	other.ID, other.Handle, other.Origin, other.State, other.Revision = "", "", "", directory.Draft, 9
	other.Published, other.Updated = time.Unix(1, 0), time.Unix(2, 0)
	if !valid().SameContent(other) || !other.SameContent(valid()) {
		t.Error("identity, state and dates make a difference")
	}
	empty := &directory.Initiative{Tags: []string{}, Forms: []string{}, Links: []directory.Link{}}
	if !empty.SameContent(&directory.Initiative{}) {
		t.Error("an empty list and none make a difference")
	}
	for name, change := range map[string]func(*directory.Initiative){
		"no point": func(i *directory.Initiative) { i.Place.Point = nil }, "no image": func(i *directory.Initiative) { i.Image = nil },
		"point": func(i *directory.Initiative) { i.Place.Point.Latitude++ }, "alt": func(i *directory.Initiative) { i.Image.Alt = "" },
		"order of tags": func(i *directory.Initiative) { i.Tags = []string{"b", "bikes"} }, "offers": func(i *directory.Initiative) { i.Offers = []string{"van"} }, "needs": func(i *directory.Initiative) { i.Needs = []string{"van"} }, "source": func(i *directory.Initiative) { i.Source.Licence = "" },
	} {
		other := valid()
		change(other)
		if valid().SameContent(other) || other.SameContent(valid()) {
			t.Errorf("%s: makes no difference", name)
		}
	}
}

func TestNamesOfAnInitiative(t *testing.T) {
	i := valid()
	if i.Acct() != "rad@ghent.example" || i.MainForm() != "bike-kitchen" || i.Website() != "https://rad.example/" {
		t.Errorf("%s, %s, %s", i.Acct(), i.MainForm(), i.Website())
	}
	empty := &directory.Initiative{}
	if empty.MainForm() != "" || empty.Website() != "" {
		t.Errorf("of nothing: %q, %q", empty.MainForm(), empty.Website())
	}
}
