package federation_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// clock stands still unless it is moved on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// world is the servers of one test, which share a clock.
type world struct {
	*testing.T
	clock  *clock
	cities int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{T: t, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
}

// server starts a server of other software.
func (w *world) server(f fedtest.Flavour) *fedtest.Server {
	w.Helper()
	return fedtest.NewServer(w.T, fedtest.WithFlavour(f), fedtest.WithClock(w.clock.Now))
}

// mastodon starts a Mastodon of the newest version.
func (w *world) mastodon() *fedtest.Server {
	w.Helper()
	return w.server(fedtest.Mastodon47())
}

// flavours are the servers that cases are tried with.
func flavours() []fedtest.Flavour {
	return []fedtest.Flavour{fedtest.Mastodon47(), fedtest.Mastodon43(), fedtest.GoToSocial(), fedtest.Lemmy()}
}

// eachFlavour runs a test with each of them.
func eachFlavour(t *testing.T, test func(t *testing.T, f fedtest.Flavour)) {
	t.Helper()
	for _, f := range flavours() {
		t.Run(f.Software+f.Version, func(t *testing.T) { test(t, f) })
	}
}

// city is one of our own servers, on loopback.
type city struct {
	*federation.Server
	*curation.Curator
	w        *world
	instance directory.Instance
	store    *store.Store
	http     *httptest.Server
	events   *events
	stop     func() // its workers
	gate     gate
}

// gate of a city: when it is shut, everybody but the test itself gets 503.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup // requests that came in while it was open
}

// shut closes the gate and waits until what came in before has been answered, so
// that nobody learns of what happens from now on.
func (g *gate) shut() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
}

// enter reports whether a request may come in; inside.Done ends it.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

// dormant starts a server whose workers do not run.
func (w *world) dormant(s *store.Store, edit ...func(*federation.Options)) *city {
	w.Helper()
	c := &city{w: w, store: s, stop: func() {}, events: newEvents()}
	c.http = httptest.NewUnstartedServer(nil)
	c.instance = directory.Instance{
		Host: c.http.Listener.Addr().String(), Scheme: "http", Name: fmt.Sprintf("City %d", w.cities),
		Description: "All the commons here.", Language: "en", Locality: "Ghent", Country: "BE",
		Point: &directory.Point{Latitude: 51.05, Longitude: 3.72},
	}
	log := slog.New(c.events)
	outgoing := client.New(client.Options{
		UserAgent: "Commonage/test (+" + c.instance.URL("/") + ")", Scheme: "http", AllowPrivate: true,
		Log: log, Now: w.clock.Now,
	})
	w.Cleanup(outgoing.Close)
	o := federation.Options{
		Instance: c.instance, Store: s, Client: outgoing, Keys: w.keys(s), Version: "0.1.0",
		Media: media.NewDir(w.TempDir()), Workers: 4, Log: log, Now: w.clock.Now,
	}
	for _, change := range edit {
		change(&o)
	}
	c.instance = o.Instance
	c.Curator = curation.New(s, c.instance, w.clock.Now)
	c.Server = federation.New(o)
	handler := c.Handler(http.HandlerFunc(page))
	c.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != tester {
			if !c.gate.enter() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			defer c.gate.inside.Done()
		}
		handler.ServeHTTP(w, r)
	})
	c.http.Start()
	w.Cleanup(c.http.Close)
	w.cities++
	return c
}

// city starts a server with its workers.
func (w *world) city(s *store.Store, edit ...func(*federation.Options)) *city {
	w.Helper()
	c := w.dormant(s, edit...)
	c.run()
	return c
}

// run starts the workers; stop ends them and waits for it.
func (c *city) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Run(ctx); err != nil {
			c.w.Errorf("workers: %v", err)
		}
	}()
	c.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	c.w.Cleanup(c.stop)
}

// page stands for the pages that people see.
func page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := io.WriteString(w, "<!doctype html><title>"+r.Method+" page</title>"); err != nil {
		return // the reader is gone
	}
}

// keyPairs are made once, for making one takes longer than most tests.
var keyPairs = [...]func() ([]directory.Key, error){
	sync.OnceValues(makeKeys), sync.OnceValues(makeKeys), sync.OnceValues(makeKeys),
}

func makeKeys() ([]directory.Key, error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	public, ed25519Key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	list := []directory.Key{{ID: "001", Kind: directory.RSA}, {ID: "002", Kind: directory.Ed25519}}
	for k, pair := range [][2]any{{rsaKey, &rsaKey.PublicKey}, {ed25519Key, public}} {
		private, err := x509.MarshalPKCS8PrivateKey(pair[0])
		if err != nil {
			return nil, err
		}
		spki, err := x509.MarshalPKIXPublicKey(pair[1])
		if err != nil {
			return nil, err
		}
		list[k].Private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
		list[k].Public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	}
	return list, nil
}

