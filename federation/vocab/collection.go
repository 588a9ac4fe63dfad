package vocab

import (
	"encoding/json"
	"fmt"

	"github.com/go-fed/activity/streams"
)

// Collection is a collection or one page of it, ours or another server's.
type Collection struct {
	ID         string
	Type       string // as read; ours are OrderedCollection and OrderedCollectionPage
	TotalItems int    // -1 when a document that was read does not say
	First      string // IRI of the first page
	FirstPage  *Collection
	Last       string
	Next       string            // of a page: towards the end, the older
	Prev       string            // of a page: towards the start, the newer
	PartOf     string            // of a page: the collection
	Items      []json.RawMessage // ours as this package wrote them
	Digest     string            // commons: digest of the whole collection

	checked bool // the Items are parts of a document that was
}

// IRIs returns items that are nothing but IRIs.
func IRIs(list []string) ([]json.RawMessage, error) {
	items := make([]json.RawMessage, len(list))
	for i, s := range list {
		raw, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("write item %q: %w", s, err)
		}
		items[i] = raw
	}
	return items, nil
}

// written returns the items as what needs no second look: pages are long.
func written(items []json.RawMessage) []verbatim {
	list := make([]verbatim, len(items))
	for i, item := range items {
		list[i] = verbatim(item)
	}
	return list
}

// OrderedCollection returns the root of a collection. Small collections give
// their Items here and no First; one that hides its members gives neither.
func OrderedCollection(c Collection) (json.RawMessage, error) {
	t := streams.NewActivityStreamsOrderedCollection()
	setID(t, c.ID)
	t.SetActivityStreamsTotalItems(value(streams.NewActivityStreamsTotalItemsProperty(), c.TotalItems))
	if c.First != "" {
		t.SetActivityStreamsFirst(one(streams.NewActivityStreamsFirstProperty(), c.First))
	}
	if c.Last != "" {
		t.SetActivityStreamsLast(one(streams.NewActivityStreamsLastProperty(), c.Last))
	}
	extra, context := fields{}, basicContext
	if c.Items != nil {
		extra["orderedItems"] = written(c.Items)
	}
	if c.Digest != "" {
		extra["digest"], context = c.Digest, digestContext
	}
	return document(t, context, extra)
}

// OrderedCollectionPage returns one page of a collection. An empty page has an
// empty list.
func OrderedCollectionPage(c Collection) (json.RawMessage, error) {
	return c.page(basicContext)
}

// LogPage is OrderedCollectionPage for activities that tell of entries. They are
// written as an Item and have the context of the page, which would else be most of it.
func LogPage(c Collection) (json.RawMessage, error) {
	return c.page(offersContext)
}

func (c Collection) page(context string) (json.RawMessage, error) {
	t := streams.NewActivityStreamsOrderedCollectionPage()
	setID(t, c.ID)
	t.SetActivityStreamsPartOf(one(streams.NewActivityStreamsPartOfProperty(), c.PartOf))
	if c.Next != "" {
		t.SetActivityStreamsNext(one(streams.NewActivityStreamsNextProperty(), c.Next))
	}
	if c.Prev != "" {
		t.SetActivityStreamsPrev(one(streams.NewActivityStreamsPrevProperty(), c.Prev))
	}
	return document(t, context, fields{"orderedItems": written(c.Items)})
}
