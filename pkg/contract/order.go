package contract

// OrderPlaced begins the saga and carries the whole order.
type OrderPlaced struct {
	OrderID         string `json:"orderId"`
	CustomerID      string `json:"customerId"`
	Items           []Item `json:"items"`
	ShippingAddress string `json:"shippingAddress"`
	PaymentMethod   string `json:"paymentMethod"`
}

// CancellationRequested requests that the warehouse, which owns the pivot, does not ship.
type CancellationRequested struct {
	Reason Reason `json:"reason"`
}

// OrderCancelled ends a rollback: nothing is held, taken or awarded any more.
type OrderCancelled struct {
	Reason Reason `json:"reason"`
}

// EventType is order.placed.
func (OrderPlaced) EventType() string { return "order.placed" }

// EventType is order.cancellation-requested.
func (CancellationRequested) EventType() string { return "order.cancellation-requested" }

// EventType is order.cancelled.
func (OrderCancelled) EventType() string { return "order.cancelled" }

// Total is what the order costs, in the currency of its items.
func (o OrderPlaced) Total() Money {
	var total Money
	for _, item := range o.Items {
		total.Amount += item.Quantity * item.Price
		total.Currency = item.Currency
	}
	return total
}
