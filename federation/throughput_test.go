package federation_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/delivery"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// The benchmarks of federation run once, whatever b.N says, and print what they
// did in a second beside what RSA-2048 lets this machine do at that moment:
//
//	go test -run '^$' -bench Federation -benchtime 1x ./federation

// limit is how many RSA-2048 operations a second this machine can do.
type limit struct {
	perSecond float64
	cpu       time.Duration // of one
	unit      string
}

// cpu returns the processor time that this process has used. Beside the wall's
// clock it is what to go by on a machine that others use too.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// stopwatch measures both kinds of time.
type stopwatch struct {
	began time.Time
	cpu   time.Duration
}

func start() stopwatch { return stopwatch{time.Now(), cpu()} }

func (w stopwatch) stop() spent { return spent{time.Since(w.began), cpu() - w.cpu} }

// spent is time by the wall's clock and of the processors.
type spent struct{ wall, cpu time.Duration }

// measureFor is how long a limit is measured, before and after what it limits.
const measureFor = 700 * time.Millisecond

// signing measures signing on all processors, as deliveries use them all.
func signing(key *rsa.PrivateKey) limit {
	return measured("sign", runtime.GOMAXPROCS(0), func() error {
		sum := sha256.Sum256([]byte("(request-target): post /inbox"))
		_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		return err
	})
}

// verifying measures verifying on one processor.
func verifying(key *rsa.PrivateKey) limit {
	sum := sha256.Sum256([]byte("(request-target): post /inbox"))
	value, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return limit{}
	}
	return measured("verify", 1, func() error {
		return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], value)
	})
}

func measured(unit string, processors int, f func() error) limit {
	var n atomic.Int64
	var running sync.WaitGroup
	watch := start()
	for range processors {
		running.Go(func() {
			for time.Since(watch.began) < measureFor && f() == nil {
				n.Add(1)
			}
		})
	}
	running.Wait()
	took := watch.stop()
	return limit{float64(n.Load()) / took.wall.Seconds(), took.cpu / time.Duration(max(1, n.Load())), unit}
}

// report prints what was done in a second and its share of what the limit was
// before and after, and the processor time of each.
func report(b *testing.B, what string, done int, took spent, before, after limit) {
	b.Helper()
	rate, mean := float64(done)/took.wall.Seconds(), (before.perSecond+after.perSecond)/2
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate, what+"/s")
	b.ReportMetric(mean, before.unit+"/s")
	b.ReportMetric(100*rate/mean, "%")
	b.ReportMetric(float64(took.cpu.Microseconds())/float64(done), "cpu-µs/"+what)
	b.ReportMetric(float64((before.cpu+after.cpu).Microseconds())/2, "cpu-µs/"+before.unit)
}

// network is many hosts on one port of this machine, each a name under
// .localhost; some of them are slow or dead.
type network struct {
	*httptest.Server
	port    string
	dead    string // a port on which nobody listens
	arrived atomic.Int64
	all     chan struct{}
	want    atomic.Int64
	close   chan struct{}
}

func newNetwork(b *testing.B) *network {
	b.Helper()
	n := &network{all: make(chan struct{}, 1), close: make(chan struct{})}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasPrefix(r.Host, "slow") {
			<-n.close
			return
		}
		w.WriteHeader(http.StatusAccepted)
		if n.arrived.Add(1) == n.want.Load() {
			n.all <- struct{}{}
		}
	}))
	b.Cleanup(n.Close)
	b.Cleanup(func() { close(n.close) })
	_, n.port, _ = net.SplitHostPort(n.Listener.Addr().String())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	_, n.dead, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	return n
}

// inboxes returns the shared inboxes of hosts, one in twenty slow or dead, and how
// many are well.
func (n *network) inboxes(hosts int) (list []string, well int) {
	for k := range hosts {
		name, port := "well", n.port
		switch k % 40 {
		case 39:
			name = "slow"
		case 19:
			name, port = "dead", n.dead
		default:
			well++
		}
		list = append(list, fmt.Sprintf("http://%s%d.localhost:%s/inbox", name, k, port))
	}
	return list, well
}

