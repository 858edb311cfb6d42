package sweeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/services/order"
	"example.com/saga/services/order/sweeper"
)

// deadline is how long an order may take.
const deadline = time.Hour

// shop is the order context in memory, with a sweeper.
type shop struct {
	sweeper.Config

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

// countingStore counts its calls, and fails for one subject.
type countingStore struct {
	*memory.Store

	broken                string
	queries, loads        int
	commits               int
	lastBy, dueErrorUntil time.Time
}

var errBroken = errors.New("broken")

func (s *countingStore) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	s.queries++
	s.lastBy = by
	if by.Before(s.dueErrorUntil) {
		return nil, errBroken
	}
	return s.Store.Due(ctx, by, limit)
}

func (s *countingStore) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.loads++
	if subject == s.broken {
		return participant.Record{}, errBroken
	}
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
	s.Config = sweeper.Config{
		Orders: s.orders, Index: s.store, Logger: logger, Clock: clock, Deadline: deadline,
		Tracer: tracing.NewProvider("order", tracing.ParentBased(), s.spans).Tracer("test"),
		Random: func() float64 { return 0 },
	}
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
		if line[sweeper.OldestUnfinishedOrder] != anOrder.Seconds() || line[sweeper.OldestUnfinishedRollback] != rollback.Seconds() {
			s.t.Errorf("the ages are %v, expected are %s and %s", line, anOrder, rollback)
		}
	}
	if found != 1 {
		s.t.Errorf("%d lines with ages", found)
	}
}

