package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type suggested struct{ Kind, Text, Note, Q, URL string }

func suggestions(t *testing.T, h http.Handler, typed string) []suggested {
	t.Helper()
	_, body := get(t, h, "/api/v1/suggest?q="+url.QueryEscape(typed))
	var answer struct{ Items []suggested }
	must(t, json.Unmarshal([]byte(body), &answer))
	return answer.Items
}

func TestSuggestions(t *testing.T) {
	h := full(t)
	repairCafe := suggested{"form", "Repair café", "", "form:repair-cafe", "/forms/repair-cafe"}
	for typed, want := range map[string][]suggested{
		"":               {},
		"r":              {},
		"zzzzz":          {},
		"repair c":       {repairCafe, {"initiative", "Repair Café Ledeberg", "Ghent, Belgium", "Repair Café Ledeberg", "/initiatives/repaircafe"}},
		"bricoth":        {{"form", "Tool library", "bricothèque", "form:tool-library", "/forms/tool-library"}},
		"mend near Ghen": {{"place", "Gent", "Belgium", "mend near Gent", "/search?q=mend+near+Gent"}, {"place", "Ghent", "", "mend near Ghent", "/search?q=mend+near+Ghent"}},
		"unicorn":        {{"initiative", "Unicorn food co-op", "Manchester, United Kingdom", "Unicorn food co-op", "/initiatives/unicorn@manchester.example"}},
	} {
		if diff := cmp.Diff(want, suggestions(t, h, typed)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", typed, diff)
		}
	}
}

func TestOpenSearchSuggestions(t *testing.T) {
	answer, body := get(t, full(t), "/opensearch/suggest?q=unico")
	if got := answer.Header.Get("Content-Type"); got != "application/x-suggestions+json" {
		t.Errorf("content type: got %q", got)
	}
	want := `["unico",["Unicorn food co-op"],["Manchester, United Kingdom"],["https://ghent.example/initiatives/unicorn@manchester.example"]]`
	if body != want {
		t.Errorf("got %s, want %s", body, want)
	}
}
