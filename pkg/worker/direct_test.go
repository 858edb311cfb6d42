package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/sqsbody"
)

// invoke invokes the handler directly, as the request with the id r-1.
func (h *fixture) invoke(t *testing.T, payload string) error {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
	return h.Direct(ctx, json.RawMessage(payload))
}

func TestADirectInvocationHandlesItsEvent(t *testing.T) {
	h := newFixture(t, failing())
	if err := h.invoke(t, body(t, "1")); err != nil {
		t.Error(err)
	}
	assertEqual(t, "handled", []string{"1"}, h.handled)
	assertEqual(t, "lines in the log", 1, len(h.lines(t)))
}

func TestADirectInvocationThatFailsIsAnError(t *testing.T) {
	for name, handle := range map[string]func(context.Context, string) error{
		"by an error": failing("1"),
		"by a panic":  func(context.Context, string) error { panic("broken") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t, handle)
			if err := h.invoke(t, body(t, "1")); err == nil || !strings.Contains(err.Error(), "broken") {
				t.Errorf("the error is %v", err)
			}
			assertEqual(t, "dead letters", 0, len(h.deadLetters))
		})
	}
}

func TestAnInvalidDirectInvocationSucceedsOnceItIsInTheDeadLetterQueue(t *testing.T) {
	for name, payload := range map[string]string{"no event": `{"answer": 42}`, "an event that is refused": body(t, "1")} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t, invalid("1"))
			if err := h.invoke(t, payload); err != nil {
				t.Fatal(err)
			}
			if len(h.deadLetters) != 1 || h.deadLetters[0].Body != payload || h.deadLetters[0].ID != "r-1" || !errors.Is(h.deadLetters[0].Err, event.ErrInvalid) {
				t.Errorf("the dead letters are %+v", h.deadLetters)
			}
		})
	}
}

func TestAnInvalidDirectInvocationFailsIfItCannotBeSentToTheDeadLetterQueue(t *testing.T) {
	h := newFixture(t, invalid("1"))
	h.sendErr = errBroken
	if err := h.invoke(t, body(t, "1")); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}

func TestADirectInvocationLeavesTimeForItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Direct(ctx, json.RawMessage(body(t, "1"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		assertEqual(t, "the time", 2500*time.Millisecond, time.Since(began))
	})
}

func TestADirectInvocationThatIsOutOfTimeIsNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, failing())
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		if err := h.Direct(ctx, json.RawMessage(body(t, "1"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		if len(h.handled) != 0 || !strings.Contains(h.log.String(), "out of time") {
			t.Errorf("handled: %v, the log:\n%s", h.handled, h.log.String())
		}
	})
}

// Lambda puts the text of an error into an attribute of its dead letter.
func TestTheErrorOfADirectInvocationHasOnlyWhatSQSAccepts(t *testing.T) {
	broken := fmt.Errorf("%w: \x1b[2J\uFFFF\xff %s", errBroken, strings.Repeat("x", 2000))
	f := newFixture(t, func(context.Context, string) error { return broken })
	err := f.invoke(t, body(t, "1"))
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "broken: ?[2J? xxx") || len(err.Error()) > 1024 {
		t.Errorf("the error is %v", err)
	}
	f = newFixture(t, failing("1"))
	if err := f.invoke(t, body(t, "1")); err != errBroken { //nolint:errorlint // It is the same error, not one that wraps it.
		t.Errorf("the error is %v", err)
	}
	f = newFixture(t, failing())
	if err := f.invoke(t, `{"eventSource":"aws:`+"\uFFFF"+`"}`); err == nil || sqsbody.Check(err.Error()) != nil {
		t.Errorf("the error is %v", err)
	}
}
