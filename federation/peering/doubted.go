package peering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// lookAgain is how often a peer in doubt is asked whether it shows its old key
// again.
const lookAgain = 24 * time.Hour

// Doubt notes that a peer shows another key than before without having announced
// it: nothing more is read or taken of it until it shows the old one again or the
// operator believes it. What is carried stays, as not confirmed.
func Doubt(ctx context.Context, s *store.Store, host string, now time.Time) error {
	return s.Change(ctx, func(tx *store.Store) error {
		peer, err := tx.Peer(ctx, host)
		if errors.Is(err, directory.ErrNotFound) {
			return nil // removed since
		}
		if err != nil {
			return err
		}
		peer.State = directory.PeerDoubted
		peer.Fails(now, fmt.Sprintf("%s shows another key than before and did not announce it; see 'commonage peer trust --help'.", host))
		if err := tx.PutPeer(ctx, peer); err != nil {
			return err
		}
		return tx.PutJob(ctx, &directory.Job{ID: curation.NewID(now), Kind: curation.FollowJob, Key: host, Created: now}, now.Add(lookAgain))
	})
}
