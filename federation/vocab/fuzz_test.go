package vocab_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/federation/vocab"
)

// seed adds the golden documents and some crooked ones.
func seed(f *testing.F) {
	f.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		doc, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	for _, doc := range []string{
		"", "{", `{"`, `{"\`, `"`, "[]", " {} ", `{"type":[]}`, `{"type":[[]],"id":{"id":{"href":[{}]}}}`, `{"":"","":""}`,
		`{"type":"Follow","actor":[[["https://a.example"]]],"object":[null,1,true,"",{},[]]}`, mastodonActor,
		`{"type":"Organization","id":"https://a.example/1","preferredUsername":"A","name":"\ud800","summary":"<","location":[[]]}`,
		`{"type":"Collection","first":[{"type":"CollectionPage","items":{}}],"totalItems":1e999}`,
		"{\"type\":\"Note\",\"id\":\"https://a.example/\xff\",\"attributedTo\":\"\\u0000\",\"contentMap\":{\"\":\"x\"}}",
	} {
		f.Add([]byte(doc))
	}
}

func FuzzParseActivity(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := vocab.ParseActivity(raw)
		if err != nil {
			return
		}
		if a.Type == "" || len(a.Objects) > 100 || len(a.To) > 1000 || len(a.ID) > 2048 {
			t.Errorf("out of bounds: %+v", a)
		}
		for _, o := range a.Objects {
			if o.Raw != nil && !json.Valid(o.Raw) {
				t.Errorf("the embedded object is cut wrongly: %s", o.Raw)
			}
		}
		if !json.Valid(raw) {
			t.Errorf("read what is not JSON: %s", raw)
		}
	})
}

func FuzzParseActor(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := vocab.ParseActor(raw)
		if err != nil {
			return
		}
		if a.ID == "" || utf8.RuneCountInString(a.Name) > 2048 || utf8.RuneCountInString(a.Summary) > 20480 || len(a.Keys) > 10 {
			t.Errorf("out of bounds: %+v", a)
		}
		if a.Check() == nil && (a.Inbox == "" || !a.ActivityStreams) {
			t.Errorf("believed: %s", raw)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if k, err := vocab.ParseKey(raw); err == nil && (k.ID == "" || k.Owner == "" || k.PEM == "") {
			t.Errorf("half a key: %+v", k)
		}
	})
}

func FuzzParseInitiative(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		i, err := vocab.ParseInitiative(raw)
		if err != nil {
			return
		}
		if err := i.Validate(); err != nil || i.ID == "" || i.Origin == "" {
			t.Errorf("%v: %+v", err, i)
		}
		for _, s := range []string{i.Name, i.Summary, i.Description, i.Place.Name} {
			if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 15000 {
				t.Errorf("not a text to store: %q", s)
			}
		}
	})
}

func FuzzParseCollection(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := vocab.ParseCollection(raw)
		if err != nil {
			return
		}
		for _, item := range c.Items {
			if !json.Valid(item) {
				t.Errorf("an item is cut wrongly: %s", item)
			}
			if r, err := vocab.ParseRef(item); err == nil && r.ID == "" && r.Raw == nil {
				t.Errorf("an empty reference: %s", item)
			}
		}
	})
}

func FuzzParseNote(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if n, err := vocab.ParseNote(raw); err == nil && (n.ID == "" || n.Author == "" || len(n.Attachments) > 4) {
			t.Errorf("out of bounds: %+v", n)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-02-01T09:00:00.5+05:30", "2026-02-01T09:00", "0000-01-01T00:00:00Z", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := vocab.ParseTime(s)
		if err != nil {
			return
		}
		again, err := vocab.ParseTime(vocab.Time(parsed))
		if err != nil || !again.Equal(parsed) {
			t.Errorf("ParseTime(%q) = %v, and back %v, %v", s, parsed, again, err)
		}
	})
}
