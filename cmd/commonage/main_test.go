package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
)

// outcome is what a run of the program leaves.
type outcome struct {
	code           int
	stdout, stderr string
}

// invoke runs the program with the arguments. Tests that read settings
// go to an empty folder first.
func invoke(t testing.TB, args ...string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args   string
		code   int
		stderr string // how it begins
	}{
		{"", exitOK, ""},
		{"--help", exitOK, ""},
		{"--version", exitOK, ""},
		{"help settings", exitOK, ""},
		{"config --host=a.example", exitOK, ""},
		{"confgi", exitUsage, "commonage: unknown command \"confgi\" for \"commonage\"\n\nDid you mean this?\n\tconfig\n"},
		{"config extra", exitUsage, "commonage: 'commonage config' takes no arguments, and \"extra\" was given; a flag that is on or off is --flag or --flag=false\nTry 'commonage config --help'.\n"},
		{"config --data_dir=x --host=a.example", exitOK, ""},
		{"config --hots=a", exitUsage, "commonage: unknown flag: --hots\nTry"},
		{"config --format=xml", exitUsage, "commonage: --format: \"xml\" is not accepted; use text or toml\nTry"},
		{"config --workers=many", exitUsage, "commonage: workers (--workers): \"many\" is not accepted; use a whole number from 1 to 1024\n"},
		{"config --config=missing", exitUsage, "commonage: --config: \"missing\" cannot be read: no such file or directory\n"},
		{"health --listen=127.0.0.1:1", exitFailure, "commonage: ask for the server's health: Get \"http://127.0.0.1:1/healthz\":"},
	} {
		got := invoke(t, strings.Fields(test.args)...)
		if got.code != test.code || !strings.HasPrefix(got.stderr, test.stderr) || (test.stderr == "") != (got.stderr == "") {
			t.Errorf("commonage %s\ngot  %d %q\nwant %d %q", test.args, got.code, got.stderr, test.code, test.stderr)
		}
	}
}

func TestConfigCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(config.DefaultFile, []byte("host = \"a.example\"\ndescription = \"one\\ntwo\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COMMONAGE_DATABASE", "postgres://u:hunter2@h/c")
	got := invoke(t, "config", "--allow-private-addresses")
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	rows := map[string]string{}
	for row := range strings.Lines(got.stdout) {
		fields := strings.Fields(row)
		rows[fields[0]] = strings.Join(fields[1:], " ")
	}
	for key, want := range map[string]string{
		"host": "a.example commonage.toml:1", "description": `"one\ntwo" commonage.toml:2`,
		"database": "postgres://u@h/c COMMONAGE_DATABASE", "allow_private_addresses": "true --allow-private-addresses",
		"listen": "127.0.0.1:8080 default",
	} {
		if rows[key] != want {
			t.Errorf("%s: got %q, want %q", key, rows[key], want)
		}
	}
	if strings.Contains(got.stdout, "hunter2") {
		t.Error("the password is printed")
	}
}

// TestConfigAsTOML: what is printed as a settings file is one.
func TestConfigAsTOML(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"config", "--format=toml", "--host=a.example", "--name=The # \"Commons\"", "--latitude=1", "--longitude=-2.5", "--workers=3"}
	first := invoke(t, args...)
	if err := os.WriteFile("printed.toml", []byte(first.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	second := invoke(t, "config", "--format=toml", "--config=printed.toml")
	if diff := cmp.Diff(values(first.stdout), values(second.stdout)); diff != "" || second.code != exitOK {
		t.Errorf("exit %d %s (-first +second)\n%s", second.code, second.stderr, diff)
	}
}

// values drops the sources after the last #.
func values(printed string) []string {
	var all []string
	for row := range strings.Lines(printed) {
		all = append(all, row[:strings.LastIndex(row, "#")])
	}
	return all
}

func TestVersion(t *testing.T) {
	got := invoke(t, "version")
	if got.code != exitOK || !strings.HasPrefix(got.stdout, "commonage ") || !strings.Contains(got.stdout, "\ngo1.") {
		t.Errorf("got %+v", got)
	}
}

func TestHealth(t *testing.T) {
	t.Chdir(t.TempDir())
	status, asked := http.StatusOK, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Host + r.URL.Path
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	args := []string{"health", "--host=a.example", "--listen=0.0.0.0:" + port}

	if got := invoke(t, args...); got.code != exitOK || asked != "a.example/healthz" {
		t.Errorf("got %+v after asking %q", got, asked)
	}
	status = http.StatusServiceUnavailable
	if got := invoke(t, args...); got.code != exitFailure || !strings.Contains(got.stderr, "503") {
		t.Errorf("got %+v", got)
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		":80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80", "10.0.0.1:80": "10.0.0.1:80", "localhost:80": "localhost:80",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("%s: got %s, want %s", listen, got, want)
		}
	}
}

