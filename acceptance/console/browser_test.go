// Package console walks through the console of a saga in a real browser.
package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"example.com/saga/acceptance/await"
)

// browser is a tab of a headless Chromium.
type browser struct {
	testing.TB

	// home is the address of the console.
	home string
	// act runs actions in the tab.
	act func(actions ...chromedp.Action) error

	mu       sync.Mutex
	problems []string
}

// findBrowser returns the path of a Chromium or Chrome. Without one the test is skipped,
// and fails where that must not be.
func findBrowser(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		tb.Fatal("there is no Chromium or Chrome")
	}
	tb.Skip("there is no Chromium or Chrome")
	return ""
}

// openBrowser opens a tab, and closes it with the test. The test fails if a page writes an
// error to the browser's console, throws one, or sends a request to another host.
func openBrowser(tb testing.TB, home string) *browser {
	tb.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(findBrowser(tb)), chromedp.WindowSize(1280, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with one.
	}
	allocated, stop := chromedp.NewExecAllocator(context.WithoutCancel(tb.Context()), options...)
	tb.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocated)
	tb.Cleanup(closeTab)
	b := &browser{TB: tb, home: home, act: func(actions ...chromedp.Action) error {
		bounded, cancel := context.WithTimeout(ctx, await.Patience)
		defer cancel()
		return chromedp.Run(bounded, actions...)
	}}
	chromedp.ListenTarget(ctx, b.watch)
	// The browser ends with the context of the first Run.
	if err := chromedp.Run(ctx, network.Enable(), runtime.Enable()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for _, problem := range b.found() {
			tb.Errorf("in the browser: %s", problem)
		}
	})
	return b
}

// watch notes what must not happen.
func (b *browser) watch(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.note("console: %v", describe(e.Args))
		}
	case *runtime.EventExceptionThrown:
		b.note("exception: %v", e.ExceptionDetails.Error())
	case *network.EventRequestWillBeSent:
		if to, err := url.Parse(e.Request.URL); err != nil || "http://"+to.Host != strings.TrimSuffix(b.home, "/") {
			b.note("a request to %s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		// If that fails, the test fails on what the dialog would have confirmed.
		go b.act(page.HandleJavaScriptDialog(true))
	}
}

func describe(arguments []*runtime.RemoteObject) string {
	var all []string
	for _, argument := range arguments {
		all = append(all, string(argument.Value)+argument.Description)
	}
	return strings.Join(all, " ")
}

func (b *browser) note(format string, arguments ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, fmt.Sprintf(format, arguments...))
}

func (b *browser) found() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problems
}

func (b *browser) run(actions ...chromedp.Action) {
	b.Helper()
	if err := b.act(actions...); err != nil {
		b.Fatal(err)
	}
}

// open opens a page, and waits until it is live.
func (b *browser) open(path string) {
	b.Helper()
	b.run(chromedp.Navigate(b.home + strings.TrimPrefix(path, "/")))
	b.await(path+" is live", `document.body.dataset.live === "live"`)
}

// follow clicks on a link of the navigation, and waits until the page's script runs: before,
// its forms do without.
func (b *browser) follow(path string) {
	b.Helper()
	b.click(`nav a[href="` + path + `"]`)
	b.await(path+" is live", `location.pathname === `+quoted(path)+` && document.body.dataset.live === "live"`)
}

// value returns the value of a JavaScript expression.
func value[T any](b *browser, expression string) T {
	b.Helper()
	var result T
	b.run(chromedp.Evaluate(expression, &result))
	return result
}

// await waits until a JavaScript expression is true.
func (b *browser) await(what, expression string) {
	b.Helper()
	var holds bool
	var problem error
	for deadline := time.Now().Add(await.Patience); !holds; {
		// While a page is replaced by another one an expression cannot be evaluated.
		problem = b.act(chromedp.Evaluate("!!("+expression+")", &holds))
		if time.Now().After(deadline) {
			b.Fatalf("waited for: %s: %v\n%s", what, problem, value[string](b, "location.href + '\\n' + document.body.innerText"))
		}
	}
}

// click clicks what a selector of CSS finds, as a person does: it must be visible.
func (b *browser) click(selector string) {
	b.Helper()
	b.run(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// quoted returns a value as JavaScript.
func quoted(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// appear sets the size of the window, and the theme.
func (b *browser) appear(width, height int64, theme string) {
	b.Helper()
	b.run(
		emulation.SetDeviceMetricsOverride(width, height, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}),
	)
}

// checkAccessible fails the test if axe-core finds serious or critical violations of some
// of its rules, or of all.
func (b *browser) checkAccessible(what string, rules ...string) {
	b.Helper()
	source, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		b.Fatalf("%v (make node_modules installs it)", err)
	}
	b.run(chromedp.Evaluate(string(source), nil))
	options := "{}"
	if len(rules) > 0 {
		options = "{runOnly: " + quoted(rules) + "}"
	}
	type violation struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML string }
	}
	var found []violation
	b.run(chromedp.Evaluate("axe.run(document, "+options+").then(result => result.violations)", &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			b.Errorf("%s: %s: %s: %+v", what, v.ID, v.Help, v.Nodes)
		}
	}
}
