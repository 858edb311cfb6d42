package warehouse_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

// shop is a warehouse whose functions have different hot SKUs, and handle events while
// others are being handled.
type shop struct {
	t        *rapid.T
	store    *interleaved
	language participant.Language
	// functions handle the same events with different settings.
	functions []*participant.Participant[warehouse.State]
	orders    int
	reserved  map[string]int64
	// attempts are the events that are being handled, innermost last.
	attempts []*attempt
}

// attempt is the handling of an order.
type attempt struct {
	// least is the smallest number of pieces on hand since it began.
	least int64
}

// interleaved is a store before whose calls other events are handled.
type interleaved struct {
	*memory.Store

	shop *shop
}

func (s *interleaved) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	s.shop.meanwhile(ctx)
	defer s.shop.count()
	return s.Store.Commit(ctx, record, adjustments)
}

func (s *interleaved) Move(ctx context.Context, adjustments []participant.Adjustment) error {
	s.shop.meanwhile(ctx)
	before := s.shop.onHand()
	defer func() {
		if after := s.shop.onHand(); after != before {
			s.shop.t.Fatalf("a move leaves %d of %d pieces", after, before)
		}
	}()
	return s.Store.Move(ctx, adjustments)
}

// CountersOf reads each item at another moment.
func (s *interleaved) CountersOf(ctx context.Context, items ...string) (participant.Counters, error) {
	all := make(participant.Counters)
	for i, item := range items {
		if i%16 == 0 {
			s.shop.meanwhile(ctx)
		}
		one, err := s.Store.CountersOf(ctx, item)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, one)
	}
	return all, nil
}

// onHand returns how many pieces are on hand in all items.
func (s *shop) onHand() int64 {
	var sum int64
	for item, counted := range s.store.AllCounters() {
		if _, isStock := warehouse.SKUOf(item); !isStock {
			s.t.Fatalf("%s has no SKU", item)
		}
		sum += counted[warehouse.CounterOnHand]
	}
	return sum
}

func (s *shop) count() {
	n := s.onHand()
	for _, a := range s.attempts {
		a.least = min(a.least, n)
	}
}

// meanwhile handles another event now and then.
func (s *shop) meanwhile(ctx context.Context) {
	if len(s.attempts) < 4 && rapid.IntRange(0, 3).Draw(s.t, "meanwhile") == 0 {
		s.act(ctx)
	}
}

func (s *shop) act(ctx context.Context) {
	held := slices.Sorted(maps.Keys(s.reserved))
	switch {
	case rapid.IntRange(0, 9).Draw(s.t, "act") == 0:
		s.orders++
		s.handle(ctx, fmt.Sprintf("d-%d", s.orders), contract.StockReceived{SKU: "123", Quantity: rapid.Int64Range(1, 200).Draw(s.t, "received")})
	case len(held) > 0 && rapid.IntRange(0, 2).Draw(s.t, "release") == 0:
		s.handle(ctx, rapid.SampledFrom(held).Draw(s.t, "held"), contract.PaymentDeclined{Reason: contract.PaymentWasDeclined})
	default:
		s.orders++
		s.place(ctx, fmt.Sprintf("o-%d", s.orders), rapid.SampledFrom([]int64{1, 1, 1, 2, 5, 70}).Draw(s.t, "quantity"))
	}
}

// place places an order, and fails the test if it is refused although there were enough
// pieces all the time.
func (s *shop) place(ctx context.Context, order string, quantity int64) {
	a := &attempt{least: s.onHand()}
	s.attempts = append(s.attempts, a)
	s.handle(ctx, order, contract.OrderPlaced{
		OrderID: order, CustomerID: "c-42", ShippingAddress: "23 Fake Street", PaymentMethod: "card",
		Items: []contract.Item{{SKU: "123", Quantity: quantity, Price: 1, Currency: "EUR"}},
	})
	s.attempts = s.attempts[:len(s.attempts)-1]
	state, _, err := s.functions[0].Load(ctx, order)
	if err != nil {
		s.t.Fatal(err)
	}
	if state.Status == warehouse.Unavailable && a.least >= quantity {
		s.t.Fatalf("%s is refused %d pieces, but there were always %d", order, quantity, a.least)
	}
}

