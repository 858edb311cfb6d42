// Command worker is the Lambda function of the warehouse, behind its queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, warehouse.Context(sandbox.Carrier{}))
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
