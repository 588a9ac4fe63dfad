package federation

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// bucketPage is how many entries one page of a bucket names.
const bucketPage = 500

// digests serves what the own published entries amount to in each bucket, or,
// asked for one of them, which entries are in it (PROTOCOL, repair).
func (s *Server) digests(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "private, no-cache") // who asks compares it with what it knows now
	root := s.Instance.DirectoryID() + "/initiatives/digests"
	if r.URL.Query().Has("bucket") {
		return s.bucket(w, r, root)
	}
	digests, err := s.Store.Digests(r.Context(), s.Instance.Host)
	if err != nil {
		return err
	}
	items := make([]json.RawMessage, len(digests))
	for k, d := range digests {
		items[k], err = vocab.BucketSummary(vocab.Collection{
			ID: fmt.Sprintf("%s?bucket=%02x", root, k), TotalItems: d.Entries, Digest: d.Digest.String(),
		})
		if err != nil {
			return err
		}
	}
	total, err := s.Store.Digest(r.Context(), s.Instance.Host)
	if err != nil {
		return err
	}
	document, err := vocab.OrderedCollection(vocab.Collection{
		ID: root, TotalItems: len(items), Items: items, Digest: total.Digest.String(),
	})
	return writeActivity(w, document, err)
}

// bucket serves the ids and dates of the entries in one bucket, in pages.
func (s *Server) bucket(w http.ResponseWriter, r *http.Request, root string) error {
	q := r.URL.Query()
	n, err := strconv.ParseUint(q.Get("bucket"), 16, 8)
	if err != nil {
		return directory.Invalidf("bucket", "%q is not two hexadecimal digits", q.Get("bucket"))
	}
	entries, err := s.Store.Bucket(r.Context(), s.Instance.Host, int(n), q.Get("after"), bucketPage)
	if err != nil {
		return err
	}
	page := vocab.Collection{ID: root + "?" + r.URL.RawQuery, PartOf: root, Items: make([]json.RawMessage, len(entries))}
	for k, e := range entries {
		if page.Items[k], err = vocab.EntryStamp(e.ID, e.Updated); err != nil {
			return err
		}
	}
	if len(entries) == bucketPage {
		page.Next = fmt.Sprintf("%s?bucket=%02x&after=%s", root, n, url.QueryEscape(entries[bucketPage-1].ID))
	}
	document, err := vocab.OrderedCollectionPage(page)
	return writeActivity(w, document, err)
}
