// Package simulation runs all bounded contexts together in memory: the real decisions in
// the real participant, around a bus that delivers in any order and more than once, with
// processes that crash at any step.
package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// retention is how long the contexts keep the ids of the events that they handled.
const retention = 60 * 24 * time.Hour

// deadline is how long an order may take before it is timed out, unless a world has another.
const deadline = 15 * time.Minute

// world is all contexts, the bus and the clock. Nothing in it happens by itself: its
// user chooses the next task, and the fault of its run.
type world struct {
	language   participant.Language
	vocabulary dynamo.Vocabulary
	now        time.Time
	// tick is by how much each reading of a clock advances the time.
	tick time.Duration
	// skews are how far the clocks of the contexts are ahead of now.
	skews     map[string]time.Duration
	consumers []consumer
	// orderContext executes the commands.
	orderContext *participant.Participant[order.State]
	// deployed is what the operator's erase command works on.
	deployed contexts.Deployed
	stores   map[string]*store
	ledger   *ledger

	// pending is what is not handled yet.
	pending []*task
	// published has each event once, and once more for each other content that it had;
	// contents has the same by id.
	published []event.Event
	contents  map[string][]event.Event
	notified  []event.Event
	// archived: published events are not delivered any more, because all are replayed.
	archived bool
	// rejected counts the dead letters of each context.
	rejected map[string]int
	// stuck are the tasks that failed for an unexpected reason.
	stuck []*task
	// erased has the orders that are erased, with the number of published events at that
	// time; publishedErased has what was published about them afterwards.
	erased          map[string]int
	publishedErased []event.Event

	// deadline is how long an order may take before it is timed out.
	deadline time.Duration
	// outage is nil, or a fault of a whole service.
	outage *outage
	// failures has when each component failed, and is repeated.
	failures map[string][]time.Time

	// planned is the fault of the current run. It occurs if the run reaches its place.
	planned fault
	running []*task
	// avoided are the faults that could have occurred in a run without one.
	avoided map[fault]bool
	// dead: the current run has crashed, and has no further effect.
	dead bool
	// rival returns which of the tasks wins when a race is lost.
	rival func(candidates int) int
	// latency is how long a delivery takes.
	latency func() time.Duration
	// abandons reports whether a customer without a response does not repeat the request.
	abandons func() bool

	// log has a line for everything that happened, and tally counts it.
	log   []string
	tally map[string]int
}

type consumer struct {
	name     string
	consumes []string
	handle   func(context.Context, event.Event) error
	// handleBatch is nil for a consumer that is not a context.
	handleBatch func(context.Context, []event.Delivery) []error
}

// task is an event to be handled by a context, a command, a sweep or an erasure.
type task struct {
	// component is the context or the program that runs the task.
	component string
	event     event.Event
	run       func(context.Context) error
	// at is when the task arrives.
	at        time.Time
	isCommand bool
	// tries counts how often it came too early. Each retry is later.
	tries int
	// receives counts how often it has failed since it was last redriven.
	receives int
}

func (t *task) String() string {
	return t.component + ": " + t.event.Type + " of " + t.event.Subject
}

// competes reports whether two tasks compete for one record.
func (t *task) competes(with *task) bool {
	return t.component == with.component && t.event.Subject == with.event.Subject
}

func newWorld(language participant.Language, d decisions, l *ledger) *world {
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		panic(err)
	}
	w := &world{
		vocabulary: vocabulary,
		language:   newCachedLanguage(language),
		now:        time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		tick:       time.Millisecond,
		skews:      make(map[string]time.Duration),
		stores:     make(map[string]*store),
		contents:   make(map[string][]event.Event),
		ledger:     l,
		running:    []*task{{}},
		avoided:    make(map[fault]bool),
		notified:   []event.Event{},
		erased:     make(map[string]int),
		rejected:   make(map[string]int),
		deadline:   deadline,
		failures:   make(map[string][]time.Time),
		rival:      func(int) int { return 0 },
		latency:    func() time.Duration { return 0 },
		abandons:   func() bool { return false },
		tally:      make(map[string]int),
	}
	l.world = w
	w.joinAll(d)
	w.consumers = append(w.consumers, consumer{
		name:     contract.Notification,
		consumes: event.Types(contract.Catalogue().ConsumedBy(contract.Notification)...),
		handle:   w.notify,
	})
	w.deployed = contexts.Deployed{
		Store:     func(source string) participant.Store { return w.stores[source] },
		Publisher: w, Language: w.language, Retention: retention,
		Clock: func() time.Time { return w.clock(erasing) },
		Pause: noPause,
	}
	if d.tamper != nil {
		d.tamper(w)
	}
	return w
}

// noPause returns at once, so that a lost race takes no time.
func noPause(context.Context, int) error { return nil }

