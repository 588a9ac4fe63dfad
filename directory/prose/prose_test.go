package prose_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"codeberg.org/commonage/commonage/directory/prose"
)

func tagURL(tag string) string { return "/tags/" + url.PathEscape(tag) }

func TestPlain(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"nothing":          {" \n\n\t", ""},
		"one line":         {"Hello", "<p>Hello</p>"},
		"lines":            {"a\nb\r\nc", "<p>a<br>b<br>c</p>"},
		"paragraphs":       {"\na\n\n\n\nb\r\n\r\nc\n", "<p>a</p><p>b</p><p>c</p>"},
		"what HTML means":  {`<b>1 & 2</b> "x" 'y'`, "<p>&lt;b&gt;1 &amp; 2&lt;/b&gt; &#34;x&#34; &#39;y&#39;</p>"},
		"an address":       {"see https://a.example/b?c=1&d=2.", `<p>see <a href="https://a.example/b?c=1&amp;d=2" rel="nofollow noopener">https://a.example/b?c=1&amp;d=2</a>.</p>`},
		"in brackets":      {"(http://a.example/b)", `<p>(<a href="http://a.example/b" rel="nofollow noopener">http://a.example/b</a>)</p>`},
		"no address":       {"https:// ftp://a.example javascript:x", "<p>https:// ftp://a.example javascript:x</p>"},
		"with its own tag": {"https://a.example/#top", `<p><a href="https://a.example/#top" rel="nofollow noopener">https://a.example/#top</a></p>`},
		"out of an attribute": {
			`https://a.example/"onclick="x() https://b.example/'>`,
			`<p><a href="https://a.example/" rel="nofollow noopener">https://a.example/</a>&#34;onclick=&#34;x() ` +
				`<a href="https://b.example/" rel="nofollow noopener">https://b.example/</a>&#39;&gt;</p>`,
		},
		"tags": {
			"#Repair and (#Café) x#no #1 #2026fest",
			`<p><a href="/tags/Repair" class="mention hashtag" rel="tag">#<span>Repair</span></a> and ` +
				`(<a href="/tags/Caf%C3%A9" class="mention hashtag" rel="tag">#<span>Café</span></a>) x#no #1 ` +
				`<a href="/tags/2026fest" class="mention hashtag" rel="tag">#<span>2026fest</span></a></p>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prose.Plain(c.in, tagURL); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if got, want := prose.Plain("#a", nil), "<p>#a</p>"; got != want {
		t.Errorf("without addresses of tags: got %s, want %s", got, want)
	}
}

func TestHashtags(t *testing.T) {
	for text, want := range map[string][]string{
		"":                             nil,
		"#a #b #A (#c)\n#d,#e #f.":     {"a", "b", "c", "d", "f"},
		"#1 # #_ a#b &#39; ##c":        nil,
		"#2026fest #a_b #ÉCOLE #école": {"2026fest", "a_b", "ÉCOLE"},
		"#हिन्दी #ไทยที่นี่ #தமிழ் #日本 #עִבְרִית": {"हिन्दी", "ไทยที่นี่", "தமிழ்", "日本", "עִבְרִית"},
		"#cafe\u0301s end":                      {"cafe\u0301s"},
		"https://a.example/#top #b":             {"b"},
		"#a https://a.example/x #b\u00a0#c\xff": {"a", "b", "c"},
	} {
		if diff := cmp.Diff(want, prose.Hashtags(text)); diff != "" {
			t.Errorf("Hashtags(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestMentions(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                       nil,
		"@a@b.example and (@C.d@e-f.example:80)": {"a@b.example", "C.d@e-f.example:80"},
		"@a@b.example @A@B.Example":              {"a@b.example"},
		"a@b.example @a @@b.example me@@b":       nil,
		"https://b.example/@a@c.example":         nil,
		"thanks @a@b.example.":                   {"a@b.example"},
	} {
		if diff := cmp.Diff(want, prose.Mentions(text)); diff != "" {
			t.Errorf("Mentions(%q) (-want +got):\n%s", text, diff)
		}
	}
	got := prose.Linked("@a@b.example @c@d.example", prose.Links{Mention: func(acct string) string {
		if acct == "a@b.example" {
			return `https://b.example/"a`
		}
		return ""
	}})
	want := `<p><span class="h-card" translate="no"><a href="https://b.example/&#34;a" class="u-url mention">@<span>a</span></a></span> @c@d.example</p>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMarkdown(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"nothing":       {"", ""},
		"words":         {"a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>"},
		"lines":         {"a\nb", "<p>a<br>\nb</p>"},
		"list":          {"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		"from":          {"3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>"},
		"raw HTML":      {"<b>a</b> <script>x</script>\n\n<div onclick=x>b</div>", "<p>a x</p>"},
		"picture":       {"![alt](https://a.example/x.png)", "<p></p>"},
		"link":          {"[a](https://a.example)", `<p><a href="https://a.example" rel="nofollow noreferrer">a</a></p>`},
		"bad link":      {"[a](javascript:x) [b](data:text/html,x) [c](/d)", "<p>a b c</p>"},
		"bare":          {"https://a.example", `<p><a href="https://a.example" rel="nofollow noreferrer">https://a.example</a></p>`},
		"headings":      {"# a\n## b\n### c\n# d", "<h2>a</h2>\n<h3>b</h3>\n<h4>c</h4>\n<h2>d</h2>"},
		"no holes":      {"##### a\n###### b\n# c", "<h2>a</h2>\n<h3>b</h3>\n<h2>c</h2>"},
		"quoted":        {"> # a\n\n- ## b", "<blockquote>\n<h2>a</h2>\n</blockquote>\n<ul>\n<li>\n<h3>b</h3>\n</li>\n</ul>"},
		"scripts":       {"Здравей, 日本語 हिन्दी עִבְרִית", "<p>Здравей, 日本語 हिन्दी עִבְרִית</p>"},
		"tags in code":  {"`<h1>` &lt;h1&gt;", "<p><code>&lt;h1&gt;</code> &lt;h1&gt;</p>"},
		"zero and junk": {"a\x00b\xff", "<p>a\ufffdb\ufffd</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prose.Markdown(c.in); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"text":     {"a & b", "a &amp; b"},
		"kept":     {`<p lang="nl">a <b>b</b><br><code>c</code></p><ol start="4"><li>d</li></ol>`, `<p lang="nl">a <b>b</b><br><code>c</code></p><ol start="4"><li>d</li></ol>`},
		"classes":  {`<span class="mention">a</span><span class="admin">b</span>`, `<span class="mention">a</span><span>b</span>`},
		"language": {`<p lang="x onclick">a</p>`, `<p>a</p>`},
		"first":    {`<h1>a</h1><h2>b</h2>`, `a<h2>b</h2>`},
		"frames":   {`a<iframe src="https://a.example">b</iframe><object>c</object><form>d</form>`, `ad`},
		"relative": {`<a href="/x">a</a><a href="//a.example">b</a>`, `ab`},
		"tricks":   {"<a href=\"java\nscript:x\">a</a><a href=\"&#106;avascript:x\">b</a><p style=\"x\">c</p>", `ab<p>c</p>`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prose.Clean(c.in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// seeds are texts that have broken such code elsewhere.
func seeds() []string {
	return []string{
		"", "# a\n## b", "https://a.example/\"onmouseover=x", "<script>alert(1)</script>", "<svg/onload=x>", "<a href='javascript:x'>a",
		"[a](javascript:x)", "[a](<https://a.example/\"onclick=\"x>)", "![a](x)", "<img src=x onerror=x>", "<style>@import x", "<<p>script>",
		"#a #हिन्दी (#b)", "@a@b.example", "\xff\x00", "<math><mi><mglyph>", "<noscript><p title=\"</noscript><img src=x>\">", "a\r\n\r\nb",
		"<!--><img src=x onerror=x>-->", "&lt;img src=x&gt;", "> # a", "```html\n<script>\n```", "<p lang=\"en\" onclick=x>", "www.a.example/<b>",
	}
}

// checkSafe wants HTML without anything that acts, loads or styles, whatever a
// browser makes of it.
func checkSafe(t *testing.T, from, got string) {
	t.Helper()
	elements := strings.Fields("html head body p br hr span del s pre blockquote code b strong u i em ul ol li a h2 h3 h4 h5 h6")
	attributes := strings.Fields("href rel class lang start translate")
	doc, err := html.Parse(strings.NewReader(got))
	if err != nil {
		t.Skip() // too deep to be shown
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Fatalf("a comment in %q, from %q", got, from)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(elements, n.Data) {
			t.Fatalf("%s in %q, from %q", n.Data, got, from)
		}
		for _, a := range n.Attr {
			if !slices.Contains(attributes, a.Key) {
				t.Fatalf("attribute %s in %q, from %q", a.Key, got, from)
			}
			if scheme, _, _ := strings.Cut(strings.ToLower(a.Val), ":"); a.Key == "href" && !slices.Contains([]string{"http", "https", "mailto"}, scheme) {
				t.Fatalf("a link to %q in %q, from %q", a.Val, got, from)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := prose.Clean(s)
		checkSafe(t, s, got)
		checkSafe(t, got, prose.Clean(got))
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := prose.Markdown(s)
		checkSafe(t, s, got)
		if !utf8.ValidString(got) {
			t.Fatalf("no UTF-8: %q, from %q", got, s)
		}
		last := 1
		for part := range strings.SplitSeq(got, "<h") {
			if part != "" && part[0] >= '1' && part[0] <= '6' {
				if level := int(part[0] - '0'); level > last+1 || level == 1 {
					t.Fatalf("h%d after h%d in %q, from %q", level, last, got, s)
				} else {
					last = level
				}
			}
		}
	})
}

func FuzzPlain(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var linked []string
		got := prose.Linked(s, prose.Links{
			Tag:     func(tag string) string { linked = append(linked, tag); return "https://h.example" + tagURL(tag) },
			Mention: func(acct string) string { return "https://h.example/" + url.PathEscape(acct) },
		})
		checkSafe(t, s, got)
		for _, tag := range linked {
			if !slices.ContainsFunc(prose.Hashtags(s), func(other string) bool {
				return strings.EqualFold(tag, other)
			}) {
				t.Fatalf("%q links #%s, which is not among its hashtags %q", s, tag, prose.Hashtags(s))
			}
		}
		// Nothing that was written is lost: what a browser shows is the text.
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") || strings.Contains(s, "@") {
			return
		}
		if shown, want := strings.Join(strings.Fields(prose.Text(got)), " "), strings.Join(strings.Fields(s), " "); html.UnescapeString(shown) != want && shown != want {
			t.Fatalf("%q is shown as %q", s, shown)
		}
	})
}
