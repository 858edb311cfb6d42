// Package contract is the published language of the saga: every event that crosses
// a boundary, with its publisher, its consumers, its data and its JSON Schema. The
// data of a context's events is in a file of the context's name.
package contract

import (
	"embed"

	"example.com/saga/pkg/language"
)

// The bounded contexts, as they appear in an event's source.
const (
	SourceOrder     = "order"
	SourceWarehouse = "warehouse"
	SourcePayment   = "payment"
	SourceLoyalty   = "loyalty"
)

// The other parties of the choreography.
const (
	// Operator publishes what no context does.
	Operator = "operator"
	// Notification is the HTTP endpoint that gets the endings of orders.
	Notification = "notification"
)

// Reason is why an order does not end with its shipment.
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

// Reasons returns all reasons.
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

//go:embed schema/*.json
var schemas embed.FS

// Catalogue defines every event of the language, one line each, and with that the
// choreography: rules, permissions, tests and documents follow from it. A change that
// breaks a consumer is a new version, with a schema file of its own, and is published only
// when all consumers read it: see language.AlsoReads.
func Catalogue() language.Catalogue {
	events := []language.Definition{
		language.Publish[OrderPlaced](SourceOrder, "1").To(SourceWarehouse),
		language.Publish[CancellationRequested](SourceOrder, "1").To(SourceWarehouse),
		language.Publish[OrderCancelled](SourceOrder, "1").To(Notification),

		language.Publish[StockReserved](SourceWarehouse, "1").To(SourcePayment, SourceOrder),
		language.Publish[StockUnavailable](SourceWarehouse, "1").To(SourceOrder),
		language.Publish[OrderShipped](SourceWarehouse, "1").To(SourceOrder, Notification),
		language.Publish[ShipmentFailed](SourceWarehouse, "1").To(SourceLoyalty, SourceOrder),
		language.Publish[StockReleased](SourceWarehouse, "1").To(SourceOrder),
		language.Publish[CancellationRefused](SourceWarehouse, "1").To(SourceOrder),
		language.Publish[StockReceived](SourceWarehouse, "1").To(SourceWarehouse).By(Operator),

		language.Publish[PaymentTaken](SourcePayment, "1").To(SourceLoyalty, SourceOrder),
		language.Publish[PaymentDeclined](SourcePayment, "1").To(SourceWarehouse, SourceOrder),
		language.Publish[PaymentRefunded](SourcePayment, "1").To(SourceWarehouse, SourceOrder),

		language.Publish[PointsAwarded](SourceLoyalty, "1").To(SourceWarehouse, SourceOrder),
		language.Publish[AwardRejected](SourceLoyalty, "1").To(SourcePayment, SourceOrder),
		language.Publish[PointsRevoked](SourceLoyalty, "1").To(SourcePayment, SourceOrder),
	}
	return language.Catalogue{
		SchemaBase: "https://example.com/saga/schema/", Schemas: schemas, Events: events, SubjectName: "order_id",
	}
}

// NewLanguage makes the language of the catalogue.
func NewLanguage() (*language.Language, error) { return language.New(Catalogue()) }
