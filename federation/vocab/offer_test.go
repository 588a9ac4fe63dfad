package vocab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/vocab"
)

// What an initiative offers and needs stands there as lists, with every term
// defined; a document without any has no word of it.
func TestOffersAndNeeds(t *testing.T) {
	plain := must(t)(vocab.InitiativeActor(ghent(), cafe(), profile()))
	for _, word := range []string{"makesOffer", "seeks", "vf:", "Proposal"} {
		if strings.Contains(string(plain), word) {
			t.Errorf("a document without offers has %q", word)
		}
	}
	i := cafe()
	i.Offers, i.Needs = []string{"cargo bike"}, []string{"workshop space", "welder"}
	doc := must(t)(vocab.InitiativeActor(ghent(), i, profile()))
	m := decode(t, doc)
	proposal := func(purpose, name string) any {
		return map[string]any{"type": "Proposal", "purpose": purpose, "name": name}
	}
	want := map[string]any{
		"makesOffer": []any{proposal("offer", "cargo bike")},
		"seeks":      []any{proposal("request", "workshop space"), proposal("request", "welder")},
	}
	if diff := cmp.Diff(want, map[string]any{"makesOffer": m["makesOffer"], "seeks": m["seeks"]}); diff != "" {
		t.Error(diff)
	}
	terms := m["@context"].([]any)[4].(map[string]any)
	for _, name := range []string{"makesOffer", "seeks", "vf", "Proposal", "purpose", "keywords", "digest"} {
		if terms[name] == nil {
			t.Errorf("the context lacks %q", name)
		}
	}
	got, err := vocab.ParseInitiative(doc)
	if err != nil || !i.SameContent(got) {
		t.Errorf("read back: %v\n%s", err, cmp.Diff(i, got))
	}
}

// Others may write them in their own ways.
func TestOffersAreReadLeniently(t *testing.T) {
	for offers, want := range map[string][]string{
		`null`:         nil,
		`[]`:           nil,
		`3`:            nil,
		`"cargo bike"`: {"cargo bike"},
		`{"type":"schema:Offer","name":" cargo  bike "}`:            {"cargo bike"},
		`["van",{"name":"Van"},{"type":"Proposal"},{"name":"saw"}]`: {"van", "saw"},
	} {
		got, err := vocab.ParseInitiative(fmt.Appendf(nil,
			`{"id":"https://x.example/1","type":"Organization","preferredUsername":"x","name":"X","abstract":"","makesOffer":%s}`, offers))
		if err != nil || !slices.Equal(got.Offers, want) || got.Needs != nil {
			t.Errorf("%s gives %+v, %v, want %q", offers, got, err, want)
		}
	}
}
