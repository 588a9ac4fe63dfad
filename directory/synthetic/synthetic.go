// Package synthetic makes up entries of a directory, as many as are asked for,
// to try out how an instance of that size behaves. They are spread as real ones
// are: few words that many share and many that few do, cities with most of the
// entries, twelve languages in five scripts. The same seed gives the same
// entries.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// Directory is a made-up directory. It is safe for concurrent use.
type Directory struct {
	seed      uint64
	host      string
	languages []*language
	cities    []city
	reach     []float64 // of each city: the share of entries in it and those before
	forms     []directory.SeedForm
}

// New returns the directory of a seed on the instance with the host.
func New(seed uint64, host string) *Directory {
	d := &Directory{seed: seed, host: host, languages: languages(), forms: directory.SeedForms()}
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // nothing here is secret
	for _, l := range d.languages {
		l.invent(r)
	}
	d.cities = found(r, d.languages)
	total := 0.0
	for rank := range d.cities {
		total += 1 / math.Pow(float64(rank)+10, 0.9)
		d.reach = append(d.reach, total)
	}
	return d
}

// origins is how many other instances entries are carried from.
const origins = 40

// Entry returns the k-th entry, counted from 0. Every fourth is the instance's
// own, the others are carried from elsewhere.
func (d *Directory) Entry(k int) *directory.Initiative {
	r := rand.New(rand.NewPCG(d.seed+1, uint64(k))) //nolint:gosec // as above
	at, _ := slices.BinarySearch(d.reach, r.Float64()*d.reach[len(d.reach)-1])
	c := d.cities[at]
	l := d.languages[c.language]
	if r.IntN(12) == 0 {
		l = d.languages[0] // many write in English too
	}
	form := d.forms[int(float64(len(d.forms))*math.Pow(r.Float64(), 2.5))]
	origin := d.host
	if k%4 != 0 {
		origin = fmt.Sprintf("commons%d.example", int(origins*math.Pow(r.Float64(), 2)))
	}
	w := l.writer(r)
	i := &directory.Initiative{
		ID: fmt.Sprintf("https://%s/initiatives/n%d", origin, k), Handle: fmt.Sprintf("n%d", k), Origin: origin,
		Name: w.name(form, c), Summary: w.words(6+r.IntN(14)) + ".", Languages: []string{l.tag},
		Forms: []string{form.Slug}, Kind: form.Kinds[0], Currents: form.Currents,
		Role: pick(r, directory.Roles()), Status: directory.Active, Scope: directory.Local,
		Tags:  []string{w.theme(), w.word()},
		Place: c.place(r, w), State: directory.Published,
		Source: directory.Source{Name: "synthetic", ExternalID: fmt.Sprint(k)}, Revision: 1,
	}
	if r.IntN(2) == 0 {
		i.Description = w.words(15+r.IntN(50)) + "."
	}
	if r.IntN(6) == 0 {
		i.Forms = append(i.Forms, d.forms[r.IntN(len(d.forms))].Slug)
	}
	if r.IntN(3) > 0 {
		i.Founded = fmt.Sprint(2025 - int(40*math.Pow(r.Float64(), 2)))
	}
	if r.IntN(3) > 0 {
		i.Links = []directory.Link{{Name: "Website", URL: fmt.Sprintf("https://n%d.example/", k)}}
	}
	d.trade(k, i)
	i.Updated = start.Add(time.Duration(r.Int64N(int64(span)))).Truncate(time.Microsecond)
	i.Published = i.Updated.Add(-time.Duration(r.IntN(1000)) * time.Hour)
	return i
}

// trade gives every eighth entry something to offer and every eighth a need. It
// draws numbers of its own, so that all else of an entry stays what it was.
func (d *Directory) trade(k int, i *directory.Initiative) {
	r := rand.New(rand.NewPCG(d.seed+2, uint64(k))) //nolint:gosec // as above
	things := []string{"cargo bike", "workshop space", "meeting room", "tools", "seeds", "compost", "van", "cold store", "server space", "bookkeeping"}
	if r.IntN(8) == 0 {
		i.Offers = []string{pick(r, things)}
	}
	if r.IntN(8) == 0 {
		i.Needs = []string{pick(r, things)}
	}
}

// Entries were last changed within span after start.
var start = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

const span = 3 * 365 * 24 * time.Hour

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// writer writes texts of a language.
type writer struct {
	r    *rand.Rand
	l    *language
	zipf *rand.Zipf
}

func (l *language) writer(r *rand.Rand) writer {
	return writer{r, l, rand.NewZipf(r, 1.05, 2.7, lexiconSize-1)}
}

func (w writer) word() string { return w.l.lexicon[w.zipf.Uint64()] }

func (w writer) theme() string { return pick(w.r, w.l.themes) }

func (w writer) words(n int) string {
	list := make([]string, n)
	for k := range list {
		list[k] = w.word()
	}
	return strings.Join(list, w.l.space)
}

// name names an initiative: after its form, its theme and its city.
func (w writer) name(form directory.SeedForm, c city) string {
	switch w.r.IntN(4) {
	case 0:
		return form.Name + " " + c.name
	case 1:
		return w.theme() + w.l.space + w.word() + " " + c.name
	case 2:
		return w.theme() + w.l.space + w.word()
	}
	return w.word() + w.l.space + w.theme() + w.l.space + w.word()
}
