package warehouse

import (
	"context"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
)

// Status is how far the warehouse is with an order.
type Status string

// The statuses. Failing means that the order will not be shipped, but what is
// reserved for it is still held until the payment is refunded. Erased is all that
// is left of an order that was erased.
const (
	Unknown     Status = ""
	Reserved    Status = "reserved"
	Unavailable Status = "unavailable"
	Shipped     Status = "shipped"
	Failing     Status = "failing"
	Released    Status = "released"
	Erased      Status = "erased"
)

// State is what the warehouse knows about an order.
type State struct {
	Status          Status           `json:"status"`
	CustomerID      string           `json:"customerId,omitempty"`
	Items           []contract.Stock `json:"items,omitempty"`
	ShippingAddress string           `json:"shippingAddress,omitempty"`
	// Reason is why a failing order will not be shipped.
	Reason contract.Reason `json:"reason,omitempty"`
}

// Decision is what the warehouse decides because of an event.
type Decision = participant.Decision[State]

// Counters of the stock of a SKU. Received = on hand + reserved + shipped.
const (
	Received = "received"
	OnHand   = "on_hand"
	Reserve  = "reserved"
	Gone     = "shipped"
)

// StockItem is the name of the item that counts the stock of a SKU.
func StockItem(sku string) string { return stockPrefix + sku }

const stockPrefix = "stock#"

// Carrier takes parcels.
type Carrier interface {
	// Delivers tells whether the carrier would take a parcel to this address.
	// It is asked before the pivot, so it must not begin the delivery.
	Delivers(ctx context.Context, address string) (bool, error)
}

// Decider makes the decision of the warehouse with a carrier that is asked
// before an order is shipped.
func Decider(carrier Carrier) participant.Decide[State] {
	return func(ctx context.Context, s State, in participant.Input) (Decision, error) {
		deliverable := true
		if _, awarded := in.Data.(contract.PointsAwarded); awarded && s.Status == Reserved {
			var err error
			if deliverable, err = carrier.Delivers(ctx, s.ShippingAddress); err != nil {
				return Decision{}, fmt.Errorf("ask the carrier: %w", err)
			}
		}
		return Decide(s, in, deliverable)
	}
}
