// Command room-worker handles the events of the room context.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/lambdaapp"

	"example.org/hotel"
	"example.org/hotel/room"
)

func main() {
	lambdaapp.Main(hotel.Language, func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, room.Context())
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.HandleBatch)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
