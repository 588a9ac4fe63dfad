package curation_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// row returns an entry of a file; change may alter it.
func row(line int, id, name string, change ...func(*exchange.Record)) *exchange.Record {
	r := &exchange.Record{Line: line, Index: line, ID: id, Initiative: &directory.Initiative{
		Name: name, Forms: []string{"food-coop"}, Place: directory.Place{Locality: "Ghent", Country: "BE"},
		Source: directory.Source{Name: "Survey", Licence: "CC0-1.0"},
	}}
	for _, f := range change {
		f(r)
	}
	return r
}

func handle(h string) func(*exchange.Record) {
	return func(r *exchange.Record) { r.Initiative.Handle = h }
}

func file(rows ...*exchange.Record) iter.Seq2[*exchange.Record, error] {
	return func(yield func(*exchange.Record, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (c *city) imported(t *testing.T, o curation.ImportOptions, rows ...*exchange.Record) curation.ImportSummary {
	t.Helper()
	summary, err := c.Import(t.Context(), file(rows...), o)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func TestImport(t *testing.T) {
	public := curation.ImportOptions{Publish: true}
	rows := func() []*exchange.Record { return []*exchange.Record{row(1, "a", "Wervel"), row(2, "b", "Buurderij")} }
	each(t, func(t *testing.T, c *city) {
		same(t, "first run", curation.ImportSummary{Rows: 2, Added: 2}, c.imported(t, public, rows()...))
		same(t, "log", []string{"add wervel", "add buurderij"}, c.changes(t))
		same(t, "jobs: none introduces thousands", map[string]int{"push": 1}, c.jobs(t))
		first := c.entry(t, "wervel")
		want := row(1, "a", "Wervel").Initiative
		want.ID, want.Handle, want.Origin, want.Source.ExternalID = ghent().InitiativeID("wervel"), "wervel", "ghent.example", "a"
		want.Kind, want.Currents = directory.KindOf(want.Forms), directory.CurrentsOf(want.Forms)
		want.Status, want.State, want.Published, want.Updated, want.Revision = directory.Active, directory.Published, noon, noon, 1
		same(t, "entry", want, first)
		posts, err := c.store.PinnedPosts(t.Context(), first.ID)
		if err != nil || len(posts) != 1 {
			t.Errorf("pinned: %v, %v, want the introduction", posts, err)
		}

		c.now = c.now.Add(time.Hour)
		same(t, "second run", curation.ImportSummary{Rows: 2, Unchanged: 2}, c.imported(t, public, rows()...))
		same(t, "entry after the second run", first, c.entry(t, "wervel"))
		same(t, "jobs of the second run", map[string]int{}, c.jobs(t))

		changed := rows()
		changed[0].Initiative.Summary = "Seasonal."
		same(t, "a change", curation.ImportSummary{Rows: 2, Updated: 1, Unchanged: 1}, c.imported(t, public, changed...))
		same(t, "log", []string{"add buurderij", "update wervel"}, c.changes(t))
		after := c.entry(t, "wervel")
		if after.Summary != "Seasonal." || after.Revision != 2 || !after.Updated.Equal(c.now) || !after.Published.Equal(noon) {
			t.Errorf("changed to %+v", after)
		}

		if err := c.Withdraw(t.Context(), "wervel"); err != nil {
			t.Fatal(err)
		}
		c.jobs(t)
		same(t, "a withdrawn one", curation.ImportSummary{Rows: 2, Unchanged: 1, Withdrawn: 1}, c.imported(t, public, changed...))
		other := row(3, "z", "Wervel")
		same(t, "its name again", curation.ImportSummary{Rows: 1, Added: 1}, c.imported(t, public, other))
		if other.Initiative.Handle == "wervel" {
			t.Error("the handle of a withdrawn one was given to another")
		}
	})
}

func TestImportDryRun(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.imported(t, curation.ImportOptions{Publish: true}, row(1, "a", "Wervel"))
		c.jobs(t)
		before, err := c.store.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		changed := row(1, "a", "Wervel")
		changed.Initiative.Summary = "Seasonal."
		got := c.imported(t, curation.ImportOptions{Publish: true, DryRun: true}, changed, row(2, "b", "Buurderij"), row(3, "c", ""))
		same(t, "would be", curation.ImportSummary{Rows: 3, Added: 1, Updated: 1, Bad: 1}, got)
		after, err := c.store.Version(t.Context())
		if after != before || err != nil || c.entry(t, "wervel").Summary != "" || c.count(t, "") != 1 {
			t.Errorf("a dry run wrote: version %d, was %d, %v", after, before, err)
		}
		same(t, "jobs", map[string]int{}, c.jobs(t))
	})
}

func TestImportDraftsFirst(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		rows := func() []*exchange.Record { return []*exchange.Record{row(1, "a", "Wervel"), row(2, "b", "Buurderij")} }
		same(t, "drafts", curation.ImportSummary{Rows: 2, Added: 2}, c.imported(t, curation.ImportOptions{}, rows()...))
		if n := c.count(t, ""); n != 0 || c.changes(t) != nil {
			t.Errorf("drafts are seen: %d, log %v", n, c.changes(t))
		}
		same(t, "drafts again", curation.ImportSummary{Rows: 2, Unchanged: 2}, c.imported(t, curation.ImportOptions{}, rows()...))
		changed := rows()
		changed[1].Initiative.Summary = "Weekly."
		same(t, "a changed draft", curation.ImportSummary{Rows: 2, Unchanged: 1, Updated: 1}, c.imported(t, curation.ImportOptions{}, changed...))
		c.now = c.now.Add(time.Hour)
		changed = rows()
		changed[1].Initiative.Summary = "Weekly."
		same(t, "published", curation.ImportSummary{Rows: 2, Updated: 2}, c.imported(t, curation.ImportOptions{Publish: true}, changed...))
		same(t, "log", []string{"add wervel", "add buurderij"}, c.changes(t))
		for _, h := range []string{"wervel", "buurderij"} {
			posts, err := c.store.PinnedPosts(t.Context(), ghent().InitiativeID(h))
			if got := c.entry(t, h); err != nil || len(posts) != 1 || !got.Published.Equal(c.now) {
				t.Errorf("%s was published at %v with %d introductions, %v", h, got.Published, len(posts), err)
			}
		}
		// What is public stays so, though nobody says it again.
		same(t, "once more", curation.ImportSummary{Rows: 2, Unchanged: 1, Updated: 1}, c.imported(t, curation.ImportOptions{}, rows()...))
		if n := c.count(t, ""); n != 2 {
			t.Errorf("%d are public, want 2", n)
		}
	})
}

func TestImportReportsWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		var problems []string
		o := curation.ImportOptions{Publish: true, Problem: func(line int, err error) { problems = append(problems, fmt.Sprintf("%d: %v", line, err)) }}
		rows := func(yield func(*exchange.Record, error) bool) {
			warned := row(2, "b", "Buurderij")
			warned.Warnings = []exchange.Warning{{Problem: exchange.BadLink, Field: "website", Text: "dropped"}}
			_ = yield(row(1, "a", "Wervel"), nil) &&
				yield(warned, nil) &&
				yield(nil, &exchange.RowError{Line: 3, Index: 3, Field: "name", Text: "is missing"}) &&
				yield(row(4, "a", "Wervel again"), nil) &&
				yield(row(5, "e", "Bad", func(r *exchange.Record) { r.Initiative.Place.Country = "Belgium" }), nil) &&
				yield(row(6, "f", "Voedselteam"), nil) &&
				yield(row(7, "", "Voedselteam"), nil)
		}
		got, err := c.Import(t.Context(), rows, o)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "summary", curation.ImportSummary{Rows: 7, Added: 4, Repeated: 1, Bad: 2, Warnings: 1}, got)
		same(t, "problems", []string{
			"2: entry 2: website: dropped",
			"3: line 3, entry 3: name: is missing",
			`4: id: "a" is also that of line 1; the first one counts`,
			`5: country: "Belgium" is not an ISO 3166-1 code of two letters`,
		}, problems)
		if n := c.count(t, ""); n != 4 {
			t.Errorf("%d entries, want 4", n)
		}
	})
}

