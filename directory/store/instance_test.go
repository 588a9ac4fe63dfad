package store_test

import (
	"errors"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// A database belongs to the first host that takes it, whoever comes at the same
// time.
func TestBelong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for range 2 {
			together(t, 3, func(int) error { return s.Belong(t.Context(), "ghent.example") })
		}
		_, refused := errors.AsType[*directory.Invalid](s.Belong(t.Context(), "gent.example"))
		if !refused {
			t.Error("another host was taken")
		}
	})
}

// A directory is closed since the first time that this was noted.
func TestClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		closed := func(what string, want time.Time) {
			t.Helper()
			since, err := s.Closed(ctx)
			ok(t, err)
			same(t, what, want, since)
		}
		closed("a new database", time.Time{})
		ok(t, s.Belong(ctx, "ghent.example"))
		closed("an open one", time.Time{})
		ok(t, s.PutClosed(ctx, "ghent.example", noon))
		ok(t, s.PutClosed(ctx, "ghent.example", noon.Add(time.Hour)))
		closed("a closed one", noon)
		ok(t, s.Belong(ctx, "ghent.example"))
	})
}

// Of a peer that closed, what leads to where its entries are stays, and nothing else.
func TestRemoveClosedPeer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ok(t, s.PutPeer(ctx, &directory.Peer{Host: "b.example", Added: noon}))
		states := map[string]directory.State{
			"shown": directory.Published, "hidden": directory.Unlisted, "gone": directory.Withdrawn,
			"going": directory.Withdrawn, "moved": directory.Moved,
		}
		for handle, state := range states {
			i := initiative(handle)
			i.ID, i.Origin, i.State = "https://b.example/initiatives/"+handle, "b.example", state
			put(t, s, "", i)
		}
		put(t, s, directory.Added, initiative("own"))
		ok(t, s.PutJob(ctx, &directory.Job{ID: "1", Kind: "move", Key: "https://b.example/initiatives/going", Created: noon}, noon))
		ok(t, s.PutJob(ctx, &directory.Job{ID: "2", Kind: "other", Key: "https://b.example/initiatives/gone", Created: noon}, noon))
		ok(t, s.RemoveClosedPeer(ctx, "b.example", "move"))
		for handle := range states {
			_, err := s.Initiative(ctx, "https://b.example/initiatives/"+handle)
			if stays := handle == "moved" || handle == "going"; stays != (err == nil) || err != nil && !errors.Is(err, directory.ErrNotFound) {
				t.Errorf("%s: %v", handle, err)
			}
		}
		if r := find(t, s, search.Query{Text: "instrumentheek"}); r.Total != 1 || r.Hits[0].Initiative.Handle != "own" {
			t.Errorf("%d are found, want our own", r.Total)
		}
		wantErr(t, "removed again", s.RemoveClosedPeer(ctx, "b.example", "move"), directory.ErrNotFound)
	})
}

// Heirs are the published entries of others that say they were one of ours.
func TestHeirs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const ours = "https://ghent.example/initiatives/"
		for handle, known := range map[string][]string{
			"first": {ours + "mill", "https://old.example/mill"}, "second": {ours + "mill", ours + "library"},
			"other": {"https://old.example/mill"}, "gone": {ours + "mill"}, "none": nil,
		} {
			i := initiative(handle)
			i.ID, i.Origin, i.AlsoKnownAs = "https://b.example/initiatives/"+handle, "b.example", known
			if handle == "gone" {
				i.State = directory.Withdrawn
			}
			put(t, s, "", i)
		}
		own := initiative("own")
		own.AlsoKnownAs = []string{ours + "mill"}
		put(t, s, directory.Added, own)
		got, err := s.Heirs(t.Context(), ours)
		ok(t, err)
		same(t, "heirs", []directory.Heir{
			{Old: ours + "mill", ID: "https://b.example/initiatives/first"},
			{Old: ours + "mill", ID: "https://b.example/initiatives/second"},
			{Old: ours + "library", ID: "https://b.example/initiatives/second"},
		}, got)
	})
}
