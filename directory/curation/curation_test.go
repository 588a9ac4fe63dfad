package curation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// noon is when the tests begin, in whole microseconds.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 123456000, time.UTC)

func ghent() directory.Instance {
	return directory.Instance{Host: "ghent.example", Scheme: "https", Name: "Ghent", Language: "nl"}
}

// city is a curator with its store and a clock that only tests move.
type city struct {
	*curation.Curator
	store *store.Store
	now   time.Time
}

func newCity(s *store.Store, in directory.Instance) *city {
	c := &city{store: s, now: noon}
	c.Curator = curation.New(s, in, func() time.Time { return c.now })
	return c
}

// each runs a test in a fresh city for each database.
func each(t *testing.T, test func(t *testing.T, c *city)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(t, newCity(s, ghent())) })
}

func library() *directory.Initiative {
	return &directory.Initiative{
		Handle: "instrumentheek", Name: "Instrumentheek", Summary: "Borrow a drill.", Languages: []string{"nl-BE", "en"},
		Forms: []string{"tool-library", "own-form", "repair-cafe"}, Tags: []string{"tools"},
		Place: directory.Place{Locality: "Ghent", Country: "BE", Point: &directory.Point{Latitude: 51.05, Longitude: 3.72}},
		Links: []directory.Link{{Name: "Website", URL: "https://instrumentheek.example/"}},
		Image: &directory.Image{URL: "https://instrumentheek.example/a.jpg", Alt: "A drill"},
	}
}

func (c *city) publish(t *testing.T, i *directory.Initiative) *directory.Initiative {
	t.Helper()
	if err := c.Publish(t.Context(), i); err != nil {
		t.Fatalf("publish %s: %v", i.Handle, err)
	}
	return i
}

// jobs takes the jobs that wait, as "kind key".
func (c *city) jobs(t *testing.T) map[string]int {
	t.Helper()
	kinds := []string{curation.PushJob, curation.PostJob, curation.MentionJob, curation.FollowJob, curation.UnfollowJob, curation.SyncJob, curation.PictureJob, curation.CloseJob}
	jobs, err := c.store.ClaimJobs(t.Context(), kinds, c.now.Add(time.Hour), c.now.Add(2*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for k := range jobs {
		j := &jobs[k]
		out[strings.TrimSpace(j.Kind+" "+j.Key)]++
		if err := c.store.FinishJob(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// changes returns the log as "type handle", oldest first.
func (c *city) changes(t *testing.T) []string {
	t.Helper()
	list, err := c.store.ChangesAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, change := range list {
		out = append(out, string(change.Type)+" "+change.Initiative.Handle)
	}
	return out
}

func (c *city) entry(t *testing.T, handle string) *directory.Initiative {
	t.Helper()
	i, err := c.store.Initiative(t.Context(), ghent().InitiativeID(handle))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (c *city) count(t *testing.T, text string) int {
	t.Helper()
	n, err := c.store.Count(t.Context(), search.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func same[T any](t *testing.T, what string, want, got T, options ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantInvalid wants an error about the field that says something of it.
func wantInvalid(t *testing.T, what string, err error, field string) {
	t.Helper()
	var invalid *directory.Invalid
	if !errors.As(err, &invalid) || invalid.Field != field || invalid.Text == "" {
		t.Errorf("%s: got %v, want an Invalid about %s", what, err, field)
	}
}
