package federation

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// section returns what FEDERATION.md says between a line and the next heading.
func section(t *testing.T, from string) string {
	t.Helper()
	text, err := os.ReadFile("../FEDERATION.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), from+"\n")
	if !found {
		t.Fatalf("FEDERATION.md has no line %q", from)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// FEDERATION.md lists the proposals that the program says it follows, by number,
// title and address.
func TestFederationListsFEPs(t *testing.T) {
	row := regexp.MustCompile(`(?m)^- \[FEP-([0-9a-f]{4}): (.+?)\]\(https://codeberg\.org/fediverse/fep/src/branch/main/fep/([0-9a-f]{4})/fep-([0-9a-f]{4})\.md\)`)
	text := section(t, "## Supported FEPs")
	var written []FEP
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		if m[1] != m[3] || m[1] != m[4] {
			t.Errorf("the address of FEP-%s leads to FEP-%s", m[1], m[3])
		}
		written = append(written, FEP{m[1], m[2]})
	}
	if diff := cmp.Diff(FEPs(), written); diff != "" {
		t.Errorf("FEPs (-code +FEDERATION.md):\n%s", diff)
	}
	if n := strings.Count(text, "\n- "); n != len(written) {
		t.Errorf("%d of the %d rows name no proposal", n-len(written), n)
	}
}

// FEDERATION.md says what happens for each type of activity that is acted on, and
// for no other.
func TestFederationListsActivities(t *testing.T) {
	text := section(t, "| received | what happens |")
	text, _, _ = strings.Cut(text, "\n\n")
	types := map[string]bool{}
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || strings.Contains(cells[1], "everything else") {
			continue
		}
		for _, m := range regexp.MustCompile("`([A-Z][A-Za-z]+)[`{]").FindAllStringSubmatch(cells[1], -1) {
			types[m[1]] = true
		}
	}
	delete(types, "Note") // an object
	got, want := slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys((&Server{}).reactions()))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activities (-code +FEDERATION.md):\n%s", diff)
	}
}
