package vocab

import (
	"encoding/json"
	"fmt"
)

// bucketSummary is a bucket as the list of all buckets has it, and entryStamp an
// entry as its bucket has it: many in a document, and so without contexts.
type (
	bucketSummary struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		TotalItems int    `json:"totalItems"`
		Digest     string `json:"digest"`
	}
	entryStamp struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Updated string `json:"updated"`
	}
)

// BucketSummary returns a bucket as the list of all buckets embeds it.
func BucketSummary(c Collection) (json.RawMessage, error) {
	return encodeItem(bucketSummary{c.ID, "OrderedCollection", c.TotalItems, c.Digest})
}

// EntryStamp returns an entry and the date of its last change as its bucket
// embeds them.
func EntryStamp(id, updated string) (json.RawMessage, error) {
	return encodeItem(entryStamp{id, "Organization", updated})
}

func encodeItem(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write an item: %w", err)
	}
	return raw, nil
}

// ParseBuckets reads the list of all buckets: exactly n of them.
func ParseBuckets(raw []byte, n int) ([]Collection, error) {
	list, err := ParseCollection(raw)
	if err != nil {
		return nil, err
	}
	if len(list.Items) != n {
		return nil, fmt.Errorf("read digests %s: there are %d buckets, not %d", list.ID, len(list.Items), n)
	}
	buckets := make([]Collection, n)
	for k, item := range list.Items {
		o, err := parse(item, MaxDocument)
		if err != nil {
			return nil, fmt.Errorf("read bucket %d: %w", k, err)
		}
		c, err := collectionFrom(o)
		if err != nil {
			return nil, fmt.Errorf("read bucket %d: %w", k, err)
		}
		buckets[k] = *c
	}
	return buckets, nil
}

// ParseEntryStamp reads an entry of a bucket.
func ParseEntryStamp(raw []byte) (id, updated string, err error) {
	o, err := parse(raw, MaxDocument)
	if err != nil {
		return "", "", fmt.Errorf("read entry of a bucket: %w", err)
	}
	return o.iri("id"), o.text("updated", 64), nil
}
