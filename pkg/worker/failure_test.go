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

// absent is an error by its pointer, which panics if that is nil.
type absent struct{ reason string }

func (a *absent) Error() string { return a.reason }

// hostile is an error whose methods are what the test wants.
type hostile struct {
	is     func(error) bool
	unwrap func() error
	text   func() string
}

func (h hostile) Is(target error) bool { return h.is != nil && h.is(target) }

func (h hostile) Unwrap() error {
	if h.unwrap == nil {
		return nil
	}
	return h.unwrap()
}

func (h hostile) Error() string {
	if h.text == nil {
		return "hostile"
	}
	return h.text()
}

// panicking is a cause of a panic that cannot be printed.
type panicking struct{}

func (panicking) String() string { panic("no text either") }

func goexit() string {
	runtime.Goexit()
	return ""
}

// failures are the ways in which Handle can fail, and what the log must say.
func failures() map[string]struct {
	handle func() error
	reason string
} {
	return map[string]struct {
		handle func() error
		reason string
	}{
		"a nil pointer for an error":        {func() error { return (*absent)(nil) }, "an error of type *worker_test.absent, whose methods panic: runtime error: invalid memory address"},
		"a nil pointer in an error":         {func() error { return fmt.Errorf("wrapped: %w", (*absent)(nil)) }, "wrapped: <nil>"},
		"a nil pointer among errors":        {func() error { return errors.Join(errBroken, (*absent)(nil)) }, "an error of type *errors.joinError, whose methods panic"},
		"an error whose Is panics":          {func() error { return hostile{is: func(error) bool { panic("is") }} }, "an error of type worker_test.hostile, whose methods panic: is"},
		"an error whose Unwrap panics":      {func() error { return hostile{unwrap: func() error { panic("unwrap") }} }, "an error of type worker_test.hostile, whose methods panic: unwrap"},
		"an error whose Error panics":       {func() error { return hostile{text: func() string { panic("text") }} }, "an error of type worker_test.hostile, whose methods panic: text"},
		"an error whose Error exits":        {func() error { return hostile{text: goexit} }, "runtime.Goexit was called before there was a result"},
		"runtime.Goexit":                    {func() error { goexit(); return nil }, "runtime.Goexit was called before there was a result"},
		"runtime.Goexit in a deferred call": {func() error { defer goexit(); panic("broken") }, "runtime.Goexit was called before there was a result"},
		"a panic":                           {func() error { panic("broken") }, "panic: broken"},
		"a panic of nil":                    {func() error { panic(nil) }, "panic: panic called with nil argument"},
		"a panic of a nil pointer":          {func() error { panic((*absent)(nil)) }, "panic: "},
		"a panic that cannot be printed":    {func() error { panic(panicking{}) }, "panic: "},
	}
}

func TestWhateverHandleDoesIsTheFailureOfItsMessageAlone(t *testing.T) {
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
			assertEqual(t, "dead letters", 0, len(f.letters))
			f.assertLogged(t, "2", c.reason)
		})
	}
}

func TestWhateverHandleDoesIsAnErrorOfADirectInvocation(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(context.Context, string) error { return c.handle() })
			if err := f.invoke(t, body(t, "1")); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("the error is %v", err)
			}
			assertEqual(t, "dead letters", 0, len(f.letters))
			f.assertLogged(t, "1", c.reason)
		})
	}
}

// assertLogged checks that the one line of an event says that it failed, and why.
func (f *fixture) assertLogged(t *testing.T, id, reason string) {
	t.Helper()
	found := 0
	for _, line := range f.lines(t) {
		if line["event_id"] != id {
			continue
		}
		found++
		if line["result"] != "failed" || !strings.Contains(fmt.Sprint(line["error"]), reason) {
			t.Errorf("the log says %v of event %s, and not %q", line, id, reason)
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

func TestAnInvalidMessageStaysHoweverItsDeadLetterFails(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, invalid("1"), func(config *worker.Config) { config.DeadLetters = broken(c.handle) })
			again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"))
			assertEqual(t, "delivered again", []string{"1"}, again)
			f.assertLogged(t, "1", "the dead-letter queue does not take it: "+c.reason)
		})
	}
}

func TestABackoffIsHarmlessHoweverItFails(t *testing.T) {
	for name, c := range failures() {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, failing("1"), delaying(broken(c.handle)))
			again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"))
			assertEqual(t, "delivered again", []string{"1"}, again)
			lines := f.lines(t)
			if last := lines[len(lines)-1]; last["level"] != "WARN" || !strings.Contains(fmt.Sprint(last["error"]), c.reason) {
				t.Errorf("the log says %v", last)
			}
		})
	}
}
