package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// city is an instance with a database and a settings file of its own. Its
// server may run or not.
type city struct {
	t        testing.TB
	host     string
	listen   string
	dir      string
	settings string
	database string // its address
	server   *server
}

// server is a process that serves a city.
type server struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	err   error         // how it ended
}

// database makes the address of a fresh database for the instance in dir.
type database func(t testing.TB, dir string) string

func onSQLite(_ testing.TB, dir string) string { return "sqlite:" + filepath.Join(dir, "commonage.db") }

func onPostgres(t testing.TB, _ string) string {
	t.Helper()
	return storetest.PostgresAddress(t)
}

// onEach runs the test with cities on either database.
func onEach(t *testing.T, test func(t *testing.T, db database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres) })
}

// newCity writes the settings of a new instance. Nothing runs yet.
func newCity(t testing.TB, name string, db database) *city {
	t.Helper()
	dir := t.TempDir()
	port := freePort(t)
	c := &city{
		t: t, host: fmt.Sprintf("%s.localhost:%d", name, port), listen: fmt.Sprintf("127.0.0.1:%d", port),
		dir: dir, settings: filepath.Join(dir, "commonage.toml"),
	}
	c.database = db(t, dir)
	c.write(c.database)
	return c
}

func (c *city) write(address string) {
	c.t.Helper()
	text := fmt.Sprintf("host = %q\nscheme = \"http\"\nlisten = %q\ndata_dir = %q\ndatabase = %q\n"+
		"name = %q\nallow_private_addresses = true\n",
		c.host, c.listen, c.dir, address, "Commons of "+c.host)
	if err := os.WriteFile(c.settings, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// set changes a line of the settings.
func (c *city) set(old, line string) {
	c.t.Helper()
	text, err := os.ReadFile(c.settings)
	if err == nil && !strings.Contains(string(text), old) {
		err = fmt.Errorf("there is no %q", old)
	}
	if err == nil {
		err = os.WriteFile(c.settings, []byte(strings.Replace(string(text), old, line, 1)), 0o600)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// given holds the ports that tests have, though their servers may be away.
var given sync.Map

// freePort returns a port that nothing uses. It is below those that the system
// gives to outgoing connections, so that it stays free while a server is away.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 18000 + rand.N(14000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			l.Close()
			if _, taken := given.LoadOrStore(port, true); !taken {
				return port
			}
		}
	}
	t.Fatal("no port is free")
	return 0
}

// start runs the server and waits until it answers.
func (c *city) start() *city {
	c.t.Helper()
	c.launch()
	eventually(c.t, 20*time.Second, func() error {
		select {
		case <-c.server.ended:
			c.t.Fatalf("the server of %s ended: %v\n%s", c.host, c.server.err, c.journal(20))
		default:
		}
		_, err := c.get("/healthz", "")
		return err
	})
	return c
}

// launch runs the server and waits for nothing.
func (c *city) launch() {
	c.t.Helper()
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close() // the process has its own
	cmd := exec.Command(program(c.t), "serve", "--config", c.settings)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, environment(), log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	s := &server{cmd: cmd, ended: make(chan struct{})}
	go func() {
		s.err = cmd.Wait()
		close(s.ended)
	}()
	c.server = s
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.ended
		if c.t.Failed() && c.server == s {
			c.t.Logf("the end of the journal of %s:\n%s", c.host, c.journal(40))
		}
	})
}

func (c *city) log() string { return c.settings + ".log" }

