package sweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/sweeper"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/services/order"
	"example.com/saga/services/order/sweep"
)

// deadline is how long an order may take.
const deadline = time.Hour

// shop is the order context in memory, with a sweeper.
type shop struct {
	sweeper.Config[order.State]

	t         *testing.T
	ctx       context.Context //nolint:containedctx // That of an invocation.
	orders    *participant.Participant[order.State]
	store     *countingStore
	publisher *faultyPublisher
	language  *language.Language
	logs      *bytes.Buffer
	spans     *tracetest.InMemoryExporter
	now       time.Time
}

// countingStore counts its loads and commits.
type countingStore struct {
	*memory.Store

	loads, commits int
}

var errBroken = errors.New("broken")

func (s *countingStore) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.loads++
	return s.Store.Load(ctx, subject)
}

func (s *countingStore) Commit(ctx context.Context, r participant.Record, a []participant.Adjustment) error {
	s.commits++
	return s.Store.Commit(ctx, r, a)
}

// faultyPublisher fails if err is set.
type faultyPublisher struct {
	memory.Publisher

	err error
}

func (p *faultyPublisher) Publish(ctx context.Context, events ...event.Event) error {
	if p.err != nil {
		return p.err
	}
	return p.Publisher.Publish(ctx, events...)
}

func newShop(t *testing.T) *shop {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{
		t: t, ctx: t.Context(), store: &countingStore{Store: memory.NewStore()}, publisher: &faultyPublisher{}, language: language,
		logs: &bytes.Buffer{}, spans: tracetest.NewInMemoryExporter(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	clock := func() time.Time { return s.now }
	config := order.Context()
	config.Store = s.store
	config.Publisher = s.publisher
	config.Language = language
	config.Clock = clock
	config.Retention = 24 * time.Hour
	config.Pause = func(context.Context, int) error { return nil }
	config.TraceParent = tracing.Parent
	s.orders, err = participant.New(config)
	if err != nil {
		t.Fatal(err)
	}
	logger, err := telemetry.NewLogger(s.logs, telemetry.Config{
		Service: "order", Level: "INFO", Namespace: "saga-test", Subject: s.language.SubjectName(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Config = sweep.Config(deadline)
	s.Sagas, s.Index, s.Logger, s.Clock = s.orders, s.store, logger, clock
	s.Tracer = tracing.NewProvider("order", tracing.ParentBased(), s.spans).Tracer("test")
	s.Random = func() float64 { return 0 }
	return s
}

// Sweep makes a sweeper and makes one sweep.
func (s *shop) Sweep(ctx context.Context) error {
	made, err := sweeper.New(s.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	return made.Sweep(ctx)
}

// execute executes a command of a customer.
func (s *shop) execute(id string, command event.Data) {
	s.t.Helper()
	_, err := s.orders.Execute(s.ctx, event.Event{
		ID: id + command.EventType(), Source: "order/http", Type: command.EventType(), Subject: id, Time: s.now, CorrelationID: "saga of " + id,
	}, command)
	if err != nil && !errors.Is(err, participant.ErrUnpublished) {
		s.t.Fatal(err)
	}
}

// place places an order now.
func (s *shop) place(id string) {
	s.t.Helper()
	s.execute(id, order.Place{
		Order: contract.OrderPlaced{
			OrderID: id, CustomerID: "c-42", Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
			ShippingAddress: "23 Fake Street", PaymentMethod: "card",
		},
		Deadline: s.now.Add(deadline),
	})
}

// handle handles an event of another context.
func (s *shop) handle(id, source string, data event.Data) {
	s.t.Helper()
	cause := event.Event{ID: "cause of " + data.EventType(), Source: "cause", Subject: id, CorrelationID: "saga of " + id}
	e, err := event.Caused(event.Cause{Event: cause}, source, data, 0, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	if e, err = s.language.Seal(e); err != nil {
		s.t.Fatal(err)
	}
	if err := s.orders.Handle(s.t.Context(), e); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) reserve(id string) {
	s.t.Helper()
	s.handle(id, contract.SourceWarehouse, contract.StockReserved{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
		Total: contract.Money{Amount: 2500, Currency: "EUR"}, PaymentMethod: "card",
	})
}

// sweep makes one sweep after a time.
func (s *shop) sweep(after time.Duration) {
	s.t.Helper()
	s.now = s.now.Add(after)
	if err := s.Sweep(s.ctx); err != nil {
		s.t.Fatal(err)
	}
}

// published returns the type and subject of every published event.
func (s *shop) published() []string {
	var all []string
	for _, e := range s.publisher.Published() {
		all = append(all, e.Type+" "+e.Subject)
	}
	return all
}

// actions returns the log lines about orders since the last call.
func (s *shop) actions() []string {
	var all []string
	for _, line := range s.lines() {
		if id, about := line["order_id"]; about {
			all = append(all, fmt.Sprint(line["msg"], " ", id))
		}
	}
	return all
}

func (s *shop) lines() []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for text := range strings.Lines(s.logs.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, line)
	}
	s.logs.Reset()
	return all
}

// assertAges checks the two metrics of the last sweep.
func (s *shop) assertAges(anOrder, rollback time.Duration) {
	s.t.Helper()
	found := 0
	for _, line := range s.lines() {
		if _, isMetric := line["_aws"]; !isMetric {
			continue
		}
		found++
		if line[sweep.OldestUnfinishedOrder] != anOrder.Seconds() || line[sweep.OldestUnfinishedRollback] != rollback.Seconds() {
			s.t.Errorf("the ages are %v, expected are %s and %s", line, anOrder, rollback)
		}
	}
	if found != 1 {
		s.t.Errorf("%d lines with ages", found)
	}
}

func TestAYoungOrderIsNotLoaded(t *testing.T) {
	s := newShop(t)
	s.place("o-1")
	loads := s.store.loads
	s.sweep(order.RepublishAfter - time.Second)
	if s.store.loads != loads {
		t.Errorf("%d loads", s.store.loads-loads)
	}
	s.sweep(time.Second)
	if s.store.loads != loads+1 {
		t.Errorf("%d loads when it is no longer young", s.store.loads-loads)
	}
}

func TestAnOrderThatWasNeverPublishedIsPublishedWithoutAWrite(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errBroken
	s.place("o-1")
	s.publisher.err = nil
	commits := s.store.commits
	s.sweep(order.RepublishAfter)
	if diff := cmp.Diff([]string{"order.placed o-1"}, s.published()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if s.store.commits != commits {
		t.Errorf("%d commits", s.store.commits-commits)
	}
	if diff := cmp.Diff([]string{"published again, because nothing has come back o-1"}, s.actions()); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}

	s.reserve("o-1")
	s.sweep(30 * time.Minute)
	if got := s.published(); len(got) != 1 {
		t.Errorf("an order that makes progress is published again: %v", got)
	}
}

func TestACancellationThatWasNeverPublishedIsPublishedWithAllEarlierEvents(t *testing.T) {
	s := newShop(t)
	s.place("o-1")
	s.reserve("o-1")
	s.publisher.err = errBroken
	s.execute("o-1", order.Cancel{Reason: contract.CancelledByCustomer})
	s.publisher.err = nil
	s.sweep(order.RepublishAfter)
	if diff := cmp.Diff([]string{"order.placed o-1", "order.placed o-1", "order.cancellation-requested o-1"}, s.published()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

func TestTheCancellationOfAnOrderPastItsDeadlineIsRequestedOnce(t *testing.T) {
	s := newShop(t)
	s.place("o-1")
	s.reserve("o-1")
	s.sweep(deadline - time.Second)
	if got := s.published(); len(got) != 1 {
		t.Fatalf("before the deadline published are %v", got)
	}
	s.logs.Reset()
	s.sweep(time.Second)
	if diff := cmp.Diff([]string{"executed, because it was due o-1"}, s.actions()); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	commits := s.store.commits
	s.sweep(order.RepublishAfter)
	ids := make(map[string]bool)
	for _, e := range s.publisher.Published() {
		ids[e.ID] = true
		if e.Type == (contract.CancellationRequested{}).EventType() && !strings.Contains(string(e.Data), `"timed-out"`) {
			t.Errorf("the cancellation is requested with %s", e.Data)
		}
	}
	if len(ids) != 2 || !slices.Contains(s.published(), "order.cancellation-requested o-1") {
		t.Errorf("published are %v, with %d ids", s.published(), len(ids))
	}
	if s.store.commits != commits {
		t.Errorf("the next sweep commits %d times", s.store.commits-commits)
	}
	state, _, err := s.orders.Load(t.Context(), "o-1")
	if err != nil || state.Rollback != order.RollbackRequested || state.Reason != contract.TimedOut {
		t.Errorf("the order is %+v, %v", state, err)
	}
}

func TestTheWorkOfTheSweeperBelongsToTheTraceOfTheOrder(t *testing.T) {
	const traceID = "67891233abcdef012345678912345678"
	s := newShop(t)
	s.ctx = tracing.Continue(t.Context(), "00-"+traceID+"-53995c3f42cd8ad8-01")
	s.place("o-1")
	s.ctx = tracing.Continue(t.Context(), "00-ffffffffffffffffffffffffffffffff-53995c3f42cd8ad8-01")
	s.sweep(deadline)
	spans := s.spans.GetSpans()
	if len(spans) != 1 || spans[0].Name != "order.cancel" || spans[0].SpanContext.TraceID().String() != traceID ||
		spans[0].Parent.SpanID().String() != "53995c3f42cd8ad8" {
		t.Fatalf("the spans are %+v", spans)
	}
	var got []string
	for _, e := range s.publisher.Published() {
		got = append(got, e.TraceParent)
	}
	placed, cancelled := "00-"+traceID+"-53995c3f42cd8ad8-01", "00-"+traceID+"-"+spans[0].SpanContext.SpanID().String()+"-01"
	if diff := cmp.Diff([]string{placed, placed, cancelled}, got); diff != "" {
		t.Errorf("expected (-) and published (+):\n%s", diff)
	}
	for _, line := range s.lines() {
		if _, about := line["order_id"]; about && line["trace_id"] != "1-67891233-abcdef012345678912345678" {
			t.Errorf("the line %v", line)
		}
	}
}

func TestAnOrderThatWasNeverPublishedIsPublishedBeforeItIsTimedOut(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errBroken
	s.place("o-1")
	s.publisher.err = nil
	s.sweep(deadline)
	if diff := cmp.Diff([]string{"order.placed o-1", "order.cancellation-requested o-1"}, s.published()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

func TestTheAgesAreThoseOfTheOldestThatHaveNotEnded(t *testing.T) {
	s := newShop(t)
	s.place("o-1")
	s.now = s.now.Add(5 * time.Minute)
	s.place("o-2")
	s.reserve("o-2")
	s.now = s.now.Add(time.Minute)
	s.handle("o-2", contract.SourcePayment, contract.PaymentDeclined{Reason: contract.PaymentWasDeclined})
	s.sweep(10 * time.Minute)
	s.assertAges(16*time.Minute, 10*time.Minute)

	s.handle("o-1", contract.SourceWarehouse, contract.StockUnavailable{Missing: []string{"123"}, Reason: contract.OutOfStock})
	s.sweep(0)
	s.assertAges(11*time.Minute, 10*time.Minute)

	s.handle("o-2", contract.SourceWarehouse, contract.StockReleased{Items: []contract.Stock{}, Reason: contract.PaymentWasDeclined})
	s.sweep(0)
	s.assertAges(0, 0)
}

// stale is an index with orders that are not due.
func TestAnOrderThatEndsWhileItIsTimedOutIsSkipped(t *testing.T) {
	for _, end := range []error{order.ErrTooLate, order.ErrErased} {
		s := newShop(t)
		s.place("o-1")
		s.reserve("o-1")
		s.Sagas = ending{s.orders, end}
		s.sweep(deadline)
		if got := s.actions(); len(got) != 0 {
			t.Errorf("%v: the actions are %v", end, got)
		}
	}
}

// ending is an order context in which every order has ended when a command is executed.
type ending struct {
	sweeper.Sagas[order.State]

	end error
}

func (e ending) Execute(context.Context, event.Event, event.Data) (order.State, error) {
	return order.State{}, e.end
}

// assertMoreThan checks the warning that there may be more open orders than the sweep
// has visited.
// While the warehouse is down, every sweep republishes. It has to handle all of these
// duplicates when it is up again.
// slowOrders is an order context that does not answer in time.
// If the time is too short for all orders, they are not always the same that are left out.
