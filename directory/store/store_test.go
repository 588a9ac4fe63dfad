package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// noon is the time of every test, in whole microseconds.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 123456000, time.UTC)

// initiative returns a valid published entry of ghent.example with every field
// set.
func initiative(handle string) *directory.Initiative {
	return &directory.Initiative{
		ID: "https://ghent.example/initiatives/" + handle, Handle: handle, Origin: "ghent.example",
		Name: "Instrumentheek", Summary: "Borrow a drill.", Description: "Tools *for all*.", Languages: []string{"nl", "en"},
		Forms: []string{"tool-library", "library-of-things"}, Kind: directory.Urban, Role: directory.Community,
		Currents: []directory.Current{directory.Share, directory.Care}, Scope: directory.Local, Status: directory.Active,
		Founded: "2016", Tags: []string{"tools", "déjà vu"},
		Place: directory.Place{
			Name: "Tram shed", Address: "Tramstraat 12", Postcode: "9000", Locality: "Ghent", Region: "East Flanders",
			Country: "BE", Point: &directory.Point{Latitude: 51.05, Longitude: 3.72}, Precision: directory.Street,
		},
		Links:  []directory.Link{{Name: "Website", URL: "https://instrumentheek.example/"}},
		Image:  &directory.Image{URL: "https://instrumentheek.example/a.jpg", Alt: "A drill"},
		Source: directory.Source{Name: "Survey", URL: "https://survey.example", Licence: "CC0-1.0", Attribution: "The survey", ExternalID: "x1"},
		State:  directory.Published, Published: noon, Updated: noon, Revision: 1,
	}
}

func put(t *testing.T, s *store.Store, change directory.ChangeType, entries ...*directory.Initiative) {
	t.Helper()
	for _, i := range entries {
		if err := s.PutInitiative(t.Context(), i, change); err != nil {
			t.Fatalf("put %s: %v", i.Handle, err)
		}
	}
}

func TestInitiative(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		full := initiative("full")
		bare := &directory.Initiative{
			ID: "https://x.example/initiatives/bare", Handle: "bare", Origin: "x.example", Name: "Bare",
			State: directory.Published, Published: noon, Updated: noon, Revision: 1,
		}
		put(t, s, directory.Added, full)
		put(t, s, "", bare)
		for _, want := range []*directory.Initiative{full, bare} {
			got, err := s.Initiative(ctx, want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		}
		if _, err := s.Initiative(ctx, "https://x.example/none"); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("a missing entry: got %v, want ErrNotFound", err)
		}
		taken := initiative("full")
		taken.ID += "2"
		if err := s.PutInitiative(ctx, taken, directory.Added); !errors.Is(err, directory.ErrConflict) {
			t.Errorf("a taken handle: got %v, want ErrConflict", err)
		}
	})
}

func TestInitiativeStates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		i := initiative("rad")
		for _, step := range []struct {
			state directory.State
			err   error
			total int
		}{
			{directory.Draft, directory.ErrNotFound, 0},
			{directory.Published, nil, 1},
			{directory.Withdrawn, directory.ErrGone, 0},
		} {
			i.State = step.state
			put(t, s, "", i)
			if _, err := s.InitiativeByHandle(t.Context(), i.Origin, i.Handle); !errors.Is(err, step.err) {
				t.Errorf("%s: got %v, want %v", step.state, err, step.err)
			}
			if got := find(t, s, search.Query{Text: "instrumentheek"}).Total; got != step.total {
				t.Errorf("%s: search finds %d, want %d", step.state, got, step.total)
			}
		}
	})
}

func find(t *testing.T, s *store.Store, q search.Query) *search.Result {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search %v: %v", q.Encode(), err)
	}
	return r
}

