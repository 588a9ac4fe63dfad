package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

// suggestion is something to complete what somebody types.
type suggestion struct {
	Kind string `json:"kind"`           // form, place or initiative
	Text string `json:"text"`           // what it is called
	Note string `json:"note,omitempty"` // to tell it from its like
	Ask  string `json:"q"`              // the question that asks for it
	URL  string `json:"url"`            // where it leads
}

// Bounds of suggestions.
const (
	mostSuggested    = 4 // of each kind
	leastSuggestible = 2 // letters
	longestTyped     = 100
)

func (s *Server) showSuggestions(w http.ResponseWriter, r *http.Request) error {
	found, err := s.suggest(r.Context(), r.URL.Query().Get(paramText))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return writeJSON(w, map[string][]suggestion{"items": found})
}

// showOpenSearchSuggestions answers browsers, in the form of the OpenSearch
// Suggestions extension: the question, what completes it, notes, addresses.
func (s *Server) showOpenSearchSuggestions(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get(paramText)
	found, err := s.suggest(r.Context(), typed)
	if err != nil {
		return err
	}
	texts, notes, links := []string{}, []string{}, []string{}
	for _, f := range found {
		texts, notes, links = append(texts, f.Ask), append(notes, f.Note), append(links, s.instance.URL(f.URL))
	}
	body, err := json.Marshal([]any{typed, texts, notes, links})
	if err != nil {
		return fmt.Errorf("write suggestions: %w", err)
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Set("Content-Type", "application/x-suggestions+json")
	_, _ = w.Write(body) //nolint:errcheck // the reader went away
	return nil
}

// suggest completes what is typed: with a place behind "near", else with seed
// forms, places and initiatives.
func (s *Server) suggest(ctx context.Context, typed string) ([]suggestion, error) {
	out := []suggestion{}
	if len(typed) > longestTyped {
		return out, nil
	}
	r := search.Read(typed)
	if r.Place != "" {
		before := r
		before.Place = ""
		return s.places(ctx, out, strings.TrimSpace(before.String()+" near "), r.Place)
	}
	text := r.Query.Text
	if utf8.RuneCountInString(text) < leastSuggestible {
		return out, nil
	}
	for _, f := range search.FormsLike(text, mostSuggested) {
		out = append(out, suggestion{
			Kind: "form", Text: f.Name, Note: f.Alias, Ask: "form:" + f.Slug, URL: "/forms/" + f.Slug,
		})
	}
	out, err := s.places(ctx, out, "near", text)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Suggest(ctx, search.Query{Text: text}, mostSuggested)
	if err != nil {
		return nil, fmt.Errorf("suggest initiatives: %w", err)
	}
	for _, i := range found {
		out = append(out, suggestion{
			Kind: "initiative", Text: i.Name, Note: placeLine(i.Place), Ask: i.Name, URL: s.entryPath(i),
		})
	}
	return out, nil
}

// places adds towns and places of entries whose name begins so, each asked for
// behind other words.
func (s *Server) places(ctx context.Context, out []suggestion, before, start string) ([]suggestion, error) {
	if utf8.RuneCountInString(start) < leastSuggestible {
		return out, nil
	}
	n := 0
	add := func(name, ask, note string) {
		if n >= mostSuggested || slices.ContainsFunc(out, func(s suggestion) bool { return s.Kind == "place" && s.Ask == before+" "+ask }) {
			return
		}
		n++
		asked := before + " " + ask
		out = append(out, suggestion{
			Kind: "place", Text: name, Note: note, Ask: asked, URL: address("/search", map[string][]string{paramText: {asked}}),
		})
	}
	for _, t := range atlas.TownsLike(start, s.instance.Point, mostSuggested-1) {
		ask := t.Name
		if same := atlas.Towns(t.Name, s.instance.Point); len(same) > 1 && same[0] != t {
			ask += ", " + countryName(t.Country)
		}
		add(t.Name, ask, countryName(t.Country))
	}
	own, err := s.store.PlacesLike(ctx, start, mostSuggested)
	if err != nil {
		return nil, fmt.Errorf("suggest places: %w", err)
	}
	for _, name := range own {
		add(name, name, "")
	}
	return out, nil
}
