package vocab_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/commonage/commonage/federation/vocab"
)

func items(t testing.TB, list ...string) []json.RawMessage {
	t.Helper()
	raw, err := vocab.IRIs(list)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// CO1, CO2: the shapes that other servers page through.
func TestCollectionDocuments(t *testing.T) {
	id := umit + "/followers"
	golden(t, "collection.json", must(t)(vocab.OrderedCollection(vocab.Collection{
		ID: id, TotalItems: 230, First: id + "?page=1", Last: id + "?page=3",
	})))
	golden(t, "page.json", must(t)(vocab.OrderedCollectionPage(vocab.Collection{
		ID: id + "?page=2", PartOf: id, Next: id + "?page=3", Prev: id + "?page=1", Items: items(t, follower),
	})))
	golden(t, "page_empty.json", must(t)(vocab.OrderedCollectionPage(vocab.Collection{ID: id + "?page=9", PartOf: id})))
	golden(t, "collection_hidden.json", must(t)(vocab.OrderedCollection(vocab.Collection{ID: id, TotalItems: 2})))
	golden(t, "collection_digest.json", must(t)(vocab.OrderedCollection(vocab.Collection{
		ID: listed, TotalItems: 25, First: listed + "?after=0", Digest: strings.Repeat("0f", 32),
	})))
	golden(t, "featured.json", must(t)(vocab.OrderedCollection(vocab.Collection{
		ID: umit + "/featured", TotalItems: 1, Items: []json.RawMessage{must(t)(vocab.NoteDocument(post()))},
	})))
}

func TestCollectionComesBack(t *testing.T) {
	id := umit + "/outbox"
	want := &vocab.Collection{
		ID: id + "?at=7", Type: "OrderedCollectionPage", TotalItems: -1, PartOf: id,
		Next: id + "?at=6", Prev: id + "?at=8", Items: items(t, "https://a.example/ü", "https://a.example/2"),
	}
	got, err := vocab.ParseCollection(must(t)(vocab.OrderedCollectionPage(*want)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(vocab.Collection{})); diff != "" {
		t.Error(diff)
	}
}

// C2: items are read from the property that fits the type.
func TestParseCollection(t *testing.T) {
	for name, test := range map[string]struct {
		doc  string
		want vocab.Collection
	}{
		"single item": {
			`{"type":"Collection","id":"https://a.example/c","totalItems":"3","items":"https://a.example/1"}`,
			vocab.Collection{ID: "https://a.example/c", Type: "Collection", TotalItems: 3, Items: items(t, "https://a.example/1")},
		},
		"wrong pairing": {
			`{"type":"OrderedCollection","items":["https://a.example/1"]}`,
			vocab.Collection{Type: "OrderedCollection", TotalItems: -1},
		},
		"object item": {
			`{"type":"CollectionPage","items":{"id":"https://a.example/1"},"orderedItems":[1],"partOf":{"id":"https://a.example/c"}}`,
			vocab.Collection{
				Type: "CollectionPage", TotalItems: -1, PartOf: "https://a.example/c",
				Items: []json.RawMessage{[]byte(`{"id":"https://a.example/1"}`)},
			},
		},
		"embedded first": {
			`{"type":"OrderedCollection","totalItems":-4,"first":{"id":"https://a.example/c?1","type":"OrderedCollectionPage",
			  "next":"https://a.example/c?2","orderedItems":["https://a.example/1",{"id":"https://a.example/2"}]}}`,
			vocab.Collection{
				Type: "OrderedCollection", TotalItems: -1, First: "https://a.example/c?1",
				FirstPage: &vocab.Collection{
					ID: "https://a.example/c?1", Type: "OrderedCollectionPage", TotalItems: -1, Next: "https://a.example/c?2",
					Items: []json.RawMessage{[]byte(`"https://a.example/1"`), []byte(`{"id":"https://a.example/2"}`)},
				},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := vocab.ParseCollection([]byte(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreUnexported(vocab.Collection{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	long := make([]string, vocab.MaxItems+1)
	for i := range long {
		long[i] = fmt.Sprint(i)
	}
	for name, doc := range map[string]string{
		"no type": `{}`, "actor": `{"type":"Person"}`, "bad first": `{"type":"Collection","first":{"type":"Note"}}`,
		"too long": `{"type":"Collection","items":[` + strings.Join(long, ",") + `]}`,
	} {
		if c, err := vocab.ParseCollection([]byte(doc)); err == nil {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
}
