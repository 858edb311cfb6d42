// Command booking-api takes bookings behind a function URL.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/lambdaapp"

	"example.org/hotel"
	"example.org/hotel/booking"
)

func main() {
	lambdaapp.Main(hotel.Language, func(_ context.Context, app *lambdaapp.App) error {
		bookings, err := lambdaapp.Participant(app, booking.Context())
		if err != nil {
			return err
		}
		api, err := booking.API(bookings, app.Logger, app.Tracer, time.Now)
		if err != nil {
			return err
		}
		lambda.Start(httpcommand.Lambda(api))
		return nil
	})
}