// TestHelpIsComplete: every command says what it does and shows how.
func TestHelpIsComplete(t *testing.T) {
	root := newRoot(newApp(strings.NewReader(""), io.Discard, io.Discard))
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the short text %q should be there, without a full stop", cmd.CommandPath(), cmd.Short)
		}
		if cmd.RunE != nil && !cmd.HasSubCommands() && !cmd.Hidden && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if cmd.Run != nil {
			t.Errorf("%s has Run, whose errors are lost; use RunE", cmd.CommandPath())
		}
		for _, child := range cmd.Commands() {
			visit(child)
		}
	}
	visit(root)
}

// TestHelpShowsOwnFlags: the settings do not hide them.
func TestHelpShowsOwnFlags(t *testing.T) {
	got := invoke(t, "config", "--help")
	if !strings.Contains(got.stdout, "--format") || strings.Contains(got.stdout, "--data-dir") {
		t.Errorf("got\n%s", got.stdout)
	}
	topic := invoke(t, "help", "settings")
	for _, o := range config.Options() {
		if !strings.Contains(topic.stdout, "--"+o.Flag+", "+o.Env+"\n") {
			t.Errorf("%s is missing from\n%s", o.Key, topic.stdout)
		}
	}
}

func TestGroup(t *testing.T) {
	leaf := &cobra.Command{Use: "sync", Short: "Sync", RunE: func(*cobra.Command, []string) error { return errors.New("no peer") }}
	for _, test := range []struct {
		args string
		want string
	}{
		{"", ""},
		{"sync", "no peer"},
		{"snyc", `unknown command "snyc" for "peer"; did you mean sync?`},
		{"xyzzy", `unknown command "xyzzy" for "peer"`},
	} {
		group := newGroup("peer", "Peers", leaf)
		group.SilenceErrors, group.SilenceUsage = true, true
		group.SetOut(io.Discard)
		group.SetArgs(strings.Fields(test.args))
		err := group.Execute()
		if got := text(err); got != test.want {
			t.Errorf("%s: got %q, want %q", test.args, got, test.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	code := run(ctx, []string{"health"}, strings.NewReader(""), io.Discard, &stderr)
	if got, want := stderr.String(), "commonage: interrupted\n"; code != exitFailure || got != want {
		t.Errorf("got %d %q, want %q", code, got, want)
	}
}

// TestSettingsRequired: a command can insist on a setting.
func TestSettingsRequired(t *testing.T) {
	t.Chdir(t.TempDir())
	a := newApp(strings.NewReader(""), io.Discard, io.Discard)
	newRoot(a)
	var faults config.SettingErrors
	if _, err := a.settings("host"); !errors.As(err, &faults) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(".", config.DefaultFile), []byte(`host = "a.example"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.settings("host"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestLogger(t *testing.T) {
	for format, want := range map[string]string{config.LogText: "msg=started", config.LogJSON: `"msg":"started"`} {
		var stderr strings.Builder
		a := newApp(strings.NewReader(""), io.Discard, &stderr)
		c := config.Default()
		c.LogFormat = format
		log := a.logger(c)
		log.Debug("hidden")
		log.Info("started")
		if got := stderr.String(); !strings.Contains(got, want) || strings.Contains(got, "hidden") {
			t.Errorf("%s: got %q", format, got)
		}
	}
}
