package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	publisher "example.com/saga/pkg/eventbridge"
	"example.com/saga/pkg/participant"
)

func TestTheDetailOfAnEntryIsTheWholeEvent(t *testing.T) {
	b, p := &bus{}, &pauses{}
	e := newEvent("e-1", "<é>")
	if err := newPublisher(t, b, p.pause).Publish(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	entry := b.calls[0][0]
	got := []string{*entry.EventBusName, *entry.Source, *entry.DetailType, *entry.Detail}
	if diff := cmp.Diff([]string{"global", "warehouse", "warehouse.order-shipped", string(encoded)}, got); diff != "" {
		t.Error(diff)
	}
	if len(*p) != 0 {
		t.Errorf("the pauses %v", *p)
	}
}

func TestAnEntryHasTheTraceOfItsEventInItsHeader(t *testing.T) {
	b := &bus{}
	events := numbered(3)
	events[0].TraceParent = "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-01"
	events[1].TraceParent = "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-00"
	if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	var got []*string
	for _, entry := range b.calls[0] {
		got = append(got, entry.TraceHeader)
	}
	if diff := cmp.Diff([]*string{
		new("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"),
		new("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0"),
		nil,
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutEventsThereIsNoCall(t *testing.T) {
	b := &bus{}
	if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context()); err != nil || len(b.calls) != 0 {
		t.Errorf("%v after %d calls", err, len(b.calls))
	}
}

func TestACallHasAtMostTenEntriesInOrder(t *testing.T) {
	b := &bus{}
	if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), numbered(21)...); err != nil {
		t.Fatal(err)
	}
	assertCalls(t, b, [][]string{
		{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		{"10", "11", "12", "13", "14", "15", "16", "17", "18", "19"},
		{"20"},
	})
}

func TestTheEventsOfACallHaveOneSource(t *testing.T) {
	b := &bus{}
	events := numbered(5)
	events[2].Source, events[3].Source = "ledger", "ledger"
	if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	assertCalls(t, b, [][]string{{"0", "1"}, {"2", "3"}, {"4"}})
}

func TestACallHasAtMost256KiB(t *testing.T) {
	const limit = 256 * 1024
	frame := size(t, newEvent("0", ""))
	for name, c := range map[string]struct {
		sizes []int
		want  [][]string
	}{
		"exactly the limit":        {[]int{limit / 2, limit / 2}, [][]string{{"0", "1"}}},
		"one byte more":            {[]int{limit / 2, limit/2 + 1}, [][]string{{"0"}, {"1"}}},
		"an event of its own size": {[]int{1000, limit, 1000}, [][]string{{"0"}, {"1"}, {"2"}}},
		"small ones together":      {[]int{limit - 2000, 1000, 1000, 1000}, [][]string{{"0", "1", "2"}, {"3"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var events []event.Event
			for i, bytes := range c.sizes {
				events = append(events, newEvent(fmt.Sprint(i), strings.Repeat("x", bytes-frame)))
			}
			b := &bus{}
			if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), events...); err != nil {
				t.Fatal(err)
			}
			assertCalls(t, b, c.want)
		})
	}
}

// size is what AWS counts: source, detail type and detail.
func size(t *testing.T, e event.Event) int {
	t.Helper()
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return len(e.Source) + len(e.Type) + len(encoded)
}

func TestOnlyTheEntriesThatFailedArePutAgain(t *testing.T) {
	b, p := &bus{answers: []map[string]string{
		{"1": "ThrottlingException", "3": "InternalFailure", "4": "InternalFailure"},
		{"3": "InternalFailure"},
	}}, &pauses{}
	if err := newPublisher(t, b, p.pause).Publish(t.Context(), numbered(11)...); err != nil {
		t.Fatal(err)
	}
	assertCalls(t, b, [][]string{
		{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		{"1", "3", "4"},
		{"3"},
		{"10"},
	})
	if diff := cmp.Diff(pauses{1, 2}, *p); diff != "" {
		t.Errorf("the pauses: %s", diff)
	}
	if again := *b.calls[2][0].Detail; again != *b.calls[0][3].Detail {
		t.Errorf("put again as %s", again)
	}
}

func TestAnEntryThatCanNeverBeAcceptedIsAnErrorAtOnceAndTheOthersArePutAgain(t *testing.T) {
	for _, code := range []string{"MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument", "AccessDeniedException"} {
		t.Run(code, func(t *testing.T) {
			b, p := &bus{answers: []map[string]string{{"0": "ThrottlingException", "1": code}}}, &pauses{}
			err := newPublisher(t, b, p.pause).Publish(t.Context(), numbered(3)...)
			if err == nil || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), "warehouse.order-shipped") {
				t.Errorf("the error %v has not the event and the code", err)
			}
			assertFailed(t, err, 1)
			assertCalls(t, b, [][]string{{"0", "1", "2"}, {"0"}})
		})
	}
}