// atlas fills a store with a few entries that differ in what search looks at.
func atlas(t *testing.T, s *store.Store) {
	t.Helper()
	at := func(lat, lon float64) *directory.Point { return &directory.Point{Latitude: lat, Longitude: lon} }
	list := []directory.Initiative{
		{
			Handle: "cafe", Name: "Repair Café Ledeberg", Forms: []string{"repair-cafe"}, Kind: directory.Urban,
			Place: directory.Place{Locality: "Gent", Country: "BE", Point: at(51.03, 3.75)},
		},
		{
			Handle: "mention", Name: "Fietskeuken", Summary: "We repair bikes over café.", Forms: []string{"bike-kitchen"},
			Kind: directory.Urban, Place: directory.Place{Locality: "Gent", Country: "BE", Point: at(51.06, 3.71)},
		},
		{
			Handle: "kooperativ", Name: "Хранкооп — хранителен кооператив", Forms: []string{"food-coop"}, Kind: directory.Productive,
			Place: directory.Place{Locality: "София", Country: "BG", Point: at(42.69, 23.32)},
		},
		{
			Handle: "unicorn", Name: "Unicorn Grocery", Summary: "A workers' co-op.", Forms: []string{"food-coop", "worker-coop"},
			Kind: directory.Productive, Place: directory.Place{Locality: "Manchester", Country: "GB", Point: at(53.44, -2.27)},
		},
		{Handle: "taveuni", Name: "Reef keepers", Kind: directory.Natural, Place: directory.Place{Country: "FJ", Point: at(-16.8, 179.9)}},
		{Handle: "samoa", Name: "Reef watchers", Kind: directory.Natural, Place: directory.Place{Country: "WS", Point: at(-13.8, -171.8)}},
		{Handle: "kyoto", Name: "京都町家ネットワーク", Place: directory.Place{Locality: "京都", Country: "JP", Point: at(35.0, 135.76)}},
		{Handle: "nowhere", Name: "Open map", Kind: directory.Knowledge},
	}
	for k := range list {
		i := &list[k]
		i.ID, i.Origin, i.State = "https://a.example/initiatives/"+i.Handle, "a.example", directory.Published
		i.Published, i.Updated = noon, noon.Add(time.Duration(k)*time.Minute)
		put(t, s, directory.Added, i)
	}
}

