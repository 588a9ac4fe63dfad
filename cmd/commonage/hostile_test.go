package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// siege is an instance with people who mean well and a server that does not.
type siege struct {
	*city
	there   *fedtest.Server // means well
	ana     *fedtest.Actor  // follows, and has answered
	ben     *fedtest.Actor  // followed, and left
	seen    *http.Request   // ben's Follow as it was sent
	body    []byte
	reply   string
	id      string // of the initiative
	post    string
	enemy   *fedtest.Server
	mallory *fedtest.Actor
}

// one sends a request as it is: an enemy does not try again in another form.
func one(*fedtest.Signing) {}

func newSiege(t *testing.T) *siege {
	s := &siege{city: newCity(t, "besieged", onSQLite).start(), there: fedtest.NewServer(t), enemy: fedtest.NewServer(t)}
	s.ana, s.ben, s.mallory = s.there.Actor("ana"), s.there.Actor("ben"), s.enemy.Actor("mallory")
	s.mallory.Rekey() // the servers of a test share their keys
	s.ana.ShowMultikey()
	s.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	s.id = "http://" + s.host + "/initiatives/tool_library"
	s.post = strings.TrimSpace(s.do("post", "tool_library", "The saw is here."))
	taken(t, s.ben.Post(s.id+"/inbox", s.ben.NewFollow(s.id), func(g *fedtest.Signing) {
		g.After = func(r *http.Request) { s.seen, s.body = r, g.Body }
	}))
	await(t, s.there, accepted("Accept"))
	taken(t, s.ben.Unfollow(s.id))
	taken(t, s.ana.Follow(s.id))
	await(t, s.there, func(d fedtest.Delivery) bool { return accepted("Accept")(d) && d.Inbox == s.ana })
	var answered fedtest.Response
	s.reply, answered = s.ana.Reply(s.post, "May I have it on Sunday?")
	taken(t, answered)
	taken(t, s.ana.Like(s.post))
	s.settle(t)
	return s
}

// settle waits until everything that was taken is done: activities are acted on
// in the order in which they came.
func (s *siege) settle(t *testing.T) {
	t.Helper()
	before := len(s.there.Deliveries())
	taken(t, s.ana.Follow(s.id))
	await(t, s.there, func(fedtest.Delivery) bool {
		for _, d := range s.there.Deliveries()[before:] {
			if accepted("Accept")(d) && d.Inbox == s.ana {
				return true
			}
		}
		return false
	})
}

// state is everything that a request could change, as people and servers see it.
func (s *siege) state(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"entries": fmt.Sprint(s.everything())}
	for _, command := range []string{"initiative list", "moderation list", "block list", "user list", "keys list"} {
		all[command] = s.do(strings.Fields(command)...)
	}
	client := web()
	defer client.CloseIdleConnections()
	for _, address := range []string{s.id, s.post, s.post + "/replies", s.id + "/followers?after=", s.id + "/outbox"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/activity+json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d %v", address, res.StatusCode, err)
		}
		all[address] = text.String()
	}
	return all
}

// refused fails the test if the request was taken.
func refused(t *testing.T, what string, got fedtest.Response) {
	t.Helper()
	if got.Status/100 == 2 {
		t.Errorf("%s was taken with %d %s", what, got.Status, got.Body)
	}
}

