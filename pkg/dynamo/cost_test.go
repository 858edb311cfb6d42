package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

var errLost = errors.New("broken")

type (
	state    struct{ Handled int }
	decision = participant.Decision[state]
	decide   = func(state, participant.Input) (decision, error)
)

// depot is a participant on a ledger. Its decisions publish one event.
type depot struct {
	*participant.Participant[state]

	t         *testing.T
	language  *language.Language
	ledger    *ledger
	store     *dynamo.Store
	publisher *failingOnce
}

// failingOnce is a publisher that may fail once.
type failingOnce struct {
	memory.Publisher
	before func() error
}

func (p *failingOnce) Publish(ctx context.Context, events ...event.Event) error {
	if err := once(&p.before); err != nil {
		return err
	}
	return p.Publisher.Publish(ctx, events...)
}

func count(s state, _ participant.Input) (decision, error) {
	s.Handled++
	return decision{State: s, Events: []event.Data{contract.CancellationRefused{}}}, nil
}

// adjusting counts, and adds an amount to another item unless that was refused.
func adjusting(amount int64) decide {
	return func(s state, in participant.Input) (decision, error) {
		d, err := count(s, in)
		if len(in.Refused) == 0 {
			d.Adjustments = []participant.Adjustment{{Item: "stock#123", Add: map[string]int64{"on_hand": amount}}}
		}
		return d, err
	}
}

