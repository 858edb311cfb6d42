package acceptance_test

import (
	"reflect"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// audit checks, after everything was delivered, what must hold at the end.
func (c *choreography) audit(orders ...contract.OrderPlaced) {
	c.t.Helper()
	c.auditContents()
	shipped, points := make(map[string]int64), make(map[string]int64)
	for _, o := range orders {
		c.auditEvents(o)
		c.auditCompensations(o.OrderID)
		state, _ := c.load(o.OrderID)
		if !state.Ended() {
			c.t.Errorf("%s has not ended: %+v", o.OrderID, state)
		}
		hasShipped := state.Status() == order.StatusShipped
		if hasShipped {
			points[o.CustomerID] += o.Total().Amount / 100
			for _, item := range o.Items {
				shipped[item.SKU] += item.Quantity
			}
		}
		// Opening an entry that stands only reads it.
		entry, err := c.ledger.Open(c.t.Context(), o.OrderID, paymentsandbox.Entry{})
		if err != nil {
			c.t.Fatalf("%v", err)
		}
		if isTaken := entry.Accepted && !entry.Barred; isTaken != hasShipped || (isTaken && entry.Amount != o.Total()) {
			c.t.Errorf("%s is %s, and its payment %+v", o.OrderID, state.Status(), entry)
		}
	}
	for _, o := range orders {
		c.auditCounters(c.loyalty, loyalty.CustomerItem(o.CustomerID), map[string]int64{loyalty.Points: points[o.CustomerID]})
		for _, item := range o.Items {
			stock := c.counters(c.warehouse, warehouse.StockItem(item.SKU))
			received := stock[warehouse.Received]
			c.auditCounters(c.warehouse, warehouse.StockItem(item.SKU), map[string]int64{
				warehouse.Received: received, warehouse.Gone: shipped[item.SKU],
				warehouse.OnHand: received - shipped[item.SKU], warehouse.Reserve: 0,
			})
		}
	}
}

// auditContents checks that an id has one content, however often it is
// published.
func (c *choreography) auditContents() {
	c.t.Helper()
	contents := make(map[string]event.Event)
	for _, e := range c.log {
		if first, seen := contents[e.ID]; seen && !reflect.DeepEqual(first, e) {
			c.t.Errorf("%s %s has two contents:\n%+v\n%+v", e.Type, e.ID, first, e)
		}
		contents[e.ID] = e
	}
}

// auditEvents checks that the events are one saga and one tree of causes, each
// type once, and that the timeline has them all.
func (c *choreography) auditEvents(o contract.OrderPlaced) {
	c.t.Helper()
	known, published := make(map[string]bool), make(map[string]int)
	var ids []string
	for _, e := range c.events(o.OrderID) {
		isRoot := e.Type == contract.OrderPlaced{}.EventType() || e.Type == contract.CancellationRequested{}.EventType()
		if isRoot != (e.CausationID == "") || (!isRoot && !known[e.CausationID]) || e.CorrelationID != "saga of "+o.OrderID {
			c.t.Errorf("%s %s is caused by %q in %q", e.Type, e.ID, e.CausationID, e.CorrelationID)
		}
		if published[e.Type]++; published[e.Type] > 1 {
			c.t.Errorf("%s is published %d times about %s", e.Type, published[e.Type], o.OrderID)
		}
		known[e.ID] = true
		ids = append(ids, e.ID)
	}
	_, record := c.load(o.OrderID)
	var shown []string
	for _, entry := range order.Timeline(record) {
		shown = append(shown, entry.ID)
	}
	slices.Sort(ids)
	slices.Sort(shown)
	if !slices.Equal(ids, shown) {
		c.t.Errorf("published about %s are %v, its timeline shows %v", o.OrderID, ids, shown)
	}
}

// auditCompensations checks that what a cancelled order gave back is what it
// had, and that a shipped one gave nothing back.
func (c *choreography) auditCompensations(orderID string) {
	c.t.Helper()
	var pieces, money, points int64
	for _, e := range c.events(orderID) {
		data, err := c.language.Read(e)
		if err != nil {
			c.t.Fatalf("%v", err)
		}
		switch data := data.(type) {
		case contract.StockReserved:
			pieces += count(data.Items)
		case contract.StockReleased:
			pieces -= count(data.Items)
		case contract.PaymentTaken:
			money += data.Amount.Amount
		case contract.PaymentRefunded:
			money -= data.Amount.Amount
		case contract.PointsAwarded:
			points += data.Points
		case contract.PointsRevoked:
			points -= data.Points
		}
	}
	state, _ := c.load(orderID)
	nothingHeld := pieces == 0 && money == 0 && points == 0
	if isCancelled := state.Status() == order.StatusCancelled; isCancelled != nothingHeld {
		c.t.Errorf("%s is %s, and holds %d pieces, %d of money, %d points", orderID, state.Status(), pieces, money, points)
	}
}

func count(stock []contract.Stock) int64 {
	var count int64
	for _, s := range stock {
		count += s.Quantity
	}
	return count
}

func (c *choreography) counters(store *memory.Store, item string) map[string]int64 {
	c.t.Helper()
	counters, err := store.Counters(c.t.Context(), item)
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	return counters
}

func (c *choreography) auditCounters(store *memory.Store, item string, want map[string]int64) {
	c.t.Helper()
	got := c.counters(store, item)
	for counter, count := range want {
		if got[counter] != count {
			c.t.Errorf("%s of %s is %d, want %d", counter, item, got[counter], count)
		}
	}
}
