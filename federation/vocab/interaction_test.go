package vocab_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/vocab"
)

func TestNoteTellsWhatCameBack(t *testing.T) {
	const id = "https://ghent.example/initiatives/umit/posts/1"
	doc := must(t)(vocab.NoteDocument(vocab.Note{
		ID: id, Author: "https://ghent.example/initiatives/umit", Published: time.Unix(1, 0),
		Replies: &vocab.Tally{ID: id + "/replies", First: id + "/replies?after=", Total: 2},
		Likes:   &vocab.Tally{Total: 3}, Shares: &vocab.Tally{},
	}))
	var got map[string]json.RawMessage
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"replies": `{"id":"` + id + `/replies","type":"OrderedCollection","first":"` + id + `/replies?after=","totalItems":2}`,
		"likes":   `{"type":"Collection","totalItems":3}`,
		"shares":  `{"type":"Collection","totalItems":0}`,
	} {
		if diff := cmp.Diff(want, string(got[name])); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMovedInitiativeComesBack(t *testing.T) {
	want := cafe()
	want.AlsoKnownAs, want.MovedTo = []string{"https://old.example/a"}, "https://new.example/b"
	got, err := vocab.ParseInitiative(must(t)(vocab.InitiativeActor(ghent(), want, profile())))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.AlsoKnownAs, got.AlsoKnownAs); diff != "" || got.MovedTo != want.MovedTo {
		t.Errorf("moved to %q, known as %s", got.MovedTo, diff)
	}
}

func TestMoveNamesItself(t *testing.T) {
	e := vocab.Envelope{ID: "https://a.example/x#move", Actor: "https://a.example/x"}
	a, err := vocab.ParseActivity(must(t)(vocab.Move(e, "https://b.example/y")))
	if err != nil {
		t.Fatal(err)
	}
	if a.Type != "Move" || a.Actor != e.Actor || a.Object.ID != e.Actor || a.Target != "https://b.example/y" {
		t.Errorf("got %s", a.Raw)
	}
	if _, err := vocab.Move(e, ""); err == nil {
		t.Error("a Move without a target was written")
	}
}
