package curation_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// told is what the directory should say of one entry.
type told struct {
	state  directory.State
	name   string
	change directory.ChangeType // the latest in the log; "" while nobody was told
}

// model is a city and what it should hold after what was done to it.
type model struct {
	*city
	instance directory.Instance
	entries  map[string]told // by handle
	start    int64           // of the log, as the database has been used before
	replica  map[string]told // what a reader of the log holds
	position int64           // up to which the reader has read
	updated  map[string]time.Time
}

// handles people take, and those that rows of a file ask for.
var (
	typed    = []string{"a", "b", "c"}
	fromFile = []string{"x", "y", "z"}
)

// actions are what people do, in any order.
func (m *model) actions() map[string]func(*rapid.T) {
	name := rapid.SampledFrom([]string{"One", "Two", "Three"})
	return map[string]func(*rapid.T){
		"publish": func(t *rapid.T) { m.begin(t, name.Draw(t, "name"), directory.Published) },
		"draft":   func(t *rapid.T) { m.begin(t, name.Draw(t, "name"), directory.Draft) },
		"edit":    func(t *rapid.T) { m.edit(t, name.Draw(t, "name")) },
		"withdraw": func(t *rapid.T) {
			h := rapid.SampledFrom(append(typed, fromFile...)).Draw(t, "handle")
			old := m.entries[h]
			err := m.Withdraw(t.Context(), h)
			switch old.state {
			case "":
				m.want(t, err, directory.ErrNotFound)
			case directory.Withdrawn:
				m.want(t, err, directory.ErrGone)
			default:
				m.want(t, err, nil)
				now := told{state: directory.Withdrawn, name: old.name}
				if old.change != "" {
					now.change = directory.Removed
				}
				m.entries[h] = now
			}
		},
		"import": m.importRows,
		"move the clock": func(t *rapid.T) {
			m.now = m.now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "seconds")) * time.Second)
		},
		"read on": func(t *rapid.T) { m.readOn(t, rapid.IntRange(1, 4).Draw(t, "page")) },
		"":        m.check,
	}
}

