package vocab_test

import (
	"encoding/json"
	"testing"

	"codeberg.org/commonage/commonage/federation/vocab"
)

func BenchmarkInitiativeActor(b *testing.B) {
	in, i, p := ghent(), cafe(), profile()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vocab.InitiativeActor(in, i, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateNote(b *testing.B) {
	n := post()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vocab.Create(envelope("/posts/01J/activity"), n); err != nil {
			b.Fatal(err)
		}
	}
}

// page is a page of 100 Adds of whole documents, as the directory's outbox has.
func page(b *testing.B) vocab.Collection {
	b.Helper()
	entry := must(b)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	add := must(b)(vocab.Add(vocab.Envelope{ID: listing + "/log/1", Actor: listing}, entry, listed))
	c := vocab.Collection{ID: listing + "/outbox?at=100", PartOf: listing + "/outbox", Items: make([]json.RawMessage, 100)}
	for i := range c.Items {
		c.Items[i] = add
	}
	return c
}

func BenchmarkPage(b *testing.B) {
	c := page(b)
	b.ReportAllocs()
	for b.Loop() {
		doc, err := vocab.OrderedCollectionPage(c)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(doc)))
	}
}

func BenchmarkParsePage(b *testing.B) {
	doc := must(b)(vocab.OrderedCollectionPage(page(b)))
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vocab.ParseCollection(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseActivity(b *testing.B) {
	for name, doc := range map[string][]byte{
		"Follow": []byte(followed),
		"Create": must(b)(vocab.Create(envelope("/posts/01J/activity"), post())),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := vocab.ParseActivity(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseActor(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vocab.ParseActor([]byte(mastodonActor)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseInitiative(b *testing.B) {
	doc := must(b)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vocab.ParseInitiative(doc); err != nil {
			b.Fatal(err)
		}
	}
}
