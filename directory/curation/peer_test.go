package curation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
)

func TestParseHost(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"ghent.example", "ghent.example"},
		{" Ghent.Example\n", "ghent.example"},
		{"@directory@ghent.example", "ghent.example"},
		{"https://ghent.example/initiatives/rad?x#y", "ghent.example"},
		{"HTTP://ghent.localhost:8001/", "ghent.localhost:8001"},
		{"ghent.localhost:8001", "ghent.localhost:8001"},
		{"localhost", "localhost"},
		{"[::1]:8001", "[::1]:8001"},
		{"127.0.0.1", "127.0.0.1"},
		{"Bücher.example", "xn--bcher-kva.example"},
		{"https://bu\u0308cher.example:8001/x", "xn--bcher-kva.example:8001"},
		{"例え.テスト", "xn--r8jz45g.xn--zckzah"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"ghent_1:8001", "ghent_1:8001"},
		{"", ""},
		{"https://", ""},
		{"ftp://ghent.example", ""},
		{"ghent.example:", ""},
		{"ghent.example:0", ""},
		{"ghent.example:65536", ""},
		{"ghent.example:http", ""},
		{"ghent.example/directory", ""},
		{"me@ghent.example", ""},
		{"@me@ghent.example", ""},
		{"https://me@", ""},
		{"ghent example", ""},
		{".", ""},
		{"-ghent", ""},
		{"ghent%2eexample", ""},
		{"ghent\x00", ""},
		{"ghent\xff", ""},
		{"[::1", ""},
		{"[fe80::1%25eth0]", ""},
		{"<script>", ""},
		{strings.Repeat("a", 254), ""},
	} {
		got, err := curation.ParseHost(test.text)
		if got != test.want {
			t.Errorf("ParseHost(%q) = %q, want %q", test.text, got, test.want)
		}
		if test.want == "" {
			wantInvalid(t, test.text, err, "host")
		} else if err != nil {
			t.Errorf("ParseHost(%q): %v", test.text, err)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"ghent.example", "@directory@ghent.example", "https://Ghent.example:8001/x", "[::1]:80", "\u212a.example", "x:y@z", "a\u0301.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, err := curation.ParseHost(text)
		if err != nil {
			var invalid *directory.Invalid
			if !errors.As(err, &invalid) || host != "" {
				t.Fatalf("ParseHost(%q) = %q, %v", text, host, err)
			}
			return
		}
		if again, err := curation.ParseHost(host); again != host || err != nil {
			t.Fatalf("ParseHost(%q) = %q, and of that %q, %v", text, host, again, err)
		}
		in := directory.Instance{Host: host, Scheme: "https"}
		if !utf8.ValidString(host) || len(host) > 1100 || directory.HostOf(in.DirectoryID()) != host || !in.Owns(in.ActorID()) {
			t.Fatalf("ParseHost(%q) = %q, which is not the host of %s", text, host, in.DirectoryID())
		}
	})
}

func TestPeers(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		if err := c.AddPeer(ctx, "https://Barcelona.example/"); err != nil {
			t.Fatal(err)
		}
		p, err := c.store.Peer(ctx, "barcelona.example")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "added", &directory.Peer{
			Host: "barcelona.example", Wanted: true, State: directory.PeerSearching, Added: noon,
		}, p)
		same(t, "jobs of adding", map[string]int{"follow barcelona.example": 1}, c.jobs(t))

		// Added again, it is asked again but not forgotten.
		c.now = c.now.Add(time.Hour)
		p.State, p.FollowID, p.Cursor, p.ActorID, p.Inbox = directory.PeerFollowing, "https://ghent.example/f/1", "https://c", "https://barcelona.example/directory", "https://barcelona.example/inbox"
		if err := c.store.PutPeer(ctx, p); err != nil {
			t.Fatal(err)
		}
		if err := c.AddPeer(ctx, "@directory@barcelona.example"); err != nil {
			t.Fatal(err)
		}
		again, err := c.store.Peer(ctx, "barcelona.example")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "added again", p, again)
		c.jobs(t)

		synced, err := c.SyncPeer(ctx, "https://BARCELONA.example")
		same(t, "synced", []string{"barcelona.example"}, hostsOf(synced))
		wantErr(t, "sync", err, nil)
		same(t, "jobs of a sync", map[string]int{"sync barcelona.example": 1}, c.jobs(t))

		carried := library()
		carried.ID, carried.Origin, carried.State = "https://barcelona.example/initiatives/x", "barcelona.example", directory.Published
		if err := c.store.PutInitiative(ctx, carried, ""); err != nil {
			t.Fatal(err)
		}
		c.publish(t, library())
		c.jobs(t)
		if err := c.RemovePeer(ctx, "barcelona.example"); err != nil {
			t.Fatal(err)
		}
		if n := c.count(t, ""); n != 1 {
			t.Errorf("%d entries are left, want our own", n)
		}
		jobs, err := c.store.ClaimJobs(ctx, []string{curation.UnfollowJob}, c.now, c.now.Add(time.Hour), 9)
		if err != nil || len(jobs) != 1 || jobs[0].Key != "barcelona.example" {
			t.Fatalf("jobs of removing: %+v, %v", jobs, err)
		}
		var farewell curation.PeerFarewell
		if err := json.Unmarshal([]byte(jobs[0].Payload), &farewell); err != nil {
			t.Fatal(err)
		}
		same(t, "farewell", curation.PeerFarewell{ActorID: p.ActorID, Inbox: p.Inbox, FollowID: p.FollowID}, farewell)
		wantErr(t, "removed again", c.RemovePeer(ctx, "barcelona.example"), directory.ErrNotFound)
		_, err = c.SyncPeer(ctx, "barcelona.example")
		wantErr(t, "sync of one that is gone", err, directory.ErrNotFound)
	})
}

func hostsOf(peers []directory.Peer) (hosts []string) {
	for k := range peers {
		hosts = append(hosts, peers[k].Host)
	}
	return hosts
}

func TestPeerThatNeverAnswered(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		for _, host := range []string{"a.example", "b.example"} {
			if err := c.AddPeer(ctx, host); err != nil {
				t.Fatal(err)
			}
		}
		unwanted := &directory.Peer{Host: "c.example", FollowsUs: true, Added: noon}
		if err := c.store.PutPeer(ctx, unwanted); err != nil {
			t.Fatal(err)
		}
		c.jobs(t)
		peers, err := c.SyncPeer(ctx, "")
		wantErr(t, "sync of all", err, nil)
		same(t, "hosts", []string{"a.example", "b.example"}, hostsOf(peers))
		_, err = c.RepairPeer(ctx, "c.example")
		wantInvalid(t, "one that follows us only", err, "host")
		if !strings.Contains(fmt.Sprint(err), "c.example follows us and is not followed here; 'commonage peer add c.example' follows it") {
			t.Errorf("the operator reads %v", err)
		}
		same(t, "jobs", map[string]int{"follow a.example": 1, "follow b.example": 1}, c.jobs(t))
		if err := c.RemovePeer(ctx, "a.example"); err != nil {
			t.Fatal(err)
		}
		same(t, "jobs of removing", map[string]int{}, c.jobs(t))
		wantInvalid(t, "ourselves", c.AddPeer(ctx, "GHENT.example"), "host")
		wantInvalid(t, "no host", c.AddPeer(ctx, "a b"), "host")
		wantInvalid(t, "no host", c.RemovePeer(ctx, "a b"), "host")
		_, err = c.SyncPeer(ctx, "a b")
		wantInvalid(t, "no host", err, "host")
	})
}
