package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/saga/operator/orderapi"
)

// row is an expression that returns the row of an order in the table.
func row(order string) string { return "document.getElementById(" + quoted("order-"+order) + ")" }

// rowWith is an expression that returns the first row with a text.
func rowWith(text string) string {
	return "[...document.querySelectorAll('tbody tr')].find(r => r.innerText.includes(" + quoted(text) + "))"
}

func TestOrdersOfEveryOutcomeAreWalkedThrough(t *testing.T) {
	t.Parallel() // It mostly waits.
	findBrowser(t)
	s := startSaga(t, "--pause", "Payment/Worker", "--redeliver-after", "300ms", "--seed", "7")
	const markup = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`
	undelivered, poisoned := s.stopTwo(t)
	s.send(t, "Payment/DeadLetters", `{"type": "<img src=x onerror=alert(1)>", "id": "<b>id</b>", "subject": "<i>subject</i>"}`)
	marked := s.place(t, func(o *orderapi.Order) { o.CustomerID, o.ShippingAddress = markup, "undeliverable "+markup })

	b := openBrowser(t, s.console)
	for _, step := range []struct {
		rule string
		walk func(*browser)
	}{
		{"every button places an order, and its outcome appears without a reload", checkSamples},
		{"a declined, a poisoned and a killed order are explained within three clicks", func(b *browser) {
			b.explain("the payment was declined", rowWith("payment-declined")+"?.querySelector('a')")
			b.explain("^Stopped.*Payment cannot handle", `document.querySelector('a[href="/?show=dead+letters"]')`,
				"document.querySelectorAll('tbody tr').length === 2 && "+row(poisoned)+".querySelector('a')")
			b.await("its dead letter is in the lanes", `document.querySelector(".box.stopped")`)
			killed := s.placeKilled(b)
			b.explain("^Shipped.*killed.*the work was repeated", row(killed)+"?.innerText.includes('shipped') && "+row(killed)+".querySelector('a')")
			b.await("the end of the process is in the lanes", `document.querySelector(".box.ended")`)
			b.await("what was delivered again is marked", `[...document.querySelectorAll(".box .note")].some(n => /×[2-9]/.test(n.textContent))`)
			b.await("the attempts are listed", `/process ended: .*killed[^]*2 of \d+/.test(document.getElementById("attempts")?.innerText)`)
		}},
		{"markup is text", func(b *browser) { checkMarkup(b, marked, markup) }},
		{"a dead letter is redriven by clicks, and its order continues", func(b *browser) {
			b.open("/orders/" + undelivered)
			b.click(".letter button[name=dry-run]")
			b.await("the dry run shows the destination", `document.getElementById("outcome").innerText.includes("would be sent to queue Payment/Queue")`)
			b.click(".letter form[action='/dlq/redrive'] button:not([name])")
			b.await("it is sent", `document.getElementById("outcome").innerText.includes("sent to queue Payment/Queue")`)
			b.await("the order is shipped", `document.getElementById("sentence").innerText.startsWith("Shipped")`)
		}},
		{"a dead letter is discarded by clicks", func(b *browser) {
			b.open("/dlq")
			b.await("all are shown", "document.querySelectorAll('.letter').length === 2")
			b.run(chromedp.Evaluate(`[...document.querySelectorAll(".letter")].find(l => l.innerText.includes("<b>id</b>")).querySelector(".danger").click()`, nil))
			b.await("one is left", "document.querySelectorAll('.letter').length === 1")
			b.await("the head counts it", `document.querySelector('.counts a[href="/dlq"]').innerText === "1 dead letter"`)
		}},
		{"events appear without a reload, and lead to their causes", func(b *browser) {
			b.open("/events?type=order-shipped")
			before := value[int](b, "document.querySelectorAll('.event').length")
			order := s.place(b, func(*orderapi.Order) {})
			b.await("the shipment appears", fmt.Sprintf("document.querySelectorAll('.event').length === %d", before+1))
			b.open("/events?order=" + order)
			b.await("all five events are there", "document.querySelectorAll('.event').length === 5")
			b.run(chromedp.Evaluate("document.querySelector('.event summary').click()", nil))
			b.click(".event a[href^='#event-']")
			b.await("the cause is the target", "document.querySelector(':target').innerText.includes('loyalty.points-awarded')")
		}},
		{"the catalogue is walked through by clicks", checkCatalogue},
		{"an order is found by its event and its trace", func(b *browser) { checkSearch(b, undelivered) }},
		{"an order is placed with the keyboard", checkKeyboard},
		{"every page is accessible, in both themes and on a phone", func(b *browser) { checkAppearance(b, poisoned) }},
		{"another run of the local cloud is shown without a reload", func(b *browser) {
			b.open("/orders/" + poisoned)
			s.stop()
			s.startCloud(t)
			b.await("the order is not there any more", `document.querySelector("h1")?.innerText === "Unknown order"`)
			b.await("the head counts from 0", `document.querySelector('.counts a[href="/"]').innerText === "0 placed"`)
		}},
	} {
		t.Run(step.rule, func(t *testing.T) {
			step.walk(&browser{TB: t, home: b.home, act: b.act})
		})
	}
}

func TestEveryOrderEndsWhileProcessesAreKilled(t *testing.T) {
	t.Parallel() // It mostly waits.
	findBrowser(t)
	s := startSaga(t, "--redeliver-after", "300ms", "--seed", "7")
	b := openBrowser(t, s.console)
	b.open("/")
	b.follow("/faults")
	b.await("the faults are there", `document.getElementById("fault-kill-before-call")`)
	b.run(chromedp.Evaluate(`{
		const slider = document.querySelector("#fault-kill-before-call input[type=range]");
		slider.value = 0.1;
		for (const type of ["input", "change"]) slider.dispatchEvent(new Event(type, {bubbles: true}));
	}`, nil))
	b.await("the fault is set", `document.getElementById("outcome").innerText.includes("kill-before-call has the probability 0.1")`)
	b.checkAccessible("/faults")
	b.click(`form[action="/faults/orders"] button`)
	b.await("all are placed", `document.getElementById("outcome").innerText.includes("50 orders are placed")`)
	b.await("all end", `document.getElementById("verdict").innerText.startsWith("50 of 50 ended")`)
	b.await("the audit passes", `/^50 of 50 ended, 0 invariants violated, [1-9]\d* process(es)? (was|were) killed\.$/.test(document.getElementById("verdict")?.innerText)`)
	b.await("the strikes are shown", `+document.querySelector("#fault-kill-before-call .hits").innerText > 0`)
	b.click(`button[aria-label="Pause Payment/Worker"]`)
	b.await("a function is paused", `document.querySelector('button[aria-label="Resume Payment/Worker"]')`)
	checkMap(b)
	b.follow("/faults")
	b.click(`button[aria-label="Resume Payment/Worker"]`)
	b.await("it is resumed", `document.querySelector('button[aria-label="Pause Payment/Worker"]')`)
}

// checkMap looks at the map while Payment is paused.
func checkMap(b *browser) {
	b.Helper()
	b.follow("/catalogue/map")
	b.await("the paused function is on it", `[...document.querySelectorAll(".box.stopped")].some(b => b.textContent.includes("paused"))`)
	b.await("the depths are on it", `[...document.querySelectorAll(".box")].some(b => b.textContent.includes("PaymentQueue") && /\d+ waiting, \d+ in flight/.test(b.textContent))`)
	b.run(chromedp.Focus(`.types a[data-type="payment.taken"]`, chromedp.ByQuery))
	b.await("the way of an event lights up", `getComputedStyle(document.querySelector(".edge[data-types~='payment.taken']")).opacity === "1"`)
	b.await("others do not", `[...document.querySelectorAll(".edge:not([data-types~='payment.taken'])")].every(e => getComputedStyle(e).opacity === "0.2")`)
	b.run(chromedp.Evaluate(`document.querySelector('.edge a[href^="#edge-PaymentConsumeWarehouse"]').dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, view: window}))`, nil))
	b.await("an edge opens", `[...document.querySelectorAll(".edge-facts[open]")].some(d => d.innerText.includes("sqs:SendMessage") && d.innerText.includes("$.detail"))`)
}

func checkSamples(b *browser) {
	b.Helper()
	b.open("/")
	b.run(chromedp.Evaluate("window.notReloaded = true", nil))
	for _, sample := range orderapi.Samples() {
		b.place(sample.Name)
	}
	for _, want := range []string{"shipped", "payment-declined", "award-rejected", "undeliverable", "out-of-stock"} {
		b.await("an order that is "+want, rowWith(want))
	}
	b.await("nine of ten orders have ended", `document.querySelector('.counts a[href="/?show=running"]').innerText === "2 running"`)
	b.await("the page was not reloaded", "window.notReloaded")
}

// place presses the button of a sample on the first page.
func (b *browser) place(sample string) {
	b.Helper()
	b.run(chromedp.Evaluate("document.getElementById('outcome').innerText = ''", nil))
	b.click(fmt.Sprintf(`form:has(input[value="%s"]) > button`, sample))
	b.await(sample+" is placed", `document.querySelector("#outcome a")`)
}

// explain clicks from the first page on, as a reader does who knows nothing, until the
// sentence about an order matches. Each click is an expression of what is clicked, once it
// is there.
func (b *browser) explain(want string, clicks ...string) {
	b.Helper()
	const most = 3
	if len(clicks) > most {
		b.Errorf("%q takes %d clicks", want, len(clicks))
	}
	b.open("/")
	for _, element := range clicks {
		b.await("there is "+element, element)
		b.run(chromedp.Evaluate("("+element+").click()", nil))
	}
	b.await("the order is explained: "+want, "new RegExp("+quoted(want)+").test(document.getElementById('sentence')?.innerText)")
}

func checkMarkup(b *browser, order, markup string) {
	b.Helper()
	b.open("/")
	b.await("the customer is text", row(order)+".innerText.includes("+quoted(markup)+")")
	for _, path := range []string{"/", "/orders/" + order, "/dlq", "/search?q=" + "%3Cimg%20src=x%20onerror=alert(1)%3E"} {
		b.run(chromedp.Navigate(b.home + strings.TrimPrefix(path, "/")))
		if n := value[int](b, "document.querySelectorAll('main img, main script, main b b, main i').length"); n > 0 {
			b.Errorf("%s has %d elements from markup", path, n)
		}
		if title := value[string](b, "document.title"); strings.Contains(title, "hacked") {
			b.Errorf("%s ran a script", path)
		}
	}
	b.open("/orders/" + order)
	b.await("the address is text", "document.querySelector('main').textContent.includes("+quoted("undeliverable "+markup)+")")
	b.open("/dlq")
	b.await("the type is text", "document.querySelector('main').innerText.includes('<img src=x onerror=alert(1)>')")
}

func checkSearch(b *browser, order string) {
	b.Helper()
	b.open("/orders/" + order)
	event := value[string](b, `document.querySelector("[data-event]").dataset.event`)
	trace := value[string](b, `[...document.querySelectorAll("main code")].map(c => c.innerText).find(t => t.startsWith("1-")) ?? ""`)
	for what, text := range map[string]string{"its id": order, "the beginning of its id": order[:8], "an event": event, "its trace": trace} {
		b.open("/")
		b.run(chromedp.SendKeys(".search input", text+kb.Enter, chromedp.ByQuery))
		b.await("the order is found by "+what+" "+text, "location.pathname === "+quoted("/orders/"+order))
	}
}

// checkCatalogue walks from the first page to an event, to a context that consumes it, to
// the map and to the order API.
func checkCatalogue(b *browser) {
	b.Helper()
	b.open("/")
	for _, step := range []struct{ link, heading string }{
		{`header a[href="/catalogue/"]`, "Events"},
		{`main a[href="warehouse.stock-reserved"]`, "warehouse.stock-reserved"},
		{`main a[href="payment"]`, "Payment"},
		{`header a[href="/catalogue/map"]`, "Map"},
		{`header a[href="/catalogue/api"]`, "Order API"},
		{`main a[href="problem.too-late"]`, "Too late"},
	} {
		b.click(step.link)
		b.await(step.link+" leads to "+step.heading, "document.querySelector('h1')?.innerText === "+quoted(step.heading))
	}
	b.open("/catalogue/map")
	b.await("the arrows have the map's style", "getComputedStyle(document.querySelector('.arrow')).strokeWidth === '2px'")
	if n := value[int](b, "document.querySelectorAll('svg .box').length"); n < 10 {
		b.Errorf("the map has %d boxes", n)
	}
	status := value[int](b, "(r => { r.open('GET', '/catalogue/asyncapi.json', false); r.send(); return r.status })(new XMLHttpRequest())")
	if status != 200 {
		b.Errorf("asyncapi.json is answered with %d", status)
	}
}

func checkKeyboard(b *browser) {
	b.Helper()
	b.open("/")
	before := value[string](b, "document.querySelector('.counts b').innerText")
	for range 40 {
		if value[string](b, "document.activeElement.innerText ?? ''") == "ships" {
			b.run(chromedp.KeyEvent(kb.Enter))
			b.await("an order is placed", "document.querySelector('.counts b').innerText !== "+quoted(before))
			return
		}
		b.run(chromedp.KeyEvent(kb.Tab))
	}
	b.Error("Tab does not come to the button")
}

func checkAppearance(b *browser, order string) {
	b.Helper()
	pages := []string{
		"/", "/orders/" + order, "/events", "/dlq", "/audit", "/faults", "/catalogue/", "/catalogue/map", "/catalogue/api",
		"/catalogue/order.placed", "/catalogue/warehouse", "/catalogue/problem.too-late",
	}
	for _, path := range pages {
		b.appear(1280, 900, "light")
		b.open(path)
		b.checkAccessible(path)
		b.appear(375, 700, "light")
		if wide := value[int](b, "document.documentElement.scrollWidth"); wide > 375 {
			b.Errorf("%s is %d wide on a phone", path, wide)
		}
	}
	b.appear(1280, 900, "dark")
	for _, path := range pages[:2] {
		b.open(path)
		b.checkAccessible(path+" in the dark theme", "color-contrast")
	}
}
