package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// BenchmarkCatchUp is a new instance that reads the whole directory of another,
// each a process with a SQLite file of its own, at two sizes. It prints for each
// the entries a second from the first page on, the processor time of both and the
// most memory that they had: what reading takes must not grow with what is read,
// but for the index in memory, which the reader has too when it starts again.
//
//	go test -run '^$' -bench CatchUp -benchtime 1x ./cmd/commonage
func BenchmarkCatchUp(b *testing.B) {
	for _, entries := range []int{7_000, 30_000} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) { catchUp(b, entries) })
	}
}

func catchUp(b *testing.B, entries int) {
	program(b) // so that building it is not measured
	for b.Loop() {
		origin, reader := newCity(b, "origin", onSQLite), newCity(b, "reader", onSQLite)
		made := fillOwn(b, origin, entries)
		origin.start()
		reader.start()
		here, there := processor(b, reader), processor(b, origin)
		reader.do("peer", "add", origin.host)
		took := reader.readsAll(origin.host, entries)
		here, there = processor(b, reader)-here, processor(b, origin)-there

		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(entries)/took.Seconds(), "entries/s")
		b.ReportMetric(took.Seconds(), "s")
		each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(entries) }
		b.ReportMetric(each(here), "reader-cpu-µs/entry")
		b.ReportMetric(each(there), "origin-cpu-µs/entry")
		b.ReportMetric(peak(b, reader), "reader-MiB")
		b.ReportMetric(peak(b, origin), "origin-MiB")
		reader.sameAs(made)
		reader.stop()
		reader.start()
		if err := reader.has(entries); err != nil {
			b.Error(err)
		}
		b.ReportMetric(peak(b, reader), "reader-again-MiB")
		reader.stop()
		origin.stop()
	}
}

// fillOwn puts made-up entries of its own into a city that does not run yet, and
// returns the digest of them all.
func fillOwn(b *testing.B, c *city, entries int) store.BucketDigest {
	b.Helper()
	c.do("migrate")
	s := c.open()
	defer s.Close()
	made := synthetic.New(1, c.host)
	var batch []store.PutEntry
	for k := range entries {
		i := made.Entry(4 * k) // the others are carried
		i.ID = "http://" + c.host + "/initiatives/" + i.Handle
		batch = append(batch, store.PutEntry{Initiative: i, Change: directory.Added})
		if len(batch) < 1000 && k < entries-1 {
			continue
		}
		if err := s.PutInitiatives(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		batch = nil
	}
	d, err := s.Digest(context.Background(), c.host)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// readsAll waits until the log of a host is read and returns how long it took
// since the host let itself be followed.
func (c *city) readsAll(host string, entries int) time.Duration {
	c.t.Helper()
	s := c.open()
	defer s.Close()
	var began time.Time
	eventually(c.t, 5*time.Minute, func() error {
		p, err := s.Peer(context.Background(), host)
		if err != nil {
			return err
		}
		if p.State == directory.PeerFollowing && began.IsZero() {
			began = time.Now()
		}
		if p.Cursor == "" || p.Backfill != "" || p.Read < entries {
			return fmt.Errorf("%d entries are read: %s", p.Read, p.LastError)
		}
		return nil
	})
	return time.Since(began)
}

// sameAs fails the benchmark unless the city carries what has the digest.
func (c *city) sameAs(want store.BucketDigest) {
	c.t.Helper()
	s := c.open()
	defer s.Close()
	peers, err := s.Peers(context.Background())
	if err != nil || len(peers) != 1 {
		c.t.Fatal(len(peers), err)
	}
	got, err := s.Digest(context.Background(), peers[0].Host)
	if err != nil || got != want {
		c.t.Errorf("the digest is %v, %v, want %v", got, err, want)
	}
}

// processor returns the time of processors that the city's server has used.
func processor(b *testing.B, c *city) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.server.cmd.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		b.Fatal(err)
	}
	const tick = 10 * time.Millisecond // of Linux on every machine that Go runs on
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// peak returns the most memory that the city's server has had, in MiB.
func peak(b *testing.B, c *city) float64 {
	b.Helper()
	return float64(resident(b, c.server.cmd.Process.Pid, "VmHWM")) / 1024
}