func TestWithoutOpenOrdersASweepIsOneQueryAndTheAgesAreZero(t *testing.T) {
	s := newShop(t)
	s.sweep(0)
	s.assertAges(0, 0)
	if s.store.queries != 1 || s.store.loads != 0 {
		t.Errorf("%d queries, %d loads", s.store.queries, s.store.loads)
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
	if diff := cmp.Diff([]string{"published again, because the warehouse has not answered o-1"}, s.actions()); diff != "" {
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
	if diff := cmp.Diff([]string{"timed out, cancellation requested o-1"}, s.actions()); diff != "" {
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

func TestAnEndedOrderThatIsStillInTheIndexIsSkipped(t *testing.T) {
	s := newShop(t)
	s.place("o-1")
	s.handle("o-1", contract.SourceWarehouse, contract.StockUnavailable{Missing: []string{"123"}, Reason: contract.OutOfStock})
	published := len(s.published())
	s.Index = stale{"o-1", "never-placed"}
	s.sweep(deadline)
	s.assertAges(0, 0)
	if len(s.published()) != published {
		t.Errorf("published are %v", s.published())
	}
}

// stale is an index with orders that are not due.
type stale []string

func (s stale) Due(context.Context, time.Time, int) ([]string, error) { return s, nil }

func TestAnOrderThatEndsWhileItIsTimedOutIsSkipped(t *testing.T) {
	for _, end := range []error{order.ErrTooLate, order.ErrErased} {
		s := newShop(t)
		s.place("o-1")
		s.reserve("o-1")
		s.Orders = ending{s.orders, end}
		s.sweep(deadline)
		if got := s.actions(); len(got) != 0 {
			t.Errorf("%v: the actions are %v", end, got)
		}
	}
}

// ending is an order context in which every order has ended when a command is executed.
type ending struct {
	sweeper.Orders

	end error
}

func (e ending) Execute(context.Context, event.Event, event.Data) (order.State, error) {
	return order.State{}, e.end
}

func TestAfterAnErrorOfOneOrderTheSweepVisitsTheOthers(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errBroken
	for _, id := range []string{"o-1", "o-2", "o-3"} {
		s.place(id)
	}
	s.publisher.err = nil
	s.store.broken = "o-2"
	s.now = s.now.Add(order.RepublishAfter)
	err := s.Sweep(t.Context())
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "order o-2: ") || strings.Contains(err.Error(), "o-3") {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff([]string{"order.placed o-1", "order.placed o-3"}, s.published()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	s.assertAges(order.RepublishAfter, 0)
}

func TestAnErrorOfThePublisherIsAnErrorOfTheSweep(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errBroken
	s.place("o-1")
	s.place("o-2")
	s.reserve("o-2")
	s.now = s.now.Add(deadline)
	err := s.Sweep(t.Context())
	if err == nil || strings.Count(err.Error(), errBroken.Error()) != 2 {
		t.Errorf("the error is %v", err)
	}
	if got := s.actions(); len(got) != 0 {
		t.Errorf("the actions are %v", got)
	}
}

func TestAnErrorOfTheIndexIsAnErrorOfTheSweep(t *testing.T) {
	s := newShop(t)
	s.store.dueErrorUntil = s.now.Add(deadline)
	if err := s.Sweep(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if want := s.now.Add(deadline - order.RepublishAfter); !s.store.lastBy.Equal(want) {
		t.Errorf("queried what is due at %s, not %s", s.store.lastBy, want)
	}
}

func TestTheErrorOfASweepHasAtMostTenErrors(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errBroken
	for n := range 25 {
		s.place(fmt.Sprint("o-", n))
	}
	s.now = s.now.Add(order.RepublishAfter)
	err := s.Sweep(t.Context())
	if err == nil || strings.Count(err.Error(), errBroken.Error()) != 10 || !strings.HasSuffix(err.Error(), "and 15 more") {
		t.Errorf("the error is %v", err)
	}
}

func TestMoreOpenOrdersThanOneSweepVisitsAreAWarning(t *testing.T) {
	s := newShop(t)
	s.Index = stale(slices.Repeat([]string{"never-placed"}, 10_000))
	s.sweep(0)
	s.assertMoreThan(10_000)
}

// assertMoreThan checks the warning that there may be more open orders than the sweep
// has visited.
func (s *shop) assertMoreThan(visited int) {
	s.t.Helper()
	lines := s.lines()
	if len(lines) != 2 || !strings.Contains(fmt.Sprint(lines[0]["msg"]), "more open orders") || lines[0]["level"] != "WARN" ||
		lines[0]["looked_at"] != float64(visited) || lines[1]["_aws"] == nil {
		s.t.Errorf("the lines are %v", lines)
	}
}

func TestStuckOrdersDoNotKeepTheSweepFromAnOrderThatWasNeverPublished(t *testing.T) {
	s := newShop(t)
	for n := range 1000 {
		id := fmt.Sprint("stuck-", n)
		s.place(id)
		s.handle(id, contract.SourcePayment, contract.PaymentDeclined{Reason: contract.PaymentWasDeclined})
	}
	s.now = s.now.Add(time.Second)
	s.publisher.err = errBroken
	s.place("o-1")
	s.publisher.err = nil
	s.sweep(order.RepublishAfter)
	if !slices.Contains(s.published(), "order.placed o-1") {
		t.Error("it is still not published")
	}
}

// While the warehouse is down, every sweep republishes. It has to handle all of these
// duplicates when it is up again.
func TestASweepRepublishesAtMost500Orders(t *testing.T) {
	s := newShop(t)
	for n := range 700 {
		s.place(fmt.Sprint("o-", n))
	}
	placed := len(s.published())
	s.sweep(order.RepublishAfter)
	if got := len(s.published()) - placed; got != 500 {
		t.Errorf("%d orders are published again", got)
	}
	s.assertAges(order.RepublishAfter, 0)
}

func TestASweepEndsInTimeToReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		slow := &slowOrders{}
		s.Orders, s.Index = slow, stale{"o-1", "o-2", "o-3"}
		began := time.Now()
		err := s.Sweep(ctx)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 29*time.Second || len(slow.loaded) != 1 {
			t.Errorf("the error is %v after %s and the orders %v", err, took, slow.loaded)
		}
		s.assertMoreThan(1)
	})
}

// slowOrders is an order context that does not answer in time.
type slowOrders struct {
	sweeper.Orders

	loaded []string
}

func (s *slowOrders) Load(ctx context.Context, id string) (order.State, participant.Record, error) {
	s.loaded = append(s.loaded, id)
	<-ctx.Done()
	return order.State{}, participant.Record{}, ctx.Err()
}

// If the time is too short for all orders, they are not always the same that are left out.
func TestASweepStartsAnywhereAndVisitsAll(t *testing.T) {
	for random, want := range map[float64][]string{
		0:     {"order.placed o-1", "order.placed o-2", "order.placed o-3"},
		0.5:   {"order.placed o-2", "order.placed o-3", "order.placed o-1"},
		0.999: {"order.placed o-3", "order.placed o-1", "order.placed o-2"},
	} {
		s := newShop(t)
		for _, id := range []string{"o-1", "o-2", "o-3"} {
			s.now = s.now.Add(time.Second)
			s.place(id)
		}
		s.Random = func() float64 { return random }
		s.sweep(order.RepublishAfter)
		if diff := cmp.Diff(want, s.published()[3:]); diff != "" {
			t.Errorf("from %v on (-want +got):\n%s", random, diff)
		}
	}
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	_, err := sweeper.New(sweeper.Config{})
	for _, name := range []string{"Orders", "Index", "Logger", "Clock", "Deadline", "Random"} {
		if err == nil || !strings.Contains(err.Error(), "no "+name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
