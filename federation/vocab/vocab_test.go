package vocab_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a document with testdata/NAME, JSON indented for reading.
func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	if filepath.Ext(name) == ".json" {
		var out bytes.Buffer
		if err := json.Indent(&out, got, "", "  "); err != nil {
			t.Fatalf("%s is not JSON: %v\n%s", name, err, got)
		}
		out.WriteByte('\n')
		got = out.Bytes()
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// must returns the document, or ends the test.
func must(t testing.TB) func(json.RawMessage, error) json.RawMessage {
	return func(doc json.RawMessage, err error) json.RawMessage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
}

// decode reads a document as plain JSON.
func decode(t testing.TB, doc []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return m
}

func ghent() directory.Instance {
	return directory.Instance{
		Host: "ghent.example", Scheme: "https", Name: "Commons of Ghent",
		Description: "What people in Ghent look after together.", Language: "en",
		Locality: "Ghent", Country: "BE", Point: &directory.Point{Latitude: 51.0543, Longitude: 3.7174},
	}
}

func profile() vocab.Profile {
	return vocab.Profile{
		Keys: vocab.PublicKeys{
			PEM:       "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
			Multibase: "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		},
		Published: date(1, 0), Updated: date(2, 123456),
	}
}

// date returns a day of January 2026 with some microseconds.
func date(day, micro int) time.Time {
	return time.Date(2026, 1, day, 9, 30, 0, micro*1000, time.UTC)
}

// cafe is an initiative with every field filled.
func cafe() *directory.Initiative {
	return &directory.Initiative{
		ID: "https://ghent.example/initiatives/cafe_umit", Handle: "cafe_umit", Origin: "ghent.example",
		Name: "Café Ümit", Summary: "Neighbours mend things & drink <strong> coffee.",
		Description: "Every *first* Saturday.\n\n- lamps\n- bicycles\n",
		Languages:   []string{"nl", "tr", "en"}, Forms: []string{"repair-cafe", "tool-library"},
		Kind: directory.Urban, Role: directory.Community,
		Currents: []directory.Current{directory.Care, directory.Share},
		Scope:    directory.Local, Status: directory.Active, Founded: "2016-05",
		Tags: []string{"repair café", "second hand", "кооператив"},
		Place: directory.Place{
			Name: "De Koer", Address: "Meibloemstraat 86\nyard at the back", Postcode: "9000", Locality: "Gent",
			Region: "Oost-Vlaanderen", Country: "BE", Precision: directory.Exact,
			Point: &directory.Point{Latitude: 51.065, Longitude: 3.7119},
		},
		Links: []directory.Link{
			{Name: "Website", URL: "https://umit.example/?a=1&b=\"2\""},
			{Name: "Calendar", URL: "https://umit.example/agenda"},
		},
		Image: &directory.Image{URL: "https://umit.example/logo.png", Alt: "A red lamp", Attribution: "Photo: Ümit"},
		Source: directory.Source{
			Name: "Commons map of Ghent", URL: "https://map.example/e/17", Licence: "CC-BY-4.0",
			Attribution: "Timelab", ExternalID: "17",
		},
		State: directory.Published, Published: date(3, 0), Updated: date(4, 50), Revision: 2,
	}
}

func TestIsPublic(t *testing.T) {
	for _, iri := range []string{"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"} {
		if !vocab.IsPublic(iri) {
			t.Errorf("IsPublic(%q) = false", iri)
		}
	}
	for _, iri := range []string{"", "public", "https://www.w3.org/ns/activitystreams", "https://x.example/#Public"} {
		if vocab.IsPublic(iri) {
			t.Errorf("IsPublic(%q) = true", iri)
		}
	}
}