// TestHostile: a server that lies, floods and stalls changes nothing in an
// instance, takes little of its memory, and keeps it from nobody.
func TestHostile(t *testing.T) {
	t.Parallel() // most of the time is waiting
	s := newSiege(t)
	before := s.state(t)
	attacks := []struct {
		name   string
		attack func(*siege, *testing.T)
	}{
		{"wrong owner", (*siege).wrongOwner},
		{"spoofed origin", (*siege).spoofedOrigin},
		{"key swap", (*siege).keySwap},
		{"forged proof", (*siege).forgedProof},
		{"replay", (*siege).replay},
		{"deep JSON", (*siege).deepJSON},
		{"zip bomb", (*siege).zipBomb},
		{"slow body", (*siege).slowBody},
		{"slow keys", (*siege).slowKeys},
		{"endless collection", (*siege).endlessCollection},
		{"flood", (*siege).flood},
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			memory := s.forgetPeak(t)
			a.attack(s, t)
			s.settle(t)
			const allowed = 32 << 10 // kB; the collector does not come by at once
			if most := resident(t, s.server.cmd.Process.Pid, "VmHWM"); most > memory+allowed {
				t.Errorf("it came to %d MB, and had %d MB", most>>10, memory>>10)
			}
			if diff := cmp.Diff(before, s.state(t)); diff != "" {
				t.Errorf("this has changed (-before +after):\n%.3000s", diff)
			}
		})
	}
	s.stop() // and still ends as it should
}

// forgetPeak has the server's peak of memory begin anew, and returns what it has.
func (s *siege) forgetPeak(t *testing.T) int {
	t.Helper()
	pid := s.server.cmd.Process.Pid
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Logf("the peak counts from the server's start: %v", err)
	}
	return resident(t, pid, "VmRSS")
}

// wrongOwner changes and deletes what is ana's, in mallory's own name.
func (s *siege) wrongOwner(t *testing.T) {
	note, err := s.mallory.Note("I have it, for ever.", fedtest.Object{"inReplyTo": s.post})
	if err != nil {
		t.Fatal(err)
	}
	note["id"], note["attributedTo"] = s.reply, s.mallory.ID
	undone := fedtest.Object{"id": s.ana.FollowID(s.id), "type": "Follow", "actor": s.ana.ID, "object": s.id}
	for _, activity := range []fedtest.Object{
		s.mallory.Activity("Update", map[string]any(note)), s.mallory.Activity("Create", map[string]any(note)),
		s.mallory.Activity("Delete", s.reply), s.mallory.Activity("Delete", s.ana.ID), s.mallory.Activity("Delete", s.id),
		s.mallory.Activity("Undo", map[string]any(undone)), s.mallory.Activity("Undo", s.ana.FollowID(s.id)),
		s.mallory.Activity("Reject", map[string]any(undone)), s.mallory.Activity("Move", s.id),
		s.mallory.Activity("Update", map[string]any{"id": s.id, "type": "Organization", "name": "Mine"}),
	} {
		s.mallory.Post("http://"+s.host+"/inbox", activity, one)
	}
}

// spoofedOrigin speaks as ana, as the instance itself, and of entries of others.
func (s *siege) spoofedOrigin(t *testing.T) {
	for _, actor := range []string{s.ana.ID, s.id, "http://" + s.host + "/directory"} {
		for _, kind := range []string{"Delete", "Undo", "Update", "Like", "Create", "Add", "Remove", "Announce", "Block", "Accept"} {
			activity := s.mallory.Activity(kind, map[string]any{
				"id": s.enemy.URL + "/things/1", "type": "Organization", "name": "Mine", "preferredUsername": "mine", "actor": actor,
			})
			activity["actor"] = actor
			refused(t, kind+" as "+actor, s.mallory.Post("http://"+s.host+"/inbox", activity, one))
		}
	}
}

// keySwap shows a key as ana's that ana never heard of, and ana's key as its own.
func (s *siege) keySwap(t *testing.T) {
	shown, err := s.mallory.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	pem, err := json.Marshal(shown.Object("object").Object("publicKey").String("publicKeyPem"))
	if err != nil {
		t.Fatal(err)
	}
	key := s.enemy.URL + "/keys/1"
	s.enemy.Answer(key, fedtest.Answer{Status: http.StatusOK, Always: true, Header: http.Header{"Content-Type": {"application/activity+json"}}, Body: `{
		"@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
		"id": "` + key + `", "owner": "` + s.ana.ID + `", "publicKeyPem": ` + string(pem) + `}`})
	for _, id := range []string{key, s.ana.KeyID} {
		activity := s.mallory.Activity("Delete", s.reply)
		activity["actor"] = s.ana.ID
		refused(t, "a key of "+id, s.mallory.Post("http://"+s.host+"/inbox", activity, one, func(g *fedtest.Signing) { g.KeyID = id }))
	}
}

