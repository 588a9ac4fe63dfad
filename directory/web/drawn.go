package web

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
	"codeberg.org/commonage/commonage/templates"
)

// drawnMap is a map as a page shows it: drawn here for everybody, with what the
// map script needs to make it move.
type drawnMap struct {
	atlas.Drawing
	Name      string // what a screen reader says it is
	Font      int    // sizes in the drawing's units
	SmallFont int
	Stroke    int
	Hit       int // radius of what can be pressed
	Marks     []mapMark
	Box       string // west,south,east,north of what it is about
	Here      string // latitude,longitude of what the page is about, or ""
	Pin       string // where that is drawn, as an SVG transform
	Tiles     string // address of the clusters, with {z}, {x} and {y}
	Area      string // address of the search in an area, up to its box
	Coarse    string // address of the base map for far views, "" if not built
	Sheets    string // address of the base map for near views, with {z}, {x} and {y}
	Outside   int    // entries of the answer that are nowhere on the map
	Street    MapTiles
}

// mapMark is a cluster or an entry on a drawn map.
type mapMark struct {
	atlas.Mark
	Text string // the count, short
	Name string // for screen readers and on hovering
	Link string
	ID   string // of the entry
	Icon string // of its kind; "" for none
}

// Left, Top and Size say where the sign of an entry is drawn.
func (m mapMark) Left() int { return m.X - m.Radius }

// Top is its upper edge.
func (m mapMark) Top() int { return m.Y - m.Radius }

// Size is its width and height.
func (m mapMark) Size() int { return 2 * m.Radius }

// mapShape is how large a map is drawn, and how many of its units make a pixel
// on a common screen.
type mapShape struct {
	width, height int
	detail        float64
}

// The shapes of maps: beside the search results, across the first page, in the
// margin of a page.
func mapBesideResults() mapShape { return mapShape{900, 1000, 1.5} }
func mapAcross() mapShape        { return mapShape{1000, 680, 1.3} }
func mapInMargin() mapShape      { return mapShape{640, 480, 1.8} }

// keptMap is a map as it was drawn for a version of the directory.
type keptMap struct {
	drawnMap
	version int64
	made    time.Time
}

// isGood reports whether what was drawn for a version of the directory is still
// shown: until the directory changes, and tileFreshness in any case.
func (s *Server) isGood(drawn, now int64, made time.Time) bool {
	age := s.now().Sub(made)
	return drawn == now || age > 0 && age < tileFreshness
}

// mapOf draws what a search found.
func (s *Server) mapOf(ctx context.Context, a question, found *search.Result, shape mapShape) (drawnMap, error) {
	q := a.Query
	q.Cursor, q.Limit = "", 0
	version, err := s.store.Version(ctx)
	if err != nil {
		return drawnMap{}, fmt.Errorf("draw a map: %w", err)
	}
	made, key := s.now(), fmt.Sprint(shape, a.link(q))
	if kept, ok := s.maps.get(key); ok && s.isGood(kept.version, version, kept.made) && (q.Near == nil || q.Radius > 0) {
		return kept.drawnMap, nil
	}
	box, clusters, zoom, err := s.gather(ctx, q, found.Hits, shape)
	if err != nil {
		return drawnMap{}, fmt.Errorf("draw a map: %w", err)
	}
	view := atlas.ViewOf(box, shape.width, shape.height)
	marks := atlas.Marks(clusters, view, zoom, shape.detail)
	m := s.drawing(view, shape, marks)
	m.Box = boxText(box)
	for _, mark := range marks {
		m.Marks = append(m.Marks, s.mapMark(mark, a))
	}
	if m.Outside, err = s.outside(ctx, q, found.Total); err != nil {
		return drawnMap{}, err
	}
	m.Name = "Map of what was found"
	q.Box = nil
	m.Tiles = address("/tiles/{z}/{x}/{y}.json", q.Encode())
	m.Area = a.link(q)
	s.maps.put(key, keptMap{m, version, made})
	return m, nil
}

// outside counts the hits that have no position.
func (s *Server) outside(ctx context.Context, q search.Query, total int) (int, error) {
	if q.Box != nil || q.Near != nil && q.Radius > 0 {
		return 0, nil
	}
	q.Box = wholeWorld()
	placed, err := s.store.Count(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("count what is on the map: %w", err)
	}
	return max(0, total-placed), nil
}

// drawing draws the base map of a view.
func (s *Server) drawing(view atlas.View, shape mapShape, marks []atlas.Mark) drawnMap {
	units := func(pixels float64) int { return int(math.Round(pixels * shape.detail)) }
	m := drawnMap{
		Drawing: s.atlas.Draw(view, shape.detail, marks),
		Font:    units(13), SmallFont: units(12), Stroke: max(1, units(1)), Hit: units(14),
		Street: s.mapTiles,
	}
	if coarse := s.templates.Assets.Path("land-110m.bin"); coarse != "" {
		m.Coarse = coarse
		m.Sheets = "/map/land/{z}/{x}/{y}.bin?" + landVersion(s.templates)
	}
	return m
}

// landVersion changes with the base map, so that its sheets can be kept.
func landVersion(t *templates.Set) string {
	name := t.Assets.Path("land-10m.bin")
	return strings.TrimSuffix(name[strings.LastIndexByte(name, '-')+1:], ".bin")
}

// mostLooks bounds how often the map looks closer to find a fitting view.
const mostLooks = 6

