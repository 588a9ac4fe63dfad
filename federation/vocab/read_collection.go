package vocab

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxItems is how many items one page may have.
const MaxItems = 1000

func knownCollection(t string) bool {
	switch t {
	case "Collection", "CollectionPage", "OrderedCollection", "OrderedCollectionPage":
		return true
	}
	return false
}

// ParseCollection reads a collection or a page of one. Items are those of the
// property that fits the type, as other servers read it. The Items are parts of
// raw, not copies.
func ParseCollection(raw []byte) (*Collection, error) {
	o, err := parse(raw, MaxPage)
	if err != nil {
		return nil, fmt.Errorf("read collection: %w", err)
	}
	c, err := collectionFrom(o)
	if err != nil {
		return nil, fmt.Errorf("read collection: %w", err)
	}
	if page := o.object("first"); page != nil { // else an IRI, read already
		if c.FirstPage, err = collectionFrom(page); err != nil {
			return nil, fmt.Errorf("read first page of collection %s: %w", c.ID, err)
		}
	}
	return c, nil
}

func collectionFrom(o object) (*Collection, error) {
	c := &Collection{
		ID: o.iri("id"), Type: o.typeOf(knownCollection), TotalItems: -1,
		First: o.iri("first"), Last: o.iri("last"), Next: o.iri("next"), Prev: o.iri("prev"),
		PartOf: o.iri("partOf"), Digest: o.text("digest", 200),
	}
	if !knownCollection(c.Type) {
		return nil, fmt.Errorf("type %q is not a collection's", c.Type)
	}
	if n, ok := o.number("totalItems"); ok && n >= 0 && n < 1<<31 {
		c.TotalItems = int(n)
	}
	name := "items"
	if strings.HasPrefix(c.Type, "Ordered") {
		name = "orderedItems"
	}
	items := o.list(name, MaxItems+1)
	if len(items) > MaxItems {
		return nil, fmt.Errorf("one page has more than %d items", MaxItems)
	}
	for _, item := range items {
		c.Items = append(c.Items, json.RawMessage(item))
	}
	c.checked = true
	return c, nil
}

// Activity is ParseActivity for the k-th of the items.
func (c *Collection) Activity(k int) (*Activity, error) {
	raw := c.Items[k]
	if !c.checked || len(raw) > MaxDocument {
		return ParseActivity(raw)
	}
	o, err := split(raw)
	if err != nil {
		return nil, fmt.Errorf("read activity: %w", err)
	}
	return activityFrom(o, raw)
}
