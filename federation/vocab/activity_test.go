package vocab_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	umit     = "https://ghent.example/initiatives/cafe_umit"
	listing  = "https://ghent.example/directory"
	listed   = "https://ghent.example/directory/initiatives"
	follower = "https://m.example/users/ünal|1" // an id that a URL parser would escape
	followed = `{"@context":"https://www.w3.org/ns/activitystreams","id":"https://m.example/7b0c","type":"Follow",` +
		`"actor":"https://m.example/users/ünal|1","object":"` + umit + `"}`
)

func envelope(id string) vocab.Envelope { return vocab.Envelope{ID: umit + id, Actor: umit} }

func TestActivityDocuments(t *testing.T) {
	directory := vocab.Envelope{ID: listing + "/log/7", Actor: listing, To: []string{vocab.Public}, CC: []string{listing + "/followers"}, Published: date(5, 7)}
	reply := envelope("#accepts/1")
	reply.To = []string{follower}
	gone := envelope("#delete")
	gone.To = []string{vocab.Public}
	entry := must(t)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	for name, doc := range map[string]json.RawMessage{
		"follow":       must(t)(vocab.Follow(envelope("#follows/1"), follower)),
		"accept":       must(t)(vocab.Accept(reply, []byte(followed))),
		"reject":       must(t)(vocab.Reject(reply, []byte(followed))),
		"undo":         must(t)(vocab.Undo(envelope("#follows/1/undo"), must(t)(vocab.Follow(envelope("#follows/1"), follower)))),
		"delete_note":  must(t)(vocab.DeleteNote(gone, umit+"/posts/1")),
		"delete_actor": must(t)(vocab.DeleteActor(gone)),
		"add":          must(t)(vocab.Add(directory, entry, listed)),
		"update_actor": must(t)(vocab.UpdateActor(envelope("#updates/2"), entry)),
		"remove":       must(t)(vocab.Remove(directory, umit, listed)),
		"announce":     must(t)(vocab.Announce(directory, umit+"/posts/1")),
		"tombstone":    must(t)(vocab.Tombstone(umit, "Organization", date(9, 1))),
	} {
		golden(t, name+".json", doc)
	}
}

// F2: the Follow comes back as it was sent, or Mastodon shows "requested" for ever.
func TestAcceptEmbedsTheFollow(t *testing.T) {
	e := envelope("#accepts/1")
	e.To = []string{follower}
	doc := must(t)(vocab.Accept(e, []byte(followed)))
	if !bytes.Contains(doc, []byte(`"object":`+followed)) {
		t.Errorf("the Follow is not as received:\n%s", doc)
	}
	a, err := vocab.ParseActivity(doc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{follower}, a.To); diff != "" {
		t.Errorf("to: %s", diff)
	}
	if a.Object.ID != "https://m.example/7b0c" || a.Object.Type != "Follow" || string(a.Object.Raw) != followed {
		t.Errorf("object = %+v", a.Object)
	}
}

