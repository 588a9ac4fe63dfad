package main_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// journal collects what a process prints while it runs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// threePorts returns the first of three ports in a row that are free.
func threePorts(t testing.TB) int {
	t.Helper()
	for range 100 {
		first := freePort(t)
		free := true
		for port := first; port < first+3; port++ {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
			if free = free && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no three ports in a row are free")
	return 0
}

// demo is `commonage demo` under way.
type demo struct {
	cmd    *exec.Cmd
	temp   string
	stdout journal
	stderr journal
	ended  chan error
}

func startDemo(t testing.TB, port int) *demo {
	t.Helper()
	d := &demo{temp: t.TempDir(), ended: make(chan error, 1)}
	d.cmd = exec.Command(program(t), "demo", "--port", strconv.Itoa(port))
	d.cmd.Dir = t.TempDir()
	d.cmd.Env = append(environment(), "TMPDIR="+d.temp)
	d.cmd.Stdout, d.cmd.Stderr = &d.stdout, &d.stderr
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Signal(syscall.SIGINT) // its servers end with it
	})
	return d
}

// children lists the processes that serve the demo's cities.
func (d *demo) children(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(all) == 0 {
		t.Skip("there is no /proc to look for processes in")
	}
	var found []string
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(d.cmd.Process.Pid) {
			found = append(found, filepath.Base(filepath.Dir(path)))
		}
	}
	return found
}

// TestDemo takes the path that the demo promises: three cities, each with all
// entries, a change that travels, and nothing left after Ctrl-C.
func TestDemo(t *testing.T) {
	t.Parallel() // most of the time is waiting
	program(t)   // so that building is not counted
	port := threePorts(t)
	began := time.Now()
	d := startDemo(t, port)
	eventually(t, patience, func() error {
		if out := d.stdout.String(); !strings.Contains(out, "Ctrl-C ends the demo.") {
			return fmt.Errorf("the demo has said %q %q", out, d.stderr.String())
		}
		return nil
	})
	t.Logf("ready after %v", time.Since(began))
	said := d.stdout.String()
	total, err := strconv.Atoi(regexp.MustCompile(`(\d+) initiatives on each map`).FindStringSubmatch(said + "0 initiatives on each map")[1])
	if err != nil || total < 60 {
		t.Fatalf("%d entries are promised in\n%s", total, said)
	}
	var cities []*city
	for k, name := range []string{"ghent", "barcelona", "melbourne"} {
		c := &city{t: t, host: fmt.Sprintf("%s.localhost:%d", name, port+k)}
		cities = append(cities, c)
		if !strings.Contains(said, "http://"+c.host+"/") {
			t.Errorf("the address of %s is not in\n%s", c.host, said)
		}
		if err := c.has(total); err != nil {
			t.Error(err)
		}
		for _, path := range []string{"/", "/search?q=repair", "/network", "/about", "/forms"} {
			path, query, _ := strings.Cut(path, "?")
			if _, err := c.get(path, query); err != nil {
				t.Error(err)
			}
		}
	}
	same(t, cities[0], cities[1])
	same(t, cities[0], cities[2])
	if n := len(d.children(t)); n != 3 {
		t.Errorf("%d processes serve the cities", n)
	}

	tryDemo(t, said)
	eventually(t, seconds, func() error {
		found, err := cities[1].search("q=seed library")
		if err == nil && (found.Total == 0 || found.Items[0].Name != "Ghent Seed Library") {
			err = fmt.Errorf("%s finds %+v", cities[1].host, found.Items)
		}
		return err
	})
	endDemo(t, d)
}

// tryDemo does in a shell what the demo says to try.
func tryDemo(t *testing.T, said string) {
	t.Helper()
	script := ""
	for block := range strings.SplitSeq(said, "\n\n") {
		if strings.Contains(block, "initiative add") {
			script = block
		}
	}
	if script == "" {
		t.Fatalf("the demo gives nothing to try:\n%s", said)
	}
	shell := exec.Command("sh", "-ec", script)
	shell.Dir, shell.Env = t.TempDir(), environment()
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// endDemo presses Ctrl-C, which a terminal and make may both pass on, and looks
// for what is left.
func endDemo(t *testing.T, d *demo) {
	t.Helper()
	children := d.children(t)
	for range 2 {
		if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-d.ended:
		if err != nil {
			t.Errorf("the demo ended with %v\n%s", err, d.stderr.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("the demo does not end\n%s", d.stderr.String())
	}
	for _, pid := range children {
		if _, err := os.Stat("/proc/" + pid); err == nil {
			t.Errorf("process %s is left", pid)
		}
	}
	if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestDemoInterrupted: Ctrl-C before the demo is ready leaves nothing either.
func TestDemoInterrupted(t *testing.T) {
	d := startDemo(t, threePorts(t))
	eventually(t, patience, func() error {
		if n := len(d.children(t)); n == 0 {
			return fmt.Errorf("no server runs yet: %s", d.stderr.String())
		}
		return nil
	})
	endDemo(t, d)
}

// TestDemoPortTaken: the demo says so, and leaves nothing.
func TestDemoPortTaken(t *testing.T) {
	port := threePorts(t)
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d := startDemo(t, port)
	if err := <-d.ended; err == nil {
		t.Error("it ended well")
	}
	want := fmt.Sprintf("commonage: port %d is taken; give another one with --port", port+1)
	if got := d.stderr.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
