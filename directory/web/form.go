package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// formRow is a seed form in a list.
type formRow struct {
	Slug, Name, Plural, Definition string
	Icon                           string
	Kind                           string // icon of its likeliest kind
	Count                          int
}

func newFormRow(f directory.SeedForm, count int) formRow {
	row := formRow{
		Slug: f.Slug, Name: f.Name, Plural: f.Plural, Definition: f.Definition,
		Icon: "form-" + f.Slug, Count: count,
	}
	if len(f.Kinds) > 0 {
		row.Kind = string(f.Kinds[0])
	}
	return row
}

// topForms lists the commonest seed forms.
func topForms(counts map[string]int) []formRow {
	var rows []formRow
	for _, f := range directory.SeedForms() {
		rows = append(rows, newFormRow(f, counts[f.Slug]))
	}
	slices.SortStableFunc(rows, func(a, b formRow) int { return cmp.Compare(b.Count, a.Count) })
	return rows[:min(mostTop, len(rows))]
}

type formsPage struct {
	Page
	Total  int
	Groups []formGroup
}

// formGroup is the seed forms of one kind of commons.
type formGroup struct {
	Kind, Icon, Name string
	Forms            []formRow
}

func (s *Server) showForms(w http.ResponseWriter, r *http.Request) error {
	o, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	p := formsPage{Page: s.newPage(r, "Seed forms")}
	p.Section = "forms"
	p.Description = "Patterns of commoning that people copy from place to place, and who does them where."
	for _, kind := range directory.Kinds() {
		g := formGroup{Kind: string(kind), Icon: kindIcon(kind), Name: kindName(kind)}
		for _, f := range directory.SeedForms() {
			if len(f.Kinds) > 0 && f.Kinds[0] == kind {
				g.Forms = append(g.Forms, newFormRow(f, o.Forms[f.Slug]))
			}
		}
		if len(g.Forms) > 0 {
			p.Groups = append(p.Groups, g)
			p.Total += len(g.Forms)
		}
	}
	return s.render(w, "forms", p)
}

type formPage struct {
	Page
	Form     directory.SeedForm
	Icon     string
	Kinds    []kindCount
	Currents []string
	Tag      string
	Count    int
	Rows     []entryRow
	More     string // the search for all of them; "" when all are listed
	Map      drawnMap
	Places   []search.Count
	Hosts    int
}

// fewOfForm is how many initiatives the page of a seed form lists.
const fewOfForm = 10

func (s *Server) showForm(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, ok := directory.FormBySlug(chi.URLParam(r, "slug"))
	if !ok {
		return fmt.Errorf("seed form %s: %w", chi.URLParam(r, "slug"), directory.ErrNotFound)
	}
	a := question{Query: search.Query{Forms: []string{form.Slug}, Limit: fewOfForm}}
	found, err := s.find(ctx, a.Query)
	if err != nil {
		return err
	}
	a.Limit = 0
	p := formPage{
		Page: s.newPage(r, form.Plural), Form: form, Icon: "form-" + form.Slug, Count: found.Total,
		Rows: s.entryRows(found.Hits), Places: found.Facets[search.ByCountry], Hosts: len(found.Facets[search.ByOrigin]),
		Tag: form.Hashtag(),
	}
	p.Section, p.Description, p.HasMap = "forms", form.Definition, found.Total > 0
	for _, k := range form.Kinds {
		p.Kinds = append(p.Kinds, kindCount{Icon: kindIcon(k), Name: kindName(k), Link: address("/search", search.Query{Kinds: []directory.Kind{k}}.Encode())})
	}
	for _, c := range form.Currents {
		p.Currents = append(p.Currents, wording()[string(c)])
	}
	if found.Total > len(found.Hits) {
		p.More = a.link(a.Query)
	}
	if p.HasMap {
		if p.Map, err = s.mapOf(ctx, a, found, mapAcross()); err != nil {
			return err
		}
		p.Map.Name = "Map of " + form.Plural
	}
	p.Data = formData(form, p.Canonical)
	return s.render(w, "form", p)
}