// assertFailed checks which events an error has an error of.
func assertFailed(t *testing.T, err error, want ...int) {
	t.Helper()
	partial, isPartial := errors.AsType[*participant.PartialError](err)
	if !isPartial {
		t.Fatalf("the error is %v, which names no event", err)
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(partial.Errs))); diff != "" {
		t.Errorf("the events with an error: %s", diff)
	}
}

func TestEntriesThatFailFiveTimesAreAnError(t *testing.T) {
	busy := map[string]string{"0": "ThrottlingException"}
	b, p := &bus{answers: []map[string]string{busy, busy, busy, busy, busy, busy}}, &pauses{}
	err := newPublisher(t, b, p.pause).Publish(t.Context(), numbered(1)...)
	if err == nil || !strings.Contains(err.Error(), "ThrottlingException") {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(pauses{1, 2, 3, 4}, *p); diff != "" || len(b.calls) != 5 {
		t.Errorf("%d calls and the pauses:\n%s", len(b.calls), diff)
	}
}

func TestAfterAFailureTheLaterCallsAreMade(t *testing.T) {
	b := &bus{answers: []map[string]string{{"2": "MalformedDetail"}}}
	err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), numbered(12)...)
	assertFailed(t, err, 2)
	assertCalls(t, b, [][]string{{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {"10", "11"}})
}

func TestACallThatFailsFailsItsEventsAlone(t *testing.T) {
	b := &bus{failing: 1}
	err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), numbered(12)...)
	assertFailed(t, err, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	if !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnInconsistentAnswerIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(*eventbridge.PutEventsOutput){
		"too few entries":                func(out *eventbridge.PutEventsOutput) { out.Entries = out.Entries[1:] },
		"no entries":                     func(out *eventbridge.PutEventsOutput) { out.Entries = nil },
		"too many entries":               func(out *eventbridge.PutEventsOutput) { out.Entries = append(out.Entries, out.Entries[0]) },
		"a failure that no entry has":    func(out *eventbridge.PutEventsOutput) { out.FailedEntryCount = 1 },
		"a failure that is not counted":  func(out *eventbridge.PutEventsOutput) { out.Entries[0].ErrorCode = new("InternalFailure") },
		"too few entries with a failure": func(out *eventbridge.PutEventsOutput) { out.Entries, out.FailedEntryCount = out.Entries[1:], 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{spoil: spoil}
			if err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), numbered(3)...); err == nil {
				t.Error("there is no error")
			}
		})
	}
}

func TestAnInvalidEventIsNotPutAndTheOthersAre(t *testing.T) {
	b := &bus{}
	events := slices.Insert(numbered(2), 1, event.Event{ID: "invalid"})
	err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), events...)
	if !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	assertFailed(t, err, 1)
	assertCalls(t, b, [][]string{{"0", "1"}})
}

