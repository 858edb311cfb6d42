package warehouse

import (
	"context"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Status is the status of an order in the warehouse.
type Status string

// The statuses. Failing: the order will not be shipped, but its items stay reserved
// until the payment is refunded. Erased: the order was erased, and nothing else is
// left of it.
const (
	Unknown     Status = ""
	Reserved    Status = "reserved"
	Unavailable Status = "unavailable"
	Shipped     Status = "shipped"
	Failing     Status = "failing"
	Released    Status = "released"
	Erased      Status = "erased"
)

// State is the state of an order in the warehouse.
type State struct {
	Status          Status           `json:"status"`
	CustomerID      string           `json:"customerId,omitempty"`
	Items           []contract.Stock `json:"items,omitempty"`
	ShippingAddress string           `json:"shippingAddress,omitempty"`
	// Reason is why a failing order will not be shipped.
	Reason contract.Reason `json:"reason,omitempty"`
}

// Reserved returns the pieces that the order holds, and that are not on hand while it
// may still be shipped or released.
func (s State) Reserved() []contract.Stock {
	if s.Status == Reserved || s.Status == Failing {
		return s.Items
	}
	return nil
}

// Shipped returns the pieces that were shipped with the order.
func (s State) Shipped() []contract.Stock {
	if s.Status == Shipped {
		return s.Items
	}
	return nil
}

// Decision is the result of an event.
type Decision = participant.Decision[State]

// Counters of the stock of a SKU: the pieces that were received, and those that no order
// has. Reserved and shipped pieces are in the orders' records, and not counted. Pieces on
// hand of a hot SKU are in its shards, too.
const (
	CounterReceived = "received"
	CounterOnHand   = "on_hand"
)

// StockItem returns the name of the item with the counters of a SKU.
func StockItem(sku string) string { return stockPrefix + sku }

const stockPrefix = "stock#"

// Carrier is a delivery service.
type Carrier interface {
	// Delivers reports whether the carrier delivers to this address. It is called
	// before the pivot, so it must not start the delivery.
	Delivers(ctx context.Context, address string) (bool, error)
}

// Context returns the configuration of the warehouse, without what it runs on. A record is
// that of an order, or of a stock receipt.
func (hot HotSKUs) Context(carrier Carrier) participant.Config[State] {
	return participant.Config[State]{
		Source: contract.SourceWarehouse, Decide: hot.Decider(carrier),
		Begins: []event.Data{contract.OrderPlaced{}, contract.StockReceived{}},
	}
}

// Context is HotSKUs.Context without a hot SKU.
func Context(carrier Carrier) participant.Config[State] { return HotSKUs(nil).Context(carrier) }

// Decider is HotSKUs.Decider without a hot SKU.
func Decider(carrier Carrier) participant.Decide[State] { return HotSKUs(nil).Decider(carrier) }

// Decider returns the decision of the warehouse with a carrier, which is called before
// an order is shipped.
func (hot HotSKUs) Decider(carrier Carrier) participant.Decide[State] {
	return func(ctx context.Context, s State, in participant.Input) (Decision, error) {
		deliverable := true
		if _, awarded := in.Data.(contract.PointsAwarded); awarded && s.Status == Reserved {
			var err error
			if deliverable, err = carrier.Delivers(ctx, s.ShippingAddress); err != nil {
				return Decision{}, fmt.Errorf("call the carrier: %w", err)
			}
		}
		return hot.Decide(s, in, deliverable)
	}
}
