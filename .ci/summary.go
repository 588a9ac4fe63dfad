//go:build ignore

// Command summary reads what `go test -json` prints and prints it for people:
// a line for each package, everything that tests which did not pass had to say,
// and at the end what was skipped and why, what took longest, and the totals.
//
//	go test -json ./... | go run .ci/summary.go
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// result is what is known of a test.
type result struct {
	name   string
	action string // "pass", "fail", "skip"; empty until it ends
	output []string
}

// timed is a test and how many seconds it took.
type timed struct {
	name    string
	seconds float64
}

// summary collects events.
type summary struct {
	tests          map[string][]*result // by package, in the order of starting
	said           map[string]string    // by package, outside its tests
	skipped        []string
	slow           []timed
	passed, failed int
	packages       int
	broken         []string // packages that failed, for a test or before any
}

func main() {
	s := summary{tests: map[string][]*result{}, said: map[string]string{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		s.add(e)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	s.print()
}

// add takes in one event and prints what is due.
func (s *summary) add(e event) {
	switch {
	case e.Package == "" || e.Action == "build-output":
		fmt.Print(e.Output)
	case e.Test != "":
		s.addTest(e)
	case e.Action == "output":
		if e.Output != "PASS\n" && e.Output != "FAIL\n" {
			s.said[e.Package] += e.Output
		}
	case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
		s.endPackage(e)
	}
}

// addTest takes in an event of a test.
func (s *summary) addTest(e event) {
	var test *result
	for _, r := range s.tests[e.Package] {
		if r.name == e.Test {
			test = r
		}
	}
	if test == nil {
		test = &result{name: e.Test}
		s.tests[e.Package] = append(s.tests[e.Package], test)
	}
	if e.Elapsed > 0 && !strings.Contains(e.Test, "/") {
		s.slow = append(s.slow, timed{e.Package + " " + e.Test, e.Elapsed})
	}
	switch e.Action {
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			test.output = append(test.output, e.Output)
		}
	case "pass":
		s.passed++
		test.action, test.output = e.Action, nil
	case "fail":
		s.failed++
		test.action = e.Action
	case "skip":
		test.action = e.Action
		s.skipped = append(s.skipped, e.Package+" "+e.Test+": "+reason(test.output))
	}
}

// endPackage prints the output of the tests of a package that failed or never
// ended, and then what the package itself said.
func (s *summary) endPackage(e event) {
	if len(s.tests[e.Package]) > 0 {
		s.packages++
	}
	if e.Action == "fail" {
		s.broken = append(s.broken, e.Package)
	}
	for _, test := range s.tests[e.Package] {
		if e.Action == "fail" && test.action != "pass" && test.action != "skip" {
			fmt.Print(strings.Join(test.output, ""))
		}
	}
	fmt.Print(s.said[e.Package])
	delete(s.tests, e.Package)
	delete(s.said, e.Package)
}

// reason returns why a test was skipped, from its output.
func reason(output []string) string {
	var words []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, after, ok := strings.Cut(line, ".go:"); ok {
			if _, text, ok := strings.Cut(after, ": "); ok {
				line = text
			}
		}
		words = append(words, line)
	}
	return strings.Join(words, " ")
}

// print prints the end.
func (s *summary) print() {
	if len(s.broken) > 0 {
		fmt.Println("\nFailed:")
	}
	for _, name := range s.broken {
		fmt.Println("  " + name)
	}
	if len(s.skipped) > 0 {
		fmt.Println("\nSkipped:")
	}
	for _, line := range s.skipped {
		fmt.Println("  " + line)
	}
	fmt.Println("\nLongest, in seconds:")
	slices.SortFunc(s.slow, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	for _, t := range s.slow[:min(len(s.slow), 15)] {
		fmt.Printf("  %5.0f  %s\n", t.seconds, t.name)
	}
	fmt.Printf("\n%d tests passed, %d failed, %d skipped, in %d packages\n", s.passed, s.failed, len(s.skipped), s.packages)
}
