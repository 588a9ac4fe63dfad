package directory_test

import (
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
)

func TestBlocks(t *testing.T) {
	blocks := directory.NewBlocks([]directory.Block{
		{Subject: "spam.example", Kind: directory.Blocked},
		{Subject: "good.spam.example", Kind: directory.Allowed},
		{Subject: "loud.example", Kind: directory.Limited},
		{Subject: "https://town.example/users/troll", Kind: directory.Blocked},
		{Subject: "127.0.0.1:8001", Kind: directory.Blocked},
		{Subject: "192.0.2.7", Kind: directory.Blocked},
		{Subject: "https://spam.example/users/alice", Kind: directory.Allowed},
		{Subject: "https://Town.example/users/Troll2", Kind: directory.Blocked},
		{Subject: "https://spam.example/users/alice/garden", Kind: directory.Limited},
	})
	for subject, want := range map[string]directory.BlockKind{
		"https://spam.example/users/a":         directory.Blocked,
		"https://SPAM.example/users/a":         directory.Blocked,
		"https://spam.example:8443/users/a":    directory.Blocked,
		"https://spam.example./users/a":        directory.Blocked,
		"https://a.b.spam.example/#main-key":   directory.Blocked,
		"https://me@spam.example/":             directory.Blocked,
		"spam.example":                         directory.Blocked,
		"https://good.spam.example/users/a":    directory.Allowed,
		"https://notspam.example/":             "",
		"https://example/":                     "",
		"https://loud.example/":                directory.Limited,
		"https://town.example/users/troll":     directory.Blocked,
		"https://town.example/users/neighbour": "",
		"http://127.0.0.1:8001/x":              directory.Blocked,
		"http://127.0.0.1:8002/x":              "",
		"http://192.0.2.7:99/":                 directory.Blocked,
		"http://0.2.7/":                        "",
		"":                                     "",

		// What is below an actor's id is the actor's.
		"https://spam.example/users/alice":           directory.Allowed,
		"https://spam.example/users/alice#main-key":  directory.Allowed,
		"https://spam.example/users/alice/inbox":     directory.Allowed,
		"https://spam.example/users/alice?x":         directory.Allowed,
		"https://spam.example/users/alicent":         directory.Blocked,
		"https://spam.example/users/alice/garden/a":  directory.Limited,
		"https://spam.example/users/alice/gardener":  directory.Allowed,
		"https://town.example/users/troll#main-key":  directory.Blocked,
		"https://other.example/users/alice#main-key": "",
		"HTTPS://Spam.Example/users/alice":           directory.Allowed,
		"https://Spam.Example/users/Alice":           directory.Blocked,
		"https://town.example/users/Troll2":          directory.Blocked,
		"https://TOWN.example/users/Troll2/inbox":    directory.Blocked,
		"https://town.example/users/troll2":          "",
	} {
		if got := blocks.Of(subject); got != want {
			t.Errorf("%s: got %q, want %q", subject, got, want)
		}
	}
	var none *directory.Blocks
	if none.Blocked("https://spam.example/") {
		t.Error("nothing was decided")
	}
}

// A blocked server is served while one of its actors is excepted, and nobody else who
// is blocked.
func TestMayRead(t *testing.T) {
	list := []directory.Block{
		{Subject: "spam.example", Kind: directory.Blocked},
		{Subject: "https://spam.example/users/troll", Kind: directory.Blocked},
		{Subject: "https://town.example/users/troll", Kind: directory.Blocked},
		{Subject: "https://town.example/users/loud", Kind: directory.Limited},
	}
	alone := directory.NewBlocks(list)
	excepted := directory.NewBlocks(append(list, directory.Block{Subject: "https://spam.example/users/alice", Kind: directory.Allowed}))
	for key, want := range map[string][2]bool{
		"https://spam.example/actor#main-key":       {false, true},
		"https://spam.example/users/alice#main-key": {false, true},
		"https://spam.example/users/troll#main-key": {false, false},
		"https://a.spam.example/actor#main-key":     {false, false},
		"https://town.example/actor#main-key":       {true, true},
		"https://town.example/users/troll#main-key": {false, false},
		"https://town.example/users/loud#main-key":  {true, true},
	} {
		if got := [2]bool{alone.MayRead(key), excepted.MayRead(key)}; got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestCompareBlocks(t *testing.T) {
	blocks := directory.NewBlocks([]directory.Block{
		{Subject: "spam.example", Kind: directory.Blocked},
		{Subject: "loud.example", Kind: directory.Limited},
		{Subject: "good.example", Kind: directory.Allowed},
	})
	for _, c := range []struct {
		subject string
		kind    directory.BlockKind
		want    string
	}{
		{"other.example", directory.Blocked, "fresh"},
		{"other.example", directory.Limited, "fresh"},
		{"spam.example", directory.Blocked, ""},
		{"spam.example", directory.Limited, ""},
		{"a.spam.example", directory.Blocked, ""},
		{"loud.example", directory.Limited, ""},
		{"loud.example", directory.Blocked, "stricter"},
		{"a.loud.example", directory.Blocked, "fresh"},
		{"a.loud.example", directory.Limited, ""},
		{"good.example", directory.Limited, "stricter"},
		{"good.example", directory.Blocked, "stricter"},
		{"a.good.example", directory.Blocked, "stricter"},
	} {
		fresh, stricter := blocks.Compare([]directory.Block{{Subject: c.subject, Kind: c.kind}})
		got := strings.Repeat("fresh", len(fresh)) + strings.Repeat("stricter", len(stricter))
		if got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.kind, c.subject, got, c.want)
		}
	}
}

func TestBlockValidate(t *testing.T) {
	for subject, ok := range map[string]bool{
		"spam.example": true, "spam.example:8443": true, "xn--bcher-kva.example": true, "[2001:db8::1]:80": true,
		"https://a.example/users/b": true,
		"":                          false, "Spam.example": false, "spam.example.": false, "bücher.example": false, "a b": false, "*.example": false,
		"a/b": false, "ftp://a.example/b": false, "https://u@a.example/b": false,
	} {
		b := directory.Block{Subject: subject, Kind: directory.Blocked}
		if err := b.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", subject, err)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add("https://a.example/x")
	f.Add("::1")
	f.Add("https://[::1%25x]:80/")
	f.Fuzz(func(t *testing.T, subject string) {
		blocks := directory.NewBlocks([]directory.Block{{Subject: "a.example", Kind: directory.Blocked}})
		if blocks.Of(subject) == directory.Blocked && directory.HostOf(subject) == "" && len(subject) < len("a.example") {
			t.Errorf("%q is blocked", subject)
		}
	})
}
