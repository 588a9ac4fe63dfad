package directory

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Block is what the operator decided about a server or one actor.
type Block struct {
	Subject string // a host in lower case, for it and all its subdomains, or an actor's id, the host in lower case
	Kind    BlockKind
	Reason  string // for people; shown where the list is published
	Created time.Time
}

// BlockKind is how a server or an actor is treated.
type BlockKind string

// The kinds of decision.
const (
	// Blocked is neither fetched, carried, served nor listed.
	Blocked BlockKind = "block"
	// Limited is in no list; what it replies waits for approval, always.
	Limited BlockKind = "limit"
	// Allowed is an exception from a wider decision, and on the allowlist.
	Allowed BlockKind = "allow"
)

// BlockKinds lists every kind of decision.
func BlockKinds() []BlockKind { return []BlockKind{Blocked, Limited, Allowed} }

// MaxReason is how many characters a reason may have.
const MaxReason = 500

// IsActor reports whether the decision is about one actor, not a server.
func (b *Block) IsActor() bool { return strings.Contains(b.Subject, "://") }

// Host returns the host that the decision is about, or that its actor is on.
func (b *Block) Host() string {
	if b.IsActor() {
		return HostOf(b.Subject)
	}
	return b.Subject
}

// Validate returns an *Invalid for the first field that breaks a rule, or nil.
func (b *Block) Validate() error {
	switch {
	case b.IsActor() && HostOf(b.Subject) == "":
		return Invalidf("subject", "%q is neither a host nor the address of an actor", b.Subject)
	case b.IsActor():
		if err := ValidateURL("subject", b.Subject); err != nil {
			return err
		}
	case !validHost(b.Subject):
		return Invalidf("subject", "%q is not a host such as spam.example", b.Subject)
	}
	if len([]rune(b.Reason)) > MaxReason {
		return Invalidf("reason", "has more than %d characters", MaxReason)
	}
	_, err := ParseWord("kind", string(b.Kind), BlockKinds())
	return err
}

// IsName reports whether the decision is about a host that is a single word, without
// a port: unless it is a machine of the local network, a whole top-level domain.
func (b *Block) IsName() bool {
	return !b.IsActor() && !strings.ContainsAny(b.Subject, ".:")
}

func validHost(s string) bool {
	u, err := url.Parse("https://" + s)
	return err == nil && len(s) <= 260 && u.Host == s && u.Hostname() != "" && s == strings.ToLower(s) && isASCII(s) &&
		!strings.HasSuffix(u.Hostname(), ".") && !strings.ContainsAny(s, "@/?#*_ ,;\"'<>\\")
}

// Blocks answers what was decided about an IRI or a host. The closest decision
// counts: that about the actor, to whom all that is below its id belongs, such as
// its key, then its host, then the domain above it. It is safe for concurrent use;
// nil holds no decision.
type Blocks struct {
	kinds  map[string]BlockKind
	actors map[string][]string // by their host
}

// NewBlocks returns the decisions, ready to be asked; of two about the same subject
// the later one holds.
func NewBlocks(list []Block) *Blocks {
	b := &Blocks{kinds: make(map[string]BlockKind, len(list)), actors: map[string][]string{}}
	for _, one := range list {
		one.Subject = lowerHost(one.Subject)
		if _, again := b.kinds[one.Subject]; one.IsActor() && !again {
			b.actors[one.Host()] = append(b.actors[one.Host()], one.Subject)
		}
		b.kinds[one.Subject] = one.Kind
	}
	return b
}

// ActorsOn returns the ids of the actors on a host that decisions are about.
func (b *Blocks) ActorsOn(host string) []string {
	if b == nil {
		return nil
	}
	return b.actors[host]
}

// Count returns how many decisions of a kind there are.
func (b *Blocks) Count(kind BlockKind) (n int) {
	if b == nil {
		return 0
	}
	for _, k := range b.kinds {
		if k == kind {
			n++
		}
	}
	return n
}

