package config_test

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/directory"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// write puts text into a settings file and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load returns the settings from the sources and fails the test on an error.
func load(t testing.TB, src config.Sources) *config.Config {
	t.Helper()
	c, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	c := load(t, config.Sources{})
	for _, e := range c.Redacted() {
		if e.Source != "default" {
			t.Errorf("%s comes from %q, want default", e.Key, e.Source)
		}
	}
	for _, o := range config.Options() {
		if err := config.Check(o.Key, o.Default); err != nil {
			t.Errorf("the default is refused: %v", err)
		}
	}
	if c.Listen != "127.0.0.1:8080" || c.Peering != config.PeeringReview || c.AllowPrivateAddresses || c.LogLevel != slog.LevelInfo {
		t.Errorf("got %+v", c)
	}
	if got, want := c.DatabaseDSN(), "sqlite:data/commonage.db"; got != want {
		t.Errorf("database: got %q, want %q", got, want)
	}
}

func TestSourcesRise(t *testing.T) {
	file := write(t, "commonage.toml", "listen = \":1\"\nname = \"file\"\nworkers = 3\nlocality = \"Gent\"\n")
	environ := []string{"COMMONAGE_LISTEN=:2", "COMMONAGE_NAME=environment", "COMMONAGE_LOCALITY=", "PATH=/bin"}
	c := load(t, config.Sources{File: file, Environ: environ, Flags: map[string]string{"listen": ":3"}})

	got := map[string]string{}
	for _, e := range c.Redacted() {
		if e.Source != "default" {
			got[e.Key] = e.Value + " from " + e.Source
		}
	}
	want := map[string]string{
		"listen": ":3 from --listen", "name": "environment from COMMONAGE_NAME",
		"workers": "3 from " + file + ":3", "locality": "Gent from " + file + ":4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhichFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(config.DefaultFile, []byte(`name = "here"`), 0o600); err != nil {
		t.Fatal(err)
	}
	named := write(t, "named.toml", `name = "named"`)
	variable := write(t, "variable.toml", `name = "variable"`)
	environ := []string{"COMMONAGE_CONFIG=" + variable}

	for _, test := range []struct {
		what string
		src  config.Sources
		want string
	}{
		{"the default file", config.Sources{}, "here"},
		{"the variable", config.Sources{Environ: environ}, "variable"},
		{"the flag before the variable", config.Sources{File: named, Environ: environ}, "named"},
	} {
		if got := load(t, test.src).Name; got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
	_, err := config.Load(config.Sources{Environ: []string{"COMMONAGE_CONFIG=missing.toml"}})
	wantError(t, err, `COMMONAGE_CONFIG: "missing.toml" cannot be read: no such file or directory`)
	_, err = config.Load(config.Sources{File: "."})
	wantError(t, err, `--config: "." cannot be read: is a directory`)
}

// wantError checks the text of an error.
func wantError(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %q", want)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	file := write(t, "c.toml", "scheme = \"htps\"\n\npering = \"open\"\nworkers = \"many\"\n")
	_, err := config.Load(config.Sources{
		File:    file,
		Environ: []string{"COMMONAGE_LOG_FROMAT=json", "COMMONAGE_COUNTRY=UK"},
		Flags:   map[string]string{"peering": "closed", "latitude": "51"},
	})
	wantError(t, err, `7 things are wrong with the settings:
  environment variable COMMONAGE_LOG_FROMAT is not a setting; did you mean COMMONAGE_LOG_FORMAT?
  scheme (`+file+`:1): "htps" is not accepted; use https or http
  pering (`+file+`:3) is not a setting; did you mean peering?
  workers (`+file+`:4): "many" is not accepted; use a whole number from 1 to 1024
  country (COMMONAGE_COUNTRY): "UK" is not a code; that of the United Kingdom is GB; use a code of two letters such as BE or GB (ISO 3166-1)
  peering (--peering): "closed" is not accepted; use open, review or allowlist
  latitude (--latitude) is set without longitude; use both or neither`)

	var first config.SettingError
	if !errors.As(err, &first) || first.Source != "environment variable COMMONAGE_LOG_FROMAT" {
		t.Errorf("got first fault %+v", first)
	}
}

