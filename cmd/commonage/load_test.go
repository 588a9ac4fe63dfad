package main_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/signature"
)

// connections is how many clients ask at once.
const connections = 8

// fetch makes one GET and reads the answer.
func fetch(client *http.Client, address, host, accept string) error {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Host = host
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: status %d", address, resp.StatusCode)
	}
	return err
}

// throughput asks for pages and actors as fast as they come, for a while.
func (m *measuring) throughput() {
	const long = 3 * time.Second
	handles := m.handles(200)
	for _, page := range []struct {
		name, accept string
		path         func() string
	}{
		{"actor documents", "application/activity+json", func() string { return "/initiatives/" + handles[rand.IntN(len(handles))] }},
		{"home pages", "text/html", func() string { return "/" }},
		{"pages of initiatives", "text/html", func() string { return "/initiatives/" + handles[rand.IntN(len(handles))] }},
		{"pages of searches", "text/html", func() string { return "/search?q=" + benchWords[rand.IntN(len(benchWords))] }},
	} {
		client := web()
		began := time.Now()
		n := inParallel(m.b, func() (bool, error) {
			err := fetch(client, "http://"+m.city.listen+page.path(), m.city.host, page.accept)
			return time.Since(began) < long, err
		})
		m.note(page.name, "%.0f a second, %d connections", float64(n)/time.Since(began).Seconds(), connections)
		client.CloseIdleConnections()
	}
}

// inParallel calls one from some goroutines until it returns false, and returns
// how often it did.
func inParallel(b *testing.B, one func() (more bool, err error)) int64 {
	b.Helper()
	var n atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for more := true; more; {
				var err error
				if more, err = one(); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	return n.Load()
}

func (m *measuring) handles(n int) []string {
	var out []string
	for _, e := range m.city.ask("limit=" + strconv.Itoa(n)).Items {
		out = append(out, e.Handle)
	}
	return out
}

// crowd is a server with any number of actors, on a few hosts, that all have one
// key and take whatever is sent to them.
type crowd struct {
	http *httptest.Server
	key  *rsa.PrivateKey
	pem  string

	mu    sync.Mutex
	types map[string]int
	last  time.Time // of the latest delivery
}

// hostsOfCrowd is how many servers it looks like, each with a shared inbox:
// deliveries to one host are few at a time.
const hostsOfCrowd = 500

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	c := &crowd{key: fedtest.Key(b, 0), types: map[string]int{}}
	der, err := x509.MarshalPKIXPublicKey(&c.key.PublicKey)
	if err != nil {
		b.Fatal(err)
	}
	c.pem = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	c.http = httptest.NewServer(http.HandlerFunc(c.serve))
	b.Cleanup(c.http.Close)
	return c
}

func (c *crowd) actor(n int) string {
	_, port, _ := net.SplitHostPort(c.http.Listener.Addr().String())
	return fmt.Sprintf("http://s%d.localhost:%s/users/%d", n%hostsOfCrowd, port, n)
}

func (c *crowd) serve(w http.ResponseWriter, r *http.Request) {
	id := "http://" + r.Host + strings.TrimSuffix(r.URL.Path, "/inbox")
	if r.Method == http.MethodPost {
		var activity struct{ Type string }
		err := json.NewDecoder(r.Body).Decode(&activity)
		c.mu.Lock()
		c.types[activity.Type]++
		c.last = time.Now()
		c.mu.Unlock()
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.Header().Set("Content-Type", "application/activity+json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       id, "type": "Person", "preferredUsername": "u" + id[strings.LastIndex(id, "/")+1:], "inbox": id + "/inbox",
		"endpoints": map[string]string{"sharedInbox": "http://" + r.Host + "/inbox"},
		"publicKey": map[string]string{"id": id + "#main-key", "owner": id, "publicKeyPem": c.pem},
	})
}

func (c *crowd) got(kind string) (int, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.types[kind], c.last
}

// follow returns a signed Follow of the object by the n-th actor.
func (c *crowd) follow(b *testing.B, m *measuring, n int, object string) *http.Request {
	b.Helper()
	id := c.actor(n)
	body, err := json.Marshal(map[string]string{
		"@context": "https://www.w3.org/ns/activitystreams", "id": fmt.Sprintf("%s#follows/%s", id, object),
		"type": "Follow", "actor": id, "object": object,
	})
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+m.city.host+"/inbox", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/activity+json")
	key := signature.Key{ID: id + "#main-key", Private: c.key}
	if err := key.Sign(req, body, signature.Cavage, time.Now()); err != nil {
		b.Fatal(err)
	}
	return req
}

// federation measures the inbox and the deliveries. Requests are signed before
// the clock starts.
func (m *measuring) federation() {
	const actors = 1000
	c := newCrowd(m.b)
	handles := m.handles(2)
	for k, name := range []string{"inbox, Follow by actors met first", "inbox, Follow by known actors"} {
		object := "http://" + m.city.host + "/initiatives/" + handles[k]
		m.post(name, c, object, actors)
		want := (k + 1) * actors
		eventually(m.b, time.Minute, func() error {
			if n, _ := c.got("Accept"); n < want {
				return fmt.Errorf("%d of %d Accepts have come", n, want)
			}
			return nil
		})
	}

	const posts = 4 // each goes to every shared inbox once
	began := time.Now()
	for range posts {
		m.city.do("post", handles[0], "News for a thousand.")
	}
	eventually(m.b, time.Minute, func() error {
		if n, _ := c.got("Create"); n < posts*hostsOfCrowd {
			return fmt.Errorf("%d of %d posts have come", n, posts*hostsOfCrowd)
		}
		return nil
	})
	_, last := c.got("Create")
	m.note("deliveries", "%.0f a second (%d posts to %d hosts, from the command to the last)",
		posts*hostsOfCrowd/last.Sub(began).Seconds(), posts, hostsOfCrowd)
}

// post sends a Follow by each actor, and times the answers and the Accepts.
func (m *measuring) post(name string, c *crowd, object string, actors int) {
	requests := make(chan *http.Request, actors)
	for n := range actors {
		requests <- c.follow(m.b, m, n, object)
	}
	client := web()
	defer client.CloseIdleConnections()
	accepts, _ := c.got("Accept")
	began := time.Now()
	inParallel(m.b, func() (bool, error) {
		select {
		case req := <-requests:
			resp, err := client.Do(req)
			if err != nil {
				return false, err
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusAccepted {
				return false, fmt.Errorf("Follow: status %d %s", resp.StatusCode, body)
			}
			return len(requests) > 0, nil
		default:
			return false, nil
		}
	})
	took := time.Since(began)
	eventually(m.b, time.Minute, func() error {
		if n, _ := c.got("Accept"); n < accepts+actors {
			return fmt.Errorf("%d of %d Accepts have come", n-accepts, actors)
		}
		return nil
	})
	_, last := c.got("Accept")
	m.note(name, "%.0f POSTs a second; %.0f a second until their Accepts have arrived",
		float64(actors)/took.Seconds(), float64(actors)/last.Sub(began).Seconds())
}
