package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The scripts and the base map are there once `npm run build` has run in
// assets; the rest always is.
//
//go:embed assets/*.css assets/*.svg assets/cities.csv all:assets/dist
var assetFiles embed.FS

// Assets are the files that pages link to. Each has an address that changes
// with its content, so that browsers may keep it for ever.
type Assets struct {
	byName map[string]*asset // "site.css"
	byPath map[string]*asset // "/assets/site-0123abcd.css"
	icons  map[string]bool   // ids of the symbols in icons.svg
}

type asset struct {
	path      string
	mediaType string
	etag      string
	body      []byte
	packed    []byte // gzip; nil where that saves little
}

// AssetPrefix is where assets are served.
const AssetPrefix = "/assets/"

func newAssets() (*Assets, error) {
	a := &Assets{byName: map[string]*asset{}, byPath: map[string]*asset{}, icons: map[string]bool{}}
	for _, pattern := range []string{"assets/*.css", "assets/*.svg", "assets/dist/*.js", "assets/dist/*.bin"} {
		files, err := fs.Glob(assetFiles, pattern)
		if err != nil {
			return nil, fmt.Errorf("list assets %s: %w", pattern, err)
		}
		for _, file := range files {
			if err := a.add(file); err != nil {
				return nil, err
			}
		}
	}
	symbol := regexp.MustCompile(`<symbol id="([a-z0-9-]+)"`)
	if icons, ok := a.byName["icons.svg"]; ok {
		for _, match := range symbol.FindAllSubmatch(icons.body, -1) {
			a.icons[string(match[1])] = true
		}
	}
	return a, nil
}

func (a *Assets) add(file string) error {
	body, err := assetFiles.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read asset %s: %w", file, err)
	}
	packed, err := pack(body)
	if err != nil {
		return fmt.Errorf("pack asset %s: %w", file, err)
	}
	name := path.Base(file)
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:5])
	extension := path.Ext(name)
	f := &asset{
		path: AssetPrefix + strings.TrimSuffix(name, extension) + "-" + hash + extension,
		etag: strconv.Quote(hash), mediaType: mediaType(extension), body: body, packed: packed,
	}
	a.byName[name], a.byPath[f.path] = f, f
	return nil
}

func mediaType(extension string) string {
	switch extension {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

func pack(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("start gzip: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end gzip: %w", err)
	}
	if b.Len() > len(body)*9/10 {
		return nil, nil
	}
	return b.Bytes(), nil
}

// Path returns the address of a file by its name, or "" if it was not built.
func (a *Assets) Path(name string) string {
	if f, ok := a.byName[name]; ok {
		return f.path
	}
	return ""
}

// Icon returns the sign with the id from icons.svg, drawn in the colour of the
// text around it and silent to screen readers; nothing if there is no such sign.
func (a *Assets) Icon(id string) template.HTML {
	if !a.icons[id] {
		return ""
	}
	class := "icon"
	if kind, ok := strings.CutPrefix(id, "kind-"); ok {
		class = "kind " + kind
	}
	// The id is one of ours and the path is made above: nothing to escape.
	return template.HTML(`<svg class="` + class + `" aria-hidden="true" viewBox="0 0 24 24"><use href="` + //nolint:gosec // as said
		a.Path("icons.svg") + `#` + id + `"/></svg>`)
}

// Dist returns the built files: scripts and the base map.
func (a *Assets) Dist() (fs.FS, error) {
	dist, err := fs.Sub(assetFiles, "assets/dist")
	if err != nil {
		return nil, fmt.Errorf("open built assets: %w", err)
	}
	return dist, nil
}

// Cities returns the table of cities: rank, name, latitude, longitude.
func (a *Assets) Cities() ([]byte, error) {
	cities, err := assetFiles.ReadFile("assets/cities.csv")
	if err != nil {
		return nil, fmt.Errorf("read cities: %w", err)
	}
	return cities, nil
}

// Favicon returns the sign of the site as SVG.
func (a *Assets) Favicon() []byte { return a.byName["favicon.svg"].body }

// ServeHTTP serves the assets under AssetPrefix.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", f.etag)
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.packed
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:errcheck // the reader went away
	}
}