func TestActivityRefusals(t *testing.T) {
	for name, err := range map[string]error{
		"no id":       failure(vocab.Follow(vocab.Envelope{Actor: umit}, follower)),
		"no actor":    failure(vocab.Follow(vocab.Envelope{ID: umit + "#1"}, follower)),
		"no object":   failure(vocab.Follow(envelope("#1"), "")),
		"empty embed": failure(vocab.Accept(envelope("#1"), nil)),
		"bad embed":   failure(vocab.Accept(envelope("#1"), []byte(`{"id":`))),
		"no author":   failure(vocab.Create(envelope("#1"), vocab.Note{ID: umit + "/posts/1"})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func failure(_ json.RawMessage, err error) error { return err }

func TestParseActivity(t *testing.T) {
	for name, test := range map[string]struct {
		doc  string
		want vocab.Activity
	}{
		"follow": {
			`{"id":"https://m.example/1","type":"Follow","actor":"https://m.example/u","object":"` + umit + `"}`,
			vocab.Activity{
				ID: "https://m.example/1", Type: "Follow", Actor: "https://m.example/u",
				Object: vocab.Ref{ID: umit}, Objects: []vocab.Ref{{ID: umit}},
			},
		},
		"types, actor object, embedded object": {
			`{"id":"https://m.example/2","type":["x:Thing","as:Create"],"actor":{"id":"https://m.example/u","name":"U"},
			  "to":"as:Public","cc":["https://m.example/u/followers",{"id":"https://m.example/v"},7,""],
			  "object":{"type":"Note","id":"https://m.example/n","content":"\u003cp>"},"published":"2026-01-03T10:30:00+01:00"}`,
			vocab.Activity{
				ID: "https://m.example/2", Type: "Create", Actor: "https://m.example/u", To: []string{"as:Public"},
				CC:        []string{"https://m.example/u/followers", "https://m.example/v"},
				Object:    vocab.Ref{ID: "https://m.example/n", Type: "Note", Raw: []byte(`{"type":"Note","id":"https://m.example/n","content":"\u003cp>"}`)},
				Objects:   []vocab.Ref{{ID: "https://m.example/n", Type: "Note", Raw: []byte(`{"type":"Note","id":"https://m.example/n","content":"\u003cp>"}`)}},
				Published: date(3, 0),
			},
		},
		"add without id": {
			`{"type":"Add","actor":["https://m.example/u","https://m.example/v"],"object":"https://m.example/n","target":"https://m.example/u/featured"}`,
			vocab.Activity{
				Type: "Add", Actor: "https://m.example/u", Target: "https://m.example/u/featured",
				Object: vocab.Ref{ID: "https://m.example/n"}, Objects: []vocab.Ref{{ID: "https://m.example/n"}},
			},
		},
		"flag": {
			`{"id":"https://m.example/f","type":"Flag","actor":"https://m.example/actor","content":"Spam","object":["` + umit + `","` + umit + `/posts/1"]}`,
			vocab.Activity{
				ID: "https://m.example/f", Type: "Flag", Actor: "https://m.example/actor", Content: "Spam",
				Object: vocab.Ref{ID: umit}, Objects: []vocab.Ref{{ID: umit}, {ID: umit + "/posts/1"}},
			},
		},
		"unknown type, no actor, nulls": {
			`{"id":null,"type":"FeatureRequest","object":null,"to":null,"published":"yesterday"}`,
			vocab.Activity{Type: "FeatureRequest"},
		},
		"anonymous object": {
			`{"type":"Create","object":{"type":["Note"]}}`,
			vocab.Activity{
				Type: "Create", Object: vocab.Ref{Type: "Note", Raw: []byte(`{"type":["Note"]}`)},
				Objects: []vocab.Ref{{Type: "Note", Raw: []byte(`{"type":["Note"]}`)}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := vocab.ParseActivity([]byte(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			test.want.Raw = []byte(test.doc)
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreUnexported(vocab.Ref{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// SE5, S7: what is refused before anything is done with it.
func TestParseRefusesHostileJSON(t *testing.T) {
	members := make([]string, 300)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	for name, doc := range map[string]string{
		"empty":             "",
		"not JSON":          `{"type":"Follow"`,
		"list":              `[{"type":"Follow"}]`,
		"text":              `"Follow"`,
		"null":              `null`,
		"no type":           `{"id":"https://m.example/1"}`,
		"deep":              `{"type":"Follow","object":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`,
		"just too deep":     `{"type":"Follow","object":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		"name twice":        `{"type":"Follow","actor":"https://a.example/a","actor":"https://b.example/b"}`,
		"name twice, coded": `{"type":"Follow","actor":"https://a.example/a","\u0061ctor":"https://b.example/b"}`,
		"too long":          `{"type":"Follow","content":"` + strings.Repeat("x", vocab.MaxDocument) + `"}`,
		"too many":          `{"type":"Follow",` + strings.Join(members, ",") + `}`,
	} {
		if a, err := vocab.ParseActivity([]byte(doc)); err == nil {
			t.Errorf("%s: read as %+v", name, a)
		}
	}
	a, err := vocab.ParseActivity([]byte(`{"type":"Follow","Type":"Delete","ID":"https://m.example/1"}`))
	if err != nil || a.Type != "Follow" || a.ID != "" {
		t.Errorf("names in another case: %+v, %v", a, err)
	}
}

// A long IRI is dropped: cut, it would name something else.
func TestParseDropsLongIRIs(t *testing.T) {
	long := "https://m.example/" + strings.Repeat("x", 2048)
	a, err := vocab.ParseActivity([]byte(`{"type":"Follow","id":"` + long + `","actor":"https://m.example/\n","object":"` + long[:2048] + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != "" || a.Actor != "" || a.Object.ID != long[:2048] {
		t.Errorf("id of %d bytes, actor %q, object of %d bytes", len(a.ID), a.Actor, len(a.Object.ID))
	}
}

func TestParseRef(t *testing.T) {
	for doc, want := range map[string]vocab.Ref{
		"\n\"https://a.example/1\"\n":                      {ID: "https://a.example/1"},
		`{"id":"https://a.example/2","type":"Note"}`:       {ID: "https://a.example/2", Type: "Note", Raw: []byte(`{"id":"https://a.example/2","type":"Note"}`)},
		`["https://a.example/3","https://a.example/four"]`: {ID: "https://a.example/3"},
	} {
		got, err := vocab.ParseRef([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(vocab.Ref{})); diff != "" {
			t.Errorf("%s: %s", doc, diff)
		}
	}
	for _, doc := range []string{``, `7`, `""`, `[]`, `null`, `{`} {
		if got, err := vocab.ParseRef([]byte(doc)); err == nil {
			t.Errorf("ParseRef(%s) = %+v", doc, got)
		}
	}
}
