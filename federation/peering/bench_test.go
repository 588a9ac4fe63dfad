package peering_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// BenchmarkCatchUp is a new peer that reads a directory of 20,000 entries over
// loopback, both ends in this process, each with its own SQLite file. It prints
// entries a second and the memory of the process.
//
//	go test -run '^$' -bench CatchUp -benchtime 1x ./federation/peering
func BenchmarkCatchUp(b *testing.B) {
	const entries = 20_000
	now := newClock().Now
	o := newOrigin(b, storetest.Open(b), now)
	defer o.http.Close()
	var batch []store.PutEntry
	for k := range entries {
		i := initiative(fmt.Sprintf("i%05d", k))
		i.Origin, i.State, i.Revision = o.instance.Host, directory.Published, 1
		i.Published = time.Date(2026, 1, 1, 0, 0, k, 0, time.UTC)
		i.Updated, i.ID = i.Published, o.instance.InitiativeID(i.Handle)
		if batch = append(batch, store.PutEntry{Initiative: i, Change: directory.Added}); len(batch) == 1000 {
			if err := o.store.PutInitiatives(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = nil
		}
	}
	for b.Loop() {
		s := storetest.Open(b)
		m := newMirror(b, s, time.Now, o.instance.Host)
		began := time.Now()
		for again := began; !again.After(time.Now()); {
			again = m.sync(o.instance.Host)
		}
		b.ReportMetric(float64(entries)/time.Since(began).Seconds(), "entries/s")
		b.ReportMetric(residentMiB(), "MiB-RSS")
		m.same(o)
	}
}

// residentMiB returns how much memory this process holds, 0 where that cannot be
// told.
func residentMiB() float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib / 1024
}
