// Package contexts lists the bounded contexts whose records an operator reads and
// erases.
package contexts

import (
	"context"
	"errors"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	"example.com/saga/services/warehouse"
)

// All returns the contexts in the order in which an order is erased in them. The
// warehouse is first: it refuses an order for which something is held. The order
// context is last, because there an order is found again.
func All() []Context {
	return []Context{
		of(contract.SourceWarehouse, always(warehouse.Tombstone), nil),
		of(contract.SourcePayment, always(payment.Tombstone), nil),
		of(contract.SourceLoyalty, always(loyalty.Tombstone), nil),
		of(contract.SourceOrder, order.Tombstone, order.State.Due),
	}
}

// Context is a bounded context.
type Context struct {
	// Name is the source of its events.
	Name string
	// State is an empty value of its state of an order.
	State any
	// Erased returns its state of an order that was erased at a time.
	Erased func(at time.Time) (any, error)
	// Open returns what erases an order in its table.
	Open func(Deployed) (Erase, error)
}

// Erase erases an order that has ended.
type Erase func(ctx context.Context, orderID string, at time.Time) error

// Deployed is what a context runs on. All fields but Pause are required.
type Deployed struct {
	// Store returns the store of a context by the context's name.
	Store     func(source string) participant.Store
	Publisher participant.Publisher
	Language  participant.Language
	// Retention is how long the contexts remember what they have handled.
	Retention time.Duration
	Clock     func() time.Time
	// Pause waits after a lost race, as in participant.Config.
	Pause func(ctx context.Context, n int) error
}

// tombstone returns what is left of a state that is erased at a time.
type tombstone[S any] func(at time.Time) participant.Tombstone[S]

// always is a tombstone that does not depend on the time.
func always[S any](t participant.Tombstone[S]) tombstone[S] {
	return func(time.Time) participant.Tombstone[S] { return t }
}

func of[S any](name string, at tombstone[S], due func(S) time.Time) Context {
	var unknown S
	return Context{
		Name:  name,
		State: unknown,
		Erased: func(when time.Time) (any, error) {
			left, _, err := at(when)(unknown)
			return left, err
		},
		Open: func(d Deployed) (Erase, error) {
			p, err := Join(d, name, refuse[S], due)
			return func(ctx context.Context, orderID string, when time.Time) error {
				return p.Erase(ctx, orderID, at(when))
			}, err
		},
	}
}

// Join returns the participant of a context.
func Join[S any](d Deployed, name string, decide participant.Decide[S], due func(S) time.Time) (*participant.Participant[S], error) {
	return participant.New(participant.Config[S]{
		Source: name, Decide: decide, Due: due, Store: d.Store(name), Pause: d.Pause,
		Publisher: d.Publisher, Language: d.Language, Retention: d.Retention, Clock: d.Clock,
	})
}

func refuse[S any](context.Context, S, participant.Input) (participant.Decision[S], error) {
	return participant.Decision[S]{}, errors.New("an operator only erases here")
}
