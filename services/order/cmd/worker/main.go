// Command worker is the Lambda function of the order context, behind its queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/order/metrics"
)

func main() {
	lambdaapp.Main(func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, participant.Config[order.State]{
			Source: contract.SourceOrder, Decide: participant.Pure(order.Decide), Due: order.State.Due, Committed: metrics.Committed,
		})
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.Handle)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
