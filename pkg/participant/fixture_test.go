package participant_test

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

const (
	retention = 14 * 24 * time.Hour
	stock     = "stock#123"
)

// newLanguage compiles the schemas once for all tests.
var newLanguage = sync.OnceValues(contract.NewLanguage)

// state is that of a warehouse which ships an order as soon as it is placed.
type state struct {
	Shipments int
	Refused   []string
}

type decision = participant.Decision[state]

// ship takes one piece for every order that is placed, and publishes two events; or
// one event, if there is no stock.
func ship(s state, in participant.Input) (decision, error) {
	if len(in.Refused) > 0 {
		s.Refused = in.Refused
		return decision{State: s, Events: []event.Data{
			contract.StockUnavailable{Missing: []string{"123"}, Reason: contract.OutOfStock},
		}}, nil
	}
	s.Shipments++
	items := []contract.Stock{{SKU: "123", Quantity: 1}}
	return decision{
		State: s,
		Events: []event.Data{
			contract.StockReserved{CustomerID: "c-42", Items: items, Total: contract.Money{Amount: 1, Currency: "EUR"}, PaymentMethod: "card"},
			contract.OrderShipped{CustomerID: "c-42", Items: items},
		},
		Adjustments: []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": -1, "shipped": 1}}},
	}, nil
}

// tester is a *testing.T, a *testing.B or a *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

// warehouse is a participant with a store and a publisher that can be made to fail,
// and with a clock that only wait moves.
type warehouse struct {
	*participant.Participant[state]

	config    participant.Config[state]
	language  *language.Language
	store     *breakable
	publisher *unreliable
	pauses    []int

	mu  sync.Mutex
	now time.Time
}

func newWarehouse(
	tb tester, decide func(state, participant.Input) (decision, error), adapt ...func(*participant.Config[state]),
) *warehouse {
	tb.Helper()
	language, err := newLanguage()
	if err != nil {
		tb.Fatal(err)
	}
	w := &warehouse{
		language:  language,
		store:     &breakable{Store: memory.NewStore()},
		publisher: &unreliable{},
		now:       time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	w.config = participant.Config[state]{
		Source:    contract.SourceWarehouse,
		Decide:    participant.Pure(decide),
		Store:     w.store,
		Publisher: w.publisher,
		Language:  language,
		Clock:     w.clock,
		Retention: retention,
		Pause: func(_ context.Context, n int) error {
			runtime.Gosched()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pauses = append(w.pauses, n)
			return nil
		},
	}
	for _, change := range adapt {
		change(&w.config)
	}
	if w.Participant, err = participant.New(w.config); err != nil {
		tb.Fatal(err)
	}
	err = w.store.Store.Commit(tb.Context(), participant.Record{Subject: "delivery-1", State: []byte("{}")},
		[]participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": 100}}})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// rival is another process of the same context, whose store does not break.
func (w *warehouse) rival(tb tester) *participant.Participant[state] {
	tb.Helper()
	config := w.config
	config.Store = w.store.Store
	rival, err := participant.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return rival
}

func (w *warehouse) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *warehouse) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// placed makes an order.placed event of now about order o-1.
func (w *warehouse) placed(tb tester, id string) event.Event {
	tb.Helper()
	data, err := json.Marshal(contract.OrderPlaced{
		OrderID: "o-1", CustomerID: "c-42",
		Items:           []contract.Item{{SKU: "123", Quantity: 1, Price: 1, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street", PaymentMethod: "card",
	})
	if err != nil {
		tb.Fatal(err)
	}
	e, err := w.language.Seal(event.Event{
		ID: id, Source: contract.SourceOrder, Type: contract.OrderPlaced{}.EventType(),
		Subject: "o-1", Time: w.clock(), CorrelationID: "c-1", Data: data,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func (w *warehouse) mustHandle(tb tester, e event.Event) {
	tb.Helper()
	if err := w.Handle(tb.Context(), e); err != nil {
		tb.Fatal(err)
	}
}

// assertShipments checks the number of shipments, both in the state and in the stock.
func (w *warehouse) assertShipments(tb tester, want int) {
	tb.Helper()
	s, record, err := w.Load(tb.Context(), "o-1")
	if err != nil {
		tb.Fatal(err)
	}
	if s.Shipments != want || len(record.Handled) != want || record.Version != int64(want) {
		tb.Errorf("%d shipments, %d events handled in %d commits; %d are expected", s.Shipments, len(record.Handled), record.Version, want)
	}
	counters, err := w.store.Counters(tb.Context(), stock)
	if err != nil {
		tb.Fatal(err)
	}
	if got := counters["shipped"]; got != int64(want) || counters["on_hand"] != 100-got {
		tb.Errorf("the stock is %v, %d shipments are expected", counters, want)
	}
}

// encoded returns the JSON of the events.
func encoded(tb tester, events []event.Event) []string {
	tb.Helper()
	var all []string
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// assertOneContentPerID checks that no id was published with two contents, and
// returns the ids.
func assertOneContentPerID(tb tester, published []event.Event) []string {
	tb.Helper()
	contents := make(map[string]string)
	var ids []string
	for i, text := range encoded(tb, published) {
		id := published[i].ID
		first, known := contents[id]
		if !known {
			contents[id] = text
			ids = append(ids, id)
		} else if diff := cmp.Diff(first, text); diff != "" {
			tb.Errorf("%s was published with two contents:\n%s", id, diff)
		}
	}
	slices.Sort(ids)
	return ids
}
