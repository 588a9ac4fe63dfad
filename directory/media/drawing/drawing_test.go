package drawing_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory/media/drawing"
)

// logo is what programs write: rules of style, a gradient that has its colours from
// another, a ring with a hole, copies, lines, packed numbers, and much that is not
// drawn.
const logo = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:i="http://example.org/editor"
  width="100mm" height="50mm" viewBox="0 0 200 100" fill="none">
  <title>A house of tools</title><metadata><i:note i:src="http://127.0.0.1/"/></metadata><i:view zoom="2"><i:deep/></i:view>
  <style type="text/css"><![CDATA[ /* colours */ @import url("http://127.0.0.1/x.css");
    .roof, .wall { fill: #c00 } .wall { fill: rgb(0, 0, 200); } #door { fill: lime } @media print { .roof { fill: black } } ]]></style>
  <defs>
    <linearGradient id="colours"><stop offset="0" style="stop-color:#f00"/><stop offset="100%" stop-color="blue"/></linearGradient>
    <linearGradient id="sky" xlink:href="#colours" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="100" y2="0"/>
    <g id="window"><rect width="10" height="10" fill="white"/></g>
    <clipPath id="page"><rect width="190" height="100"/></clipPath>
  </defs>
  <g clip-path="url(#page)">
    <rect x="100" width="100%" height="10" fill="currentColor" color="#0a0"/>
    <g transform="translate(10 10) scale(1)">
      <path class="roof" d="M0 30l30-30 30 30z"/>
      <rect class="wall" x="5" y="30" width="50" height="50"/>
      <rect class="wall" id="door" x="40" y="60" width="10" height="20"/>
      <use xlink:href="#window" x="10" y="40"/><use href="#window" transform="translate(25,40)"/>
    </g>
    <g transform="translate(50,0)"><rect x="50" y="90" width="50" height="10" style="fill:url(#sky)"/></g>
    <path fill="#ff8000" fill-rule="evenodd" d="M100 50a30 30 0 1060 0 30 30 0 10-60 0ZM115 50a15 15 0 1030 0 15 15 0 10-30 0Z"/>
    <path stroke="teal" stroke-width="4" d="M170 20V80"/>
    <line x1="180" x2="180" y1="20" y2="80" stroke="teal" stroke-width="4" stroke-dasharray="20"/>
  </g>
  <circle cx="130" cy="50" r="5" fill="#000" opacity="50%"/>
  <script>alert(1)</script>
</svg>`

// at returns the colour of a point, given in the units of a drawing 200 wide.
func at(p drawing.Picture, x, y float64) color.NRGBA {
	scale := float64(p.Rect.Dx()) / 200
	return color.NRGBAModel.Convert(p.At(int(x*scale), int(y*scale))).(color.NRGBA)
}

func near(a, b color.NRGBA) bool {
	close := func(a, b uint8) bool { return max(a, b)-min(a, b) <= 4 }
	return close(a.R, b.R) && close(a.G, b.G) && close(a.B, b.B) && close(a.A, b.A)
}

func TestLogo(t *testing.T) {
	p, err := drawing.Render([]byte(logo))
	if err != nil {
		t.Fatal(err)
	}
	if p.Rect != image.Rect(0, 0, 1024, 512) {
		t.Errorf("got %v, want 1024 by 512", p.Rect)
	}
	for name, c := range map[string]struct {
		x, y float64
		want color.NRGBA
	}{
		"nothing":             {2, 2, color.NRGBA{}},
		"roof":                {40, 30, color.NRGBA{204, 0, 0, 255}},
		"beside the roof":     {15, 15, color.NRGBA{}},
		"wall":                {20, 45, color.NRGBA{0, 0, 200, 255}},
		"door":                {55, 80, color.NRGBA{0, 255, 0, 255}},
		"window":              {25, 55, color.NRGBA{255, 255, 255, 255}},
		"window, moved":       {40, 55, color.NRGBA{255, 255, 255, 255}},
		"its own colour":      {150, 5, color.NRGBA{0, 170, 0, 255}},
		"cut off":             {195, 5, color.NRGBA{}},
		"gradient, half way":  {125, 95, color.NRGBA{63, 0, 191, 255}}, // 75 of its own 100
		"gradient, far":       {149, 95, color.NRGBA{2, 0, 252, 255}},
		"ring":                {107, 50, color.NRGBA{255, 128, 0, 255}},
		"ring, right":         {153, 50, color.NRGBA{255, 128, 0, 255}},
		"in the ring":         {121, 50, color.NRGBA{}},
		"half transparent":    {130, 50, color.NRGBA{0, 0, 0, 128}},
		"line":                {171.5, 50, color.NRGBA{0, 128, 128, 255}},
		"beside the line":     {173, 50, color.NRGBA{}},
		"dash":                {180, 30, color.NRGBA{0, 128, 128, 255}},
		"between two dashes":  {180, 50, color.NRGBA{}},
		"dash after the next": {180, 70, color.NRGBA{0, 128, 128, 255}},
	} {
		if got := at(p, c.x, c.y); !near(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestCompressed(t *testing.T) {
	pack := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprint(w, text)
		w.Close()
		return b.Bytes()
	}
	if p, err := drawing.Render(pack(logo)); err != nil || !near(at(p, 40, 30), color.NRGBA{204, 0, 0, 255}) {
		t.Errorf("got %v", err)
	}
	bomb := pack("<svg>" + strings.Repeat(" ", 1<<30>>4) + "</svg>")
	if _, err := drawing.Render(bomb); err == nil || !strings.Contains(err.Error(), "MB") && !strings.Contains(err.Error(), "cut off") {
		t.Errorf("%d bytes that become many: got %v", len(bomb), err)
	}
}

func TestSize(t *testing.T) {
	for attributes, want := range map[string]image.Point{
		``:                                     {1024, 512},
		`viewBox="0 0 24 24"`:                  {1024, 1024},
		`viewBox="-5,-5,10,20"`:                {512, 1024},
		`width="24" height="12"`:               {1024, 512},
		`width="1500px" height="500px"`:        {1500, 500},
		`width="20in" height="10in"`:           {1920, 960},
		`width="1e6" height="1e6"`:             {1920, 1920},
		`width="100%" viewBox="0 0 1 2"`:       {512, 1024},
		`width="1000000" height="1"`:           {1920, 1},
		`viewBox="0 0 1 1" width="-5"`:         {1024, 1024},
		`viewBox="0 0 0 0"`:                    {},
		`viewBox="0 0 NaN 1"`:                  {},
		`viewBox="0 0 Infinity 1"`:             {},
		`viewBox="0 0 1e999 1"`:                {},
		`viewBox="0 0 1e300 1e300"`:            {},
		`viewBox="0 0 -1 5"`:                   {},
		`viewBox="0 0 1"`:                      {},
		`viewBox="0 0 1e-30 1e-30"`:            {},
		`width="99999999999" height="9999999"`: {1024, 512}, // as if it said nothing
	} {
		p, err := drawing.Render([]byte(`<svg xmlns="http://www.w3.org/2000/svg" ` + attributes + `><path d="M0 0h9v9z"/></svg>`))
		switch {
		case want == image.Point{} && err == nil:
			t.Errorf("%s: got %v, want it refused", attributes, p.Rect)
		case want != image.Point{} && (err != nil || p.Rect.Size() != want):
			t.Errorf("%s: got %v, %v, want %v", attributes, p, err, want)
		}
	}
}

// doubling is a drawing that grows with each of its steps.
func doubling(steps int) string {
	var b strings.Builder
	b.WriteString(`<g id="a0"><path d="M0 0h1v1z"/></g>`)
	for k := range steps {
		fmt.Fprintf(&b, `<g id="a%d"><use href="#a%d"/><use href="#a%d"/></g>`, k+1, k, k)
	}
	return `<defs>` + b.String() + fmt.Sprintf(`</defs><use href="#a%d"/>`, steps)
}

// hostile are drawings that are refused, and what is said of them.
func hostile() map[string]string {
	deep := func(n int, inner string) string { return strings.Repeat("<g>", n) + inner + strings.Repeat("</g>", n) }
	return map[string]string{
		deep(10_000, ""):                 "nested too deeply",
		strings.Repeat("<g>", 1<<19):     "nested too deeply",
		doubling(30):                     "too many elements",
		`<g id="a"><use href="#a"/></g>`: "in itself",
		`<defs><use id="a" href="#b"/><use id="b" href="#a"/></defs><use href="#a"/>`: "in itself",
		strings.Repeat(`<path/>`, 20_001):                                             "too many elements",
		`<use href="http://127.0.0.1/x.svg#a"/>`:                                      "not in it",
		`<use href="#gone"/>`:                                                         "not in it",
		`<image href="http://127.0.0.1/x.png"/>`:                                      "has <image>",
		`<text>Hello</text>`:                                                          "has <text>",
		`<foreignObject/>`:                                                            "has <foreignObject>",
		`<g filter="url(#f)"/>`:                                                       "has a filter",
		`<g mask="url(http://127.0.0.1/x.svg#a)"/>`:                                   "has a mask",
		`<g clip-path="circle(5px)"/>`:                                                "has a clip-path",
		`<path fill="url(http://127.0.0.1/x.svg#a)" d="M0 0h1v1z"/>`:                  "has a fill",
		`<path fill="url(#a)" d="M0 0h1v1z"/>`:                                        "has a fill",
		`<path fill="glitter" d="M0 0h1v1z"/>`:                                        "has a colour",
		`<path fill="hsl()" d="M0 0h1v1z"/>`:                                          "has a colour",
		`<path d="M0 0 L NaN NaN"/>`:                                                  "is broken",
		`<path d="M0 0 L 1e7 0"/>`:                                                    "is broken",
		`<path d="L1 1"/>`:                                                            "is broken",
		`<path d="M0 0 a1 1 0 2 0 5 5"/>`:                                             "is broken",
		`<g transform="scale(NaN)"/>`:                                                 "has a number",
		`<g transform="scale(1e9)"/>`:                                                 "has a number",
		`<g transform="scale(1e6) scale(1e6)"/>`:                                      "has a number",
		`<g transform="turn(1)"/>`:                                                    "has a transform",
		deep(20, `<g transform="scale(1000)"><g transform="scale(1000)"><path/></g></g>`):                              "",
		`<path stroke="red" stroke-dasharray="0.02" stroke-width="9" d="M0 0` + strings.Repeat("H300H0", 9000) + `"/>`: "too long",
		strings.Repeat(`<rect width="300" height="150"/>`, 5000):                                                       "too long",
		`<path fill-rule="evenodd" d="` + strings.Repeat("M0 0H300V150z", 5000) + `"/>`:                                "too long",
		`<path stroke="red" stroke-width="1e6" d="M-1e6 -1e6` + strings.Repeat("L1e6 1e6L-1e6-1e6", 9000) + `"/>`:      "too long",
		`<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/><path fill="url(#a)" d="M0 0h1z"/>`:       "refers to itself",
		`<linearGradient id="a"><stop stop-color="none"/></linearGradient><path fill="url(#a)" d="M0 0h1z"/>`:          "has a gradient",
		`<style>` + rules(1001) + `</style>`:                                                                           "too many rules",
		`<g></h>`:                                                                                                      "damaged",
		`<g`:                                                                                                           "damaged",
		`&laughs;`:                                                                                                     "damaged",
		strings.Repeat(" ", drawing.MaxBytes):                                                                          "MB",
	}
}

func rules(n int) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, ".a%d{fill:red}", k)
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	for inner, want := range hostile() {
		_, err := drawing.Render([]byte(`<svg xmlns="http://www.w3.org/2000/svg">` + inner + `</svg>`))
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.90s: got %v, want %q", inner, err, want)
		}
	}
	for document, want := range map[string]string{
		"":         "is empty",
		"<html/>":  "does not begin",
		"<x:svg/>": "does not begin",
		`<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><svg>&c;</svg>`: "defines entities",
		`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`:                  "defines entities",
		"\x1f\x8bnothing": "is damaged",
	} {
		if _, err := drawing.Render([]byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", document, err, want)
		}
	}
}

// FuzzRender: whatever comes, there is a picture of a size that is allowed, or an
// error.
func FuzzRender(f *testing.F) {
	f.Add([]byte(logo))
	for inner := range hostile() {
		if len(inner) < 1000 {
			f.Add([]byte(`<svg viewBox="0 0 9 9">` + inner + `</svg>`))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := drawing.Render(data)
		if err == nil && (p.Rect.Empty() || p.Rect.Dx() > 1920 || p.Rect.Dy() > 1920) {
			t.Errorf("got %v", p.Rect)
		}
		if err != nil && (err.Error() == "" || strings.ContainsAny(err.Error(), "\n")) {
			t.Errorf("got %q", err)
		}
	})
}
