package acceptance

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/rotation"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/keyring"
	"example.com/saga/services/order/orderid"
)

// keyOf returns an idempotency key of the form that an open API requires, another one for
// each number.
func keyOf(n int) string { return fmt.Sprintf("8e03978e-40d5-43e8-bc93-%012d", n) }

// placeWithKey places a basket and returns the answer.
func (c *cloud) placeWithKey(t *testing.T, key string) response {
	t.Helper()
	answer, err := c.do(t.Context(), http.MethodPost, "/orders", basket, "Content-Type", asJSON, "Idempotency-Key", key)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// deriveToken stores the token of an order that was not placed through the API, so that
// the test can read the order. It is the token that the API would have returned.
func (c *cloud) deriveToken(t *testing.T, id string) {
	t.Helper()
	value := currentKey(t, secretsmanager.NewFromConfig(c.aws(t)), c.stack(t).Secrets["Order/Keys"])
	ring, err := keyring.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	c.tokens.Store(id, orderid.Token(ring.At(time.Now()).Active, id))
}

func TestAnOrderIsReadAndCancelledWithItsTokenOnly(t *testing.T) {
	c := startCloud(t, "--pause", "Warehouse/Worker")
	var placed, other order
	c.placeWithKey(t, keyOf(1)).decode(t, &placed)
	c.placeWithKey(t, keyOf(2)).decode(t, &other)
	path := "/orders/" + placed.OrderID
	unknown := c.request(t, http.MethodGet, "/orders/8e03978e-40d5-83e8-bc93-6894a57f9324", "", nil)
	if unknown.Status != http.StatusNotFound {
		t.Fatalf("an unknown order is answered %d: %s", unknown.Status, unknown.Body)
	}
	for name, authorization := range map[string]string{
		"nothing": "", "another order's token": "Bearer " + other.Token, "the id": "Bearer " + placed.OrderID,
	} {
		header := http.Header{"Authorization": {authorization}}
		if got := c.request(t, http.MethodGet, path, "", header); got.Status != unknown.Status || string(got.Body) != string(unknown.Body) {
			t.Errorf("with %s the answer is %d: %s", name, got.Status, got.Body)
		}
		if got := c.request(t, http.MethodPost, path+"/cancellation", "", header); got.Status != http.StatusNotFound {
			t.Errorf("with %s the cancellation is answered %d: %s", name, got.Status, got.Body)
		}
	}
	header := http.Header{"Authorization": {"Bearer " + placed.Token}}
	if got := c.request(t, http.MethodPost, path+"/cancellation", "", header); got.Status != http.StatusAccepted {
		t.Errorf("with its token the cancellation is answered %d: %s", got.Status, got.Body)
	}
	c.resume(t)
	c.awaitStatus(t, placed.OrderID, "cancelled")
	c.awaitStatus(t, other.OrderID, "shipped")
}

func TestAnOrderIDCannotBeComputedFromTheIdempotencyKey(t *testing.T) {
	one, other := startCloud(t, receiving("123=10")...), startCloud(t, receiving("123=10")...)
	var here, there order
	one.placeWithKey(t, keyOf(1)).decode(t, &here)
	other.placeWithKey(t, keyOf(1)).decode(t, &there)
	if here.OrderID == there.OrderID || here.CorrelationID == there.CorrelationID || here.Token == there.Token {
		t.Errorf("two deployments answer with %+v and %+v", here, there)
	}
	if computed := event.DeriveID("order/http", "order", keyOf(1)); here.OrderID == computed {
		t.Errorf("the id is %s", computed)
	}
	if answer := one.placeWithKey(t, "key-1"); answer.Status != http.StatusBadRequest {
		t.Errorf("a key that can be guessed is answered %d: %s", answer.Status, answer.Body)
	}
}

func TestARotationOfTheKeyKeepsTheIdsAndTokensOfOrders(t *testing.T) {
	c := startCloud(t, receiving("123=10")...)
	first := c.placeWithKey(t, keyOf(1))
	var placed order
	first.decode(t, &placed)
	c.awaitStatus(t, placed.OrderID, "shipped")

	newKey := rand.Text() + rand.Text()
	// As if it had been rotated earlier, and the key had become active an hour ago.
	from, err := rotation.Ring{
		Secrets: secretsmanager.NewFromConfig(c.aws(t)), Secret: c.stack(t).Secrets["Order/Keys"],
		Clock: func() time.Time { return time.Now().Add(-keyring.ActiveAfter - time.Hour) },
		New:   func() string { return newKey },
	}.Rotate(t.Context())
	if err != nil || !from.Before(time.Now()) {
		t.Fatalf("active at %s, %v", from, err)
	}
	c.endProcesses(t, "Order/Api")

	if again := c.placeWithKey(t, keyOf(1)); again.Status != http.StatusAccepted || string(again.Body) != string(first.Body) {
		t.Errorf("first answered %s, then %d: %s", first.Body, again.Status, again.Body)
	}
	c.awaitStatus(t, placed.OrderID, "shipped")
	var next order
	c.placeWithKey(t, keyOf(2)).decode(t, &next)
	if want := orderid.Token([]byte(newKey), next.OrderID); next.Token != want {
		t.Errorf("the next order has the token %s, which is not one of the new key", next.Token)
	}
	c.awaitStatus(t, next.OrderID, "shipped")
	if again := c.placeWithKey(t, keyOf(2)); again.Status != http.StatusAccepted {
		t.Errorf("the new order again is answered %d: %s", again.Status, again.Body)
	}
	c.settled(t)
	orders := 0
	for _, events := range c.observed(t) {
		if slices.ContainsFunc(events, func(e event.Event) bool { return e.Type == "order.placed" }) {
			orders++
		}
	}
	if orders != 2 {
		t.Errorf("there are %d orders, want 2", orders)
	}
	c.checkInvariants(t)
}

// endProcesses ends the processes of a function, so that the next invocation
// starts one that reads its secret.
func (c *cloud) endProcesses(t *testing.T, function string) {
	t.Helper()
	processes := c.usage(t).Functions[function].Processes
	if len(processes) == 0 {
		t.Fatalf("%s has no process", function)
	}
	for _, process := range processes {
		if err := syscall.Kill(process.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await.Until(t, fmt.Sprintf("process %d has ended", process.PID), func() error {
			if err := syscall.Kill(process.PID, 0); !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("it still runs: %v", err) //nolint:errorlint // There may be none.
			}
			return nil
		})
	}
}
