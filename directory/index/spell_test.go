package index_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory/index"
	"codeberg.org/commonage/commonage/directory/search"
)

func named(names ...string) *index.Index {
	x := index.New()
	for k, name := range names {
		x.Apply([]index.Entry{{Num: int64(k + 1), Document: search.Document{Name: name, Terms: ":frepair"}}}, nil)
	}
	return x
}

func TestMend(t *testing.T) {
	x := named("repair cafe", "repair", "repaid", "garden", "gardens", "библиотека", "cooperative", "cafe")
	for typed, want := range map[string]string{
		"repiar": "repair", "repar": "repair", "reppair": "repair", "repaor": "repair", "epair": "repair", "gardem": "garden",
		"бибилотека": "библиотека", "coperatve": "cooperative", "ooperative": "", "repair": "", "repaid": "",
		"xyz": "", "caf": "", "": "", "frepair": "repair", "entirely": "",
	} {
		if typed == "ooperative" {
			want = "" // of two letters, the first one has to be right
		}
		if got := x.Mend(typed); got != want {
			t.Errorf("Mend(%s) = %q, want %q", typed, got, want)
		}
	}
}

// What is mended is a word of the directory, one letter away from the wrong one
// or two in a long one.
func TestMendFindsWhatOneLetterSpoilt(t *testing.T) {
	words := []string{"commons", "garden", "library", "кооператив", "werkplaats", "bicicocina", "energie"}
	x := named(words...)
	rapid.Check(t, func(t *rapid.T) {
		word := []rune(rapid.SampledFrom(words).Draw(t, "word"))
		at := rapid.IntRange(1, len(word)-1).Draw(t, "at")
		spoilt := string(word[:at]) + rapid.SampledFrom([]string{"", "x", string(word[at]) + "y"}).Draw(t, "letter") + string(word[at+1:])
		if got := x.Mend(spoilt); got != string(word) {
			t.Fatalf("Mend(%s) = %q, want %s", spoilt, got, string(word))
		}
	})
}

func BenchmarkMend(b *testing.B) {
	x := million()
	b.ResetTimer()
	for b.Loop() {
		x.Mend("kooperatief")
		x.Mend("garten")
	}
}

// What a type-ahead of two, three and four letters asks for.
func BenchmarkFirst(b *testing.B) {
	x := million()
	for _, start := range []string{"ba", "bar", "karo"} {
		q := search.Query{Text: start}
		b.Run(start, func(b *testing.B) {
			for b.Loop() {
				x.First(index.Question{Query: q, Match: search.NewMatch(q), Limit: 4})
			}
		})
	}
}

// million returns an index of a million entries of three words.
func million() *index.Index {
	x := index.New()
	const count, batch = 1_000_000, 20_000
	for first := 1; first <= count; first += batch {
		entries := make([]index.Entry, batch)
		for k := range entries {
			n := uint64(first + k)
			entries[k] = index.Entry{Num: int64(first + k), Document: search.Document{Name: fmt.Sprintf("%s%s %s", letters(n*7919), letters(n), letters(n*n%500_000))}}
		}
		x.Apply(entries, nil)
		for x.Tidy() {
		}
	}
	x.Pack()
	return x
}

// letters writes a number in syllables.
func letters(n uint64) string {
	out := ""
	for ; n > 0; n /= 70 {
		out += string("bdfgklmnprstvz"[n%14]) + string("aeiou"[n/14%5])
	}
	return out
}
