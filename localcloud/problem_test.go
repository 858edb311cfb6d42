package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// line returns the one line of the output with a label.
func (r running) line(t *testing.T, label string) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(r.stdout.String()) {
		if strings.Contains(line, "  "+label) {
			found = append(found, line)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines have %s, want 1:\n%s", len(found), label, r.stdout)
	}
	return found[0]
}

func assertHas(t *testing.T, line string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(line, want) {
			t.Errorf("the line %q has not %q", line, want)
		}
	}
}

func TestAFailedMessageAndItsDeadLetterAreALineEach(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--redeliver-after", "10ms", "--dead-letter-command", "make dlq QUEUE={queue}")
	r.publish(t, "item.sold", `{"type": "item.sold", "id": "e-1", "subject": "s-1", "fail": true}`)
	for deadline := time.Now().Add(20 * time.Second); r.usage(t).Queues["DeadLetters"].Visible == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("there is no dead letter")
		}
	}
	r.stop(t, syscall.SIGTERM)
	failed, dead := r.line(t, "FAILED"), r.line(t, "DLQ")
	_, message, _ := strings.Cut(strings.TrimSpace(failed), "message=")
	if len(message) != 36 {
		t.Errorf("the line %q has not a whole id of the message", failed)
	}
	assertHas(t, failed, "  FAILED    Shop/Worker: attempt 1 of 1: ", "batchItemFailures", " type=item.sold id=e-1 subject=s-1 ")
	assertHas(t, dead, "  DLQ       DeadLetters from Shop/Queue: ", " type=item.sold id=e-1 subject=s-1 message="+message+"; ", "; shown by: make dlq QUEUE=DeadLetters\n")
}

func TestAKilledProcessAFailedEventAndItsLossAreALineEach(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--redeliver-after", "10ms")
	id := r.publishTo(t, "shop", "inner", "item.sold", `{"subject": "s-1", "fail": true}`)
	r.stop(t, syscall.SIGTERM)
	var failed []string
	for line := range strings.Lines(r.stdout.String()) {
		if strings.Contains(line, "  FAILED") {
			failed = append(failed, line)
		}
	}
	if len(failed) != 3 {
		t.Fatalf("%d attempts are shown, want 3:\n%s", len(failed), r.stdout)
	}
	for i, line := range failed {
		assertHas(t, line, "  FAILED    Shop/Worker: attempt "+string(rune('1'+i))+" of 3: ", "Runtime exited with error: exit status 1: event {", " type=item.sold id="+id+" subject=s-1\n")
	}
	if got := strings.Count(r.stdout.String(), "  ERROR     Shop/Worker: RequestId: "); got != 3 {
		t.Errorf("%d ends of the process are shown, want 3:\n%s", got, r.stdout)
	}
	assertHas(t, r.line(t, "LOST"), "function Shop/Worker: ", "the function has no dead-letter queue", "id="+id)
}
