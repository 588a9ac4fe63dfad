package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
	"codeberg.org/commonage/commonage/templates"
)

type initiativePage struct {
	Page
	*directory.Initiative
	Language  string
	Kind      *kindCount
	FormLinks []formRow
	Facts     []string // what stands under the first lines
	Story     template.HTML
	Links     []linkRow
	Address   []string // the place, line by line
	Position  string   // latitude,longitude; "" when it is nowhere
	Near      string   // the search around it
	Rough     bool     // the position is not that of the door
	Tags      []tryLink
	Has       []tryLink // what it offers, each with the search for it
	Seeks     []tryLink // what it needs, likewise
	Carried   string    // the host that published it; "" for an own one
	Since     time.Time // since when its instance has not confirmed it; zero for confirmed
	Followers string
	Posts     []postView
	Mentions  []replyView
	Map       *drawnMap
	Photo     *directory.Image // one that we serve ourselves
	Follow    followForm
}

type linkRow struct{ Name, URL, Text string }

type followForm struct {
	Action string
	Handle string // as typed
	Error  string
}

// How much news the page of an initiative shows, and how many of those who name it.
const (
	fewPosts    = 20
	fewMentions = 20
)

func (s *Server) showInitiative(w http.ResponseWriter, r *http.Request) error {
	handle, own := strings.CutSuffix(chi.URLParam(r, "handle"), "@"+s.instance.Host)
	if own {
		http.Redirect(w, r, "/initiatives/"+url.PathEscape(handle), http.StatusMovedPermanently)
		return nil
	}
	i, err := s.author(r)
	if moved, ok := errors.AsType[*directory.MovedError](err); ok {
		return s.leadOn(w, r, moved)
	}
	if err != nil {
		return err
	}
	if i.State == directory.Moved {
		http.Redirect(w, r, i.MovedTo, http.StatusMovedPermanently) // the operator named it
		return nil
	}
	p, err := s.initiativePage(r, i)
	if err != nil {
		return err
	}
	if p.Carried == "" {
		alternate(w, i.ID)
	}
	return s.render(w, "initiative", p)
}

// leadOn answers for a carried initiative that moved: with the page that it has here
// now, or with the words that it moved.
func (s *Server) leadOn(w http.ResponseWriter, r *http.Request, moved *directory.MovedError) error {
	i, err := s.store.Initiative(r.Context(), moved.To)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return moved
	case err != nil:
		return fmt.Errorf("look up %s: %w", moved.To, err)
	case i.State != directory.Published && i.State != directory.Unlisted:
		return moved
	}
	http.Redirect(w, r, s.entryPath(i), http.StatusMovedPermanently) //nolint:gosec // a path of ours
	return nil
}

// initiative returns the one that the path names: by its handle, with @origin
// for a carried one.
func (s *Server) initiative(r *http.Request) (*directory.Initiative, error) {
	name := chi.URLParam(r, "handle")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	handle, origin, carried := strings.Cut(name, "@")
	if !carried {
		origin = s.instance.Host
	}
	i, err := s.store.InitiativeByHandle(r.Context(), origin, handle)
	if err != nil {
		return nil, fmt.Errorf("look up initiative %s: %w", name, err)
	}
	return i, nil
}

// author is initiative, but returns an own one that moved away too: what it posted
// here stays.
func (s *Server) author(r *http.Request) (*directory.Initiative, error) {
	i, err := s.initiative(r)
	if _, moved := errors.AsType[*directory.MovedError](err); !moved {
		return i, err
	}
	old, second := s.store.Initiative(r.Context(), s.instance.InitiativeID(chi.URLParam(r, "handle")))
	if errors.Is(second, directory.ErrNotFound) { // it is a carried one
		return nil, err
	}
	return old, second
}

func (s *Server) initiativePage(r *http.Request, i *directory.Initiative) (*initiativePage, error) {
	p := &initiativePage{
		Page: s.newPage(r, i.Name), Initiative: i, Language: languageOf(i), Facts: facts(i),
		Story: safeHTML(prose.Markdown(i.Description)), Links: linkRows(i.Links), Address: addressLines(i.Place),
		Rough:  i.Place.Precision != "" && i.Place.Precision != directory.Exact && i.Place.Precision != directory.Street,
		Follow: followForm{Action: s.entryPath(i) + "/follow"},
	}
	p.Section, p.Creator, p.HasMap = "search", "@"+s.instance.Acct(i), i.Place.Point != nil
	if i.Summary != "" {
		p.Page.Description = shorten(i.Summary, 300)
	}
	if i.Origin == s.instance.Host {
		p.Activity, p.Canonical = i.ID, i.ID
	} else {
		p.Carried, p.Canonical = i.Origin, i.ID
		since, err := s.unconfirmed(r.Context())
		if err != nil {
			return nil, err
		}
		if at := since[i.Origin]; at != nil {
			p.Since = *at
		}
	}
	s.classify(p)
	if i.Image != nil && s.instance.Owns(i.Image.URL) {
		p.Photo = i.Image // pictures elsewhere would tell others who reads this
	}
	if err := s.around(r.Context(), p); err != nil {
		return nil, err
	}
	p.Data = initiativeData(i)
	return p, nil
}

