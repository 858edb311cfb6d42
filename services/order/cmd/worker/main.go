// Command worker is the Lambda function of the order context, behind its queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/order"
	"example.com/saga/services/order/metrics"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		config := order.Context()
		config.Committed = metrics.Committed
		p, err := lambdaapp.Participant(app, config)
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
