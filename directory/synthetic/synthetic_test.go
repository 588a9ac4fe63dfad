package synthetic_test

import (
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

func TestSameSeedSameEntries(t *testing.T) {
	one, two, other := synthetic.New(1, "a.example"), synthetic.New(1, "a.example"), synthetic.New(2, "a.example")
	for k := range 200 {
		if diff := cmp.Diff(one.Entry(k), two.Entry(k)); diff != "" {
			t.Fatalf("entry %d differs:\n%s", k, diff)
		}
		if one.Entry(k).Name == other.Entry(k).Name {
			t.Errorf("entry %d has the same name with another seed", k)
		}
	}
}

func TestEntriesArePlausible(t *testing.T) {
	d := synthetic.New(1, "a.example")
	languages, scripts, own, nowhere := map[string]int{}, map[string]int{}, 0, 0
	const n = 5000
	for k := range n {
		i := d.Entry(k)
		if err := i.Validate(); err != nil {
			t.Fatalf("entry %d: %v", k, err)
		}
		languages[i.Languages[0]]++
		for name, script := range map[string]*unicode.RangeTable{
			"Latin": unicode.Latin, "Cyrillic": unicode.Cyrillic, "Greek": unicode.Greek, "Arabic": unicode.Arabic, "Han": unicode.Han,
		} {
			for _, r := range i.Summary {
				if unicode.Is(script, r) {
					scripts[name]++
					break
				}
			}
		}
		if i.Origin == "a.example" {
			own++
		}
		if i.Place.Point == nil {
			nowhere++
		}
		if i.State != directory.Published {
			t.Fatalf("entry %d is %s", k, i.State)
		}
	}
	if len(languages) != 12 || len(scripts) != 5 {
		t.Errorf("languages %v, scripts %v; want 12 and 5", languages, scripts)
	}
	if own != n/4 || nowhere < n/100 || nowhere > n/30 {
		t.Errorf("%d own entries, %d without a position", own, nowhere)
	}
}
