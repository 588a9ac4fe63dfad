package federation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/signature"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// maxActivity bounds the body of an inbox POST, as Mastodon's inbox does.
const maxActivity = 1 << 20

// receive takes an activity into the inbox of an actor, or into the shared one
// when the actor is "". It stores what is verified and answers; a worker acts on
// it later, whatever that takes.
func (s *Server) receive(actor func(*http.Request) (string, error)) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		inbox, err := actor(r)
		if err != nil {
			return err
		}
		body, err := readActivity(r)
		if err != nil {
			return err
		}
		err = s.accept(r, inbox, body)
		if errors.Is(err, errDropped) {
			err = nil
		}
		if err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	})
}

// errDropped says that an activity needs nothing more than a polite answer.
var errDropped = errors.New("activity dropped")

func readActivity(r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != vocab.ContentType &&
		(kind != "application/ld+json" || !strings.Contains(params["profile"], "www.w3.org/ns/activitystreams")) {
		return nil, refusef(http.StatusUnsupportedMediaType, "an inbox takes %s", vocab.ContentType)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxActivity+1))
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "the body could not be read")
	}
	if len(body) > maxActivity {
		return nil, refusef(http.StatusRequestEntityTooLarge, "an activity may have %d bytes", maxActivity)
	}
	return body, nil
}

// accept verifies an activity and stores it. The checks go from cheap to
// expensive: nothing is fetched for what could never be accepted.
func (s *Server) accept(r *http.Request, inbox string, body []byte) error {
	ctx := client.WithBudget(r.Context(), signerRequests)
	sig, err := s.verifier.Parse(r, body)
	if errors.Is(err, signature.ErrMalformed) {
		return refusef(http.StatusBadRequest, "%v", err)
	}
	if err != nil {
		return refusef(http.StatusUnauthorized, "%v", err)
	}
	known, blocks, err := s.Store.KeyOwner(ctx, sig.KeyID)
	if err != nil {
		return err
	}
	if err := refuseAmong(blocks, sig.KeyID); err != nil {
		return err
	}
	if err := client.CheckJSON(body); err != nil {
		return refusef(http.StatusBadRequest, "%v", err)
	}
	a, err := vocab.ParseActivity(body)
	if err != nil {
		return refusef(http.StatusBadRequest, "%v", err)
	}
	if a.Actor == "" { // FeatureRequest and the like: nothing we act on (PO9)
		s.Log.DebugContext(ctx, "activity ignored", "activity", a.ID, "type", a.Type, "key", sig.KeyID)
		return errDropped
	}
	if directory.HostOf(a.Actor) == "" || s.Instance.Owns(a.Actor) {
		return refusef(http.StatusUnauthorized, "key %s does not speak for actor %s", sig.KeyID, a.Actor)
	}
	if err := refuseAmong(blocks, a.Actor); err != nil {
		return err
	}
	if a.Type == "Delete" && a.Object.ID == a.Actor {
		// Of somebody we never heard of there is nothing to delete, and their
		// key is gone (INTEROP H8).
		if _, err := s.Store.Actor(ctx, a.Actor); errors.Is(err, directory.ErrNotFound) && !s.carries(ctx, a.Actor) {
			return errDropped
		}
	}
	signed, err := s.author(ctx, sig, known, a)
	if err != nil {
		return err
	}
	return s.keep(ctx, inbox, a, signed)
}

func (s *Server) carries(ctx context.Context, id string) bool {
	_, err := s.Store.Initiative(ctx, id)
	return err == nil
}

// refuseKey returns the answer to what could not be verified with a key.
func (s *Server) refuseKey(ctx context.Context, keyID string, err error) error {
	var status *client.StatusError
	switch {
	case errors.Is(err, signature.ErrInvalid), errors.Is(err, signature.ErrExpired), errors.Is(err, errUntrusted):
		return refusef(http.StatusUnauthorized, "%v", err)
	case errors.As(err, &status) && status.Gone():
		return errDropped
	case errors.As(err, &status) && status.Status < 500 && !client.Retryable(err):
		return refusef(http.StatusUnauthorized, "key %s: %v", keyID, err)
	case !client.Retryable(err):
		return refusef(http.StatusUnauthorized, "key %s: %v", keyID, err)
	}
	s.Log.WarnContext(ctx, "key not fetched", "key", keyID, "err", err)
	return refusef(http.StatusServiceUnavailable, "key %s could not be fetched", keyID)
}

// keep stores a verified activity, once.
func (s *Server) keep(ctx context.Context, inbox string, a *vocab.Activity, signed time.Time) error {
	now := s.Now()
	r := &directory.Received{ID: s.newID(), Signer: a.Actor, Inbox: inbox, Body: a.Raw, Received: now}
	return s.intake.put(ctx, store.Arrival{Received: r, Digest: digest(a, signed)})
}

// digest tells activities apart. Ids alone do not: Mastodon gives different
// Accepts and Undos the same one, and its Add and Remove have none (INTEROP F6);
// Misskey names a Follow by who follows whom, so that the same one comes again
// later. Those are told apart by when they were signed. Mastodon numbers Updates by
// the second (F7); those are told apart by what they say.
func digest(a *vocab.Activity, signed time.Time) string {
	parts := []string{a.Actor, a.Type, a.ID, a.Object.ID}
	switch {
	case a.ID == "", a.Type == "Follow", a.Type == "Undo", a.Type == "Accept", a.Type == "Reject", a.Type == "Block":
		parts = append(parts, signed.UTC().Format(time.RFC3339))
	case a.Type == "Update":
		parts = append(parts, string(a.Raw))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}
