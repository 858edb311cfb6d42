package participant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestAnEventHasItsEffectAndItsEventsArePublished(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)

	w.assertShipments(t, 1)
	published := w.publisher.Published()
	if len(published) != 2 {
		t.Fatalf("%d events are published", len(published))
	}
	for i, e := range published {
		want := event.Event{
			ID:            event.DeriveID("order", "e-1", e.Type, []string{"0", "1"}[i]),
			Source:        "warehouse",
			Type:          []string{"warehouse.stock-reserved", "warehouse.order-shipped"}[i],
			Subject:       "o-1",
			Time:          w.now,
			DataSchema:    "https://example.com/saga/schema/" + e.Type + "/1",
			CorrelationID: "c-1",
			CausationID:   "e-1",
			Data:          e.Data,
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
		if _, err := w.language.Decode(e); err != nil {
			t.Error(err)
		}
	}
}

func TestTheRecordHasWhatWasHandled(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	cause.CausationID = "e-0"
	cause.Time = cause.Time.Add(123456 * time.Nanosecond)
	w.wait(time.Second)
	w.mustHandle(t, cause)

	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []participant.Handled{{
		Source: "order", ID: "e-1", Type: "order.placed", CausationID: "e-0", Digest: record.Handled[0].Digest,
		OccurredAt: cause.Time.Truncate(time.Millisecond), HandledAt: w.now, Published: w.publisher.Published(),
	}}
	if diff := cmp.Diff(want, record.Handled); diff != "" {
		t.Error(diff)
	}
	if record.ExpiresAt.Before(w.now.Add(retention)) {
		t.Errorf("the record expires at %s, within its retention", record.ExpiresAt)
	}
}

func TestADuplicatePublishesTheSameAgainAndWritesNothing(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	first := encoded(t, w.publisher.Published())

	w.wait(time.Hour)
	w.mustHandle(t, cause)

	w.assertShipments(t, 1)
	if w.store.commits != 1 || w.store.loads != 3 { // one load is that of the assertion
		t.Errorf("%d commits and %d loads", w.store.commits, w.store.loads)
	}
	again := encoded(t, w.publisher.Published()[len(first):])
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}

// traced returns a trace parent with this span id.
func traced(span int) string {
	return fmt.Sprintf("00-0af7651916cd43dd8448eb211c80319c-%016x-01", span)
}

func TestAPublishedEventCarriesTheTraceOfItsDecision(t *testing.T) {
	type work struct{}
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.TraceParent = func(ctx context.Context) string { return traced(ctx.Value(work{}).(int)) }
	})
	for n, id := range []string{"e-1", "e-2", "e-1"} {
		if err := w.Handle(context.WithValue(t.Context(), work{}, n+1), w.placed(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range w.publisher.Published() {
		got = append(got, e.TraceParent)
	}
	want := []string{traced(1), traced(1), traced(2), traced(2), traced(1), traced(1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expected (-) and published (+):\n%s", diff)
	}
	assertOneContentPerID(t, w.publisher.Published())
}

// declined makes a payment.declined event of now about order o-1.
func (w *warehouse) declined(tb tester, id string) event.Event {
	tb.Helper()
	e, err := w.language.Seal(event.Event{
		ID: id, Source: contract.SourcePayment, Type: contract.PaymentDeclined{}.EventType(), Subject: "o-1",
		Time: w.clock(), CorrelationID: "c-1", Data: json.RawMessage(`{"reason":"payment-declined"}`),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestTheSameIDFromAnotherSourceIsAnotherEvent(t *testing.T) {
	var sources []string
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		sources = append(sources, in.Event.Source)
		return decision{State: s}, nil
	})
	w.mustHandle(t, w.placed(t, "e-1"))
	w.mustHandle(t, w.declined(t, "e-1"))
	if diff := cmp.Diff([]string{"order", "payment"}, sources); diff != "" {
		t.Error(diff)
	}
}

func TestThePublisherIsNotCalledWithoutEvents(t *testing.T) {
	w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) { return decision{State: s}, nil })
	w.publisher.before = func(int) error {
		t.Error("it is called")
		return nil
	}
	w.mustHandle(t, w.placed(t, "e-1"))
}

// observed is a store that notes the contexts of its loads.
type observed struct {
	participant.Store

	note func(context.Context)
}

func (o observed) Load(ctx context.Context, subject string) (participant.Record, error) {
	o.note(ctx)
	return o.Store.Load(ctx, subject)
}

func TestTheContextsOfTheDecisionAndOfTheStoreEndWithTheHandling(t *testing.T) {
	var contexts []context.Context
	note := func(ctx context.Context) { contexts = append(contexts, ctx) }
	w := newWarehouse(t, nil, func(c *participant.Config[state]) {
		c.Store = observed{c.Store, note}
		c.Decide = func(ctx context.Context, s state, in participant.Input) (decision, error) {
			note(ctx)
			return ship(s, in)
		}
	})
	w.mustHandle(t, w.placed(t, "e-1"))
	if len(contexts) != 2 {
		t.Fatalf("%d calls are made", len(contexts))
	}
	for i, ctx := range contexts {
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the context of call %d has the error %v", i, ctx.Err())
		}
	}
}

func TestAnErrorOfTheDecisionIsReturnedAndNothingIsCommitted(t *testing.T) {
	w := newWarehouse(t, func(state, participant.Input) (decision, error) { return decision{}, errBroken })
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if w.store.commits != 0 || len(w.publisher.Published()) != 0 {
		t.Errorf("%d commits, published: %v", w.store.commits, w.publisher.Published())
	}
}

func TestExecuteReturnsTheStateAndExecutesACommandOnce(t *testing.T) {
	w := newWarehouse(t, ship)
	command := event.Event{ID: "k-1", Source: "desk", Type: "place", Subject: "o-1", Time: w.now, CorrelationID: "c-1"}
	for range 2 {
		s, err := w.Execute(t.Context(), command, contract.OrderPlaced{})
		if err != nil || s.Shipments != 1 {
			t.Errorf("the state is %+v, %v", s, err)
		}
		w.wait(time.Minute)
	}
	w.assertShipments(t, 1)
	published := w.publisher.Published()
	if len(published) != 4 || published[0].CausationID != "" || published[0].CorrelationID != "c-1" {
		t.Errorf("published: %v", encoded(t, published))
	}
	assertOneContentPerID(t, published)
}

func TestAnUnknownSubjectHasAnEmptyRecord(t *testing.T) {
	s, record, err := newWarehouse(t, ship).Load(t.Context(), "o-9")
	if err != nil || record.Version != 0 || s.Shipments != 0 {
		t.Errorf("%+v, %+v, %v", s, record, err)
	}
}

func TestAStateThatCannotBeDecodedIsAnError(t *testing.T) {
	for _, text := range []json.RawMessage{[]byte("[]"), nil} {
		record := participant.Record{Subject: "o-1", Version: 1, State: text}
		w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) {
			t.Error("it was decided on")
			return decision{State: s}, nil
		}, func(c *participant.Config[state]) { c.Store = loaded{c.Store, record} })
		if _, _, err := w.Load(t.Context(), "o-1"); err == nil {
			t.Errorf("%q is loaded", text)
		}
		if err := w.Handle(t.Context(), w.placed(t, "e-1")); err == nil || errors.Is(err, event.ErrInvalid) {
			t.Errorf("the error of %q is %v, want one after which the event is delivered again", text, err)
		}
	}
}
