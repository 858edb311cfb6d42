package erase_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/contexts"
	"example.com/saga/operator/erase"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/warehouse"
)

func TestACustomerIsErasedAndNoOther(t *testing.T) {
	s := newSaga(t)
	s.ship("o-bert", bert)
	want := s.contents()
	s.ship("o-1", anna)
	s.place("o-2", anna)
	s.rollBack("o-2")
	known := make(map[string]bool)
	for _, e := range s.publisher.Published() {
		known[e.ID] = true
	}

	outcome := s.erase()
	if diff := cmp.Diff(map[string]string{"o-1": "shipped", "o-2": "cancelled"}, results(outcome)); diff != "" {
		t.Error(diff)
	}
	s.assertForgotten()
	s.assertErased("o-1", "o-2")
	for source, store := range s.stores {
		bert := want[source].([]any)[0].(map[string]participant.Record)["o-bert"]
		if diff := cmp.Diff(bert, store.Records()["o-bert"]); diff != "" {
			t.Errorf("%s has something else of another's order:\n%s", source, diff)
		}
	}
	if got := [2]int64{s.points(anna), s.points(bert)}; got != [2]int64{0, 25} {
		t.Errorf("anna and bert have the points %v", got)
	}
	for _, e := range s.publisher.Published() {
		if !known[e.ID] {
			t.Errorf("%s is published, which was not before", e.Type)
		}
	}
}

func TestWhatTheNotificationEndpointWasSentIsToldToTheOperator(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.reserve("o-2")
	s.asleep = func() error {
		s.rollBack("o-2")
		return nil
	}
	got := make(map[string][]string)
	for _, o := range s.erase().Orders {
		for eventType, id := range o.Notified {
			got[o.ID] = append(got[o.ID], eventType)
			if id == "" {
				t.Errorf("%s of %s has no id", eventType, o.ID)
			}
		}
	}
	if diff := cmp.Diff(map[string][]string{"o-1": {"warehouse.order-shipped"}, "o-2": {"order.cancelled"}}, got); diff != "" {
		t.Error(diff)
	}

	s.place("o-3", anna)
	s.rollBack("o-3")
	record := s.stores["order"].Records()["o-3"]
	last := &record.Handled[len(record.Handled)-1]
	last.Published = append([]event.Event{{ID: "another", Type: "order.noted"}}, last.Published...)
	s.must(s.stores["order"].Commit(t.Context(), record, nil))
	if orders := s.erase().Orders; len(orders) != 1 || orders[0].Notified["order.cancelled"] != last.Published[1].ID {
		t.Errorf("the orders are %+v", orders)
	}
}