func TestFileFaults(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a = ", `f.toml:1 is not TOML: unexpected EOF; expected value`},
		{"name = \"a\"\nname = \"b\"", `f.toml:2 is not TOML: Key 'name' has already been defined.`},
		{"workers = true", `workers (f.toml:1) is true without quotes; use a whole number from 1 to 1024`},
		{"name = 7", `name (f.toml:1) is the number 7 without quotes; use one line of at most 200 characters`},
		{"name = 7.5", `name (f.toml:1) is the number 7.5 without quotes; use one line of at most 200 characters`},
		{"name = 2026-11-23", `name (f.toml:1) is a date or a time without quotes; use one line of at most 200 characters`},
		{"name = [\"a\"]", `name (f.toml:1) is a list; use one line of at most 200 characters`},
		{"\n[name]\nx = 1", `name (f.toml:2) is a table; use one line of at most 200 characters`},
		{"\nlisten.port = 1", `listen (f.toml:2) is a table; use an address and a port such as 127.0.0.1:8080, or :8080 for all addresses`},
		{"\n\"data dir\" = 1", `"data dir" (f.toml:2) is not a setting; did you mean data_dir?`},
		{"log_format = \"\"", `log_format (f.toml:1) is empty; use text or json`},
		{"latitude = nan\nlongitude=1", `latitude (f.toml:1): "NaN" is not on the globe; use degrees from -90 to 90, north positive`},
		{"qqqqqqqq = 1", `qqqqqqqq (f.toml:1) is not a setting`},
	} {
		_, err := config.ParseFile("f.toml", []byte(test.text))
		wantError(t, err, test.want)
	}
}

func TestFileTooLarge(t *testing.T) {
	file := write(t, "c.toml", strings.Repeat("#", 32<<10+1))
	_, err := config.Load(config.Sources{File: file})
	wantError(t, err, `--config: "`+file+`" cannot be read: it has more than 32768 bytes`)
}

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", directory.MaxName+1)
	for _, test := range []struct {
		key           string
		good, refused []string
	}{
		{
			"host",
			[]string{"", "commons.example.org", "Ghent.localhost:8001", "10.0.0.1:80", "[::1]:8080", "[::1]", "xn--bcher-kva.example"},
			[]string{"https://a.example", "a.example/x", "me@a.example", "a.example:", "a.example:0", "a.example:65536", "a.example:080", "bücher.example", "-a.example", "a..example", "a_b.example", "a b", ":80", strings.Repeat("a.", 130) + "org"},
		},
		{"handle_domain", []string{"", "example.org", "example.org:8443"}, []string{"https://example.org", "@example.org", "rad@example.org", "example.org/"}},
		{"scheme", []string{"https", "http"}, []string{"", "HTTPS", "ftp"}},
		{"listen", []string{":8080", "0.0.0.0:80", "[::]:80", "localhost:0"}, []string{"", "8080", "localhost", ":http", ":70000", "a b:80", "http://x:80"}},
		{
			"database",
			[]string{"sqlite:a.db", "sqlite:/var/lib/a.db", "postgres://localhost/c", "postgresql://u:p@[::1]:5432/c?sslmode=disable", "postgres:///c?host=/run"},
			[]string{"", "a.db", "sqlite:", "sqlite:.", "sqlite:dir/", "sqlite::memory:", "sqlite://a.db", "sqlite:a.db?mode=ro", "postgres://h", "postgres:c", "mysql://h/c", "postgres://u:1/2@h/c", "postgres://u:a%b@h/c"},
		},
		{"data_dir", []string{".", "/var/lib/commonage"}, []string{"", "a\x00b"}},
		{"name", []string{"Repair Café", "共有地", " x "}, []string{"", " ", "a\nb", "a\x1bb", "\xff", long}},
		{"description", []string{"", "one\ntwo"}, []string{"a\x07", strings.Repeat("é", directory.MaxSummary+1)}},
		{"language", []string{"en", "pt-BR", "zh-Hant", "ast"}, []string{"", "english", "e", "pt_BR", "en-"}},
		{"locality", []string{"", "Gent"}, []string{long, "a\rb"}},
		{"country", []string{"", "BE", "gb"}, []string{"UK", "EL", "XX", "BEL", "B"}},
		{"latitude", []string{"", "0", "-90", "51.05"}, []string{"91", "NaN", "inf", "51,05", "51°"}},
		{"longitude", []string{"", "180", "-180"}, []string{"180.1", "-Inf"}},
		{
			"map_tiles",
			[]string{"", "https://tiles.example.org/{z}/{x}/{y}.png", "https://t.example:8443/a?z={z}&x={x}&y={y}&key=1", "http://localhost:8080/{z}/{x}/{y}.webp"},
			[]string{
				"https://tiles.example.org/{z}/{x}.png", "http://tiles.example.org/{z}/{x}/{y}.png", "/{z}/{x}/{y}.png", "https://{s}.example.org/{z}/{x}/{y}.png",
				"https://a.example;b/{z}/{x}/{y}", "https://me@a.example/{z}/{x}/{y}", "https://a.example/{z}/{x}/{y}/{z}", "https://a.example/{z}/{x}/{y} b", "https://*/{z}/{x}/{y}",
			},
		},
		{"map_attribution", []string{"", "© OpenStreetMap contributors"}, []string{"a\nb"}},
		{"peering", []string{"open", "review", "allowlist"}, []string{"", "Open"}},
		{"allow_private_addresses", []string{"true", "false"}, []string{"", "1", "yes"}},
		{"workers", []string{"1", "1024"}, []string{"", "0", "-1", "1025", "1.5"}},
		{"log_format", []string{"text", "json"}, []string{"xml"}},
		{"log_level", []string{"debug", "info", "warn", "error"}, []string{"", "INFO", "trace"}},
	} {
		for _, s := range test.good {
			if err := config.Check(test.key, s); err != nil {
				t.Errorf("%q is refused: %v", s, err)
			}
		}
		for _, s := range test.refused {
			if err := config.Check(test.key, s); err == nil {
				t.Errorf("%s: %q is accepted", test.key, s)
			}
		}
	}
	if err := config.Check("colour", "red"); err == nil {
		t.Error("a setting that is none is accepted")
	}
}

