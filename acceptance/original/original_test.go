// Package original shows what the saga is built against: the handlers of
// https://github.com/eddmann/aws-eventbridge-choreographed-saga, and smaller ones
// with the same faults, lose orders on the local cloud as on AWS.
package original

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outcome is what place.mjs prints.
type outcome struct{ placed, paid, twice, shipped, lost int }

// loss is a fault of the handlers: how orders are placed, the flags of the local cloud,
// what the outcome must be, and what the terminal shows of it.
type loss struct {
	orders string
	flags  []string
	isSeen func(outcome) bool
	line   string
}

func losses() map[string]loss {
	return map[string]loss{
		"no order that is handled alone": {
			orders: "10 apart",
			isSeen: func(o outcome) bool { return o.paid == 10 && o.twice == 0 && o.shipped == 10 },
		},
		"all messages of a batch but its first": {
			orders: "20 together",
			isSeen: func(o outcome) bool { return o.shipped > 0 && o.lost > 0 },
		},
		"an order with an event that EventBridge does not accept": {
			orders: "20 apart", flags: []string{"--fault", "put-events-partial=0.1"},
			isSeen: func(o outcome) bool { return o.shipped > 0 && o.lost > 0 },
		},
		"money with a crash between publishing and marking": {
			orders: "5 apart", flags: []string{"--fault", "kill-after-call=0.2"},
			isSeen: func(o outcome) bool { return o.twice > 0 },
			line:   "FAILED    Warehouse: attempt 1: Runtime exited with error: signal: killed",
		},
		"all orders behind an event that fails": {
			orders: "5 poisoned",
			isSeen: func(o outcome) bool { return o.paid == 0 && o.lost == 5 },
			line:   "FAILED    Warehouse: attempt 3: Cannot read properties of undefined (reading 'order')",
		},
	}
}

// run runs the handlers in a folder until all orders are placed and all that follows
// from them is done, and returns what became of the orders, and the terminal.
func run(t *testing.T, handlers, orders string, flags ...string) (outcome, string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no Node")
	}
	dir := t.TempDir()
	assembly, ready := filepath.Join(dir, "assembly"), filepath.Join(dir, "ready.json")
	if out, err := exec.CommandContext(t.Context(), "./assemble", handlers, assembly).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command := exec.CommandContext(t.Context(), "../../dist/local/localcloud",
		append([]string{"up", "--port", "0", "--assembly", assembly, "--ready-file", ready, "--seed", "1", "--setup", "node place.mjs " + orders}, flags...)...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	var terminal bytes.Buffer
	command.Stdout, command.Stderr = &terminal, &terminal
	if err := command.Start(); err != nil {
		t.Fatalf("start the local cloud (make host builds it): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	awaitReady(t, ready, ended, &terminal)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("the local cloud: %v: %s", err, terminal.String())
	}
	return parse(t, terminal.String()), terminal.String()
}

// awaitReady waits until the orders are placed, after which the ready file is there.
func awaitReady(t *testing.T, ready string, ended <-chan error, terminal fmt.Stringer) {
	t.Helper()
	limit := time.After(5 * time.Minute)
	for {
		if _, err := os.Stat(ready); err == nil {
			return
		} else if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("the local cloud ended early: %v: %s", err, terminal)
		case <-limit:
			t.Fatal("the orders are not placed in 5 minutes")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func parse(t *testing.T, terminal string) outcome {
	t.Helper()
	for line := range strings.Lines(terminal) {
		var o outcome
		var manner string
		if n, err := fmt.Sscanf(line, "placed %d %s paid %d, paid twice %d, shipped %d, lost %d", &o.placed, &manner, &o.paid, &o.twice, &o.shipped, &o.lost); n == 6 && err == nil {
			return o
		}
	}
	t.Fatalf("no line says what became of the orders: %s", terminal)
	return outcome{}
}

// show runs the handlers with each of the faults. redeliver is how soon an event that
// failed is there again.
func show(t *testing.T, handlers, redeliver string) {
	t.Helper()
	for name, loss := range losses() {
		t.Run(name, func(t *testing.T) {
			got, terminal := run(t, handlers, loss.orders, append(loss.flags, "--redeliver-after", redeliver)...)
			t.Logf("%+v", got)
			if !loss.isSeen(got) || !strings.Contains(terminal, loss.line) {
				t.Errorf("the orders end with %+v, and the terminal is %s", got, terminal)
			}
			// What a function accepts and does not handle is not a loss that Lambda could report.
			if strings.Contains(terminal, "LOST") {
				t.Errorf("the terminal has a loss: %s", terminal)
			}
		})
	}
}

func TestHandlersWithTheFaultsOfTheOriginalLose(t *testing.T) {
	show(t, "handlers", "10ms")
}

// TestTheOriginalLoses needs a checkout with the packages that it requires. Its locks of
// idempotency last as long as an invocation may, which is 6 seconds.
func TestTheOriginalLoses(t *testing.T) {
	checkout := os.Getenv("ORIGINAL")
	if checkout == "" {
		t.Skip("ORIGINAL is the folder of a checkout of https://github.com/eddmann/aws-eventbridge-choreographed-saga with its packages (npm install)")
	}
	show(t, checkout, "7s")
}

func TestACheckoutStaysAsItIs(t *testing.T) {
	source, target := t.TempDir(), filepath.Join(t.TempDir(), "assembly")
	if err := os.WriteFile(filepath.Join(source, "order.js"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second one replaces what the first one wrote.
		if out, err := exec.CommandContext(t.Context(), "./assemble", source, target).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if left, err := os.ReadDir(source); err != nil || len(left) != 1 {
		t.Errorf("the checkout has %v (%v)", left, err)
	}
	if _, err := os.Stat(filepath.Join(target, "handlers", "order.js")); err != nil {
		t.Error(err)
	}
}
