// Package federation is the ActivityPub side of an instance: the documents of
// its actors, their collections, WebFinger and NodeInfo, the inboxes, and the
// workers that act on what came in and send out what changed here. FEDERATION.md
// describes what it speaks.
package federation

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/delivery"
	"codeberg.org/commonage/commonage/federation/peering"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// Options are what a Server is made with; all of them are needed.
type Options struct {
	Instance    directory.Instance
	Store       *store.Store
	Client      *client.Client
	Keys        *Keys
	Version     string // of this program, for NodeInfo
	Media       *media.Library
	SecureMode  bool                  // serve documents to signed requests only
	Allowlist   bool                  // refuse instances that the operator did not add
	Peering     directory.PeerPolicy  // what becomes of instances it hears of; "" looks for none
	Vouches     int                   // peers that must list an instance before it is followed
	Unlisted    bool                  // others are asked not to list it
	Replies     directory.ReplyPolicy // ReplyReview if ""
	PeerEntries int                   // carried from one peer at most; 0 for any number
	HideAfter   time.Duration         // without an answer from a peer, its entries leave all lists; 0 for never
	Workers     int                   // deliveries and received activities handled at once
	Log         *slog.Logger
	Now         func() time.Time
}

// Server answers other servers, and acts on what they send. It is safe for
// concurrent use.
type Server struct {
	Options
	verifier *signature.Verifier
	resolver *resolver
	delivery *delivery.Worker
	peering  *peering.Peering
	intake   *intake
	inbox    chan struct{} // wakes the worker of received activities
	ahead    pagesAhead
}

// New returns a server; Run starts its workers.
func New(o Options) *Server {
	clock := o.Now
	o.Now = func() time.Time { return clock().UTC().Truncate(time.Microsecond) }
	s := &Server{Options: o, inbox: make(chan struct{}, 1)}
	s.intake = &intake{store: o.Store, fresh: func() { wake(s.inbox) }}
	s.verifier = signature.NewVerifier(o.Instance.Scheme, o.Instance.Host, o.Now)
	s.resolver = newResolver(o.Store, o.Client, o.Log, o.Now)
	s.delivery = delivery.New(delivery.Options{
		Store: o.Store, Client: o.Client, KeyFor: o.Keys.ForDelivery, Workers: o.Workers, Log: o.Log, Now: o.Now,
	})
	s.peering = peering.New(peering.Options{
		Instance: o.Instance, Store: o.Store, Client: o.Client, Log: o.Log, Now: o.Now,
		Policy: o.Peering, Vouches: o.Vouches, Prove: s.prove, ProvedBy: s.provedBy, Believe: s.resolver.believe,
		MaxEntries: o.PeerEntries,
	})
	o.Client.SetGate(Gate(o.Store))
	o.Client.SetKey(new(o.Keys.For(o.Instance.ActorID())))
	return s
}

// Handler serves everything that is for other servers and leaves the rest, and
// what browsers ask for at the same addresses, to pages.
func (s *Server) Handler(pages http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	r.NotFound(pages.ServeHTTP)
	r.MethodNotAllowed(pages.ServeHTTP)

	r.Get("/.well-known/webfinger", s.handle(s.webFinger))
	r.Get("/.well-known/host-meta", s.handle(s.hostMeta))
	r.Get("/.well-known/host-meta.json", s.handle(s.hostMetaJSON))
	r.Get("/.well-known/nodeinfo", s.handle(s.nodeInfoLinks))
	r.Get("/nodeinfo/{version}", s.handle(s.nodeInfo))
	r.Get("/ns/commons", s.handle(s.commonsContext))
	r.Get("/media/{file}", s.handle(s.media))

	r.Get("/actor", s.handle(s.instanceActor))
	r.Get("/directory", s.negotiate(s.signed(s.directoryActor), http.RedirectHandler("/", http.StatusSeeOther)))
	r.Get("/directory/outbox", s.handle(s.signed(s.spaced(peering.AskedAgain, s.directoryOutbox))))
	r.Get("/directory/log/{position}", s.handle(s.signed(s.logEntry)))
	r.Get("/directory/initiatives", s.handle(s.signed(s.spaced(peering.ComparedAgain, s.initiatives))))
	r.Get("/directory/news", s.handle(s.signed(s.spaced(peering.AskedAgain, s.news))))
	r.Get("/directory/relays", s.handle(s.signed(s.whileOpen(s.relays))))
	r.Get("/directory/initiatives/digests", s.handle(s.signed(s.digests)))
	r.Get("/directory/peers", s.handle(s.signed(s.whileOpen(s.spaced(peering.AskedAgain, s.peers)))))
	r.Get("/initiatives/{handle}", s.negotiate(s.signed(s.initiativeActor), pages))
	r.Get("/initiatives/{handle}/posts/{post}", s.negotiate(s.signed(s.post), pages))
	r.Get("/initiatives/{handle}/posts/{post}/replies", s.handle(s.signed(s.replies)))
	r.Get("/initiatives/{handle}/outbox", s.handle(s.signed(s.initiativeOutbox)))
	r.Get("/initiatives/{handle}/featured", s.handle(s.signed(s.featured)))
	r.Get("/initiatives/{handle}/tags", s.handle(s.signed(s.featuredTags)))

	for prefix, actor := range s.actors() {
		r.Get(prefix+"/followers", s.handle(s.signed(actor.followers)))
		r.Get(prefix+"/following", s.handle(s.signed(actor.following)))
		r.Post(prefix+"/inbox", s.receive(actor.id))
	}
	r.Get("/actor/outbox", s.handle(nothing(s.Instance.ActorID()+"/outbox")))
	r.Get("/actor/featured", s.handle(nothing(s.Instance.ActorID()+"/featured")))
	r.Get("/directory/featured", s.handle(s.signed(s.whileOpen(nothing(s.Instance.DirectoryID()+"/featured")))))
	r.Post("/inbox", s.receive(func(*http.Request) (string, error) { return "", nil }))
	return r
}

// profile returns what every document of ours says besides its subject.
func (s *Server) profile() vocab.Profile { return vocab.Profile{Keys: s.Keys.Public()} }
