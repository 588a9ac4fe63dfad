package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The search box completes what is typed, by keyboard alone, and says so to
// screen readers.
func TestBrowserSuggestsWhileTyping(t *testing.T) {
	built(t)
	root, address := browser(t), site(t)
	ctx := tab(root, t, wide())
	box := `document.querySelector("form[role=search] input")`
	must(t, chromedp.Do(ctx, chromedp.Navigate(address+"/"), chromedp.SendKeys(chromedp.CSS("form[role=search] input"), "repair c")))
	waitFor(ctx, t, box+`.getAttribute("aria-expanded") === "true"`)
	waitFor(ctx, t, `document.querySelectorAll("[role=listbox] [role=option]").length === 2`)
	screenshot(ctx, t, "suggestions-wide")
	must(t, chromedp.Do(ctx, chromedp.KeyEvent(kb.Escape)))
	waitFor(ctx, t, box+`.getAttribute("aria-expanded") === "false" && document.querySelector("[role=listbox]").hidden`)
	must(t, chromedp.Do(ctx, chromedp.KeyEvent("a")))
	waitFor(ctx, t, box+`.getAttribute("aria-expanded") === "true"`)
	must(t, chromedp.Do(ctx, chromedp.KeyEvent(kb.ArrowDown)))
	waitFor(ctx, t, `document.getElementById(`+box+`.getAttribute("aria-activedescendant")).getAttribute("aria-selected") === "true"`)
	must(t, chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)))
	waitFor(ctx, t, `location.pathname !== "/"`)
	if got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href")); err != nil || got != address+"/forms/repair-cafe" {
		t.Errorf("it led to %s, %v", got, err)
	}
}
