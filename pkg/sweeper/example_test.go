package sweeper_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/sweeper"
)

// crashed is a publisher of a process that ends before it publishes.
type crashed struct{}

func (crashed) Publish(context.Context, ...event.Event) error {
	return errors.New("the process has ended")
}

// A guest requests a room. The process ends after the commit, and the guest does not
// repeat the request. The sweeper publishes it a minute later, and withdraws it after a
// day in which no hotel has confirmed it.
func Example() {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store, published := memory.NewStore(), &memory.Publisher{}
	config := participant.Config[booking]{
		Source: "booking", Decide: participant.Pure(decide), Store: store, Publisher: crashed{}, Language: language{},
		Retention: 30 * 24 * time.Hour, Clock: func() time.Time { return now }, Due: due,
	}
	api, err := participant.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	command := event.Event{ID: "key-of-the-guest", Source: "guest", Type: "booking.request", Subject: "b-1", Time: now, CorrelationID: "saga-1"}
	_, err = api.Execute(ctx, command, request{})
	fmt.Println("unpublished:", errors.Is(err, participant.ErrUnpublished))

	config.Publisher = published
	bookings, err := participant.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sweeper.New(sweeper.Config[booking]{
		Source: "booking/sweeper", Sagas: bookings, Index: store, Logger: slog.New(slog.DiscardHandler), Clock: config.Clock,
		Decide: func(b booking, lastHandled, now time.Time) sweeper.Action {
			action := sweeper.Action{Republish: now.Sub(lastHandled) >= time.Minute}
			if now.Sub(b.RequestedAt) >= 24*time.Hour {
				action.Command = withdraw{}
			}
			return action
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, after := range []time.Duration{time.Minute, 24 * time.Hour} {
		now = now.Add(after)
		fmt.Println("error:", s.Sweep(ctx))
	}
	for _, e := range published.Published() {
		fmt.Println(e.Type, e.Subject, e.CorrelationID)
	}
	// Output:
	// unpublished: true
	// error: <nil>
	// error: <nil>
	// booking.requested b-1 saga-1
	// booking.requested b-1 saga-1
	// booking.withdrawn b-1 saga-1
}
