package vocab_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/vocab"
)

func post() vocab.Note {
	return vocab.Note{
		ID: umit + "/posts/01J", Author: umit, Language: "nl", Published: date(6, 5),
		Content: `<p>Zaterdag open &amp; gratis <a href="https://ghent.example/forms/repair-cafe" rel="tag">#RepairCafe</a></p>`,
		Tags:    []vocab.Tag{vocab.FormTag(ghent(), "repair-cafe")},
		Attachments: []vocab.Attachment{{
			URL: "https://ghent.example/media/a.jpg", MediaType: "image/jpeg", Alt: "A <red> lamp",
			Width: 1200, Height: 800, Focus: &[2]float64{0.5, -0.25}, Blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
		}},
	}
}

func TestNoteDocuments(t *testing.T) {
	golden(t, "note.json", must(t)(vocab.NoteDocument(post())))
	golden(t, "create.json", must(t)(vocab.Create(envelope("/posts/01J/activity"), post())))
	edited := post()
	edited.Updated = date(7, 0)
	golden(t, "update_note.json", must(t)(vocab.UpdateNote(envelope("/posts/01J#updates/2"), edited)))
}

// PO1: what a post must say to be shown to everybody, in its language.
func TestNoteIsPublic(t *testing.T) {
	n := post()
	n.Updated = n.Published
	create := decode(t, must(t)(vocab.Create(envelope("/posts/01J/activity"), n)))
	note := create["object"].(map[string]any)
	for _, m := range []map[string]any{create, note} {
		if diff := cmp.Diff([]any{vocab.Public}, m["to"]); diff != "" {
			t.Errorf("%v to: %s", m["type"], diff)
		}
		if diff := cmp.Diff([]any{umit + "/followers"}, m["cc"]); diff != "" {
			t.Errorf("%v cc: %s", m["type"], diff)
		}
	}
	if diff := cmp.Diff(map[string]any{"nl": note["content"]}, note["contentMap"]); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]any{
		"attributedTo": umit, "url": umit + "/posts/01J", "published": "2026-01-06T09:30:00.000005Z", "sensitive": false,
	} {
		if note[name] != want {
			t.Errorf("%s = %v, want %v", name, note[name], want)
		}
	}
	if note["updated"] != nil {
		t.Errorf("updated = %v in a post that was not edited", note["updated"])
	}
	want := []any{map[string]any{"type": "Hashtag", "name": "#RepairCafe", "href": "https://ghent.example/forms/repair-cafe"}}
	if diff := cmp.Diff(want, note["tag"]); diff != "" {
		t.Error(diff)
	}
}

// PO3: no more pictures than others keep, each with its text under both names.
func TestNotePictures(t *testing.T) {
	n := post()
	n.Attachments = nil
	for i := range 6 {
		n.Attachments = append(n.Attachments, vocab.Attachment{
			URL: fmt.Sprintf("https://ghent.example/media/%d.webp", i), MediaType: "image/webp", Width: 10, Height: 20, Alt: "Alt",
		})
	}
	list := decode(t, must(t)(vocab.NoteDocument(n)))["attachment"].([]any)
	if len(list) != 4 {
		t.Fatalf("%d attachments, want 4", len(list))
	}
	want := map[string]any{
		"type": "Image", "url": "https://ghent.example/media/0.webp", "mediaType": "image/webp",
		"width": 10.0, "height": 20.0, "name": "Alt", "summary": "Alt",
	}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Error(diff)
	}
}

// PO4: an edit keeps its audience and says when it was made.
func TestNoteEdit(t *testing.T) {
	n := post()
	n.Updated = n.Published.Add(time.Microsecond)
	update := decode(t, must(t)(vocab.UpdateNote(envelope("/posts/01J#updates/2"), n)))
	note := update["object"].(map[string]any)
	if note["updated"] != "2026-01-06T09:30:00.000006Z" {
		t.Errorf("updated = %v", note["updated"])
	}
	if diff := cmp.Diff(note["to"], update["to"]); diff != "" {
		t.Error(diff)
	}
}

func TestNoteComesBack(t *testing.T) {
	want := post()
	want.Updated, want.InReplyTo, want.Summary = date(8, 8), "https://m.example/n/1", "Food"
	got, err := vocab.ParseNote(must(t)(vocab.NoteDocument(want)))
	if err != nil {
		t.Fatal(err)
	}
	want.URL, want.To, want.CC = want.ID, []string{vocab.Public}, []string{umit + "/followers"}
	want.Tags[0].Type = "Hashtag"
	want.Attachments[0].Focus, want.Attachments[0].Blurhash = nil, "" // not read
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseNoteOfMastodon(t *testing.T) {
	got, err := vocab.ParseNote([]byte(`{"id":"https://m.example/n/2","type":"Note","attributedTo":{"id":"https://m.example/u"},
	  "inReplyTo":"` + umit + `/posts/01J","contentMap":{"de":"<p>Toll</p>"},"url":"https://m.example/@u/2","sensitive":true,
	  "published":"2026-01-06T09:30:00Z","to":["as:Public"],"cc":"` + umit + `",
	  "tag":{"type":"Mention","href":"` + umit + `","name":"@cafe_umit@ghent.example"},
	  "attachment":[{"type":"Document","url":[{"type":"Link","href":"https://m.example/f.png"}],"name":"alt"},{"type":"Document"},5]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &vocab.Note{
		ID: "https://m.example/n/2", Author: "https://m.example/u", InReplyTo: umit + "/posts/01J",
		Content: "<p>Toll</p>", Language: "de", URL: "https://m.example/@u/2", Sensitive: true, Published: date(6, 0),
		To: []string{"as:Public"}, CC: []string{umit},
		Tags:        []vocab.Tag{{Type: "Mention", Name: "@cafe_umit@ghent.example", Href: umit}},
		Attachments: []vocab.Attachment{{URL: "https://m.example/f.png", Alt: "alt"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, doc := range []string{
		`{"id":"https://m.example/1","type":"Article","attributedTo":"https://m.example/u"}`,
		`{"type":"Note","attributedTo":"https://m.example/u"}`, `{"id":"https://m.example/1","type":"Note"}`,
	} {
		if n, err := vocab.ParseNote([]byte(doc)); err == nil {
			t.Errorf("ParseNote(%s) = %+v", doc, n)
		}
	}
}

func TestWordTag(t *testing.T) {
	for word, want := range map[string]string{
		"repair": "#repair", "second hand": "#secondHand", "  bike & e-bike ": "#BikeEBike", "кооператив еды": "#кооперативЕды",
		"2026": "", "!": "", "9 euro": "#9Euro", "नदी": "#नदी",
	} {
		if got := vocab.WordTag(ghent(), word).Name; got != want {
			t.Errorf("WordTag(%q) = %q, want %q", word, got, want)
		}
	}
}
