package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/web/atlas"
)

// spotData is a cluster or an entry in a tile.
type spotData struct {
	Latitude  float64                `json:"lat"`
	Longitude float64                `json:"lon"`
	Count     int                    `json:"n"`
	Kinds     map[directory.Kind]int `json:"kinds,omitempty"` // of the entries of a cluster
	ID        string                 `json:"id,omitempty"`
	Name      string                 `json:"name,omitempty"`
	Link      string                 `json:"link,omitempty"`
	Kind      directory.Kind         `json:"kind,omitempty"`
	Form      string                 `json:"form,omitempty"`
}

// tileFormat is a way to write a tile.
type tileFormat struct {
	contentType string
	write       func(search.Tile, []spotData) ([]byte, error)
}

func (s *Server) showTile(w http.ResponseWriter, r *http.Request) error {
	return s.answerTile(w, r, tileFormat{"application/json", func(_ search.Tile, spots []spotData) ([]byte, error) {
		return json.Marshal(spots)
	}})
}

func (s *Server) showVectorTile(w http.ResponseWriter, r *http.Request) error {
	return s.answerTile(w, r, tileFormat{"application/vnd.mapbox-vector-tile", writeVectorTile})
}

// writtenTile is a tile as it is sent.
type writtenTile struct {
	body    []byte
	tag     string // the ETag: it changes when the tile does, not with every change of the directory
	version int64  // of the directory
	made    time.Time
}

// Tiles and drawn maps are kept while the directory stays as it is, and this long
// in any case: under a steady stream of changes none would be used twice otherwise.
const tileFreshness = 3 * time.Second

// mostTiles bounds the tiles kept in memory. One has some kilobytes.
const mostTiles = 1000

func (s *Server) answerTile(w http.ResponseWriter, r *http.Request, f tileFormat) error {
	t, err := tile(r)
	if err != nil {
		return err
	}
	values, err := parametersOf(r)
	if err != nil {
		return err
	}
	q, err := search.Parse(values)
	if err != nil {
		return fmt.Errorf("read the search: %w", err)
	}
	written, err := s.writtenTile(r.Context(), t, q, f)
	if err != nil {
		return fmt.Errorf("draw a tile: %w", err)
	}
	h := w.Header()
	h.Set("ETag", written.tag)
	h.Set("Cache-Control", "public, max-age=10, stale-while-revalidate=300")
	if strings.Contains(r.Header.Get("If-None-Match"), written.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", f.contentType)
	_, _ = w.Write(written.body) //nolint:errcheck // the reader went away
	return nil
}

// writtenTile returns a tile, from memory if it is still good.
func (s *Server) writtenTile(ctx context.Context, t search.Tile, q search.Query, f tileFormat) (*writtenTile, error) {
	q.Box, q.Limit, q.Cursor = nil, 0, "" // a tile has its own
	key := fmt.Sprint(f.contentType, t, q.Encode().Encode())
	kept, ok := s.tiles.get(key)
	if ok && s.isGood(kept.version, -1, kept.made) {
		return kept, nil
	}
	version, err := s.store.Version(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says what for
	}
	if ok && s.isGood(kept.version, version, kept.made) {
		return kept, nil
	}
	made := s.now()
	clusters, err := s.store.Tile(ctx, q, t)
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	spots := make([]spotData, len(clusters))
	for k, c := range clusters {
		spots[k] = s.spot(c)
	}
	body, err := f.write(t, spots)
	if err != nil {
		return nil, fmt.Errorf("write as %s: %w", f.contentType, err)
	}
	sum := sha256.Sum256(body)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	written := &writtenTile{body, tag, version, made}
	s.tiles.put(key, written)
	return written, nil
}

// writeVectorTile writes a tile for anybody's map: Mapbox Vector Tile 2.1, one
// layer of points. A cluster has n, the number of its entries, and one of each
// kind under that kind's name; an entry has what its popup may show.
func writeVectorTile(t search.Tile, spots []spotData) ([]byte, error) {
	features := geojson.NewFeatureCollection()
	for _, spot := range spots {
		feature := geojson.NewFeature(orb.Point{spot.Longitude, spot.Latitude})
		feature.Properties["n"] = spot.Count
		if spot.Count > 1 {
			for kind, n := range spot.Kinds {
				feature.Properties[string(kind)] = n
			}
		} else {
			maps.Copy(feature.Properties, geojson.Properties{
				"id": spot.ID, "name": spot.Name, "link": spot.Link, "kind": string(spot.Kind), "form": spot.Form,
			})
		}
		features.Append(feature)
	}
	layer := mvt.NewLayer(vectorLayer, features)
	layer.ProjectToTile(maptile.New(uint32(t.X), uint32(t.Y), maptile.Zoom(t.Z))) //nolint:gosec // a valid tile
	return mvt.Marshal(mvt.Layers{layer})                                         //nolint:wrapcheck // the caller says what for
}

// vectorLayer is the name of the layer that vector tiles have.
const vectorLayer = "initiatives"

func (s *Server) spot(c search.Cluster) spotData {
	d := spotData{Latitude: fine(c.Point.Latitude), Longitude: fine(c.Point.Longitude), Count: c.Count}
	if i := c.Entry; i != nil {
		d.ID, d.Name, d.Link, d.Kind, d.Form = i.ID, i.Name, s.entryPath(i), i.Kind, formName(i.MainForm())
		return d
	}
	for kind, n := range c.Kinds {
		if kind == "" {
			continue // n less the others tells
		}
		if d.Kinds == nil {
			d.Kinds = map[directory.Kind]int{}
		}
		d.Kinds[kind] = n
	}
	return d
}

// fine keeps about one metre.
func fine(degrees float64) float64 { return math.Round(degrees*1e5) / 1e5 }

func tile(r *http.Request) (search.Tile, error) {
	var numbers [3]int
	for k, name := range []string{"z", "x", "y"} {
		n, err := strconv.Atoi(chi.URLParam(r, name))
		if err != nil {
			return search.Tile{}, fmt.Errorf("tile %s: %w", r.URL.Path, directory.ErrNotFound)
		}
		numbers[k] = n
	}
	t := search.Tile{Z: numbers[0], X: numbers[1], Y: numbers[2]}
	if !t.Valid() {
		return t, fmt.Errorf("tile %s: %w", r.URL.Path, directory.ErrNotFound)
	}
	return t, nil
}

// Extents of sheets of the base map: about 2 m to 150 m, as the data has it.
const (
	sheetExtent = 1 << 18
	sheetMargin = 1.0 / 256 // of a sheet, so that neighbours overlap
)

// showLand serves a part of the base map in the format of templates/assets.
func (s *Server) showLand(w http.ResponseWriter, r *http.Request) error {
	t, err := tile(r)
	if err != nil {
		return err
	}
	cells := math.Exp2(float64(t.Z))
	left, top := float64(t.X)/cells, float64(t.Y)/cells
	margin := sheetMargin / cells
	sheet := s.atlas.Land(float64(t.Z)).Sheet(atlas.Area{
		Left: left - margin, Top: top - margin, Right: left + 1/cells + margin, Bottom: top + 1/cells + margin,
	})
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(sheet.Write(sheetExtent)) //nolint:errcheck // the reader went away
	return nil
}