func TestErasingAgainChangesNothing(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.erase()
	before := s.contents()
	s.now = s.now.Add(time.Hour)
	if outcome := s.erase(); len(outcome.Orders) != 0 {
		t.Errorf("the orders are %v", outcome.Orders)
	}
	if diff := cmp.Diff(before, s.contents()); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrderThatHasNotEndedIsCancelledAndErasedWhenItHas(t *testing.T) {
	for name, end := range map[string]func(s *saga){
		"cancelled": func(s *saga) { s.rollBack("o-1") },
		"shipped already": func(s *saga) {
			s.put(contract.SourceWarehouse, "o-1", warehouse.State{Status: warehouse.Shipped})
			s.hear("o-1", contract.CancellationRefused{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSaga(t)
			s.reserve("o-1")
			slept := 0
			s.asleep = func() error {
				if slept++; slept == 3 {
					handled := s.stores["order"].Records()["o-1"].Handled
					if last := handled[len(handled)-1]; last.Source != "operator/erase" || last.Type != "order.cancel" || !last.OccurredAt.Equal(now) {
						t.Errorf("handled last is %+v", last)
					}
					end(s)
				}
				return nil
			}
			s.erase()
			s.assertErased("o-1")
			s.assertForgotten()
			requested := make(map[string]bool)
			for _, e := range s.publisher.Published() {
				if e.Type == (contract.CancellationRequested{}).EventType() {
					requested[e.ID] = true
				}
			}
			if len(requested) != 1 || slept != 3 {
				t.Errorf("%d cancellations are requested, and waited for %d times", len(requested), slept)
			}
		})
	}
}

func TestEachOrderIsWaitedFor(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	s.reserve("o-2")
	s.asleep = func() error {
		for _, id := range []string{"o-1", "o-2"} {
			if state, _, err := s.Contexts.Order.Load(t.Context(), id); err != nil || !state.Ended() {
				s.rollBack(id)
				return err
			}
		}
		return nil
	}
	s.erase()
	s.assertErased("o-1", "o-2")
}

func TestAnOrderIsCancelledOnceAndNotIfItHasEnded(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	_, record, err := s.Contexts.Order.Load(t.Context(), "o-1")
	s.must(err)
	command := event.Event{ID: "c-1", Source: "test", Type: "order.cancel", Subject: "o-1", CorrelationID: record.First().CorrelationID, Time: now}
	_, err = s.Contexts.Order.Execute(t.Context(), command, order.Cancel{Reason: contract.CancelledByCustomer})
	s.must(err)
	s.asleep = func() error {
		if handled := s.stores["order"].Records()["o-1"].Handled; len(handled) != 2 {
			t.Errorf("handled are %+v", handled)
		}
		s.rollBack("o-1")
		return nil
	}
	s.erase()

	s.ship("o-2", anna)
	s.steps = 0
	s.erase()
	// A scan, a search for points, and a load and a commit in each context.
	if s.steps != 2+2*len(s.stores) {
		t.Errorf("%d calls of the stores", s.steps)
	}
}

func TestAnOrderThatCannotBeReadIsNotWaitedFor(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	slept := 0
	s.asleep = func() error {
		slept++
		s.fails = s.steps + 1
		return nil
	}
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	if problems := outcome.Problems(); len(problems) != 1 || problems[0].Error() != "order o-1: broken" || slept != 1 {
		t.Errorf("waited for %d times, the problems are %v", slept, problems)
	}
}

func TestAnOrderThatEndsAtTheLastMomentNeedsNoCancellation(t *testing.T) {
	for _, end := range []error{order.ErrTooLate, order.ErrErased} {
		s := newSaga(t)
		s.ship("o-1", anna)
		_, record, err := s.Contexts.Order.Load(t.Context(), "o-1")
		s.must(err)
		if errors.Is(end, order.ErrErased) {
			s.must(s.Contexts.Erase(t.Context(), "o-1", s.now))
		}
		stale := erase.Order{ID: record.Subject, State: order.State{Progress: order.Placed}, CorrelationID: "saga of o-1"}
		if err := s.Contexts.Cancel(t.Context(), stale, s.now); err != nil {
			t.Errorf("%v: %v", end, err)
		}
	}
}

func TestAnOrderThatDoesNotEndIsNamedAndKeepsNoOtherFromBeingErased(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	s.ship("o-2", anna)
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	s.assertErased("o-2")
	problems := outcome.Problems()
	if len(problems) != 1 || problems[0].Error() != "order o-1: it has not ended after 1m0s, it is cancelling: erase again when it has" {
		t.Errorf("the problems are %v", problems)
	}
	if record := s.stores["warehouse"].Records()["o-1"]; record.Erased {
		t.Error("the unfinished order is erased in the warehouse")
	}
}

func TestAnOrderThatCannotBeCancelledIsNamedAndNotWaitedFor(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	record := s.stores["order"].Records()["o-1"]
	for _, id := range []string{"o-ghost", "o-spectre"} {
		record.Subject = id
		scan, ghost := s.Scan, record
		s.Scan = func(ctx context.Context, each func(participant.Record)) error {
			each(ghost)
			return scan(ctx, each)
		}
	}
	s.asleep = func() error {
		s.rollBack("o-1")
		return nil
	}
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	s.assertErased("o-1")
	problems := outcome.Problems()
	if len(problems) != 2 {
		t.Fatalf("the problems are %v", problems)
	}
	for i, id := range []string{"o-ghost", "o-spectre"} {
		if want := "order " + id + ": "; !strings.HasPrefix(problems[i].Error(), want) || !strings.HasSuffix(problems[i].Error(), "there is no such order") {
			t.Errorf("the problem is %v", problems[i])
		}
	}
}

func TestACancellationThatIsNotPublishedIsLeftToTheSweeper(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	s.unpublished = errBroken
	s.asleep = func() error {
		s.unpublished = nil
		s.rollBack("o-1")
		return nil
	}
	s.erase()
	s.assertErased("o-1")
}

func TestOrdersAreInTheOrderInWhichTheyWerePlaced(t *testing.T) {
	s := newSaga(t)
	s.ship("o-3", anna)
	s.now = s.now.Add(time.Second)
	s.ship("o-2", anna)
	s.ship("o-1", anna)
	s.award("o-b", anna)
	s.award("o-a", anna)
	plan, err := s.Plan(t.Context(), anna)
	s.must(err)
	var got []string
	for _, o := range plan.Orders {
		got = append(got, o.ID)
	}
	if diff := cmp.Diff([]string{"o-a", "o-b", "o-3", "o-1", "o-2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrderForWhichSomethingIsHeldIsErasedNowhere(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.put(contract.SourceWarehouse, "o-1", warehouse.State{Status: warehouse.Failing})
	before := s.contents()
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	if problems := outcome.Problems(); len(problems) != 1 ||
		!strings.HasPrefix(problems[0].Error(), "order o-1: warehouse erases o-1: the order has not ended: it is failing") {
		t.Errorf("the problems are %v", problems)
	}
	if diff := cmp.Diff(before, s.contents()); diff != "" {
		t.Error(diff)
	}
}

func TestAnErasureThatIsKilledAnywhereIsCompletedByTheNext(t *testing.T) {
	killed := 0
	for fails := 1; ; fails++ {
		s := newSaga(t)
		s.ship("o-1", anna)
		s.ship("o-2", anna)
		s.reserve("o-3")
		s.asleep = func() error {
			fails := s.fails
			s.fails = 0 // The saga goes on without the operator.
			s.rollBack("o-3")
			s.fails = fails
			return nil
		}
		s.steps, s.fails = 0, fails
		outcome, err := s.Erase(t.Context(), anna)
		completed := err == nil && len(outcome.Problems()) == 0
		if !completed {
			killed++
		}
		s.fails = 0
		s.erase()
		s.assertForgotten()
		s.assertErased("o-1", "o-2", "o-3")
		if completed {
			break
		}
	}
	if killed < 20 {
		t.Errorf("it was killed at %d points only", killed)
	}
}

func TestAnAwardThatOutlivesItsOrderIsErasedToo(t *testing.T) {
	s := newSaga(t)
	s.award("o-old", anna)
	s.award("o-bert", bert)
	plan, err := s.Plan(t.Context(), anna)
	s.must(err)
	outcome := s.erase()
	for _, orders := range [][]erase.OrderOutcome{plan.Orders, outcome.Orders} {
		if len(orders) != 1 || orders[0].ID != "o-old" || !orders[0].Expired || orders[0].Err != nil {
			t.Errorf("the orders are %+v", orders)
		}
	}
	s.assertErased("o-old")
	s.assertForgotten()
	if got := s.points(bert); got != 25 {
		t.Errorf("another customer has %d points", got)
	}
}

func TestAnOrderThatIsPlacedDuringAnErasureIsErasedByTheNext(t *testing.T) {
	s := newSaga(t)
	s.ship("o-new", anna)
	complete := s.Scan
	s.Scan = func(context.Context, func(participant.Record)) error {
		s.Scan = complete
		return nil // As if the order was placed right after the scan.
	}
	if outcome := s.erase(); len(outcome.Orders) != 0 || s.points(anna) != 25 {
		t.Errorf("the orders are %+v, and %d points are left", outcome.Orders, s.points(anna))
	}
	s.erase()
	s.assertErased("o-new")
	s.assertForgotten()
}

func TestPointsThatCannotBeFoundStopTheErasure(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.award("o-old", anna)
	before := s.contents()
	for _, step := range []string{"the scan", "the search for points", "the load of an order that is not known"} {
		s.steps, s.fails = 0, s.fails+1
		if _, err := s.Erase(t.Context(), anna); !errors.Is(err, errBroken) {
			t.Errorf("%s: the error is %v", step, err)
		}
	}
	s.fails = 0
	s.Awards = func(context.Context, string) ([]string, error) { return nil, errBroken }
	if _, err := s.Erase(t.Context(), anna); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(before, s.contents()); diff != "" {
		t.Error(diff)
	}
}

func TestAPlanChangesNothing(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.reserve("o-2")
	s.ship("o-3", bert)
	s.queues.Put(dead, `{"subject":"o-1"}`, "o-1", now.UnixMilli(), nil)
	s.queues.Put(dead, `{"subject":"o-3"}`, "o-3", now.UnixMilli(), nil)
	s.queues.Put(dead, `{"subject":"o-unknown","data":{"customerId":"c-anna"}}`, "", now.UnixMilli(), nil)
	s.queues.Put(dead, `{"subject":"o-1"}`, "", now.UnixMilli(), nil).Hidden = true
	before, published := s.contents(), len(s.publisher.Published())
	outcome, err := s.Plan(t.Context(), anna)
	s.must(err)
	if diff := cmp.Diff(map[string]string{"o-1": "shipped", "o-2": "placed"}, results(outcome)); diff != "" {
		t.Error(diff)
	}
	if got := outcome.Queues[1]; got.Removed != 2 || got.Unseen != 1 || got.Err != nil {
		t.Errorf("of the dead letters %+v", got)
	}
	if diff := cmp.Diff(before, s.contents()); diff != "" || len(s.publisher.Published()) != published {
		t.Errorf("it has changed:\n%s", diff)
	}
	if got := s.queues.Visible(dead); len(got) != 3 {
		t.Errorf("the dead letters are %v", got)
	}
}

func TestARecordThatCannotBeReadStopsTheErasure(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.put(contract.SourceOrder, "o-2", "no state of an order")
	if _, err := s.Erase(t.Context(), anna); err == nil || !strings.Contains(err.Error(), "state of order o-2") {
		t.Errorf("the error is %v", err)
	}
	s.put(contract.SourceOrder, "o-2", order.State{})
	record := s.stores["order"].Records()["o-2"]
	record.Handled[0].Published = []event.Event{{ID: "e", Type: "order.placed", Data: []byte(`[]`)}}
	s.must(s.stores["order"].Commit(t.Context(), record, nil))
	if _, err := s.Plan(t.Context(), anna); err == nil || !strings.Contains(err.Error(), "state of order o-2: data of order.placed") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnInterruptedWaitIsAProblem(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-1")
	s.asleep = func() error { return context.Canceled }
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	if problems := outcome.Problems(); len(problems) != 1 || !errors.Is(problems[0], context.Canceled) {
		t.Errorf("the problems are %v", problems)
	}
}

func TestAContextThatIsNotDeployedIsNamed(t *testing.T) {
	_, err := erase.Open(contexts.Deployed{Store: func(string) participant.Store { return nil }, Retention: time.Hour})
	for _, name := range contract.Catalogue().Contexts() {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("participant %q: no Language", name)) {
			t.Errorf("the error %v does not name %s", err, name)
		}
	}
}
