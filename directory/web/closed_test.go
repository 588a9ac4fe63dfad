package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// The first page of a closed instance says so and leads to where its initiatives are.
func TestClosedInstance(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	must(t, s.PutClosed(t.Context(), ghent().Host, noon()))
	h := handler(t, ghent(), s)
	checkPage(t, h, "/", http.StatusGone)
	_, body := get(t, h, "/")
	for _, want := range []string{"has closed", "23 November 2026", `href="https://antwerp.example/initiatives/shed"`, "Tool Shed"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, `rel="next"`) {
		t.Error("there is more of one")
	}
	for k := range 200 {
		must(t, s.PutInitiative(t.Context(), entry("ghent.example", fmt.Sprintf("m%03d", k), "Many", nil, func(i *directory.Initiative) {
			i.State, i.MovedTo = directory.Moved, "https://antwerp.example/initiatives/"+i.Handle
		}), ""))
	}
	if _, body = get(t, h, "/"); strings.Contains(body, "initiatives/shed") || !strings.Contains(body, `href="/?after=m199" rel="next"`) {
		t.Errorf("the first page of many: %s", body)
	}
	if _, body = get(t, h, "/?after=m199"); !strings.Contains(body, "initiatives/shed") || strings.Contains(body, "m199") {
		t.Errorf("the page after it: %s", body)
	}
}
