// Package contract is the published language of the saga: every event that crosses
// a boundary, with its publisher, its consumers, its data and its JSON Schema. The
// data of a context's events is in a file of the context's name.
package contract

import (
	"maps"
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

// The other parties of the choreography.
const (
	// Operator publishes what no context does.
	Operator = "operator"
	// Notification is the HTTP endpoint that gets the endings of orders.
	Notification = "notification"
)

// SubjectName is the name of an event's subject, an order id, in logs and traces.
const SubjectName = "order_id"

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

// eventSpec declares an event: its publisher and its consumers, the version of
// its schema that is published, and how each version that is read is decoded: the
// published one, and others beside it.
type eventSpec struct {
	// source is the context that the event belongs to, and publisher the party that
	// publishes it: the same, unless the catalogue names another one.
	source, publisher string
	consumers         []string
	version           string
	example           event.Data
	decode            map[string]decode
}

// catalogue declares every event of the language, one line each, and with that the
// choreography: rules, permissions, tests and documents follow from it. A change
// that breaks a consumer is a new version, with a schema file of its own, and is
// published only when all consumers read it: see alsoReads.
func catalogue() []eventSpec {
	return []eventSpec{
		publish[OrderPlaced](SourceOrder, "1").to(SourceWarehouse),
		publish[CancellationRequested](SourceOrder, "1").to(SourceWarehouse),
		publish[OrderCancelled](SourceOrder, "1").to(Notification),

		publish[StockReserved](SourceWarehouse, "1").to(SourcePayment, SourceOrder),
		publish[StockUnavailable](SourceWarehouse, "1").to(SourceOrder),
		publish[OrderShipped](SourceWarehouse, "1").to(SourceOrder, Notification),
		publish[ShipmentFailed](SourceWarehouse, "1").to(SourceLoyalty, SourceOrder),
		publish[StockReleased](SourceWarehouse, "1").to(SourceOrder),
		publish[CancellationRefused](SourceWarehouse, "1").to(SourceOrder),
		publish[StockReceived](SourceWarehouse, "1").to(SourceWarehouse).by(Operator),

		publish[PaymentTaken](SourcePayment, "1").to(SourceLoyalty, SourceOrder),
		publish[PaymentDeclined](SourcePayment, "1").to(SourceWarehouse, SourceOrder),
		publish[PaymentRefunded](SourcePayment, "1").to(SourceWarehouse, SourceOrder),

		publish[PointsAwarded](SourceLoyalty, "1").to(SourceWarehouse, SourceOrder),
		publish[AwardRejected](SourceLoyalty, "1").to(SourcePayment, SourceOrder),
		publish[PointsRevoked](SourceLoyalty, "1").to(SourcePayment, SourceOrder),
	}
}

// publish declares that a context publishes an event in a version of its schema.
func publish[D event.Data](source, version string) eventSpec {
	var example D
	return eventSpec{
		source: source, publisher: source, version: version, example: example,
		decode: map[string]decode{version: decodeAs(func(data D) event.Data { return data })},
	}
}

// to declares the consumers.
func (s eventSpec) to(consumers ...string) eventSpec {
	s.consumers = consumers
	return s
}

// by declares a publisher that is not the context of the event.
func (s eventSpec) by(publisher string) eventSpec {
	s.publisher = publisher
	return s
}

// alsoReads declares that an event is read in another version of its schema too,
// and converted, so that no decision ever gets that version. Every consumer reads a
// newer version before it is published, and the older one for as long as an event
// in it can still arrive, which is the retention:
//
//	alsoReads(publish[Taken](SourcePayment, "1").to(…), "2", func(newer TakenV2) Taken { … })    // deploy, and then
//	alsoReads(publish[Taken](SourcePayment, "2").to(…), "1", func(older TakenV1) Taken { … })
func alsoReads[D, Other event.Data](s eventSpec, version string, convert func(Other) D) eventSpec {
	s.decode = maps.Clone(s.decode)
	s.decode[version] = decodeAs(func(other Other) event.Data { return convert(other) })
	return s
}

// All returns an empty value of every event's data.
func All() []event.Data {
	return examples(func(eventSpec) bool { return true })
}

// PublishedBy returns an empty value of the data of every event that a context, or
// Operator, publishes.
func PublishedBy(publisher string) []event.Data {
	return examples(func(s eventSpec) bool { return s.publisher == publisher })
}

// ConsumedBy returns an empty value of the data of every event that a context, or
// Notification, consumes.
func ConsumedBy(consumer string) []event.Data {
	return examples(func(s eventSpec) bool { return slices.Contains(s.consumers, consumer) })
}

func examples(isWanted func(eventSpec) bool) []event.Data {
	var all []event.Data
	for _, s := range catalogue() {
		if isWanted(s) {
			all = append(all, s.example)
		}
	}
	return all
}

// Contexts returns the bounded contexts, in the order of the catalogue.
func Contexts() []string {
	var all []string
	for _, s := range catalogue() {
		if !slices.Contains(all, s.source) {
			all = append(all, s.source)
		}
	}
	return all
}

// Types returns the event types of the given data, sorted.
func Types(data ...event.Data) []string {
	types := make([]string, len(data))
	for i, d := range data {
		types[i] = d.EventType()
	}
	slices.Sort(types)
	return types
}

// BySource groups the event types of the given data by the context that is their
// source, each group sorted: the rules of a consumer are made of them.
func BySource(data ...event.Data) map[string][]string {
	sources := make(map[string]string)
	for _, s := range catalogue() {
		sources[s.example.EventType()] = s.source
	}
	grouped := make(map[string][]string)
	for _, eventType := range Types(data...) {
		source := sources[eventType]
		grouped[source] = append(grouped[source], eventType)
	}
	return grouped
}
