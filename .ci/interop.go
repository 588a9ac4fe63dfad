//go:build ignore

// Command interop reads what `go test -json -run '^TestInterop$'` prints and
// prints the cases of the interoperability contract as a table: id, what it
// says, whether it passed. What those that failed had to say comes after it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct{ Action, Test, Output, Key, Value string }

// row is a case.
type row struct {
	id, says, result string
	output           []string
}

// table is the cases in the order in which they began.
type table struct {
	rows []*row
	said []string // outside any case
}

func main() {
	var t table
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			t.add(e)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
	if !t.print() {
		os.Exit(1)
	}
}

// add takes in one event.
func (t *table) add(e event) {
	name, ok := strings.CutPrefix(e.Test, "TestInterop/")
	if !ok {
		if e.Output != "" {
			t.said = append(t.said, e.Output)
		}
		return
	}
	id, within, _ := strings.Cut(name, "/")
	r := t.row(id)
	switch {
	case e.Action == "attr" && e.Key == "says":
		r.says = e.Value
	case e.Action == "output" && !strings.HasPrefix(e.Output, "=== "):
		r.output = append(r.output, e.Output)
	case within != "":
	case e.Action == "pass":
		r.result = "passed"
	case e.Action == "fail":
		r.result = "FAILED"
	case e.Action == "skip":
		r.result = "skipped"
	}
}

func (t *table) row(id string) *row {
	for _, r := range t.rows {
		if r.id == id {
			return r
		}
	}
	r := &row{id: id, result: "did not end"}
	t.rows = append(t.rows, r)
	return r
}

// print prints the table and reports whether every case passed.
func (t *table) print() bool {
	passed := 0
	fmt.Println("| id | what it says | result |\n| --- | --- | --- |")
	for _, r := range t.rows {
		fmt.Printf("| %s | %s | %s |\n", r.id, r.says, r.result)
		if r.result == "passed" {
			passed++
		}
	}
	fmt.Printf("\n%d of %d cases passed\n", passed, len(t.rows))
	for _, r := range t.rows {
		if r.result != "passed" {
			fmt.Printf("\n%s\n%s", r.id, strings.Join(r.output, ""))
		}
	}
	if len(t.rows) == 0 {
		fmt.Print(strings.Join(t.said, ""))
	}
	return passed == len(t.rows) && passed > 0
}
