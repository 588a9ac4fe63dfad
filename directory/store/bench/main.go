// Command bench prints how fast searches are in directories of some sizes: of
// this program on SQLite and on PostgreSQL, of bleve, and of PostgreSQL's own
// full text search, all on the same data and with the same questions, while a
// writer changes 50 entries a second.
//
//	make bench-search SIZES=10000,100000
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options is what is measured.
type options struct {
	engine   string
	size     int
	dir      string // where files are kept
	postgres string // URL of a server
	load     bool
	times    int           // questions of each kind
	rate     int           // changes a second
	most     time.Duration // for the questions of one kind
	profile  string        // folder for profiles; "" for none
	only     string        // kinds of question with this in their name
}

func main() {
	var o options
	sizes := flag.String("sizes", "10000,100000,1000000", "how many entries")
	engines := flag.String("engines", "sqlite,postgres,bleve,plain", "what is measured")
	flag.StringVar(&o.engine, "engine", "", "of a child: what it measures")
	flag.IntVar(&o.size, "size", 0, "of a child: how many entries")
	flag.StringVar(&o.dir, "dir", "", "keep the databases here, and use those that are there")
	flag.BoolVar(&o.load, "load", false, "of a child: fill the database")
	flag.IntVar(&o.times, "times", 300, "questions of each kind")
	flag.IntVar(&o.rate, "rate", 50, "changes a second")
	flag.StringVar(&o.profile, "profile", "", "write profiles of the start into this folder")
	flag.DurationVar(&o.most, "most", time.Minute, "time for the questions of one kind")
	flag.StringVar(&o.only, "only", "", "ask only kinds of question with this in their name")
	flag.Parse()
	o.postgres = os.Getenv("TEST_POSTGRES")
	var err error
	if o.engine != "" {
		err = child(context.Background(), o)
	} else {
		err = parent(o, split(*sizes), split(*engines))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func split(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// line is one figure.
type line struct{ Name, Figure string }

// parent measures each engine in processes of its own, so that the memory is
// that of one, and prints a table for each size.
func parent(o options, sizes, engines []string) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.dir = dir
	}
	for _, text := range sizes {
		size, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("size %q is no number", text)
		}
		o.size = size
		var names []string
		figures := map[string]map[string]string{}
		for _, engine := range engines {
			o.engine = engine
			for _, load := range []bool{true, false} {
				o.load = load
				lines, err := run(o)
				if err != nil {
					fmt.Fprintf(os.Stderr, "%s, %d entries: %v\n", engine, size, err)
				}
				for _, l := range lines {
					if figures[l.Name] == nil {
						names = append(names, l.Name)
						figures[l.Name] = map[string]string{}
					}
					figures[l.Name][engine] = l.Figure
				}
			}
		}
		print(o, names, engines, figures)
	}
	return nil
}

// run measures in a child.
func run(o options) ([]line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-engine", o.engine, "-size", strconv.Itoa(o.size), "-dir", o.dir,
		"-times", strconv.Itoa(o.times), "-rate", strconv.Itoa(o.rate), "-load="+strconv.FormatBool(o.load), "-profile", o.profile, "-only", o.only, "-most", o.most.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var lines []line
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		var l line
		if json.Unmarshal(scanner.Bytes(), &l) == nil {
			lines = append(lines, l)
			fmt.Fprintf(os.Stderr, "  %-9s %-36s %s\n", o.engine, l.Name, l.Figure)
		}
	}
	return lines, cmd.Wait()
}

func print(o options, names, engines []string, figures map[string]map[string]string) {
	fmt.Printf("\n%d entries, %d changes a second, %d questions of each kind, %d cores, %s; p50 / p99 in ms\n",
		o.size, o.rate, o.times, runtime.NumCPU(), runtime.Version())
	fmt.Printf("%-36s", "")
	for _, engine := range engines {
		fmt.Printf("%20s", engine)
	}
	fmt.Println()
	for _, name := range names {
		fmt.Printf("%-36s", name)
		for _, engine := range engines {
			fmt.Printf("%20s", figures[name][engine])
		}
		fmt.Println()
	}
}

func note(name, format string, args ...any) {
	b, err := json.Marshal(line{name, fmt.Sprintf(format, args...)})
	if err == nil {
		fmt.Println(string(b))
	}
}

func noteTimes(name string, all []time.Duration) {
	slices.Sort(all)
	at := func(percent int) float64 { return all[(len(all)-1)*percent/100].Seconds() * 1000 }
	note(name, "%.1f / %.1f", at(50), at(99))
}

// processor returns the processor time that this process has used. Per question
// it tells more than the clock on a machine that does other things too; that of
// a PostgreSQL server is not in it, that of the writer and the collector is.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns a line of the process's status in MB.
func resident(name string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(text)) {
		if f := strings.Fields(l); len(f) == 3 && f[0] == name+":" {
			n, _ := strconv.Atoi(f[1])
			return n >> 10
		}
	}
	return 0
}

func sizeOf(dir string) string {
	total := int64(0)
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			total += info.Size()
		}
		return nil
	})
	return fmt.Sprintf("%d MB", total>>20)
}

// profiled runs f and writes its profile, if wanted, and that of the heap.
func profiled(dir, name string, f func() error) error {
	if dir == "" {
		return f()
	}
	file, err := os.Create(filepath.Join(dir, name+".cpu"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	err = f()
	pprof.StopCPUProfile()
	heap, failed := os.Create(filepath.Join(dir, name+".heap"))
	if failed != nil {
		return failed
	}
	defer heap.Close()
	runtime.GC()
	return errors.Join(err, pprof.WriteHeapProfile(heap))
}
