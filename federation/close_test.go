package federation_test

import (
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// An instance closes for good: what another one adopted moves there, the rest is
// withdrawn, and who carried its directory does not any more.
func TestClose(t *testing.T) {
	onSQLite(func(w *world, s *store.Store) {
		a, b := w.city(s), w.city(storetest.Open(w.T))
		kept, lost := a.publish("kept"), a.publish("lost")
		w.pair(a, b)
		b.carries(a)
		adopted, err := b.Adopt(w.Context(), kept)
		if err != nil || adopted.AlsoKnownAs[0] != kept || adopted.Origin != b.instance.Host {
			w.Fatalf("adopted %+v %v", adopted, err)
		}
		a.carries(b)
		moved, withdrawn, err := a.Close(w.Context())
		if err != nil || moved != 1 || withdrawn != 1 {
			w.Fatalf("%d moved, %d withdrawn: %v", moved, withdrawn, err)
		}
		b.until("the goodbye", func() bool { return strings.Contains(b.peer(a.instance.Host).LastError, "closed for good") })
		if p := b.peer(a.instance.Host); p.Wanted || p.State != directory.PeerNone {
			w.Errorf("it is still followed: %+v", p)
		}
		b.settle()
		if got := b.listed(a.instance.Host); len(got) != 0 {
			w.Errorf("still carried: %v", got)
		}
		if got := b.listed(b.instance.Host); len(got) != 1 {
			w.Errorf("adopted: %v", got)
		}
		for id, want := range map[string]directory.State{kept: directory.Moved, lost: directory.Withdrawn} {
			if i, err := a.store.Initiative(w.Context(), id); err != nil || i.State != want {
				w.Errorf("%s is %+v %v, want %s", id, i, err, want)
			}
		}
		if i, err := a.store.Initiative(w.Context(), kept); err != nil || i.MovedTo != adopted.ID {
			w.Errorf("moved to %+v %v", i, err)
		}
	})(t)
}