// BenchmarkFederationDelivery delivers activities to hosts of which one in twenty
// is slow or dead.
func BenchmarkFederationDelivery(b *testing.B) {
	const total = 6000
	for _, hosts := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			for b.Loop() {
				s, n := storetest.Open(b), newNetwork(b)
				inboxes, well := n.inboxes(hosts)
				n.want.Store(int64(total / hosts * well))
				for k := range total / hosts {
					queueNote(b, s, k, inboxes)
				}
				private := fedtest.Key(b, 0)
				before := signing(private)
				stop := deliver(b, s, private)
				watch := start()
				<-n.all
				took := watch.stop()
				stop()
				report(b, "delivery", int(n.want.Load()), took, before, signing(private))
			}
		})
	}
}

// queueNote queues a post for inboxes that are known to be shared.
func queueNote(b *testing.B, s *store.Store, serial int, inboxes []string) {
	b.Helper()
	actor := "https://ghent.example/initiatives/rad"
	note := vocab.Note{ID: fmt.Sprintf("%s/posts/%d", actor, serial), Author: actor, Content: strings.Repeat("<p>News.</p>", 40), Published: time.Now()}
	body, err := vocab.Create(vocab.Envelope{ID: note.ID + "#create", Actor: actor}, note)
	if err != nil {
		b.Fatal(err)
	}
	err = s.Tx(b.Context(), func(tx *store.Store) error {
		for _, inbox := range inboxes {
			a := &directory.RemoteActor{ID: strings.TrimSuffix(inbox, "inbox") + "ada", SharedInbox: inbox}
			if err := tx.PutActor(b.Context(), a); err != nil {
				return err
			}
		}
		out := store.Outgoing{ActivityID: note.ID + "#create", ActorID: actor, ObjectID: note.ID, Body: body, Inboxes: inboxes}
		return tx.PutDeliveries(b.Context(), out, time.Now(), func() string { return curation.NewID(time.Now()) })
	})
	if err != nil {
		b.Fatal(err)
	}
}

// deliver works on the queue until it is stopped.
func deliver(b *testing.B, s *store.Store, private *rsa.PrivateKey) (stop func()) {
	b.Helper()
	outgoing := client.New(client.Options{UserAgent: "Commonage/bench", Scheme: "http", AllowPrivate: true})
	w := delivery.New(delivery.Options{
		Store: s, Client: outgoing, Workers: 16, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		KeyFor: func(_ context.Context, actor, _ string) (signature.Key, error) {
			return signature.Key{ID: vocab.KeyID(actor), Private: private}, nil
		},
	})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
		outgoing.Close()
	}
}

// cityUnderLoad is a server of ours on loopback, with its workers and the wall's clock.
type cityUnderLoad struct {
	*testing.B
	store    *store.Store
	instance directory.Instance
	http     *httptest.Server
	client   *http.Client
	key      *rsa.PrivateKey // of everyone who sends
	pem      string
	post     string // that is replied to
	rad      string // who is followed
}

func newCityUnderLoad(b *testing.B) *cityUnderLoad {
	b.Helper()
	c := &cityUnderLoad{B: b, store: storetest.Open(b), key: fedtest.Key(b, 1)}
	c.http = httptest.NewUnstartedServer(nil)
	c.instance = directory.Instance{Host: c.http.Listener.Addr().String(), Scheme: "http", Name: "Ghent"}
	curator := curation.New(c.store, c.instance, time.Now)
	i := rad()
	post := &directory.Post{Text: "Hello"}
	if err := curator.Publish(b.Context(), i); err != nil {
		b.Fatal(err)
	}
	if err := curator.Post(b.Context(), i.Handle, post); err != nil {
		b.Fatal(err)
	}
	c.rad, c.post = i.ID, post.ID
	if _, err := federation.EnsureKeys(b.Context(), c.store, time.Now()); err != nil {
		b.Fatal(err)
	}
	keys, err := federation.LoadKeys(b.Context(), c.store)
	if err != nil {
		b.Fatal(err)
	}
	if c.pem, err = (signature.Key{Private: c.key}).PublicPEM(); err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	outgoing := client.New(client.Options{UserAgent: "Commonage/bench", Scheme: "http", AllowPrivate: true, Log: log})
	server := federation.New(federation.Options{
		Instance: c.instance, Store: c.store, Client: outgoing, Keys: keys, Version: "0.1.0", Workers: 16, Log: log, Now: time.Now,
	})
	c.http.Config.Handler = server.Handler(http.NotFoundHandler())
	c.http.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	c.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	b.Cleanup(func() {
		c.http.Close()
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		outgoing.Close()
		c.client.CloseIdleConnections()
	})
	return c
}

