package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// load writes the first entries of a made-up directory.
func load(t *testing.T, s *store.Store, n int) *synthetic.Directory {
	t.Helper()
	made := synthetic.New(1, "a.example")
	entries := make([]store.PutEntry, n)
	for k := range entries {
		entries[k].Initiative = made.Entry(k)
	}
	if err := s.PutInitiatives(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	return made
}

// Entries written as one stream are what entries written one by one are, and a
// batch may hold changes of what is there.
func TestLargeBatches(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const n = 450
		made := load(t, s, n)
		load(t, s, n) // again, as changes
		for _, k := range []int{0, 1, 7, n - 1} {
			want := made.Entry(k)
			got, err := s.Initiative(t.Context(), want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !got.SameContent(want) || !got.Updated.Equal(want.Updated) || got.State != want.State {
				t.Errorf("entry %d: got %+v, want %+v", k, got, want)
			}
		}
		for what, total := range map[string]int{"in the index": find(t, s, search.Query{}).Total, "in the tables": inTables(t, s, search.Query{}).Total} {
			if total != n {
				t.Errorf("%d entries %s, want %d", total, what, n)
			}
		}
		clash := make([]store.PutEntry, 300)
		for k := range clash {
			clash[k].Initiative = made.Entry(k)
			clash[k].Initiative.ID += "/other"
		}
		if err := s.PutInitiatives(t.Context(), clash); !errors.Is(err, directory.ErrConflict) {
			t.Errorf("handles that are taken: got %v, want ErrConflict", err)
		}
	})
}

// inTables answers a query without the index.
func inTables(t *testing.T, s *store.Store, q search.Query) (r *search.Result) {
	t.Helper()
	err := s.Tx(t.Context(), func(tx *store.Store) (err error) {
		r, err = tx.Search(t.Context(), q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is removed for good is found no more, by a store that knew it and by one
// that is opened later.
func TestIndexForgetsWhatIsGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		load(t, s, 40)
		carried := find(t, s, search.Query{Origins: []string{"commons0.example"}})
		if carried.Total == 0 {
			t.Fatal("nothing is carried")
		}
		if err := s.RemoveCarried(t.Context(), []string{carried.Hits[0].Initiative.ID}); err != nil {
			t.Fatal(err)
		}
		got, tables := find(t, s, search.Query{}), inTables(t, s, search.Query{})
		if got.Total != 39 || tables.Total != 39 {
			t.Errorf("one of 40 is removed: the index has %d, the tables %d", got.Total, tables.Total)
		}
	})
}

// While one writes and KeepIndex runs, whoever asks finds what was committed
// before.
func TestIndexKeepsUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		load(t, s, 100)
		ctx, cancel := context.WithCancel(t.Context())
		var kept sync.WaitGroup
		kept.Go(func() { s.KeepIndex(ctx, func(err error) { t.Error(err) }) })
		defer kept.Wait()
		defer cancel()
		for k := range 30 {
			i := initiative(fmt.Sprintf("late%d", k))
			i.Name = fmt.Sprintf("Latecomer%dx", k)
			put(t, s, directory.Added, i)
			if n := find(t, s, search.Query{Text: fmt.Sprintf("latecomer%dx ", k)}).Total; n != 1 {
				t.Fatalf("an entry just written is found %d times", n)
			}
		}
		if n := find(t, s, search.Query{}).Total; n != 130 {
			t.Errorf("%d entries, want 130", n)
		}
	})
}