func TestImportGivesHandles(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		public := curation.ImportOptions{Publish: true}
		mine := library()
		mine.Handle = "food_share"
		c.publish(t, mine)
		var rows []*exchange.Record
		for k := range 1000 {
			rows = append(rows, row(k+1, fmt.Sprint(k), "Food Share"))
		}
		rows = append(rows, row(1001, "x", "Other", handle("food_share_2")), row(1002, "y", "Own", handle("own_handle")),
			row(1003, "z", "Bad Handle", handle("Not Valid")), row(1004, "w", "Directory"), row(1005, "v", "京都"), row(1006, "u", "..."))
		same(t, "summary", curation.ImportSummary{Rows: 1006, Added: 1006}, c.imported(t, public, rows...))
		seen := map[string]bool{"food_share": true}
		for _, r := range rows {
			h := r.Initiative.Handle
			if seen[h] || !directory.ValidHandle(h) {
				t.Errorf("line %d got the handle %q", r.Line, h)
			}
			seen[h] = true
		}
		if got := rows[1001].Initiative.Handle; got != "own_handle" {
			t.Errorf("a free handle that was asked for became %s", got)
		}
		// A second import of other entries finds its way between them.
		more := []*exchange.Record{row(1, "m1", "Food Share"), row(2, "m2", "Food Share")}
		same(t, "more", curation.ImportSummary{Rows: 2, Added: 2}, c.imported(t, public, more...))
		for _, r := range more {
			if seen[r.Initiative.Handle] {
				t.Errorf("%s was given twice", r.Initiative.Handle)
			}
		}
	})
}

// Handles that grow longer than a handle may, or end in underscores, lose their
// end when they get a number.
func TestImportGivesLongHandles(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		for k, h := range []string{"a" + strings.Repeat("_", 29), strings.Repeat("x", 30), "___", strings.Repeat("y", 24) + "______"} {
			for round := range 3 {
				rows := []*exchange.Record{
					row(1, fmt.Sprintf("%d-%d-1", k, round), "Name", handle(h)), row(2, fmt.Sprintf("%d-%d-2", k, round), "Name", handle(h)),
				}
				got, err := c.Import(t.Context(), file(rows...), curation.ImportOptions{Publish: true})
				same(t, fmt.Sprintf("%s, round %d", h, round), curation.ImportSummary{Rows: 2, Added: 2}, got)
				wantErr(t, h, err, nil)
			}
		}
	})
}

// What comes before a fault of the whole file is kept.
func TestImportOfAFileThatBreaksOff(t *testing.T) {
	fault := errors.New("cut off")
	each(t, func(t *testing.T, c *city) {
		var progress []int
		rows := func(yield func(*exchange.Record, error) bool) {
			for k := range 600 {
				if !yield(row(k+1, fmt.Sprint(k), fmt.Sprint("Name ", k)), nil) {
					return
				}
			}
			yield(nil, fault)
		}
		got, err := c.Import(t.Context(), rows, curation.ImportOptions{Publish: true, Progress: func(n int) { progress = append(progress, n) }})
		wantErr(t, "import", err, fault)
		same(t, "summary", curation.ImportSummary{Rows: 600, Added: 600}, got)
		same(t, "progress", []int{250, 500, 600}, progress)
		if n := c.count(t, ""); n != 600 {
			t.Errorf("%d entries are kept, want 600", n)
		}
	})
}

