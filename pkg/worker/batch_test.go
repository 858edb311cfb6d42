package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/telemetry"
)

func TestABatchWithoutFailuresAnswersAnEmptyListAndNotNull(t *testing.T) {
	response, err := newFixture(t, failing()).Batch(t.Context(), batch(t, message(t, standard, "", "1"), message(t, standard, "", "2")))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the answer", `{"batchItemFailures":[]}`, string(encoded))
}

func TestEveryMessageOfAStandardQueueHasAResultOfItsOwn(t *testing.T) {
	h := newFixture(t, failing("2"))
	// A group on a standard queue is a tenant of a fair queue: it orders nothing.
	again := h.batch(t, message(t, standard, "", "1"), message(t, standard, "a", "2"), message(t, standard, "a", "3"))
	assertEqual(t, "delivered again", []string{"2"}, again)
	slices.Sort(h.handled)
	assertEqual(t, "handled", []string{"1", "2", "3"}, h.handled)
}

func TestAFIFOGroupStopsAtItsFirstFailureAndTheOthersContinue(t *testing.T) {
	h := newFixture(t, failing("a2"))
	again := h.batch(
		t,
		message(t, fifo, "a", "a1"), message(t, fifo, "b", "b1"), message(t, fifo, "a", "a2"),
		message(t, fifo, "b", "b2"), message(t, fifo, "a", "a3"), message(t, fifo, "a", "a4"),
	)
	assertEqual(t, "delivered again", []string{"a2", "a3", "a4"}, again)
	for group, want := range map[string][]string{"a": {"a1", "a2"}, "b": {"b1", "b2"}} {
		inGroup := slices.DeleteFunc(slices.Clone(h.handled), func(id string) bool { return !strings.HasPrefix(id, group) })
		assertEqual(t, "handled of group "+group, want, inGroup)
	}
}

func TestAPanicIsTheFailureOfItsMessage(t *testing.T) {
	h := newFixture(t, func(_ context.Context, id string) error {
		if id == "2" {
			panic("out of cheese")
		}
		return nil
	})
	again := h.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"), message(t, standard, "", "3"))
	assertEqual(t, "delivered again", []string{"2"}, again)
	if log := h.log.String(); !strings.Contains(log, "out of cheese") || !strings.Contains(log, "batch_test.go") {
		t.Errorf("the log has no stack trace of the panic:\n%s", log)
	}
}

func TestAnInvalidMessageIsAcknowledgedOnceItIsInTheDeadLetterQueue(t *testing.T) {
	unreadable := message(t, fifo, "a", "1")
	unreadable.Body = `{"specversion":"1.0"`
	h := newFixture(t, invalid("2"))
	again := h.batch(t, unreadable, message(t, fifo, "a", "2"), message(t, fifo, "a", "3"))
	assertEqual(t, "delivered again", []string{}, again)
	assertEqual(t, "handled", []string{"2", "3"}, h.handled)
	if len(h.deadLetters) != 2 {
		t.Fatalf("%d dead letters", len(h.deadLetters))
	}
	for i, deadLetter := range h.deadLetters {
		want := []string{fmt.Sprint(i + 1), "a", []string{unreadable.Body, body(t, "2")}[i]}
		assertEqual(t, "the dead letter", want, []string{deadLetter.ID, deadLetter.Group, deadLetter.Body})
		if deadLetter.Err == nil {
			t.Error("the dead letter has no reason")
		}
	}
}

func TestAnInvalidMessageStaysIfItCannotBeSentToTheDeadLetterQueue(t *testing.T) {
	h := newFixture(t, invalid("1"))
	h.sendErr = errBroken
	again := h.batch(t, message(t, fifo, "a", "1"), message(t, fifo, "a", "2"), message(t, fifo, "b", "3"))
	assertEqual(t, "delivered again", []string{"1", "2"}, again)
}

func TestAMessageThatIsNotStartedInTimeGoesBackToTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return nil
		}, inParallel(1))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		response, err := h.Batch(ctx, batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"), message(t, standard, "", "3")))
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "delivered again", []string{"2", "3"}, failed(response))
		assertEqual(t, "handled", []string{"1"}, h.handled)
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("answered after %s, want half a second before the deadline", took)
		}
		if warnings := strings.Count(h.log.String(), "out of time"); warnings != 2 {
			t.Errorf("%d lines about messages that are out of time", warnings)
		}
	})
}

func TestGroupsAreHandledAtTheSameTimeWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		h := newFixture(t, func(context.Context, string) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}, inParallel(3))
		var messages []events.SQSMessage
		for n := range 7 {
			messages = append(messages, message(t, standard, "", fmt.Sprint(n)))
		}
		began := time.Now()
		assertEqual(t, "delivered again", []string{}, h.batch(t, messages...))
		if took := time.Since(began); took != 3*time.Second || most.Load() != 3 {
			t.Errorf("took %s with at most %d at the same time", took, most.Load())
		}
	})
}

func TestTheMessagesOfAGroupAreHandledOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, func(context.Context, string) error {
			time.Sleep(time.Second)
			return nil
		})
		began := time.Now()
		h.batch(t, message(t, fifo, "a", "1"), message(t, fifo, "a", "2"), message(t, fifo, "a", "3"))
		assertEqual(t, "handled", []string{"1", "2", "3"}, h.handled)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestEveryEventHasOneLogLine(t *testing.T) {
	h := newFixture(t, func(ctx context.Context, id string) error {
		if err := failing("2")(ctx, id); err != nil {
			return err
		}
		return invalid("3")(ctx, id)
	})
	h.batch(t, message(t, fifo, "a", "1"), message(t, fifo, "b", "2"), message(t, fifo, "c", "3"))
	results := make(map[string]string)
	for _, line := range h.lines(t) {
		assertEqual(t, "the type", any("order.placed"), line["event"])
		results[line["event_id"].(string)] += fmt.Sprint(line["level"], " ", line["msg"])
	}
	assertEqual(t, "the log", map[string]string{"1": "INFO handled", "2": "WARN failed", "3": "ERROR invalid"}, results)
}

func TestTheMeasuresOfHandleAreInTheLineOfTheEventEvenIfItFails(t *testing.T) {
	h := newFixture(t, func(ctx context.Context, id string) error {
		telemetry.Add(ctx, telemetry.Measure{Metric: "OrdersShipped", Unit: telemetry.Count, Value: 1, Dimensions: []telemetry.Dimension{{Name: "outcome", Value: id}}})
		if id == "e-2" {
			return errBroken
		}
		return nil
	}, inParallel(1))
	h.batch(t, message(t, standard, "", "e-1"), message(t, standard, "", "e-2"))
	lines := h.lines(t)
	if len(lines) != 2 {
		t.Fatalf("there are %d lines", len(lines))
	}
	for _, line := range lines {
		if line["OrdersShipped"] != 1.0 || line["outcome"] != line["event_id"] {
			t.Errorf("the line of %v has %v of %v", line["event_id"], line["OrdersShipped"], line["outcome"])
		}
	}
}
