// Command simulate runs the decisions of federation/peering, the very functions
// that a server runs, in a network of thousands of instances with a simulated
// clock: no sockets, no entries. The same seed gives the same figures.
//
//	go run ./federation/peering/simulate -n 10000
//
// It prints how fast instances find each other, how fast and at what cost changes
// reach everybody, what an idle network costs and what hostile hosts achieve.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// settings are what a run is about.
type settings struct {
	instances int
	seed      uint64
	hostile   float64 // share of instances
	down      float64 // share of instances at any time
	lost      float64 // share of messages
	hours     int     // that finding each other may take
}

func main() {
	s := settings{hostile: 0.01, down: 0.01, lost: 0.05}
	flag.IntVar(&s.instances, "n", 10000, "instances")
	flag.Uint64Var(&s.seed, "seed", 1, "what chance is made from")
	flag.IntVar(&s.hours, "hours", 24*30, "the most that finding each other is followed, in simulated hours")
	flag.Parse()
	if s.instances < 100 || s.instances > 60000 {
		fmt.Fprintln(os.Stderr, "simulate: -n is from 100 to 60000")
		os.Exit(2) //nolint:forbidigo // a program of its own
	}
	s.run(os.Stdout)
}

// run simulates everything and prints what came of it.
func (s settings) run(out io.Writer) {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) } //nolint:errcheck // standard output
	began := time.Now()
	say("%d instances, seed %d; %.0f%% down at any time, %.0f%% of messages lost, %.0f%% hostile",
		s.instances, s.seed, 100*s.down, 100*s.lost, 100*s.hostile)
	if s.hours > 0 {
		s.discover(say)
	}
	say("\n-- everybody carries everybody (%d peers each)", s.instances-1)
	s.changes(say, everybody(s.instances))
	say("\n-- a power law of peers, chosen by operators")
	s.changes(say, powerLaw(s.instances, s.chance("graph")))
	say("\nsimulated in %s", time.Since(began).Round(time.Second))
}

// chance returns randomness for one part of the run, so that a change of one
// part leaves the others as they are.
func (s settings) chance(part string) *rand.Rand {
	var n uint64
	for _, c := range part {
		n = n*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(s.seed, n)) //nolint:gosec // the same each time, on purpose
}

// printer prints a line.
type printer func(format string, args ...any)