// keys gives a store the keys of the next city.
func (w *world) keys(s *store.Store) *federation.Keys {
	w.Helper()
	list, err := keyPairs[w.cities%len(keyPairs)]()
	if err != nil {
		w.Fatalf("make keys: %v", err)
	}
	for _, k := range list {
		k.Created = w.clock.Now()
		if err := s.PutKey(w.Context(), &k); err != nil {
			w.Fatal(err)
		}
	}
	loaded, err := federation.LoadKeys(w.Context(), s)
	if err != nil {
		w.Fatal(err)
	}
	return loaded
}

// events is a log handler that tells who waits that something happened.
type events struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
	slog.Handler
}

func newEvents() *events {
	e := &events{changed: make(chan struct{})}
	e.Handler = slog.NewTextHandler(&e.text, &slog.HandlerOptions{Level: slog.LevelDebug})
	return e
}

// Handle writes the record down and wakes who waits.
func (e *events) Handle(ctx context.Context, r slog.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.changed)
	e.changed = make(chan struct{})
	return e.Handler.Handle(ctx, r)
}

func (e *events) next() (<-chan struct{}, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	const enough = 4000
	text := e.text.Bytes()
	return e.changed, string(text[max(0, len(text)-enough):])
}

// logged returns how often a text stands in the log of a city.
func (c *city) logged(text string) int {
	c.events.mu.Lock()
	defer c.events.mu.Unlock()
	return bytes.Count(c.events.text.Bytes(), []byte(text))
}

// until returns when the condition holds. It is looked at after each log line,
// and often enough besides, as the last word of a worker is to the store.
func (c *city) until(what string, holds func() bool) {
	c.w.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	for {
		changed, log := c.events.next()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-limit.C:
			c.w.Fatalf("waited in vain for: %s; the log says\n%s", what, log)
		}
	}
}

// settle waits until everything that came in was acted on.
func (c *city) settle() {
	c.w.Helper()
	c.until("an empty inbox", func() bool { return c.count(c.store.CountReceived) == 0 })
}

// jobsDone waits until what was to be done now is done, such as queueing a post.
func (c *city) jobsDone() {
	c.w.Helper()
	c.until("the jobs to be done", func() bool {
		due, err := c.store.Due(c.w.Context(), c.w.clock.Now())
		return err == nil && !due.Jobs && !due.Working
	})
}

// sent waits until nothing is left to be delivered. What makes deliveries must
// be known to have happened.
func (c *city) sent() {
	c.w.Helper()
	c.until("deliveries", func() bool { return c.count(c.store.CountDeliveries) == 0 })
}

func (c *city) count(of func(context.Context) (int, error)) int {
	c.w.Helper()
	n, err := of(c.w.Context())
	if err != nil {
		c.w.Fatal(err)
	}
	return n
}

// followers returns who follows an actor of the city.
func (c *city) followers(id string) []directory.Follower {
	c.w.Helper()
	list, err := c.store.Followers(c.w.Context(), id, "", 1000)
	if err != nil {
		c.w.Fatal(err)
	}
	return list
}

// rad returns an initiative that nobody has stored yet.
func rad() *directory.Initiative {
	return &directory.Initiative{
		Handle: "rad", Name: "Café Ümit – Rad & Tat", Summary: "We mend bicycles together.",
		Description: "Every *Thursday* evening.", Languages: []string{"en"}, Forms: []string{"repair-cafe"},
		Place: directory.Place{
			Name: "The old dairy", Address: "Coupure 1", Postcode: "9000", Locality: "Ghent", Country: "BE",
			Point: &directory.Point{Latitude: 51.05, Longitude: 3.71},
		},
		Links: []directory.Link{{Name: "Website", URL: "https://rad.example"}}, Founded: "2016", Tags: []string{"bicycles"},
	}
}

// publish publishes an initiative like rad under a handle and returns its id. Its
// introduction is there, but is sent to nobody: who follows it a moment later
// would get that or not, as it happens.
func (c *city) publish(handle string) string {
	c.w.Helper()
	i := rad()
	i.Handle = handle
	ctx := c.w.Context()
	err := c.store.Tx(ctx, func(tx *store.Store) error {
		if err := curation.New(tx, c.instance, c.w.clock.Now).Publish(ctx, i); err != nil {
			return err
		}
		now := c.w.clock.Now()
		jobs, err := tx.ClaimJobs(ctx, []string{curation.PostJob}, now, now.Add(time.Minute), 1)
		for k := range jobs {
			err = tx.FinishJob(ctx, &jobs[k])
		}
		return err
	})
	if err != nil {
		c.w.Fatalf("publish %s: %v", handle, err)
	}
	return i.ID
}

