package peering_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// network is a net without sockets: handlers by host.
type network struct {
	hosts    map[string]http.Handler
	requests []string // as "host path?query"
	before   func()   // called before each request
}

var errLost = errors.New("the answer is lost")

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.requests = append(n.requests, r.URL.Host+" "+r.URL.RequestURI())
	if n.before != nil {
		n.before()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h, ok := n.hosts[r.URL.Host]
	if !ok {
		return nil, errLost
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.Host = r.URL.RequestURI(), r.URL.Host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

// town is one instance of a world.
type town struct {
	*curation.Curator
	*peering.Peering
	host  string
	store *store.Store
	sent  []json.RawMessage
}

// world is three instances that follow each other.
type world struct {
	t      *testing.T
	net    *network
	clock  *clock
	towns  []*town
	random *rand.Rand
	steps  []string
}

const mallory = "mallory.example"

// newWorld makes instances with names that no other world has on stores that were
// used before: nobody knows yet what these have of others.
func newWorld(t *testing.T, stores []*store.Store, keys *federation.Keys, c *clock, n int) *world {
	w := &world{t: t, clock: c, random: rand.New(rand.NewPCG(4, uint64(n)))}
	w.net = &network{hosts: map[string]http.Handler{}}
	for k, s := range stores {
		o := &town{host: fmt.Sprintf("%c%d.example", 'a'+k, n), store: s}
		instance := directory.Instance{Host: o.host, Scheme: "http", Name: o.host}
		cl := client.New(client.Options{UserAgent: "test", Scheme: "http", Now: c.Now, Transport: w.net})
		server := federation.New(federation.Options{
			Instance: instance, Store: s, Client: cl, Keys: keys, Version: "0.1.0", Media: media.NewDir(""),
			Workers: 1, Log: slog.New(slog.DiscardHandler), Now: c.Now,
		})
		cl.SetKey(nil) // signing would take most of the time
		w.net.hosts[o.host] = server.Handler(http.NotFoundHandler())
		o.Curator = curation.New(s, instance, c.Now)
		o.Peering = peering.New(peering.Options{
			Instance: instance, Store: s, Client: cl, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
				return c.Now().UTC().Truncate(time.Microsecond)
			},
			Prove: proveWith(keys, c),
		})
		w.towns = append(w.towns, o)
	}
	for _, o := range w.towns {
		for _, other := range w.towns {
			if other != o {
				w.follow(o, other)
			}
		}
	}
	return w
}

// proveWith returns what verifies proofs with the keys that all towns share.
func proveWith(keys *federation.Keys, c *clock) func(context.Context, *store.Store, *vocab.Activity) error {
	return func(_ context.Context, _ *store.Store, a *vocab.Activity) error {
		proofs, err := signature.ProofsOf(a.Raw)
		if err != nil {
			return err
		}
		key, _ := keys.Proving(a.Actor)
		for k := range proofs {
			if proofs[k].VerificationMethod == key.ID {
				return proofs[k].Verify(key.Private.Public().(ed25519.PublicKey), c.Now())
			}
		}
		return errors.New("the proof is by somebody else")
	}
}

// follow has a town follow another from where its log stands now.
func (w *world) follow(o, other *town) {
	w.t.Helper()
	position := int64(0)
	changes, err := other.store.ChangesBefore(w.t.Context(), 1<<60, 1)
	w.must(err)
	if len(changes) > 0 {
		position = changes[0].Position
	}
	w.must(o.store.PutPeer(w.t.Context(), &directory.Peer{
		Host: other.host, ActorID: "http://" + other.host + "/directory", Wanted: true, State: directory.PeerFollowing,
		Added: w.clock.Now(), Cursor: fmt.Sprintf("http://%s/directory/outbox?after=%d", other.host, position),
	}))
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatalf("%v\nafter %s", err, strings.Join(w.steps, "\n      "))
	}
}

func (w *world) note(format string, args ...any) {
	w.steps = append(w.steps, fmt.Sprintf(format, args...))
}

// pair returns two different towns.
func (w *world) pair() (o, other *town) {
	k := w.random.IntN(len(w.towns))
	return w.towns[k], w.towns[(k+1+w.random.IntN(len(w.towns)-1))%len(w.towns)]
}

func handleOf(n int) string { return string(rune('a' + n)) }

