package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

// ignoring returns a call that ignores its context for an hour, and then returns the
// late error or panics with it.
func ignoring(late error) func() error {
	return func() error {
		time.Sleep(time.Hour)
		if errors.Is(late, errBroken) {
			panic(late)
		}
		return late
	}
}

// lateErrors are what a call may return too late.
func lateErrors() map[string]error {
	return map[string]error{"success": nil, "an invalid event": event.ErrInvalid, "a panic": errBroken}
}

func TestAHandleThatIgnoresItsContextFailsAloneAndInTime(t *testing.T) {
	for name, late := range lateErrors() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backoff, client := newBackoff(t, 0)
				f := newFixture(t, func(_ context.Context, id string) error {
					if id == "a1" {
						return ignoring(late)()
					}
					return nil
				}, delaying(backoff))
				f.assertInTime(t, 2600*time.Millisecond, []string{"a1", "a2"},
					received(t, fifo, "a", "a1", "1"), received(t, fifo, "a", "a2", "1"), received(t, fifo, "b", "b1", "1"))
				assertEqual(t, "hidden", map[string]int32{"receipt-a1": 1, "receipt-a2": 1}, client.hidden)
				f.assertLogged(t, "a1", "context deadline exceeded, and the call ignored it for 100ms")
			})
		})
	}
}

// assertInTime checks which messages of a batch with three seconds are to be delivered
// again, when it answers, and that nothing changes when late calls return.
func (f *fixture) assertInTime(t *testing.T, took time.Duration, again []string, messages ...events.SQSMessage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	response, err := f.Batch(ctx, batch(t, messages...))
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the time", took, time.Since(began))
	assertEqual(t, "delivered again", again, failed(response))
	lines, deadLetters := len(f.lines(t)), len(f.deadLetters)
	time.Sleep(2 * time.Hour)
	assertEqual(t, "lines and dead letters later", []int{lines, deadLetters}, []int{len(f.lines(t)), len(f.deadLetters)})
}

func TestAHandleBatchThatIgnoresItsContextFailsInTime(t *testing.T) {
	for name, late := range lateErrors() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, failing(), func(c *worker.Config) {
					c.HandleBatch = func(_ context.Context, deliveries []event.Delivery) []error {
						err := ignoring(late)()
						return []error{err, err}[:len(deliveries)]
					}
				})
				f.assertInTime(t, 2600*time.Millisecond, []string{"1", "2"}, message(t, standard, "", "1"), message(t, standard, "", "2"))
			})
		})
	}
}

func TestADirectInvocationThatIgnoresItsContextFailsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(context.Context, string) error { return ignoring(nil)() })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := f.Direct(ctx, json.RawMessage(body(t, "1"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		assertEqual(t, "the time", 2600*time.Millisecond, time.Since(began))
		time.Sleep(2 * time.Hour) // The call returns.
	})
}

// Ten messages cannot be sent to the dead-letter queue, and cannot be delayed: each call
// would have to be abandoned.
func TestDeadLettersAndBackoffThatIgnoreTheirContextsFailInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ids []string
		var messages []events.SQSMessage
		for n := range 10 {
			ids = append(ids, fmt.Sprint(n))
			messages = append(messages, message(t, standard, "", ids[n]))
		}
		f := newFixture(t, invalid(ids...), delaying(broken(ignoring(nil))), func(c *worker.Config) { c.DeadLetters = broken(ignoring(nil)) })
		f.assertInTime(t, 2900*time.Millisecond, ids, messages...)
	})
}
