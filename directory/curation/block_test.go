package curation_test

import (
	"errors"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

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

// carries has the city carry published entries.
func (c *city) carries(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		i := library()
		i.ID, i.Origin, i.State, i.Handle = id, directory.HostOf(id), directory.Published, path.Base(id)
		wantErr(t, "carry", c.store.PutInitiative(t.Context(), i, ""), nil)
	}
}

// What a decision means for entries is said before it is made, and then is so.
func TestPreviewEntries(t *testing.T) {
	const mill, barn, shop = "https://town.example/initiatives/mill", "https://town.example/initiatives/barn", "https://shop.example/initiatives/shop"
	const blocked, limited, allowed = directory.Blocked, directory.Limited, directory.Allowed
	type decisions = []directory.Block
	for name, test := range map[string]struct {
		before, list      decisions
		entries, unlisted map[string]int
		left, listed      int // of all three
	}{
		"one blocked":                    {nil, decisions{{Subject: mill, Kind: blocked}}, map[string]int{"town.example": 1}, nil, 2, 2},
		"a server blocked":               {nil, decisions{{Subject: "town.example", Kind: blocked}}, map[string]int{"town.example": 2}, nil, 1, 1},
		"a server limited":               {nil, decisions{{Subject: "town.example", Kind: limited}}, nil, map[string]int{"town.example": 2}, 3, 1},
		"one limited":                    {nil, decisions{{Subject: mill, Kind: limited}}, nil, map[string]int{"town.example": 1}, 3, 2},
		"one limited twice":              {decisions{{Subject: mill, Kind: limited}}, decisions{{Subject: mill, Kind: limited}}, nil, nil, 3, 2},
		"a server, but for one":          {decisions{{Subject: mill, Kind: allowed}}, decisions{{Subject: "town.example", Kind: limited}}, nil, map[string]int{"town.example": 1}, 3, 2},
		"a server, after one":            {decisions{{Subject: mill, Kind: limited}}, decisions{{Subject: "town.example", Kind: limited}}, nil, map[string]int{"town.example": 1}, 3, 1},
		"one of a limited server":        {decisions{{Subject: "town.example", Kind: limited}}, decisions{{Subject: mill, Kind: blocked}}, map[string]int{"town.example": 1}, nil, 2, 1},
		"one allowed, its server is not": {nil, decisions{{Subject: mill, Kind: allowed}, {Subject: "town.example", Kind: blocked}}, map[string]int{"town.example": 2}, nil, 1, 1},
		"one blocked with its server":    {nil, decisions{{Subject: mill, Kind: blocked}, {Subject: "town.example", Kind: limited}}, map[string]int{"town.example": 1}, map[string]int{"town.example": 1}, 2, 1},
		"an exception":                   {nil, decisions{{Subject: mill, Kind: allowed}, {Subject: "shop.example", Kind: allowed}}, nil, nil, 3, 3},
		"elsewhere":                      {nil, decisions{{Subject: "other.example", Kind: blocked}, {Subject: "https://town.example/initiatives/x", Kind: limited}}, nil, nil, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *city) {
				c.carries(t, mill, barn, shop)
				wantErr(t, "before", c.Block(t.Context(), test.before...), nil)
				reach, err := c.Preview(t.Context(), test.list)
				wantErr(t, "preview", err, nil)
				same(t, "entries that go", test.entries, reach.Entries, cmpopts.EquateEmpty())
				same(t, "entries that leave lists", test.unlisted, reach.Unlisted, cmpopts.EquateEmpty())
				wantErr(t, "block", c.Block(t.Context(), test.list...), nil)
				left, err := c.store.Initiatives(t.Context(), []string{mill, barn, shop})
				wantErr(t, "entries", err, nil)
				same(t, "entries that are left", test.left, len(left))
				same(t, "entries in lists", test.listed, c.count(t, ""))
			})
		})
	}
}

// What Block refuses is refused before anything is said to go.
func TestPreviewRefuses(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		for _, subject := range []string{"ghent.example", "example", "com", "https://ghent.example/initiatives/mill", "a b"} {
			_, err := c.Preview(t.Context(), []directory.Block{{Subject: subject, Kind: directory.Blocked}})
			if invalid, ok := errors.AsType[*directory.Invalid](err); !ok || invalid.Field != "subject" {
				t.Errorf("%s: got %v", subject, err)
			}
		}
	})
}

// A single word is a top-level domain, unless a neighbour in the local network is
// called so.
func TestBlockOfOneWord(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		wantErr(t, "peer", c.AddPeer(t.Context(), "antwerp"), nil)
		for _, kind := range []directory.BlockKind{directory.Blocked, directory.Limited} { // when it is no peer any more
			wantErr(t, string(kind), c.Block(t.Context(), directory.Block{Subject: "antwerp", Kind: kind}), nil)
		}
		for _, subject := range []string{"localhost:8080", "[2001:db8::1]", "192.0.2.1"} {
			wantErr(t, subject, c.Block(t.Context(), directory.Block{Subject: subject, Kind: directory.Blocked}), nil)
		}
	})
}

// The closest decision says whether an entry is in lists.
func TestLimitOfOneEntry(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		const host, mill, barn = "town.example", "https://town.example/initiatives/mill", "https://town.example/initiatives/barn"
		c.carries(t, mill, barn)
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
