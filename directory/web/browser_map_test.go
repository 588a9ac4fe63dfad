package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// mapEntries is how many entries the map is moved over: MAP_ENTRIES, or a few.
// With it, a task that keeps the browser busy for long fails the test; without,
// as on a machine that does other things, it is only said.
func mapEntries(t *testing.T) (n int, strict bool) {
	t.Helper()
	text := os.Getenv("MAP_ENTRIES")
	if text == "" {
		return 2000, false
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n, true
}

// crowded returns the address of a site with so many made-up entries, or with
// those of MAP_DATABASE, which 'commonage bench load' has filled.
func crowded(t *testing.T, n int) string {
	t.Helper()
	if address := os.Getenv("MAP_DATABASE"); address != "" {
		s, err := store.Open(context.Background(), address)
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return serving(t, s)
	}
	s := storetest.Open(t)
	made := synthetic.New(1, "ghent.example")
	const batch = 5000
	for first := 0; first < n; first += batch {
		var entries []store.PutEntry
		for k := first; k < min(first+batch, n); k++ {
			entries = append(entries, store.PutEntry{Initiative: made.Entry(k)})
		}
		must(t, s.PutInitiatives(context.Background(), entries))
	}
	return serving(t, s)
}

func serving(t *testing.T, s *store.Store) string {
	t.Helper()
	must(t, s.FillIndex(context.Background()))
	server := httptest.NewServer(handler(t, ghent(), s))
	t.Cleanup(server.Close)
	return server.URL
}

// longTask is how many milliseconds of script people notice while they drag.
const longTask = 100

func TestBrowserMapOfManyMovesByKeyboard(t *testing.T) {
	built(t)
	n, strict := mapEntries(t)
	address := crowded(t, n)
	ctx := tab(browser(t), t, wide())
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/search?country=DE")))
	waitFor(ctx, t, `document.querySelector(".map.moving") && document.querySelectorAll(".pin").length > 3`)
	must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`window.longest = 0;
		new PerformanceObserver((list) => { for (const e of list.getEntries()) longest = Math.max(longest, e.duration); }).observe({ type: "longtask" })`),
		chromedp.Focus(chromedp.CSS(".live"))))
	area := "" // what the map shows, as the link to it says
	// The plus sign needs Shift, which makes it three steps at once; its key does not.
	for _, key := range []string{"=", kb.ArrowLeft, kb.ArrowUp, "=", kb.ArrowRight, "=", kb.ArrowDown, "-", "-", kb.ArrowLeft, "-", "-"} {
		must(t, chromedp.Do(ctx, chromedp.KeyEvent(key)))
		waitFor(ctx, t, fmt.Sprintf(`(document.querySelector(".here-link")?.getAttribute("href") ?? "") !== %q`, area))
		var err error
		area, err = chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".here-link").getAttribute("href")`))
		must(t, err)
	}
	waitFor(ctx, t, `document.querySelector(".pin.many")`)
	longest, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`longest`))
	must(t, err)
	t.Logf("over %d entries, the longest task took %.0f ms", n, longest)
	if strict && longest > longTask {
		t.Errorf("a task took %.0f ms, at most %d are smooth", longest, longTask)
	}
	// Enter on a cluster looks closer and leaves the focus on the map.
	must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector(".pin.many").focus()`)))
	waitFor(ctx, t, `document.activeElement.matches(".pin.many")`)
	must(t, chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)))
	waitFor(ctx, t, fmt.Sprintf(`document.activeElement.matches(".live") && document.querySelector(".here-link").getAttribute("href") !== %q`, area))
}
