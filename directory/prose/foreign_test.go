package prose_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"codeberg.org/commonage/commonage/directory/prose"
)

func TestForeign(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"kept":       {`<p>See you <strong>there</strong></p>`, `<p>See you <strong>there</strong></p>`},
		"script":     {`<p>a<script>alert(1)</script><style>p{}</style></p>`, `<p>a</p>`},
		"handler":    {`<p onclick="x()">a</p>`, `<p>a</p>`},
		"javascript": {`<a href="javascript:x()">a</a>`, `a`},
		"picture":    {`a<img src="https://a.example/x.png" onerror="x()">`, `a`},
		"not closed": {`<p><b>a`, `<p><b>a</b></p>`},
		"closed":     {`a</p></div></article>`, `a<p></p>`},
		"link":       {`<a href="https://a.example">a`, `<a href="https://a.example" rel="nofollow noreferrer">a</a>`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prose.Foreign(c.in, 1000); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSpelled(t *testing.T) {
	for from, want := range map[string]string{
		"":                              "",
		"a <b>b</b>c\n d":               "a bc d",
		"<p>a</p><p>b<br>c</p>":         "a\nb\nc",
		"<ul><li>a</li><li>b</li></ul>": "a\nb",
		"a &lt;b&gt; &amp; c":           "a <b> & c",
		`<a href="https://x.example/1">Our page</a>.`:                                                       "Our page <https://x.example/1>.",
		`<a href="https://x.example/1">https://y.example`:                                                   "https://y.example <https://x.example/1>",
		`<a href="https://x.example/1">a<a href="https://y.example">b</a>`:                                  "a <https://x.example/1>b <https://y.example>",
		`<a href="https://x.example/1"><span class="invisible">https://</span><span>x.example/1</span></a>`: "https://x.example/1",
		`<a>none</a> <a href="">empty</a>`:                                                                  "none empty",
	} {
		if got := prose.Spelled(from); got != want {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
}

func TestForeignIsCut(t *testing.T) {
	if got, want := prose.Foreign("<p>ää<b>c</b></p>", 6), "<p>ä</p>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := prose.Foreign("<p>a<b>c</b></p>", 6), "<p>a</p>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestForeignDeep(t *testing.T) {
	got := prose.Foreign(strings.Repeat("<blockquote>", 5000)+"a", 1<<20)
	if strings.Count(got, "<blockquote>") > 600 {
		t.Errorf("%d levels are kept", strings.Count(got, "<blockquote>"))
	}
}

func FuzzForeign(f *testing.F) {
	for _, s := range []string{"", "<p>a</p>", `<a href="javascript:x">`, "<<b>", "<p><script>", "\xff<", "<svg><style>", "<math><mi><mglyph>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := prose.Foreign(s, 2000)
		if !utf8.ValidString(got) {
			t.Errorf("no UTF-8: %q", got)
		}
		depth := 0
		z := html.NewTokenizer(strings.NewReader(got))
		for {
			switch z.Next() {
			case html.ErrorToken:
				if depth != 0 {
					t.Errorf("%d elements are left open in %q, from %q", depth, got, s)
				}
				return
			case html.StartTagToken:
				token := z.Token()
				if name := token.Data; name == "script" || name == "style" || name == "img" || name == "svg" || name == "iframe" {
					t.Errorf("%s in %q, from %q", name, got, s)
				}
				for _, a := range token.Attr {
					if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
						t.Errorf("attribute %s=%q in %q, from %q", a.Key, a.Val, got, s)
					}
				}
				if name := token.Data; name != "br" && name != "hr" {
					depth++
				}
			case html.EndTagToken:
				depth--
			}
		}
	})
}
