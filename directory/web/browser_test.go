package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser starts Chromium for a test, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx))
	return ctx
}

// missing skips the test, or fails it where everything has to be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("TEST_ALL") == "1" {
		t.Fatal(what + ", and TEST_ALL is 1")
	}
	t.Skip(what)
}

// built skips the test where the scripts of the pages were not built.
func built(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("../../templates/assets/dist/map.js"); err != nil {
		missing(t, "the scripts are not built")
	}
}

// visit is how a page is looked at.
type visit struct {
	width, height int64
	scheme        string
	withoutScript bool
}

func wide() visit   { return visit{1280, 900, "light", false} }
func narrow() visit { return visit{390, 844, "light", false} }
func dark() visit   { return visit{1280, 900, "dark", false} }

// tab opens a tab, which closes before the site does, and fails the test when the page logs an error, such as
// something that the content security policy refused.
func tab(root context.Context, t *testing.T, v visit) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(root)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx))
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height), func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Void{}, v.apply(ctx, target)
	}, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		entries := cdp.Events(ctx, target, log.EntryAdded)
		go func() {
			defer close(done)
			for e, err := range entries {
				if err == nil && e.Entry.Level == log.EntryLevelError {
					t.Errorf("the page logged: %s %s", e.Entry.Text, e.Entry.URL)
				}
			}
		}()
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	}))
	return ctx
}

func (v visit) apply(ctx context.Context, target *chromedp.Target) error {
	_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: v.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err == nil && v.withoutScript {
		_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	if err != nil {
		return fmt.Errorf("emulate: %w", err)
	}
	return nil
}

func site(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(full(t))
	t.Cleanup(server.Close)
	return server.URL
}

// waitFor waits until an expression holds in the page, over navigations too.
func waitFor(ctx context.Context, t *testing.T, expression string) {
	t.Helper()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if ok {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("waited for %s: %v, %v", expression, ctx.Err(), err)
		}
		must(t, chromedp.Do(ctx, chromedp.Sleep(20*time.Millisecond)))
	}
}

func TestBrowserSearchesFiltersAndOpens(t *testing.T) {
	built(t)
	address := site(t)
	ctx := tab(browser(t), t, wide())
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/"), chromedp.SendKeys(chromedp.CSS("main input[name=q]"), "near Ghent\n")))
	waitFor(ctx, t, `document.querySelector("h1").textContent.includes("2 for near Ghent")`)
	waitFor(ctx, t, `document.querySelector(".map.moving")`)
	must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".facets a")].find(a => a.textContent.includes("Tool library")).click()`)))
	waitFor(ctx, t, `location.search.includes("form=tool-library") && document.querySelector("h1").textContent.startsWith("1 for")`)
	waitFor(ctx, t, `document.querySelectorAll(".pin.one").length === 1`)
	must(t, chromedp.Do(ctx, chromedp.NavigateBack()))
	waitFor(ctx, t, `document.querySelector("h1").textContent.startsWith("2 for")`)
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".entry h3 a"))))
	waitFor(ctx, t, `location.pathname.startsWith("/initiatives/") && document.querySelector(".follow")`)
}

func TestBrowserMapMovesByKeyboardAndLinksItsArea(t *testing.T) {
	built(t)
	address := site(t)
	ctx := tab(browser(t), t, wide())
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/search?place=Ghent")))
	waitFor(ctx, t, `document.querySelector(".map.moving")`)
	must(t, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(".live")), chromedp.KeyEvent(kb.ArrowRight)))
	waitFor(ctx, t, `document.querySelector(".here-link:not([hidden])")`)
	first, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".here-link").getAttribute("href")`))
	must(t, err)
	if !strings.Contains(first, "bbox=") {
		t.Fatalf("the link %q names no area", first)
	}
	must(t, chromedp.Do(ctx, chromedp.KeyEvent("-")))
	waitFor(ctx, t, fmt.Sprintf(`document.querySelector(".here-link").getAttribute("href") !== %q`, first))
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".here-link"))))
	waitFor(ctx, t, `location.search.includes("bbox=")`)
}

