package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a file in the test's own folder and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wants fails the test unless the result has the exit code and the words.
func (r result) wants(t testing.TB, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, w := range words {
		if !strings.Contains(r.stdout+r.stderr, w) {
			t.Errorf("%q is not in\n%s%s", w, r.stdout, r.stderr)
		}
	}
}

// TestInitBehindProxy: who is reached by https is told what the web server needs.
func TestInitBehindProxy(t *testing.T) {
	r := runCommand(t, command{dir: t.TempDir(), args: []string{"init", "--yes", "--host", "ghent.example", "--listen", "127.0.0.1:8123"}})
	r.wants(t, 0, "Point the name ghent.example at this machine", "ghent.example {\n         reverse_proxy 127.0.0.1:8123\n       }")
}

// TestInitAnotherHost: a database has one host for good; settings that name
// another are refused, and the old ones stay.
func TestInitAnotherHost(t *testing.T) {
	dir := t.TempDir()
	init := func(host string) result {
		return runCommand(t, command{dir: dir, args: []string{"init", "--yes", "--force", "--host", host}})
	}
	init("ghent.example").wants(t, 0)
	init("gent.example").wants(t, 1, `host: "gent.example" is not that of this database, "ghent.example"`)
	runCommand(t, command{dir: dir, args: []string{"initiative", "list", "--host", "gent.example"}}).wants(t, 1, "never change")
	runCommand(t, command{dir: dir, args: []string{"config"}}).wants(t, 0, "ghent.example")
	init("ghent.example").wants(t, 0)
}

// TestInit: asked or told by flags, init leaves an instance that serves.
func TestInit(t *testing.T) {
	port := freePort(t)
	host := fmt.Sprintf("init.localhost:%d", port)
	flags := []string{"--scheme", "http", "--listen", fmt.Sprintf("127.0.0.1:%d", port)}
	for name, c := range map[string]command{
		"flags": {args: append([]string{
			"init", "--yes", "--host", host, "--name", "Commons of Here", "--locality", "Here", "--country", "BE",
			"--latitude", "51.05", "--longitude", "3.72",
		}, flags...)},
		// A wrong answer is asked for again; an empty one takes the default.
		"questions": {
			args:  append([]string{"init"}, flags...),
			stdin: "not a host\n" + host + "\nCommons of Here\n\n\nHere\nBelgium\nBE\n51.05\n3.72\n\n\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.dir = t.TempDir()
			r := runCommand(t, c)
			r.wants(t, 0, "The settings are in commonage.toml. Database and keys are made.", "commonage serve",
				fmt.Sprintf("http://%s/ leads to 127.0.0.1:%d on this machine", host, port))
			if name == "questions" {
				r.wants(t, 0, "Public host name", "host: \"not a host\" is not a host name", "country: \"Belgium\" is not accepted")
			}
			if r.stderr != "" {
				t.Errorf("on standard error: %s", r.stderr)
			}
			file := filepath.Join(c.dir, "commonage.toml")
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the settings file: %v %v", info, err)
			}
			in := &city{t: t, host: host, listen: fmt.Sprintf("127.0.0.1:%d", port), dir: c.dir, settings: file}
			if keys := in.do("keys", "list"); strings.Count(keys, "in use") != 2 || !strings.Contains(keys, "SHA256:") {
				t.Errorf("the keys are\n%s", keys)
			}
			in.start()
			if err := in.shows("/about", "Commons of Here", "Here"); err != nil {
				t.Error(err)
			}
			in.stop()

			again := runCommand(t, command{args: c.args, dir: c.dir, stdin: c.stdin})
			again.wants(t, 2, "commonage.toml is there already", "--force")
		})
	}
	short := runCommand(t, command{args: []string{"init"}, dir: t.TempDir(), stdin: ""})
	short.wants(t, 2, "the questions ended at host without an answer; use --yes")
}

