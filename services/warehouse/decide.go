package warehouse

import (
	"cmp"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Decide is HotSKUs.Decide without a hot SKU.
func Decide(s State, in participant.Input, deliverable bool) (Decision, error) {
	return HotSKUs(nil).Decide(s, in, deliverable)
}

// Decide is the decision of the warehouse: a pure function of the hot SKUs, the state, the
// event, and whether the carrier delivers to the order's address.
func (hot HotSKUs) Decide(s State, in participant.Input, deliverable bool) (Decision, error) {
	switch data := in.Data.(type) {
	case contract.OrderPlaced:
		return hot.reserve(s, data, in), nil
	case contract.PointsAwarded:
		return ship(s, in.Event, deliverable)
	case contract.CancellationRequested:
		return cancel(s, data.Reason), nil
	case contract.PaymentDeclined:
		return hot.release(s, in, data.Reason)
	case contract.PaymentRefunded:
		return hot.release(s, in, data.Reason)
	case contract.StockReceived:
		return receive(s, data), nil
	}
	return Decision{}, fmt.Errorf("%w: the warehouse does not consume %s", event.ErrInvalid, in.Event.Type)
}

// reserve reserves all items or none. It assumes that there is enough stock, until the
// commit is refused.
func (hot HotSKUs) reserve(s State, order contract.OrderPlaced, in participant.Input) Decision {
	switch s.Status {
	case Unknown:
	case Reserved, Unavailable, Shipped, Failing, Released, Erased:
		return Decision{State: s}
	}
	items := pieces(order.Items)
	taken, missing := hot.take(items, in)
	switch {
	case len(missing) > 0:
		s.Status, s.CustomerID = Unavailable, order.CustomerID
		return Decision{State: s, Events: []event.Data{
			contract.StockUnavailable{Missing: missing, Reason: contract.OutOfStock},
		}}
	case len(taken.Reads)+len(taken.Moves) > 0:
		return taken
	}
	s.Status, s.CustomerID = Reserved, order.CustomerID
	s.Items = items
	s.ShippingAddress = order.ShippingAddress
	return Decision{
		State: s,
		Events: []event.Data{contract.StockReserved{
			CustomerID:    order.CustomerID,
			Items:         s.Items,
			Total:         order.Total(),
			PaymentMethod: order.PaymentMethod,
		}},
		Adjustments: taken.Adjustments,
	}
}

// take takes the pieces from those on hand, or returns the SKUs of which there are not
// enough.
func (hot HotSKUs) take(stock []contract.Stock, in participant.Input) (taken Decision, missing []string) {
	for _, item := range stock {
		shelf := hot.shelf(item.SKU, in)
		switch from := shelf.find(item.Quantity); {
		case from.item != "":
			taken.Adjustments = append(taken.Adjustments, shelf.take(from.item, item.Quantity))
		case len(from.reads) > 0:
			taken.Reads = append(taken.Reads, from.reads...)
		case len(from.moves) > 0:
			taken.Moves = from.moves // Those of another SKU follow: a transaction is limited.
		default:
			missing = append(missing, item.SKU)
		}
	}
	return taken, missing
}

// ship is the pivot. It adjusts nothing: the pieces are not on hand since they were
// reserved.
func ship(s State, e event.Event, deliverable bool) (Decision, error) {
	switch s.Status {
	case Unknown:
		return Decision{}, neverPlaced(e)
	case Reserved:
	case Unavailable, Shipped, Failing, Released, Erased:
		return Decision{State: s}, nil
	}
	if !deliverable {
		return fail(s, contract.Undeliverable), nil
	}
	s.Status = Shipped
	return Decision{
		State: s,
		Events: []event.Data{contract.OrderShipped{
			CustomerID: s.CustomerID,
			Items:      s.Items,
		}},
	}, nil
}

// cancel decides on a request, which may arrive before the order itself. Then the
// order is cancelled first, and nothing is reserved when it arrives.
func cancel(s State, reason contract.Reason) Decision {
	switch s.Status {
	case Unknown, Reserved:
		return fail(s, reason)
	case Shipped:
		return Decision{State: s, Events: []event.Data{contract.CancellationRefused{}}}
	case Unavailable, Failing, Released, Erased:
	}
	return Decision{State: s}
}

// fail starts the rollback. The items stay reserved until the payment is refunded.
func fail(s State, reason contract.Reason) Decision {
	s.Status = Failing
	s.Reason = reason
	return Decision{State: s, Events: []event.Data{contract.ShipmentFailed{Reason: reason}}}
}

// release releases the reserved items, of which there may be none. The reason is that
// of a failure here, if there was one: a payment may be declined because its refund
// came first. Neither event can arrive before the order, because the payment context
// reacts to an event of the warehouse about the order.
func (hot HotSKUs) release(s State, in participant.Input, reason contract.Reason) (Decision, error) {
	switch s.Status {
	case Unknown:
		return Decision{}, neverPlaced(in.Event)
	case Reserved, Failing:
	case Unavailable, Released, Erased:
		return Decision{State: s}, nil
	case Shipped:
		return Decision{}, fmt.Errorf("%w: %s for an order that is shipped", event.ErrInvalid, in.Event.Type)
	}
	held, reason := s.Items, cmp.Or(s.Reason, reason)
	s.Status, s.Items, s.Reason = Released, nil, ""
	var released []participant.Adjustment
	for _, item := range held {
		released = append(released, hot.shelf(item.SKU, in).release(item.Quantity))
	}
	return Decision{
		State:       s,
		Events:      []event.Data{contract.StockReleased{Items: append([]contract.Stock{}, held...), Reason: reason}},
		Adjustments: released,
	}, nil
}

// neverPlaced returns the error of an event that cannot exist without an order that
// was handled here.
func neverPlaced(e event.Event) error {
	return fmt.Errorf("%w: %s for an order that was never placed here", event.ErrInvalid, e.Type)
}

// receive adds a stock receipt, whose subject is the delivery. A receipt with the id of
// an erased order is ignored, as every event with that id is.
func receive(s State, data contract.StockReceived) Decision {
	if s.Status == Erased {
		return Decision{State: s}
	}
	return Decision{State: s, Adjustments: []participant.Adjustment{{
		Item: StockItem(data.SKU),
		Add:  map[string]int64{CounterReceived: data.Quantity, CounterOnHand: data.Quantity},
	}}}
}

// pieces adds up the lines of an order by SKU, in the order of their first line,
// because a transaction can write each item only once.
func pieces(lines []contract.Item) []contract.Stock {
	var stock []contract.Stock
	index := make(map[string]int)
	for _, line := range lines {
		i, known := index[line.SKU]
		if !known {
			i = len(stock)
			index[line.SKU] = i
			stock = append(stock, contract.Stock{SKU: line.SKU})
		}
		stock[i].Quantity += line.Quantity
	}
	return stock
}
