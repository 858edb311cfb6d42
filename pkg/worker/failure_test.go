package worker_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/worker"
)

// pointerError is an error whose method panics on a nil pointer.
type pointerError struct{ reason string }

func (e *pointerError) Error() string { return e.reason }

// scripted is an error whose methods are set by the test.
type scripted struct {
	is     func(error) bool
	unwrap func() error
	text   func() string
}

func (e scripted) Is(target error) bool { return e.is != nil && e.is(target) }

func (e scripted) Unwrap() error {
	if e.unwrap == nil {
		return nil
	}
	return e.unwrap()
}

func (e scripted) Error() string {
	if e.text == nil {
		return "scripted"
	}
	return e.text()
}

// panicking is a cause of a panic that cannot be printed.
type panicking struct{}

func (panicking) String() string { panic("no text either") }

func goexit() string {
	runtime.Goexit()
	return ""
}

// failures are the ways in which Handle can fail, and the reason that is logged.
func failures() map[string]struct {
	handle func() error
	reason string
} {
	return map[string]struct {
		handle func() error
		reason string
	}{
		"a nil pointer for an error":        {func() error { return (*pointerError)(nil) }, "an error of type *worker_test.pointerError, whose methods panic: runtime error: invalid memory address"},
		"a nil pointer in an error":         {func() error { return fmt.Errorf("wrapped: %w", (*pointerError)(nil)) }, "wrapped: <nil>"},
		"a nil pointer among errors":        {func() error { return errors.Join(errBroken, (*pointerError)(nil)) }, "an error of type *errors.joinError, whose methods panic"},
		"an error whose Is panics":          {func() error { return scripted{is: func(error) bool { panic("is") }} }, "an error of type worker_test.scripted, whose methods panic: is"},
		"an error whose Unwrap panics":      {func() error { return scripted{unwrap: func() error { panic("unwrap") }} }, "an error of type worker_test.scripted, whose methods panic: unwrap"},
		"an error whose Error panics":       {func() error { return scripted{text: func() string { panic("text") }} }, "an error of type worker_test.scripted, whose methods panic: text"},
		"an error whose Error exits":        {func() error { return scripted{text: goexit} }, "runtime.Goexit was called before there was a result"},
		"runtime.Goexit":                    {func() error { goexit(); return nil }, "runtime.Goexit was called before there was a result"},
		"runtime.Goexit in a deferred call": {func() error { defer goexit(); panic("broken") }, "runtime.Goexit was called before there was a result"},
		"a panic":                           {func() error { panic("broken") }, "panic: broken"},
		"a panic of nil":                    {func() error { panic(nil) }, "panic: panic called with nil argument"},
		"a panic of a nil pointer":          {func() error { panic((*pointerError)(nil)) }, "panic: "},
		"a panic that cannot be printed":    {func() error { panic(panicking{}) }, "panic: "},
	}
}

func TestEveryFailureOfHandleFailsItsMessageAlone(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(_ context.Context, id string) error {
				if id == "2" {
					return c.handle()
				}
				return nil
			})
			again := f.batch(
				t, message(t, fifo, "a", "1"), message(t, fifo, "b", "2"), message(t, fifo, "b", "3"), message(t, fifo, "c", "4"),
			)
			assertEqual(t, "delivered again", []string{"2", "3"}, again)
			assertEqual(t, "dead letters", 0, len(f.deadLetters))
			f.assertLogged(t, "2", c.reason)
		})
	}
}

func TestEveryFailureOfHandleIsAnErrorOfADirectInvocation(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(context.Context, string) error { return c.handle() })
			if err := f.invoke(t, body(t, "1")); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("the error is %v", err)
			}
			assertEqual(t, "dead letters", 0, len(f.deadLetters))
			f.assertLogged(t, "1", c.reason)
		})
	}
}

// assertLogged checks that an event has one line, with the result failed and the
// reason.
func (f *fixture) assertLogged(t *testing.T, id, reason string) {
	t.Helper()
	found := 0
	for _, line := range f.lines(t) {
		if line["event_id"] != id {
			continue
		}
		found++
		if line["msg"] != "failed" || !strings.Contains(fmt.Sprint(line["error"]), reason) {
			t.Errorf("the line of event %[2]s is %[1]v, without %[3]q", line, id, reason)
		}
	}
	if found != 1 {
		t.Errorf("%d lines are about event %s", found, id)
	}
}

// broken are dead letters and a backoff that fail in any way.
type broken func() error

func (b broken) Send(context.Context, worker.DeadLetter) error { return b() }

func (b broken) Delay(context.Context, [][]events.SQSMessage) error { return b() }

func TestAnInvalidMessageStaysAfterAnyFailureOfDeadLetters(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, invalid("1"), func(config *worker.Config) { config.DeadLetters = broken(c.handle) })
			again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"))
			assertEqual(t, "delivered again", []string{"1"}, again)
			f.assertLogged(t, "1", "it cannot be sent to the dead-letter queue: "+c.reason)
		})
	}
}

func TestAnyFailureOfBackoffIsHarmless(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, failing("1"), delaying(broken(c.handle)))
			again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"))
			assertEqual(t, "delivered again", []string{"1"}, again)
			lines := f.lines(t)
			if last := lines[len(lines)-1]; last["level"] != "WARN" || !strings.Contains(fmt.Sprint(last["error"]), c.reason) {
				t.Errorf("the last line is %v", last)
			}
		})
	}
}

func TestABatchWithoutFailuresNeedsNoBackoff(t *testing.T) {
	f := newFixture(t, failing(), delaying(broken(func() error { return errBroken })))
	f.batch(t, message(t, standard, "", "1"))
	assertEqual(t, "the line", "handled", f.lines(t)[0]["msg"].(string))
	assertEqual(t, "lines", 1, len(f.lines(t)))
}