func TestBrowserJoinsListAndMap(t *testing.T) {
	built(t)
	address := site(t)
	ctx := tab(browser(t), t, wide())
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/search?place=Ghent")))
	waitFor(ctx, t, `document.querySelectorAll(".pin.one").length === 2`)
	must(t, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(".entry h3 a"))))
	waitFor(ctx, t, `document.querySelector(".pin.lit, .pin.here")`)
	must(t, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(".pin.one"))))
	waitFor(ctx, t, `document.querySelector(".entry.lit")`)
}

func TestBrowserWithoutScript(t *testing.T) {
	v := wide()
	v.withoutScript = true
	address := site(t)
	ctx := tab(browser(t), t, v)
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/search"), chromedp.WaitVisible(chromedp.CSS(".drawn")),
		chromedp.Click(chromedp.CSS(".drawn a.cluster"))))
	for where := ""; !strings.Contains(where, "bbox="); {
		var err error
		where, err = chromedp.Run(ctx, chromedp.Location())
		if err != nil {
			t.Fatalf("the cluster leads to %q: %v", where, err)
		}
	}
}

// looks lists what is looked at, by the name of its screenshot.
func looks() map[string]string {
	return map[string]string{
		"home": "/", "search": "/search", "search-near": "/search?q=near+Ghent", "search-empty": "/search?q=nothingatall",
		"search-fields": "/search?q=kind:rural+since:2020+in:Vienna+repiar",
		"initiative":    "/initiatives/repaircafe", "initiative-carried": "/initiatives/unicorn@manchester.example",
		"post": "/initiatives/repaircafe/posts/01HELLO", "post-moved": "/initiatives/moved/posts/01EVENT", "forms": "/forms", "form": "/forms/repair-cafe",
		"network": "/network", "about": "/about", "api": "/api", "error": "/nothing",
	}
}

// TestBrowserFindsNothingInaccessible runs axe on every page, and takes
// screenshots into the folder that TEST_SCREENSHOTS names.
func TestBrowserFindsNothingInaccessible(t *testing.T) {
	built(t)
	axe, err := os.ReadFile("../../templates/assets/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed")
	}
	root, address := browser(t), site(t)
	for name, path := range looks() {
		for mode, v := range map[string]visit{"wide": wide(), "narrow": narrow(), "dark": dark()} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				ctx, cancel := chromedp.NewContext(root)
				defer cancel()
				must(t, chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height)))
				must(t, chromedp.Do(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
					return chromedp.Void{}, v.apply(ctx, target)
				}, chromedp.Navigate(address+path)))
				settle(ctx, t)
				screenshot(ctx, t, name+"-"+mode)
				checkAxe(ctx, t, string(axe))
			})
		}
	}
}

// settle waits for the maps on a page that can be seen.
func settle(ctx context.Context, t *testing.T) {
	t.Helper()
	waitFor(ctx, t, `[...document.querySelectorAll("[data-map]")].every(m => {
		const r = m.getBoundingClientRect();
		return m.classList.contains("moving") || r.height === 0 || r.top > innerHeight;
	})`)
}

func screenshot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("TEST_SCREENSHOTS")
	if folder == "" {
		return
	}
	// The land of a map is drawn a moment after its signs.
	picture, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		if _, err := chromedp.Sleep(300*time.Millisecond)(ctx, target); err != nil {
			return nil, err
		}
		return chromedp.CaptureScreenshot()(ctx, target)
	})
	must(t, err)
	must(t, os.MkdirAll(folder, 0o750))
	must(t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600))
}

type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string
		FailureSummary string
	}
}

func checkAxe(ctx context.Context, t *testing.T, axe string) {
	t.Helper()
	must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](axe)))
	violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](
		`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
			.then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`,
		chromedp.EvalAwaitPromise))
	must(t, err)
	for _, v := range violations {
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			t.Errorf("%s (%s) at %.300s\n%s", v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}
