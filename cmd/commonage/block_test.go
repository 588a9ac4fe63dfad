package main_test

import (
	"net/http"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

func TestBlockCommands(t *testing.T) {
	t.Parallel() // most of the time is waiting
	dir := t.TempDir()
	run := func(stdin string, args ...string) result {
		t.Helper()
		settings := []string{"--host", "ghent.localhost:8991", "--scheme", "http", "--data-dir", dir}
		return runCommand(t, command{args: append(args, settings...), dir: dir, stdin: stdin})
	}
	list := "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
		"spam.example,silence,false,false,,false\nloud.example,silence,false,false,\"Loud, very\",false\n" +
		"b*d.example,suspend,false,false,,true\nghent.localhost,suspend,false,false,,false\n"
	strict := "domain,severity,public_comment\nloud.example,suspend,Hate\n"
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		want  string // of both outputs
	}{
		{"", []string{"block", "list"}, 0, "Nobody is blocked."},
		{"", []string{"block", "add", "https://Spam.example/", "--reason", "Spam"}, 0, "spam.example: block"},
		{"", []string{"block", "add", "localhost"}, 1, "commonage: subject: localhost is this instance"},
		{"", []string{"block", "add", "x.example", "--limit", "--reason", "Loud", "--dry-run"}, 0, "x.example  limit     not made  Loud\nNothing that is here would go.\n"},
		{"", []string{"block", "add", "x.example", "--allow", "--dry-run"}, 0, "x.example  allow     not made"},
		{"", []string{"block", "add", "a b"}, 1, "is not a host"},
		{"", []string{"block", "add", "x.example", "--limit", "--allow"}, 2, "exclude each other"},
		{list, []string{"block", "import", "-", "--dry-run"}, 0, "Decisions in the list: 3. New: 1. Stricter than what was decided here: 0."},
		{list, []string{"block", "import", "-", "--dry-run"}, 0, "loud.example  limit     not made  Loud, very\n"},
		{"", []string{"block", "export"}, 0, "spam.example,suspend,false,false,Spam,false"},
		{list, []string{"block", "import", "-"}, 0, "loud.example: limit"},
		{"", []string{"block", "export"}, 0, `loud.example,silence,false,false,"Loud, very",false`},
		{strict, []string{"block", "import", "-"}, 0, "What was decided here stays. With --stricter it becomes: loud.example: block"},
		{"", []string{"block", "export"}, 0, `loud.example,silence,false,false,"Loud, very",false`},
		{strict, []string{"block", "import", "-", "--stricter"}, 0, "loud.example: block"},
		{"", []string{"block", "export"}, 0, "loud.example,suspend,false,false,Hate,false"},
		{"", []string{"peer", "add", "a.spam.example"}, 1, "is blocked here"},
		{"", []string{"block", "add", "com"}, 1, "a whole top-level domain"},
		{"Name,Notes\nalice,hi\n", []string{"block", "import", "-"}, 1, "none of the columns on the first line is called domain"},
		{strings.Repeat("<p>\n", 30), []string{"block", "import", "-"}, 1, "left out: 10 more lines\ncommonage: nothing was taken over"},
		{"", []string{"block", "import", "-"}, 1, "nothing was taken over"},
		{"domain\tseverity\ntab.example\tsilence\n", []string{"block", "import", "-"}, 0, "tab.example: limit"},
		{"", []string{"block", "remove", "tab.example"}, 0, ""},
		{"", []string{"block", "remove", "spam.example"}, 0, ""},
		{"", []string{"block", "remove", "spam.example"}, 1, "there is no decision"},
		{"", []string{"moderation", "list"}, 0, "Nothing waits for a decision."},
		{"", []string{"moderation", "approve", "01X"}, 1, "there is no reply 01X here"},
		{"", []string{"moderation", "report-close", "01X"}, 1, "there is no open report 01X here"},
	} {
		got := run(c.stdin, c.args...)
		if strings.Contains(c.want, "is this instance") && got.stdout != "" {
			t.Errorf("said before it was refused: %s", got.stdout)
		}
		if out := got.stdout + got.stderr; got.code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("commonage %s: got %d\n%swant %d and %q", strings.Join(c.args, " "), got.code, out, c.code, c.want)
		}
	}
}

// A blocked server is not asked by a command either.
func TestCommandsLeaveTheBlockedAlone(t *testing.T) {
	t.Parallel() // most of the time is waiting
	there := fedtest.NewServer(t)
	ana := there.Actor("ana")
	c := newCity(t, "ghent", onSQLite)
	c.do("keys", "create")
	c.do("initiative", "add", "--name", "Mill", "--form", "repair-cafe")
	c.do("block", "add", there.Host)
	for _, target := range []string{ana.ID, ana.Handle()} {
		c.try("initiative", "move", "mill", target).wants(t, 1, "is blocked here")
	}
	if got := there.Requests(); len(got) != 0 {
		t.Errorf("it was asked: %+v", got)
	}
}

// A person is blocked by whatever they go by: what is decided about is their id,
// and a decision that may never hold is not made without a word.
func TestBlockPerson(t *testing.T) {
	t.Parallel() // most of the time is waiting
	there := fedtest.NewServer(t)
	ana, ben := there.Actor("ana"), there.Actor("ben")
	page := there.URL + "/@ben"
	there.Answer(page, fedtest.Answer{Status: http.StatusFound, Header: http.Header{"Location": {ben.ID}}, Always: true})
	c := newCity(t, "ghent", onSQLite)
	c.try("block", "add", ana.Handle()).wants(t, 0, ana.ID+": block")
	c.try("block", "add", page, "--limit").wants(t, 0, ben.ID+": limit")
	if before := len(there.Requests()); !strings.Contains(c.do("block", "add", ben.ID), ben.ID+": block") || len(there.Requests()) != before {
		t.Error("who is decided about was asked for again")
	}
	dan := there.Actor("dan")
	c.try("block", "add", there.URL+"/@dan").wants(t, 0, dan.ID+": block") // whose page is not ActivityPub
	c.do("block", "remove", dan.ID)
	c.try("block", "add", "@nobody@"+there.Host).wants(t, 1, "give the address (id) of their actor")
	nobody := there.URL + "/users/nobody"
	c.try("block", "add", strings.ToUpper(there.URL)+"/users/nobody").wants(t, 0, nobody+": block", "could not be asked")
	c.try("block", "remove", strings.ToUpper(there.URL)+"/users/nobody").wants(t, 0, "")
	c.try("block", "remove", ana.Handle()).wants(t, 0, "The decision about "+ana.ID+" is taken back.")
	c.try("block", "remove", page).wants(t, 0, ben.ID)
	c.try("block", "list").wants(t, 0, "Nobody is blocked.")
}
