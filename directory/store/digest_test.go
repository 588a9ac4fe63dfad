package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// The digests that are kept with each change are those of the entries listed.
func TestDigests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const host = "far.example"
		random := rand.New(rand.NewPCG(1, 2))
		states := []directory.State{
			directory.Published, directory.Published, directory.Unlisted, directory.Withdrawn, directory.Moved, directory.Draft,
		}
		listed := map[string]string{} // stamps by id
		for range 40 {
			var batch []store.PutEntry
			for range 1 + random.IntN(5) {
				handle := fmt.Sprintf("h%d_%d", random.IntN(20), len(batch))
				at := time.UnixMicro(1e15 + random.Int64N(1e6)).UTC()
				i := &directory.Initiative{
					ID: "https://" + host + "/initiatives/" + handle, Handle: handle, Origin: host, Name: "Entry",
					State: states[random.IntN(len(states))], Published: at, Updated: at, Revision: 1,
				}
				stamp := directory.Stamp(at)
				if random.IntN(3) == 0 {
					i.Stamp = at.Format(time.RFC3339)
					stamp = i.Stamp
				}
				delete(listed, i.ID)
				if i.State == directory.Published || i.State == directory.Unlisted {
					listed[i.ID] = stamp
				}
				batch = append(batch, store.PutEntry{Initiative: i})
			}
			if err := s.PutInitiatives(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			gone := batch[random.IntN(len(batch))].Initiative.ID
			if random.IntN(4) == 0 {
				if err := s.RemoveCarried(t.Context(), []string{gone, "https://far.example/initiatives/unknown"}); err != nil {
					t.Fatal(err)
				}
				delete(listed, gone)
			}
			sameDigests(t, s, host, listed)
		}
		if err := s.RebuildDigests(t.Context(), host); err != nil {
			t.Fatal(err)
		}
		sameDigests(t, s, host, listed)
	})
}

// sameDigests checks the digests and the buckets of an origin.
func sameDigests(t *testing.T, s *store.Store, host string, listed map[string]string) {
	t.Helper()
	var want store.Digests
	var total store.BucketDigest
	for id, stamp := range listed {
		b, d := directory.BucketOf(id), directory.EntryDigest(id, stamp)
		want[b].Entries++
		want[b].Digest.Toggle(d)
		total.Entries++
		total.Digest.Toggle(d)
		entries, err := s.Bucket(t.Context(), host, b, "", 100)
		found := false
		for _, e := range entries {
			found = found || e == store.EntryStamp{ID: id, Updated: stamp}
		}
		if err != nil || !found {
			t.Errorf("%s of %s is not in its bucket %v: %v", id, stamp, entries, err)
		}
	}
	got, err := s.Digests(t.Context(), host)
	if err != nil || *got != want {
		t.Errorf("digests of %d entries are wrong: %v", len(listed), err)
	}
	if all, err := s.Digest(t.Context(), host); err != nil || all != total {
		t.Errorf("got digest %v, want %v: %v", all, total, err)
	}
}

// Two sides that write in another order come to the same, and a digest is the
// document's, not ours.
func TestDigestIsInterchangeable(t *testing.T) {
	var a, b directory.Digest
	first := directory.EntryDigest("https://x.example/initiatives/a", "2026-01-01T00:00:00.000000Z")
	second := directory.EntryDigest("https://x.example/initiatives/b", "2026-01-01T00:00:00Z")
	a.Toggle(first)
	a.Toggle(second)
	b.Toggle(second)
	b.Toggle(first)
	if a != b || a == (directory.Digest{}) {
		t.Errorf("got %v and %v", a, b)
	}
	// echo -en 'https://x.example/initiatives/a\n2026-01-01T00:00:00.000000Z' | sha256sum
	if got, want := first.String(), "ea6068b46383b0a860327f15f70c43b353e96967e5b6eacdaa0fd4f56076aa02"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d, err := directory.ParseDigest(a.String()); err != nil || d != a {
		t.Errorf("read again: %v %v", d, err)
	}
	for _, bad := range []string{"", "zz", a.String() + "0", "g" + a.String()[1:]} {
		if _, err := directory.ParseDigest(bad); err == nil {
			t.Errorf("%q is taken for a digest", bad)
		}
	}
}
