package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"example.com/saga/acceptance/await"
)

// endings is a notification endpoint that records when each order has ended.
type endings struct {
	url string

	mu sync.Mutex
	// orders are by their ids. An ending may arrive before it is awaited.
	orders map[string]*ending
}

// ending is the first notification about an order; arrived is closed then.
type ending struct {
	arrived   chan struct{}
	eventType string
	at        time.Time
}

// newEndings starts an endpoint that ends with the test.
func newEndings(tb testing.TB) *endings {
	tb.Helper()
	e := &endings{orders: make(map[string]*ending)}
	server := httptest.NewServer(e)
	tb.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *endings) of(id string) *ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.orders[id] == nil {
		e.orders[id] = &ending{arrived: make(chan struct{})}
	}
	return e.orders[id]
}

// ServeHTTP receives a notification.
func (e *endings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var notified struct {
		Type    string `json:"type"`
		Subject string `json:"subject"`
	}
	if err := json.NewDecoder(r.Body).Decode(&notified); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	end := e.of(notified.Subject)
	e.mu.Lock()
	defer e.mu.Unlock()
	if end.at.IsZero() {
		end.eventType, end.at = notified.Type, now
		close(end.arrived)
	}
}

// await waits until an order has ended in this way, and returns when it did.
func (e *endings) await(ctx context.Context, id, eventType string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, await.Patience)
	defer cancel()
	end := e.of(id)
	select {
	case <-end.arrived:
	case <-ctx.Done():
		return time.Time{}, fmt.Errorf("order %s has not ended: %w", id, ctx.Err())
	}
	if end.eventType != eventType {
		return time.Time{}, fmt.Errorf("order %s has ended with %s, not %s", id, end.eventType, eventType)
	}
	return end.at, nil
}
