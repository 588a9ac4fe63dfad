package curation_test

import (
	"slices"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
)

// knows has the city know actors, of whom each waits for a delivery.
func (c *city) knows(t *testing.T, list ...directory.RemoteActor) {
	t.Helper()
	for _, a := range list {
		if err := c.store.PutActor(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
		out := store.Outgoing{ActivityID: "https://ghent.example/a/" + a.Handle, Body: []byte("{}"), Inboxes: []string{a.DeliveryInbox()}}
		if err := c.store.PutDeliveries(t.Context(), out, c.now, func() string { return a.Handle }); err != nil {
			t.Fatal(err)
		}
	}
}

// What waits for an actor goes and stays with the actor, wherever the inbox is.
func TestBlockCutsDeliveries(t *testing.T) {
	const own, shared = "https://town.example/in/troll", "https://town.example/in"
	for name, c := range map[string]struct {
		list map[string]directory.BlockKind
		want int // of two deliveries
	}{
		"the one with an inbox of its own":  {map[string]directory.BlockKind{"https://town.example/@troll": directory.Blocked}, 1},
		"one who shares the server's":       {map[string]directory.BlockKind{"https://town.example/@alice": directory.Blocked}, 2},
		"the server":                        {map[string]directory.BlockKind{"town.example": directory.Blocked}, 0},
		"the server, but not who shares it": {map[string]directory.BlockKind{"https://town.example/@alice": directory.Allowed, "town.example": directory.Blocked}, 1},
		"the server, but for both":          {map[string]directory.BlockKind{"https://town.example/@alice": directory.Limited, "https://town.example/@troll": directory.Allowed, "town.example": directory.Blocked}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, city *city) {
				city.knows(t,
					directory.RemoteActor{ID: "https://town.example/@troll", Handle: "troll", Inbox: own},
					directory.RemoteActor{ID: "https://town.example/@alice", Handle: "alice", Inbox: "https://town.example/in/alice", SharedInbox: shared})
				list := []directory.Block{}
				for subject, kind := range c.list {
					list = append(list, directory.Block{Subject: subject, Kind: kind})
				}
				reach, err := city.Preview(t.Context(), list)
				wantErr(t, "preview", err, nil)
				same(t, "deliveries that would go", 2-c.want, reach.Deliveries)
				wantErr(t, "block", city.Block(t.Context(), list...), nil)
				n, err := city.store.CountDeliveries(t.Context())
				wantErr(t, "count", err, nil)
				same(t, "deliveries that wait", c.want, n)
			})
		})
	}
}

func TestParseSubject(t *testing.T) {
	for in, want := range map[string]string{
		" Spam.example/ ":                       "spam.example",
		"https://Spam.example/":                 "spam.example",
		"https://Spam.example":                  "spam.example",
		"@directory@spam.example":               "spam.example",
		"Bücher.example":                        "xn--bcher-kva.example",
		"HTTPS://Spam.Example/users/Troll":      "https://spam.example/users/Troll",
		"https://Bücher.example/@t":             "https://xn--bcher-kva.example/@t",
		"https://spam.example:8443/?author=1":   "https://spam.example:8443/?author=1",
		"https://spam.example?author=1":         "https://spam.example?author=1",
		"@Troll@Town.example":                   "Troll@town.example",
		"troll@town.example":                    "troll@town.example",
		"acct:troll@town.example":               "troll@town.example",
		"@troll@localhost:8080":                 "troll@localhost:8080",
		"":                                      "",
		"a b":                                   "",
		"@troll@":                               "",
		"@troll":                                "",
		"@a@b@c.example":                        "",
		"ftp://spam.example/users/troll":        "",
		"https://me@spam.example/users/troll":   "",
		"https:///users/troll":                  "",
		"https://spam.example:port/users/troll": "",
		"mailto:troll@town.example":             "mailto:troll@town.example",
	} {
		got, err := curation.ParseSubject(in)
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%q: got %q %v, want %q", in, got, err, want)
		}
	}
}

// The closest decision says whether an entry is in lists.
func TestLimitOfOneEntry(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		const host, mill, barn = "town.example", "https://town.example/initiatives/mill", "https://town.example/initiatives/barn"
		for _, id := range []string{mill, barn} {
			i := library()
			i.ID, i.Origin, i.State, i.Handle = id, host, directory.Published, id[len(id)-4:]
			wantErr(t, "carry", c.store.PutInitiative(t.Context(), i, ""), nil)
		}
		check := func(after string, listed ...string) {
			t.Helper()
			for _, id := range []string{mill, barn} {
				i, err := c.store.Initiative(t.Context(), id)
				wantErr(t, id, err, nil)
				want := directory.Unlisted
				if slices.Contains(listed, id) {
					want = directory.Published
				}
				same(t, id+" after "+after, want, i.State)
			}
		}
		decide := func(kind directory.BlockKind, subject string) {
			t.Helper()
			wantErr(t, "decide about "+subject, c.Block(t.Context(), directory.Block{Subject: subject, Kind: kind}), nil)
		}
		decide(directory.Limited, mill)
		check("it was limited", barn)
		decide(directory.Limited, "other.example")
		check("another decision", barn)
		decide(directory.Allowed, mill)
		decide(directory.Limited, host)
		check("its server was limited", mill)
		list := func(listed bool) {
			wantErr(t, "list", c.store.Change(t.Context(), func(tx *store.Store) error { return curation.List(t.Context(), tx, host, listed) }), nil)
		}
		list(false)
		check("its server went away")
		list(true)
		check("its server came back", mill)
		wantErr(t, "unblock", c.Unblock(t.Context(), mill), nil)
		check("the exception ended")
		wantErr(t, "unblock", c.Unblock(t.Context(), host), nil)
		check("all decisions ended", mill, barn)
	})
}
