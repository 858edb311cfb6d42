package contract

// StockReserved means that every item of the order is reserved. It carries what is needed to
// take the payment.
type StockReserved struct {
	CustomerID    string  `json:"customerId"`
	Items         []Stock `json:"items"`
	Total         Money   `json:"total"`
	PaymentMethod string  `json:"paymentMethod"`
}

// StockUnavailable means that nothing was reserved, because of the missing SKUs.
type StockUnavailable struct {
	Missing []string `json:"missing"`
	Reason  Reason   `json:"reason"`
}

// OrderShipped is the pivot: from here the saga only goes forward.
type OrderShipped struct {
	CustomerID string  `json:"customerId"`
	Items      []Stock `json:"items"`
}

// ShipmentFailed means that the order will not be shipped.
type ShipmentFailed struct {
	Reason Reason `json:"reason"`
}

// StockReleased compensates StockReserved; there may be nothing to release.
type StockReleased struct {
	Items  []Stock `json:"items"`
	Reason Reason  `json:"reason"`
}

// CancellationRefused means that the order is shipped already.
type CancellationRefused struct{}

// StockReceived raises the stock of a SKU. It belongs to no order: its subject is the
// delivery, so that each delivery has a record of its own.
type StockReceived struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// EventType is warehouse.stock-reserved.
func (StockReserved) EventType() string { return "warehouse.stock-reserved" }

// EventType is warehouse.stock-unavailable.
func (StockUnavailable) EventType() string { return "warehouse.stock-unavailable" }

// EventType is warehouse.order-shipped.
func (OrderShipped) EventType() string { return "warehouse.order-shipped" }

// EventType is warehouse.shipment-failed.
func (ShipmentFailed) EventType() string { return "warehouse.shipment-failed" }

// EventType is warehouse.stock-released.
func (StockReleased) EventType() string { return "warehouse.stock-released" }

// EventType is warehouse.cancellation-refused.
func (CancellationRefused) EventType() string { return "warehouse.cancellation-refused" }

// EventType is warehouse.stock-received.
func (StockReceived) EventType() string { return "warehouse.stock-received" }
