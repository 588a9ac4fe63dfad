package fedtest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Lookup finds an actor by its handle, "@user@host" with a port if there is
// one, as the search of a Mastodon server does: WebFinger, the actor, WebFinger
// back, and the actor's collections.
//
// Every broken rule is in the error. The profile is nil if one of them keeps
// the actor from being shown; otherwise it is what can be shown.
func (s *Server) Lookup(ctx context.Context, handle string) (*Profile, error) {
	handle = strings.TrimPrefix(handle, "@")
	f, err := s.confirm(ctx, handle)
	if err != nil {
		return nil, err
	}
	doc, err := s.fetch(ctx, f.self)
	if err != nil {
		return nil, err
	}
	if doc.String("id") != f.self {
		return nil, broke("W3", "%s leads to %s, whose id is %q", handle, f.self, doc.String("id"))
	}
	a, err := s.accept(ctx, doc)
	if err != nil {
		return nil, err
	}
	if s.flavour.LoopsBack && !strings.EqualFold(a.Handle, f.handle) {
		return nil, broke("W3", "%s is %s by itself", f.handle, a.Handle)
	}
	return s.refresh(ctx, a)
}

// LookupURL finds an actor by its id, with the same rules.
func (s *Server) LookupURL(ctx context.Context, id string) (*Profile, error) {
	doc, err := s.fetchNamed(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := s.accept(ctx, doc)
	if err != nil {
		return nil, err
	}
	return s.refresh(ctx, a)
}

// refresh reads the collections and stores the account.
func (s *Server) refresh(ctx context.Context, a *account) (*Profile, error) {
	c := *a
	broken := s.readCollections(ctx, &c)
	s.store(&c)
	p := c.Profile
	return &p, errors.Join(append(broken, c.faults...)...)
}

// accept does all that must hold before an actor is stored: A2, and the way
// back through WebFinger (W4).
func (s *Server) accept(ctx context.Context, doc Object) (*account, error) {
	a, err := s.readAccount(doc)
	if err != nil {
		return nil, err
	}
	if s.flavour.LoopsBack {
		f, err := s.confirm(ctx, a.Handle)
		if err != nil {
			return nil, err
		}
		if f.self != a.ID {
			return nil, broke("W4", "%s is %s, and that is %s", a.ID, a.Handle, f.self)
		}
		a.Handle = f.handle // W5: the subject may have another domain
	}
	return s.renew(a), nil
}

// renew stores what a document says. What comes from elsewhere, the counts and
// the pins, stays.
func (s *Server) renew(a *account) *account {
	if old := s.known(a.ID); old != nil {
		c := *a
		c.Posts, c.Followers, c.Following, c.HidesNetwork = old.Posts, old.Followers, old.Following, old.HidesNetwork
		c.Pinned, c.FeaturedTags = old.Pinned, old.FeaturedTags
		a = &c
	}
	s.store(a)
	return a
}

func (s *Server) store(a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[a.ID] = a
}

func (s *Server) known(id string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[id]
}

// Account returns what the server has stored of an actor, or nil.
func (s *Server) Account(id string) *Profile {
	a := s.known(id)
	if a == nil {
		return nil
	}
	p := a.Profile
	return &p
}

// account returns the stored account, or fetches it.
func (s *Server) account(ctx context.Context, id string) (*account, error) {
	if a := s.known(id); a != nil {
		return a, nil
	}
	doc, err := s.fetchNamed(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.accept(ctx, doc)
}

// keyOwner returns the actor that a key belongs to (H7): the stored one, the
// one whose document the key id leads to, or the one that a bare key or a stub
// names, and that names the key in return.
func (s *Server) keyOwner(ctx context.Context, keyID string) (*account, error) {
	if a := s.knownKey(keyID); a != nil {
		return a, nil
	}
	doc, err := s.fetchAny(ctx, withoutFragment(keyID))
	if err != nil {
		return nil, err
	}
	var a *account
	if doc.ID("inbox") != "" {
		a, err = s.accept(ctx, doc)
	} else {
		owner := doc.ID("owner")
		if owner == "" {
			owner = doc.Object("publicKey").ID("owner")
		}
		a, err = s.account(ctx, owner)
	}
	if err != nil {
		return nil, err
	}
	if !sameHost(a.ID, keyID) {
		return nil, broke("S12", "key %s is of %s", keyID, a.ID)
	}
	if a.keys[keyID] == nil {
		return nil, broke("H7", "%s has no key %s", a.ID, keyID)
	}
	return a, nil
}

func (s *Server) knownKey(keyID string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		if a.keys[keyID] != nil {
			return a
		}
	}
	return nil
}

func withoutFragment(iri string) string {
	iri, _, _ = strings.Cut(iri, "#")
	return iri
}

// verify returns who signed the request. The error is a refusal (H7, H8).
func (s *Server) verify(r *http.Request, body []byte) (*account, *proof, error) {
	p, err := s.readProof(r, body)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	blocked := s.blocked[hostOf(p.keyID)]
	s.mu.Unlock()
	if blocked { // S12: before anything is fetched
		return nil, p, refuse(http.StatusForbidden, "H7", "%s is blocked", hostOf(p.keyID))
	}
	a, err := s.keyOwner(r.Context(), p.keyID)
	if err != nil {
		return nil, p, &refusal{keyStatus(err), err}
	}
	if p.holds(a.keys[p.keyID]) {
		return a, p, nil
	}
	if a, err = s.newKey(r.Context(), a, p); err != nil {
		return nil, p, &refusal{http.StatusUnauthorized, err}
	}
	return a, p, nil
}

// newKey fetches a key again that did not fit, once. When that was in vain,
// nothing more is fetched for five minutes: for the source's address, says H7;
// here for its host, as everyone on loopback has the same address.
func (s *Server) newKey(ctx context.Context, a *account, p *proof) (*account, error) {
	host := hostOf(p.keyID)
	s.mu.Lock()
	last, failed := s.refetched[host]
	s.mu.Unlock()
	if failed && s.now().Sub(last) < 5*time.Minute {
		return nil, broke("H7", "the signature of %s does not hold", p.keyID)
	}
	fresh, err := s.fetchAccount(ctx, a.ID)
	switch {
	case err != nil:
	case !p.holds(fresh.keys[p.keyID]):
		err = broke("H7", "the signature of %s does not hold, nor with its key as it is now", p.keyID)
	case s.flavour.PinsKeys:
		err = broke("H9", "the key %s has changed", p.keyID)
	default:
		return s.renew(fresh), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refetched[host] = s.now()
	return nil, err
}

// fetchAccount reads an actor for its keys only.
func (s *Server) fetchAccount(ctx context.Context, id string) (*account, error) {
	doc, err := s.fetchNamed(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.readAccount(doc)
}

// keyStatus tells an answer that will not change from one that may (H8).
func keyStatus(err error) int {
	var e *RuleError
	if errors.As(err, &e) && e.fetch && (e.status == 0 || e.status >= 500) {
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}
