package curation_test

import (
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
