package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// judged is an instance with a database and nothing that runs.
type judged struct {
	t   *testing.T
	dir string
}

func (j judged) run(args ...string) result {
	j.t.Helper()
	settings := []string{"--host", "ghent.localhost:8992", "--scheme", "http", "--data-dir", j.dir}
	return runCommand(j.t, command{args: append(args, settings...), dir: j.dir})
}

// keep writes to the database.
func (j judged) keep(write func(s *store.Store) error) {
	j.t.Helper()
	s, err := store.Open(j.t.Context(), "sqlite:"+filepath.Join(j.dir, "commonage.db"))
	if err != nil {
		j.t.Fatal(err)
	}
	defer s.Close()
	if err := write(s); err != nil {
		j.t.Fatal(err)
	}
}

// reply keeps a reply with the nth key of a test.
func (j judged) reply(s *store.Store, n int, content string) error {
	came := time.Date(2026, 11, 23, 12, 0, n, 0, time.UTC)
	_, err := s.AddReply(j.t.Context(), &directory.Reply{
		ID: fmt.Sprintf("https://mas.to/users/ann/statuses/%d", n), URL: fmt.Sprintf("https://mas.to/@ann/%d", n), Key: fmt.Sprintf("01K%04d", n),
		InitiativeID: "http://ghent.localhost:8992/initiatives/rad", PostID: "http://ghent.localhost:8992/initiatives/rad/posts/1",
		Author:  directory.Author{ID: "https://mas.to/users/ann", Acct: "ann@mas.to", Name: "Ann\x1b[31m", URL: "https://mas.to/@ann"},
		Content: content, State: directory.ReplyPending, Published: came, Updated: came, Received: came,
	})
	return err
}

// TestModeration: who decides sees every word, where links lead, and where it was
// written; and a slip in one name leaves the others done.
func TestModeration(t *testing.T) {
	t.Parallel()
	j := judged{t, t.TempDir()}
	j.run("moderation", "list").wants(t, 0, "Nothing waits for a decision.")
	long := strings.Repeat("word ", 900) + "and the end"
	j.keep(func(s *store.Store) error {
		if err := j.reply(s, 1, `<p>Lovely.</p><p><a href="https://pills.example/buy">A recipe</a></p>`); err != nil {
			return err
		}
		if err := j.reply(s, 2, "<p>Me too.</p>"); err != nil {
			return err
		}
		return s.AddReport(t.Context(), &directory.Report{
			ID: "01L0001", Host: "mas.to", Objects: []string{"https://a.example/1", "https://a.example/2"}, Text: "Spam:\n" + long,
			Received: time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC),
		})
	})
	list := j.run("moderation", "list")
	list.wants(t, 0, "01K0001", "Lovely. A recipe <https://pills.example/buy>", "01L0001", "…")
	if strings.Contains(list.stdout, "the end") {
		t.Errorf("the list has whole reports:\n%s", list.stdout)
	}
	show := j.run("moderation", "show", "01K0001", "01L0001")
	show.wants(t, 0, "Lovely.\nA recipe <https://pills.example/buy>", "Ann[31m @ann@mas.to", "https://mas.to/@ann/1", "https://mas.to/users/ann/statuses/1",
		"Under    http://ghent.localhost:8992/initiatives/rad/posts/1", "About   https://a.example/2", "Spam:\nword word", "the end")
	j.run("moderation", "show", "01X").wants(t, 1, "there is no reply or report 01X here")

	r := j.run("moderation", "approve", "01K0001", "01X", "01L0001", "01K0002")
	r.wants(t, 1, "Reply 01K0001 is approved.", "Reply 01K0002 is approved.", "there is no reply 01X here",
		"01L0001 is a report: 'commonage moderation report-close 01L0001' closes it")
	r = j.run("moderation", "report-close", "01K0002", "01L0001")
	r.wants(t, 1, "01K0002 is a reply: 'commonage moderation approve 01K0002' shows it", "Report 01L0001 is closed.")
	j.run("moderation", "list").wants(t, 0, "Nothing waits for a decision.")
	j.run("moderation", "list", "--all").wants(t, 0, "approved", "closed")

	j.keep(func(s *store.Store) error {
		r, err := s.Reply(t.Context(), "01K0001")
		if err != nil {
			return err
		}
		r.Content, r.State, r.Edits = "<p>Buy pills.</p>", directory.ReplyPending, 1
		return s.ChangeReply(t.Context(), r)
	})
	j.run("moderation", "approve", "01K0001").wants(t, 1, "may have been edited since you read it", "moderation show 01K0001")
	j.run("moderation", "show", "01K0001").wants(t, 0, "01K0001.1", "Buy pills.")
	j.run("moderation", "approve", "01K0001.1").wants(t, 0, "Reply 01K0001.1 is approved.")
	j.run("moderation", "reject", "https://mas.to/users/ann/statuses/1").wants(t, 0, "is rejected.")
}

// TestModerationPages: a long list says that it goes on, and how.
func TestModerationPages(t *testing.T) {
	t.Parallel()
	j := judged{t, t.TempDir()}
	j.run("moderation", "list").wants(t, 0)
	const replies, page = 230, 200
	j.keep(func(s *store.Store) error {
		for n := range replies {
			if err := j.reply(s, n, "<p>Me too.</p>"); err != nil {
				return err
			}
		}
		return s.AddReport(t.Context(), &directory.Report{ID: "01L0001", Host: "mas.to", Objects: []string{"https://a.example/1"}, Text: "Spam"})
	})
	first := j.run("moderation", "list")
	first.wants(t, 0, "01K0000", "01K0199", fmt.Sprintf("%d more came after these; add --after 01K0199 to list them.", replies+1-page))
	second := j.run("moderation", "list", "--after", "01K0199")
	second.wants(t, 0, "01K0200", "01K0229", "01L0001")
	for _, hidden := range []string{"01K0199", "more came"} {
		if strings.Contains(second.stdout, hidden) {
			t.Errorf("%q is in the second page:\n%s", hidden, second.stdout)
		}
	}
	if strings.Contains(first.stdout, "01K0200") || strings.Contains(first.stdout, "01L0001") {
		t.Errorf("the first page is too long:\n%s", first.stdout)
	}
}
