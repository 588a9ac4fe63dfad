package federation_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

func de3(t *testing.T) {
	t.Run("the host", onEach(func(w *world, s *store.Store) { down(w, s, http.StatusServiceUnavailable) }))
	t.Run("its one inbox", onEach(func(w *world, s *store.Store) { down(w, s, http.StatusBadGateway) }))
}

// down has a peer answer with a status for a week.
func down(w *world, s *store.Store, failure int) {
	c, there, well := w.city(s), w.mastodon(), w.mastodon()
	id := c.publish("rad")
	alice := c.fan(there, "alice", id)
	c.fan(well, "bob", id)
	var down []fedtest.Answer
	for range 100 {
		down = append(down, fedtest.Answer{Status: failure})
	}
	there.Answer("/inbox", down...)
	c.post("rad", "Hello")
	for day := range store.MaxFailDays {
		c.until(fmt.Sprintf("a failure on day %d", day), func() bool {
			return c.trouble(there.Host).FailDays == day+1
		})
		w.clock.Advance(24 * time.Hour)
	}
	c.sent() // the queue is empty: nothing waits for who is away
	if h := c.trouble(there.Host); !h.Unavailable {
		w.Fatalf("after a week: %+v", h)
	}
	tries := len(requests(there, "POST", "/inbox"))
	w.await(well, of("Create", c.post("rad", "And again")))
	c.sent()
	if got := len(requests(there, "POST", "/inbox")); got != tries {
		w.Errorf("%d more tries", got-tries)
	}

	there.AsUsual("/inbox")
	mallory := fedtest.WithKeyOf(there.Instance())
	status(w, alice.Post(c.url("/inbox"), alice.Activity("View", "1"), mallory), 401)
	if h := c.trouble(there.Host); !h.Unavailable {
		w.Errorf("after a forged sign of life: %+v", h)
	}
	status(w, alice.Post(c.url("/inbox"), alice.NewUndoFollow(c.instance.DirectoryID())), 202)
	c.settle()
	w.await(there, of("Create", c.post("rad", "You are back")))
}

// What is deleted before it could be sent is not sent any more, and what changed
// does not come before what it changes.
func TestQueueFollowsItsObjects(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id, other := c.publish("rad"), c.publish("other")
		c.fan(there, "alice", id)
		c.fan(there, "bob", other)
		there.Answer("/inbox", fedtest.Answer{Status: http.StatusBadGateway})
		gone := c.post("rad", "Never mind")
		c.untilFailed(there.Host)
		edited := c.post("rad", "Hello")
		w.clock.Advance(time.Second)
		if err := c.EditPost(w.Context(), edited, "Hello again"); err != nil {
			w.Fatal(err)
		}
		c.post("other", "We close")
		if err := c.DeletePost(w.Context(), gone); err != nil {
			w.Fatal(err)
		}
		if err := c.Withdraw(w.Context(), "other"); err != nil {
			w.Fatal(err)
		}
		c.jobsDone()
		w.clock.Advance(time.Minute)
		w.await(there, of("Delete", gone))
		w.await(there, of("Delete", other))
		w.await(there, of("Update", edited))
		c.sent()
		var order []string
		for _, d := range there.Deliveries() {
			if d.Status == http.StatusAccepted && d.Object == edited {
				order = append(order, d.Type)
			}
			if d.Status == http.StatusAccepted && d.Type == "Create" && d.Object != edited {
				w.Errorf("sent though it is gone: %v", d)
			}
		}
		if diff := cmp.Diff([]string{"Create", "Update"}, order); diff != "" {
			w.Error(diff)
		}
	})(t)
}
