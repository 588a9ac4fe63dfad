package web

import (
	"context"
	"fmt"
	"net/http"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// overview is what the directory holds as a whole.
type overview struct {
	Total     int
	Own       int
	Forms     map[string]int // by slug
	Kinds     []kindCount
	Newest    []entryRow     // published here
	Elsewhere []entryRow     // carried
	Local     []search.Count // seed forms of what is published here
}

type kindCount struct {
	Icon, Name, Link string
	Count            int
}

// fewNew is how many new entries the first page lists of each sort.
const fewNew = 5

func (s *Server) overview(ctx context.Context) (overview, error) {
	version, err := s.store.Version(ctx)
	if err != nil {
		return overview{}, fmt.Errorf("take stock: %w", err)
	}
	if kept, ok := s.overviews.get(version, ""); ok {
		return kept, nil
	}
	all, err := s.store.Search(ctx, search.Query{Limit: 1})
	if err != nil {
		return overview{}, fmt.Errorf("take stock: %w", err)
	}
	o := overview{Total: all.Total, Forms: map[string]int{}}
	for _, c := range all.Facets[search.ByForm] {
		o.Forms[c.Value] = c.Count
	}
	for _, c := range all.Facets[search.ByKind] {
		k := directory.Kind(c.Value)
		o.Kinds = append(o.Kinds, kindCount{kindIcon(k), wording()[c.Value], address("/search", search.Query{Kinds: []directory.Kind{k}}.Encode()), c.Count})
	}
	var others []string
	for _, c := range all.Facets[search.ByOrigin] {
		if c.Value == s.instance.Host {
			o.Own = c.Count
		} else if len(others) < 50 {
			others = append(others, c.Value)
		}
	}
	here, err := s.newest(ctx, s.instance.Host)
	if err != nil {
		return overview{}, err
	}
	o.Newest, o.Local = s.entryRows(here.Hits), here.Facets[search.ByForm]
	if len(others) > 0 {
		elsewhere, err := s.newest(ctx, others...)
		if err != nil {
			return overview{}, err
		}
		o.Elsewhere = s.entryRows(elsewhere.Hits)
	}
	s.overviews.put(version, "", o)
	return o, nil
}

func (s *Server) newest(ctx context.Context, origins ...string) (*search.Result, error) {
	found, err := s.store.Search(ctx, search.Query{Origins: origins, Limit: fewNew})
	if err != nil {
		return nil, fmt.Errorf("find what is new: %w", err)
	}
	return found, nil
}

type homePage struct {
	Page
	overview
	Where string // the town this instance is for; "" for none
	Map   drawnMap
	Top   []formRow
	All   int // seed forms in the catalogue
	Peers []directory.Peer
	Tries []tryLink
}

type tryLink struct{ Text, Link string }

// mostTop is how many seed forms the first page shows.
const mostTop = 12

func (s *Server) showHome(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	since, err := s.store.Closed(ctx)
	if err != nil {
		return fmt.Errorf("look whether this is closed: %w", err)
	}
	if !since.IsZero() {
		return s.showClosed(w, r, since)
	}
	o, err := s.overview(ctx)
	if err != nil {
		return err
	}
	p := homePage{Page: s.newPage(r, ""), overview: o, Where: s.instance.Locality, All: len(directory.SeedForms())}
	p.HasMap, p.OwnSearch = true, true
	p.Canonical = s.instance.URL("/")
	if p.Map, err = s.mapOf(ctx, question{}, &search.Result{Total: o.Total}, mapAcross()); err != nil {
		return err
	}
	p.Map.Name = "Map of everything listed here"
	if p.Peers, err = s.neighbours(ctx); err != nil {
		return err
	}
	p.Top = topForms(o.Forms)
	p.Tries = s.tries(o)
	p.Data = s.siteData()
	return s.render(w, "home", p)
}

// neighbours lists the peers that there is an exchange with.
func (s *Server) neighbours(ctx context.Context) ([]directory.Peer, error) {
	peers, _, err := s.publicPeers(ctx)
	if err != nil {
		return nil, err
	}
	var near []directory.Peer
	for _, p := range peers {
		if p.State == directory.PeerFollowing || p.FollowsUs {
			near = append(near, p)
		}
	}
	return near, nil
}

// tries suggests searches that give something.
func (s *Server) tries(o overview) []tryLink {
	var out []tryLink
	for i, c := range o.Local[:min(3, len(o.Local))] {
		words := formName(c.Value)
		if i == 0 && s.instance.Locality != "" {
			words += " near " + s.instance.Locality
		}
		out = append(out, tryLink{words, address("/search", map[string][]string{paramText: {words}})})
	}
	return out
}
