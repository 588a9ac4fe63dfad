package search

import (
	"slices"
	"strings"
)

// Match is the part of a query that the text index answers: every group must
// be satisfied, each by one of its alternatives, and none of those to leave out.
type Match struct {
	Words []Group
	Not   []Group
	Terms [][]string // exact terms; within a list they are alternatives
}

// Group is one typed word, or several that name a seed form: any of its
// alternatives will do, or any of its terms. An alternative needs all of its
// words.
type Group struct {
	Alternatives [][]string
	Terms        []string
	Stems        []string // words, and terms of Document.Stems, that are the same word in another form
	Prefix       bool     // the last word of an alternative may go on
	Phrase       bool     // the words of an alternative follow one another
}

// Exact returns the group without what only resembles its words, or nil where it
// has nothing of the kind.
func (g Group) Exact() *Group {
	if !g.Prefix && len(g.Stems) == 0 {
		return nil
	}
	g.Prefix, g.Stems = false, nil
	return &g
}

// maxGroups bounds how many words of a question count, and how many to leave
// out.
const maxGroups = 16

// NewMatch returns what the text index is asked for the query.
func NewMatch(q Query) Match {
	var m Match
	items := scan(q.Text)
	var run []Group // of plain words, which may name a seed form together
	var keys []string
	flush := func() {
		m.Words = append(m.Words, recognise(run, keys)...)
		run, keys = nil, nil
	}
	for _, i := range items {
		switch groups, names := i.groups(); {
		case i.not:
			m.Not = append(m.Not, whole(recognise(groups, names))...)
		case i.phrase, i.isPrefix():
			flush()
			m.Words = append(m.Words, groups...)
		default:
			run, keys = append(run, groups...), append(keys, names...)
		}
		if over := len(m.Words) + len(run) - maxGroups; over > 0 && len(run) >= over {
			run, keys = run[:len(run)-over], keys[:len(keys)-over]
		}
	}
	flush()
	m.Words, m.Not = m.Words[:min(len(m.Words), maxGroups)], m.Not[:min(len(m.Not), maxGroups)]
	if n := len(m.Words); n > 0 && !strings.HasSuffix(q.Text, " ") && !items[len(items)-1].not {
		m.Words[n-1].Prefix = !m.Words[n-1].Phrase
	}
	for _, d := range Dimensions() {
		var terms []string
		for _, v := range q.Values(d) {
			terms = append(terms, Term(d, v))
		}
		if len(terms) > 0 {
			m.Terms = append(m.Terms, terms)
		}
	}
	return m
}

// groups returns what an item asks for, and the words as names hold them.
func (i item) groups() (groups []Group, keys []string) {
	text := i.text
	if i.name != "" {
		text = i.name + " " + i.text
	}
	if i.phrase {
		if words, joined := phraseWords(text); len(words) > 0 {
			g := Group{Alternatives: [][]string{words}, Phrase: len(words) > 1}
			if !slices.Equal(words, joined) {
				g.Alternatives = append(g.Alternatives, joined)
			}
			return []Group{g}, []string{""}
		}
		return nil, nil
	}
	eachCompound(text, func(parts []string) {
		alternatives := [][]string{parts}
		if len(parts) > 1 {
			alternatives = append(alternatives, []string{cut(strings.Join(parts, ""))})
		}
		g := Group{Alternatives: alternatives}
		if len(parts) == 1 && !i.not && !i.isPrefix() {
			g.Stems = stemsOf(parts[0])
		}
		groups = append(groups, g)
		keys = append(keys, strings.Join(parts, ""))
	})
	if i.isPrefix() && len(groups) > 0 {
		groups[len(groups)-1].Prefix = true
	}
	return groups, keys
}

// maxPhrase bounds the words of a phrase that count.
const maxPhrase = 24

// phraseWords returns the words of a phrase as they follow one another in the
// index, and as they would if its compounds were written in one.
func phraseWords(text string) (words, joined []string) {
	eachCompound(text, func(parts []string) {
		one := cut(strings.Join(parts, ""))
		words, joined = append(words, parts...), append(joined, one)
		if len(parts) > 1 {
			words = append(words, one)
		}
	})
	return words[:min(len(words), maxPhrase)], joined[:min(len(joined), maxPhrase)]
}

// whole makes one phrase of the words to leave out that were typed as one:
// -d'hort leaves out what says d'hort, not all that says d.
func whole(groups []Group) []Group {
	if len(groups) < 2 {
		return groups
	}
	var words []string
	for _, g := range groups {
		words = append(words, g.Alternatives[0]...)
	}
	return []Group{{Alternatives: [][]string{words[:min(len(words), maxPhrase)]}, Phrase: true}}
}

// Phrases returns the groups whose words must follow one another, which an index
// without positions cannot tell.
func Phrases(groups []Group) []Group {
	var out []Group
	for _, g := range groups {
		if g.Phrase {
			out = append(out, g)
		}
	}
	return out
}

// Empty reports whether the index has nothing to narrow by.
func (m Match) Empty() bool { return len(m.Words) == 0 && len(m.Terms) == 0 }

// Mend returns a typed question with its plain words replaced by what mend makes
// of each, folded; "" leaves a word as it is. Phrases, names of seed forms, what
// is left out and words that go on are not touched.
func Mend(text string, mend func(word string) string) string {
	items := scan(text)
	parts := make([]string, len(items))
	for k, i := range items {
		parts[k] = i.String()
		groups, keys := i.groups()
		if i.not || i.phrase || i.isPrefix() || len(groups) != 1 || len(groups[0].Alternatives) != 1 || len(formNames()[keys[0]]) > 0 {
			continue
		}
		if better := mend(groups[0].Alternatives[0][0]); better != "" {
			parts[k] = better
		}
	}
	return strings.Join(parts, " ")
}

// Without returns for each word or phrase of a typed question, beside what it
// leaves out, the question without it; nothing where there is only one.
func Without(text string) (words, questions []string) {
	items := scan(text)
	for k, i := range items {
		rest := make([]string, 0, len(items))
		asked := false
		for j, other := range items {
			if j != k {
				rest = append(rest, other.String())
				asked = asked || !other.not
			}
		}
		if !i.not && asked {
			words, questions = append(words, i.String()), append(questions, strings.Join(rest, " "))
		}
	}
	return words, questions
}
