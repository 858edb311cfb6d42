// Command booking-sweeper publishes again what the API has committed and not published,
// and withdraws bookings that have not ended by their deadline.
package main

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/sweeper"

	"example.org/hotel"
	"example.org/hotel/booking"
)

func main() {
	lambdaapp.Main(hotel.Language, func(_ context.Context, app *lambdaapp.App) error {
		republishAfter, republishErr := lambdaapp.Duration("REPUBLISH_AFTER")
		deadline, deadlineErr := lambdaapp.Duration("DEADLINE")
		bookings, err := lambdaapp.Participant(app, booking.Context())
		if err := errors.Join(republishErr, deadlineErr, err); err != nil {
			return err
		}
		config := booking.Sweeper(republishAfter, deadline)
		config.Sagas, config.Index, config.Logger, config.Tracer = bookings, app.Store, app.Logger, app.Tracer
		s, err := sweeper.New(config)
		if err != nil {
			return err
		}
		lambda.Start(s.Sweep)
		return nil
	})
}