func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func newDepot(t *testing.T, decide decide, options ...func(*participant.Config[state])) *depot {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	d := &depot{t: t, ledger: newLedger(), publisher: &failingOnce{}}
	d.language, d.store = language, dynamo.NewStore(d.ledger, table, dynamo.Vocabulary{})
	config := participant.Config[state]{
		Source:    contract.SourceWarehouse,
		Decide:    participant.Pure(decide),
		Store:     d.store,
		Publisher: d.publisher,
		Language:  language,
		Clock:     clock,
		Retention: time.Hour,
		// The ledger is not safe for concurrent use.
		Parallelism: 1,
		Pause:       func(context.Context, int) error { return nil },
	}
	for _, option := range options {
		option(&config)
	}
	if d.Participant, err = participant.New(config); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *depot) received(id string) event.Event {
	d.t.Helper()
	e, err := d.language.Seal(event.Event{
		ID: id, Source: contract.SourceWarehouse, Type: contract.StockReceived{}.EventType(), Subject: "delivery-1",
		Time: clock(), CorrelationID: "c-1", Data: json.RawMessage(`{"sku":"123","quantity":1}`),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

// rival handles an event right before another is committed.
func (d *depot) rival(id string) {
	d.ledger.before = func() error { return d.handleAside(id) }
}

// handleAside handles an event without counting its cost.
func (d *depot) handleAside(id string) error {
	return d.ledger.aside(func() error { return d.Handle(d.t.Context(), d.received(id)) })
}

// cost is the cost of a path, as in the package documentation.
type cost struct {
	calls         string
	reads, writes int
}

// path is a way of event e-1 through the corridor.
type path struct {
	decide  decide
	prepare func(d *depot)
	// fails is the error of the first delivery, after which there is another.
	fails error
	want  cost
}

// check checks what the path costs, and that the event has one effect.
func (p path) check(t *testing.T, options ...func(*participant.Config[state])) {
	t.Helper()
	d := newDepot(t, p.decide, options...)
	if p.prepare != nil {
		p.prepare(d)
	}
	if p.fails != nil {
		if err := d.Handle(t.Context(), d.received("e-1")); !errors.Is(err, p.fails) || errors.Is(err, event.ErrInvalid) {
			t.Fatalf("the error is %v, want one after which the event is delivered again", err)
		}
	}
	if err := d.Handle(t.Context(), d.received("e-1")); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, p.want, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
	assertOneEffect(t, d)
}

// handledBefore makes event e-1 a duplicate.
func handledBefore(d *depot) {
	if err := d.handleAside("e-1"); err != nil {
		d.t.Fatal(err)
	}
}

// beginning declares that the event begins a record.
func beginning(c *participant.Config[state]) { c.Begins = []event.Data{contract.StockReceived{}} }

func TestTheCostOfEveryPathThroughTheCorridor(t *testing.T) {
	lost := func() error { return errLost }
	for name, path := range map[string]path{
		"first run":                     {count, nil, nil, cost{"GetItem PutItem", 1, 1}},
		"first run, adjusting one item": {adjusting(1), nil, nil, cost{"GetItem TransactWriteItems", 1, 4}},
		"duplicate":                     {count, handledBefore, nil, cost{"GetItem", 1, 0}},
		"race lost to another event": {
			count, func(d *depot) { d.rival("e-2") }, nil,
			cost{"GetItem PutItem GetItem PutItem", 2, 2},
		},
		"race lost to the same event": {
			count, func(d *depot) { d.rival("e-1") }, nil,
			cost{"GetItem PutItem GetItem", 2, 1},
		},
		"refused, and decided again": {adjusting(-1), nil, nil, cost{"GetItem TransactWriteItems PutItem", 1, 5}},
		"crash before the commit, and again": {
			dying(count), nil, errLost, cost{"GetItem GetItem PutItem", 2, 1},
		},
		"crash after the commit, and again": {
			count, func(d *depot) { d.publisher.before = lost }, errLost,
			cost{"GetItem PutItem GetItem", 2, 1},
		},
		"commit that never arrived, and again": {
			count, func(d *depot) { d.ledger.before = lost }, errLost,
			cost{"GetItem PutItem GetItem PutItem", 2, 1},
		},
		"commit whose answer was lost, and again": {
			count, func(d *depot) { d.ledger.after = lost }, errLost,
			cost{"GetItem PutItem GetItem", 2, 1},
		},
		"transaction whose answer was lost, and again": {
			adjusting(1), func(d *depot) { d.ledger.after = lost }, errLost,
			cost{"GetItem TransactWriteItems GetItem", 2, 4},
		},
		// The SDK tries again by itself, and meets what its first try has written.
		"commit whose answer was lost to the SDK": {
			count, func(d *depot) {
				d.ledger.after = func() error { return &types.ConditionalCheckFailedException{} }
			}, nil, cost{"GetItem PutItem GetItem", 2, 1},
		},
	} {
		t.Run(name, func(t *testing.T) { path.check(t) })
	}
}

func TestTheCostOfAnEventThatBeginsARecord(t *testing.T) {
	lost := func() error { return errLost }
	for name, path := range map[string]path{
		"first run":                     {count, nil, nil, cost{"PutItem", 0, 1}},
		"first run, adjusting one item": {adjusting(1), nil, nil, cost{"TransactWriteItems", 0, 4}},
		"duplicate":                     {count, handledBefore, nil, cost{"PutItem", 0, 1}},
		"duplicate, adjusting one item": {adjusting(1), handledBefore, nil, cost{"TransactWriteItems", 0, 4}},
		"another event came first": {
			count, func(d *depot) { d.rival("e-2") }, nil, cost{"PutItem PutItem", 0, 2},
		},
		"refused, and decided again": {adjusting(-1), nil, nil, cost{"TransactWriteItems PutItem", 0, 5}},
		"crash before the commit, and again": {
			dying(count), nil, nil, cost{"GetItem PutItem", 1, 1},
		},
		"crash after the commit, and again": {
			count, func(d *depot) { d.publisher.before = lost }, errLost, cost{"PutItem PutItem", 0, 2},
		},
		"commit whose answer was lost, and again": {
			count, func(d *depot) { d.ledger.after = lost }, errLost, cost{"PutItem PutItem", 0, 2},
		},
		"transaction whose answer was lost, and again": {
			adjusting(1), func(d *depot) { d.ledger.after = lost }, errLost, cost{"TransactWriteItems TransactWriteItems", 0, 8},
		},
		"conflict without the record that stands": {
			count, func(d *depot) {
				d.ledger.before = func() error { return &types.ConditionalCheckFailedException{} }
			}, nil, cost{"PutItem GetItem PutItem", 1, 1},
		},
	} {
		t.Run(name, func(t *testing.T) { path.check(t, beginning) })
	}
}

func TestTheCostOfABatch(t *testing.T) {
	about := func(d *depot, subject, id string) event.Event {
		e := d.received(id)
		e.Subject = subject
		return e
	}
	for name, batch := range map[string]struct {
		decide decide
		events func(d *depot) []event.Event
		want   cost
	}{
		"three events of one saga": {count, func(d *depot) []event.Event {
			return []event.Event{d.received("e-1"), d.received("e-2"), d.received("e-3")}
		}, cost{"GetItem PutItem", 1, 1}},
		"one event twice": {count, func(d *depot) []event.Event {
			return []event.Event{d.received("e-1"), d.received("e-1")}
		}, cost{"GetItem PutItem", 1, 1}},
		"two sagas": {count, func(d *depot) []event.Event {
			return []event.Event{about(d, "delivery-1", "e-1"), about(d, "delivery-2", "e-2"), about(d, "delivery-2", "e-3")}
		}, cost{"BatchGetItem PutItem PutItem", 2, 2}},
		"one item adjusted twice": {adjusting(1), func(d *depot) []event.Event {
			return []event.Event{d.received("e-1"), d.received("e-2")}
		}, cost{"GetItem GetItem TransactWriteItems GetItem TransactWriteItems", 3, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDepot(t, batch.decide)
			var deliveries []event.Delivery
			for _, e := range batch.events(d) {
				deliveries = append(deliveries, event.Delivery{Event: e, Context: t.Context()})
			}
			for _, err := range d.HandleBatch(t.Context(), deliveries) {
				if err != nil {
					t.Error(err)
				}
			}
			assertEqual(t, batch.want, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
		})
	}
}

// dying makes a decision that fails the first time, as if the process stopped.
func dying(decide decide) decide {
	crashed := false
	return func(s state, in participant.Input) (decision, error) {
		if !crashed {
			crashed = true
			return decision{}, errLost
		}
		return decide(s, in)
	}
}

// assertOneEffect checks that each event was counted, adjusted and remembered
// once, and that e-1 is published with one id.
func assertOneEffect(t *testing.T, d *depot) {
	t.Helper()
	s, record, err := d.Load(t.Context(), "delivery-1")
	if err != nil {
		t.Fatal(err)
	}
	handled := make(map[string]bool)
	for _, h := range record.Handled {
		handled[h.ID] = true
	}
	if s.Handled != len(handled) || int(record.Version) != len(handled) || len(record.Handled) != len(handled) || !handled["e-1"] {
		t.Errorf("%d events are counted and %d remembered in %d commits: %v", s.Handled, len(record.Handled), record.Version, handled)
	}
	if stock, adjusted := d.ledger.items["stock#123"]; adjusted && integer(stock["on_hand"]) != len(handled) {
		t.Errorf("%d pieces are on hand after %d events", integer(stock["on_hand"]), len(handled))
	}
	ids := make(map[string]bool)
	for _, e := range d.publisher.Published() {
		ids[e.ID] = true
	}
	if len(ids) != len(handled) {
		t.Errorf("%d events are published because of %d", len(ids), len(handled))
	}
}

func TestTheCostOfAnErasureAndOfALaterEvent(t *testing.T) {
	d := newDepot(t, count)
	if err := d.handleAside("e-1"); err != nil {
		t.Fatal(err)
	}
	tombstone := func(state) (state, []participant.Adjustment, error) { return state{}, nil, nil }
	for _, want := range []cost{{"GetItem PutItem", 1, 1}, {"GetItem", 1, 0}} {
		d.ledger.calls, d.ledger.reads, d.ledger.writes = nil, 0, 0
		if err := d.Erase(t.Context(), "delivery-1", tombstone); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, want, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
	}
	d.ledger.calls, d.ledger.reads, d.ledger.writes = nil, 0, 0
	if err := d.Handle(t.Context(), d.received("e-2")); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, cost{"GetItem", 1, 0}, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
}

func TestTheCostOfAFailure(t *testing.T) {
	for name, failure := range map[string]struct {
		decide decide
		event  func(*event.Event)
		want   cost
	}{
		"of an invalid event":         {count, func(e *event.Event) { e.Data = json.RawMessage(`{}`) }, cost{"", 0, 0}},
		"of an event without subject": {count, func(e *event.Event) { e.Subject = "" }, cost{"", 0, 0}},
		"of an event that is too old": {count, func(e *event.Event) { e.Time = e.Time.Add(-time.Hour - 1) }, cost{"", 0, 0}},
		"of a decision":               {dying(count), func(*event.Event) {}, cost{"GetItem", 1, 0}},
		"of a commit of too much":     {hoarding, func(*event.Event) {}, cost{"GetItem", 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDepot(t, failure.decide)
			e := d.received("e-1")
			failure.event(&e)
			if err := d.Handle(t.Context(), e); err == nil {
				t.Error("it is handled")
			}
			assertEqual(t, failure.want, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
			if len(d.ledger.items) != 0 || len(d.publisher.Published()) != 0 {
				t.Errorf("there are %d items and %d published events", len(d.ledger.items), len(d.publisher.Published()))
			}
		})
	}
}

// hoarding adjusts more items than a transaction can write.
func hoarding(s state, in participant.Input) (decision, error) {
	d, err := count(s, in)
	d.Adjustments = adjustments(100)
	return d, err
}
