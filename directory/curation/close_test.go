package curation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
)

// The plan of closing says what moves where and what is withdrawn, and changes
// nothing; what two want is left to the operator.
func TestPlanClosing(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		var ids []string
		for _, handle := range []string{"library", "mill"} {
			i := library()
			i.Handle, i.Name = handle, strings.ToUpper(handle)
			ids = append(ids, c.publish(t, i).ID)
		}
		before := c.changes(t)
		b, d := "https://b.example/initiatives/mill", "https://d.example/initiatives/mill"
		plan, err := c.PlanClosing(ctx, []directory.Heir{{Old: ids[1], ID: b}, {Old: ids[1], ID: b}, {Old: "https://ghent.example/initiatives/nobody", ID: b}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "plan", &curation.Closing{
			Moves:     []curation.Handover{{ID: ids[1], Handle: "mill", Name: "MILL", To: b}},
			Withdrawn: []curation.Handover{{ID: ids[0], Handle: "library", Name: "LIBRARY"}},
		}, plan)
		two := []directory.Heir{{Old: ids[1], ID: d}, {Old: ids[1], ID: b}}
		_, err = c.PlanClosing(ctx, two)
		wantInvalid(t, "two heirs", err, "initiative mill")
		if err != nil && (!strings.Contains(err.Error(), b) || !strings.Contains(err.Error(), d)) {
			t.Errorf("it does not name them: %v", err)
		}
		same(t, "the log", before, c.changes(t))

		if err := c.Move(ctx, "mill", d); err != nil {
			t.Fatal(err)
		}
		plan, err = c.PlanClosing(ctx, two)
		if err != nil || len(plan.Moves) != 0 || len(plan.Withdrawn) != 1 {
			t.Errorf("once that is settled: %+v %v", plan, err)
		}
	})
}

// A closed instance follows nobody, publishes nothing and says why, and to close it
// again goes on where it was interrupted.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		id := c.publish(t, library()).ID
		peers := []directory.Peer{
			{Host: "b.example", ActorID: "https://b.example/directory", Inbox: "https://b.example/inbox", Wanted: true, State: directory.PeerFollowing, FollowID: "https://ghent.example/f", Added: noon},
			{Host: "c.example", FollowsUs: true, Added: noon},
		}
		for k := range peers {
			if err := c.store.PutPeer(ctx, &peers[k]); err != nil {
				t.Fatal(err)
			}
		}
		plan, err := c.PlanClosing(ctx, []directory.Heir{{Old: id, ID: "https://b.example/initiatives/x"}})
		if err != nil {
			t.Fatal(err)
		}
		late := library()
		late.Handle = "late"
		c.publish(t, late) // that the plan does not know
		if err := c.Close(ctx, plan); err != nil {
			t.Fatal(err)
		}
		if i := c.entry(t, library().Handle); i.State != directory.Moved || i.MovedTo != "https://b.example/initiatives/x" {
			t.Errorf("got %+v", i)
		}
		if i := c.entry(t, "late"); i.State != directory.Withdrawn {
			t.Errorf("got %+v", i)
		}
		if left, err := c.store.Peers(ctx); err != nil || len(left) > 0 {
			t.Errorf("peers: %+v %v", left, err)
		}
		jobs := c.jobs(t)
		if jobs["unfollow b.example"] != 1 || jobs["unfollow c.example"] != 0 || jobs["close"] != 1 {
			t.Errorf("got jobs %v", jobs)
		}
		other := library()
		other.Handle = "ghost"
		_, sync := c.SyncPeer(ctx, "")
		_, repair := c.RepairPeer(ctx, "b.example")
		for what, err := range map[string]error{
			"publish": c.Publish(ctx, other), "draft": c.Draft(ctx, other), "add": c.AddPeer(ctx, "b.example"),
			"trust": c.TrustPeer(ctx, "b.example"), "sync": sync, "repair": repair,
		} {
			if closed, ok := errors.AsType[*directory.ClosedError](err); !ok || !closed.Since.Equal(noon) {
				t.Errorf("%s: %v", what, err)
			}
		}
		c.now = c.now.Add(time.Hour)
		if err := c.Close(ctx, &curation.Closing{}); err != nil {
			t.Errorf("again: %v", err)
		}
		if since, err := c.store.Closed(ctx); err != nil || !since.Equal(noon) {
			t.Errorf("closed since %v %v", since, err)
		}
	})
}