// journal returns the last lines that the server logged, but for those about
// requests.
func (c *city) journal(lines int) string {
	text, _ := os.ReadFile(c.log())
	all := slices.DeleteFunc(strings.Split(string(text), "\n"), func(l string) bool {
		return strings.Contains(l, "msg=answered")
	})
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// stop ends the server as an operator does; it must end well.
func (c *city) stop() {
	c.t.Helper()
	if err := c.server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	select {
	case <-c.server.ended:
		if c.server.err != nil {
			c.t.Fatalf("the server of %s ended with %v\n%s", c.host, c.server.err, c.journal(20))
		}
	case <-time.After(20 * time.Second):
		c.t.Fatalf("the server of %s does not stop\n%s", c.host, c.journal(20))
	}
}

// kill ends the server where it stands.
func (c *city) kill() {
	c.t.Helper()
	if err := c.server.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	<-c.server.ended
}

// try calls the program with the city's settings.
func (c *city) try(args ...string) result {
	c.t.Helper()
	return runCommand(c.t, command{args: append(args, "--config", c.settings), dir: c.dir})
}

// do is try for what must succeed; it returns what was printed.
func (c *city) do(args ...string) string {
	c.t.Helper()
	r := c.try(args...)
	if r.code != 0 {
		c.t.Fatalf("commonage %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// web is a client that finds every city on this machine.
func web() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 16,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				return dialer.DialContext(ctx, network, "127.0.0.1:"+port)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// statusError is an answer other than 200.
type statusError struct {
	path, body string
	status     int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: status %d: %.200s", e.path, e.status, e.body)
}

// get returns the body at a path of the city. A query may be written as people
// do: its spaces and letters are escaped here.
func (c *city) get(path, query string) (string, error) {
	values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B"))
	if err != nil {
		return "", err
	}
	client := web()
	defer client.CloseIdleConnections()
	u := url.URL{Scheme: "http", Host: c.host, Path: path, RawQuery: values.Encode()}
	if c.listen != "" {
		u.Host = c.listen
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	req.Host = c.host
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &statusError{u.RequestURI(), string(body), resp.StatusCode}
	}
	return string(body), err
}

// status returns what the city answers at a path.
func (c *city) status(path string) int {
	c.t.Helper()
	_, err := c.get(path, "")
	if wrong := new(statusError); errors.As(err, &wrong) {
		return wrong.status
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return http.StatusOK
}

// entry is what the API says of an initiative.
type entry struct {
	ID, Handle, Acct, Origin, Name, Summary, URL, Kind string
	Forms                                              []string
	Place                                              struct{ Locality, Country string }
	Updated                                            time.Time
	Distance                                           float64 `json:"distance_km"`
}

// contains returns an error unless a document of the city, as other servers get
// it, has the text.
func (c *city) contains(path, text string) error {
	client := web()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+c.host+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/activity+json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(body), text) {
		err = fmt.Errorf("%s has no %s: %s", path, text, body)
	}
	return err
}

// answer is a page of the API.
type answer struct {
	Total  int
	Items  []entry
	Facets map[string][]struct {
		Value string
		Count int
	}
	Next *string
}

// search asks the API.
func (c *city) search(query string) (answer, error) {
	body, err := c.get("/api/v1/initiatives", query)
	if err != nil {
		return answer{}, err
	}
	var a answer
	return a, json.Unmarshal([]byte(body), &a)
}

// ask is search for what must be answered.
func (c *city) ask(query string) answer {
	c.t.Helper()
	a, err := c.search(query)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// everything returns every entry by id, page by page. The test fails if one
// comes twice, or if they are not as many as promised.
func (c *city) everything() map[string]entry {
	c.t.Helper()
	all := map[string]entry{}
	for cursor := ""; ; {
		a := c.ask("limit=500&cursor=" + cursor)
		for _, e := range a.Items {
			if _, ok := all[e.ID]; ok {
				c.t.Errorf("%s lists %s twice", c.host, e.ID)
			}
			all[e.ID] = e
		}
		if a.Next == nil {
			if len(all) != a.Total {
				c.t.Errorf("%s lists %d entries of %d", c.host, len(all), a.Total)
			}
			return all
		}
		cursor = *a.Next
	}
}

// has returns an error unless the city shows so many entries.
func (c *city) has(n int) error {
	a, err := c.search("limit=1")
	if err == nil && a.Total != n {
		err = fmt.Errorf("%s shows %d entries, want %d", c.host, a.Total, n)
	}
	return err
}

// same fails the test unless both cities show the same entries as of the same
// times.
func same(t testing.TB, a, b *city) {
	t.Helper()
	here, there := a.everything(), b.everything()
	for _, id := range slices.Sorted(maps.Keys(here)) {
		other, ok := there[id]
		switch {
		case !ok:
			t.Errorf("%s is missing at %s", id, b.host)
		case !other.Updated.Equal(here[id].Updated) || other.Name != here[id].Name || other.Acct != here[id].Acct:
			t.Errorf("%s differs: %+v at %s, %+v at %s", id, here[id], a.host, other, b.host)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(there)) {
		if _, ok := here[id]; !ok {
			t.Errorf("%s is missing at %s", id, a.host)
		}
	}
}

// shared returns the path of one of the shared data files, or skips the test
// where they are not.
func shared(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return path
}
