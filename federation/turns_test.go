package federation_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// Anybody can name keys of anybody: an actor that is known is not read again for
// each, and a server with none of them is soon left alone, but for a few.
func TestMadeUpKeys(t *testing.T) {
	t.Run("of a known actor", onSQLite(func(w *world, s *store.Store) {
		c, victim, mallory := w.city(s), w.mastodon(), w.mastodon().Actor("mallory")
		alice, id := victim.Actor("alice"), c.publish("rad")
		status(w, alice.Follow(id), http.StatusAccepted)
		c.settle()
		before := readings(victim, alice)
		for k := range 10 {
			status(w, forge(c, mallory, alice.ID, fmt.Sprintf("%s#k%d", alice.ID, k)), http.StatusUnauthorized)
		}
		if got := readings(victim, alice) - before; got > 0 {
			w.Errorf("the actor was read %d times more", got)
		}
		w.clock.Advance(5 * time.Minute)
		for k := range 10 {
			status(w, forge(c, mallory, alice.ID, fmt.Sprintf("%s#k%d", alice.ID, k)), http.StatusUnauthorized)
		}
		if got := readings(victim, alice) - before; got != 1 {
			w.Errorf("the actor was read %d times more, want once", got)
		}
		status(w, alice.Follow(c.publish("press")), http.StatusAccepted)
	}))
	t.Run("of an unknown actor", onSQLite(func(w *world, s *store.Store) {
		c, victim, mallory := w.city(s), w.mastodon(), w.mastodon().Actor("mallory")
		alice := victim.Actor("alice")
		for k := range 10 {
			status(w, forge(c, mallory, alice.ID, fmt.Sprintf("%s#k%d", alice.ID, k)), http.StatusUnauthorized)
		}
		if got := readings(victim, alice); got != 1 {
			w.Errorf("the actor was read %d times, want once", got)
		}
		status(w, alice.Follow(c.publish("rad")), http.StatusAccepted) // whose own key is known by that
	}))
	t.Run("at any address", onSQLite(func(w *world, s *store.Store) {
		c, victim, mallory := w.city(s), w.mastodon(), w.mastodon().Actor("mallory")
		var asked atomic.Int64
		victim.Handle("/search", func(rw http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			rw.WriteHeader(http.StatusNotFound)
		})
		forged := func(k int) fedtest.Response {
			return forge(c, mallory, victim.URL+"/x", fmt.Sprintf("%s/search?q=%d", victim.URL, k))
		}
		const most = 30
		for k := range most {
			status(w, forged(k), http.StatusUnauthorized)
		}
		for k := range 10 {
			status(w, forged(most+k), http.StatusServiceUnavailable)
		}
		if got := asked.Load(); got != most {
			w.Errorf("the server was asked %d times, want %d", got, most)
		}
		w.clock.Advance(time.Minute)
		status(w, victim.Actor("alice").Follow(c.publish("rad")), http.StatusAccepted)
	}))
}

// Finding out who signed one thing takes so many requests at most, wherever the
// key leads.
func TestSignerBudget(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, enemy := w.city(s), w.mastodon()
		var asked atomic.Int64
		maze := func(path, document string) {
			tries := map[string]int{}
			var mu sync.Mutex
			enemy.Handle(path, func(rw http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				mu.Lock()
				defer mu.Unlock()
				var hop int
				fmt.Sscan(r.URL.Query().Get("hop"), &hop) // none is zero
				switch tries[r.RequestURI]++; {
				case tries[r.RequestURI]%2 == 1:
					rw.WriteHeader(http.StatusUnauthorized)
				case hop < 3:
					http.Redirect(rw, r, fmt.Sprintf("%s?hop=%d", path, hop+1), http.StatusFound)
				default:
					rw.Header().Set("Content-Type", activityJSON)
					fmt.Fprintf(rw, document, enemy.URL)
				}
			})
		}
		maze("/k1", `{"id":"%[1]s/k2"}`)
		maze("/k2", `{"id":"%[1]s/k2","owner":"%[1]s/o1","publicKeyPem":"x"}`)
		maze("/o1", `{"id":"%[1]s/o2"}`)
		maze("/o2", `{"id":"%[1]s/o2"}`)
		status(w, forge(c, enemy.Actor("mallory"), enemy.URL+"/x", enemy.URL+"/k1"), http.StatusUnauthorized)
		if got := asked.Load(); got > 12 {
			w.Errorf("one activity made %d requests", got)
		}
	})(t)
}

// However many keys of slow servers under one domain are asked for, few are
// fetched at once, and those of others are not held up.
func TestFetchesAtOnce(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		c, enemy := w.city(s), w.mastodon()
		mallory := enemy.Actor("mallory")
		const places = 16
		begun, release := make(chan struct{}, 100), make(chan struct{})
		enemy.Handle("/slow", func(rw http.ResponseWriter, _ *http.Request) {
			begun <- struct{}{}
			<-release
			rw.WriteHeader(http.StatusNotFound)
		})
		var all sync.WaitGroup
		for k := range 3 * places {
			all.Go(func() { forge(c, mallory, enemy.URL+"/x", fmt.Sprintf("%s/slow?k=%d", enemy.URL, k)) })
		}
		for range places {
			<-begun
		}
		status(w, w.mastodon().Actor("alice").Follow(c.publish("rad")), http.StatusAccepted)
		if n := len(begun); n > 0 {
			w.Errorf("%d more than %d are fetched at once", n, places)
		}
		close(release)
		all.Wait()
	})(t)
}

// forge sends an activity as if by an actor, signed by somebody else under a key
// id.
func forge(c *city, by *fedtest.Actor, actor, keyID string) fedtest.Response {
	a := by.Activity("View", "x")
	a["actor"] = actor
	return by.Post(c.url("/inbox"), a, func(g *fedtest.Signing) { g.KeyID = keyID })
}

// readings returns how often an actor's document was asked for.
func readings(s *fedtest.Server, a *fedtest.Actor) int {
	return len(requests(s, http.MethodGet, strings.TrimPrefix(a.ID, s.URL)))
}