// classify adds what kind of thing it is, with links to its like.
func (s *Server) classify(p *initiativePage) {
	i := p.Initiative
	if i.Kind != "" {
		p.Kind = &kindCount{
			Icon: kindIcon(i.Kind), Name: kindName(i.Kind),
			Link: address("/search", search.Query{Kinds: []directory.Kind{i.Kind}}.Encode()),
		}
	}
	for _, slug := range i.Forms {
		if f, ok := directory.FormBySlug(slug); ok {
			p.FormLinks = append(p.FormLinks, newFormRow(f, 0))
		}
	}
	for _, tag := range i.Tags {
		p.Tags = append(p.Tags, tryLink{tag, address("/search", url.Values{paramText: {tag}})})
	}
	p.Has, p.Seeks = phraseLinks(search.ByOffer, i.Offers), phraseLinks(search.ByNeed, i.Needs)
}

// phraseLinks links each offer or need to all who have the same.
func phraseLinks(d search.Dimension, phrases []string) []tryLink {
	var out []tryLink
	for _, phrase := range phrases {
		link := address("/search", url.Values{paramText: {phrase}})
		if key := search.PhraseKey(phrase); key != "" {
			link = address("/search", search.Query{}.With(d, key).Encode())
		}
		out = append(out, tryLink{phrase, link})
	}
	return out
}

// around adds what the store knows of the initiative, and its map.
func (s *Server) around(ctx context.Context, p *initiativePage) error {
	i := p.Initiative
	posts, err := s.store.Posts(ctx, i.ID, fewPosts)
	if err != nil {
		return fmt.Errorf("list news of %s: %w", i.Acct(), err)
	}
	for k := range posts {
		p.Posts = append(p.Posts, s.postView(&posts[k]))
	}
	if err := s.echo(ctx, p.Posts); err != nil {
		return err
	}
	if p.Carried == "" {
		n, err := s.store.CountFollowers(ctx, i.ID)
		if err != nil {
			return fmt.Errorf("count followers of %s: %w", i.Acct(), err)
		}
		if n > 0 {
			p.Followers = templates.Number(n)
		}
		mentions, err := s.store.MentionsOf(ctx, i.ID, fewMentions)
		if err != nil {
			return fmt.Errorf("list who names %s: %w", i.Acct(), err)
		}
		p.Mentions = replyViews(mentions)
	}
	if i.Place.Point == nil {
		return nil
	}
	q := search.Query{Near: i.Place.Point}
	p.Position = q.Encode().Get(paramNear)
	p.Near = address("/search", url.Values{paramNear: {p.Position}, paramRadius: {"10"}})
	p.Map = s.smallMap(i)
	return nil
}

// smallMap shows where one initiative is.
func (s *Server) smallMap(i *directory.Initiative) *drawnMap {
	reach := 0.12 // degrees
	if i.Place.Precision == directory.LargeRegion {
		reach = 1.5
	}
	shape := mapInMargin()
	box := atlas.Padded(directory.Box{
		West: i.Place.Point.Longitude, East: i.Place.Point.Longitude,
		South: i.Place.Point.Latitude, North: i.Place.Point.Latitude,
	}, 0, reach)
	view := atlas.ViewOf(box, shape.width, shape.height)
	x, y := view.At(*i.Place.Point)
	m := s.drawing(view, shape, nil)
	m.Box, m.Here = boxText(box), search.Query{Near: i.Place.Point}.Encode().Get(paramNear)
	m.Pin = fmt.Sprintf("translate(%.0f %.0f) scale(%v)", x, y, shape.detail)
	m.Name = "Map of where " + i.Name + " is"
	m.Tiles = "/tiles/{z}/{x}/{y}.json"
	m.Area = "/search"
	return &m
}

// facts are the few words under the first lines.
func facts(i *directory.Initiative) []string {
	var out []string
	if text := roleText(i.Role); text != "" {
		out = append(out, text)
	}
	if text, ok := wording()[string(i.Status)]; ok {
		out = append(out, text)
	}
	if i.Founded != "" {
		out = append(out, "since "+foundedText(i.Founded))
	}
	return append(out, "updated "+i.Updated.Format("2 January 2006"))
}

// roleText says what an initiative does for a commons.
func roleText(r directory.Role) string {
	return map[directory.Role]string{
		directory.Community: "Tended by its community", directory.Livelihood: "A livelihood around a commons",
		directory.Infrastructure: "Helps others cooperate", directory.PartnerInstitution: "A public partner",
	}[r]
}

func foundedText(s string) string {
	for layout, shown := range map[string]string{"2006-01-02": "2 January 2006", "2006-01": "January 2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(shown)
		}
	}
	return s
}

func linkRows(links []directory.Link) []linkRow {
	var out []linkRow
	for _, l := range links {
		if directory.ValidateURL("link", l.URL) != nil {
			continue
		}
		text := strings.TrimPrefix(strings.TrimPrefix(l.URL, "https://"), "http://")
		text = strings.TrimSuffix(strings.TrimPrefix(text, "www."), "/")
		name := l.Name
		if name == "" {
			name = "Website"
		}
		out = append(out, linkRow{name, l.URL, shorten(text, 60)})
	}
	return out
}

func addressLines(p directory.Place) []string {
	lines := []string{p.Name}
	lines = append(lines, strings.Split(p.Address, "\n")...)
	lines = append(lines, joined(" ", p.Postcode, p.Locality), p.Region, countryName(p.Country))
	var out []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line != "" && (len(out) == 0 || out[len(out)-1] != line) {
			out = append(out, line)
		}
	}
	return out
}
