package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// A key is changed so that nobody is left behind (INTEROP H9, SG11):
//
//  1. The new pair is stored, pending. Nothing shows it yet.
//  2. Each actor that somebody follows gets an Update that carries the new key and
//     that the old one will sign. They are held.
//  3. The new key is in use: documents show it.
//  4. The Updates are let go. To hosts that wait for one, the old key signs
//     everything; to all others the new one does.
//  5. When no Update is left, the old key is retired.
//
// Each step may be repeated: killed at any point, the job goes on.

// keysJob is the kind of the job that changes keys.
const keysJob = "keys"

const (
	settleKeys = 2 * time.Second // until every process shows the new key
	drainKeys  = 5 * time.Second // between looks whether everyone was told
	tellAtOnce = 50              // actors whose Updates are queued in one transaction
)

// RotateKeys begins to change the RSA key, and the one for proofs too if asked. A
// running server does the rest. It fails with directory.ErrConflict while an
// earlier change is under way.
func RotateKeys(ctx context.Context, s *store.Store, proofs bool, now time.Time) error {
	kinds := []directory.KeyKind{directory.RSA}
	if proofs {
		kinds = append(kinds, directory.Ed25519)
	}
	return s.Tx(ctx, func(tx *store.Store) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		if _, ok := inUse(keys, directory.RSA); !ok {
			return fmt.Errorf("RSA key: %w", directory.ErrNotFound)
		}
		if old := outgoing(keys); len(old) > 0 || hasPending(keys) {
			return fmt.Errorf("the keys are being changed already: %w", directory.ErrConflict)
		}
		for _, kind := range kinds {
			key, err := newKey(kind, now)
			if err != nil {
				return err
			}
			key.Pending = true
			if err := tx.PutKey(ctx, key); err != nil {
				return err
			}
		}
		return tx.PutJob(ctx, &directory.Job{ID: curation.NewID(now), Kind: keysJob, Created: now}, now)
	})
}

// outgoing returns the keys that are neither retired nor the ones in use.
func outgoing(keys []directory.Key) (old []directory.Key) {
	for _, k := range keys {
		if used, ok := inUse(keys, k.Kind); ok && k.Retired.IsZero() && !k.Pending && k.ID != used.ID {
			old = append(old, k)
		}
	}
	return old
}

func hasPending(keys []directory.Key) bool {
	for _, k := range keys {
		if k.Pending {
			return true
		}
	}
	return false
}

// rotate takes a change of keys as far as it goes now.
func (s *Server) rotate(ctx context.Context, _ *directory.Job) (again time.Time, err error) {
	keys, err := s.Store.Keys(ctx)
	if err != nil {
		return again, err
	}
	if hasPending(keys) {
		if err := s.announceKeys(ctx, keys); err != nil {
			return again, err
		}
		if err := s.useKeys(ctx, keys); err != nil {
			return again, err
		}
		return s.Now().Add(settleKeys), s.reloadKeys(ctx)
	}
	left := 0
	for _, old := range outgoing(keys) {
		n, err := s.retire(ctx, old)
		if err != nil {
			return again, err
		}
		left += n
	}
	if left > 0 {
		s.delivery.Wake()
		return s.Now().Add(drainKeys), nil
	}
	return again, s.reloadKeys(ctx)
}

// announceKeys queues, and holds, an Update of each actor that somebody follows.
// The directory's comes last: peers verify entries with its key.
func (s *Server) announceKeys(ctx context.Context, keys []directory.Key) error {
	old, _ := inUse(keys, directory.RSA)
	next, err := newKeyRing(asUsed(keys))
	if err != nil {
		return err
	}
	profile := vocab.Profile{Keys: next.public}
	if err := s.announceFollowed(ctx, profile, &old); err != nil {
		return err
	}
	return s.Store.Tx(ctx, func(tx *store.Store) error {
		inboxes, err := tx.KnownInboxes(ctx)
		if err != nil {
			return err
		}
		for _, actor := range []struct {
			id       string
			document func(directory.Instance, vocab.Profile) (json.RawMessage, error)
		}{{s.Instance.ActorID(), vocab.InstanceActor}, {s.Instance.DirectoryID(), vocab.DirectoryActor}} {
			document, err := actor.document(s.Instance, profile)
			if err != nil {
				return err
			}
			if err := s.announceKey(ctx, tx, actor.id, document, &old, inboxes); err != nil {
				return err
			}
		}
		return nil
	})
}

