package peering_test

import (
	"context"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// A peer that does not answer is tried less and less, after a while its entries
// leave the lists and not the store, and when it is back all is as it is there.
func TestPeerGoesAndComesBack(t *testing.T) {
	const month = 30 * 24 * time.Hour
	w := twins(t, 40)
	a, b := w.towns[0], w.towns[1]
	gone := w.net.hosts[a.host]
	delete(w.net.hosts, a.host)
	peer := func() *directory.Peer {
		p, err := b.store.Peer(t.Context(), a.host)
		w.must(err)
		return p
	}
	hide := func(want bool) {
		t.Helper()
		w.must(b.Hide(t.Context(), month))
		if got := peer().Hidden; got != want {
			t.Errorf("hidden %v, want %v", got, want)
		}
	}

	if _, err := b.Sync(t.Context(), a.host); err == nil {
		t.Fatal("a host that does not answer was read")
	}
	if p := peer(); p.FailingSince.IsZero() || p.LastError == "" || !p.Unconfirmed(w.clock.Now()).IsZero() {
		t.Errorf("after the first failure: %+v", p)
	}
	hide(false)
	var pauses []time.Duration
	for _, days := range []time.Duration{2, 5, 20} {
		w.clock.Skip(days * 24 * time.Hour)
		again, err := b.Sync(t.Context(), a.host)
		w.must(err) // it is on the peer, and not tried again by the queue
		pauses = append(pauses, again.Sub(w.clock.Now()))
		hide(false)
		if p := peer(); p.Unconfirmed(w.clock.Now()).IsZero() {
			t.Errorf("%+v passes for confirmed", p)
		}
	}
	if pauses[0] >= pauses[1] || pauses[1] >= pauses[2] || pauses[0] < 4*time.Hour || pauses[2] > 24*time.Hour {
		t.Errorf("it is tried after %v", pauses)
	}
	w.clock.Skip(4 * 24 * time.Hour)
	hide(true)
	all := map[string]string{}
	for _, i := range published(t, a.store, a.host) {
		all[i.ID] = i.Name + " " + directory.Stamp(i.Updated)
	}
	w.carries(b, a, directory.Unlisted, all)

	w.net.hosts[a.host] = gone
	edited, err := a.store.Initiative(t.Context(), "http://"+a.host+"/initiatives/i000001")
	w.must(err)
	edited.Name, edited.Updated = "Edited", edited.Updated.Add(time.Hour)
	w.must(a.store.PutInitiative(t.Context(), edited, ""))
	all[edited.ID] = edited.Name + " " + directory.Stamp(edited.Updated)
	w.must(b.store.Tx(t.Context(), func(tx *store.Store) error { return b.Returned(t.Context(), tx, a.host) }))
	for _, job := range []struct {
		kind string
		do   func(context.Context, string) (time.Time, error)
	}{{curation.SyncJob, b.Sync}, {curation.RepairJob, b.Repair}} {
		if !b.due(t, job.kind) {
			t.Fatalf("%s is not done now that it is back", job.kind)
		}
		_, err := job.do(t.Context(), a.host)
		w.must(err)
	}
	w.carries(b, a, directory.Published, all)
	if p := peer(); p.Hidden || !p.FailingSince.IsZero() || p.LastError != "" {
		t.Errorf("when it is back: %+v", p)
	}
}
