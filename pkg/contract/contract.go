// Package contract is the published language of the saga: every event that
// crosses a boundary, its data and its JSON Schema. Each file holds the events
// that one bounded context publishes.
package contract

import (
	"slices"

	"example.com/saga/pkg/event"
)

// The bounded contexts, as they appear in an event's source.
const (
	SourceOrder     = "order"
	SourceWarehouse = "warehouse"
	SourcePayment   = "payment"
	SourceLoyalty   = "loyalty"
)

// Reason says why an order does not end with its shipment.
type Reason string

// The reasons.
const (
	OutOfStock          Reason = "out-of-stock"
	PaymentWasDeclined  Reason = "payment-declined"
	AwardWasRejected    Reason = "award-rejected"
	Undeliverable       Reason = "undeliverable"
	CancelledByCustomer Reason = "cancelled-by-customer"
	TimedOut            Reason = "timed-out"
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{OutOfStock, PaymentWasDeclined, AwardWasRejected, Undeliverable, CancelledByCustomer, TimedOut}
}

// Money is an amount in minor units (cents) of an ISO 4217 currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Item is one line of an order. Price is that of one piece, in minor units.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
	Currency string `json:"currency"`
}

// Stock is a number of pieces of one SKU.
type Stock struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// definition says who publishes an event, in which version of its schema, and
// how the versions that are read are decoded: that one, and others beside it.
type definition struct {
	source  string
	version string
	example event.Data
	decode  map[string]decode
}

// catalogue lists every event of the language, one line each. A change that
// breaks a consumer is a new version, with a schema file of its own, and is
// published only when all consumers read it: see reads.
func catalogue() []definition {
	return []definition{
		define[OrderPlaced](SourceOrder, "1"),
		define[CancellationRequested](SourceOrder, "1"),
		define[OrderCancelled](SourceOrder, "1"),

		define[StockReserved](SourceWarehouse, "1"),
		define[StockUnavailable](SourceWarehouse, "1"),
		define[OrderShipped](SourceWarehouse, "1"),
		define[ShipmentFailed](SourceWarehouse, "1"),
		define[StockReleased](SourceWarehouse, "1"),
		define[CancellationRefused](SourceWarehouse, "1"),
		define[StockReceived](SourceWarehouse, "1"),

		define[PaymentTaken](SourcePayment, "1"),
		define[PaymentDeclined](SourcePayment, "1"),
		define[PaymentRefunded](SourcePayment, "1"),

		define[PointsAwarded](SourceLoyalty, "1"),
		define[AwardRejected](SourceLoyalty, "1"),
		define[PointsRevoked](SourceLoyalty, "1"),
	}
}

// All gives an empty value of every event's data.
func All() []event.Data {
	var all []event.Data
	for _, d := range catalogue() {
		all = append(all, d.example)
	}
	return all
}

// Types gives the event types of the given data, sorted.
func Types(data ...event.Data) []string {
	types := make([]string, len(data))
	for i, d := range data {
		types[i] = d.EventType()
	}
	slices.Sort(types)
	return types
}

// BySource groups the event types of the given data by the context that
// publishes them, each group sorted: what a consumer's rules are made of.
func BySource(data ...event.Data) map[string][]string {
	sources := make(map[string]string)
	for _, d := range catalogue() {
		sources[d.example.EventType()] = d.source
	}
	grouped := make(map[string][]string)
	for _, eventType := range Types(data...) {
		source := sources[eventType]
		grouped[source] = append(grouped[source], eventType)
	}
	return grouped
}
