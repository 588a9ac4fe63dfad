package exchange

import (
	"testing"

	"codeberg.org/commonage/commonage/directory"
)

// A slug in a table that the catalogue does not have would be lost silently, so
// the tables themselves are looked through.
func TestEveryFormIsInTheCatalogue(t *testing.T) {
	known := knownClasses()
	if len(known) < 100 {
		t.Fatalf("only %d classes", len(known))
	}
	for typ, c := range known {
		if _, ok := directory.FormBySlug(c.form); c.form != "" && !ok {
			t.Errorf("%s: no such form %q", typ, c.form)
		}
	}
	// One of each sort of co-op.
	for _, c := range []cooperative{
		{sic: "64921"},
		{sic: "35100"},
		{sic: "98100"},
		{sic: "02000", owners: "Community of Interest"},
		{sic: "01130", owners: "Consumers", name: "community garden csa"},
		{sic: "61000", owners: "Consumers"},
		{sic: "77110", owners: "Consumers"},
		{sic: "36000", owners: "Consumers"},
		{sic: "88100", owners: "Workers"},
		{sic: "47110", owners: "Consumers"},
		{sector: "Housing", sic: "68201", name: "cohousing land trust"},
	} {
		forms := c.forms()
		if len(forms) == 0 {
			t.Errorf("%+v has no form", c)
		}
		for _, form := range forms {
			if _, ok := directory.FormBySlug(form); !ok {
				t.Errorf("%+v: no such form %q", c, form)
			}
		}
	}
	for _, form := range []string{"assembly-of-the-commons", "public-commons-partnership", "mobility-coop"} {
		if !broad(form) {
			t.Errorf("%s is not broad", form)
		}
	}
}