// senders is how many connections the others keep to the city.
const senders = 16

// signed returns activities as they go over the wire, signed beforehand: signing
// is the senders' own work.
func (c *cityUnderLoad) signed(n int, activity func(k int) (actor string, body string)) []*http.Request {
	c.Helper()
	list := make([]*http.Request, n)
	var running sync.WaitGroup
	for part := range senders {
		running.Go(func() {
			for k := part; k < n; k += senders {
				actor, body := activity(k)
				r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.instance.URL("/inbox"), strings.NewReader(body))
				if err != nil {
					c.Error(err)
					return
				}
				r.Header.Set("Content-Type", vocab.ContentType)
				if err := (signature.Key{ID: vocab.KeyID(actor), Private: c.key}).Sign(r, []byte(body), signature.Cavage, time.Now()); err != nil {
					c.Error(err)
				}
				list[k] = r
			}
		})
	}
	running.Wait()
	return list
}

// send sends one request and returns how long the answer took.
func (c *cityUnderLoad) send(r *http.Request) time.Duration {
	began := time.Now()
	res, err := c.client.Do(r)
	if err != nil {
		c.Error(err)
		return 0
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusAccepted {
		c.Errorf("answered %d %s", res.StatusCode, answer)
	}
	return time.Since(began)
}

// sendAll sends requests as fast as they are taken and waits until everything was
// acted on.
func (c *cityUnderLoad) sendAll(list []*http.Request) spent {
	c.Helper()
	watch := start()
	var running sync.WaitGroup
	for part := range senders {
		running.Go(func() {
			for k := part; k < len(list); k += senders {
				c.send(list[k])
			}
		})
	}
	running.Wait()
	for {
		n, err := c.store.CountReceived(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		if n == 0 {
			return watch.stop()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// reply is a Mastodon's Create of a reply by one of many actors, whom we know.
func (c *cityUnderLoad) reply(k int) (actor, body string) {
	host := fmt.Sprintf("http://m%d.example", k%100)
	actor = fmt.Sprintf("%s/users/u%d", host, k%1000/100)
	id := fmt.Sprintf("%s/statuses/%d", actor, k)
	return actor, fmt.Sprintf(`{"@context":["https://www.w3.org/ns/activitystreams",{"ostatus":"http://ostatus.org#","atomUri":"ostatus:atomUri","inReplyToAtomUri":"ostatus:inReplyToAtomUri","conversation":"ostatus:conversation","sensitive":"as:sensitive","toot":"http://joinmastodon.org/ns#","votersCount":"toot:votersCount"}],"id":%q,"type":"Create","actor":%q,"published":"2026-11-23T12:00:00Z","to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["%s/followers",%q],"object":{"id":%q,"type":"Note","summary":null,"inReplyTo":%q,"published":"2026-11-23T12:00:00Z","url":"%s/@u/%d","attributedTo":%q,"to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["%s/followers",%q],"sensitive":false,"atomUri":%q,"conversation":"tag:m.example,2026:objectId=%d","content":"<p><span class=\"h-card\"><a href=\"%s\" class=\"u-url mention\">@<span>rad</span></a></span> I will bring my bicycle on Saturday, thank you.</p>","contentMap":{"en":"<p>I will bring my bicycle on Saturday, thank you.</p>"},"attachment":[],"tag":[{"type":"Mention","href":%q,"name":"@rad@ghent.example"}],"replies":{"id":"%s/replies","type":"Collection","first":{"type":"CollectionPage","next":"%s/replies?page=true","partOf":"%s/replies","items":[]}}}}`,
		id+"/activity", actor, actor, c.rad, id, c.post, host, k, actor, actor, c.rad, id, k, "https://ghent.example/@rad", c.rad, id, id, id)
}

func (c *cityUnderLoad) knowEverybody() {
	c.Helper()
	err := c.store.Tx(c.Context(), func(tx *store.Store) error {
		for k := range 1000 {
			actor, _ := c.reply(k)
			a := &directory.RemoteActor{
				ID: actor, Type: "Person", Handle: "u", Name: "Ada", Inbox: actor + "/inbox",
				SharedInbox: strings.SplitAfter(actor, ".example")[0] + "/inbox",
				KeyID:       vocab.KeyID(actor), KeyPEM: c.pem, Fetched: time.Now(),
			}
			if err := tx.PutActor(c.Context(), a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}

// BenchmarkFederationKnown takes and acts on replies of actors who are known.
func BenchmarkFederationKnown(b *testing.B) {
	const total = 6000
	for b.Loop() {
		c := newCityUnderLoad(b)
		c.knowEverybody()
		list := c.signed(total, c.reply)
		before := verifying(c.key)
		took := c.sendAll(list)
		report(b, "reply", total, took, before, verifying(c.key))
		if list, err := c.store.Replies(b.Context(), directory.ReplyPending, "", total+1); err != nil || len(list) != total {
			b.Errorf("%d replies are stored, %v, want %d", len(list), err, total)
		}
	}
}

// BenchmarkFederationNew takes Follows of actors whose keys are still to be
// fetched, and acts on them.
func BenchmarkFederationNew(b *testing.B) {
	const total = 1500
	for b.Loop() {
		c := newCityUnderLoad(b)
		peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusAccepted)
				return
			}
			id := "http://" + r.Host + r.URL.Path
			w.Header().Set("Content-Type", vocab.ContentType)
			fmt.Fprintf(w, `{"@context":["https://www.w3.org/ns/activitystreams","https://w3id.org/security/v1"],"id":%q,"type":"Person","preferredUsername":"u","name":"Ada","inbox":"%s/inbox","outbox":"%s/outbox","endpoints":{"sharedInbox":"http://%s/inbox"},"publicKey":{"id":"%s#main-key","owner":%q,"publicKeyPem":%q}}`,
				id, id, id, r.Host, id, id, c.pem)
		}))
		b.Cleanup(peer.Close)
		list := c.signed(total, func(k int) (string, string) {
			actor := fmt.Sprintf("%s/users/%d", peer.URL, k)
			return actor, fmt.Sprintf(`{"@context":"https://www.w3.org/ns/activitystreams","id":"%s/follows/1","type":"Follow","actor":%q,"object":%q}`, actor, actor, c.rad)
		})
		before := signing(c.key)
		took := c.sendAll(list)
		report(b, "follow", total, took, before, signing(c.key))
		if n, err := c.store.CountFollowers(b.Context(), c.rad); err != nil || n != total {
			b.Errorf("%d followers are stored, %v, want %d", n, err, total)
		}
	}
}

// BenchmarkFederationLatency takes 200 replies a second and tells how long their
// senders wait.
func BenchmarkFederationLatency(b *testing.B) {
	const rate, seconds = 200, 10
	for b.Loop() {
		c := newCityUnderLoad(b)
		c.knowEverybody()
		list := c.signed(rate*seconds, c.reply)
		waits := make([]time.Duration, len(list))
		var running sync.WaitGroup
		tick := time.NewTicker(time.Second / rate)
		for k, r := range list {
			<-tick.C
			running.Go(func() { waits[k] = c.send(r) })
		}
		tick.Stop()
		running.Wait()
		slices.Sort(waits)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-p50")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-p99")
	}
}
