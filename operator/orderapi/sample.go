package orderapi

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Order is the body of a request to place an order.
type Order struct {
	CustomerID      string `json:"customerId"`
	Items           []Item `json:"items"`
	Currency        string `json:"currency"`
	PaymentMethod   string `json:"paymentMethod"`
	ShippingAddress string `json:"shippingAddress"`
}

// Item is a line of an order. Price is that of one piece, in minor units.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
}

// JSON returns the order as it is sent.
func (o Order) JSON() (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // It is also shown.
	err := encoder.Encode(o)
	return strings.TrimSpace(out.String()), err
}

// Sample is an order with a known outcome in the sandbox.
type Sample struct {
	Name string
	// Outcome describes how the order ends.
	Outcome string
	Order   Order
	// Cancel requests the cancellation at once, Twice places the order twice with one
	// idempotency key.
	Cancel, Twice bool
}

// Samples returns an order for each outcome of the sandbox.
func Samples() []Sample {
	order := func(change func(*Order)) Order {
		o := Order{
			CustomerID: "c-42", Items: []Item{{SKU: "123", Quantity: 2, Price: 1250}}, Currency: "EUR",
			PaymentMethod: "card", ShippingAddress: "23 Fake Street",
		}
		change(&o)
		return o
	}
	same := order(func(*Order) {})
	return []Sample{
		{Name: "ships", Outcome: "Reserved, paid, awarded and shipped.", Order: same},
		{Name: "declined", Outcome: "The payment is declined.", Order: order(func(o *Order) { o.PaymentMethod = "card-declined" })},
		{Name: "no points", Outcome: "The customer is blocked, so the award is rejected.", Order: order(func(o *Order) { o.CustomerID = "blocked-1" })},
		{Name: "undeliverable", Outcome: "Nothing can be shipped to the address.", Order: order(func(o *Order) { o.ShippingAddress = "undeliverable" })},
		{Name: "out of stock", Outcome: "The SKU was never received.", Order: order(func(o *Order) { o.Items[0].SKU = "never-received" })},
		{Name: "cancelled at once", Outcome: "The warehouse decides whether the cancellation comes in time.", Order: same, Cancel: true},
		{Name: "the same key twice", Outcome: "Two requests with one idempotency key place one order.", Order: same, Twice: true},
	}
}

// Curl returns the command for a shell that places the sample at an order API.
func (s Sample) Curl(url string) (string, error) {
	body, err := s.Order.JSON()
	if err != nil {
		return "", err
	}
	place := "curl " + url + "/orders -H 'Content-Type: application/json' -d " + quote(body)
	switch {
	case s.Cancel:
		return place + "\ncurl -X POST -H 'Authorization: Bearer {token}' " + url + "/orders/{orderId}/cancellation", nil
	case s.Twice:
		place += ` -H "Idempotency-Key: $KEY"`
		return "KEY=$(uuidgen)\n" + place + "\n" + place, nil
	}
	return place, nil
}

// quote returns a text as one word of a shell's command line.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