// announceFollowed queues an Update of each initiative that somebody follows.
func (s *Server) announceFollowed(ctx context.Context, profile vocab.Profile, old *directory.Key) error {
	for after := ""; ; {
		followed, err := s.Store.Followed(ctx, after, tellAtOnce)
		if err != nil || len(followed) == 0 {
			return err
		}
		after = followed[len(followed)-1]
		err = s.Store.Tx(ctx, func(tx *store.Store) error {
			for _, id := range followed {
				if err := s.announceInitiative(ctx, tx, id, profile, old); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// asUsed returns the keys as they are when those that are pending are in use.
func asUsed(keys []directory.Key) []directory.Key {
	used := make([]directory.Key, len(keys))
	for k := range keys {
		used[k] = keys[k]
		used[k].Pending = false
	}
	return used
}

func (s *Server) announceInitiative(
	ctx context.Context, tx *store.Store, id string, p vocab.Profile, old *directory.Key,
) error {
	handle := s.Instance.Handle(id)
	if handle == "" {
		return nil // the directory or the instance
	}
	i, err := tx.InitiativeByHandle(ctx, s.Instance.Host, handle)
	if errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	document, err := s.initiativeDocument(i, p)
	if err != nil {
		return err
	}
	inboxes, err := tx.FollowerInboxes(ctx, id, store.Everyone)
	if err != nil {
		return err
	}
	return s.announceKey(ctx, tx, id, document, old, inboxes)
}

// announceKey queues and holds one Update.
func (s *Server) announceKey(
	ctx context.Context, tx *store.Store, actor string, document json.RawMessage, old *directory.Key, inboxes []string,
) error {
	e := vocab.Envelope{
		ID: actor + "#keys/after-" + old.ID, Actor: actor, To: []string{vocab.Public},
		CC: []string{actor + "/followers"}, Published: s.Now(),
	}
	body, err := s.proven(e)(vocab.UpdateActor(e, document))
	if err != nil {
		return err
	}
	return tx.PutDeliveries(ctx, store.Outgoing{
		ActivityID: e.ID, ActorID: actor, ObjectID: actor, KeyID: old.ID, Body: body, Inboxes: inboxes, Held: true,
	}, s.Now(), s.newID)
}

// useKeys brings the pending keys into use.
func (s *Server) useKeys(ctx context.Context, keys []directory.Key) error {
	return s.Store.Tx(ctx, func(tx *store.Store) error {
		for _, key := range keys {
			if !key.Pending {
				continue
			}
			key.Pending = false
			if err := tx.PutKey(ctx, &key); err != nil {
				return err
			}
		}
		return nil
	})
}

// retire lets go what an old key signs and, when all of it has arrived or was
// given up, retires the key. It returns how many deliveries are left.
func (s *Server) retire(ctx context.Context, old directory.Key) (left int, err error) {
	err = s.Store.Tx(ctx, func(tx *store.Store) error {
		if err := tx.ReleaseDeliveries(ctx, old.ID, s.Now()); err != nil {
			return err
		}
		if left, err = tx.CountKeyDeliveries(ctx, old.ID); err != nil || left > 0 {
			return err
		}
		old.Retired = s.Now()
		return tx.PutKey(ctx, &old)
	})
	return left, err
}

// reloadKeys has this process use the keys that the store holds now.
func (s *Server) reloadKeys(ctx context.Context) error {
	changed, err := s.Keys.Reload(ctx)
	if err == nil && changed {
		s.Log.InfoContext(ctx, "keys changed")
		s.Client.SetKey(new(s.Keys.For(s.Instance.ActorID())))
	}
	return err
}