// step does something at random.
func (w *world) step() {
	ctx := w.t.Context()
	o, other := w.pair()
	handle := handleOf(w.random.IntN(3))
	switch w.random.IntN(15) {
	case 0, 1, 2:
		w.note("%s publishes %s", o.host, handle)
		w.changed(o, o.Publish(ctx, &directory.Initiative{Handle: handle, Name: "Entry"}))
	case 3, 4:
		name := fmt.Sprint("Name ", w.random.IntN(1000))
		w.note("%s calls %s %q", o.host, handle, name)
		_, err := o.Edit(ctx, handle, func(i *directory.Initiative) error {
			i.Name = name
			return nil
		})
		w.changed(o, err)
	case 5:
		w.note("%s withdraws %s", o.host, handle)
		w.changed(o, o.Withdraw(ctx, handle))
	case 6:
		w.note("%s has %s moved to %s", o.host, handle, other.host)
		w.changed(o, o.Move(ctx, handle, "http://"+other.host+"/initiatives/"+handle))
	case 7:
		w.block(o, other, handle)
	case 8:
		w.forge(o, other)
	case 9:
		w.crash(o, other)
	case 10:
		w.damage(o, "http://"+other.host+"/initiatives/"+handle)
	case 11, 12:
		w.passOn(o, other)
	default: // any of what was sent: late, again, out of order; the rest is lost
		if len(other.sent) > 0 {
			k := w.random.IntN(len(other.sent))
			w.note("%s gets %d of %s", o.host, k, other.host)
			w.deliver(o, other.host, other.sent[k])
		}
	}
}

// changed keeps what a town would send of its last change, if there was one.
func (w *world) changed(o *town, err error) {
	var invalid *directory.Invalid
	if errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrGone) || errors.Is(err, directory.ErrConflict) || errors.As(err, &invalid) {
		w.note("  which fails: %v", err)
		return
	}
	w.must(err)
	changes, err := o.store.ChangesBefore(w.t.Context(), 1<<60, 1)
	w.must(err)
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("http://%s/directory/log/%d", o.host, changes[0].Position), nil)
	answer := httptest.NewRecorder()
	w.net.hosts[o.host].ServeHTTP(answer, r)
	o.sent = append(o.sent, answer.Body.Bytes())
}

// deliver has a town apply what comes signed by another.
func (w *world) deliver(o *town, signer string, body json.RawMessage) {
	a, err := vocab.ParseActivity(body)
	w.must(err)
	ctx := w.t.Context()
	blocks, err := o.store.Blocks(ctx)
	w.must(err)
	if blocks.Blocked(signer) || blocks.Blocked(a.Actor) {
		return // the inbox refuses it
	}
	take := o.Apply
	if w.random.IntN(2) == 0 {
		take = o.Heard
	}
	w.must(o.store.Tx(ctx, func(tx *store.Store) error { return take(ctx, tx, signer, a) }))
}

// passOn has a town get by a third one what another sent, or what was made of it.
func (w *world) passOn(o, other *town) {
	if len(other.sent) == 0 {
		return
	}
	third := w.third(o, other)
	k := w.random.IntN(len(other.sent))
	body := string(other.sent[k])
	forged := []string{
		strings.Replace(body, `"name":"`, `"name":"Forged `, 1),
		strings.Replace(body, `"published":"2026`, `"published":"2027`, 1),
		strings.ReplaceAll(body, other.host, third.host),
		strings.ReplaceAll(body, other.host, o.host),
	}
	if form := w.random.IntN(2 * len(forged)); form < len(forged) && forged[form] != body {
		w.note("%s gets forgery %d of %d of %s by %s", o.host, form, k, other.host, third.host)
		if form == 2 {
			third = other // who announces its own has signed for it
		}
		body = forged[form]
	} else {
		w.note("%s gets %d of %s by %s", o.host, k, other.host, third.host)
	}
	ctx := w.t.Context()
	blocks, err := o.store.Blocks(ctx)
	w.must(err)
	if blocks.Blocked(third.host) {
		return // the inbox refuses it
	}
	w.must(o.store.Tx(ctx, func(tx *store.Store) error {
		return o.Told(ctx, tx, third.host, []vocab.Ref{{Raw: json.RawMessage(body)}})
	}))
}