func TestSettingsTogether(t *testing.T) {
	for _, test := range []struct {
		flags map[string]string
		want  string // of the error
	}{
		{map[string]string{"scheme": "http", "host": "ghent.localhost:8001"}, ""},
		{map[string]string{"scheme": "http", "host": "127.0.0.1:8001"}, ""},
		{map[string]string{"scheme": "http", "host": "[::1]:8001"}, ""},
		{map[string]string{"scheme": "http", "host": "a.test", "allow_private_addresses": "true"}, ""},
		{
			map[string]string{"scheme": "http", "host": "localhost.example.org"},
			`scheme (--scheme): "http" is only for a loopback host, and the host is localhost.example.org; use https, a host such as localhost:8080, or allow_private_addresses in a private network`,
		},
		{map[string]string{"longitude": "3.7"}, `longitude (--longitude) is set without latitude; use both or neither`},
		{
			map[string]string{"longitude": "3.7", "latitude": "north"}, // the wrong one is told, not the pair
			`latitude (--latitude): "north" is not accepted; use degrees from -90 to 90, north positive`,
		},
	} {
		_, err := config.Load(config.Sources{Flags: test.flags})
		if test.want != "" {
			wantError(t, err, test.want)
		} else if err != nil {
			t.Errorf("%v: %v", test.flags, err)
		}
	}
}

func TestInstance(t *testing.T) {
	c := load(t, config.Sources{Flags: map[string]string{
		"host": "Commons.Example.org:443", "name": " Ghent ", "country": "be", "latitude": "51.05", "longitude": "3.72",
	}})
	want := directory.Instance{
		Host: "commons.example.org", Scheme: "https", Name: "Ghent", Language: "en", Country: "BE",
		Point: &directory.Point{Latitude: 51.05, Longitude: 3.72},
	}
	if diff := cmp.Diff(want, c.Instance()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRequire(t *testing.T) {
	c := load(t, config.Sources{Flags: map[string]string{"name": "x"}})
	if err := c.Require("name", "listen"); err != nil {
		t.Errorf("got %v", err)
	}
	err := c.Require("name", "host")
	wantError(t, err, "host is not set; use a host name such as commons.example.org, with :PORT if it is not the scheme's own, "+
		"given as --host, COMMONAGE_HOST or in commonage.toml")
}

func TestDatabaseDSN(t *testing.T) {
	for _, test := range []struct{ dir, database, want string }{
		{"/srv/c", "sqlite:c.db", "sqlite:/srv/c/c.db"},
		{"d", "sqlite:sub/c.db", "sqlite:d/sub/c.db"},
		{"/srv/c", "sqlite:/var/c.db", "sqlite:/var/c.db"},
		{"/srv/c", "postgresql://u:p@h/c", "postgres://u:p@h/c"},
	} {
		c := load(t, config.Sources{Flags: map[string]string{"data_dir": test.dir, "database": test.database}})
		if got := c.DatabaseDSN(); got != test.want {
			t.Errorf("%s in %s: got %q, want %q", test.database, test.dir, got, test.want)
		}
	}
}

func TestOrchestratorVariables(t *testing.T) {
	load(t, config.Sources{Environ: []string{
		"COMMONAGE_SERVICE_HOST=10.0.0.1", "COMMONAGE_SERVICE_PORT_HTTP=80", "COMMONAGE_PORT=tcp://10.0.0.1:80", "COMMONAGE_PORT_80_TCP_ADDR=10.0.0.1",
	}})
}

// listHead stands above the table; ' is written as a backquote.
const listHead = `# Settings

Each of these can stand in the file 'commonage.toml', in the environment as
'COMMONAGE_' and the name in upper case ('COMMONAGE_DATA_DIR'), and on the
command line ('--data-dir'). The command line goes before the environment, and
that before the file. An empty environment variable counts as not set.
'COMMONAGE_DATABASE_FILE' may name a file that holds the address of the database,
and 'COMMONAGE_MEDIA_SECRET_KEY_FILE' one that holds that key.

'commonage config' prints what holds and where it came from. This page is
written by 'go test ./config -update' from the table in 'setting.go'.

`

// TestList keeps SETTINGS.md the list that the table gives.
func TestList(t *testing.T) {
	var got bytes.Buffer
	got.WriteString(strings.ReplaceAll(listHead, "'", "`"))
	if err := config.WriteList(&got); err != nil {
		t.Fatal(err)
	}
	golden(t, "SETTINGS.md", got.Bytes())
}

func TestWriteTOML(t *testing.T) {
	c := load(t, config.Sources{Flags: map[string]string{
		"host": "commons.example.org", "name": `The "Commons"`, "description": "one\ntwo", "latitude": "-33.9", "longitude": "151",
		"database": "postgres://u:secret@h/c", "allow_private_addresses": "true", "workers": "4",
	}})
	var got bytes.Buffer
	if err := c.WriteTOML(&got); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "written.toml"), got.Bytes())
}

