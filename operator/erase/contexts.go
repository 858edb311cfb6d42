package erase

import (
	"context"
	"errors"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	"example.com/saga/services/warehouse"
)

// source names the eraser as the origin of commands.
const source = "operator/erase"

// Contexts are the bounded contexts that know something of an order.
type Contexts struct {
	Order     *participant.Participant[order.State]
	Warehouse *participant.Participant[warehouse.State]
	Payment   *participant.Participant[payment.State]
	Loyalty   *participant.Participant[loyalty.State]
}

// Deployed is what contexts are made of. All fields are required.
type Deployed struct {
	// Store returns the store of a context by the context's name.
	Store     func(source string) participant.Store
	Publisher participant.Publisher
	Language  participant.Language
	// Retention is how long the contexts remember what they have handled.
	Retention time.Duration
	Clock     func() time.Time
}

// Contexts makes the contexts. But for the cancellation of an order, they decide
// on nothing.
func (d Deployed) Contexts() (c Contexts, err error) {
	var problems [4]error
	c.Order, problems[0] = join(d, contract.SourceOrder, participant.Pure(order.Decide), order.State.Due)
	c.Warehouse, problems[1] = join(d, contract.SourceWarehouse, refuse[warehouse.State], nil)
	c.Payment, problems[2] = join(d, contract.SourcePayment, refuse[payment.State], nil)
	c.Loyalty, problems[3] = join(d, contract.SourceLoyalty, refuse[loyalty.State], nil)
	return c, errors.Join(problems[:]...)
}

func join[S any](d Deployed, name string, decide participant.Decide[S], due func(S) time.Time) (*participant.Participant[S], error) {
	return participant.New(participant.Config[S]{
		Source: name, Decide: decide, Due: due, Store: d.Store(name),
		Publisher: d.Publisher, Language: d.Language, Retention: d.Retention, Clock: d.Clock,
	})
}

func refuse[S any](context.Context, S, participant.Input) (participant.Decision[S], error) {
	return participant.Decision[S]{}, errors.New("an operator decides on nothing here")
}

// Erase erases an order that has ended. The warehouse is first: it refuses an
// order for which something is held. The order context is last, because there an
// order is found again.
func (c Contexts) Erase(ctx context.Context, orderID string, at time.Time) error {
	for _, erase := range []func() error{
		func() error { return c.Warehouse.Erase(ctx, orderID, warehouse.Tombstone) },
		func() error { return c.Payment.Erase(ctx, orderID, payment.Tombstone) },
		func() error { return c.Loyalty.Erase(ctx, orderID, loyalty.Tombstone) },
		func() error { return c.Order.Erase(ctx, orderID, order.Tombstone(at.UTC().Truncate(time.Second))) },
	} {
		if err := erase(); err != nil {
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
		CorrelationID: o.State.CorrelationID,
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
