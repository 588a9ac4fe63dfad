package federation

import (
	"errors"
	"net/http"

	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
)

// signed serves a document in secure mode only to servers that sign their
// request and that the operator did not block; else to everyone but those who sign
// as somebody who is blocked. The instance actor is never kept behind it, or two
// servers in secure mode would ask for each other's key for ever (INTEROP H10).
func (s *Server) signed(h handler) handler {
	if !s.SecureMode {
		return func(w http.ResponseWriter, r *http.Request) error {
			if err := s.refuseReader(r); err != nil {
				return err
			}
			return h(w, r)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		// What one server may read, the next one may not.
		w.Header().Set("Cache-Control", "private, max-age=60")
		w.Header().Add("Vary", "Accept, Signature")
		if err := s.admit(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// refuseReader refuses who signs as somebody who is blocked. It needs no proof that
// they are: nobody gains by saying so.
func (s *Server) refuseReader(r *http.Request) error {
	sig, err := s.verifier.Parse(r, nil)
	if err != nil {
		return nil //nolint:nilerr // what is public needs no signature
	}
	blocks, err := s.Store.Blocks(r.Context())
	if err != nil || blocks.MayRead(sig.KeyID) {
		return err
	}
	return refuseAmong(blocks, sig.KeyID)
}

// admit returns nil for a request that is signed by a server that is not blocked.
func (s *Server) admit(r *http.Request) error {
	ctx := client.WithBudget(r.Context(), signerRequests)
	sig, err := s.verifier.Parse(r, nil)
	if errors.Is(err, signature.ErrMalformed) {
		return refusef(http.StatusBadRequest, "%v", err)
	}
	if err != nil {
		return refusef(http.StatusUnauthorized, "%v; this instance serves documents to signed requests only", err)
	}
	if err := s.refuseBlocked(ctx, sig.KeyID); err != nil {
		return err
	}
	signer, err := s.resolver.signer(ctx, sig, nil)
	if err == nil {
		return s.refuseBlocked(ctx, signer)
	}
	if err = s.refuseKey(ctx, sig.KeyID, err); errors.Is(err, errDropped) {
		return refusef(http.StatusUnauthorized, "key %s is gone", sig.KeyID)
	}
	return err
}
