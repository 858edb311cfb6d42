// Package erase erases a customer: the orders in all contexts, with the points, and
// the messages about them that wait in queues.
//
// Whatever stops an erasure, the next one completes it: each step can be made
// again, and an order is found until it is erased everywhere.
package erase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/saga/operator/deadletter"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// ErrAgain is why something is not erased that can be erased later.
var ErrAgain = errors.New("erase again")

// pollEvery is the interval of the checks whether an order has ended.
const pollEvery = time.Second

// Eraser erases customers. All fields are required.
type Eraser struct {
	Contexts Contexts
	// Scan calls each with one record of the order context after the other.
	Scan func(ctx context.Context, each func(participant.Record)) error
	// Awards returns the ids of the orders for which the customer has points. They are
	// kept for longer than the orders.
	Awards func(ctx context.Context, customer string) ([]string, error)
	// Queues and DeadLetters are all that messages about an order can wait in.
	Queues, DeadLetters []deadletter.Queue
	Clock               func() time.Time
	// Sleep waits, or until its context ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Patience bounds how long orders are waited for that have not ended.
	Patience time.Duration
}

// Outcome is what an erasure did, or would do.
type Outcome struct {
	Orders []OrderOutcome
	Queues []QueueOutcome
}

// OrderOutcome is what became of an order.
type OrderOutcome struct {
	Order

	// Err is why it is not erased.
	Err error
}

// Problems are all reasons why something is not erased, each with its name.
func (o Outcome) Problems() []error {
	var problems []error
	for _, erased := range o.Orders {
		if erased.Err != nil {
			problems = append(problems, fmt.Errorf("order %s: %w", erased.ID, erased.Err))
		}
	}
	for _, swept := range o.Queues {
		if swept.Err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", swept.Queue, swept.Err))
		}
	}
	return problems
}

// Erase erases a customer. The outcome is what was erased and what was not; an
// error is returned if nothing was begun.
func (e *Eraser) Erase(ctx context.Context, customer string) (Outcome, error) {
	found, err := e.find(ctx, customer)
	if err != nil {
		return Outcome{}, err
	}
	unended := e.end(ctx, found.orders)
	var outcome Outcome
	for _, o := range found.orders {
		err := unended[o.ID]
		if err == nil {
			err = e.Contexts.Erase(ctx, o.ID, e.Clock())
		}
		if err == nil {
			found.erased[o.ID] = true
		}
		outcome.Orders = append(outcome.Orders, OrderOutcome{o, err})
	}
	outcome.Queues = e.sweepAll(ctx, sought{customer, found.erased, e.Contexts.isErased}, true)
	return outcome, nil
}

// Plan returns what an erasure would do, and changes nothing.
func (e *Eraser) Plan(ctx context.Context, customer string) (Outcome, error) {
	found, err := e.find(ctx, customer)
	if err != nil {
		return Outcome{}, err
	}
	var outcome Outcome
	for _, o := range found.orders {
		found.erased[o.ID] = true
		outcome.Orders = append(outcome.Orders, OrderOutcome{Order: o})
	}
	outcome.Queues = e.sweepAll(ctx, sought{customer, found.erased, e.Contexts.isErased}, false)
	return outcome, nil
}

// end cancels the orders that are on no rollback and have not ended, waits until
// they have, and reads them again. It returns why others have not.
func (e *Eraser) end(ctx context.Context, orders []Order) map[string]error {
	unended := make(map[string]error)
	var open []*Order
	for i := range orders {
		o := &orders[i]
		if o.Expired || o.State.Ended() {
			continue
		}
		var err error
		if o.State.Rollback == order.RollbackNone {
			err = e.Contexts.Cancel(ctx, *o, e.Clock())
		}
		if err != nil {
			unended[o.ID] = err
			continue
		}
		open = append(open, o)
	}
	until := e.Clock().Add(e.Patience)
	for _, o := range open {
		unended[o.ID] = e.awaitEnd(ctx, o, until)
	}
	return unended
}

func (e *Eraser) awaitEnd(ctx context.Context, o *Order, until time.Time) error {
	for {
		_, record, err := e.Contexts.Order.Load(ctx, o.ID)
		if err == nil {
			*o, err = readOrder(record)
		}
		if err != nil || o.State.Ended() {
			return err
		}
		if !e.Clock().Before(until) {
			return fmt.Errorf("it has not ended after %s, it is %s: %w when it has", e.Patience, o.State.Status(), ErrAgain)
		}
		if err := e.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}