// A batch that fails leaves those before it, and says how far it came.
func TestImportThatIsStopped(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx, stop := context.WithCancel(t.Context())
		rows := func(yield func(*exchange.Record, error) bool) {
			for k := range 400 {
				if k == 300 {
					stop()
				}
				if !yield(row(k+1, fmt.Sprint(k), fmt.Sprint("Name ", k)), nil) {
					return
				}
			}
		}
		got, err := c.Import(ctx, rows, curation.ImportOptions{Publish: true})
		wantErr(t, "import", err, context.Canceled)
		if got.Added != 250 || c.count(t, "") != 250 {
			t.Errorf("added %d, found %d, want the first batch of 250", got.Added, c.count(t, ""))
		}
		same(t, "the rest", curation.ImportSummary{Rows: 400, Unchanged: 250, Added: 150}, c.imported(t, curation.ImportOptions{Publish: true}, collect(400)...))
	})
}

func collect(n int) []*exchange.Record {
	var rows []*exchange.Record
	for k := range n {
		rows = append(rows, row(k+1, fmt.Sprint(k), fmt.Sprint("Name ", k)))
	}
	return rows
}

// The same ids at two sources are different entries, and in one file.
func TestImportFromTwoSources(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		other := func(r *exchange.Record) { r.Initiative.Source.Name = "Other" }
		rows := func() []*exchange.Record { return []*exchange.Record{row(1, "a", "One"), row(2, "a", "Two", other)} }
		o := curation.ImportOptions{Publish: true}
		same(t, "first", curation.ImportSummary{Rows: 2, Added: 2}, c.imported(t, o, rows()...))
		same(t, "second", curation.ImportSummary{Rows: 2, Unchanged: 2}, c.imported(t, o, rows()...))
	})
}

// Where files do not say whose they are, an id such as 1 does not make one entry
// of two that have nothing in common.
func TestImportFromNamelessSources(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		nameless := func(r *exchange.Record) { r.Initiative.Source.Name = "" }
		o := curation.ImportOptions{Publish: true}
		c.imported(t, o, row(1, "1", "Instrumentheek Gent", nameless))
		said := ""
		o.Problem = func(line int, err error) { said = fmt.Sprint(line, " ", err) }
		same(t, "another", curation.ImportSummary{Rows: 1, Bad: 1}, c.imported(t, o, row(3, "1", "Fietskeuken", nameless)))
		if want := `3 id: "1" is that of "Instrumentheek Gent" here`; !strings.HasPrefix(said, want) {
			t.Errorf("it says %q, want %q", said, want)
		}
		same(t, "the same, called otherwise", curation.ImportSummary{Rows: 1, Updated: 1}, c.imported(t, o, row(1, "1", "De instrumentheek", nameless)))
		same(t, "the same by its handle", curation.ImportSummary{Rows: 1, Updated: 1},
			c.imported(t, o, row(1, "1", "Lend It", nameless, handle("instrumentheek_gent"))))
		if got := c.entry(t, "instrumentheek_gent").Name; got != "Lend It" {
			t.Errorf("it is called %s", got)
		}
	})
}

// BenchmarkImport measures 1,000 new entries with their search text, map cells,
// introductions and log lines.
func BenchmarkImport(b *testing.B) {
	const n = 1000
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.Open, "postgres": storetest.OpenPostgres} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			round := 0
			for b.Loop() {
				round++
				rows := collect(n)
				for _, r := range rows {
					r.ID = fmt.Sprintf("%d-%s", round, r.ID)
					r.Initiative.Description = strings.Repeat("A repair café run by volunteers, open every Saturday. ", 6)
				}
				summary, err := newCity(s, ghent()).Import(b.Context(), file(rows...), curation.ImportOptions{Publish: true})
				if diff := cmp.Diff(curation.ImportSummary{Rows: n, Added: n}, summary); err != nil || diff != "" {
					b.Fatalf("%v, %s", err, diff)
				}
			}
			b.ReportMetric(float64(n*round)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
