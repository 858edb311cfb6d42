package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
)

// order is an order in an answer of the order API.
type order struct {
	OrderID       string `json:"orderId"`
	Status        string `json:"status"`
	CorrelationID string `json:"correlationId"`
	Token         string `json:"token"`
	Reason        string `json:"reason"`
	Timeline      []struct {
		Type        string    `json:"type"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Time        time.Time `json:"time"`
		CausationID string    `json:"causationId"`
	} `json:"timeline"`
}

// basket is an order that the sandbox ships.
const basket = `{"customerId": "c-42", "items": [` + oneLine + `], "currency": "EUR",
	"paymentMethod": "card", "shippingAddress": "23 Fake Street"}`

// oneLine is the only line of the basket. An order of several lines has manyLines in its
// place, and one of which one line is out of stock has oneShort.
const (
	oneLine   = `{"sku": "123", "quantity": 2, "price": 1250}`
	manyLines = `{"sku": "123", "quantity": 1, "price": 1000}, ` + oneLine
	oneShort  = oneLine + `, {"sku": "never-received", "quantity": 1, "price": 1}`
)

const asJSON = "application/json"

// place places an order and returns it.
func (c *cloud) place(ctx context.Context, body string) (order, error) {
	answer, err := c.do(ctx, http.MethodPost, "/orders", body, "Content-Type", asJSON)
	if err != nil {
		return order{}, err
	}
	var placed order
	if answer.Status != http.StatusAccepted {
		return placed, fmt.Errorf("POST /orders answers %d: %s", answer.Status, answer.Body)
	}
	if err := json.Unmarshal(answer.Body, &placed); err != nil {
		return placed, err
	}
	if location := answer.Header.Get("Location"); location != "/orders/"+placed.OrderID {
		return placed, fmt.Errorf("location is %q", location)
	}
	return placed, nil
}

// placeMany places n orders, some of them concurrently.
func (c *cloud) placeMany(tb testing.TB, n, concurrency int) []order {
	tb.Helper()
	var mu sync.Mutex
	var placed []order
	group, ctx := errgroup.WithContext(tb.Context())
	group.SetLimit(concurrency)
	for range n {
		group.Go(func() error {
			one, err := c.place(ctx, basket)
			mu.Lock()
			defer mu.Unlock()
			placed = append(placed, one)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		tb.Fatal(err)
	}
	return placed
}

// awaitStatus waits until an order has a status, and returns it.
func (c *cloud) awaitStatus(tb testing.TB, id, status string) order {
	tb.Helper()
	var o order
	await.Until(tb, "order "+id+" is "+status, func() error {
		c.get(tb, "/orders/"+id, &o)
		if o.Status != status {
			return fmt.Errorf("it is %s", o.Status)
		}
		return nil
	})
	return o
}