// third returns the town that is neither of two.
func (w *world) third(o, other *town) *town {
	k := slices.IndexFunc(w.towns, func(t *town) bool { return t != o && t != other })
	return w.towns[k]
}

// forge has a town get what others made of what was sent.
func (w *world) forge(o, other *town) {
	if len(other.sent) == 0 {
		return
	}
	body := string(other.sent[w.random.IntN(len(other.sent))])
	third := w.third(o, other)
	forged := []string{
		strings.Replace(body, `"actor":"http://`+other.host, `"actor":"http://`+mallory, 1),
		strings.ReplaceAll(body, other.host, third.host),
		strings.ReplaceAll(body, "http://"+other.host+"/initiatives", "https://"+other.host+"/initiatives"),
	}
	k := w.random.IntN(len(forged))
	w.note("%s gets forgery %d", o.host, k)
	w.deliver(o, mallory, json.RawMessage(body))
	w.deliver(o, mallory, json.RawMessage(forged[k]))
	if k != 1 { // that would be what the third can really say
		w.deliver(o, third.host, json.RawMessage(forged[k]))
	}
}

// block decides about another town, or an entry of it, or takes that back.
func (w *world) block(o, other *town, handle string) {
	ctx := w.t.Context()
	b := directory.Block{Subject: other.host, Kind: directory.Blocked}
	switch w.random.IntN(5) {
	case 0:
		b.Kind = directory.Limited
	case 1, 3:
		w.blockEntry(o, other, handle)
		return
	case 2:
		w.note("%s unblocks %s", o.host, other.host)
		if err := o.Unblock(ctx, other.host); errors.Is(err, directory.ErrNotFound) {
			return
		} else {
			w.must(err)
		}
		if _, err := o.store.Peer(ctx, other.host); errors.Is(err, directory.ErrNotFound) {
			w.follow(o, other)
		}
		return
	}
	w.note("%s: %s %s", o.host, b.Subject, b.Kind)
	w.must(o.Block(ctx, b))
	if blocks, err := o.store.Blocks(ctx); err == nil && !blocks.Blocked(other.host) {
		if _, err := o.store.Peer(ctx, other.host); errors.Is(err, directory.ErrNotFound) {
			w.follow(o, other)
		}
	}
}

// blockEntry decides about an entry of another town, and perhaps takes that back
// after a comparison.
func (w *world) blockEntry(o, other *town, handle string) {
	ctx := w.t.Context()
	id := "http://" + other.host + "/initiatives/" + handle
	w.note("%s: %s blocked", o.host, id)
	w.must(o.Block(ctx, directory.Block{Subject: id, Kind: directory.Blocked}))
	if w.random.IntN(2) == 0 {
		w.note("%s repairs %s", o.host, other.host)
		_, err := o.Repair(ctx, other.host)
		w.must(err)
	}
	if w.random.IntN(2) == 0 {
		w.note("%s unblocks %s", o.host, id)
		w.must(o.Unblock(ctx, id))
	}
}

// crash has a town read or repair, and end at one of its requests.
func (w *world) crash(o, other *town) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	left := 1 + w.random.IntN(5)
	w.net.before = func() {
		if left--; left == 0 {
			cancel()
		}
	}
	defer func() { w.net.before = nil }()
	work, what := o.Sync, "reads"
	if w.random.IntN(2) == 0 {
		work, what = o.Repair, "repairs"
	}
	w.note("%s %s %s, until request %d", o.host, what, other.host, left)
	if _, err := work(ctx, other.host); err != nil && ctx.Err() == nil {
		w.must(err)
	}
}

// damage has a town lose an entry, or hold it for withdrawn long after now.
func (w *world) damage(o *town, id string) {
	ctx := w.t.Context()
	list, err := o.store.Initiatives(ctx, []string{id})
	w.must(err)
	if len(list) == 0 {
		return
	}
	if w.random.IntN(2) == 0 {
		w.note("%s loses %s", o.host, id)
		w.must(o.store.RemoveCarried(ctx, []string{id}))
		return
	}
	w.note("%s takes %s for withdrawn", o.host, id)
	list[0].State, list[0].Updated = directory.Withdrawn, list[0].Updated.Add(time.Hour)
	w.must(o.store.PutInitiative(ctx, list[0], ""))
}

