// Package simulation runs all bounded contexts together in memory: the
// real decisions in the real corridor, around a bus that delivers in any order
// and as often as it likes, with processes that die anywhere.
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
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// retention is how long the contexts remember what they handled.
const retention = 60 * 24 * time.Hour

// deadline is how long an order may take before it is timed out.
const deadline = 15 * time.Minute

// world is everything that an order meets. Nothing in it happens by itself:
// what is run next, and what goes wrong then, is decided by its user.
type world struct {
	language participant.Language
	now      time.Time
	// skews are how far the clocks of the contexts are from the time that it is.
	skews     map[string]time.Duration
	consumers []consumer
	// orderContext is the one that gets the commands.
	orderContext *participant.Participant[order.State]
	// deployed is what the operator finds.
	deployed contexts.Deployed
	stores   map[string]*store
	ledger   *ledger

	// spans counts the traces that were asked for.
	spans int
	// pending is what is on its way.
	pending []*task
	// published has each event once, and again if it ever had another content;
	// contents has the same by id.
	published []event.Event
	contents  map[string][]event.Event
	notified  []event.Event
	// archived: what is published now goes nowhere, since all of it is replayed.
	archived bool
	// rejected counts by context what went to its dead-letter queue.
	rejected map[string]int
	// stuck is what failed without a reason that anyone foresaw.
	stuck []*task
	// erased are the orders that are erased, with how many events there were then,
	// and relapsed what was published about them afterwards.
	erased   map[string]int
	relapsed []event.Event

	// planned goes wrong in the run that is under way, if it gets there.
	planned fault
	running *task
	// dead: the run that is under way has died, and can do nothing any more.
	dead bool
	// rival picks which of so many tasks runs in between when a race is lost.
	rival func(candidates int) int
	// latency is how long a delivery takes.
	latency func() time.Duration
	// givesUp tells whether a customer who got no answer asks no more.
	givesUp func() bool

	// story tells what happened, and tally counts it.
	story []string
	tally map[string]int
}

type consumer struct {
	name     string
	consumes []string
	handle   func(context.Context, event.Event) error
}

// task is an event to be handled by a context, or a command.
type task struct {
	who   string
	event event.Event
	run   func(context.Context) error
	// at is when it arrives.
	at        time.Time
	isCommand bool
	// tries counts how often it came too early: it comes back later each time.
	tries int
}

func (t *task) String() string {
	return fmt.Sprintf("%s: %s of %s", t.who, t.event.Type, t.event.Subject)
}

// competes tells whether two tasks compete for one record.
func (t *task) competes(with *task) bool {
	return t.who == with.who && t.event.Subject == with.event.Subject
}

func newWorld(language participant.Language, d decisions, l *ledger) *world {
	w := &world{
		language: &remembering{Language: language, known: make(map[string]reading)},
		now:      time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		skews:    make(map[string]time.Duration),
		stores:   make(map[string]*store),
		contents: make(map[string][]event.Event),
		ledger:   l,
		running:  &task{},
		notified: []event.Event{},
		erased:   make(map[string]int),
		rejected: make(map[string]int),
		rival:    func(int) int { return 0 },
		latency:  func() time.Duration { return 0 },
		givesUp:  func() bool { return false },
		tally:    make(map[string]int),
	}
	w.joinAll(d)
	w.consumers = append(w.consumers, consumer{
		name:     contract.Notification,
		consumes: contract.Types(contract.ConsumedBy(contract.Notification)...),
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

// noPause keeps a lost race from taking time.
func noPause(context.Context, int) error { return nil }

// join puts a context on the bus.
func join[S any](w *world, source string, decide participant.Decide[S], due func(S) time.Time) *participant.Participant[S] {
	w.stores[source] = newStore(w, source)
	p, err := participant.New(participant.Config[S]{
		Source: source, Decide: decide, Store: w.stores[source], Publisher: w, Language: w.language,
		Clock:     func() time.Time { return w.clock(source) },
		Retention: retention,
		Pause:     noPause,

		Due:         due,
		TraceParent: w.traceParent,
	})
	if err != nil {
		panic(err)
	}
	w.consumers = append(w.consumers, consumer{source, contract.Types(contract.ConsumedBy(source)...), p.Handle})
	return p
}

// traceParent is another one each time, so that an event which did not keep its
// first would have two contents.
func (w *world) traceParent(context.Context) string {
	w.spans++
	return fmt.Sprintf("00-%032x-%016x-01", 1, w.spans)
}

// clock is that of a context. Looking at it takes a moment.
func (w *world) clock(source string) time.Time {
	w.now = w.now.Add(time.Millisecond)
	return w.now.Add(w.skews[source])
}

func (w *world) notify(_ context.Context, e event.Event) error {
	if w.strikes(endpointRefuses) {
		return errDied
	}
	w.notified = append(w.notified, e)
	return nil
}

// deliver puts an event on its way to whoever consumes its type.
func (w *world) deliver(e event.Event) {
	for _, c := range w.consumers {
		if slices.Contains(c.consumes, e.Type) {
			w.pending = append(w.pending, &task{
				who: c.name, event: e, at: w.now.Add(w.latency()),
				run: func(ctx context.Context) error { return c.handle(ctx, e) },
			})
		}
	}
}

// runAll runs what is pending, first come, first served.
func (w *world) runAll(ctx context.Context) {
	for len(w.pending) > 0 {
		w.step(ctx, 0, plain)
	}
}

// receive puts pieces of a SKU into stock.
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

// command sends a command to the order context. Whoever sent it sends it again
// until it is answered, or gives up.
func (w *world) command(orderID, id string, at time.Time, data event.Data) {
	e := event.Event{
		ID: orderID + " " + id, Source: "order/test", Type: data.EventType(),
		Subject: orderID, Time: at, CorrelationID: "saga of " + orderID,
	}
	w.pending = append(w.pending, &task{who: contract.SourceOrder, event: e, at: at, isCommand: true, run: func(ctx context.Context) error {
		_, err := w.orderContext.Execute(ctx, e, data)
		return err
	}})
}

func (w *world) place(o contract.OrderPlaced) { w.placeAt(o, w.now) }

func (w *world) placeAt(o contract.OrderPlaced, at time.Time) {
	w.command(o.OrderID, "place", at, order.Place{Order: o, Deadline: at.Add(deadline)})
}

func (w *world) cancel(orderID string, reason contract.Reason) {
	w.cancelAt(orderID, reason, w.now)
}

func (w *world) cancelAt(orderID string, reason contract.Reason, at time.Time) {
	w.command(orderID, string(reason), at, order.Cancel{Reason: reason})
}

// data is that of an event; nil if it is invalid, which the audit tells.
func (w *world) data(e event.Event) event.Data {
	data, err := w.language.Decode(e)
	if err != nil {
		return nil
	}
	return data
}

// evidence is all that an audit looks at.
func (w *world) evidence() audit.Evidence {
	tables := make(map[string]audit.Table)
	for _, name := range contract.Contexts() {
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