// TestInitFault: a wrong flag leaves nothing behind.
func TestInitFault(t *testing.T) {
	dir := t.TempDir()
	r := runCommand(t, command{args: []string{"init", "--yes", "--host", "a.example", "--country", "Belgium"}, dir: dir})
	r.wants(t, 2, "country (--country): \"Belgium\" is not accepted")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

const someRows = `handle,name,summary,forms,locality,country,latitude,longitude
library,Tool Library,Drills to borrow.,tool-library,Ghent,BE,51.05,3.72
nowhere,,It has no name.,tool-library,Ghent,BE,,
mill,Old Mill,Repairs on Sundays.,repair-cafe,Gent,Belgien,51.06,3.73
far,Far Away,Off the globe.,repair-cafe,Gent,BE,91,3.73
mill,Mill Again,With the handle of another.,repair-cafe,Gent,BE,,
odd,Odd,Of an unheard-of form.,repair-cathedral,Gent,BE,,
`

// TestImportReports: what a file would do is told first, bad rows are named by
// their line, and a second run changes nothing.
func TestImportReports(t *testing.T) {
	c := newCity(t, "a", onSQLite).start()
	file := write(t, "some.csv", someRows)

	dry := c.try("import", "csv", file, "--publish", "--dry-run")
	dry.wants(t, 0, "Would import: 6 rows", "4 new and published", "1 with errors", "1 with the id of an earlier row")
	if err := c.has(0); err != nil {
		t.Errorf("a dry run changed something: %v", err)
	}

	first := c.try("import", "csv", file, "--publish")
	first.wants(t, 0, "Imported: 6 rows", "4 new and published", "1 with errors, left out", "1 with the id of an earlier row, left out",
		"line 3: name: is missing", "line 5: latitude: 91, 3.73 is not on the globe; dropped", "line 6: ", "line 7: ", "repair-cathedral")
	if err := c.has(4); err != nil {
		t.Error(err)
	}
	if err := c.shows("/initiatives/mill", "Old Mill", "Repairs on Sundays."); err != nil {
		t.Error(err)
	}
	before := c.everything()
	c.try("import", "csv", file, "--publish").wants(t, 0, "0 new and published", "0 changed", "4 the same as before")
	if diff := cmp.Diff(before, c.everything()); diff != "" {
		t.Errorf("a second run changed something:\n%s", diff)
	}
	changed := write(t, "some.csv", strings.Replace(someRows, "Drills", "Saws", 1))
	c.try("import", "csv", changed).wants(t, 0, "1 changed", "3 the same as before")
	if err := c.shows("/initiatives/library", "Saws to borrow."); err != nil {
		t.Error(err)
	}

	c.try("import", "csv", filepath.Join(c.dir, "missing.csv")).wants(t, 1, "missing.csv", "no such file")
	c.try("import", "ods", file).wants(t, 2, "ods", "geojson", "mykomap", "csv")
	c.try("import", "geojson", file).wants(t, 1)
	c.try("import", "csv").wants(t, 2, "'commonage import' takes FORMAT FILE, and 1 argument was given")
}

// TestExportComesBack: what one instance exports is the same on another.
func TestExportComesBack(t *testing.T) {
	a := newCity(t, "a", onSQLite)
	a.do("import", "csv", write(t, "some.csv", someRows), "--publish", "--quiet")
	a.do("initiative", "add", "--name", "Жива Вода", "--form", "community-garden", "--summary", "Вода за всички, \"чиста\".",
		"--description", "# Title\n\nA *description*, with a\n\n- list", "--languages", "bg,en", "--tags", "вода,water", "--website", "https://voda.example/",
		"--founded", "2016-05", "--locality", "София", "--country", "BG", "--at", "42.7,23.32")
	for _, format := range []string{"csv", "geojson"} {
		t.Run(format, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "export")
			a.do("export", format, file)
			b := newCity(t, "b", onSQLite)
			b.try("import", format, file, "--publish").wants(t, 0, "5 new and published")
			back := filepath.Join(t.TempDir(), "export")
			b.do("export", format, back)
			if diff := cmp.Diff(content(t, format, file), content(t, format, back)); diff != "" {
				t.Errorf("-exported +exported after import\n%s", diff)
			}
			b.try("import", format, file, "--publish").wants(t, 0, "5 the same as before")
			if printed := a.do("export", format); printed != read(t, file) {
				t.Errorf("standard output differs from the file:\n%s", printed)
			}
		})
	}
	a.try("export", "ods").wants(t, 1, "ods", "csv")
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// content returns the entries of an export without what an import changes: where
// they came from, and when.
func content(t testing.TB, format, path string) []map[string]any {
	t.Helper()
	var entries []map[string]any
	if format == "geojson" {
		var file struct {
			Features []struct {
				Properties map[string]any
				Geometry   any
			}
		}
		if err := json.Unmarshal([]byte(read(t, path)), &file); err != nil {
			t.Fatal(err)
		}
		for _, f := range file.Features {
			f.Properties["geometry"] = f.Geometry
			entries = append(entries, f.Properties)
		}
	} else {
		rows, err := csv.NewReader(strings.NewReader(read(t, path))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			e := map[string]any{}
			for k, name := range rows[0] {
				e[name] = row[k]
			}
			entries = append(entries, e)
		}
	}
	for _, e := range entries {
		for _, key := range []string{"id", "url", "origin", "published", "updated", "source", "source_name", "source_url", "source_id", "external_id"} {
			delete(e, key)
		}
	}
	return entries
}