// answer is what a city answered.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// tester is the User-Agent of what a test asks itself.
const tester = "the test"

const activityJSON = "application/activity+json"

// get asks the city, unsigned.
func (c *city) get(path, accept string) answer {
	c.w.Helper()
	return c.ask(http.MethodGet, path, accept)
}

func (c *city) ask(method, path, accept string) answer {
	c.w.Helper()
	r, err := http.NewRequestWithContext(c.w.Context(), method, c.url(path), http.NoBody)
	if err != nil {
		c.w.Fatal(err)
	}
	r.Header.Set("User-Agent", tester)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return c.send(r)
}

// url returns the address of a path; an address stays as it is.
func (c *city) url(path string) string {
	if strings.HasPrefix(path, "/") {
		return c.instance.URL(path)
	}
	return path
}

func (c *city) send(r *http.Request) answer {
	c.w.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.w.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.w.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// document gets an ActivityPub document.
func (c *city) document(path string) fedtest.Object {
	c.w.Helper()
	a := c.get(path, activityJSON)
	if a.Status != http.StatusOK {
		c.w.Fatalf("GET %s: %d %s", path, a.Status, a.Body)
	}
	return c.decode(a.Body)
}

func (c *city) decode(body string) fedtest.Object {
	c.w.Helper()
	var o fedtest.Object
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		c.w.Fatalf("%v in %s", err, body)
	}
	return o
}

// finger asks WebFinger; the resource goes out as it stands.
func (c *city) finger(resource string) answer {
	c.w.Helper()
	return c.get("/.well-known/webfinger?resource="+resource, "application/jrd+json, application/json")
}

// status fails the test unless the answer has the status.
func status(t testing.TB, got fedtest.Response, want int) {
	t.Helper()
	if got.Status != want {
		t.Fatalf("%s: got %d %s %v, want %d", got.URL, got.Status, got.Body, got.Err, want)
	}
}

// ofType matches deliveries of a type that were taken.
func ofType(kind string) func(fedtest.Delivery) bool {
	return func(d fedtest.Delivery) bool { return d.Type == kind && d.Status == http.StatusAccepted }
}

// await is Await with a bound of its own: nothing here takes long.
func (w *world) await(there *fedtest.Server, match func(fedtest.Delivery) bool) fedtest.Delivery {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	return there.Await(ctx, match)
}

// untilFailed waits until a delivery to a host failed and was put off.
func (c *city) untilFailed(host string) {
	c.w.Helper()
	c.until(host+" to fail", func() bool { return c.trouble(host).Fails > 0 })
}

// trouble returns how a host fails, or the first of its inboxes that fails alone.
func (c *city) trouble(host string) store.HostState {
	c.w.Helper()
	hosts, err := c.store.Hosts(c.w.Context())
	if err != nil {
		c.w.Fatal(err)
	}
	for _, h := range hosts {
		if h.Name == host && (h.Fails > 0 || h.Unavailable) {
			return h
		}
	}
	return store.HostState{Name: host}
}

// came returns the deliveries of a type.
func came(s *fedtest.Server, kind string) []fedtest.Delivery {
	var list []fedtest.Delivery
	for _, d := range s.Deliveries() {
		if d.Type == kind {
			list = append(list, d)
		}
	}
	return list
}

// requests returns those to a server whose method and target begin as told.
func requests(s *fedtest.Server, method, target string) []fedtest.Request {
	var list []fedtest.Request
	for _, r := range s.Requests() {
		if r.Method == method && strings.HasPrefix(r.Target, target) {
			list = append(list, r)
		}
	}
	return list
}

// onEach runs a test on each database.
func onEach(test func(w *world, s *store.Store)) func(*testing.T) {
	return func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) { test(newWorld(t), s) })
	}
}

// onSQLite runs a test that needs no state to speak of.
func onSQLite(test func(w *world, s *store.Store)) func(*testing.T) {
	return func(t *testing.T) { test(newWorld(t), storetest.Open(t)) }
}

// post publishes news of an initiative and returns its id.
func (c *city) post(handle, text string) string {
	c.w.Helper()
	p := &directory.Post{Text: text}
	if err := c.Post(c.w.Context(), handle, p); err != nil {
		c.w.Fatal(err)
	}
	return p.ID
}

// A server that is told to stop while it starts stops without complaint.
func TestRunStops(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		for wait := range 20 {
			ctx, cancel := context.WithTimeout(w.Context(), time.Duration(wait)*200*time.Microsecond)
			if err := c.Run(ctx); err != nil {
				w.Errorf("stopped after %d ms: %v", wait, err)
			}
			cancel()
		}
	})(t)
}