func (m *model) want(t *rapid.T, got, want error) {
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// begin publishes or drafts one entry.
func (m *model) begin(t *rapid.T, name string, state directory.State) {
	h := rapid.SampledFrom(typed).Draw(t, "handle")
	i := &directory.Initiative{Handle: h, Name: name}
	do := m.Draft
	if state == directory.Published {
		do = m.Publish
	}
	err := do(t.Context(), i)
	switch m.entries[h].state {
	case directory.Published:
		m.want(t, err, directory.ErrConflict)
		return
	case directory.Withdrawn:
		m.want(t, err, directory.ErrGone)
		return
	}
	m.want(t, err, nil)
	now := told{state: state, name: name}
	if state == directory.Published {
		now.change = directory.Added
	}
	m.entries[h] = now
}

func (m *model) edit(t *rapid.T, name string) {
	h := rapid.SampledFrom(append(typed, fromFile...)).Draw(t, "handle")
	old := m.entries[h]
	_, err := m.Edit(t.Context(), h, func(i *directory.Initiative) error { i.Name = name; return nil })
	switch {
	case old.state == directory.Withdrawn:
		m.want(t, err, directory.ErrGone)
	case old.state != directory.Published:
		m.want(t, err, directory.ErrNotFound)
	default:
		m.want(t, err, nil)
		if old.name != name {
			m.entries[h] = told{directory.Published, name, directory.Edited}
		}
	}
}

func (m *model) importRows(t *rapid.T) {
	publish := rapid.Bool().Draw(t, "publish")
	var rows []*exchange.Record
	var want curation.ImportSummary
	for k, h := range rapid.SliceOfNDistinct(rapid.SampledFrom(fromFile), 1, 3, rapid.ID).Draw(t, "rows") {
		name := rapid.SampledFrom([]string{"One", "Two"}).Draw(t, "name")
		r := row(k+1, h, name, handle(h))
		r.Initiative.Forms = nil
		rows = append(rows, r)
		want.Rows++
		old := m.entries[h]
		now := told{directory.Draft, name, ""}
		if publish || old.state == directory.Published {
			now.state, now.change = directory.Published, directory.Added
			if old.state == directory.Published {
				now.change = directory.Edited
			}
		}
		switch {
		case old.state == directory.Withdrawn:
			want.Withdrawn++
			continue
		case old.state == "":
			want.Added++
		case old.state == now.state && old.name == name:
			want.Unchanged++
			continue
		default:
			want.Updated++
		}
		m.entries[h] = now
	}
	got, err := m.Import(t.Context(), file(rows...), curation.ImportOptions{Publish: publish})
	m.want(t, err, nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("import (-want +got):\n%s", diff)
	}
}

// readOn lets a reader of the log read one page after what it has read.
func (m *model) readOn(t *rapid.T, limit int) int {
	page, err := m.store.ChangesAfter(t.Context(), m.position, limit)
	m.want(t, err, nil)
	for _, c := range page {
		if c.Position <= m.position {
			t.Fatalf("position %d comes after %d", c.Position, m.position)
		}
		m.position = c.Position
		m.replica[c.Initiative.Handle] = told{c.Initiative.State, c.Initiative.Name, c.Type}
	}
	return len(page)
}

// check holds after whatever was done: the log has one line for each entry that
// anybody was told of, the latest, and entries only move forward in time.
func (m *model) check(t *rapid.T) {
	log, err := m.store.ChangesAfter(t.Context(), m.start, 100)
	m.want(t, err, nil)
	got, want := map[string]told{}, map[string]told{}
	last := m.start
	for _, c := range log {
		h := c.Initiative.Handle
		if _, twice := got[h]; twice || c.Position <= last {
			t.Fatalf("%s is in the log twice, or at %d after %d", h, c.Position, last)
		}
		last = c.Position
		got[h] = told{c.Initiative.State, c.Initiative.Name, c.Type}
	}
	for h, e := range m.entries {
		if e.change != "" {
			want[h] = e
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(told{})); diff != "" {
		t.Fatalf("log (-want +got):\n%s", diff)
	}
	for h, e := range m.entries {
		i, err := m.store.Initiative(t.Context(), m.instance.InitiativeID(h))
		m.want(t, err, nil)
		if i.State != e.state || i.Name != e.name {
			t.Fatalf("%s is %s, %s, want %v", h, i.State, i.Name, e)
		}
		if i.Updated.Before(m.updated[h]) || i.Updated.Before(i.Published) {
			t.Fatalf("%s was updated at %v, before that at %v, published at %v", h, i.Updated, m.updated[h], i.Published)
		}
		m.updated[h] = i.Updated
	}
}

// Whatever is done to a directory, in whatever order, its log tells who reads it
// from time to time, a page at a time, what there is.
func TestLogOfAnything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		city := 0
		rapid.Check(t, func(t *rapid.T) {
			city++ // a database for each would take long
			in := directory.Instance{Host: fmt.Sprintf("city%d.example", city), Scheme: "https", Language: "en"}
			newest, err := s.ChangesBefore(t.Context(), math.MaxInt64, 1)
			if err != nil {
				t.Fatal(err)
			}
			m := &model{
				city: newCity(s, in), instance: in, entries: map[string]told{}, replica: map[string]told{}, updated: map[string]time.Time{},
			}
			if len(newest) > 0 {
				m.start, m.position = newest[0].Position, newest[0].Position
			}
			t.Repeat(m.actions())
			for m.readOn(t, 2) > 0 {
			}
			for h, e := range m.entries {
				if e.change == "" {
					continue
				}
				if diff := cmp.Diff(e, m.replica[h], cmp.AllowUnexported(told{})); diff != "" {
					t.Fatalf("the reader holds of %s (-want +got):\n%s", h, diff)
				}
			}
			if len(m.replica) > len(m.entries) {
				t.Fatalf("the reader holds %v, there are %v", m.replica, m.entries)
			}
		})
	})
}
