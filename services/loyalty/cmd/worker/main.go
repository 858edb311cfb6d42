// Command worker is the Lambda function of the loyalty context, invoked by the
// rules of its bus.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/loyalty/sandbox"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, loyalty.Context(sandbox.Customers{}))
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.HandleBatch)
		if err != nil {
			return err
		}
		lambda.Start(handler.Direct)
		return nil
	})
}
