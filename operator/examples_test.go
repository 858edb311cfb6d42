package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const readyWithURLs = `{"awsEndpointUrl": "http://127.0.0.1:1", "region": "local", "queues": {"Shop/DeadLetters": "http://127.0.0.1:1/0/d"},
  "functionUrls": {"Order/Api": "http://127.0.0.1:2/"}, "deliveriesUrl": "http://127.0.0.1:1/deliveries"}`

func examples(t *testing.T, ready string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(path, []byte(ready), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	assertEqual(t, "the exit code", exitOK, o.run(t.Context(), []string{"examples", "-ready-file", path}))
	assertEqual(t, "problems", "", o.problems.String())
	return o.out.String()
}

func TestTheExamplesPlaceFollowAndCancelAnOrder(t *testing.T) {
	assertEqual(t, "the examples", `Place an order:
  curl -i http://127.0.0.1:2/orders -H 'Content-Type: application/json' -d '`+exampleOrder+`'

Follow it, with orderId and token of the answer:
  curl -H 'Authorization: Bearer {token}' http://127.0.0.1:2/orders/{orderId}

Cancel it:
  curl -H 'Authorization: Bearer {token}' -X POST http://127.0.0.1:2/orders/{orderId}/cancellation

See why it ended, or where it stands and why:
  make order ORDER={orderId}

Watch the events of all orders:
  make watch

Show the dead-letter queues:
  make dlq

Check the invariants of the saga:
  make audit

Use functions that you have changed:
  make reload

See the notifications that arrived:
  curl http://127.0.0.1:1/deliveries

`, examples(t, readyWithURLs))
}

func TestWithoutAnEndpointInsideNoExampleShowsNotifications(t *testing.T) {
	got := examples(t, strings.Replace(readyWithURLs, `, "deliveriesUrl": "http://127.0.0.1:1/deliveries"`, "", 1))
	if strings.Contains(got, "notifications") || !strings.Contains(got, "make watch") {
		t.Errorf("the examples are %s", got)
	}
}

func TestAQuotedTextIsOneWordForAShell(t *testing.T) {
	const text = `{"shippingAddress": "23 Queen's Street", "$HOME": "\n"}`
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(text)).Output()
	if err != nil || string(out) != text {
		t.Errorf("the shell reads %q (%v), want %q", out, err, text)
	}
}
