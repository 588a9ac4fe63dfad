package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// question is one search, in the words of the query and in those of an engine
// that knows no query of ours.
type question struct {
	search.Query
	Words  []string // as typed
	Prefix bool     // the last one is a beginning
	Phrase bool     // the words follow each other
	Page   int      // counted from 1
}

// kind is what the table has a line for.
type kind struct {
	name string
	make func(r *rand.Rand, d *synthetic.Directory, count int) question
}

// commonWords are shared by many entries.
var commonWords = []string{
	"community", "garden", "repair", "housing", "cooperative", "food", "Garten", "Gemeinschaft", "jardin", "huerto", "taller",
	"café", "energia", "biblioteca", "сад", "кооператив", "κήπος", "حديقة", "the", "de",
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// texted returns an entry whose summary has blanks between its words.
func texted(r *rand.Rand, d *synthetic.Directory, count int) (*directory.Initiative, []string) {
	for {
		i := d.Entry(r.IntN(count))
		if words := strings.Fields(strings.Trim(i.Summary, ".")); len(words) > 4 {
			return i, words
		}
	}
}

func words(list ...string) question {
	return question{Query: search.Query{Text: strings.Join(list, " ") + " "}, Words: list, Page: 1}
}

func kinds() []kind {
	common := func(r *rand.Rand, _ *synthetic.Directory, _ int) question { return words(pick(r, commonWords)) }
	return []kind{
		{"common word", common},
		{"any word", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			_, text := texted(r, d, n)
			return words(pick(r, text))
		}},
		{"two words of an entry", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			_, text := texted(r, d, n)
			return words(text[0], text[len(text)-1])
		}},
		{"two common words", func(r *rand.Rand, _ *synthetic.Directory, _ int) question {
			return words(pick(r, commonWords[:6]), pick(r, commonWords[:6]))
		}},
		{"beginning, 2 or 3 letters", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			_, text := texted(r, d, n)
			w := []rune(pick(r, text))
			q := words(string(w[:min(len(w), 2+r.IntN(2))]))
			q.Text, q.Prefix = strings.TrimSpace(q.Text), true
			return q
		}},
		{"phrase", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			_, text := texted(r, d, n)
			at := r.IntN(len(text) - 1)
			q := words(text[at], text[at+1])
			q.Text, q.Phrase = `"`+text[at]+" "+text[at+1]+`" `, true
			return q
		}},
		{"common word in a box of 2 degrees", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			q := common(r, d, n)
			p := spot(r, d, n)
			q.Box = &directory.Box{West: p.Longitude - 1, South: p.Latitude - 1, East: p.Longitude + 1, North: p.Latitude + 1}
			return q
		}},
		{"common word, form and country", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			q := common(r, d, n)
			i := d.Entry(r.IntN(n))
			q.Forms, q.Countries = i.Forms[:1], []string{i.Place.Country}
			return q
		}},
		{"a kind", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			return question{Query: search.Query{Kinds: []directory.Kind{d.Entry(r.IntN(n)).Kind}}, Page: 1}
		}},
		{"near a point", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			return question{Query: search.Query{Near: spot(r, d, n)}, Page: 1}
		}},
		{"common word within 25 km", func(r *rand.Rand, d *synthetic.Directory, n int) question {
			q := common(r, d, n)
			q.Near, q.Radius = spot(r, d, n), 25
			return q
		}},
		{"nothing asked", func(*rand.Rand, *synthetic.Directory, int) question { return question{Page: 1} }},
		{"nothing asked, page 50", func(*rand.Rand, *synthetic.Directory, int) question { return question{Page: 50} }},
	}
}

func spot(r *rand.Rand, d *synthetic.Directory, count int) *directory.Point {
	for {
		if p := d.Entry(r.IntN(count)).Place.Point; p != nil {
			return p
		}
	}
}

// changed returns the k-th change of a writer: an entry with another summary.
func changed(d *synthetic.Directory, r *rand.Rand, count, k int) *directory.Initiative {
	i := d.Entry(r.IntN(count))
	i.Summary += fmt.Sprintf(" Changed %d.", k)
	i.Revision += k
	return i
}
