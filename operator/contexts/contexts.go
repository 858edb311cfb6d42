// Package contexts lists the bounded contexts whose records an operator reads and
// erases, and what each of them does next.
package contexts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
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
		of(warehouse.Context(accepting{}), always(warehouse.Tombstone)),
		of(payment.Context(accepting{}), always(payment.Tombstone)),
		of(loyalty.Context(accepting{}), always(loyalty.Tombstone)),
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
	// Next returns what it publishes because of an event, given its state of the order as
	// JSON: by its decision, if every external service does what is requested.
	Next func(ctx context.Context, state json.RawMessage, in participant.Input) ([]event.Data, error)
	// Open returns what erases an order in its table.
	Open func(Deployed) (Erase, error)
}

// accepting stands for the external services of the contexts where none is called: each
// does what it is requested to do.
type accepting struct{}

func (accepting) Delivers(context.Context, string) (bool, error) { return true, nil }

func (accepting) Charge(context.Context, payment.Charge) (bool, error) { return true, nil }

func (accepting) Refund(context.Context, string) (money contract.Money, err error) { return money, nil }

func (accepting) Blocked(context.Context, string) (bool, error) { return false, nil }

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

// of returns a context that erases, and that decides without a commit.
func of[S any](config participant.Config[S], at tombstone[S]) Context {
	var unknown S
	decide := config.Decide
	config.Decide = refuse[S]
	return Context{
		Name:  config.Source,
		State: unknown,
		Erased: func(when time.Time) (any, error) {
			left, _, err := at(when)(unknown)
			return left, err
		},
		Next: func(ctx context.Context, state json.RawMessage, in participant.Input) ([]event.Data, error) {
			before := unknown
			if len(state) > 0 {
				if err := json.Unmarshal(state, &before); err != nil {
					return nil, fmt.Errorf("state of %s in %s: %w", in.Event.Subject, config.Source, err)
				}
			}
			decision, err := decide(ctx, before, in)
			return decision.Events, err
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
