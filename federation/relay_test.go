package federation_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// re4: somebody who follows the directory of a city sees its news and nothing
// strange, though entries are announced to a directory on the same server.
func re4(t *testing.T) {
	eachFlavour(t, func(t *testing.T, f fedtest.Flavour) {
		onSQLite(func(w *world, s *store.Store) {
			c, there := w.city(s), w.server(f)
			c.publish("rad")
			alice := c.fan(there, "alice", c.instance.DirectoryID())
			peer := there.Actor("directory")
			peer.Edit(asDirectory)
			status(w, peer.Follow(c.instance.DirectoryID()), 202)
			w.await(there, func(d fedtest.Delivery) bool { return d.Type == "Accept" && d.Inbox == peer })
			added := c.publish("second")
			w.await(there, of("Add", added))
			c.edit("second", "Another name")
			w.await(there, of("Update", added))
			post := c.post("rad", "Hello")
			w.await(there, ofType("Announce"))
			c.withdraw("second")
			w.await(there, of("Remove", added))
			c.sent()
			for _, d := range there.Deliveries() {
				if d.Status != http.StatusAccepted {
					w.Errorf("got %v", d)
				}
				if d.Type == "Announce" && d.Object != post {
					w.Errorf("%s was announced", d.Object)
				}
			}
			if list := alice.Timeline(); len(list) != 1 || list[0].ID != post || list[0].BoostedBy != c.instance.DirectoryID() {
				w.Errorf("alice sees %v, want the post alone", list)
			}
		})(t)
	})
}

// co3: a log that goes round and round, never ends or leads to another host is
// read to a bounded length, each page once.
func co3(t *testing.T) {
	pages := map[string]func(there, other *fedtest.Server, n int) string{ // where page n leads to
		"in a circle":    func(there, _ *fedtest.Server, n int) string { return logPage(there, []int{1, 2, 3, 2}[n]) },
		"without end":    func(there, _ *fedtest.Server, n int) string { return logPage(there, n+1) },
		"to a third one": func(_, other *fedtest.Server, n int) string { return logPage(other, n+1) },
	}
	// Of what never ends fifty pages are read, and fifty more as there was news.
	want := map[string]int{"in a circle": 3, "without end": 100, "to a third one": 1}
	for name, next := range pages {
		t.Run(name, onSQLite(func(w *world, s *store.Store) {
			c, there, other := w.city(s), w.mastodon(), w.mastodon()
			read := serveLog(there, func(n int) string { return next(there, other, n) })
			c.letIn(there)
			c.until("the log to be read", func() bool { return read() == want[name] && len(c.listed(there.Host)) == 1 })
			c.stop()
			if got := read(); got != want[name] {
				w.Errorf("%d pages were read at once, want %d", got, want[name])
			}
			if got := other.Requests(); len(got) != 0 {
				w.Errorf("another server was asked: %v", got)
			}
		}))
	}
}

func logPage(there *fedtest.Server, n int) string { return fmt.Sprintf("%s/log?n=%d", there.URL, n) }

// serveLog serves a directory's log, whose pages all tell of one entry and lead
// where the function says, and returns how many were read.
func serveLog(there *fedtest.Server, next func(n int) string) (read func() int) {
	var pages atomic.Int64
	document := func(w http.ResponseWriter, doc fedtest.Object) {
		doc["@context"] = "https://www.w3.org/ns/activitystreams"
		w.Header().Set("Content-Type", activityJSON)
		_ = json.NewEncoder(w).Encode(doc) // the reader may be gone
	}
	directoryID := there.Actor("directory").ID
	there.Handle(directoryID+"/outbox", func(w http.ResponseWriter, _ *http.Request) {
		document(w, fedtest.Object{
			"id": directoryID + "/outbox", "type": "OrderedCollection", "totalItems": 1_000_000, "first": logPage(there, 1),
		})
	})
	there.Handle("/log", func(w http.ResponseWriter, r *http.Request) {
		pages.Add(1)
		n, _ := strconv.Atoi(r.URL.Query().Get("n")) // as it was handed out
		id, at := there.URL+"/o/one", "2026-01-01T00:00:00Z"
		document(w, fedtest.Object{
			"id": there.URL + r.RequestURI, "type": "OrderedCollectionPage", "partOf": directoryID + "/outbox", "next": next(n),
			"orderedItems": []any{fedtest.Object{
				"id": id + "#add", "type": "Add", "actor": directoryID, "published": at, "target": directoryID + "/initiatives",
				"object": fedtest.Object{
					"id": id, "type": "Organization", "preferredUsername": "one", "name": "One", "inbox": there.URL + "/inbox",
					"published": at, "updated": at, "discoverable": true,
				},
			}},
		})
	})
	return func() int { return int(pages.Load()) }
}