// TestDrafts: what is stored as a draft is nowhere until it is published.
func TestDrafts(t *testing.T) {
	c := newCity(t, "a", onSQLite).start()
	c.do("import", "csv", write(t, "some.csv", someRows), "--quiet")
	if err := c.has(0); err != nil {
		t.Error(err)
	}
	if got := c.do("initiative", "list", "--state", "draft"); strings.Count(got, "\n") != 4 {
		t.Errorf("got\n%s", got)
	}
	if got := c.status("/initiatives/mill"); got != http.StatusNotFound {
		t.Errorf("the page of a draft answers %d", got)
	}
	c.do("initiative", "publish", "mill")
	eventually(t, seconds, func() error { return c.has(1) })
	c.try("initiative", "publish", "nobody").wants(t, 1, "there is no draft nobody here")
	c.try("initiative", "add", "--name", "Mill", "--handle", "mill", "--form", "repair-cafe").wants(t, 1, "the handle mill is taken")
	c.try("initiative", "add", "--name", "X", "--form", "no-such-form").wants(t, 1, "no-such-form", "seed form")
	c.try("initiative", "edit", "nobody", "--name", "X").wants(t, 1, "there is no initiative nobody here")
	c.do("initiative", "withdraw", "mill")
	c.try("initiative", "withdraw", "mill").wants(t, 1, "initiative mill was withdrawn")
	c.try("post", "mill", "Hello").wants(t, 1, "initiative mill was withdrawn")
}

// TestPost: a post with a picture is on its page, and the picture is served.
func TestPost(t *testing.T) {
	c := newCity(t, "a", onSQLite).start()
	c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
	picture := filepath.Join(t.TempDir(), "saw.png")
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	id := strings.TrimSpace(c.do("post", "tool_library", "The new saw is here. #repair", "--image", picture, "--alt", "A red table saw"))
	path := strings.TrimPrefix(id, "http://"+c.host)
	if err := c.shows(path, "The new saw is here.", "A red table saw", "#repair"); err != nil {
		t.Fatal(err)
	}
	page, err := c.get(path, "")
	if err != nil {
		t.Fatal(err)
	}
	source := regexp.MustCompile(`src="(?:http://[^/"]*)?(/media/[^"]+)"`).FindStringSubmatch(page)
	if source == nil {
		t.Fatalf("no picture on\n%s", page)
	}
	if _, err := c.get(source[1], ""); err != nil {
		t.Error(err)
	}

	c.do("post", "edit", id, "The saw is lent out.")
	if err := c.shows(path, "The saw is lent out."); err != nil {
		t.Error(err)
	}
	c.do("post", "delete", id)
	if got := c.status(path); got != http.StatusGone {
		t.Errorf("a deleted post answers %d", got)
	}
	c.try("post", "delete", id).wants(t, 1, "was withdrawn")
	c.try("post", "tool_library", "x", "--image", write(t, "not.png", "no picture")).wants(t, 1, "not.png")
	c.try("post", "tool_library", "x", "--alt", "nothing").wants(t, 2, "--alt is given 1 times for 0 pictures")
	c.try("post", "tool_library", "").wants(t, 1, "text")
}