// Of returns what was decided about an IRI, or a host with or without its port,
// or "" if nothing was.
func (b *Blocks) Of(subject string) BlockKind {
	if b == nil || len(b.kinds) == 0 {
		return ""
	}
	host := lowerHost(subject)
	if strings.Contains(subject, "://") {
		iri := host
		host = HostOf(subject)
		if id := b.actorOf(host, iri); id != "" {
			return b.kinds[id]
		}
	}
	for _, name := range namesOf(host) {
		if kind, ok := b.kinds[name]; ok {
			return kind
		}
	}
	return ""
}

// actorOf returns whom the closest decision about an actor on a host is about, to
// whom an IRI belongs, or "".
func (b *Blocks) actorOf(host, iri string) string {
	closest := ""
	for _, id := range b.actors[host] {
		below, ok := strings.CutPrefix(iri, id)
		if ok && (below == "" || strings.ContainsAny(below[:1], "/#?")) && len(id) > len(closest) {
			closest = id
		}
	}
	return closest
}

// Excepted returns the ids of the actors on a host that decisions other than a block
// are about.
func (b *Blocks) Excepted(host string) []string {
	return slices.DeleteFunc(slices.Clone(b.ActorsOn(host)), func(id string) bool { return b.Blocked(id) })
}

// MayRead reports whether what is public is served to who signs with an id or a key.
// A blocked server reads for its actors, and so is served while one is excepted.
func (b *Blocks) MayRead(iri string) bool {
	if !b.Blocked(iri) {
		return true
	}
	host := HostOf(iri)
	return b.actorOf(host, lowerHost(iri)) == "" && len(b.Excepted(host)) > 0
}

// Blocked reports whether any of the IRIs or hosts is blocked.
func (b *Blocks) Blocked(subjects ...string) bool {
	return slices.ContainsFunc(subjects, func(s string) bool { return b.Of(s) == Blocked })
}

// Compare sorts what others decided by what was decided here: what is new, and what
// is stricter than a decision made here about the same subject, or than an exception
// that covers it. Everything else says nothing new.
func (b *Blocks) Compare(list []Block) (fresh, stricter []Block) {
	for _, other := range list {
		here := b.Of(other.Subject)
		_, same := b.kinds[lowerHost(other.Subject)]
		switch {
		case here == "" || here == Limited && other.Kind == Blocked && !same:
			fresh = append(fresh, other)
		case other.Kind == Blocked && here != Blocked, other.Kind == Limited && here == Allowed:
			stricter = append(stricter, other)
		}
	}
	return fresh, stricter
}

// lowerHost returns a host, or an IRI, with the host in lower case: it is the same
// in either, and what follows it is not.
func lowerHost(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return strings.ToLower(s)
	}
	end := len(rest)
	if k := strings.IndexAny(rest, "/?#"); k >= 0 {
		end = k
	}
	return strings.ToLower(scheme) + "://" + strings.ToLower(rest[:end]) + rest[end:]
}

// namesOf returns the names under which a host may be listed, the closest first:
// with its port, without, and the domains above it.
func namesOf(host string) []string {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(name, ".") // the same to a resolver
	names := []string{host, name}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return names
	}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return names
		}
		name = parent
		names = append(names, name)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r <= ' ' })
}

// Reach is what of ours a decision about servers or actors concerns.
type Reach struct {
	Followers  []string // ids of actors that follow ours
	Peers      []string // hosts
	Entries    map[string]int
	Unlisted   map[string]int // entries that stay, but in no list; both by origin
	Replies    int
	Reactions  int
	Deliveries int // that wait
}

// Empty reports whether nothing is concerned.
func (r *Reach) Empty() bool {
	return len(r.Followers) == 0 && len(r.Peers) == 0 && len(r.Entries) == 0 && len(r.Unlisted) == 0 &&
		r.Replies == 0 && r.Reactions == 0 && r.Deliveries == 0
}
