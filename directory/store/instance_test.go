package store_test

import (
	"errors"
	"testing"

	"codeberg.org/commonage/commonage/directory"
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
