package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

func gardens(t *testing.T, s *store.Store) {
	t.Helper()
	for k, locality := range []string{"Genève", "Gent", "Gent", "Genk", "Antwerpen"} {
		i := initiative("garden" + string(rune('a'+k)))
		i.Name, i.Place.Locality, i.Updated = "Garden of "+locality, locality, noon.Add(time.Duration(k)*time.Hour)
		put(t, s, directory.Added, i)
	}
	put(t, s, directory.Added, func() *directory.Initiative {
		i := initiative("draft")
		i.Name, i.Place.Locality, i.State = "Garden of Gemert", "Gemert", directory.Draft
		return i
	}())
}

func TestPlacesLike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gardens(t, s)
		for start, want := range map[string][]string{"GEN": {"Genève", "Genk", "Gent"}, "gene": {"Genève"}, "gem": nil, "x": nil, "": nil, "é": nil} {
			got, err := s.PlacesLike(t.Context(), start, 3)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", start, diff)
			}
		}
	})
}

func handles(list []*directory.Initiative) (out []string) {
	for _, i := range list {
		out = append(out, i.Handle)
	}
	return out
}

func TestSuggestAndNewest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gardens(t, s)
		q := search.Query{Text: "garden gen"}
		best, err := s.Suggest(t.Context(), q, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := handles(best); len(got) != 4 || slices.Contains(got, "draft") {
			t.Errorf("suggested %v, want the four of Gen", got)
		}
		newest := func(s *store.Store) {
			list, err := s.Newest(t.Context(), q, 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"gardend", "gardenc"}, handles(list)); diff != "" {
				t.Errorf("newest (-want +got):\n%s", diff)
			}
		}
		newest(s)
		if err := s.Tx(t.Context(), func(tx *store.Store) error { newest(tx); return nil }); err != nil { // by the tables
			t.Fatal(err)
		}
	})
}

func TestMend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gardens(t, s)
		for typed, want := range map[string]string{"gaden gent": "garden gent", "garden": "", "xyzxyz": "", `"gaden" gent`: "", "gaden -gent": "garden -gent"} {
			got, n, err := s.Mend(t.Context(), search.Query{Text: typed})
			if err != nil {
				t.Fatal(err)
			}
			if got != want || (n > 0) != (want != "") {
				t.Errorf("Mend(%s) = %q, %d, want %q", typed, got, n, want)
			}
		}
	})
}

func TestEvents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gardens(t, s)
		for k, handle := range []string{"gardena", "gardenb", "draft"} {
			author := initiative(handle).ID
			for _, event := range []*directory.Event{nil, {Name: "Digging", Start: noon, Timezone: "UTC"}} {
				p := &directory.Post{ID: author + "/posts/plain", InitiativeID: author, Text: "x", Event: event, Published: noon.Add(time.Duration(k) * time.Hour), Updated: noon}
				if event != nil {
					p.ID = author + "/posts/event"
				}
				if err := s.PutPost(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
		}
		for text, want := range map[string][]string{
			"": {"gardenb", "gardena"}, "geneve": {"gardena"}, "-geneve": {"gardenb"}, "antwerpen": nil,
		} {
			posts, err := s.Events(t.Context(), search.Query{Text: text}, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range posts {
				i, err := s.Initiative(t.Context(), p.InitiativeID)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, i.Handle)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", text, diff)
			}
		}
	})
}
