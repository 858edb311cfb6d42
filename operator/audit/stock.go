package audit

import (
	"fmt"
	"maps"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/services/warehouse"
)

// pieces counts pieces by the name of their item.
type pieces map[string]int64

func (p pieces) add(stock []contract.Stock) {
	for _, s := range stock {
		p[warehouse.StockItem(s.SKU)] += s.Quantity
	}
}

// checkStock: nothing is negative, received = on hand + reserved + shipped, the shards of a
// hot SKU have what it has lent to them, and at the end nothing is reserved. Received and on
// hand are counted; reserved and shipped is what the records of the orders have. The record
// of a shipped order expires, but not its pieces: the sum is too low for a SKU of which some
// were shipped before that.
func (a *audit) checkStock() error {
	reserved, shipped, err := a.recordedPieces()
	if err != nil {
		return err
	}
	received, onHand := a.countedPieces()
	all := maps.Clone(received)
	maps.Copy(all, reserved)
	maps.Copy(all, shipped)
	for item := range all {
		if received[item] < 0 || onHand[item] < 0 {
			a.violated(4, "", "%s: received %d, and %d are on hand", item, received[item], onHand[item])
		}
		if received[item] != onHand[item]+reserved[item]+shipped[item] {
			a.violated(4, "", "%s: received %d, but there are %d on hand, and %d reserved and %d shipped in the records that have not expired",
				item, received[item], onHand[item], reserved[item], shipped[item])
		}
		if reserved[item] != 0 {
			a.violated(4, "", "%s: %d are still reserved", item, reserved[item])
		}
	}
	return nil
}

// countedPieces adds up the counters of each SKU and of its shards, which it checks.
func (a *audit) countedPieces() (received, onHand pieces) {
	received, onHand = make(pieces), make(pieces)
	counters := a.Tables[contract.SourceWarehouse].Counters
	for item, counted := range counters {
		if sku, isStock := warehouse.SKUOf(item); isStock && item != warehouse.StockItem(sku) {
			if n := min(counted[warehouse.CounterOnHand], counted[warehouse.CounterTaken]); n < 0 {
				a.violated(4, "", "%s: a counter is %d", item, n)
			}
			item = warehouse.StockItem(sku)
		}
		received[item] += counted[warehouse.CounterReceived]
		onHand[item] += counted[warehouse.CounterOnHand]
	}
	for _, group := range warehouse.Unbalanced(counters) {
		a.violated(4, "", "%s", group)
	}
	return received, onHand
}

// recordedPieces adds up what is reserved and shipped by the warehouse's records. The
// pieces of an order that is erased there are as gone as others, as far as the log still
// has its event.
func (a *audit) recordedPieces() (reserved, shipped pieces, err error) {
	reserved, shipped = make(pieces), make(pieces)
	table := a.Tables[contract.SourceWarehouse]
	for id := range table.Records {
		held, err := state[warehouse.State](table, id)
		if err != nil {
			return nil, nil, fmt.Errorf("the state of %s in the warehouse: %w", id, err)
		}
		reserved.add(held.Reserved())
		shipped.add(held.Shipped())
		a.checkShipped(id, held.Shipped())
	}
	for id, s := range a.sagas {
		if record, remembered := table.Records[id]; record.Erased || !remembered {
			data, _ := read[contract.OrderShipped](a, s)
			shipped.add(data.Items)
		}
	}
	return reserved, shipped, nil
}

// checkShipped: what was shipped by the record of an order is what its event has. That an
// accepted order has no such event is reported by checkEnd.
func (a *audit) checkShipped(id string, items []contract.Stock) {
	if len(items) == 0 {
		return
	}
	s, accepted := a.sagas[id]
	if !accepted {
		a.violated(4, id, "%v were shipped, but the order was never accepted", items)
		return
	}
	if data, published := read[contract.OrderShipped](a, s); published && !slices.Equal(items, data.Items) {
		a.violated(4, id, "%v were shipped, but %s has %v", items, data.EventType(), data.Items)
	}
}
