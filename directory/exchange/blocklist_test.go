package exchange_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

func TestReadBlocklist(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		want    []directory.Block
		skipped int
	}{
		"mastodon": {
			"#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
				"Spam.example,suspend,TRUE,TRUE,\"Spam, all of it\",FALSE\nloud.example,silence,false,false,,false\n" +
				"quiet.example,noop,true,false,,false\nsp*m.example,suspend,false,false,,true\nspam.example,silence,,,,\n",
			[]directory.Block{
				{Subject: "spam.example", Kind: directory.Blocked, Reason: "Spam, all of it"},
				{Subject: "loud.example", Kind: directory.Limited},
			},
			2,
		},
		"domains only":  {"#domain\na.example\n", []directory.Block{{Subject: "a.example", Kind: directory.Blocked}}, 0},
		"no header":     {"# bad places\na.example\n\nb.example\n", []directory.Block{{Subject: "a.example", Kind: directory.Blocked}, {Subject: "b.example", Kind: directory.Blocked}}, 0},
		"international": {"bücher.example", []directory.Block{{Subject: "xn--bcher-kva.example", Kind: directory.Blocked}}, 0},
		"no domains":    {"https://a.example/x\nnot a domain\na.example,delete\n", []directory.Block{{Subject: "a.example", Kind: directory.Blocked}}, 2},
		"empty":         {"", nil, 0},
		"semicolons":    {"domain;severity;public_comment\na.example;silence;Loud, very\n", []directory.Block{{Subject: "a.example", Kind: directory.Limited, Reason: "Loud, very"}}, 0},
		"tabs":          {"#severity\t#domain\nsilence\ta.example\n\tb.example\n", []directory.Block{{Subject: "a.example", Kind: directory.Limited}, {Subject: "b.example", Kind: directory.Blocked}}, 0},
		"comment first": {"# bad places, of 2026\n\n#domain,#severity\na.example,silence\n", []directory.Block{{Subject: "a.example", Kind: directory.Limited}}, 0},
		"wildcard":      {"*.a.example\n*.example\nb.*.example\n", []directory.Block{{Subject: "a.example", Kind: directory.Blocked}}, 2},
		"single words": {"com\nlocalhost:8080\n[2001:db8::1]\n192.0.2.1\n", []directory.Block{
			{Subject: "localhost:8080", Kind: directory.Blocked}, {Subject: "[2001:db8::1]", Kind: directory.Blocked}, {Subject: "192.0.2.1", Kind: directory.Blocked},
		}, 1},
		"a picture": {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", nil, 3},
		"a page":    {"<!DOCTYPE html>\n<html lang=\"en\">\n<title>Not found</title>\n", nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := exchange.ReadBlocklist(strings.NewReader(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Blocks); diff != "" {
				t.Error(diff)
			}
			if len(got.Skipped) != c.skipped {
				t.Errorf("skipped %v, want %d", got.Skipped, c.skipped)
			}
		})
	}
}

// What is a table of something else is no list of servers.
func TestReadBlocklistRefuses(t *testing.T) {
	for _, in := range []string{"Name,Notes\nalice,hi\n", "# people\nName,Mail\nalice,alice@a.example\n", "Name;Mail\nalice;alice@a.example\n", "a.example,Spam\nb.example,\n"} {
		list, err := exchange.ReadBlocklist(strings.NewReader(in))
		if invalid, ok := errors.AsType[*directory.Invalid](err); !ok || invalid.Field != "headings" {
			t.Errorf("%q: got %+v %v", in, list, err)
		}
	}
}

func TestBlocklistComesBack(t *testing.T) {
	want := []directory.Block{
		{Subject: "a.example", Kind: directory.Blocked, Reason: "Hate, \"jokes\"\nand spam"},
		{Subject: "b.example", Kind: directory.Limited},
	}
	others := []directory.Block{
		{Subject: "c.example", Kind: directory.Allowed}, {Subject: "https://d.example/users/x", Kind: directory.Blocked},
	}
	var b bytes.Buffer
	left, err := exchange.WriteBlocklist(&b, append(append([]directory.Block{}, want...), others...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(others, left); diff != "" {
		t.Error(diff)
	}
	got, err := exchange.ReadBlocklist(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Blocks); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadBlocklist(f *testing.F) {
	f.Add("#domain,#severity\na.example,suspend\n")
	f.Add("a.example\n\"")
	f.Add("#severity,#domain\nsilence,\xffü.example\n")
	f.Fuzz(func(t *testing.T, in string) {
		list, err := exchange.ReadBlocklist(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, b := range list.Blocks {
			if err := b.Validate(); err != nil || b.IsActor() {
				t.Errorf("%+v: %v", b, err)
			}
			if directory.NewBlocks(list.Blocks).Of("https://"+b.Subject+"/users/x") != b.Kind {
				t.Errorf("%q does not hold for its own users", b.Subject)
			}
		}
		var out strings.Builder
		if _, err := exchange.WriteBlocklist(&out, list.Blocks); err != nil {
			t.Fatal(err)
		}
		again, err := exchange.ReadBlocklist(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		for k := range again.Blocks {
			if again.Blocks[k].Subject != list.Blocks[k].Subject || again.Blocks[k].Kind != list.Blocks[k].Kind {
				t.Errorf("got %+v, want %+v", again.Blocks[k], list.Blocks[k])
			}
		}
	})
}
