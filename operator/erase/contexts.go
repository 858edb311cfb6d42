package erase

import (
	"context"
	"errors"
	"time"

	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// source names the eraser as the origin of commands.
const source = "operator/erase"

// Contexts are the bounded contexts that have records of an order.
type Contexts struct {
	// Order decides whether an order has ended, and cancels it.
	Order *participant.Participant[order.State]

	erase []contexts.Erase
}

// Open returns the contexts of a stack. Except for the cancellation of an order,
// they decide nothing.
func Open(d contexts.Deployed) (c Contexts, err error) {
	c.Order, err = contexts.Join(d, order.Context())
	problems := []error{err}
	for _, each := range contexts.All() {
		erase, err := each.Open(d)
		problems = append(problems, err)
		c.erase = append(c.erase, erase)
	}
	return c, errors.Join(problems...)
}

// Erase erases an order that has ended in one context after the other.
func (c Contexts) Erase(ctx context.Context, orderID string, at time.Time) error {
	for _, erase := range c.erase {
		if err := erase(ctx, orderID, at.UTC().Truncate(time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// Cancel asks for the cancellation of an order, as the sweeper does. It is right
// to ask again. The order may have ended meanwhile, or be shipped after all.
func (c Contexts) Cancel(ctx context.Context, o Order, at time.Time) error {
	commandType := order.Cancel{}.EventType()
	command := event.Event{
		ID:            event.DeriveID(source, o.ID, commandType),
		Source:        source,
		Type:          commandType,
		Subject:       o.ID,
		Time:          at,
		CorrelationID: o.CorrelationID,
	}
	_, err := c.Order.Execute(ctx, command, order.Cancel{Reason: contract.CancelledByCustomer})
	// What is committed and not published is published by the sweeper.
	for _, fine := range []error{order.ErrTooLate, order.ErrErased, participant.ErrUnpublished} {
		if errors.Is(err, fine) {
			return nil
		}
	}
	return err
}

// isErased reports whether an order is erased, or not known any more.
func (c Contexts) isErased(ctx context.Context, orderID string) (bool, error) {
	_, record, err := c.Order.Load(ctx, orderID)
	return record.Version == 0 || record.Erased, err
}
