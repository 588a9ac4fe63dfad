package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// twin starts a second server of the same instance, on the same database, and
// returns the city as it is reached there.
func twin(c *city, address string) *city {
	c.t.Helper()
	return newTwin(c, address).start()
}

// newTwin is twin before it is started.
func newTwin(c *city, address string) *city {
	c.t.Helper()
	port := freePort(c.t)
	other := &city{t: c.t, host: c.host, listen: fmt.Sprintf("127.0.0.1:%d", port), dir: c.dir, settings: filepath.Join(c.dir, "twin.toml")}
	other.write(address)
	return other
}

// TestTwins: two servers on one PostgreSQL share the work. Whatever comes to
// either is done once.
func TestTwins(t *testing.T) {
	t.Parallel() // most of the time is waiting
	address := onPostgres(t, "")
	one := newCity(t, "ghent", func(testing.TB, string) string { return address }).start()
	two := twin(one, address)
	there := fedtest.NewServer(t)
	one.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	id := "http://" + one.host + "/initiatives/tool_library"

	const people, posts = 8, 10
	var all []*fedtest.Actor
	for k := range people {
		server := there
		if k%2 == 1 {
			server = fedtest.NewServer(t) // every second has an inbox of its own
		}
		a := server.Actor(fmt.Sprintf("person%d", k))
		taken(t, a.Follow(id))
		await(t, server, func(d fedtest.Delivery) bool {
			return accepted("Accept")(d) && d.Activity.Object("object").ID("actor") == a.ID
		})
		all = append(all, a)
	}
	for k := range posts {
		one.do("post", "tool_library", fmt.Sprintf("News %d", k))
	}
	for _, a := range all {
		eventually(t, seconds, func() error {
			n := 0
			for _, s := range a.Timeline() {
				if strings.Contains(s.Content, "News ") {
					n++
				}
			}
			if n != posts {
				return fmt.Errorf("%s has %d posts", a.ID, n)
			}
			return nil
		})
	}
	eventually(t, seconds, func() error { return two.shows("/initiatives/tool_library", "News 9") })
	once(t, there.Deliveries())

	// And a peer that both servers could read is read once, in step.
	peer := newCity(t, "peer", onSQLite).start()
	peer.do("import", "csv", write(t, "some.csv", someRows), "--publish", "--quiet")
	befriend(one, peer)
	for _, c := range []*city{one, two} {
		eventually(t, seconds, func() error { return c.has(5) })
	}
	two.kill()
	peer.do("initiative", "edit", "mill", "--summary", "One of two is left.")
	eventually(t, 2*seconds, func() error { return one.shows("/initiatives/mill@"+peer.host, "One of two is left.") })
}

// once fails the test if an activity was taken more than once.
func once(t testing.TB, all []fedtest.Delivery) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range all {
		if d.Status != http.StatusAccepted {
			continue
		}
		to := "shared inbox"
		if d.Inbox != nil {
			to = d.Inbox.ID
		}
		key := d.ID + " to " + to
		if seen[key] {
			t.Errorf("%s came twice", key)
		}
		seen[key] = true
	}
}

// TestTwoServersStart: servers that start at once on an empty database make its
// tables and keys once.
func TestTwoServersStart(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		dir := t.TempDir()
		address := db(t, dir)
		first := newCity(t, "ghent", func(testing.TB, string) string { return address })
		both := []*city{first, newTwin(first, address)}
		for _, c := range both {
			c.launch()
		}
		var keys []string
		for _, c := range both {
			eventually(t, seconds, func() error {
				_, err := c.get("/healthz", "")
				return err
			})
			keys = append(keys, c.do("keys", "list"))
		}
		if keys[0] != keys[1] || keys[0] == "" {
			t.Errorf("the keys are %q and %q", keys[0], keys[1])
		}
		if text, err := os.ReadFile(both[0].log()); err != nil || len(text) == 0 {
			t.Errorf("nothing was logged: %v", err)
		}
	})
}