// TestUsersAndKeys: the small commands do what they say.
func TestUsersAndKeys(t *testing.T) {
	c := newCity(t, "a", onSQLite).start()
	c.do("user", "add", "ana", "--display", "Ana Admin", "--contact", "@ana@social.example")
	c.do("user", "add", "desk", "--role", "editor")
	if got := c.do("user", "list"); !strings.Contains(got, "Ana Admin") || strings.Count(got, "\n") != 2 {
		t.Errorf("got\n%s", got)
	}
	if err := c.shows("/about", "Ana Admin", "@ana@social.example"); err != nil {
		t.Error(err)
	}
	c.do("user", "remove", "ana")
	c.try("user", "remove", "ana").wants(t, 1, "there is no user ana here")
	c.try("user", "add", "x", "--role", "king").wants(t, 1, "role")

	before := c.do("keys", "list")
	if got := c.do("keys", "create"); got != "All keys are there.\n" {
		t.Errorf("got %q", got)
	}
	if after := c.do("keys", "list"); after != before {
		t.Errorf("the keys changed:\n%s%s", before, after)
	}
}

// TestMigrate: on a new database it says how many migrations ran, then that
// there is nothing to do.
func TestMigrate(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		c := newCity(t, "a", db)
		if got := c.do("migrate"); !regexp.MustCompile(`^Ran \d+ migrations\.\n$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
		if got := c.do("migrate"); got != "The database is up to date.\n" {
			t.Errorf("got %q", got)
		}
	})
}

// TestPeerCommands: the list tells how it goes, sync reads at once, and of a
// removed peer nothing stays.
func TestPeerCommands(t *testing.T) {
	t.Parallel() // most of the time is waiting
	a, b := newCity(t, "a", onSQLite).start(), newCity(t, "b", onSQLite).start()
	a.do("import", "csv", write(t, "some.csv", someRows), "--publish", "--quiet")
	if got := b.do("peer", "list"); !strings.Contains(got, "There is no peer yet.") {
		t.Errorf("got %q", got)
	}
	if got := b.do("peer", "sync"); !strings.Contains(got, "There is no peer yet.") {
		t.Errorf("got %q", got)
	}
	b.try("peer", "add", b.host).wants(t, 1, "is this instance")
	b.try("peer", "add", "not a host").wants(t, 1, "is not a host such as ghent.example")

	b.do("peer", "add", "http://"+a.host+"/about") // as people paste it
	eventually(t, seconds, func() error { return b.has(4) })
	caughtUp(t, b, a)
	if line := peerLine(b, a.host); !strings.Contains(line, "Commons of "+a.host) || !strings.Contains(line, "  4  ") {
		t.Errorf("the list says %q", line)
	}
	eventually(t, seconds, func() error {
		if line := peerLine(a, b.host); !regexp.MustCompile(`  no +yes  `).MatchString(line) {
			return fmt.Errorf("the list of A says %q", line)
		}
		return nil
	})
	if got := b.do("peer", "sync", a.host); !strings.Contains(got, a.host) {
		t.Errorf("got %q", got)
	}
	b.try("peer", "sync", "nobody.example").wants(t, 1, "there is no peer nobody.example here")
	b.try("peer", "trust", "nobody.example").wants(t, 1, "there is no peer nobody.example here")
	b.try("peer", "trust", a.host).wants(t, 1, "is not in doubt")

	b.do("peer", "remove", a.host)
	if err := b.has(0); err != nil {
		t.Error(err)
	}
	if got := b.status("/initiatives/mill@" + a.host); got != http.StatusNotFound {
		t.Errorf("an entry of a removed peer answers %d", got)
	}
	b.try("peer", "remove", a.host).wants(t, 1, "there is no peer")
	eventually(t, seconds, func() error {
		if line := peerLine(a, b.host); regexp.MustCompile(`  yes  `).MatchString(line) {
			return fmt.Errorf("A thinks that B still follows it: %q", line)
		}
		return nil
	})
	// What A publishes now does not reach B.
	a.do("initiative", "edit", "mill", "--summary", "Nobody follows.")

	b.do("peer", "add", a.host)
	eventually(t, seconds, func() error { return b.has(4) })
	same(t, a, b)
}