// golden compares got with a file, or rewrites the file.
func golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s, rewritten with -update (-want +got)\n%s", path, diff)
	}
}

// TestWrittenIsRead: whatever is accepted as flags comes back from the file
// that WriteTOML writes.
func TestWrittenIsRead(t *testing.T) {
	letters := rapid.RuneFrom([]rune(" \t\"'\\#=[]{}\u00a0\u2028\U0001f331"), unicode.L)
	rapid.Check(t, func(t *rapid.T) {
		flags := map[string]string{
			"name":        "x" + rapid.StringOfN(letters, 0, 100, -1).Draw(t, "name"),
			"description": rapid.StringOfN(rapid.OneOf(letters, rapid.Just('\n')), 0, 100, -1).Draw(t, "description"),
			"data_dir":    "x" + rapid.StringOfN(letters, 0, 100, -1).Draw(t, "data_dir"),
			"workers":     strconv.Itoa(rapid.IntRange(1, 1024).Draw(t, "workers")),
		}
		if rapid.Bool().Draw(t, "point") {
			flags["latitude"] = rapid.StringMatching(`-?[0-8][0-9](\.[0-9]{1,9})?`).Draw(t, "latitude")
			flags["longitude"] = rapid.StringMatching(`-?[0-9]{1,2}(e-[0-9]{1,2})?`).Draw(t, "longitude")
		}
		before, err := config.Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := before.WriteTOML(&file); err != nil {
			t.Fatal(err)
		}
		after, err := config.ParseFile("written", file.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, file.String())
		}
		if diff := cmp.Diff(values(before), values(after)); diff != "" {
			t.Errorf("(-before +after)\n%s", diff)
		}
	})
}

func values(c *config.Config) map[string]string {
	all := map[string]string{}
	for _, e := range c.Redacted() {
		all[e.Key] = e.Value
	}
	return all
}

// FuzzFile: no file stops the program, every fault says where it is, and what
// is accepted can be written and read again.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "host = \"a.example\"\nworkers = 3\n", "name = '''x\ny'''", "[a]\nb = 1", "a.b.c = 1", "[[name]]", "latitude = 1e3\nlongitude = 0x10",
		"\"\\u0000\" = 1", "name = \"\\u0007\"", "x = [[[[1]]]]", "database = \"postgres://u:p@h/d\"", "\ufeffname = \"a\"", "# only\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4<<10 {
			t.Skip("what bounds a file's size is tested elsewhere")
		}
		c, err := config.ParseFile("f", data)
		if err != nil {
			var faults config.SettingErrors
			if !errors.As(err, &faults) {
				t.Fatalf("not a SettingErrors: %v", err)
			}
			for _, e := range faults {
				if !strings.HasPrefix(e.Source, "f") && e.Source != "default" {
					t.Errorf("%v has no place", e)
				}
			}
			return
		}
		var file bytes.Buffer
		if err := c.WriteTOML(&file); err != nil {
			t.Fatal(err)
		}
		if _, err := config.ParseFile("written", file.Bytes()); err != nil {
			t.Errorf("%v\n%s", err, file.String())
		}
	})
}