// gather finds the view that shows everything found, and what to draw in it.
func (s *Server) gather(ctx context.Context, q search.Query, found []search.Hit, shape mapShape) (directory.Box, []search.Cluster, int, error) {
	fixed := fixedBox(q, found)
	box := directory.Box{West: -180, South: -56, East: 180, North: 72}
	switch {
	case fixed != nil:
		box = *fixed
	case q.Near != nil:
		box = directory.BoxAround(*q.Near, q.Radius)
	}
	zoom := clusterZoom(box, shape)
	for range mostLooks {
		q.Box = fixed
		clusters, err := s.store.Clusters(ctx, q, zoom)
		if err != nil {
			return box, nil, 0, fmt.Errorf("gather clusters at zoom %d: %w", zoom, err)
		}
		if fixed == nil {
			box = around(q, clusters, zoom, box)
		}
		closer := clusterZoom(box, shape)
		if closer <= zoom {
			return box, clusters, zoom, nil
		}
		zoom = closer
	}
	clusters, err := s.store.Clusters(ctx, q, zoom)
	if err != nil {
		return box, nil, 0, fmt.Errorf("gather clusters at zoom %d: %w", zoom, err)
	}
	return box, clusters, zoom, nil
}

// fixedBox returns what the search itself says of where to look, or nil. A search
// at any distance looks at the closest hits.
func fixedBox(q search.Query, found []search.Hit) *directory.Box {
	if q.Box != nil || q.Near == nil || q.Radius > 0 {
		return q.Box
	}
	points := []directory.Point{*q.Near}
	for _, hit := range found {
		if hit.Initiative.Place.Point != nil {
			points = append(points, *hit.Initiative.Place.Point)
		}
	}
	box := atlas.Padded(*atlas.Bounds(points), 0.1, 0.05)
	return &box
}

// around returns the box around the clusters, and around the place that the
// search is near; the box before if there are no clusters.
func around(q search.Query, clusters []search.Cluster, zoom int, before directory.Box) directory.Box {
	if q.Near != nil {
		points := append(corners(clusters, zoom), *q.Near)
		if len(points) == 1 {
			return before
		}
		return atlas.Padded(*atlas.Bounds(points), 0.15, 0.05)
	}
	if extent := extent(clusters, zoom); extent != nil {
		return atlas.Padded(*extent, 0.05, 0.01)
	}
	return before
}

// clusterZoom returns the zoom to make clusters for: cells of some 60 pixels,
// so that their circles have room.
func clusterZoom(box directory.Box, shape mapShape) int {
	view := atlas.ViewOf(box, int(float64(shape.width)/shape.detail), int(float64(shape.height)/shape.detail))
	return max(0, int(math.Floor(view.Zoom))-1)
}

// extent returns the box around the clusters' cells, nil without clusters. Where
// nearly all lies close together, it leaves the few that are far away out: they
// are a zoom away, while a map of the world would show one heap.
func extent(clusters []search.Cluster, zoom int) *directory.Box {
	whole := atlas.Bounds(corners(clusters, zoom))
	core := atlas.Bounds(corners(atlas.Core(clusters), zoom))
	if whole == nil || core == nil {
		return whole
	}
	if width(*core) < width(*whole)*closeTogether && core.North-core.South < 2*(whole.North-whole.South)*closeTogether {
		return core
	}
	return whole
}

// closeTogether is the share of the whole width that "close together" means.
const closeTogether = 0.5

func width(b directory.Box) float64 {
	if b.East < b.West {
		return b.East - b.West + 360
	}
	return b.East - b.West
}

func corners(clusters []search.Cluster, zoom int) []directory.Point {
	var points []directory.Point
	for _, c := range clusters {
		if c.Count == 1 {
			points = append(points, c.Point)
			continue
		}
		cell := atlas.CellBox(c.Point, zoom)
		points = append(points, directory.Point{Latitude: cell.South, Longitude: cell.West},
			directory.Point{Latitude: cell.North, Longitude: cell.East})
	}
	return points
}

func (s *Server) mapMark(m atlas.Mark, a question) mapMark {
	out := mapMark{Mark: m}
	if m.Entry != nil {
		out.ID, out.Name, out.Link = m.Entry.ID, m.Entry.Name, s.entryPath(m.Entry)
		if m.Entry.Kind != "" {
			out.Icon = "kind-" + string(m.Entry.Kind)
		}
		return out
	}
	out.Text = shortCount(m.Count)
	out.Name = templates.Plural(m.Count, "initiative", "initiatives") + ", look closer"
	q := a.Query
	q.Box, q.Cursor = &m.Box, ""
	out.Link = a.link(q)
	return out
}

// shortCount writes a count in at most four characters.
func shortCount(n int) string {
	switch {
	case n >= 100_000:
		return strconv.Itoa(n/1000) + "k"
	case n >= 10_000:
		return fmt.Sprintf("%.0fk", float64(n)/1000)
	case n >= 1000:
		return strings.Replace(fmt.Sprintf("%.1fk", float64(n)/1000), ".0k", "k", 1)
	}
	return strconv.Itoa(n)
}

func boxText(b directory.Box) string {
	q := search.Query{Box: &directory.Box{West: round(b.West), South: round(b.South), East: round(b.East), North: round(b.North)}}
	return q.Encode().Get("bbox")
}

// round keeps some ten metres.
func round(degrees float64) float64 { return math.Round(degrees*1e4) / 1e4 }

// entryPath returns the page of an entry on this instance.
func (s *Server) entryPath(i *directory.Initiative) string {
	if i.Origin == s.instance.Host {
		return "/initiatives/" + url.PathEscape(i.Handle)
	}
	return "/initiatives/" + url.PathEscape(i.Handle) + "@" + i.Origin
}

func wholeWorld() *directory.Box { return &directory.Box{West: -180, South: -90, East: 180, North: 90} }