// join connects a context to the bus, with one of its decisions.
func join[S any](w *world, config participant.Config[S], decide participant.Decide[S]) *participant.Participant[S] {
	source := config.Source
	w.stores[source] = newStore(w, source)
	config.Decide = decide
	config.Store, config.Publisher, config.Language = w.stores[source], w, w.language
	config.Clock = func() time.Time { return w.clock(source) }
	config.Retention, config.Pause = retention, noPause
	// The sagas of a batch are handled one after the other: the world is not safe for
	// concurrent use, and a history can be repeated.
	config.Parallelism = 1
	config.TraceParent = w.traceParent
	p, err := participant.New(config)
	if err != nil {
		panic(err)
	}
	w.consumers = append(w.consumers, consumer{source, event.Types(contract.Catalogue().ConsumedBy(source)...), p.Handle, p.HandleBatch})
	return p
}

// traceParent returns another trace parent at each time, so that an event which does not
// keep its first one has two contents.
func (w *world) traceParent(context.Context) string {
	return fmt.Sprintf("00-%032x-%016x-01", 1, w.now.UnixNano())
}

// clock returns the time of a component's clock. Each call advances the world's time by a
// tick.
func (w *world) clock(source string) time.Time {
	w.now = w.now.Add(w.tick)
	return w.now.Add(w.skews[source])
}

func (w *world) notify(_ context.Context, e event.Event) error {
	if w.inject(endpointRejects) {
		return errCrashed
	}
	w.notified = append(w.notified, e)
	return nil
}

// deliver schedules the delivery of an event to each consumer of its type.
func (w *world) deliver(e event.Event) {
	for _, c := range w.consumers {
		if !slices.Contains(c.consumes, e.Type) {
			continue
		}
		for range w.outage.deliveries(w, c.name) {
			w.pending = append(w.pending, &task{
				component: c.name, event: e, at: w.now.Add(w.latency()),
				run: func(ctx context.Context) error { return c.handle(ctx, e) },
			})
		}
	}
}

// runAll runs the pending tasks, and all that follow from them, in their order.
func (w *world) runAll(ctx context.Context) {
	for len(w.pending) > 0 {
		w.step(ctx, 0, noFault)
	}
}

// receive publishes a stock receipt.
func (w *world) receive(ctx context.Context, sku string, quantity int64) error {
	id := "delivery-of-" + sku
	command := event.Event{ID: id, Source: contract.SourceWarehouse, Subject: id, CorrelationID: id}
	e, err := event.Caused(event.Cause{Event: command, IsCommand: true}, contract.SourceWarehouse,
		contract.StockReceived{SKU: sku, Quantity: quantity}, 0, w.now)
	if err != nil {
		return err
	}
	if e, err = w.language.Seal(e); err != nil {
		return err
	}
	return w.Publish(ctx, e)
}

// command schedules a command for the order context. It is repeated until it has a
// response, or until its sender abandons it.
func (w *world) command(orderID, id string, at time.Time, data event.Data) {
	e := event.Event{
		ID: orderID + " " + id, Source: "order/test", Type: data.EventType(),
		Subject: orderID, Time: at, CorrelationID: "saga of " + orderID,
	}
	w.pending = append(w.pending, &task{component: contract.SourceOrder, event: e, at: at, isCommand: true, run: func(ctx context.Context) error {
		_, err := w.orderContext.Execute(ctx, e, data)
		return err
	}})
}

func (w *world) place(o contract.OrderPlaced) { w.placeAt(o, w.now) }

func (w *world) placeAt(o contract.OrderPlaced, at time.Time) {
	w.command(o.OrderID, "place", at, order.Place{Order: o, Deadline: at.Add(w.deadline)})
}

func (w *world) cancel(orderID string, reason contract.Reason) {
	w.cancelAt(orderID, reason, w.now)
}

func (w *world) cancelAt(orderID string, reason contract.Reason, at time.Time) {
	w.command(orderID, string(reason), at, order.Cancel{Reason: reason})
}

// data returns the data of an event, or nil if it is invalid: the audit reports that.
func (w *world) data(e event.Event) event.Data {
	data, err := w.language.Decode(e)
	if err != nil {
		return nil
	}
	return data
}

// evidence returns all that an audit reads.
func (w *world) evidence() audit.Evidence {
	tables := make(map[string]audit.Table)
	for _, name := range contract.Catalogue().Contexts() {
		tables[name] = w.stores[name].table()
	}
	return audit.Evidence{
		Published:   w.published,
		Tables:      tables,
		Ledger:      maps.Clone(w.ledger.entries),
		Notified:    w.notified,
		DeadLetters: maps.Clone(w.rejected),
	}
}