// same repairs everything once and checks that each carries what others publish.
func (w *world) same() {
	w.t.Helper()
	ctx := w.t.Context()
	listed := map[*town][]directory.Initiative{}
	for _, o := range w.towns {
		listed[o] = published(w.t, o.store, o.host)
	}
	for _, o := range w.towns {
		blocks, err := o.store.Blocks(ctx)
		w.must(err)
		for _, other := range w.towns {
			if o == other {
				continue
			}
			_, err := o.Repair(ctx, other.host)
			w.must(err)
			want := map[string]string{}
			if !blocks.Blocked(other.host) {
				for _, i := range listed[other] {
					if !blocks.Blocked(i.ID) {
						want[i.ID] = i.Name + " " + directory.Stamp(i.Updated)
					}
				}
			}
			state := directory.Published
			if blocks.Of(other.host) == directory.Limited {
				state = directory.Unlisted
			}
			w.carries(o, other, state, want)
		}
	}
}

// carries checks what a town has of another.
func (w *world) carries(o, other *town, state directory.State, want map[string]string) {
	w.t.Helper()
	ctx := w.t.Context()
	list, err := o.store.OwnInitiatives(ctx, other.host, state, "", 100)
	w.must(err)
	for _, i := range list {
		if want[i.ID] != i.Name+" "+directory.Stamp(i.Updated) {
			w.t.Fatalf("%s has %s as %q %v, want %q\nafter %s", o.host, i.ID, i.Name, i.Updated, want[i.ID], strings.Join(w.steps, "\n      "))
		}
	}
	all, err := o.store.Digest(ctx, other.host) // in whatever state
	w.must(err)
	if len(list) != len(want) || all.Entries != len(want) {
		w.t.Fatalf("%s has %d and %d %s entries of %s, want %v\nafter %s", o.host, all.Entries, len(list), state, other.host, want,
			strings.Join(w.steps, "\n      "))
	}
}

// end takes back what would concern later worlds on the same stores.
func (w *world) end() {
	for _, o := range w.towns {
		list, err := o.store.BlockList(w.t.Context())
		w.must(err)
		for _, b := range list {
			w.must(o.store.RemoveBlock(w.t.Context(), b.Subject))
		}
	}
}

// Whatever three instances do, and whatever of it is lost, repeated, reordered or
// forged on its way, and wherever one of them dies: after one repair each has the
// same as the others publish, and no more.
func TestRepairConverges(t *testing.T) {
	const parts = 2 // at once
	sequences := unlessRace(10_000, 200)
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			converge(t, part*sequences/parts, (part+1)*sequences/parts)
		})
	}
}

// unlessRace returns how much a test does: less under the race detector, where
// everything is slow. `make test` has a run without it that does all.
func unlessRace(all, less int) int {
	if storetest.Race {
		return less
	}
	return all
}

// converge runs sequences from a first to before a last.
func converge(t *testing.T, first, last int) {
	const perStore = 100 // then their tables are made anew, which keeps them small
	c := newClock()
	var stores []*store.Store
	var keys *federation.Keys
	for n := first; n < last; n++ {
		if (n-first)%perStore == 0 {
			stores, keys = newStores(t, stores)
		}
		w := newWorld(t, stores, keys, c, n)
		for range 1 + w.random.IntN(7) {
			w.step()
		}
		w.same()
		w.end()
	}
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// newStores replaces stores by fresh ones.
func newStores(t *testing.T, old []*store.Store) ([]*store.Store, *federation.Keys) {
	t.Helper()
	for _, s := range old {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return openStores(t, t.TempDir())
}

// openStores opens the stores 0.db to 2.db of a folder, each made if there is none.
func openStores(t *testing.T, dir string) ([]*store.Store, *federation.Keys) {
	t.Helper()
	list, err := keyPairs()
	if err != nil {
		t.Fatal(err)
	}
	var stores []*store.Store
	for k := range 3 {
		s := openStore(t, filepath.Join(dir, fmt.Sprintf("%d.db", k)))
		for i := range list {
			if err := s.PutKey(t.Context(), &list[i]); err != nil {
				t.Fatal(err)
			}
		}
		stores = append(stores, s)
	}
	keys, err := federation.LoadKeys(t.Context(), stores[0])
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clip(stores), keys
}