// forgedProof passes on what ana never said, with proofs by other keys; what she
// did say is taken from mallory all the same.
func (s *siege) forgedProof(t *testing.T) {
	s.mallory.ShowMultikey()
	inbox := "http://" + s.host + "/inbox"
	taken(t, s.mallory.Post(inbox, s.ana.Prove(s.ana.Activity("View", s.id)), one))
	said := s.ana.Activity("Delete", s.reply)
	for what, method := range map[string]string{"its own": s.mallory.ProofKeyID(), "ana's": s.ana.ProofKeyID()} {
		forged := s.mallory.Prove(said, func(p *fedtest.Proof) { p.Method = method })
		refused(t, "a proof by "+what+" key", s.mallory.Post(inbox, forged, one))
	}
	other := s.ana.Prove(s.ana.Activity("View", s.id))
	other["type"], other["object"] = "Delete", s.reply
	refused(t, "a proof of something else", s.mallory.Post(inbox, other, one))
}

// replay sends ben's Follow again, though ben has left: it is taken, being what he
// signed, and does nothing.
func (s *siege) replay(t *testing.T) {
	client := web()
	defer client.CloseIdleConnections()
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.id+"/inbox", bytes.NewReader(s.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header, r.Host = s.seen.Header.Clone(), s.seen.Host
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			t.Errorf("it was answered with %d, as if it were another one", res.StatusCode)
		}
	}
}

func (s *siege) deepJSON(t *testing.T) {
	const levels = 10_000
	for _, deep := range []string{
		strings.Repeat("[", levels) + strings.Repeat("]", levels), strings.Repeat(`{"object":`, levels) + "1" + strings.Repeat("}", levels),
		strings.Repeat("[", 500_000),
	} {
		body := `{"id":"` + s.mallory.ID + `#x","type":"Like","actor":"` + s.mallory.ID + `","object":` + deep + `}`
		refused(t, "deep JSON", s.mallory.Post("http://"+s.host+"/inbox", body, one))
	}
}

// zipBomb answers the question for a key with 200 MB of nothing.
func (s *siege) zipBomb(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for zeros := make([]byte, 1<<20); bomb.Len() < 200<<10; {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	bomber := s.enemy.Actor("bomber")
	s.enemy.Handle(bomber.ID, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/activity+json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes()) // whoever asked may have had enough
	})
	refused(t, "a zip bomb", bomber.Post(s.id+"/inbox", bomber.NewFollow(s.id), one))
}