// handle delivers an event until it is handled.
func (s *shop) handle(ctx context.Context, subject string, data event.Data) {
	e, err := event.Caused(event.Cause{Event: event.Event{
		ID: subject + data.EventType(), Source: "order", Subject: subject, CorrelationID: subject,
	}, IsCommand: true}, contract.SourceWarehouse, data, 0, now)
	if err != nil {
		s.t.Fatal(err)
	}
	e.Source, _, _ = strings.Cut(e.Type, ".")
	if e, err = s.language.Seal(e); err != nil {
		s.t.Fatal(err)
	}
	for range 100 {
		function := rapid.SampledFrom(s.functions).Draw(s.t, "function")
		if err = function.Handle(ctx, e); err == nil {
			break
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	state, _, err := s.functions[0].Load(ctx, subject)
	if err != nil {
		s.t.Fatal(err)
	}
	delete(s.reserved, subject)
	for _, stock := range state.Reserved() {
		s.reserved[subject] = stock.Quantity
	}
}

// A SKU with one group of shards, and what an order for it finds.
var (
	oneGroup = warehouse.HotSKUs{"123": 1}
	two      = contract.OrderPlaced{OrderID: "o-1", CustomerID: "c-42", Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1, Currency: "EUR"}}}
)

// home is the shard of order o-1, and next the one after it.
const home, next = "shard_40#123", "shard_41#123"

// shards returns the counters of all shards of the first group. Those that are not given
// are empty.
func shards(given participant.Counters) participant.Counters {
	all := make(participant.Counters)
	for n := range 64 {
		all[fmt.Sprintf("shard_%d#123", n)] = nil
	}
	maps.Copy(all, given)
	return all
}

func names(adjustments []participant.Adjustment) map[string]map[string]int64 {
	all := make(map[string]map[string]int64)
	for _, a := range adjustments {
		all[a.Item] = a.Add
	}
	return all
}