func TestACallThatFailsIsAnError(t *testing.T) {
	b := &bus{err: errBroken}
	err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), numbered(1)...)
	if !errors.Is(err, errBroken) || errors.Is(err, event.ErrInvalid) || len(b.calls) != 1 {
		t.Errorf("%v after %d calls", err, len(b.calls))
	}
}

func TestAnInterruptedPauseEndsThePublishing(t *testing.T) {
	b := &bus{answers: []map[string]string{{"0": "ThrottlingException", "1": "InternalFailure"}}}
	interrupted := func(context.Context, int) error { return context.DeadlineExceeded }
	err := newPublisher(t, b, interrupted).Publish(t.Context(), numbered(2)...)
	assertFailed(t, err, 0, 1)
	partial, _ := errors.AsType[*participant.PartialError](err)
	for i, each := range partial.Errs {
		if !errors.Is(each, context.DeadlineExceeded) {
			t.Errorf("the error of event %d is %v", i, each)
		}
	}
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "ThrottlingException") || len(b.calls) != 1 {
		t.Errorf("%v after %d calls", err, len(b.calls))
	}
}

func TestFailedEntriesArePutAgainOnlyWithinTheTimeThatIsLeft(t *testing.T) {
	busy := map[string]string{"0": "ThrottlingException"}
	synctest.Test(t, func(t *testing.T) {
		b := &bus{answers: []map[string]string{busy, busy, busy, busy, busy}}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		// The pauses are 5, 10 and 20 milliseconds: the third would be too long.
		err := newPublisher(t, b, participant.Jitter(func() float64 { return 0.5 })).Publish(ctx, numbered(1)...)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "ThrottlingException") {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(began); took != 15*time.Millisecond || len(b.calls) != 3 {
			t.Errorf("%d calls in %s", len(b.calls), took)
		}
	})
}

func TestAnEventThatIsTooLargeIsNotPutAndTheOthersAre(t *testing.T) {
	b := &bus{}
	tooLarge := strings.Repeat("x", event.MaximumSize-size(t, newEvent("2", ""))+1)
	err := newPublisher(t, b, new(pauses).pause).Publish(t.Context(), append(numbered(2), newEvent("2", tooLarge))...)
	if !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	assertFailed(t, err, 2)
	assertCalls(t, b, [][]string{{"0", "1"}})
}

// If the answer of a call is lost, the caller publishes again. Consumers recognise an
// event that they get twice by its id.
func TestEventsWhoseAnswerWasLostArePutAgainUnchanged(t *testing.T) {
	b := &bus{err: errBroken}
	p := newPublisher(t, b, new(pauses).pause)
	if err := p.Publish(t.Context(), numbered(2)...); !errors.Is(err, errBroken) {
		t.Fatalf("the error is %v", err)
	}
	b.err = nil
	if err := p.Publish(t.Context(), numbered(2)...); err != nil {
		t.Fatal(err)
	}
	for n, again := range b.calls[1] {
		if *again.Detail != *b.calls[0][n].Detail {
			t.Errorf("put again as %s", *again.Detail)
		}
	}
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	for name, c := range map[string]struct {
		config publisher.Config
		want   string
	}{
		"everything": {publisher.Config{}, "eventbridge.Config: no Bus, no Client"},
		"the client": {publisher.Config{Bus: "global"}, "eventbridge.Config: no Client"},
		"the bus":    {publisher.Config{Client: &bus{}}, "eventbridge.Config: no Bus"},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := publisher.NewPublisher(c.config); p != nil || err == nil || err.Error() != c.want {
				t.Errorf("the publisher is %v, the error %v", p, err)
			}
		})
	}
}

// Without the default pause the first throttling would panic.
func TestAPublisherWithoutAPausePausesAtRandom(t *testing.T) {
	b := &bus{answers: []map[string]string{{"0": "ThrottlingException"}}}
	if err := newPublisher(t, b, nil).Publish(t.Context(), numbered(1)...); err != nil {
		t.Error(err)
	}
	assertCalls(t, b, [][]string{{"0"}, {"0"}})
}
