package main_test

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newCityWithLibrary returns a city that does not run, with one initiative.
func newCityWithLibrary(t testing.TB) *city {
	t.Helper()
	c := newCity(t, "events", onSQLite)
	c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library", "--locality", "Ghent", "--country", "BE")
	return c
}

// drawn writes a small picture and returns its path.
func drawn(t testing.TB) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 12, 8))
	m.Set(1, 1, color.NRGBA{200, 0, 0, 255})
	path := filepath.Join(t.TempDir(), "logo.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEvent: an event is on its page, at the initiative's place unless another
// one is given, and can be moved and called off.
func TestEvent(t *testing.T) {
	c := newCityWithLibrary(t).start()
	id := strings.TrimSpace(c.do("event", "tool_library", "--name", "Sharpening day", "--start", "2026-12-05 14:00",
		"--end", "2026-12-05T17:00", "--timezone", "Europe/Brussels", "--text", "Bring knives."))
	path := strings.TrimPrefix(id, "http://"+c.host)
	if err := c.shows(path, "Sharpening day", "2026-12-05, 14:00–17:00 (Europe/Brussels)", "Ghent", "Bring knives.", "ToolLibrary"); err != nil {
		t.Error(err)
	}
	c.do("event", "edit", id, "--timezone", "America/New_York", "--status", "cancelled", "--place", "The old mill")
	if err := c.shows(path, "2026-12-05, 14:00–17:00 (America/New_York)", "Cancelled", "The old mill"); err != nil {
		t.Error(err)
	}
	c.do("post", "pin", id)
	if err := c.shows("/initiatives/tool_library", "Sharpening day", "pinned"); err != nil {
		t.Error(err)
	}
	c.do("post", "unpin", id)
	c.do("post", "delete", id)
	c.try("event", "edit", id, "--name", "Again").wants(t, 1, "was withdrawn")
	c.try("post", "pin", id).wants(t, 1, "was withdrawn")
}

func TestEventRefused(t *testing.T) {
	c := newCityWithLibrary(t)
	flags := []string{"--name", "Day", "--timezone", "Europe/Brussels", "--start", "2026-12-05 14:00"}
	for _, tt := range []struct {
		code int
		want string
		more []string
	}{
		{1, `--timezone: "Mars" is not a time zone`, []string{"--timezone", "Mars"}},
		{1, `--start: "tomorrow" is not a date`, []string{"--start", "tomorrow"}},
		{1, "end: is not after the start", []string{"--end", "2026-12-05 14:00"}},
		{1, "name: is missing", []string{"--name", " "}},
		{1, "online", []string{"--online", "javascript:x"}},
		{1, `"maybe" is not one of`, []string{"--status", "maybe"}},
		{1, `--country: "Nowhere" is not a country`, []string{"--country", "Nowhere"}},
		{2, "--focus is given 1 times for 0 pictures", []string{"--focus", "0,0"}},
	} {
		c.try(slices.Concat([]string{"event", "tool_library"}, flags, tt.more)...).wants(t, tt.code, tt.want)
	}
	c.try(slices.Concat([]string{"event", "nobody"}, flags)...).wants(t, 1, "initiative nobody")
	c.try("event", "tool_library", "--name", "Day", "--start", "2026-12-05 14:00").wants(t, 2, "--start needs --timezone")
	news := strings.TrimSpace(c.do("post", "tool_library", "News"))
	c.try("event", "edit", news, "--name", "Day").wants(t, 1, "is not an event")
}

// TestLogo: an initiative has the picture that it is given, and keeps it when
// only its text changes.
func TestLogo(t *testing.T) {
	c := newCityWithLibrary(t)
	image := func() (got struct{ URL, Alt string }) {
		var i struct{ Image *struct{ URL, Alt string } }
		if err := json.Unmarshal([]byte(c.do("initiative", "show", "tool_library")), &i); err != nil {
			t.Fatal(err)
		}
		if i.Image != nil {
			got = *i.Image
		}
		return got
	}
	c.do("initiative", "edit", "tool_library", "--image", drawn(t), "--image-alt", "A saw")
	first := image()
	if !strings.HasPrefix(first.URL, "http://"+c.host+"/media/") || !strings.HasSuffix(first.URL, ".png") || first.Alt != "A saw" {
		t.Errorf("got %+v", first)
	}
	c.do("initiative", "edit", "tool_library", "--image-alt", "A red saw")
	if got := image(); got.URL != first.URL || got.Alt != "A red saw" {
		t.Errorf("got %+v", got)
	}
	svg := write(t, "logo.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4" fill="red"/></svg>`)
	c.do("initiative", "edit", "tool_library", "--image", svg, "--image-alt", "A dot")
	if got := image(); !strings.HasSuffix(got.URL, ".png") || got.Alt != "A dot" {
		t.Errorf("a drawing: got %+v", got)
	}
	svg = write(t, "logo.svg", `<svg xmlns="http://www.w3.org/2000/svg"><text>Tools</text></svg>`)
	c.try("initiative", "edit", "tool_library", "--image", svg).wants(t, 1, "logo.svg", "SVG drawing that has <text>", "save it as PNG")
	c.do("initiative", "edit", "tool_library", "--image", "")
	if got := image(); got.URL != "" {
		t.Errorf("got %+v", got)
	}
}

// TestPostEdit: what is given of a post changes, and the rest stays.
func TestPostEdit(t *testing.T) {
	c := newCityWithLibrary(t).start()
	picture := drawn(t)
	id := strings.TrimSpace(c.do("post", "tool_library", "New saws.", "--image", picture, "--alt", "Saws"))
	path := strings.TrimPrefix(id, "http://"+c.host)
	has := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if err := c.contains(path, text); err != nil {
				t.Error(err)
			}
		}
	}
	c.do("post", "edit", id+"/", "Nouvelles scies.", "--language", "fr") // as a browser may show the address
	has(`"contentMap":{"fr":"<p>Nouvelles scies.`, `"summary":"Saws"`)
	c.do("post", "edit", id, "--alt", "Deux scies", "--focus", "0.5,-1")
	has("Nouvelles scies.", `"fr"`, `"summary":"Deux scies"`, `"focalPoint":[0.5,-1]`)
	c.do("post", "edit", id, "--image", picture, "--image", drawn(t), "--alt", "Une scie", "--alt", "La même")
	has("Nouvelles scies.", `"summary":"Une scie"`, `"summary":"La même"`)
	c.try("post", "edit", id, "--alt", "1", "--alt", "2", "--alt", "3").wants(t, 2, "--alt is given 3 times for 2 pictures")
	c.try("post", "edit", id, "--focus", "9,9").wants(t, 1, "focus: 9,9 is outside the picture")
	c.try("post", "edit", id, "--language", "Deutsch").wants(t, 1, `language: "Deutsch" is not a language tag such as nl or pt-BR`)
	c.try("post", "edit", id).wants(t, 2, "nothing to change")
	c.do("post", "edit", id, "--image", "")
	if err := c.contains(path, `"attachment"`); err == nil {
		t.Error("the pictures are still there")
	}
	c.try("initiative", "edit", "tool_library", "--languages", "nl,Deutsch").wants(t, 1, `--languages: "Deutsch" is not`)
}

// TestMentionedNotFound: who writes a post hears whom it does not reach.
func TestMentionedNotFound(t *testing.T) {
	c := newCityWithLibrary(t).start()
	nobody := "@nobody@" + c.host
	r := c.try("post", "tool_library", "Thanks @tool_library@"+c.host+", "+nobody+" and @x@127.0.0.1:1.")
	r.wants(t, 0, nobody+" is not told of it: there is no initiative nobody here", "@x@127.0.0.1:1 is not told of it: look up x@127.0.0.1:1")
	if strings.Contains(r.stderr, "@tool_library") {
		t.Errorf("of who is there it says %s", r.stderr)
	}
	id := strings.Fields(r.stdout)[0]
	c.try("post", "edit", id, "Thanks to "+nobody).wants(t, 0, nobody+" is not told of it")
	if r := c.try("post", "edit", id, "--language", "nl"); r.code != 0 || r.stderr != "" {
		t.Errorf("where nobody new is named: %d %s", r.code, r.stderr)
	}
}

// TestPostOfOneCalledEdit: a handle may be what a command is called.
func TestPostOfOneCalledEdit(t *testing.T) {
	c := newCityWithLibrary(t)
	c.do("initiative", "add", "--name", "Edit", "--form", "tool-library", "--handle", "edit")
	for _, handle := range []string{"@edit", "@edit@" + c.host, "edit@" + c.host} {
		if id := c.do("post", handle, "Hello"); !strings.Contains(id, "/initiatives/edit/posts/") {
			t.Errorf("%s posted %s", handle, id)
		}
	}
	c.try("post", "edit", "Hello").wants(t, 1, `URL: "Hello" is not the address of a post`, "@edit")
	c.try("post", "@tool_library@elsewhere.example", "Hello").wants(t, 1, "initiative @tool_library@elsewhere.example")
}

func TestFocus(t *testing.T) {
	c := newCityWithLibrary(t)
	picture := drawn(t)
	c.do("post", "tool_library", "x", "--image", picture, "--focus", "0.5,-1")
	c.try("post", "tool_library", "x", "--image", picture, "--focus", "2,0").wants(t, 1, "focus: 2,0 is outside the picture")
	c.try("post", "tool_library", "x", "--image", picture, "--focus", "NaN,0").wants(t, 1, "focus")
	c.try("post", "tool_library", "x", "--image", picture, "--focus", "left").wants(t, 1, `--focus: "left" is not X,Y`)
}
