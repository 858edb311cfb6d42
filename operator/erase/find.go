package erase

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// Order is an order of the customer, as it was before the erasure.
type Order struct {
	ID    string
	State order.State
	// CorrelationID is that of all events about it.
	CorrelationID string
	// Notified are the ids of the events about it, by their types, that the
	// notification endpoint was sent.
	Notified map[string]string
	// Expired: the order context has no record of it any more, but the customer still
	// has points for it. The State is empty.
	Expired bool
}

// found is what the order context has.
type found struct {
	// orders are those of the customer.
	orders []Order
	// erased are the ids of all erased orders, of every customer.
	erased map[string]bool
}

// find reads every record of the order context, because no other key than its id
// leads to an order. It adds the expired orders for which the customer has points.
func (e *Eraser) find(ctx context.Context, customer string) (found, error) {
	result := found{erased: make(map[string]bool)}
	var unreadable error
	err := e.Scan(ctx, func(record participant.Record) {
		if record.Erased {
			result.erased[record.Subject] = true
			return
		}
		o, err := readOrder(record)
		switch {
		case err != nil:
			unreadable = err
		case o.State.CustomerID == customer:
			result.orders = append(result.orders, o)
		}
	})
	if err = cmp.Or(err, unreadable); err != nil {
		return found{}, fmt.Errorf("find the customer's orders: %w", err)
	}
	expired, err := e.findExpired(ctx, customer, result.orders)
	if err != nil {
		return found{}, fmt.Errorf("find the customer's points: %w", err)
	}
	result.orders = append(result.orders, expired...)
	slices.SortFunc(result.orders, func(a, b Order) int {
		return cmp.Or(a.State.PlacedAt.Compare(b.State.PlacedAt), cmp.Compare(a.ID, b.ID))
	})
	return result, nil
}

// findExpired returns the orders of the customer of which nothing but the award is left.
// An award may also be of an order that was placed meanwhile: the next erasure finds it.
func (e *Eraser) findExpired(ctx context.Context, customer string, known []Order) ([]Order, error) {
	awards, err := e.Awards(ctx, customer)
	if err != nil {
		return nil, err
	}
	var expired []Order
	for _, id := range awards {
		if slices.ContainsFunc(known, func(o Order) bool { return o.ID == id }) {
			continue // Its record was read.
		}
		_, record, err := e.Contexts.Order.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		if record.Version == 0 {
			expired = append(expired, Order{ID: id, Expired: true})
		}
	}
	return expired, nil
}

// readOrder reads an order from its state, and from the events that the record has as
// published and handled.
func readOrder(record participant.Record) (Order, error) {
	o := Order{ID: record.Subject, CorrelationID: record.First().CorrelationID, Notified: make(map[string]string)}
	err := json.Unmarshal(record.State, &o.State)
	if err == nil {
		o.State, err = order.Upgrade(o.State, record)
	}
	if err != nil {
		return o, fmt.Errorf("state of order %s: %w", o.ID, err)
	}
	for _, handled := range record.Handled {
		if handled.Type == (contract.OrderShipped{}).EventType() {
			o.Notified[handled.Type] = handled.ID
		}
		for _, e := range handled.Published {
			if e.Type == (contract.OrderCancelled{}).EventType() {
				o.Notified[e.Type] = e.ID
			}
		}
	}
	return o, nil
}