func TestAnOrderOfAHotSKUSearchesItsPieces(t *testing.T) {
	const main = "stock#123"
	onHand := func(n int64) map[string]int64 { return map[string]int64{"on_hand": n} }
	refused := []string{home}
	takes := func(item string) map[string]map[string]int64 {
		return map[string]map[string]int64{item: {"on_hand": -2, "taken": 2}}
	}
	everyShard := func(each int64, and participant.Counters) map[string]map[string]int64 {
		all := make(map[string]map[string]int64)
		for item := range shards(nil) {
			all[item] = onHand(each)
		}
		maps.Copy(all, and)
		return all
	}
	for name, c := range map[string]struct {
		hot       warehouse.HotSKUs
		refused   []string
		known     participant.Counters
		takes     map[string]map[string]int64
		reads     int
		moves     map[string]map[string]int64
		isRefused bool
	}{
		"first in its shard":                        {oneGroup, nil, nil, takes(home), 0, nil, false},
		"then it reads the SKU":                     {oneGroup, refused, nil, nil, 1, nil, false},
		"and the shards to which something is lent": {oneGroup, refused, participant.Counters{home: nil, main: {"on_hand": 9, "lent_0": 2}}, nil, 64, nil, false},
		"the next shard has enough":                 {oneGroup, refused, withSKU(shards(participant.Counters{next: onHand(2)}), map[string]int64{"on_hand": 9, "lent_0": 2}), takes(next), 0, nil, false},
		"the SKU lends to every shard its share":    {oneGroup, refused, withSKU(shards(nil), onHand(640)), nil, 0, everyShard(10, participant.Counters{main: {"on_hand": -640, "lent_0": 640}}), false},
		"nothing is lent, so no shard is read":      {oneGroup, refused, participant.Counters{home: nil, main: onHand(130)}, nil, 0, everyShard(2, participant.Counters{main: {"on_hand": -128, "lent_0": 128}}), false},
		"the SKU has too little to lend":            {oneGroup, refused, withSKU(shards(nil), onHand(127)), map[string]map[string]int64{main: onHand(-2)}, 0, nil, false},
		"the SKU has too little, a shard enough":    {oneGroup, refused, withSKU(shards(participant.Counters{next: onHand(2)}), map[string]int64{"lent_0": 2}), takes(next), 0, nil, false},
		"pieces of two shards are given back":       {oneGroup, refused, withSKU(shards(participant.Counters{home: {"on_hand": 1, "taken": 3}, next: onHand(1)}), map[string]int64{"lent_0": 5}), nil, 0, map[string]map[string]int64{home: {"on_hand": -1, "taken": -3}, next: {"on_hand": -1, "taken": 0}, main: {"on_hand": 2, "lent_0": -5}}, false},
		"a group was emptied since it was read":     {oneGroup, refused, withSKU(shards(nil), map[string]int64{"lent_0": 5}), nil, 65, nil, false},
		"another group may have some":               {oneGroup, refused, withSKU(shards(nil), map[string]int64{"lent_9": 5}), nil, 64, nil, false},
		"nothing is lent and there is too little":   {oneGroup, refused, withSKU(shards(nil), onHand(1)), nil, 0, nil, true},
		"an ordinary SKU has enough again":          {nil, []string{main}, participant.Counters{main: onHand(2)}, map[string]map[string]int64{main: onHand(-2)}, 0, nil, false},
		"an ordinary SKU has too little":            {nil, []string{main}, participant.Counters{main: onHand(1)}, nil, 0, nil, true},
		"one that was hot has lent some":            {nil, []string{main}, participant.Counters{main: {"on_hand": 1, "lent_0": 5}}, nil, 64, nil, false},
		"and gets it back, also if there is enough": {
			nil,
			[]string{main},
			withSKU(shards(participant.Counters{next: onHand(5)}), map[string]int64{"lent_0": 5}), nil, 0,
			map[string]map[string]int64{next: {"on_hand": -5, "taken": 0}, main: {"on_hand": 5, "lent_0": -5}},
			false,
		},
	} {
		in := input(two)
		in.Refused, in.Counters = c.refused, c.known
		got, err := c.hot.Decide(unknown.State, in, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.takes, names(got.Adjustments), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: it takes (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.moves, names(got.Moves), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: it moves (-want +got):\n%s", name, diff)
		}
		if len(got.Reads) != c.reads || (got.State.Status == warehouse.Unavailable) != c.isRefused {
			t.Errorf("%s: it reads %v and is %s", name, got.Reads, got.State.Status)
		}
	}
}

func withSKU(counters participant.Counters, counted map[string]int64) participant.Counters {
	counters["stock#123"] = counted
	return counters
}

func TestAReleasedPieceOfAHotSKUIsInTheShardOfTheOrderOrElseInTheSKU(t *testing.T) {
	for _, c := range []struct {
		refused []string
		want    map[string]map[string]int64
	}{
		{nil, map[string]map[string]int64{home: {"on_hand": 2, "taken": -2}, "stock#abc": {"on_hand": 1}}},
		{[]string{home}, map[string]map[string]int64{"stock#123": {"on_hand": 2}, "stock#abc": {"on_hand": 1}}},
	} {
		in := input(declined)
		in.Refused = c.refused
		got, err := oneGroup.Decide(reserved.State, in, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, names(got.Adjustments)); diff != "" {
			t.Errorf("refused %v (-want +got):\n%s", c.refused, diff)
		}
	}
}

func TestTheOrdersOfAHotSKUAreSpreadOverItsShards(t *testing.T) {
	const orders = 40_000
	taken := make(map[string]int)
	for n := range orders {
		in := input(two)
		in.Event.Subject = fmt.Sprintf("o-%d", n)
		got, err := warehouse.HotSKUs{"123": 64}.Decide(unknown.State, in, true)
		if err != nil {
			t.Fatal(err)
		}
		taken[got.Adjustments[0].Item]++
	}
	if most := slices.Max(slices.Collect(maps.Values(taken))); len(taken) != 4096 || most > 30 {
		t.Errorf("%d shards, one of which has %d of %d orders", len(taken), most, orders)
	}
}

func TestHotSKUsAreReadFromAText(t *testing.T) {
	got, err := warehouse.ParseHotSKUs(" 123=64  a-b.c=1 ")
	if diff := cmp.Diff(warehouse.HotSKUs{"123": 64, "a-b.c": 1}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"123", "123=0", "123=65", "=1", "123=many", "123=99999999999999999999"} {
		if _, err := warehouse.ParseHotSKUs(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error is %v", text, err)
		}
	}
}

func TestTheSKUOfAnItemWithStockIsKnown(t *testing.T) {
	for item, want := range map[string]string{"stock#123": "123", "stock#a#b": "a#b", "shard_64#123": "123", "points#c-42": ""} {
		if sku, isStock := warehouse.SKUOf(item); isStock != (want != "") || (isStock && sku != want) {
			t.Errorf("%s has the SKU %q, %t", item, sku, isStock)
		}
	}
}

func TestAGroupOfShardsIsUnbalancedUnlessItHasWhatItsSKUHasLent(t *testing.T) {
	got := warehouse.Unbalanced(participant.Counters{
		"stock#123":    {"on_hand": 9, "lent_0": 5, "lent_1": 3, "lent_2": 1},
		"shard_0#123":  {"on_hand": 1, "taken": 2},
		"shard_63#123": {"on_hand": 2},
		"shard_64#123": {"on_hand": 2, "taken": 2},
		"shard_0#a":    {"on_hand": 1}, "shard_0#b": {"on_hand": 1}, "shard_0#c": {"on_hand": 1}, "shard_0#d": {"on_hand": 1},
		"points#123": {"lent_0": 7},
	})
	want := []string{
		"group 0 of SKU a has 1 more than it was lent", "group 0 of SKU b has 1 more than it was lent",
		"group 0 of SKU c has 1 more than it was lent", "group 0 of SKU d has 1 more than it was lent",
		"group 1 of SKU 123 has 1 more than it was lent", "group 2 of SKU 123 has -1 more than it was lent",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unbalanced (-want +got):\n%s", diff)
	}
}

func newShop(t *rapid.T, language participant.Language) *shop {
	s := &shop{t: t, language: language, reserved: make(map[string]int64)}
	s.store = &interleaved{memory.NewStore(), s}
	for _, hot := range []warehouse.HotSKUs{nil, {"123": 1}, {"123": 2}, {"123": 2}} {
		config := hot.Context(sandbox.Carrier{})
		config.Store, config.Publisher, config.Language, config.Retention = s.store, new(memory.Publisher), language, time.Hour
		config.Clock = func() time.Time { return now }
		config.Pause = func(context.Context, int) error { return nil }
		function, err := participant.New(config)
		if err != nil {
			t.Fatal(err)
		}
		s.functions = append(s.functions, function)
	}
	return s
}

func TestAHotSKUIsNeverOversoldAndNeverRefusedWhileThereIsEnough(t *testing.T) {
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, ctx := newShop(t, language), t.Context()
		s.handle(ctx, "d-0", contract.StockReceived{SKU: "123", Quantity: rapid.Int64Range(1, 400).Draw(t, "received")})
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			s.act(ctx)
		}
		counters := s.store.AllCounters()
		var received, reserved int64
		for _, counted := range counters {
			received += counted[warehouse.CounterReceived]
		}
		for _, n := range s.reserved {
			reserved += n
		}
		if onHand := s.onHand(); received != onHand+reserved {
			t.Fatalf("received %d, on hand %d, reserved %d", received, onHand, reserved)
		}
		if diff := cmp.Diff([]string(nil), warehouse.Unbalanced(counters)); diff != "" {
			t.Fatalf("groups of shards (-want +got):\n%s", diff)
		}
	})
}
