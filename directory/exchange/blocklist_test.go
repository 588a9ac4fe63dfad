package exchange_test

import (
	"bytes"
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
