package search_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/directory/search"
)

func TestWords(t *testing.T) {
	long := strings.Repeat("ab", 40)
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{" \t\n.,;!", nil},
		{"Repair Café", []string{"repair", "cafe"}},
		{"Straße Øresund Łódź Ægir œuvre Þing", []string{"strasse", "oresund", "lodz", "aegir", "oeuvre", "thing"}},
		{"İstanbul ISPARTA ılık", []string{"istanbul", "isparta", "ilik"}},
		{"Хранкооп, ЁЖ", []string{"хранкооп", "еж"}},
		{"ΟΔΥΣΣΕΎΣ", []string{"οδυσσευσ"}},
		{"co-op", []string{"co", "op", "coop"}},
		{"pay-as-you-feel", []string{"pay", "as", "you", "feel", "payasyoufeel"}},
		{"-a- b -- c", []string{"a", "b", "c"}},
		{"it's l’Hort", []string{"it", "s", "l", "hort"}},
		{"col·lectiu COL·LECTIU coŀlectiu", []string{"col", "lectiu", "collectiu", "col", "lectiu", "collectiu", "col", "lectiu", "collectiu"}},
		{"Genossen\u00adschaft", []string{"genossenschaft"}},
		{"ﬁne ½ m² ①", []string{"fine", "1", "2", "m2", "1"}},
		{"x_y a+b c#", []string{"x", "y", "a", "b", "c"}},
		{"Repair ☕\ufe0f 1\ufe0f\u20e3", []string{"repair", "1"}},
		{"\u0301 \u0943", nil},
		{"الكِتَاب أحمد ـــ", []string{"الكتاب", "احمد"}},
		{"בֵּית־סֵפֶר", []string{"בית", "ספר", "ביתספר"}},
		{"می\u200cخواهم", []string{"می", "خواهم", "میخواهم"}},
		{"हिन्दी क्ष", []string{"हिन्दी", "क्ष"}},
		{"京", []string{"京"}},
		{"京都 町家", []string{"京都", "町家"}},
		{"京都市2号", []string{"京都", "都市", "2", "号"}},
		{"かがく", []string{"かが", "がく"}},
		{"コーヒー", []string{"コー", "ーヒ", "ヒー"}},
		{"ｶﾞｽ", []string{"ガス"}},
		{"ネットワーク", []string{"ネッ", "ット", "トワ", "ワー", "ーク"}},
		{"ที่นี่", []string{"ที่นี่"}},
		{"ความรู้", []string{"คว", "วา", "าม", "มรู้"}},
		{"\xff\xfea\xc3(b", []string{"a", "b"}},
		{"a\x00b", []string{"a", "b"}},
		{long + long + "\xf4ë", []string{long[:64], "e"}},
		{long, []string{long[:64]}},
		{strings.Repeat("é", 80), []string{strings.Repeat("e", 64)}},
		{strings.Repeat("ж", 80), []string{strings.Repeat("ж", 32)}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, search.Words(test.text)); diff != "" {
			t.Errorf("Words(%q) (-want +got):\n%s", test.text, diff)
		}
	}
}

// checkWords wants every word to be what both databases take as one: letters,
// digits and their marks, folded, and no longer than an index holds.
func checkWords(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, text string,
) {
	t.Helper()
	for _, w := range search.Words(text) {
		if w == "" || len(w) > 64 || !utf8.ValidString(w) {
			t.Fatalf("Words(%q) gave the word %q of %d bytes", text, w, len(w))
		}
		for k, r := range w {
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && (k == 0 || !unicode.IsMark(r)) {
				t.Fatalf("Words(%q) gave %q with %q in it", text, w, r)
			}
			if r < utf8.RuneSelf && unicode.IsUpper(r) {
				t.Fatalf("Words(%q) gave %q, which is not folded", text, w)
			}
		}
		if got := search.Words(w); !slices.Equal(got, []string{w}) {
			t.Fatalf("Words(%q) gave %q, whose own words are %q", text, w, got)
		}
	}
}