func TestSearch(t *testing.T) {
	manchester := directory.Point{Latitude: 53.48, Longitude: -2.24}
	tests := []struct {
		name string
		q    search.Query
		want []string
	}{
		{"everything, newest first", search.Query{}, []string{"nowhere", "kyoto", "samoa", "taveuni", "unicorn", "kooperativ", "mention", "cafe"}},
		{"the name outranks the text", search.Query{Text: "repair café"}, []string{"cafe", "mention"}},
		{"accents and case fold", search.Query{Text: "REPAIR CAFE"}, []string{"cafe", "mention"}},
		{"the last word may be a beginning", search.Query{Text: "groc"}, []string{"unicorn"}},
		{"a finished word may not", search.Query{Text: "groc "}, nil},
		{"Cyrillic", search.Query{Text: "ХРАНИТЕЛЕН"}, []string{"kooperativ"}},
		{"a script without spaces", search.Query{Text: "町家"}, []string{"kyoto"}},
		{"hyphen or not", search.Query{Text: "coop "}, []string{"unicorn", "kooperativ"}},
		{"names of seed forms", search.Query{Text: "food co-op ", Countries: []string{"GB"}}, []string{"unicorn"}},
		{"names of seed forms in other languages", search.Query{Text: "taller de reparación"}, []string{"cafe"}},
		{"names of seed forms in other languages, as one", search.Query{Text: "ciclofficina"}, []string{"mention"}},
		{"a name of several seed forms", search.Query{Text: "кооператив", Kinds: []directory.Kind{directory.Productive}}, []string{"kooperativ", "unicorn"}},
		{"place, the newest first of those that fit alike", search.Query{Text: "gent"}, []string{"mention", "cafe"}},
		{"no such word", search.Query{Text: "zzz"}, nil},
		{"only signs", search.Query{Text: `"'*()&|!:\`}, []string{"nowhere", "kyoto", "samoa", "taveuni", "unicorn", "kooperativ", "mention", "cafe"}},
		{"words that are operators", search.Query{Text: "repair AND NOT near"}, nil},
		{"form", search.Query{Forms: []string{"food-coop"}}, []string{"unicorn", "kooperativ"}},
		{"two forms", search.Query{Forms: []string{"worker-coop", "bike-kitchen"}}, []string{"unicorn", "mention"}},
		{"form and country", search.Query{Forms: []string{"food-coop"}, Countries: []string{"BG"}}, []string{"kooperativ"}},
		{"kind", search.Query{Kinds: []directory.Kind{directory.Natural}}, []string{"samoa", "taveuni"}},
		{"other origin", search.Query{Origins: []string{"b.example"}}, nil},
		{"box", search.Query{Box: &directory.Box{West: 3, South: 50, East: 4, North: 52}}, []string{"mention", "cafe"}},
		{"box over the antimeridian", search.Query{Box: &directory.Box{West: 170, South: -20, East: -170, North: -10}}, []string{"samoa", "taveuni"}},
		{"near sorts by distance", search.Query{Text: "food co-op", Near: &manchester}, []string{"unicorn", "kooperativ"}},
		{"near over the antimeridian", search.Query{Text: "reef", Near: &directory.Point{Latitude: -16, Longitude: -179}}, []string{"taveuni", "samoa"}},
		{"radius", search.Query{Near: &manchester, Radius: 20}, []string{"unicorn"}},
		{"words, box and kind", search.Query{
			Text: "repair", Kinds: []directory.Kind{directory.Urban},
			Box: &directory.Box{West: 3.74, South: 50, East: 4, North: 52},
		}, []string{"cafe"}},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				r := find(t, s, test.q)
				var got []string
				for _, h := range r.Hits {
					got = append(got, h.Initiative.Handle)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("hits (-want +got):\n%s", diff)
				}
				if r.Total != len(test.want) {
					t.Errorf("total: got %d, want %d", r.Total, len(test.want))
				}
			})
		}
	})
}

func TestSearchPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		for _, q := range []search.Query{{Limit: 3}, {Limit: 3, Text: "e"}, {Limit: 3, Near: &directory.Point{}}} {
			all := q
			all.Limit = search.MaxLimit
			var want, got []string
			for _, h := range find(t, s, all).Hits {
				want = append(want, h.Initiative.Handle)
			}
			for page := 0; ; page++ {
				r := find(t, s, q)
				for _, h := range r.Hits {
					got = append(got, h.Initiative.Handle)
				}
				if q.Cursor = r.Next; q.Cursor == "" || page > 10 {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("pages of %v (-want +got):\n%s", q.Encode(), diff)
			}
		}
	})
}

func TestFacets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		got := find(t, s, search.Query{Text: "food co-op ", Countries: []string{"GB"}}).Facets
		want := search.Facets{
			search.ByForm:    {{Value: "food-coop", Count: 1}, {Value: "worker-coop", Count: 1}},
			search.ByKind:    {{Value: "productive", Count: 1}},
			search.ByCurrent: {}, search.ByRole: {}, search.ByLanguage: {}, search.ByOffer: {}, search.ByNeed: {},
			search.ByOrigin:  {{Value: "a.example", Count: 1}},
			search.ByCountry: {{Value: "BG", Count: 1}, {Value: "GB", Count: 1}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("facets (-want +got):\n%s", diff)
		}
	})
}

func TestTile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		world, err := s.Tile(t.Context(), search.Query{}, search.Tile{})
		if err != nil {
			t.Fatal(err)
		}
		total, entries := 0, map[string]bool{}
		for _, c := range world {
			total += c.Count
			if c.Entry != nil {
				entries[c.Entry.Handle] = true
			}
		}
		if total != 7 {
			t.Errorf("the world tile shows %d entries, want the 7 that have a point", total)
		}
		if !entries["kyoto"] || entries["cafe"] {
			t.Errorf("alone on the world tile: %v, want kyoto there and cafe in a cluster", entries)
		}
		deep, err := s.Tile(t.Context(), search.Query{Text: "repair"}, search.Tile{Z: 7, X: 65, Y: 42})
		if err != nil {
			t.Fatal(err)
		}
		if len(deep) != 1 || deep[0].Count != 2 || deep[0].Kinds[directory.Urban] != 2 {
			t.Errorf("the tile of Ghent: got %+v, want one cluster of 2 urban", deep)
		}
		if _, err := s.Tile(t.Context(), search.Query{}, search.Tile{Z: 1, X: 2}); err == nil {
			t.Error("a tile off the map: got no error")
		}
	})
}

func TestPlaceNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		atlas(t, s)
		p, err := s.PlaceNamed(t.Context(), " GENT")
		if err != nil || p.Distance(directory.Point{Latitude: 51.05, Longitude: 3.73}) > 5 {
			t.Errorf("Gent is at %v, %v", p, err)
		}
		if _, err := s.PlaceNamed(t.Context(), "Atlantis"); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("Atlantis: got %v, want ErrNotFound", err)
		}
	})
}

func TestLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		a, b, c := initiative("a"), initiative("b"), initiative("c")
		put(t, s, directory.Added, a, b, c)
		put(t, s, directory.Edited, a)
		b.State = directory.Withdrawn
		put(t, s, directory.Removed, b)
		carried := initiative("carried")
		carried.ID, carried.Origin = "https://b.example/initiatives/carried", "b.example"
		put(t, s, "", carried)

		var got []string
		for after := int64(0); ; {
			page, err := s.ChangesAfter(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range page {
				got = append(got, fmt.Sprintf("%d %s %s", change.Position, change.Type, change.Initiative.Handle))
				after = change.Position
			}
			if len(page) < 2 {
				break
			}
		}
		if diff := cmp.Diff([]string{"3 add c", "4 update a", "5 remove b"}, got); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		newest, err := s.ChangesBefore(ctx, 5, 1)
		if err != nil || len(newest) != 1 || newest[0].Initiative.Handle != "a" {
			t.Errorf("before 5: got %v, %v, want a", newest, err)
		}
		if _, err := s.ChangeAt(ctx, 1); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("a change that was overtaken: got %v, want ErrNotFound", err)
		}
	})
}

func TestJobs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		put := func(id, key, payload string) {
			t.Helper()
			j := &directory.Job{ID: id, Kind: "sync", Key: key, Payload: payload, Created: noon}
			if err := s.PutJob(ctx, j, noon); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(now time.Time, want ...string) []directory.Job {
			t.Helper()
			jobs, err := s.ClaimJobs(ctx, []string{"sync"}, now, now.Add(time.Minute), 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, j := range jobs {
				got = append(got, j.ID+" "+j.Payload)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claimed (-want +got):\n%s", diff)
			}
			return jobs
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		put("1", "a", "x")
		put("2", "a", "y")
		put("3", "b", "z")
		jobs := claim(noon, "2 y", "3 z")
		claim(noon) // nothing is claimed twice
		put("4", "a", "again")
		claim(noon) // nor while it is worked on
		must(s.FinishJob(ctx, &jobs[0]))
		again := claim(noon, "4 again")
		must(s.FinishJob(ctx, &again[0]))
		// A lease that ended is a worker that died.
		late := noon.Add(2 * time.Minute)
		jobs = claim(late, "3 z")
		must(s.RepeatJob(ctx, &jobs[0], late.Add(time.Hour)))
		claim(late)
		put("5", "b", "now")
		jobs = claim(late, "5 now")
		put("6", "b", "news")
		must(s.RepeatJob(ctx, &jobs[0], late.Add(time.Hour)))
		jobs = claim(late, "6 news") // what was queued meanwhile does not wait for the next round
		must(s.RetryJob(ctx, &jobs[0], late.Add(time.Minute), "no answer"))
		claim(late)
		claim(late.Add(time.Minute), "6 news")
	})
}

func TestJobsAreClaimedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const jobs, workers = 100, 4
		for k := range jobs {
			j := &directory.Job{ID: fmt.Sprintf("%03d", k), Kind: "k", Key: fmt.Sprint(k), Created: noon}
			if err := s.PutJob(ctx, j, noon); err != nil {
				t.Fatal(err)
			}
		}
		claimed := make(chan string, jobs*workers)
		errs := make(chan error, workers)
		for range workers {
			go func() {
				for {
					batch, err := s.ClaimJobs(ctx, []string{"k"}, noon, noon.Add(time.Minute), 3)
					for _, j := range batch {
						claimed <- j.ID
					}
					if err != nil || len(batch) == 0 {
						errs <- err
						return
					}
				}
			}()
		}
		for range workers {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		close(claimed)
		seen := map[string]bool{}
		for id := range claimed {
			if seen[id] {
				t.Errorf("job %s was claimed twice", id)
			}
			seen[id] = true
		}
		if len(seen) != jobs {
			t.Errorf("claimed %d jobs, want %d", len(seen), jobs)
		}
	})
}

func TestReceive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		r := &directory.Received{ID: "1", Signer: "https://m.example/a", Body: []byte(`{"type":"Follow"}`), Received: noon}
		for k, want := range []bool{true, false} {
			fresh, err := receive(ctx, s, r, "digest")
			if err != nil || fresh != want {
				t.Errorf("received time %d: got %v, %v, want %v", k+1, fresh, err, want)
			}
			r.ID = "2"
		}
		got, err := s.ClaimReceived(ctx, noon, noon.Add(time.Minute), 10)
		if err != nil || len(got) != 1 || string(got[0].Body) != string(r.Body) || got[0].Tries != 1 {
			t.Fatalf("claimed %+v, %v", got, err)
		}
		if err := s.FinishReceived(ctx, "", "1"); err != nil {
			t.Fatal(err)
		}
		if fresh, err := receive(ctx, s, r, "digest"); fresh || err != nil {
			t.Errorf("received again when done: got %v, %v", fresh, err)
		}
	})
}

func TestDeliveries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		n := 0
		newID := func() string { n++; return fmt.Sprintf("%04d", n) }
		out := store.Outgoing{ActivityID: "https://a.example/1", ActorID: "https://a.example/rad", Body: []byte(`{}`)}
		for k := range 5 {
			out.Inboxes = append(out.Inboxes, fmt.Sprintf("https://big.example/inbox/%d", k))
		}
		out.Inboxes = append(out.Inboxes, "https://small.example/inbox", "https://dead.example/inbox", "https://busy.example/inbox")
		for range 2 { // queued twice, sent once
			if err := s.PutDeliveries(ctx, out, noon, newID); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutHost(ctx, store.HostState{Name: "dead.example", Fails: 3, FailingSince: noon, NextAt: noon.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.ClaimDeliveries(ctx, store.Claim{
			Now: noon, Lease: noon.Add(time.Minute), PerHost: 2, Limit: 10, Busy: []string{"busy.example"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range claimed {
			got = append(got, d.Inbox)
			if d.ActorID != out.ActorID || string(d.Body) != "{}" {
				t.Errorf("claimed %+v without its activity", d)
			}
		}
		want := []string{"https://big.example/inbox/0", "https://big.example/inbox/1", "https://small.example/inbox"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("claimed (-want +got):\n%s", diff)
		}
		for k := range claimed {
			if err := settle(ctx, s, &claimed[k]); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := s.CountDeliveries(ctx); err != nil || left != 5 {
			t.Errorf("left: got %d, %v, want 5", left, err)
		}
	})
}

func TestMigrateAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if n, err := s.Migrate(context.Background()); n != 0 || err != nil {
			t.Errorf("second run: %d migrations, %v", n, err)
		}
		if pending, err := s.Pending(t.Context()); pending || err != nil {
			t.Errorf("pending: %v, %v", pending, err)
		}
	})
}
