package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

func TestRepliesAreShown(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	const post = "https://ghent.example/initiatives/repaircafe/posts/01HELLO"
	for id, state := range map[string]directory.ReplyState{
		"approved": directory.ReplyApproved, "pending": directory.ReplyPending, "rejected": directory.ReplyRejected,
	} {
		if _, err := s.AddReply(t.Context(), &directory.Reply{
			ID: "https://town.example/" + id, Key: id, PostID: post, InReplyTo: post, State: state,
			URL: "https://town.example/@ann/" + id, Content: "<p>Words, <strong>" + id + "</strong></p>", Language: "nl",
			Author:    directory.Author{ID: "https://town.example/users/ann", Acct: "ann@town.example", Name: "Ann <b>", URL: "https://town.example/@ann"},
			Published: noon(), Updated: noon(), Received: noon(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, actor := range []string{"ann", "bob"} {
		if err := s.PutReaction(t.Context(), &directory.Reaction{
			ObjectID: post, Kind: directory.Liked, ActorID: "https://town.example/users/" + actor, Received: noon(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	pages := handler(t, ghent(), s)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		return w
	}
	body := get("/initiatives/repaircafe/posts/01HELLO").Body.String()
	for _, want := range []string{
		"<strong>approved</strong>", "Ann &lt;b&gt;", "@ann@town.example", "1 reply · 2 likes", `lang="nl"`,
		`<a href="https://town.example/@ann/approved" rel="noopener nofollow">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, not := range []string{"pending", "rejected"} {
		if strings.Contains(body, "<strong>"+not) {
			t.Errorf("a %s reply is shown", not)
		}
	}
	if !strings.Contains(get("/initiatives/repaircafe").Body.String(), "1 reply · 2 likes") {
		t.Error("the initiative's page does not count")
	}
}

// What names an initiative, and answers no post, stands on its page once it was
// approved, the newest first.
func TestMentionsAreShown(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	const rad, other = "https://ghent.example/initiatives/repaircafe", "https://ghent.example/initiatives/other"
	for id, r := range map[string]directory.Reply{
		"1first":   {InitiativeID: rad, State: directory.ReplyApproved},
		"2second":  {InitiativeID: rad, State: directory.ReplyApproved},
		"3pending": {InitiativeID: rad, State: directory.ReplyPending},
		"4refused": {InitiativeID: rad, State: directory.ReplyRejected},
		"5reply":   {InitiativeID: rad, State: directory.ReplyApproved, PostID: rad + "/posts/01HELLO"},
		"6other":   {InitiativeID: other, State: directory.ReplyApproved},
	} {
		r.ID, r.Key, r.URL, r.Content = "https://town.example/"+id, id, "https://town.example/@ann/"+id, "<p><strong>"+id+"</strong></p>"
		r.Author = directory.Author{ID: "https://town.example/users/ann", Acct: "ann@town.example", URL: "https://town.example/@ann"}
		r.Published, r.Updated, r.Received = noon(), noon(), noon()
		if _, err := s.AddReply(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	handler(t, ghent(), s).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/initiatives/repaircafe", http.NoBody))
	body := w.Body.String()
	newer, older := strings.Index(body, "<strong>2second"), strings.Index(body, "<strong>1first")
	if w.Code != http.StatusOK || newer < 0 || older < newer {
		t.Errorf("status %d, the newer mention at %d and the older at %d", w.Code, newer, older)
	}
	if !strings.Contains(body, `<a href="https://town.example/@ann/2second" rel="noopener nofollow">`) {
		t.Error("the page does not lead to the mention")
	}
	for _, not := range []string{"3pending", "4refused", "5reply", "6other"} {
		if strings.Contains(body, "<strong>"+not) {
			t.Errorf("%s is shown", not)
		}
	}
}

// TestEveryReplyIsReached: the pages of a post show each reply once, in order.
func TestEveryReplyIsReached(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	const post, path = "https://ghent.example/initiatives/repaircafe/posts/01HELLO", "/initiatives/repaircafe/posts/01HELLO"
	var want []string
	must(t, s.Tx(t.Context(), func(tx *store.Store) error {
		for k := range 401 {
			key := fmt.Sprintf("K%03d", k)
			want = append(want, key)
			if _, err := tx.AddReply(t.Context(), &directory.Reply{
				ID: "https://town.example/" + key, Key: key, PostID: post, State: directory.ReplyApproved, Content: "<p>" + key + "</p>",
				Author: directory.Author{ID: "https://town.example/users/ann", Acct: "ann@town.example"}, Received: noon(),
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	pages := handler(t, ghent(), s)
	more := regexp.MustCompile(`href="(\?replies=[^"]*)" rel="next"`)
	var got []string
	for next := ""; len(got) <= len(want); {
		_, body := get(t, pages, path+next)
		for _, m := range regexp.MustCompile(`<p>(K\d+)</p>`).FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		link := more.FindStringSubmatch(body)
		if strings.Contains(body, "First replies") != (next != "") {
			t.Errorf("page %q: it leads to the first replies", next)
		}
		if link == nil {
			break
		}
		next = html.UnescapeString(link[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d replies, want %d: %v", len(got), len(want), got)
	}
}

// TestMovedInitiativeLeadsOn: the page of who moved leads to the new one, and what
// it posted before stays and says where it is.
func TestMovedInitiativeLeadsOn(t *testing.T) {
	const there = "https://antwerp.example/initiatives/shed"
	pages := full(t)
	if r, _ := get(t, pages, "/initiatives/moved"); r.StatusCode != http.StatusMovedPermanently || r.Header.Get("Location") != there {
		t.Errorf("got %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
	_, body := get(t, pages, "/initiatives/moved/posts/01EVENT")
	for _, want := range []string{"Bring knives.", "has moved to", `<a href="` + there + `" rel="noopener">antwerp.example</a>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page of its post lacks %s", want)
		}
	}
}