// anyText draws texts of all scripts and of what lies between words.
func anyText() *rapid.Generator[string] {
	tricky := []rune("aZ09 -·‐'’\"\\*:&|!()\t\n\x00_éßŁİıſ\u0301\u0323\u0345\u00ad\u200c\u200d\ufe0f\u20e3\u3099" +
		"ЖжΣςאֵ־بِ京都がカーーㇰกี่ကြ한글हिन्द𞤀𠀀①½ﬁ\ufffd\u2028\u3000")
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.SampledFrom(tricky)),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
}

func TestWordsOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		checkWords(t, text)
		if once, twice := search.Fold(text), search.Fold(search.Fold(text)); once != twice {
			t.Fatalf("Fold(%q) = %q, folded again %q", text, once, twice)
		}
	})
}

func TestWordsAreTheSameInEveryForm(t *testing.T) {
	// Letters whose other case is not told by the letter alone are left out: the
	// Greek iota below, and the round shapes of old Cyrillic print.
	letters := rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Hebrew,
		unicode.Arabic, unicode.Devanagari, unicode.Thai, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Georgian, unicode.Mn).
		Filter(func(r rune) bool { return r != 0x345 && (r < 0x1c80 || r > 0x1c8a) })
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.OneOf(letters, rapid.SampledFrom([]rune(" -'."))), 0, 20, -1).Draw(t, "text")
		want := search.Words(text)
		for name, other := range map[string]string{
			"NFC": norm.NFC.String(text), "NFD": norm.NFD.String(text),
			"NFKC": norm.NFKC.String(text), "NFKD": norm.NFKD.String(text),
			"upper": strings.ToUpper(norm.NFC.String(text)), "lower": strings.ToLower(norm.NFC.String(text)),
		} {
			if diff := cmp.Diff(want, search.Words(other)); diff != "" {
				t.Fatalf("%q and its %s form %q differ:\n%s", text, name, other, diff)
			}
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"Repair Café", "co-op", "京都がー", "\xff", "בֵּית־סֵפֶר", "ที่นี่", "Ǆ\u0345\u0301", "\U0001e900", "\ufdfa", strings.Repeat("0", 300) + "\xf4ë"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkWords(t, text)
		if once, twice := search.Fold(text), search.Fold(search.Fold(text)); once != twice {
			t.Fatalf("Fold(%q) = %q, folded again %q", text, once, twice)
		}
	})
}

// article is a text as initiatives write them, in a few scripts.
const article = `A repair café in Ledeberg, run by volunteers: bring your toaster, radio or torn coat and mend it together with
people who know how. Wij zijn een coöperatie van bewoners. Une coopérative d'habitants, ouverte à tout le monde. Хранителен
кооператив на хора от София. 京都町家ネットワーク。 Ανοιχτό εργαστήριο. `

func BenchmarkWords(b *testing.B) {
	for name, text := range map[string]string{
		"plain":   strings.ToLower(article[:140]),
		"article": article,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				search.Words(text)
			}
		})
	}
}

func TestNamesInManyLanguagesFindTheForm(t *testing.T) {
	for typed, slug := range map[string]string{
		"Repair-Café": "repair-cafe", "taller de reparación": "repair-cafe", "bricothèque": "tool-library",
		"outilthèque": "tool-library", "Energiegenossenschaft": "energy-coop", "ενεργειακή κοινότητα": "energy-coop",
		"банк времени": "time-bank", "cykelkök": "bike-kitchen", "hort comunitari": "community-garden",
		"kawiarenka naprawcza": "repair-cafe", "volkstuin": "allotment-association", "ΤΡΑΠΕΖΑ ΧΡΟΝΟΥ": "time-bank",
		"banca del tempo": "time-bank",
	} {
		m := search.NewMatch(search.Query{Text: typed + " "})
		if len(m.Words) != 1 || !slices.Contains(m.Words[0].Terms, search.Term(search.ByForm, slug)) {
			t.Errorf("%s: %+v does not find %s", typed, m.Words, slug)
		}
		if got := search.Read(`form:"` + typed + `"`).Query.Forms; !slices.Contains(got, slug) {
			t.Errorf("form:%s: got %v, want %s", typed, got, slug)
		}
	}
}