// slowBody holds connections open on which a request never ends.
func (s *siege) slowBody(t *testing.T) {
	for range 200 {
		conn, err := net.Dial("tcp", s.listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := fmt.Fprintf(conn, "POST /inbox HTTP/1.1\r\nHost: %s\r\nContent-Type: application/activity+json\r\nContent-Length: 900000\r\n\r\n{", s.host); err != nil {
			t.Fatal(err)
		}
	}
}

// slowKeys has the instance wait for keys that do not come while others write.
func (s *siege) slowKeys(t *testing.T) {
	gate := make(chan struct{})
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer close(gate)
	for k := range 20 {
		slow := s.enemy.Actor(fmt.Sprintf("slow%d", k))
		s.enemy.Answer(slow.ID, fedtest.Answer{Before: gate, Always: true})
		waiting.Go(func() { slow.Post("http://"+s.host+"/inbox", slow.Activity("View", s.id), one) })
	}
	s.settle(t) // which is a conversation with somebody else
}

// endlessCollection gives a directory to mirror whose log never ends.
func (s *siege) endlessCollection(t *testing.T) {
	enemy := s.enemy.Actor("directory")
	enemy.Edit(func(doc fedtest.Object) {
		doc["type"], doc["outbox"] = "Service", s.enemy.URL+"/endless"
		doc["initiatives"] = s.enemy.URL + "/directory/initiatives"
	})
	var pages atomic.Int64
	s.enemy.Handle("/endless", func(w http.ResponseWriter, r *http.Request) {
		n := pages.Add(1)
		w.Header().Set("Content-Type", "application/activity+json")
		page := fmt.Sprintf("%s/endless?page=%d", s.enemy.URL, n)
		if r.URL.RawQuery == "" {
			fmt.Fprintf(w, `{"@context":"https://www.w3.org/ns/activitystreams","id":"%s/endless","type":"OrderedCollection","totalItems":1,"first":%q}`, s.enemy.URL, page)
			return
		}
		fmt.Fprintf(w, `{"@context":"https://www.w3.org/ns/activitystreams","id":"%s%s","type":"OrderedCollectionPage","partOf":"%s/endless","next":%q,"prev":"%s/endless?newer=%d","orderedItems":[]}`,
			s.enemy.URL, r.URL.RequestURI(), s.enemy.URL, page, s.enemy.URL, n)
	})
	s.do("peer", "add", s.enemy.Host)
	await(t, s.enemy, func(d fedtest.Delivery) bool { return d.Type == "Follow" && d.Inbox == enemy })
	for _, d := range s.enemy.Deliveries() {
		if d.Type == "Follow" && d.Inbox == enemy {
			taken(t, enemy.Post("http://"+s.host+"/inbox", enemy.Activity("Accept", map[string]any(d.Activity)), one))
		}
	}
	eventually(t, seconds, func() error {
		if n := pages.Load(); n < 20 {
			return fmt.Errorf("%d pages were read", n)
		}
		return nil
	})
	s.settle(t)
	if n := pages.Load(); n > 200 {
		t.Errorf("%d pages were read of a log that never ends", n)
	}
	s.do("peer", "remove", s.enemy.Host)
}

// flood sends much that is signed wrongly, from many at once.
func (s *siege) flood(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for k := range 50 {
				activity := s.mallory.Activity("Like", s.post)
				activity["id"] = fmt.Sprintf("%s#%d", s.mallory.ID, k)
				got := s.mallory.Post("http://"+s.host+"/inbox", activity, one, fedtest.WithKeyOf(s.ana))
				if got.Status/100 == 2 {
					t.Errorf("a wrong signature was taken with %d", got.Status)
				}
			}
		})
	}
	all.Wait()
}

// TestInside: an instance on the open network dials nothing within its own,
// whoever wants it to.
func TestInside(t *testing.T) {
	t.Parallel() // most of the time is waiting
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer trap.Close()
	var came atomic.Int64
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			conn.Close()
		}
	}()
	c := newCity(t, "guarded", onSQLite)
	c.set("allow_private_addresses = true", "allow_private_addresses = false")
	c.start()
	c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	mallory := fedtest.NewServer(t).Actor("mallory")
	inside := "http://" + trap.Addr().String() + "/users/x"
	id := "http://" + c.host + "/initiatives/tool_library"
	follow := mallory.NewFollow(id)
	refused(t, "an actor inside", mallory.Post(id+"/inbox", follow, one))
	follow["actor"] = inside
	refused(t, "a key inside", mallory.Post(id+"/inbox", follow, one, func(g *fedtest.Signing) { g.KeyID = inside + "#main-key" }))
	c.do("peer", "add", trap.Addr().String())
	c.do("post", "tool_library", "Ask @x@"+trap.Addr().String()+" about it.")
	eventually(t, seconds, func() error {
		if list := c.do("peer", "list"); !strings.Contains(list, "private") {
			return fmt.Errorf("no trouble is told of in %s", list)
		}
		return nil
	})
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections were made inside", n)
	}
	if _, err := c.get("/", ""); err != nil {
		t.Error(err)
	}
}
