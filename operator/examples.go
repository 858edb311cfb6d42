package main

import (
	"context"
	"fmt"
	"strings"

	"example.com/saga/pkg/printable"
)

// orderAPI is the construct path of the function that is the order API.
const orderAPI = "Order/Api"

// exampleOrder is the body of an order that is shipped if there is stock of SKU 123.
const exampleOrder = `{"customerId": "c-42", "items": [{"sku": "123", "quantity": 2, "price": 1250}], ` +
	`"currency": "EUR", "paymentMethod": "card", "shippingAddress": "23 Fake Street"}`

// examples prints commands for a shell that use the saga in a local cloud. In AWS the
// order API asks for signatures, so there is no line that works everywhere.
func (o operator) examples(ctx context.Context, given []string) error {
	flags := o.newFlags("examples", "")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	if flags.stack != "" {
		return fmt.Errorf("there are examples for the local cloud only: %w", errUsage)
	}
	found, _, err := flags.open(ctx)
	if err != nil {
		return err
	}
	if found.FunctionURLs[orderAPI] == "" {
		return fmt.Errorf("the stack has no URL of %s", orderAPI)
	}
	orders := strings.TrimSuffix(found.FunctionURLs[orderAPI], "/") + "/orders"
	const authorized = "curl -H 'Authorization: Bearer {token}' "
	all := [][2]string{
		{"Place an order", "curl -i " + orders + " -H 'Content-Type: application/json' -d " + quote(exampleOrder)},
		{"Follow it, with orderId and token of the answer", authorized + orders + "/{orderId}"},
		{"Cancel it", authorized + "-X POST " + orders + "/{orderId}/cancellation"},
		{"See why it ended, or where it stands and why", "make order ORDER={orderId}"},
		{"Watch the events of all orders", "make watch"},
		{"Show the dead-letter queues", "make dlq"},
		{"Check the invariants of the saga", "make audit"},
		{"Use functions that you have changed", "make reload"},
	}
	if found.NotificationsURL != "" {
		all = append(all, [2]string{"See the notifications that arrived", "curl " + found.NotificationsURL})
	}
	for _, example := range all {
		if _, err := fmt.Fprintf(o.stdout, "%s:\n  %s\n\n", example[0], printable.Line(example[1])); err != nil {
			return err
		}
	}
	return nil
}

// quote returns a text as one word of a shell's command line.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
