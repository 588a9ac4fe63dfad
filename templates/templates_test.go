package templates_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/templates"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 3127: "3,127", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := templates.Number(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	if got, want := templates.Plural(1, "entry", "entries"), "1 entry"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := templates.Plural(0, "entry", "entries"), "0 entries"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRenderWritesNothingOnAnError(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(set.Pages(), "none") {
		var out strings.Builder
		if err := set.Render(&out, page, struct{ Nothing int }{}); err == nil {
			t.Errorf("%s: rendered without its data", page)
		}
		if out.Len() > 0 {
			t.Errorf("%s: wrote %d bytes and failed", page, out.Len())
		}
	}
}

func TestAssets(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"site.css", "map.css", "icons.svg", "favicon.svg"} {
		answer := fetch(t, set.Assets, set.Assets.Path(name), nil)
		if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d with Cache-Control %q", name, answer.StatusCode, answer.Header.Get("Cache-Control"))
		}
		again := fetch(t, set.Assets, set.Assets.Path(name), map[string]string{"If-None-Match": answer.Header.Get("ETag")})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its ETag: got %d, want 304", name, again.StatusCode)
		}
	}
	if got := set.Assets.Path("none.css"); got != "" {
		t.Errorf("the path of nothing: got %q", got)
	}
	if answer := fetch(t, set.Assets, "/assets/site.css", nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("without its hash: got %d, want 404", answer.StatusCode)
	}
}

// TestWeight keeps the style sheets light: every page loads them.
func TestWeight(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int64{"site.css": 12 << 10, "map.css": 6 << 10, "icons.svg": 12 << 10, "map.js": 80 << 10, "site.js": 4 << 10} {
		path := set.Assets.Path(name)
		if path == "" {
			t.Logf("%s was not built", name)
			continue
		}
		answer := fetch(t, set.Assets, path, map[string]string{"Accept-Encoding": "gzip"})
		if answer.Size > limit {
			t.Errorf("%s: %d bytes compressed, %d are allowed", name, answer.Size, limit)
		}
	}
}

func TestIcons(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Assets.Icon("kind-urban"); !strings.Contains(string(got), `class="kind urban"`) {
		t.Errorf("icon of a kind: got %q", got)
	}
	if got := set.Assets.Icon(`"><script>`); got != "" {
		t.Errorf("icon of nothing: got %q", got)
	}
}

// reply is an answer, read whole.
type reply struct {
	StatusCode int
	Header     http.Header
	Size       int64
}

func fetch(t *testing.T, h http.Handler, path string, header map[string]string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), int64(w.Body.Len())}
}
