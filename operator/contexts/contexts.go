// Package contexts lists the bounded contexts whose records an operator reads and
// erases.
package contexts

import (
	"context"
	"errors"
	"time"

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
		of(warehouse.Context(nil), always(warehouse.Tombstone)),
		of(payment.Context(nil), always(payment.Tombstone)),
		of(loyalty.Context(nil), always(loyalty.Tombstone)),
		of(order.Context(), order.Tombstone),
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

// of returns a context that only erases.
func of[S any](config participant.Config[S], at tombstone[S]) Context {
	var unknown S
	config.Decide = refuse[S]
	return Context{
		Name:  config.Source,
		State: unknown,
		Erased: func(when time.Time) (any, error) {
			left, _, err := at(when)(unknown)
			return left, err
		},
		Open: func(d Deployed) (Erase, error) {
			p, err := Join(d, config)
			return func(ctx context.Context, orderID string, when time.Time) error {
				return p.Erase(ctx, orderID, at(when))
			}, err
		},
	}
}

// Join returns the participant of a context.
func Join[S any](d Deployed, config participant.Config[S]) (*participant.Participant[S], error) {
	config.Store, config.Publisher, config.Language = d.Store(config.Source), d.Publisher, d.Language
	config.Retention, config.Clock, config.Pause = d.Retention, d.Clock, d.Pause
	return participant.New(config)
}

func refuse[S any](context.Context, S, participant.Input) (participant.Decision[S], error) {
	return participant.Decision[S]{}, errors.New("an operator only erases here")
}
